"""Parts: what of a delivery was carried out although the rest was not, so that its next try does not do it once more: the mail that
one of two receivers has already.

In memory: after a restart the whole is tried again, under the same id.
"""

from __future__ import annotations

import threading
from collections import OrderedDict

MOST = 1000
"""Deliveries that are remembered; the oldest are forgotten first."""


class Parts:
    """Any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: OrderedDict[str, tuple[str, ...]] = OrderedDict()

    def of(self, delivery_id: str) -> tuple[str, ...]:
        """By the names that the kind gave them, in their order."""
        with self._lock:
            return self._done.get(delivery_id, ())

    def add(self, delivery_id: str, *parts: str) -> None:
        with self._lock:
            self._done[delivery_id] = tuple(dict.fromkeys((*self._done.pop(delivery_id, ()), *parts)))
            while len(self._done) > MOST:
                self._done.popitem(last=False)
