"""Scheduler: the oldest pictures go when storage runs low, bounds of the database, jobs that fail, clock steps."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.errors import StoreError
from board.kit.words import Text
from engine.service import scheduler
from engine.service.scheduler import Scheduler, free_space_pct
from engine.settings import GeneralSettings
from engine.store import PassageQuery, Store
from engine.store.database import Database
from engine.types import Delivery, PassageImages
from tests.samples import NOW, new_store, passage


class Disk:
    """A camera with one passage a day for `days` days, each with a picture that takes 1 % of the storage."""

    def __init__(self, folder: Path, days: int, free_pct: float) -> None:
        self.images = folder / "images"
        self.clock = TestClock()
        self.store: Store = new_store(folder, self.clock)
        self.reports: list[Text] = []
        for day in range(days):
            at = NOW + timedelta(days=day)
            name = f"{at:%Y/%m/%d}/p{day}-full.jpg"
            (self.images / name).parent.mkdir(parents=True)
            (self.images / name).write_bytes(b"jpeg")
            self.store.add_passage(passage(id=f"p{day}", at=at, images=PassageImages(full=name)), ())
        self.free_at_start = free_pct
        self.scheduler = Scheduler(self.store, lambda: None, self.images, self.clock, self.reports.append, self.free_pct)
        self.days = days

    def free_pct(self, path: Path) -> float:
        return self.free_at_start + self.days - len(self.pictures())

    def pictures(self) -> list[str]:
        return sorted(path.name for path in self.images.rglob("*.jpg"))


def test_nothing_is_deleted_while_enough_is_free(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 5, free_pct=10)
    assert (disk.scheduler.purge_images(), len(disk.pictures())) == (0, 5)


def test_the_oldest_pictures_are_deleted_and_their_passages_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CHUNK", 2)
    disk = Disk(tmp_path, 6, free_pct=5)
    orphan = disk.images / "2026/01/02/crashed-full.jpg"
    orphan.write_bytes(b"jpeg")
    disk.free_at_start += 1  # of the picture without passage, which goes with its day
    assert disk.scheduler.purge_images() == 4
    assert disk.pictures() == ["p4-full.jpg", "p5-full.jpg"]
    found = disk.store.passages(PassageQuery())
    assert [one.passage.images.full for one in found] == ["2026/01/07/p5-full.jpg", "2026/01/06/p4-full.jpg", "", "", "", ""]


def test_a_clock_that_was_a_year_ahead_for_a_while_costs_no_later_passage_its_picture(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=8)
    for number, days in enumerate((365, 1, 2)):
        at = NOW + timedelta(days=days)
        name = f"{at:%Y/%m/%d}/p{number}-full.jpg"
        (disk.images / name).parent.mkdir(parents=True)
        (disk.images / name).write_bytes(b"jpeg")
        disk.store.add_passage(passage(id=f"p{number}", at=at, images=PassageImages(full=name)), ())
    disk.scheduler._drop_folders("2027/01/02")
    assert disk.pictures() == ["p0-full.jpg", "p1-full.jpg", "p2-full.jpg"]


def test_a_slow_card_does_not_keep_the_service_from_showing_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scheduler, "CHUNK", 1)
    disk = Disk(tmp_path, 8, free_pct=2)

    def slow(path: Path) -> float:
        disk.clock.advance(1.5)
        return disk.free_pct(path)

    jobs = Scheduler(disk.store, lambda: None, disk.images, disk.clock, disk.reports.append, slow)
    assert [jobs.purge_images() for _ in range(3)] == [3, 3, 2]


def test_a_full_storage_without_pictures_is_reported(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1, free_pct=3)
    with pytest.raises(
        StoreError, match=r"the storage is nearly full: 4.0 % is free, 10 % should be, and there are no pictures left to delete"
    ):
        disk.scheduler.purge_images()


def test_a_picture_name_that_leaves_the_folder_deletes_nothing(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=9.5)
    victim = tmp_path / "victim.jpg"
    victim.write_bytes(b"jpeg")
    disk.store.add_passage(passage(images=PassageImages(full="../victim.jpg", plate=str(victim))), ())
    with pytest.raises(StoreError):
        disk.scheduler.purge_images()
    assert victim.exists()


def test_the_oldest_passages_over_the_bound_are_deleted_with_their_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path, 5, free_pct=50)
    disk.store.settings.put(GeneralSettings(history_passages=2), "admin")
    assert (disk.scheduler.bound_database(), disk.pictures()) == (3, ["p3-full.jpg", "p4-full.jpg"])
    assert [one.passage.id for one in disk.store.passages(PassageQuery())] == ["p4", "p3"]


def waiting(number: int, state: str = "pending") -> Delivery:
    finished = None if state in ("pending", "sending") else NOW
    return Delivery(f"d{number}", f"p{number}", 1, "http", state, NOW, NOW + timedelta(days=1), 0, NOW, finished, Text(""))


def test_no_purge_takes_a_passage_or_a_picture_whose_message_is_not_delivered(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=5)
    for number, state in enumerate(("pending", "done", "sending", "expired", "pending", "failed")):
        name = f"2026/01/02/p{number}-full.jpg"
        (disk.images / name).parent.mkdir(parents=True, exist_ok=True)
        (disk.images / name).write_bytes(b"jpeg")
        one = passage(id=f"p{number}", images=PassageImages(full=name))
        disk.store.add_passage(one, [waiting(number, state)])
    with pytest.raises(StoreError, match="no pictures left to delete"):
        disk.scheduler.purge_images()
    assert disk.pictures() == ["p0-full.jpg", "p2-full.jpg", "p4-full.jpg"]
    disk.store.settings.put(GeneralSettings(history_passages=1), "admin")
    assert disk.scheduler.bound_database() == 2
    assert [one.passage.id for one in disk.store.passages(PassageQuery())] == ["p5", "p4", "p2", "p0"]
    assert disk.pictures() == ["p0-full.jpg", "p2-full.jpg", "p4-full.jpg"]
    disk.store.deliveries.finish("d0", "done", NOW, Text(""))
    assert disk.scheduler.bound_database() == 1
    assert disk.pictures() == ["p2-full.jpg", "p4-full.jpg"]


def test_everything_is_kept_when_the_settings_say_so(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 5, free_pct=50)
    disk.store.settings.put(GeneralSettings(history_passages=0), "admin")
    assert (disk.scheduler.bound_database(), len(disk.store.passages(PassageQuery()))) == (0, 5)


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
    jobs = Scheduler(
        disk.store, lambda: None, disk.images, disk.clock, disk.reports.append, disk.free_pct, sync=lambda: calls.append("sync")
    )
    jobs._jobs.run_all()
    assert calls == ["sync"]
    assert [job.interval for job in jobs._jobs.get_jobs()] == [30, 60, 20, 1, 1, 1, 3]


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
    jobs = Scheduler(disk.store, lambda: done.append("checkpoint"), disk.images, disk.clock, disk.reports.append, lambda path: 1.0)
    jobs._jobs.run_all()
    assert done == ["checkpoint"]
    assert [str(each) for each in disk.reports] == [
        "the storage is nearly full: 1.0 % is free, 10 % should be, and there are no pictures left to delete"
    ]


def test_a_step_of_the_wall_clock_plans_everything_anew(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=50)
    before = disk.scheduler._jobs.get_jobs()
    disk.scheduler.run()
    assert disk.scheduler._jobs.get_jobs() == before
    disk.clock._now -= timedelta(days=400)
    disk.scheduler.run()
    after = disk.scheduler._jobs.get_jobs()
    assert len(after) == len(before)
    assert not {id(job) for job in after} & {id(job) for job in before}


def test_the_end_of_summer_time_does_not_stop_the_jobs_for_an_hour(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    time.tzset()
    try:
        disk = Disk(tmp_path, 0, free_pct=50)
        disk.clock._now = datetime(2026, 10, 25, 0, 59, 30, tzinfo=UTC)
        disk.scheduler.run()
        before = disk.scheduler._jobs.get_jobs()
        disk.clock.advance(20)
        disk.scheduler.run()
        assert all(job in before for job in disk.scheduler._jobs.get_jobs())
        disk.clock.advance(20)
        disk.scheduler.run()
        assert not any(job in before for job in disk.scheduler._jobs.get_jobs())
    finally:
        monkeypatch.undo()
        time.tzset()


def test_free_space_of_a_folder_that_does_not_exist_yet_is_that_of_its_parent(tmp_path: Path) -> None:
    assert 0 <= free_space_pct(tmp_path / "not" / "there") <= 100
    assert GeneralSettings().keep_free_pct == 10
