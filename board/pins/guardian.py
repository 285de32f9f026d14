"""Guardian: a sleeping child that makes the board safe when pins dies without having done so, even by SIGKILL.

It is a shell of under 2 MB that reads one word from a pipe. Told "clean" it ends. When the pipe closes without that word,
the kernel has closed pins' files (so its pins are free), and the shell becomes `python -m board.safe`. It has a session of its
own and ignores the signals that ask a group to end, and it inherits no socket, so that it neither dies with pins nor keeps its
clients waiting. The host calls `make_safe` too: whoever comes first, the other finds everything at rest.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

from board.kit.state import State

log = logging.getLogger("pins.guardian")

SCRIPT = """trap '' TERM INT HUP QUIT
read -r word
[ "$word" = clean ] || exec "$0" -m board.safe --state "$1"
"""


class Guardian:
    """Started before pins touches a pin; `dismiss` after the outputs are at rest."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._child = self._start()

    def check(self) -> None:
        """Starts another when somebody killed the child."""
        if self._child.poll() is not None:
            log.warning("the guardian ended (%s): another is started", self._child.returncode)
            self._close_pipe()
            self._child = self._start()

    def dismiss(self) -> None:
        """Tells the child that nothing is left to do."""
        if self._child.stdin is not None:
            try:
                self._child.stdin.write(b"clean\n")
            except OSError as why:
                log.warning("the guardian was gone: %s", why)
        self._close_pipe()
        self._child.wait(timeout=5)

    def _start(self) -> subprocess.Popen[bytes]:
        root = Path(__file__).parents[2]
        path = os.pathsep.join([str(root), *filter(None, [os.environ.get("PYTHONPATH")])])
        return subprocess.Popen(
            ["/bin/sh", "-c", SCRIPT, sys.executable, str(self._state.root.resolve())],
            env={**os.environ, "PYTHONPATH": path}, cwd=root, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0,
        )  # fmt: skip

    def _close_pipe(self) -> None:
        if self._child.stdin is not None:
            try:
                self._child.stdin.close()
            except OSError as why:
                log.warning("the guardian's pipe: %s", why)
