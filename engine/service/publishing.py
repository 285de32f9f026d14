"""Publishing: keeps files of the lists up to date for following cameras while the camera's FTP server is on (manual 5.1,
Architecture 1)."""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable, Sequence

from board.kit.clock import Clock
from board.kit.servers import read_servers
from board.kit.state import State

log = logging.getLogger("exchange")

SERVER = "ftp"
"""Name of the FTP server in STATE/run/servers.json."""
REST = 4.0
"""After a run, nothing is published for this many times its length, which depends on the lists: edits in quick succession are
published together, and a small board keeps its processor for reading plates."""
LONGEST_REST_S = 60.0
"""A run that waited for its turn, beside imports from a slow server, was long without work; other cameras wait for the lists."""


class Publishing:
    """`mark()` changes whenever a list may have changed; `start` starts the publishing process. `turn` is called every few
    seconds."""

    def __init__(self, state: State, mark: Callable[[], str], clock: Clock, start: Callable[[], subprocess.Popen[bytes]]) -> None:
        self._state = state
        self._mark = mark
        self._clock = clock
        self._start = start
        self._process: subprocess.Popen[bytes] | None = None
        self._published = ""
        self._coming = ""
        self._begun_s = self._not_before_s = 0.0

    def turn(self) -> None:
        """Starts a run if one is due, and notices when it has ended."""
        now_s = self._clock.monotonic_ns() / 1e9
        if self._process is not None:
            self._look_at(self._process, now_s)
        elif SERVER not in read_servers(self._state):
            self._published = ""  # the folder may be another one once it is on again
        elif now_s >= self._not_before_s and (mark := self._mark()) != self._published:
            self._coming, self._begun_s = mark, now_s
            self._process = self._start()

    def close(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _look_at(self, process: subprocess.Popen[bytes], now_s: float) -> None:
        code = process.poll()
        if code is None:
            return
        self._process = None
        self._not_before_s = now_s + min(REST * (now_s - self._begun_s), LONGEST_REST_S)
        if code:
            log.warning("the lists are not published for other cameras (exit code %d); tried again", code)
        else:
            self._published = self._coming


def starter(state: State) -> Callable[[], subprocess.Popen[bytes]]:
    """Starts `python -m engine exchange publish`, which reports errors on stderr."""
    command: Sequence[str] = (sys.executable, "-P", "-m", "engine", "exchange", "--state", str(state.root), "publish")
    return lambda: subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
