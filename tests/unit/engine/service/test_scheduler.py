"""Scheduler: what is due is done, a job that fails is reported, clock steps."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from board.kit.words import Text
from engine.service.retention import Retention
from engine.service.scheduler import Scheduler
from engine.store.database import Database
from tests.unit.engine.service.test_retention import Disk


def test_what_was_committed_is_made_safe_every_second(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = Disk(tmp_path, days=1, free_pct=50)
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda number: synced.append(os.fstat(number).st_size))
    disk.store.counters.add("Results")
    for _ in range(2):
        disk.store.db.sync()
    assert len(synced) == 1, "nothing was written since"
    disk.store.counters.add("Results")
    disk.store.db.sync()
    assert synced == sorted(set(synced))
    calls: list[str] = []
    jobs = Scheduler(disk.retention, lambda: None, disk.clock, print, sync=lambda: calls.append("sync"))
    jobs._jobs.run_all()
    assert calls == ["sync"]
    assert [job.interval for job in jobs._jobs.get_jobs()] == [30, 60, 30, 30, 20, 1, 1, 1, 3, 60, 60]


def test_a_lock_of_the_database_survives_its_sync(tmp_path: Path) -> None:
    disk = Disk(tmp_path, days=1, free_pct=50)
    other = Database(tmp_path / "anpr.db")
    with disk.store.transaction():
        disk.store.counters.add("Results")
        disk.store.db.sync()
        script = (
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], timeout=0.1, isolation_level=None);c.execute('BEGIN IMMEDIATE')"
        )
        found = subprocess.run([sys.executable, "-c", script, str(tmp_path / "anpr.db")], capture_output=True, check=False)
        assert b"database is locked" in found.stderr
    other.close()


def test_a_job_that_fails_is_reported_and_stops_no_other(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=0)
    done: list[str] = []
    reports: list[Text] = []
    full = Retention(disk.store, disk.images, disk.clock, lambda path: 1.0)
    jobs = Scheduler(full, lambda: done.append("checkpoint"), disk.clock, reports.append)
    jobs._jobs.run_all()
    assert done == ["checkpoint"]
    assert [str(each) for each in reports] == [
        "the storage is nearly full: 1.0 % is free, 10 % should be, and there are no pictures left to delete"
    ]


def test_a_step_of_the_wall_clock_plans_everything_anew(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=50)
    jobs = Scheduler(disk.retention, lambda: None, disk.clock, print)
    before = jobs._jobs.get_jobs()
    jobs.run()
    assert jobs._jobs.get_jobs() == before
    disk.clock._now -= timedelta(days=400)
    jobs.run()
    after = jobs._jobs.get_jobs()
    assert len(after) == len(before)
    assert not {id(job) for job in after} & {id(job) for job in before}


def test_the_end_of_summer_time_does_not_stop_the_jobs_for_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        disk = Disk(tmp_path, 0, free_pct=50)
        jobs = Scheduler(disk.retention, lambda: None, disk.clock, print)
        disk.clock._now = datetime(2026, 10, 25, 0, 59, 30, tzinfo=UTC)
        jobs.run()
        before = jobs._jobs.get_jobs()
        disk.clock.advance(20)
        jobs.run()
        assert all(job in before for job in jobs._jobs.get_jobs())
        disk.clock.advance(20)
        jobs.run()
        assert not any(job in before for job in jobs._jobs.get_jobs())
    finally:
        monkeypatch.undo()
        time.tzset()
