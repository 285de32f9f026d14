"""Guardian: a sleeping child that makes the board safe when pins dies without having done so, even by SIGKILL, and ends a hung one.

The child (`board/pins/watch.py`) reads a pipe. Told "clean" it ends. When the pipe closes without that word and pins is gone (so
that its pins are free), the child drives the outputs to rest; where it cannot, it becomes `python -m board.safe`. While an output
is on, pins tells it by when it will speak again: when that time passes in silence, pins is ended by SIGKILL, and what follows is
the same. The child has a session of its own and ignores the signals that ask a group to end, and it inherits no socket, so that it
neither dies with pins nor keeps its clients waiting. It works the lines that pins claimed, not those that STATE/lines.json has by
then: an installer may have moved an output there, or be in the middle of a line. The host calls `make_safe` too: whoever comes
first, the other finds all at rest.
"""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

from board.kit.child import ROOT, environment
from board.kit.plain import to_plain
from board.kit.state import State
from board.types import BoardProfile

log = logging.getLogger("pins.guardian")

WATCH = Path(__file__).with_name("watch.py")


class Guardian:
    """Started before pins touches a pin; `guard` says which ones, `dismiss` comes after the outputs are at rest."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._board = b""
        self._due_ns = 0
        self._child = self._start()

    def check(self) -> None:
        """Starts another when somebody killed the child."""
        if self._child.poll() is not None:
            log.warning("the guardian ended (%s): another is started", self._child.returncode)
            self._close_pipe()
            self._child = self._start()
            self._tell(self._board)
            due_ns, self._due_ns = self._due_ns, 0
            self.expect(due_ns)

    def guard(self, profile: BoardProfile) -> None:
        """The lines that pins is about to claim."""
        self._board = b"board %s\n" % json.dumps(to_plain(profile)).encode()
        self._tell(self._board)

    def expect(self, due_ns: int) -> None:
        """Pins speaks again by `due_ns` (CLOCK_MONOTONIC), or it hangs; 0: nothing is on, silence is all right."""
        if due_ns == self._due_ns:
            return
        self._due_ns = due_ns
        self._tell(b"%d\n" % due_ns)

    def dismiss(self) -> None:
        """Tells the child that nothing is left to do."""
        if self._child.stdin is not None:
            try:
                self._child.stdin.write(b"clean\n")
            except OSError as why:
                log.warning("the guardian was gone: %s", why)
        self._close_pipe()
        self._child.wait(timeout=5)

    def _tell(self, words: bytes) -> None:
        if self._child.stdin is None:
            return
        try:
            os.write(self._child.stdin.fileno(), words)
        except OSError as why:  # `check` starts another; a full pipe is a guardian that does not read
            log.warning("the guardian does not listen: %s", why)

    def _start(self) -> subprocess.Popen[bytes]:
        log_file = self._state.logs / "pins.log"
        child = subprocess.Popen(
            [sys.executable, "-P", str(WATCH), str(os.getpid()), str(self._state.root.resolve()), str(log_file.resolve())],
            env=environment(), cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0,
        )  # fmt: skip
        assert child.stdin is not None
        os.set_blocking(child.stdin.fileno(), False)
        return child

    def _close_pipe(self) -> None:
        if self._child.stdin is not None:
            try:
                self._child.stdin.close()
            except OSError as why:
                log.warning("the guardian's pipe: %s", why)
