"""Told: what the engine says of each read stands in the service's log as well, where the manual looks for it (4.5, the tip at the
minimum confidence; 4.8, Logs tab)."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from engine.messages import ReadTold

LOGGERS = ("reads", "passages", "unsure")
"""Whose lines are told: each read with what was wrong with it, passages that the repeat filter dropped, cars read too unsurely."""


class _Teller(logging.Handler):
    def __init__(self, tell: Callable[[ReadTold], None]) -> None:
        super().__init__(logging.INFO)
        self._tell = tell

    def emit(self, record: logging.LogRecord) -> None:
        self._tell(ReadTold(record.name, record.getMessage()))


@contextmanager
def told(tell: Callable[[ReadTold], None]) -> Iterator[None]:
    """Meanwhile `tell`, which must return at once, is called with each line."""
    handler = _Teller(tell)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    try:
        yield
    finally:
        for name in LOGGERS:
            logging.getLogger(name).removeHandler(handler)
