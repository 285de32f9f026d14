"""Passing: a folder that a process needs for a while, and what is left of those of processes that were killed."""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | os.O_NOFOLLOW


@contextmanager
def passing_folder(place: Path, prefix: str) -> Iterator[Path]:
    """A folder below `place` that is gone at the end. Those of the same prefix that a killed process left go now: a copy of a whole
    database would fill the storage. OSError when the disk refuses."""
    with ExitStack() as held:
        try:
            held.enter_context(_held(place))
            _sweep(place, prefix)
        except BlockingIOError:
            pass  # another one does it right now
        made = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
        number = os.open(made, FOLDER)
        fcntl.flock(number, fcntl.LOCK_EX)  # says that its process lives
    try:
        yield made
    finally:
        shutil.rmtree(made, ignore_errors=True)
        os.close(number)


def _sweep(place: Path, prefix: str) -> None:
    for left in place.glob(f"{prefix}*"):
        try:
            with _held(left):
                shutil.rmtree(left, ignore_errors=True)
        except OSError:
            continue  # in use, another user's, or gone


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """BlockingIOError when another process holds it."""
    number = os.open(folder, FOLDER)
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(number)
