"""Jobs: the table `jobs`: exports and imports of lists that run by themselves (manual 4.4, List tab), and how each fared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from sqlite3 import Row
from types import MappingProxyType
from typing import Any, ClassVar

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.secrets import without_secrets
from board.kit.settings import Settings, unfit
from board.kit.words import NOTHING, Text, from_stored, to_stored
from engine.store.changes import Changes
from engine.store.database import Database
from engine.store.lists import Lists
from engine.store.rows import earlier, marks, moments, stamp, when
from engine.types import INTERVALS, Job

ACCEPTS = "accepts"
"""In a job's memory, when it was said: somebody has seen why it was refused, and wants what comes next."""

_ASKED_MEANWHILE = "CASE WHEN asked_at > running_at THEN asked_at END"
"""SQL: at the end of a run, what was asked before it began has been done; what was asked since has not."""


class JobOptions(Settings):
    """Options of an export or import."""

    outlives: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})
    """{what a job remembers: the options whose change makes that worthless}; the rest is forgotten with any change."""


@dataclass(frozen=True, slots=True)
class JobState:
    """How a job fares. `began_at`: its last start, or when it was made; `running_at`: when it began what has not ended;
    `asked_at`: somebody wants it to run now; `memory`: the kind's own, from one run to the next."""

    job_id: int
    began_at: datetime
    running_at: datetime | None
    asked_at: datetime | None
    asked_by: str
    done_at: datetime | None
    done_note: Text
    error_at: datetime | None
    error: Text
    memory: Mapping[str, Any]

    @property
    def is_failing(self) -> bool:
        return self.error_at is not None and (self.done_at is None or self.error_at > self.done_at)


class Jobs:
    """Called, it gives the jobs of one list, or of all (None)."""

    def __init__(self, db: Database, lists: Lists, changes: Changes, clock: Clock) -> None:
        self._db = db
        self._lists = lists
        self._changes = changes
        self._clock = clock

    def __call__(self, list_id: int | None = None) -> list[Job]:
        if list_id is None:
            return [_job(row) for row in self._db.rows("SELECT * FROM jobs ORDER BY id")]
        return [_job(row) for row in self._db.rows("SELECT * FROM jobs WHERE list_id = ? ORDER BY id", (list_id,))]

    def get(self, job_id: int) -> Job | None:
        row = self._db.row("SELECT * FROM jobs WHERE id = ?", (job_id,))
        return None if row is None else _job(row)

    def save(self, job: Job, kind: type[JobOptions], by: str) -> Job:
        """Creates (id 0) or changes a job; returns it with its id. `kind`: the class of its options, checked by the caller: it says
        what of them is secret, and what a job whose options change still remembers. `by`: the user who does it."""
        if job.interval not in INTERVALS:
            raise unfit("interval", "Interval", "must be one of {intervals}", intervals=INTERVALS)
        with self._db.transaction():
            self._lists.get(job.list_id)
            before = self.get(job.id) if job.id else None
            if job.id and before is None:
                raise ConfigError("this export or import was deleted")
            values = (job.list_id, job.kind, int(job.enabled), job.interval, int(job.if_changed), job.options)
            if before is not None:
                sql = "UPDATE jobs SET list_id=?, kind=?, enabled=?, interval=?, if_changed=?, options=?, memory=? WHERE id = ?"
                memory = _outliving(self.state(job.id).memory, before, job, kind)
                self._db.execute(sql, (*values, json.dumps(memory) if memory else "", job.id))
            else:
                columns = "list_id, kind, enabled, interval, if_changed, options, began_at"
                sql = f"INSERT INTO jobs ({columns}) VALUES (?, ?, ?, ?, ?, ?, ?)"
                job = replace(job, id=self._db.execute(sql, (*values, stamp(self._clock.now()))))
            self._changes.add(by, "job", job.id, _shown(before, kind) if before else None, _shown(job, kind))
            return job

    def delete(self, job_id: int, kind: type[JobOptions], by: str) -> None:
        with self._db.transaction():
            before = self.get(job_id)
            if before is None:
                return
            self._db.execute("DELETE FROM jobs WHERE id = ?", (job_id,))
            self._changes.add(by, "job", job_id, _shown(before, kind), None)

    # --- how they fare ------------------------------------------------------------------------------------------------

    def states(self) -> dict[int, JobState]:
        return {row["id"]: _state(row) for row in self._db.rows("SELECT * FROM jobs")}

    def state(self, job_id: int) -> JobState:
        """ConfigError when there is no such job."""
        row = self._db.row("SELECT * FROM jobs WHERE id = ?", (job_id,))
        if row is None:
            raise ConfigError("this export or import was deleted")
        return _state(row)

    def ask(self, job_id: int, by: str) -> None:
        """It is to run now, also if it is disabled and nothing has changed. `by`: the user who wants it."""
        with self._db.transaction():
            self._ask(job_id, by)

    def accept(self, job_id: int, by: str) -> None:
        """What the job gets next counts as right, whatever it is: it forgets what it remembered, and runs now."""
        with self._db.transaction():
            memory = json.dumps({ACCEPTS: self._ask(job_id, by)})
            self._db.execute("UPDATE jobs SET memory = ? WHERE id = ?", (memory, job_id))
            self._changes.add(by, "job", job_id, {"accepted": False}, {"accepted": True})

    def begin(self, job_id: int) -> str:
        """It runs: its next time is counted from now on. Returns the stamp of this run, for `done`: not before it was asked for,
        though the clock was set back since."""
        sql = "UPDATE jobs SET began_at = ?1, running_at = max(?1, coalesce(asked_at, '')) WHERE id = ?2 RETURNING running_at"
        row = self._db.changed_row(sql, (stamp(self._clock.now()), job_id))
        return "" if row is None else str(row["running_at"])

    def skip(self, job_ids: Sequence[int]) -> None:
        """There was nothing to do for them: their next time is counted from now on."""
        sql = f"UPDATE jobs SET began_at = ? WHERE id IN ({marks(job_ids)})"
        self._db.execute(sql, (stamp(self._clock.now()), *job_ids))

    def done(self, job: Job, kind: type[JobOptions], begun: str, note: Text, memory: Mapping[str, Any]) -> None:
        """`job`: as it ran; `kind`: as for `save`; `begun`: what `begin` returned. If it was changed meanwhile, what outlives that
        of `memory` is kept, and of a job of another list nothing; if it was accepted, that counts for the next run. Nothing happens
        when the job was deleted."""
        with self._db.transaction():
            now = self.get(job.id)
            if now is None:
                return
            kept = self.state(job.id).memory
            if now.list_id == job.list_id and kept.get(ACCEPTS, "") <= begun:
                kept = _outliving(memory, job, now, kind)
            sql = f"""UPDATE jobs SET done_at = ?1, done_note = ?3, running_at = NULL, asked_at = {_ASKED_MEANWHILE}, memory = ?4,
                error_at = {earlier("error_at")} WHERE id = ?5"""
            values = (to_stored(note), json.dumps(kept) if kept else "", job.id)
            self._db.execute(sql, (*moments(self._clock.now()), *values))

    def failed(self, job_id: int, error: Text) -> None:
        """Nothing happens when the job was deleted."""
        sql = f"""UPDATE jobs SET error_at = ?1, error = ?3, running_at = NULL, asked_at = {_ASKED_MEANWHILE},
            done_at = {earlier("done_at")} WHERE id = ?4"""
        self._db.execute(sql, (*moments(self._clock.now()), to_stored(error), job_id))

    def _ask(self, job_id: int, by: str) -> str:
        """When it was asked for: after the begin of what runs, though the clock was set back since."""
        row = self._db.row("SELECT running_at FROM jobs WHERE id = ?", (job_id,))
        begun = when(row["running_at"]) if row is not None else None
        now = self._clock.now()
        at = stamp(now if begun is None else max(now, begun + timedelta(microseconds=1)))
        self._db.execute("UPDATE jobs SET asked_at = ?, asked_by = ? WHERE id = ?", (at, by, job_id))
        return at


