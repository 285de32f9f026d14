"""Process: what each of our processes does alike: log file, stop on SIGTERM, SIGINT or SIGHUP, heartbeat for the supervisor."""

from __future__ import annotations

import _thread
import logging
import logging.handlers
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from io import TextIOWrapper
from pathlib import Path
from types import FrameType

from board.kit.files import private_in, write_whole
from board.kit.log_beside import PATIENCE_S, BesideHandler
from board.kit.log_limit import LimitedHandler
from board.kit.state import State

TRACE = 5
"""Below DEBUG: what happens many times a second."""

LEVELS = {1: logging.ERROR, 2: logging.WARNING, 3: logging.INFO, 4: logging.DEBUG, 5: TRACE}
"""Log levels as the manual numbers them (4.6)."""

NOT_HERE = 78
"""Exit code of an optional process that this board cannot run (sysexits.h: EX_CONFIG): it is not started again."""

BEAT_EVERY_S = 2.0
"""A process calls `beat` at least this often; the supervisor ends one that has been silent for much longer."""


PATIENT_EVERY_S = 1.0

M_ARENA_MAX = -8
"""malloc.h"""

DEFAULT_LEVEL = 3

STRANGE = ("PIL", "asyncio", "schedule")
"""Loggers of libraries whose lines about their own steps help nobody at levels 4 and 5."""


