"""Deliveries: the table `deliveries`: what waits in the outbox, and the Audit tab's rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from functools import cache
from sqlite3 import Row
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.words import Text, from_stored, to_stored
from engine import lists as matching
from engine.store.database import Database
from engine.store.passages import decision_of
from engine.store.queries import DeliveryQuery, Head, StoredDelivery
from engine.store.rows import marks, newest, stamp, when, within
from engine.store.visits import Visits
from engine.types import Delivery

COLUMNS = "id, passage_id, rule_id, kind, state, created_at, not_after, attempts, next_try_at, finished_at, note"


HEADS = """
    WITH RECURSIVE waiting(action) AS (
        SELECT min(rule_id) FROM deliveries WHERE state = 'pending' AND kind = ?1
        UNION ALL
        SELECT (SELECT min(rule_id) FROM deliveries WHERE state = 'pending' AND kind = ?1 AND rule_id > action)
        FROM waiting WHERE action IS NOT NULL)
    SELECT rowid, rule_id, next_try_at, not_after FROM waiting CROSS JOIN deliveries
    WHERE rowid = (SELECT rowid FROM deliveries WHERE state = 'pending' AND kind = ?1 AND rule_id = action
                   ORDER BY next_try_at, rowid LIMIT 1)"""
"""A seek or two for each action: however many deliveries wait for a peer that is dead, it takes no longer."""


_ALIVE = ("pending", "sending", "done")


@dataclass(frozen=True, slots=True)
class Unopened:
    """A passage that opened nothing, with the ids of its deliveries that were to open. `times`: how many more passages of its plate
    there are among the newest ones: as often at most it was read anew, for whatever reason."""

    passage_id: str
    plate: str
    deliveries: tuple[str, ...]
    times: int


class Deliveries:
    """Called, it searches: newest first; after a row, of those that came next. What ends also ends the visit that it was to open
    for."""

    def __init__(self, db: Database, visits: Visits) -> None:
        self._db = db
        self._visits = visits

    def __call__(self, query: DeliveryQuery) -> list[StoredDelivery]:
        rows = newest(
            self._db,
            "SELECT d.rowid AS number, d.*, p.plate, p.outcome, p.reason, r.name AS rule_name, l.name AS list_name "
            "FROM deliveries d JOIN passages p ON p.id = d.passage_id "
            "LEFT JOIN rules r ON r.id = d.rule_id LEFT JOIN lists l ON l.id = r.list_id",
            *within("d.created_at", query.since, query.until),
            ("d.state = ?", query.state),
            ("d.kind = ?", query.kind),
            ("d.passage_id = ?", query.passage_id),
            limit=query.limit,
            after_rowid=query.after_rowid,
            rowid="d.rowid",
        )
        return [
            StoredDelivery(
                row["number"], _delivery(row), row["plate"], row["rule_name"] or "", row["list_name"] or "", decision_of(row)
            )
            for row in rows
        ]

    def add(self, deliveries: Sequence[Delivery]) -> None:
        """The caller's transaction keeps them together with their passage."""
        self._db.execute_many(
            f"INSERT INTO deliveries ({COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [_values(each) for each in deliveries]
        )

    def recover(self) -> int:
        """What was "sending" is "pending" again; how many."""
        return self._db.execute("UPDATE deliveries SET state = 'pending' WHERE finished_at IS NULL AND state = 'sending'")

    def since_boot(self, boot: str, kinds: Collection[str], at: datetime, note: Text) -> int:
        """If this is another boot than the last time, what is not finished of these kinds is "expired"; how many. `boot`: its id,
        "" when that is not known: nothing is compared then. Whom it was sent for before the power went may have come in."""
        with self._db.transaction():
            last = self._db.row("SELECT id FROM boot")
            if not boot or (last is not None and last["id"] == boot):
                return 0
            self._db.execute("DELETE FROM boot")
            self._db.execute("INSERT INTO boot (id) VALUES (?)", (boot,))
            if last is None:
                return 0
            for delivery_id in self._visits.open():
                untried = "SELECT 1 FROM deliveries WHERE id = ? AND state = 'pending' AND attempts = 0"
                self._visits.end(delivery_id, opened=self._db.row(untried, (delivery_id,)) is None)
            sql = (
                "UPDATE deliveries SET state = 'expired', finished_at = ?, note = ? "
                f"WHERE state IN ('pending', 'sending') AND kind IN ({marks(kinds)})"
            )
            return self._db.execute(sql, (stamp(at), to_stored(note), *kinds))

    def hasten(self, passage_id: str, at: datetime) -> int:
        """What waits for the passage's decision waits no longer; how many."""
        sql = "UPDATE deliveries SET next_try_at = ? WHERE passage_id = ? AND state = 'pending'"
        return self._db.execute(sql, (stamp(at), passage_id))

    def anew(self, rule_id: int, kind: str) -> int:
        """What waits of that action and was tried before is due at once, in its order; how many."""
        sql = "UPDATE deliveries SET next_try_at = created_at WHERE state = 'pending' AND kind = ? AND rule_id = ? AND attempts > 0"
        return self._db.execute(sql, (kind, rule_id))

    def pending_of(self, passage_id: str) -> list[Delivery]:
        sql = f"SELECT {COLUMNS} FROM deliveries WHERE passage_id = ? AND state = 'pending' ORDER BY rowid"
        return [_delivery(row) for row in self._db.rows(sql, (passage_id,))]

    def heads(self, kind: str) -> list[Head]:
        """For each action of this kind, the one of those that wait whose time comes first."""
        return [_head(row) for row in self._db.rows(HEADS, (kind,))]

    def behind(self, head: Head, at: datetime) -> Head | None:
        """The one of the same action that waits and was due by then, after this one."""
        sql = (
            "SELECT rowid, rule_id, next_try_at, not_after FROM deliveries WHERE state = 'pending' "
            "AND kind = (SELECT kind FROM deliveries WHERE rowid = ?1) AND rule_id = ?2 AND next_try_at <= ?3 AND rowid <> ?1 "
            "ORDER BY next_try_at, rowid LIMIT 1"
        )
        row = self._db.row(sql, (head.number, head.rule_id, stamp(at)))
        return None if row is None else _head(row)

    def newest(self) -> int:
        """The row of the last delivery; 0 if there is none."""
        row = self._db.row("SELECT max(rowid) FROM deliveries")
        return (row and row[0]) or 0

    def claim(self, number: int) -> Delivery | None:
        """The delivery of that row, "sending" from now on, which counts as an attempt; None when it waits no longer."""
        sql = "UPDATE deliveries SET state = 'sending', attempts = attempts + 1 WHERE rowid = ? AND state = 'pending' RETURNING *"
        row = self._db.changed_row(sql, (number,))
        return None if row is None else _delivery(row)

    def unopened(
        self, kinds: Collection[str], newest: int, opening: Callable[[], Collection[int]], are_one: Callable[[str, str], bool]
    ) -> list[Unopened]:
        """Those among the newest passages for which all deliveries of these kinds came too late, oldest first; none of a car that
        was read once more since: its newer passage tells what became of it. `opening()`: the rules that open, to which all of this
        refers where something was carried out; it is called once at most. `are_one`: as `newer_read` has it."""
        opening = cache(opening)
        sql = (
            "SELECT p.id, p.plate, (SELECT group_concat(d.id || ' ' || d.rule_id || ' ' || d.state) FROM deliveries d "
            f"WHERE d.passage_id = p.id AND d.kind IN ({marks(kinds)})) AS mine "
            "FROM (SELECT rowid, id, plate FROM passages ORDER BY rowid DESC LIMIT ?) p WHERE p.plate <> '' ORDER BY p.rowid DESC"
        )
        found: list[Unopened] = []
        newer: dict[str, str] = {}
        rows = [(row, matching.comparable(row["plate"])) for row in self._db.rows(sql, (*kinds, newest))]
        times = Counter(key for _, key in rows)
        for row, key in rows:
            mine = [each.split() for each in (row["mine"] or "").split(",") if each]
            if "expired" in (state for *_, state in mine) and not matching.newer_read(key, row["id"], newer, are_one):
                rules = opening() if any(state in _ALIVE for *_, state in mine) else None
                mine = [each for each in mine if rules is None or int(each[1]) in rules]
                states = {state for *_, state in mine}
                if "expired" in states and states.isdisjoint(_ALIVE):
                    found.append(Unopened(row["id"], row["plate"], tuple(name for name, *_ in mine), times[key] - 1))
            newer.setdefault(key, row["id"])
        return found[::-1]

    def get(self, number: int) -> Delivery | None:
        """The delivery of that row, if it waits."""
        row = self._db.row("SELECT * FROM deliveries WHERE rowid = ? AND state = 'pending'", (number,))
        return None if row is None else _delivery(row)

    def finish(self, delivery_id: str, state: str, at: datetime, note: Text) -> None:
        with self._db.transaction():
            self._db.execute(
                "UPDATE deliveries SET state = ?, finished_at = ?, note = ? WHERE id = ?",
                (state, stamp(at), to_stored(note), delivery_id),
            )
            self._visits.end(delivery_id, opened=state == "done")

    def put_back(self, delivery_id: str, next_try_at: datetime, note: Text) -> None:
        """ "pending" again, to be tried at `next_try_at`."""
        self._db.execute(
            "UPDATE deliveries SET state = 'pending', next_try_at = ?, note = ? WHERE id = ?",
            (stamp(next_try_at), to_stored(note), delivery_id),
        )

    def put_off(self, delivery_id: str, next_try_at: datetime) -> None:
        """Only if it waits."""
        sql = "UPDATE deliveries SET next_try_at = ? WHERE id = ? AND state = 'pending'"
        self._db.execute(sql, (stamp(next_try_at), delivery_id))


def _head(row: Row) -> Head:
    return Head(row["rowid"], row["rule_id"], datetime.fromisoformat(row["next_try_at"]), datetime.fromisoformat(row["not_after"]))


def _values(delivery: Delivery) -> tuple[Any, ...]:
    """In the order of COLUMNS."""
    return (
        delivery.id, delivery.passage_id, delivery.rule_id, delivery.kind, delivery.state, stamp(delivery.created_at),
        stamp(delivery.not_after), delivery.attempts, stamp(delivery.next_try_at),
        None if delivery.finished_at is None else stamp(delivery.finished_at), to_stored(delivery.note),
    )  # fmt: skip


def _delivery(row: Row) -> Delivery:
    return Delivery(
        id=row["id"],
        passage_id=row["passage_id"],
        rule_id=row["rule_id"],
        kind=row["kind"],
        state=row["state"],
        created_at=datetime.fromisoformat(row["created_at"]),
        not_after=datetime.fromisoformat(row["not_after"]),
        attempts=row["attempts"],
        next_try_at=datetime.fromisoformat(row["next_try_at"]),
        finished_at=when(row["finished_at"]),
        note=from_stored(row["note"]),
    )
