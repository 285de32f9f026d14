"""Store: opens the database and composes its tables; this file holds only what concerns several of them at once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from engine.dispatch.judge import RuleJudge
from engine.store import notes
from engine.store.card import CardTable
from engine.store.changes import Changes
from engine.store.counters import Counters
from engine.store.database import GATE_CACHE_KIB, READER_CACHE_KIB, Database
from engine.store.deliveries import Deliveries
from engine.store.entries import UTC, Entries
from engine.store.following import Following
from engine.store.imports import Imports
from engine.store.jobs import Jobs
from engine.store.judge import Judge
from engine.store.lists import Lists
from engine.store.occupancy import Occupancy
from engine.store.passages import Passages
from engine.store.rules import Rules
from engine.store.searches import Searches
from engine.store.settings import StoredSettings
from engine.store.transfers import Transfers
from engine.store.visits import Visits
from engine.types import UNDECIDED, ActionRule, Decision, Delivery, ListEntry, Match, Passage


class Store:
    """Threads may share one; processes open one each, and so does the gate's path in the service, which waits for no lock of its
    own process then. Raises StoreError when the file cannot be used, ConfigError on bad input.

    Each table is a part with its own calls: `store.lists()`, `store.lists.save(...)`. What changes lists, entries, rules or
    settings takes the name of the user who does it. `judge`: answers what the store must ask about rules; None: the one that knows
    the kinds of actions that there are."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        judge: Judge | None = None,
        checkpoints: bool = True,
        cache_kib: int = READER_CACHE_KIB,
    ) -> None:
        self.db = Database(path, checkpoints, cache_kib)
        self.changes = Changes(self.db, clock)
        self.lists = Lists(self.db, self.changes)
        read = Entries(self.db, self.lists, self.changes, _unchecked)  # no circle: a store that nobody uses any more is gone
        self.rules = Rules(self.db, self.lists, self.changes, judge or RuleJudge(), read.extremes)
        self.entries = Entries(self.db, self.lists, self.changes, self.rules.entry_check)
        self.passages = Passages(self.db)
        self.card = CardTable(self.db)
        self.visits = Visits(self.db, self.entries)
        self.deliveries = Deliveries(self.db, self.visits)
        self.settings = StoredSettings(self.db, self.changes)
        self.counters = Counters(self.db, clock)
        self.occupancy = Occupancy(self.db, self.changes)
        self.imports = Imports(path, self.lists, self.rules.entry_check, self.entries.check_wildcards, clock)
        self.jobs = Jobs(self.db, self.lists, self.changes, clock)
        self.transfers = Transfers(self.db, clock)
        self.searches = Searches(self.db, clock)
        self.following = Following(self.db)

    @classmethod
    def of_gate(cls, path: Path, clock: Clock) -> Store:
        """As the gate's path opens it: it waits for no card, and a look-up among a million plates reads little of the file."""
        return cls(path, clock, checkpoints=False, cache_kib=GATE_CACHE_KIB)

    def transaction(self) -> AbstractContextManager[None]:
        """What is written inside commits together or not at all."""
        return self.db.transaction()

    def close(self) -> None:
        self.db.close()

    def lookup(self, plate: str, at: datetime, fold: bool, zone: ZoneInfo = UTC) -> tuple[Match, ...]:
        """The lists that `plate` belongs to at `at` (engine/lists/matching.py); `fold`: look-alikes count as the same."""
        return self.entries.lookup(plate, at, fold, zone)

    def unname(self, plate: str, wanted: Sequence[notes.Spelling | notes.Address], instead: str) -> None:
        """Audit and pages go on saying who did what, with `instead` in the place of exactly this plate and of what of it is
        `wanted` in notes; its vehicle still counts as inside."""
        self.occupancy.unname(plate)
        self.searches.unname(plate, instead)
        self.changes.unname(plate, instead)
        notes.unname(self.db, wanted, instead)

    def count_entries(self, list_id: int) -> int:
        """How many plates a list holds."""
        return self.entries.count(list_id)

    def save_entry(self, entry: ListEntry, by: str = "") -> ListEntry:
        """Creates (id 0) or changes an entry of a list; with `save_rule` what scripts from outside fill a camera's lists with."""
        return self.entries.save(entry, by)

    def save_rule(self, rule: ActionRule, by: str = "") -> ActionRule:
        """Creates (id 0) or changes a rule of a list."""
        return self.rules.save(rule, by)

    def add_passage(
        self, passage: Passage, deliveries: Sequence[Delivery], matches: Sequence[Match] = (), decision: Decision = UNDECIDED
    ) -> bool:
        """Passage, its lists, the decision and deliveries in one transaction; False (and nothing changes) when the id is known."""
        with self.db.transaction():
            if self.passages.has(passage.id):
                return False
            self.passages.add(passage, matches, decision)
            self.deliveries.add(deliveries)
        return True


def _unchecked(list_id: int) -> Callable[[ListEntry], None]:
    raise AssertionError("nothing is saved with it")