def open_log(state: State, process: str, patience_s: float = PATIENCE_S) -> BesideHandler:
    """Logs go to STATE/logs/<process>.log (1 MB, two older kept) and to stderr, stamped in UTC, a flood of them bounded
    (board/kit/log_limit.py), at the level that `set_log_levels` set last for it; Life.beat follows it.

    A disk that takes no log (full, read-only) stops nobody: the lines go to stderr alone until it does. One that stalls holds
    nobody up for longer than `patience_s` (board/kit/log_beside.py): what is returned knows when all is written."""
    formatter = logging.Formatter("%(asctime)s.%(msecs)03dZ %(levelname)s %(name)s: %(message)s", "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    file = _LogFile(state.logs / f"{process}.log")
    handlers = (logging.StreamHandler(sys.stderr), file)
    for handler in handlers:
        handler.setFormatter(formatter)
    file.begin()
    root = logging.getLogger()
    logging.addLevelName(TRACE, "TRACE")
    root.setLevel(LEVELS[_log_level(state, process)])
    beside = BesideHandler(handlers, patience_s)
    root.addHandler(LimitedHandler((beside,)))
    for strange in STRANGE:
        logging.getLogger(strange).setLevel(logging.WARNING)
    return beside


class _LogFile(logging.handlers.RotatingFileHandler):
    """What the disk does not take is left out, and said on stderr once while that lasts."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, maxBytes=1_000_000, backupCount=2, delay=True, encoding="utf-8", errors="backslashreplace")
        self._failed = self._is_said = False

    def begin(self) -> None:
        """The file is there from the start, if it can be."""
        try:
            self.stream = self._open()
        except OSError as why:
            self._say(why)

    def _open(self) -> TextIOWrapper:
        folder = Path(self.baseFilename).parent
        folder.mkdir(parents=True, exist_ok=True)
        stream = super()._open()
        if private_in(folder) != 0o600:
            os.fchmod(stream.fileno(), 0o640)  # others read it (the portal), and write nothing into it
        return stream

    def emit(self, record: logging.LogRecord) -> None:
        self._failed = False
        super().emit(record)
        self._is_said = self._failed

    def handleError(self, record: logging.LogRecord) -> None:
        why = sys.exc_info()[1]
        if not isinstance(why, OSError):
            super().handleError(record)
            return
        stream, self.stream = self.stream, None  # it is opened again with the next line
        with suppress(OSError):
            if stream is not None:
                stream.close()
        self._failed = True
        self._say(why)

    def _say(self, why: OSError) -> None:
        if not self._is_said:
            text = f"the log is not kept in {Path(self.baseFilename).parent}: {why}"
            with suppress(OSError):  # it may be a file on the same disk, or a pipe that nobody reads any more
                sys.stderr.write(self.format(logging.LogRecord("root", logging.ERROR, __file__, 0, text, None, None)) + "\n")
        self._is_said = True


def settle_memory() -> None:
    """One heap for all threads instead of one for each (mallopt(3)): Python's own lock lets one allocate at a time anyway. The
    thresholds stay as they are: a picture that is mapped anew for every frame costs a small board a page fault every 4 KB. Other C
    libraries than glibc do as they do."""
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_ARENA_MAX, 1)


def set_log_levels(state: State, level: int, own: Mapping[str, int]) -> None:
    """From its next beat on every process logs at `level` (LEVELS), those in `own` at theirs; kept as long as STATE/run is."""
    text = " ".join([str(level), *(f"{process}={each}" for process, each in sorted(own.items()))])
    if text == _stored_levels(state):
        return
    try:
        state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_whole(state.log_level_file, text.encode())
    except OSError as why:
        logging.getLogger("process").warning("the log levels stay as they are: %s", why)


def _stored_levels(state: State) -> str:
    """As `set_log_levels` wrote them: "3 engine=5 manager=4"; "" for none."""
    try:
        return state.log_level_file.read_text("ascii")
    except (OSError, ValueError):
        return ""


def _log_level(state: State, process: str) -> int:
    every, *own = _stored_levels(state).split() or [""]
    levels = {"": every, **dict(each.split("=", 1) for each in own if "=" in each)}
    level = levels.get(process, every)
    return int(level) if level.isdecimal() and int(level) in LEVELS else DEFAULT_LEVEL


class Told(threading.Event):
    """An Event that a signal's handler may set. The handler runs in the main thread, between any two of its steps, even while that
    thread is within this Event and holds its lock: in `wait`, or in the handler of the signal before. To ask for the lock there
    waits for ever."""

    _told = False

    def set_by_signal(self) -> None:
        """Set at once for who asks; those that wait are woken by a thread that may wait for the lock."""
        if self._told:
            return
        self._told = True
        with suppress(RuntimeError):  # no thread to be had: whoever waits asks again in time
            _thread.start_new_thread(self.set, ())  # threading.Thread has locks of its own

    def is_set(self) -> bool:
        return self._told or super().is_set()


class Life:
    """A process's life: `stop` is set by SIGTERM, SIGINT and SIGHUP; `beat` tells the supervisor that its main loop turns."""

    def __init__(self, state: State, process: str) -> None:
        settle_memory()
        self._state = state
        self._process = process
        self._level = _log_level(state, process)
        self.stop = Told()
        state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._beat_file = state.beat(process)
        self._patient_until_s = 0.0
        self._patient: threading.Thread | None = None
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)
        if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # as nohup sets it
            signal.signal(signal.SIGHUP, self._on_signal)  # of a terminal that closes
        self.beat()

    def beat(self) -> None:
        """Renews the heartbeat: called by the thread whose hanging matters. A full disk is no reason to die. Takes over a log level
        that was changed since."""
        level = _log_level(self._state, self._process)
        if level != self._level:
            self._level = level
            logging.getLogger().setLevel(LEVELS[level])
        self._touch()

    @contextmanager
    def patience(self, limit_s: float) -> Iterator[None]:
        """For work of the beating thread that may take long though nothing is wrong (loading models, migrating a database, a slow
        card): the heartbeat goes on beside it for `limit_s` at most. A process that is stopped or holds the interpreter is noticed
        all the same."""
        self._patient_until_s = time.monotonic() + limit_s
        if self._patient is None:
            self._patient = threading.Thread(target=self._beat_beside, name="patience", daemon=True)
            self._patient.start()
        try:
            yield
        finally:
            self._patient_until_s = 0.0
            self.beat()

    def _beat_beside(self) -> None:
        while True:
            time.sleep(PATIENT_EVERY_S)
            if time.monotonic() < self._patient_until_s:
                self._touch()

    def _touch(self) -> None:
        try:
            self._beat_file.touch()
        except OSError as why:
            logging.getLogger("process").warning("heartbeat not written: %s", why)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        self.stop.set_by_signal()
