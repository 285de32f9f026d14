"""Process: what each of our processes does alike: log file, stop on SIGTERM or SIGINT, heartbeat for the supervisor."""

from __future__ import annotations

import logging
import logging.handlers
import signal
import sys
import threading
import time
from types import FrameType

from board.kit.state import State

LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: logging.DEBUG}
"""Log levels as the manual numbers them (4.6)."""

BEAT_EVERY_S = 2.0
"""A process calls `beat` at least this often; the supervisor ends one that has been silent for much longer."""


def open_log(state: State, process: str, level: int = 3) -> None:
    """Logs go to STATE/logs/<process>.log (1 MB, two older kept) and to stderr, stamped in UTC.

    A disk that takes no log (full, read-only) keeps nobody from working: then they go to stderr alone."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    problem = ""
    try:
        state.logs.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.handlers.RotatingFileHandler(state.logs / f"{process}.log", maxBytes=1_000_000, backupCount=2))
    except OSError as why:
        problem = f"the log is not kept in {state.logs}: {why}"
    root = logging.getLogger()
    root.setLevel(LEVELS[level])
    for handler in handlers:
        handler.setFormatter(formatter)
        root.addHandler(handler)
    if problem:
        root.error("%s", problem)


class Life:
    """A process's life: `stop` is set by SIGTERM and SIGINT; `beat` tells the supervisor that its main loop turns."""

    def __init__(self, state: State, process: str) -> None:
        self.stop = threading.Event()
        state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._beat_file = state.beat(process)
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        self.beat()

    def beat(self) -> None:
        """Renews the heartbeat; a full disk is no reason to die."""
        try:
            self._beat_file.touch()
        except OSError as why:
            logging.getLogger("process").warning("heartbeat not written: %s", why)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop.set()
