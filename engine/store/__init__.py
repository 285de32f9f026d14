"""Store: everything that is kept: lists, rules, passages, deliveries, settings, counters and changes, in one SQLite file."""

from __future__ import annotations

from engine.store.changes import Change
from engine.store.queries import (
    MAX_COUNTED,
    MAX_ROWS,
    MOST_SCANNED,
    DeliveryQuery,
    PassagePage,
    PassageQuery,
    RuleResult,
    StoredDelivery,
    StoredPassage,
)
from engine.store.store import Store

__all__ = [
    "MAX_COUNTED",
    "MAX_ROWS",
    "MOST_SCANNED",
    "Change",
    "DeliveryQuery",
    "PassagePage",
    "PassageQuery",
    "RuleResult",
    "Store",
    "StoredDelivery",
    "StoredPassage",
]
