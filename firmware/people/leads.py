"""Leads: how far each recorder's clock was ahead of the camera's, over restarts: a token of its may have been made, and used,
before a start although it names a later time."""

from __future__ import annotations

import logging
import math
import threading
from collections.abc import Collection
from pathlib import Path
from typing import Any

from board.kit.kept import Kept

LOG = logging.getLogger("people")

LEAST_S = 1.0
"""A smaller one is over before a camera has started again."""


class Leads:
    """Thread-safe. Written to the disk when one is greater than ever before, which a clock that runs fast is now and then."""

    def __init__(self, folder: Path) -> None:
        self._kept = Kept(folder / "token-leads.json", _parse, lambda leads: leads)
        self._changing = threading.Lock()
        self._longest_s = self._kept.read().value or {}
        self._before_s = dict(self._longest_s)

    def before_s(self, user: str) -> float:
        """The longest until this start, 0 for none."""
        return self._before_s.get(user, 0)

    def seen(self, user: str, lead_s: float, users: Collection[str]) -> None:
        """A token of that user named a time so much later, by a clock that follows a time server: one that was not set yet lags
        behind everybody. `users`: those that there still are."""
        with self._changing:
            if lead_s <= max(LEAST_S, self._longest_s.get(user, 0)):
                return
            kept = {each: longest_s for each, longest_s in self._longest_s.items() if each in users}
            self._longest_s = {**kept, user: math.ceil(lead_s)}
            try:
                self._kept.write(self._longest_s)
            except OSError as why:
                LOG.error("%s's clock is %.0f s ahead, which cannot be stored: %s", user, lead_s, why.strerror)


def _parse(document: Any) -> dict[str, int]:
    if not all(isinstance(user, str) and type(lead_s) is int for user, lead_s in document.items()):
        raise TypeError("a lead is not right")
    return dict(document)
