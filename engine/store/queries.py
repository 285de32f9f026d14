"""Queries: what may be asked of the store, and the rows that come back."""

from __future__ import annotations

from datetime import datetime

from board.kit.dataclass import dataclass
from board.kit.words import Text
from engine.types import UNDECIDED, Decision, Delivery, Passage, PlateList

MAX_ROWS = 1000
"""A search gives at most this many rows (manual 4.3, Review tab)."""

MAX_COUNTED = 10_000
"""A search is counted up to this many; beyond it is "more than 10,000"."""


MOST_SCANNED = 100_000
"""Passages that are looked at for what no index has: a text of one or two characters."""


@dataclass(frozen=True, slots=True)
class PassageQuery:
    """Passages from `since` (inclusive) until `until` (exclusive), plate containing `plate` (look-alikes count as the same with
    `fold`), of the list `list_id` (as it was then), of that lane (0: any), direction and outcome ("": any); by the time of their
    capture, newest first, at most `limit` (1000).

    `older_than`, `newer_than`: of a StoredPassage's `place`, to go on from there; with `newer_than` those that are nearest to
    it."""

    since: datetime | None = None
    until: datetime | None = None
    plate: str = ""
    list_id: int = 0
    limit: int = 100
    fold: bool = True
    older_than: int | None = None
    newer_than: int | None = None
    lane: int = 0
    direction: str = ""
    outcome: str = ""

    @property
    def of_kind(self) -> bool:
        """Whether it asks for a lane, a direction or a decision."""
        return bool(self.lane or self.direction or self.outcome)


@dataclass(frozen=True, slots=True)
class PassagePage:
    """One page of a search. `total`: of the whole search, MAX_COUNTED + 1 when there are more; `last`: the number of the last page
    that can be asked for by number; `partial`: only the newest passages were looked at, as no index has what is asked for."""

    rows: tuple[StoredPassage, ...]
    total: int
    number: int
    last: int
    partial: bool


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage, with the lists that it matched when it was stored ("all" and "unlisted" among them). `rowid`: its number in the
    order of storing; `place`: its place in the order of time, which never changes."""

    rowid: int
    passage: Passage
    lists: tuple[PlateList, ...]
    place: int = 0
    decision: Decision = UNDECIDED


@dataclass(frozen=True, slots=True)
class DeliveryQuery:
    """Deliveries created from `since` until `until`, of that state, kind, passage; at most `limit` (1000), newest first; with
    `after_rowid` those that came next after that row."""

    since: datetime | None = None
    until: datetime | None = None
    state: str = ""
    kind: str = ""
    passage_id: str = ""
    after_rowid: int = 0
    limit: int = 100


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """A row of the Audit tab. `rule_name` and `list_name` are "" once the rule was deleted; `decision`: that of the passage."""

    rowid: int
    delivery: Delivery
    plate: str
    rule_name: str
    list_name: str
    decision: Decision = UNDECIDED


@dataclass(frozen=True, slots=True)
class RuleResult:
    """How a rule fared last: when and what it did, when and why it failed."""

    rule_id: int
    done_at: datetime | None
    done_note: Text
    error_at: datetime | None
    error: Text

    @property
    def is_failing(self) -> bool:
        return self.error_at is not None and (self.done_at is None or self.error_at > self.done_at)


@dataclass(frozen=True, slots=True)
class Head:
    """What waits first for one action. `number`: its row, counting up with time."""

    number: int
    rule_id: int
    next_try_at: datetime
    not_after: datetime
