"""Store: everything that is kept: lists, rules, passages, deliveries, settings and counters, in one SQLite file."""

from __future__ import annotations

from engine.store.queries import DeliveryQuery, PassageQuery, RuleResult, StoredDelivery, StoredPassage
from engine.store.store import Store

__all__ = ["DeliveryQuery", "PassageQuery", "RuleResult", "Store", "StoredDelivery", "StoredPassage"]
