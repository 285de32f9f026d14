"""Transfers: the table `transfers`: the exports and imports that took place, by themselves or by hand (manual 4.7, Audit tab)."""

from __future__ import annotations

from datetime import datetime
from sqlite3 import Row

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.words import Text, from_stored, to_stored
from engine.store.database import Database
from engine.store.rows import newest, stamp, within

KEPT = 20_000
"""This many are kept, the newest."""

DIRECTIONS = ("export", "import")
DONE, FAILED = "done", "failed"


@dataclass(frozen=True, slots=True)
class Transfer:
    """One export or import; also the same failure several times in a row, `times`. `direction`: of DIRECTIONS; `kind`: of the job,
    or "hand"; `job_id` 0 and `user`: by hand; `list_name`: as it was; `state`: DONE or FAILED; `at`: when it began; `ended_at`:
    the last time."""

    rowid: int
    at: datetime
    ended_at: datetime
    direction: str
    kind: str
    job_id: int
    list_id: int
    list_name: str
    user: str
    state: str
    times: int
    note: Text


@dataclass(frozen=True, slots=True)
class TransferQuery:
    """Those that began from `since` until `until`, of that direction, kind and state, at most `limit` (1000), newest first; with
    `after_rowid` those that came next after that row."""

    since: datetime | None = None
    until: datetime | None = None
    direction: str = ""
    kind: str = ""
    state: str = ""
    after_rowid: int = 0
    limit: int = 100


class Transfers:
    """Called with a query, it gives what took place."""

    def __init__(self, db: Database, clock: Clock) -> None:
        self._db = db
        self._clock = clock

    def __call__(self, query: TransferQuery) -> list[Transfer]:
        rows = newest(
            self._db,
            "SELECT * FROM transfers",
            *within("at", query.since, query.until),
            ("direction = ?", query.direction),
            ("kind = ?", query.kind),
            ("state = ?", query.state),
            limit=query.limit,
            after_rowid=query.after_rowid,
        )
        return [_transfer(row) for row in rows]

    def add(
        self,
        direction: str,
        kind: str,
        job_id: int,
        list_id: int,
        list_name: str,
        user: str,
        began_at: datetime,
        state: str,
        note: Text,
    ) -> None:
        """A failure that a job has had the last time too is counted there: a server that is away for a week must not push out what
        happened before."""
        said = to_stored(note)
        with self._db.transaction():
            last = (
                self._db.row("SELECT * FROM transfers WHERE job_id = ? ORDER BY rowid DESC LIMIT 1", (job_id,)) if job_id else None
            )
            now = stamp(self._clock.now())
            if last and state == FAILED == last["state"] and last["note"] == said:
                self._db.execute("UPDATE transfers SET ended_at = ?, times = times + 1 WHERE rowid = ?", (now, last["rowid"]))
                return
            number = self._db.execute(
                "INSERT INTO transfers (at, ended_at, direction, kind, job_id, list_id, list_name, user, state, times, note) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 1, ?)",
                (stamp(began_at), now, direction, kind, job_id, list_id, list_name, user, state, said),
            )
            self._db.execute("DELETE FROM transfers WHERE rowid <= ?", (number - KEPT,))


def _transfer(row: Row) -> Transfer:
    return Transfer(
        rowid=row["rowid"],
        at=datetime.fromisoformat(row["at"]),
        ended_at=datetime.fromisoformat(row["ended_at"]),
        direction=row["direction"],
        kind=row["kind"],
        job_id=row["job_id"],
        list_id=row["list_id"],
        list_name=row["list_name"],
        user=row["user"],
        state=row["state"],
        times=row["times"],
        note=from_stored(row["note"]),
    )
