"""FIFO: lgpio makes one of a fixed name in its working folder as it is loaded, and reads its edges from there.

In a folder that processes share, a second one takes the name over, which the first may be about to open; as another user, who may
not, it opens that of the first, and each gets some of the other's edges: pins would miss a trigger. So each loads it in a folder of
its own, which nobody needs any more then."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from time import monotonic_ns

from board.kit.state import State

WORKING_FOLDER = "LG_WD"


@contextmanager
def own_folder(state: State) -> Iterator[None]:
    """While the library is loaded, which goes into that folder, too: afterwards this process is where it was."""
    try:
        before = Path.cwd()
    except OSError:  # it is gone
        before = Path("/")
    told = os.environ.get(WORKING_FOLDER)
    folder = state.run.absolute() / f"lgpio-{os.getpid()}-{monotonic_ns()}"
    try:
        folder.mkdir(mode=0o700)
    except OSError:  # a full disk is no reason to leave a gate open
        folder = folder.parent
    os.environ[WORKING_FOLDER] = str(folder)
    try:
        yield
    finally:
        with suppress(OSError):  # as another user, who may not go back there, as below /root
            os.chdir(before)
        del os.environ[WORKING_FOLDER]
        if told is not None:
            os.environ[WORKING_FOLDER] = told
        if folder.parent == state.run.absolute():
            with suppress(OSError):
                for path in folder.iterdir():
                    path.unlink()
                folder.rmdir()
