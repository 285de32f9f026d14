"""Outbox: deliveries wait in the database until they are done, failed or expired; a crash at any step loses none.

pending -> sending -> done | failed | expired, or back to pending. "withheld" is written at once.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import timedelta

from board.kit.clock import Clock
from board.kit.words import Text, to_stored
from engine.dispatch.breaker import pause_s
from engine.store import Store
from engine.store.queries import Head
from engine.store.rows import delivery, stamp
from engine.types import Delivery

LONGEST_PAUSE_S = 300.0

_HEADS = """
    WITH RECURSIVE waiting(rule_id) AS (
        SELECT min(rule_id) FROM deliveries WHERE state = 'pending' AND finished_at IS NULL AND kind = :kind
        UNION ALL
        SELECT (SELECT min(rule_id) FROM deliveries
                WHERE state = 'pending' AND finished_at IS NULL AND kind = :kind AND rule_id > waiting.rule_id)
        FROM waiting WHERE waiting.rule_id IS NOT NULL)
    SELECT rowid, rule_id, next_try_at, not_after FROM waiting JOIN deliveries USING (rule_id)
    WHERE rowid = (SELECT rowid FROM deliveries first
                   WHERE state = 'pending' AND finished_at IS NULL AND kind = :kind AND first.rule_id = waiting.rule_id
                   ORDER BY next_try_at, rowid LIMIT 1)"""
"""The oldest of each action, by a seek for each: however many wait for a dead peer, the look takes no longer."""
