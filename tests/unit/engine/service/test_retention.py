"""Retention: the oldest pictures go when storage runs low, passages go after their days, what a message needs stays."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import StoreError
from board.kit.settings import check
from board.kit.words import Text
from engine.service import retention
from engine.service.retention import Retention, free_space_pct
from engine.settings import GeneralSettings
from engine.store import PassageQuery, Store, rescue
from engine.types import Delivery, Match, PassageImages
from tests.samples import NOW, new_store, passage


class Disk:
    """A camera with one passage a day for `days` days, each with a picture that takes 1 % of the storage."""

    def __init__(self, folder: Path, days: int, free_pct: float) -> None:
        self.images = folder / "images"
        self.clock = TestClock()
        self.store: Store = new_store(folder, self.clock)
        for day in range(days):
            at = NOW + timedelta(days=day)
            name = f"{at:%Y/%m/%d}/p{day}-full.jpg"
            (self.images / name).parent.mkdir(parents=True)
            (self.images / name).write_bytes(b"jpeg")
            self.store.add_passage(passage(id=f"p{day}", at=at, images=PassageImages(full=name)), ())
        self.free_at_start = free_pct
        self.retention = Retention(self.store, self.images, self.clock, self.free_pct)
        self.days = days

    def at(self, now: datetime) -> None:
        """So long later; a clock that is set back alone."""
        self.clock.advance(max(0.0, (now - self.clock.now()).total_seconds()))
        self.clock._now = now

    def restart(self) -> None:
        self.retention = Retention(self.store, self.images, self.clock, self.free_pct)

    def free_pct(self, path: Path) -> float:
        return self.free_at_start + self.days - len(self.pictures())

    def pictures(self) -> list[str]:
        return sorted(path.name for path in self.images.rglob("*.jpg"))


def test_nothing_is_deleted_while_enough_is_free(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 5, free_pct=10)
    assert (disk.retention.purge_images(), len(disk.pictures())) == (0, 5)


def test_the_oldest_pictures_are_deleted_and_their_passages_stay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    disk = Disk(tmp_path, 6, free_pct=5)
    orphan = disk.images / "2026/01/02/crashed-full.jpg"
    orphan.write_bytes(b"jpeg")
    disk.free_at_start += 1  # of the picture without passage, which goes with its day
    assert disk.retention.purge_images() == 4
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
    disk.retention._drop_folders("2027/01/02")
    assert disk.pictures() == ["p0-full.jpg", "p1-full.jpg", "p2-full.jpg"]


def test_a_slow_card_does_not_keep_the_service_from_showing_that_it_lives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 1)
    disk = Disk(tmp_path, 8, free_pct=2)

    def slow(path: Path) -> float:
        disk.clock.advance(1.5)
        return disk.free_pct(path)

    jobs = Retention(disk.store, disk.images, disk.clock, slow)
    assert [jobs.purge_images() for _ in range(3)] == [3, 3, 2]


def test_pictures_are_deleted_where_there_is_room_but_no_file_more_can_be_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = Disk(tmp_path, 6, free_pct=50)
    real = os.statvfs(tmp_path)

    def statvfs(path: Path) -> Any:
        return SimpleNamespace(f_files=100, f_favail=13 - len(disk.pictures()))

    jobs = Retention(disk.store, disk.images, disk.clock)
    disk.store.settings.put(check(GeneralSettings, {"keep_free_pct": 1}), "admin")
    assert jobs.purge_images() == 0
    monkeypatch.setattr(os, "statvfs", statvfs)
    monkeypatch.setattr(retention, "CHUNK", 2)
    monkeypatch.setattr(retention, "space", lambda path: (real.f_blocks, real.f_blocks))
    disk.store.settings.put(check(GeneralSettings, {"keep_free_pct": 10}), "admin")
    assert (jobs.purge_images(), disk.pictures()) == (4, ["p4-full.jpg", "p5-full.jpg"])
    assert len(disk.store.passages(PassageQuery())) == 6


def test_a_full_storage_without_pictures_is_reported(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1, free_pct=3)
    with pytest.raises(
        StoreError, match=r"the storage is nearly full: 4.0 % is free, 10 % should be, and there are no pictures left to delete"
    ):
        disk.retention.purge_images()


def test_a_picture_name_that_leaves_the_folder_deletes_nothing(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=9.5)
    victim = tmp_path / "victim.jpg"
    victim.write_bytes(b"jpeg")
    disk.store.add_passage(passage(images=PassageImages(full="../victim.jpg", plate=str(victim))), ())
    with pytest.raises(StoreError):
        disk.retention.purge_images()
    assert victim.exists()


def test_the_oldest_passages_over_the_bound_are_deleted_with_their_pictures(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    disk = Disk(tmp_path, 5, free_pct=50)
    disk.store.settings.put(GeneralSettings(history_passages=2), "admin")
    caplog.set_level("INFO")
    assert (disk.retention.bound_database(), disk.pictures()) == (3, ["p3-full.jpg", "p4-full.jpg"])
    assert caplog.messages == ["the 3 oldest passages deleted: no more than 2 are kept"]
    assert [one.passage.id for one in disk.store.passages(PassageQuery())] == ["p4", "p3"]


def test_what_was_deleted_between_others_costs_none_of_the_number_that_is_kept(tmp_path: Path) -> None:
    """A list keeps strangers for a day, others for ever: those went as if the strangers were still stored."""
    disk = Disk(tmp_path, 8, free_pct=50)
    rows = {each.passage.id: each.rowid for each in disk.store.passages(PassageQuery())}
    disk.store.passages.delete([rows[f"p{day}"] for day in (1, 3, 4, 5, 6)])
    for keep, left in ((3, ["p7", "p2", "p0"]), (2, ["p7", "p2"])):
        disk.store.settings.put(GeneralSettings(history_passages=keep), "admin")
        disk.retention.bound_database()
        assert [one.passage.id for one in disk.store.passages(PassageQuery())] == left


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
        disk.retention.purge_images()
    assert disk.pictures() == ["p0-full.jpg", "p2-full.jpg", "p4-full.jpg"]
    disk.store.settings.put(GeneralSettings(history_passages=1), "admin")
    assert disk.retention.bound_database() == 2
    assert [one.passage.id for one in disk.store.passages(PassageQuery())] == ["p5", "p4", "p2", "p0"]
    assert disk.pictures() == ["p0-full.jpg", "p2-full.jpg", "p4-full.jpg"]
    disk.store.deliveries.finish("d0", "done", NOW, Text(""))
    assert disk.retention.bound_database() == 1
    assert disk.pictures() == ["p2-full.jpg", "p4-full.jpg"]


def test_everything_is_kept_when_the_settings_say_so(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 5, free_pct=50)
    disk.store.settings.put(GeneralSettings(history_passages=0), "admin")
    assert (disk.retention.bound_database(), len(disk.store.passages(PassageQuery()))) == (0, 5)


def test_free_space_of_a_folder_that_does_not_exist_yet_is_that_of_its_parent(tmp_path: Path) -> None:
    assert 0 <= free_space_pct(tmp_path / "not" / "there") <= 100
    assert GeneralSettings().keep_free_pct == 10


def purge(disk: Disk, **settings: object) -> None:
    disk.store.settings.put(check(GeneralSettings, {"keep_free_pct": 1, **settings}), "admin")


def ids(disk: Disk) -> list[str]:
    return [one.passage.id for one in disk.store.passages(PassageQuery())]


def swept(disk: Disk) -> int:
    return sum(disk.retention.sweep() for _ in range(5))


def test_passages_go_with_their_pictures_after_their_days_at_the_intervals_time(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 10, free_pct=50)
    purge(disk, purge="days", purge_days=7, time_zone="Europe/Berlin")
    disk.at(NOW + timedelta(days=9, hours=1))
    assert (swept(disk), ids(disk), len(disk.pictures())) == (3, [f"p{day}" for day in range(9, 2, -1)], 7)
    disk.at(NOW + timedelta(days=10, hours=1))
    assert (swept(disk), ids(disk)) == (1, [f"p{day}" for day in range(9, 3, -1)])  # at Sunday's 23:59:59
    disk.at(datetime(2026, 1, 12, 22, 59, 58, tzinfo=UTC))  # 23:59:58 in Berlin
    disk.store.lists.save(replace(disk.store.lists()[0], keep_days=1), "admin")
    assert swept(disk) == 0
    disk.clock._now += timedelta(seconds=1)
    disk.store.settings.put(GeneralSettings(purge="days", purge_days=1, time_zone="Europe/Berlin"), "admin")
    assert (swept(disk), ids(disk)) == (6, [])


def test_pictures_whose_passages_a_new_database_does_not_know_go_after_their_days_too(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 10, free_pct=50)
    purge(disk, purge="days", purge_days=7)
    for day in ("2025/12/09", "2026/01/08"):
        (disk.images / day).mkdir(parents=True, exist_ok=True)
        (disk.images / day / "lost-full.jpg").write_bytes(b"jpeg")
    disk.at(NOW + timedelta(days=9, hours=1))
    assert (swept(disk), len(ids(disk))) == (3, 7)
    assert [path.relative_to(disk.images).as_posix() for path in disk.images.rglob("lost*")] == ["2026/01/08/lost-full.jpg"]


@pytest.mark.parametrize("settings", [{"purge": "freespace"}, {"purge": "disabled"}])
def test_no_other_type_deletes_by_days(tmp_path: Path, settings: dict[str, object]) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    purge(disk, purge_days=1, **settings)
    disk.at(NOW + timedelta(days=300))
    assert (swept(disk), len(ids(disk))) == (0, 3)


def test_nothing_is_deleted_at_all_when_the_purge_is_disabled(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 3, free_pct=0)
    purge(disk, purge="disabled", history_passages=1, keep_free_pct=80)
    disk.store.lists.save(replace(disk.store.lists()[0], keep_days=1), "admin")
    disk.at(NOW + timedelta(days=300))
    assert (disk.retention.purge_images(), disk.retention.bound_database(), swept(disk), len(ids(disk))) == (0, 0, 0, 3)


def test_a_lists_own_days_count_and_of_several_lists_the_longest(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 0, free_pct=50)
    purge(disk, purge="days", purge_days=30)
    white = next(each for each in disk.store.lists() if each.role == "white")
    black = next(each for each in disk.store.lists() if each.role == "black")
    both, some, none = (white, black), (white,), ()
    for name, lists in (("both", both), ("some", some), ("none", none)):
        disk.store.add_passage(passage(id=name), [], [Match(each, None) for each in lists])
    disk.store.lists.save(replace(white, keep_days=1), "admin")
    disk.store.lists.save(replace(black, keep_days=10), "admin")
    for days, left in ((2, ["none", "both"]), (11, ["none"]), (31, [])):
        disk.at(NOW + timedelta(days=days))
        swept(disk)
        assert ids(disk) == left


def test_a_sweep_goes_on_where_its_time_ended_and_leaves_what_a_message_needs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CHUNK", 2), ("CHUNKS_PER_RUN", 2), ("WINDOW", 3)):
        monkeypatch.setattr(retention, name, value)
    disk = Disk(tmp_path, 0, free_pct=50)
    purge(disk, purge="days", purge_days=1)
    for number in range(12):
        disk.store.add_passage(passage(id=f"p{number}"), [waiting(number)] if number in (0, 5) else [])
    disk.at(NOW + timedelta(days=2))
    assert sum(disk.retention.sweep() for _ in range(10)) == 10
    assert ids(disk) == ["p5", "p0"]
    assert disk.store.counters()["purged"].value == 10


def test_a_clock_that_is_not_set_deletes_nothing_and_a_missed_time_comes_late(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 2, free_pct=50)
    purge(disk, purge="days", purge_days=1, purge_interval="month")
    disk.at(datetime(1970, 1, 1, 0, 5, tzinfo=UTC))
    assert swept(disk) == 0
    disk.at(NOW + timedelta(hours=30))  # the first time there is a clock
    assert swept(disk) == 1
    disk.at(datetime(2026, 2, 1, 23, 59, 58, tzinfo=UTC))
    assert swept(disk) == 0
    disk.at(datetime(2026, 2, 14, tzinfo=UTC))  # it was off on the first
    assert swept(disk) == 1


def test_the_oldest_passages_go_when_the_cameras_own_storage_is_nearly_full_but_the_newest_stay(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "LEAST_PASSAGES", 3)
    disk = Disk(tmp_path, 6, free_pct=1)
    disk.days = len(disk.pictures())
    monkeypatch.setattr(disk.retention, "_free_pct", lambda path: 1.0)
    purge(disk, keep_camera_free_pct=80)
    assert (disk.retention.bound_database(), ids(disk)) == (3, ["p5", "p4", "p3"])
    purge(disk, keep_camera_free_pct=1)
    assert disk.retention.bound_database() == 0


def test_a_clock_that_goes_years_ahead_and_is_set_right_within_a_day_costs_no_passage(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.at(NOW + timedelta(days=3))
    assert swept(disk) == 0
    disk.clock._now += timedelta(days=10_000)
    assert swept(disk) == 0
    disk.clock.advance(23 * 3_600)
    assert swept(disk) == 0
    disk.clock._now -= timedelta(days=10_000)
    assert (swept(disk), len(ids(disk))) == (0, 3)
    disk.clock._now += timedelta(days=10_000)
    assert swept(disk) == 0  # it is doubted anew
    disk.clock.advance(24 * 3_600)
    assert (swept(disk), len(ids(disk))) == (3, 0)  # it is meant so


def test_after_a_clock_that_was_ahead_passages_go_by_their_days_again(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    purge(disk, purge="days", purge_days=5)
    disk.store.counters.add("purged", 0)
    disk.store.db.execute("UPDATE counters SET changed_at = '2056-01-01T00:00:00.000Z' WHERE name = 'purged'")
    disk.at(NOW + timedelta(days=6))
    assert swept(disk) == 1


def test_a_restart_while_the_clock_is_years_ahead_costs_no_passage(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.at(NOW + timedelta(days=3))
    assert swept(disk) == 0
    disk.clock._now += timedelta(days=10_000)
    assert swept(disk) == 0
    disk.store.add_passage(passage(id="late", at=disk.clock.now()), ())
    disk.clock.advance(3_600)
    disk.restart()
    assert swept(disk) == 0
    disk.clock.advance(23 * 3_600)
    assert (swept(disk), ids(disk)) == (3, ["late"])  # it is meant so


def test_a_clock_that_lost_its_time_while_the_camera_was_off_costs_no_passage(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    disk.clock._follows = False  # nor is there a time server that would know
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.at(NOW + timedelta(days=10_000))
    disk.restart()
    assert swept(disk) == 0
    disk.restart()
    disk.clock.advance(23 * 3_600)
    assert swept(disk) == 0
    disk.at(NOW + timedelta(days=3))
    assert (swept(disk), len(ids(disk))) == (0, 3)


@pytest.mark.parametrize("follows", [False, True])
def test_a_clock_that_goes_years_ahead_before_the_first_look_at_it_costs_no_passage(tmp_path: Path, follows: bool) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    disk.clock._follows = follows
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.restart()
    disk.clock._now += timedelta(days=3_650)
    disk.store.add_passage(passage(id="late", at=disk.clock.now()), ())  # the last that is known
    assert swept(disk) == 0
    disk.clock._now -= timedelta(days=3_650)
    assert (swept(disk), len(ids(disk))) == (0, 4)


def test_a_time_server_that_is_ten_years_wrong_at_the_start_costs_no_passage(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 3, free_pct=50)
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.at(NOW + timedelta(days=3_650))
    disk.restart()
    assert (swept(disk), len(ids(disk))) == (0, 3)


def test_a_clock_that_its_time_server_sets_after_the_start_is_not_doubted(tmp_path: Path) -> None:
    """A board without a battery that is on for some hours a week would delete nothing any more."""
    disk = Disk(tmp_path, 3, free_pct=50)
    disk.clock._follows = False
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.restart()
    disk.clock._follows = True
    disk.clock._now += timedelta(days=40)
    assert swept(disk) == 3


def test_passages_of_a_clock_that_was_not_set_stay_as_long_as_the_next_ones(tmp_path: Path) -> None:
    """Nobody knows their days: a board without a battery begins in 1970, and its time server answers an hour later."""
    disk = Disk(tmp_path, 1, free_pct=50)
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    for number in range(3):
        disk.store.add_passage(passage(id=f"unset{number}", at=datetime(1970, 1, 1, 0, number, tzinfo=UTC)), ())
    disk.at(NOW + timedelta(days=29))
    assert (swept(disk), len(ids(disk))) == (0, 4)
    disk.store.add_passage(passage(id="set", at=disk.clock.now()), ())
    disk.at(NOW + timedelta(days=58))
    assert (swept(disk), set(ids(disk))) == (1, {"set", "unset0", "unset1", "unset2"})
    disk.at(NOW + timedelta(days=60))
    assert (swept(disk), ids(disk)) == (4, [])


def test_passages_of_a_clock_that_was_ahead_go_with_the_next_ones(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1, free_pct=50)
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    disk.store.add_passage(passage(id="ahead", at=NOW + timedelta(days=10_000)), ())
    disk.store.add_passage(passage(id="right", at=NOW + timedelta(days=2)), ())
    disk.at(NOW + timedelta(days=31))
    assert (swept(disk), set(ids(disk))) == (1, {"right", "ahead"})
    disk.at(NOW + timedelta(days=33))
    assert (swept(disk), ids(disk)) == (2, [])


def test_a_damaged_database_that_was_set_aside_goes_when_its_passages_would(tmp_path: Path) -> None:
    disk = Disk(tmp_path, 1, free_pct=50)
    purge(disk, purge="days", purge_days=30, purge_interval="hour")
    files = rescue.aside_files(disk.store.db.path)
    for path in files:
        path.write_bytes(b"all plates of before")
        os.utime(path, (NOW.timestamp(), NOW.timestamp()))
    disk.at(NOW + timedelta(days=29))
    swept(disk)
    assert all(path.exists() for path in files)
    disk.at(NOW + timedelta(days=31))
    swept(disk)
    assert not any(path.exists() for path in files)
