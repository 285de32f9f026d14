"""Queries: what may be asked of the store, and the rows that come back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from board.kit.words import Text
from engine.types import Delivery, Passage, PlateList

MAX_ROWS = 1000
"""A search gives at most this many rows (manual 4.3)."""


@dataclass(frozen=True, slots=True)
class PassageQuery:
    """Passages from `since` (inclusive) until `until` (exclusive), plate containing `plate`, of the list `list_id` (as it was
    then), with rowid over `after_rowid`; always newest first, at most `limit` (1000)."""

    since: datetime | None = None
    until: datetime | None = None
    plate: str = ""
    list_id: int = 0
    after_rowid: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage, with the lists that it matched when it was stored ("all" and "unlisted" among them)."""

    rowid: int
    passage: Passage
    lists: tuple[PlateList, ...]


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Deliveries created from `since` until `until`, of that state, kind, passage, with rowid over `after_rowid`;
    newest first, at most `limit` (1000)."""

    since: datetime | None = None
    until: datetime | None = None
    state: str = ""
    kind: str = ""
    passage_id: str = ""
    after_rowid: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A row of the Audit tab. `rule_name` and `list_name` are "" once the rule was deleted."""

    rowid: int
    delivery: Delivery
    plate: str
    rule_name: str
    list_name: str


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How a rule fared last: when and what it did, when and why it failed."""

    rule_id: int
    done_at: datetime | None
    done_note: Text
    error_at: datetime | None
    error: Text


@dataclass(frozen=True, slots=True)
class Head:
    """What waits first for one action. `number`: its row, counting up with time."""

    number: int
    rule_id: int
    next_try_at: datetime
    not_after: datetime
