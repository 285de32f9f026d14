"""Noted: records what was done anyway, such as who read or took what. A storage that takes nothing must not keep people from their
data, nor from deleting something: then the log has it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from board.kit.errors import StorageRefused

log = logging.getLogger("manager")


@contextmanager
def noted(user: str, what: str) -> Iterator[None]:
    """Around what writes the record; `what`: in English, for the log."""
    try:
        yield
    except StorageRefused as why:
        log.warning("%s by %s is not recorded: %s", what, user, why)