def _job(row: Row) -> Job:
    return Job(
        row["id"], row["list_id"], row["kind"], bool(row["enabled"]), row["interval"], bool(row["if_changed"]), row["options"]
    )


def _outliving(memory: Mapping[str, Any], before: Job, job: Job, kind: type[JobOptions]) -> dict[str, Any]:
    """What the job still remembers after the change."""
    if before.kind != job.kind:
        return {}
    if before.options == job.options:
        return dict(memory)
    then, now = from_json(before.options or "{}"), from_json(job.options or "{}")
    kept = {name: whom for name, whom in kind.outlives.items() if name in memory}
    return {name: memory[name] for name, whom in kept.items() if all(then.get(each) == now.get(each) for each in whom)}


def _state(row: Row) -> JobState:
    return JobState(
        job_id=row["id"],
        began_at=datetime.fromisoformat(row["began_at"]),
        running_at=when(row["running_at"]),
        asked_at=when(row["asked_at"]),
        asked_by=row["asked_by"],
        done_at=when(row["done_at"]),
        done_note=from_stored(row["done_note"]) if row["done_note"] else NOTHING,
        error_at=when(row["error_at"]),
        error=from_stored(row["error"]) if row["error"] else NOTHING,
        memory=from_json(row["memory"] or "{}"),
    )


def _shown(job: Job, kind: type[JobOptions]) -> Mapping[str, Any]:
    """As `changes` keeps it, without secrets."""
    return {
        "list_id": job.list_id,
        "kind": job.kind,
        "enabled": job.enabled,
        "interval": job.interval,
        "if_changed": job.if_changed,
        "options": without_secrets(kind, from_json(job.options or "{}")),
    }
