"""Passage source: reads stored passages for subscribers over a separate connection, so that the gate never waits for them."""

from __future__ import annotations

import threading
from collections.abc import Callable

from engine.messages import PassageEvent
from engine.store import DeliveryQuery, Store


class StoredPassages:
    """`open_store()` is called with the first question; StoreError as long as it cannot be opened."""

    def __init__(self, open_store: Callable[[], Store]) -> None:
        self._open_store = open_store
        self._lock = threading.Lock()
        self._opened: Store | None = None

    def rows(self) -> tuple[int, int]:
        return self._store().passages.ends()

    def after(self, row: int, limit: int) -> list[PassageEvent]:
        store = self._store()
        return [
            PassageEvent(
                row=stored.rowid,
                passage=stored.passage,
                matches=store.passages.matches(stored.passage.id),
                deliveries=tuple(each.delivery for each in reversed(store.deliveries(DeliveryQuery(passage_id=stored.passage.id)))),
                decision=stored.decision,
            )
            for stored in store.passages.after(row, limit)
        ]

    def close(self) -> None:
        with self._lock:
            if self._opened is not None:
                self._opened.close()
            self._opened = None

    def _store(self) -> Store:
        with self._lock:
            if self._opened is None:
                self._opened = self._open_store()
            return self._opened
