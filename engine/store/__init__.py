"""Store: everything that is kept: lists, rules, passages, deliveries, settings, counters and changes, in one SQLite file."""

from __future__ import annotations

from engine.store.queries import (
    MAX_COUNTED,
    MOST_SCANNED,
    DeliveryQuery,
    PassageQuery,
    RuleResult,
    StoredDelivery,
    StoredPassage,
)
from engine.store.store import Store

__all__ = [
    "MAX_COUNTED",
    "MOST_SCANNED",
    "DeliveryQuery",
    "PassageQuery",
    "RuleResult",
    "Store",
    "StoredDelivery",
    "StoredPassage",
]
