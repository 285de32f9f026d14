"""Log beside: has lines written by a thread of its own, so that a card that stalls holds up nobody who has something to say: the
thread that opens a gate, the one that beats, the one that starts what has died.

Who says something waits a moment all the same, so that his line is in the file although his process dies of the next step.
"""

from __future__ import annotations

import copy
import logging
import os
import threading
import time
import weakref
from collections import deque
from collections.abc import Sequence
from contextlib import suppress

MOST_WAITING = 1000
"""Lines, of some hundred bytes each; those that come later are left out, and counted."""

PATIENCE_S = 0.05
"""A line waits so long to be written, and no further one until all have been."""

LAST_WORDS_S = 1.0
"""The end of a process waits so long for what is not written yet."""


class BesideHandler(logging.Handler):
    """Hands lines to `handlers` in its thread, which begins with the first one. `patience_s` 0: nobody waits."""

    def __init__(self, handlers: Sequence[logging.Handler], patience_s: float = PATIENCE_S) -> None:
        super().__init__()
        self._handlers = tuple(handlers)
        self._patience_s = patience_s
        _ALL.add(self)
        self.begin()

    def begin(self) -> None:
        """Anew in a process that was forked: its parent's thread writes what waits there, and may hold the lock."""
        self._changed = threading.Condition()  # a signal's handler may have something to say, too
        self._lines: deque[logging.LogRecord] = deque()
        self._said = self._written = self._left_out = 0
        self._is_late = False
        self._thread: threading.Thread | None = None

    def emit(self, record: logging.LogRecord) -> None:
        line = copy.copy(record)  # what it tells of may change until it is written
        try:
            line.msg, line.args, line.exc_info, line.exc_text, line.stack_info = self.format(record), None, None, None, None
        except Exception:  # a template that its values do not fit: whoever says it goes on, as with each handler of the library
            self.handleError(record)
            return
        with self._changed:
            if len(self._lines) >= MOST_WAITING:
                self._left_out += 1
                return
            if self._is_running():
                self._lines.append(line)
                self._said += 1
                self._changed.notify_all()
                if not self._is_late and self._patience_s:
                    self._is_late = not self._wait(self._said, self._patience_s)
                return
        self._pass_on(line)

    def _is_running(self) -> bool:
        if self._thread is None:
            thread = threading.Thread(target=self._write, name="log", daemon=True)
            try:
                thread.start()
            except RuntimeError:  # no thread to be had: the line is worth the wait
                return False
            self._thread = thread
        return True

    def flush(self, within_s: float = LAST_WORDS_S) -> None:
        """Returns when all is written, or the time is over."""
        if threading.current_thread() is not self._thread:
            with self._changed:
                self._wait(self._said, within_s)

    def close(self) -> None:
        self.flush()
        for handler in self._handlers:
            handler.close()
        super().close()

    def _wait(self, said: int, within_s: float) -> bool:
        until = time.monotonic() + within_s
        while self._written < said:
            left_s = until - time.monotonic()
            if left_s <= 0:
                return False
            self._changed.wait(left_s)
        return True

    def _write(self) -> None:
        while True:
            with self._changed:
                while not self._lines:
                    self._changed.wait()
                line = self._lines.popleft()
                left_out = self._left_out if not self._lines else 0
                self._left_out -= left_out
            self._pass_on(line)
            if left_out:
                self._pass_on(_summary(left_out))
            with self._changed:
                self._written += 1
                self._is_late = self._is_late and bool(self._lines)
                self._changed.notify_all()

    def _pass_on(self, line: logging.LogRecord) -> None:
        for handler in self._handlers:
            if line.levelno >= handler.level:
                with suppress(Exception):  # it says itself what is wrong with it; the lines after this one are written all the same
                    handler.handle(line)


def _summary(left_out: int) -> logging.LogRecord:
    text = "%d lines were left out: they could not be written in time"
    return logging.LogRecord("log", logging.WARNING, __file__, 0, text, (left_out,), None)


def _begin_anew() -> None:
    for handler in _ALL:
        handler.begin()


_ALL: weakref.WeakSet[BesideHandler] = weakref.WeakSet()
os.register_at_fork(after_in_child=_begin_anew)
