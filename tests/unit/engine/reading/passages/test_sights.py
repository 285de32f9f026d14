"""Sights over a restart: what the passages and the file tell, and which clock is believed."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from engine.reading.passages import sights
from engine.reading.passages.sights import NOTHING_KNOWN, SightsFile, known_at_start
from engine.types import Passage
from tests.recorder import Recorder
from tests.samples import passage

SECOND = 1_000_000_000


class Bench:
    """A camera an hour after its boot."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "sights.json"
        self.clock = TestClock()
        self.clock.advance(3600)

    def passage(self, plate: str, seconds_ago: float, monotonic_off_s: float = 0.0) -> Passage:
        at = self.clock.now() - timedelta(seconds=seconds_ago)
        ns = self.clock.monotonic_ns() - round((seconds_ago - monotonic_off_s) * 1e9)
        return passage(plate, id=plate, at=at, monotonic_ns=ns)

    def keep(self, plate: str) -> None:
        SightsFile(self.file, self.clock).keep({plate: self.clock.monotonic_ns()}, at_once=True)

    def ages_s(self, *stored: Passage) -> dict[str, float]:
        known = known_at_start(stored, self.file, self.clock)
        return {plate: (self.clock.monotonic_ns() - seen_ns) / 1e9 for plate, seen_ns in known.sights.items()}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_passages_tell_when_plates_were_seen_and_in_which_order_they_were_accepted(bench: Bench) -> None:
    stored = [bench.passage("A1", 50), bench.passage("B2", 40), bench.passage("", 30), bench.passage("A1", 20)]
    assert bench.ages_s(*stored) == {"B2": 40.0, "A1": 20.0}
    assert known_at_start(stored, bench.file, bench.clock).accepted == ("A1", "B2", "A1")


def test_the_monotonic_clock_counts_where_the_wall_clock_agrees(bench: Bench) -> None:
    assert bench.ages_s(bench.passage("A1", 50, monotonic_off_s=5)) == {"A1": 45.0}


def test_a_passage_of_an_earlier_boot_is_as_old_as_the_wall_clock_says(bench: Bench) -> None:
    later, earlier = bench.passage("A1", 50, monotonic_off_s=-7200), bench.passage("B2", 4000, monotonic_off_s=3000)
    assert bench.ages_s(later, earlier) == {"B2": 4000.0, "A1": 50.0}


@pytest.mark.parametrize("at", [datetime(1970, 1, 1, 0, 5, tzinfo=UTC), datetime(2056, 1, 1, tzinfo=UTC)])
def test_a_stamp_that_cannot_be_right_leaves_the_monotonic_clock_alone_to_tell(bench: Bench, at: datetime) -> None:
    now_ns = bench.clock.monotonic_ns()
    this_boot = passage("A1", id="a", at=at, monotonic_ns=now_ns - 30 * SECOND)
    earlier_boot = passage("B2", id="b", at=at, monotonic_ns=now_ns + 30 * SECOND)
    assert bench.ages_s(this_boot, earlier_boot) == {"A1": 30.0}


def test_a_clock_that_was_never_set_is_not_believed(bench: Bench) -> None:
    bench.clock = TestClock(datetime(1970, 1, 1, tzinfo=UTC))
    bench.clock.advance(100)
    stored = passage("A1", id="a", at=datetime(1970, 1, 1, 0, 0, 50, tzinfo=UTC), monotonic_ns=10**15)
    assert bench.ages_s(stored) == {}


def test_a_car_that_stands_there_is_known_by_its_last_sight(bench: Bench) -> None:
    stored = bench.passage("A1", 3000)
    file = SightsFile(bench.file, bench.clock)
    file.keep({"A1": bench.clock.monotonic_ns() - SECOND, "B2": bench.clock.monotonic_ns() - 100 * SECOND}, at_once=True)
    bench.clock.advance(7)
    known = known_at_start([stored], bench.file, bench.clock)
    assert bench.ages_s(stored) == {"A1": 8.0}
    assert (known.standing, known.start_ns) == (("A1",), bench.clock.monotonic_ns())
    bench.clock.advance(200)
    assert known_at_start([stored], bench.file, bench.clock).standing == ()


def test_a_car_that_came_just_before_the_engine_died_stands_there_however_long_the_next_one_takes_to_start(bench: Bench) -> None:
    bench.keep("A1")
    bench.clock.advance(1)
    just_come = bench.passage("B2", 0)
    bench.clock.advance(33)
    known = known_at_start([bench.passage("C3", 60), just_come], bench.file, bench.clock)
    assert known.standing == ("B2",)
    bench.file.unlink()
    assert known_at_start([just_come], bench.file, bench.clock).standing == ("B2",)
    bench.clock.advance(120)
    assert known_at_start([just_come], bench.file, bench.clock).standing == ()


def test_a_car_whose_passage_was_not_stored_still_waits_and_is_not_known(bench: Bench) -> None:
    bench.keep("A1")
    known = known_at_start([], bench.file, bench.clock)
    assert (dict(known.sights), known.accepted, known.standing) == ({}, (), ())


def test_after_another_boot_the_wall_clock_tells_how_long_ago_a_sight_was(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    stored = bench.passage("A1", 3000)
    bench.keep("A1")
    monkeypatch.setattr(sights, "boot_id", lambda: "another")
    after = TestClock(bench.clock.now() + timedelta(seconds=40))
    assert known_at_start([stored], bench.file, after).standing == ("A1",)
    assert known_at_start([stored], bench.file, TestClock(bench.clock.now() + timedelta(hours=1))).standing == ()


def test_after_a_power_cut_that_set_the_wall_clock_back_a_car_that_stood_there_is_not_let_in_twice(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = bench.passage("A1", 3000)
    bench.keep("A1")
    monkeypatch.setattr(sights, "boot_id", lambda: "another")
    for now in (bench.clock.now() - timedelta(seconds=1), datetime(1970, 1, 1, tzinfo=UTC)):
        assert known_at_start([stored], bench.file, TestClock(now)).standing == ("A1",)


def test_after_a_power_cut_a_clock_that_no_time_server_had_set_does_not_tell_how_long_ago_it_was(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.clock = TestClock(follows=False)
    bench.clock.advance(3600)
    stored = bench.passage("A1", 3000)
    bench.keep("A1")
    monkeypatch.setattr(sights, "boot_id", lambda: "another")
    right = TestClock(bench.clock.now() + timedelta(days=329))
    assert known_at_start([stored], bench.file, right).standing == ("A1",)


def test_a_car_that_was_let_in_after_the_file_was_written_last_stands_there_after_a_power_cut(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench.clock = TestClock(follows=False)
    bench.clock.advance(3600)
    SightsFile(bench.file, bench.clock).keep({"C3": bench.clock.monotonic_ns()}, at_once=True)
    bench.clock.advance(5)
    stored = [bench.passage("A1", 200), bench.passage("B2", 3)]
    monkeypatch.setattr(sights, "boot_id", lambda: "another")
    for now in (bench.clock.now() + timedelta(days=329), bench.clock.now() - timedelta(days=1)):
        assert known_at_start(stored, bench.file, TestClock(now)).standing == ("B2",)


def test_who_stands_there_is_on_the_disk_as_soon_as_it_changes(bench: Bench, recorder: Recorder) -> None:
    file = SightsFile(bench.file, bench.clock)
    for plates in ({"A1"}, {"A1", "B2"}, {"B2"}):
        recorder.events.clear()
        file.keep(dict.fromkeys(plates, bench.clock.monotonic_ns()))
        file.wait()
        assert json.loads(bench.file.read_bytes())["seen_ns"].keys() == plates
        assert recorder.events == [("sync", "sights.json.new"), ("rename", "sights.json"), ("sync", f"{bench.file.parent.name}/")]
        bench.clock.advance(8)


def test_the_file_is_written_when_a_plate_joins_or_leaves_and_now_and_then_while_the_same_ones_stay(bench: Bench) -> None:
    file = SightsFile(bench.file, bench.clock)

    def kept_at_ns(*plates: str, at_once: bool = False) -> int:
        file.keep(dict.fromkeys(plates, bench.clock.monotonic_ns()), at_once=at_once)
        file.wait()
        return int(json.loads(bench.file.read_bytes())["at_ns"])

    first_ns = kept_at_ns("A1")
    bench.clock.advance(0.5)
    second_ns = kept_at_ns("A1", "B2")
    assert second_ns == first_ns + SECOND // 2, "whoever joins is kept at once"
    bench.clock.advance(1)
    assert kept_at_ns("A1") == second_ns, "soon after the last time"
    bench.clock.advance(28)
    assert kept_at_ns("A1", "B2") == second_ns
    bench.clock.advance(1)
    third_ns = kept_at_ns("A1", "B2")
    assert third_ns == second_ns + 30 * SECOND
    bench.clock.advance(1)
    assert kept_at_ns("A1", "B2", at_once=True) == third_ns + SECOND


@pytest.mark.parametrize(
    "damage",
    [b"", b"[]", b'{"boot": 1}', b'{"boot": "x", "at": "y", "at_ns": 0, "seen_ns": {}}', b"\xff", b"[" * 100_000],
    ids=range(6),
)
def test_a_damaged_file_is_as_good_as_none(bench: Bench, damage: bytes) -> None:
    bench.file.write_bytes(damage)
    assert bench.ages_s(bench.passage("A1", 50)) == {"A1": 50.0}


def test_nothing_is_known_on_the_first_day(bench: Bench) -> None:
    known = known_at_start([], bench.file, bench.clock)
    assert (dict(known.sights), known.accepted, known.standing) == (dict(NOTHING_KNOWN.sights), (), ())


def test_of_too_many_plates_those_seen_last_are_known(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sights, "MOST_SIGHTS", 2)
    stored = [bench.passage("A1", 50), bench.passage("B2", 40), bench.passage("C3", 20)]
    assert bench.ages_s(*stored) == {"B2": 40.0, "C3": 20.0}


def test_a_car_that_was_let_in_after_a_power_cut_is_not_let_in_again_after_another(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second boot ends before it has written who is in sight; its monotonic clock is behind that of the first."""
    bench.clock = TestClock(follows=False)
    bench.clock.advance(3600)
    bench.keep("C3")
    earlier = bench.passage("C3", 5)
    for boot, now in (("second", bench.clock.now() + timedelta(days=329)), ("third", bench.clock.now() - timedelta(days=1))):
        monkeypatch.setattr(sights, "boot_id", lambda boot=boot: boot)
        bench.clock = TestClock(now, follows=False)
        bench.clock.advance(60)
        SightsFile(bench.file, bench.clock).begin(known_at_start([earlier], bench.file, bench.clock))
        bench.clock.advance(5)
        stored = [earlier, bench.passage("A1", 0)]
        monkeypatch.setattr(sights, "boot_id", lambda boot=boot: f"after {boot}")
        for later in (now + timedelta(seconds=90), now - timedelta(days=5), now + timedelta(days=5)):
            assert known_at_start(stored, bench.file, TestClock(later)).standing == ("C3", "A1")


def test_who_stood_there_before_the_start_is_kept_for_a_minute_or_until_seen_again_or_gone(bench: Bench) -> None:
    stored = [bench.passage("A1", 30), bench.passage("B2", 20)]
    file = SightsFile(bench.file, bench.clock)
    file.keep({"A1": bench.clock.monotonic_ns(), "B2": bench.clock.monotonic_ns()}, at_once=True)
    bench.clock.advance(10)
    started_ns = bench.clock.monotonic_ns()
    file = SightsFile(bench.file, bench.clock)
    file.begin(known_at_start(stored, bench.file, bench.clock))

    def kept() -> dict[str, int]:
        file.wait()
        return dict(json.loads(bench.file.read_bytes())["seen_ns"])

    assert kept() == {"A1": started_ns, "B2": started_ns}
    bench.clock.advance(40)
    seen_ns = bench.clock.monotonic_ns()
    file.keep({"A1": seen_ns}, ("B2",), at_once=True)
    assert kept() == {"A1": seen_ns, "B2": started_ns}
    file.keep({"A1": seen_ns}, at_once=True)
    assert kept() == {"A1": seen_ns}
    bench.clock.advance(30)
    file.keep({"A1": seen_ns}, ("B2",))
    assert kept() == {}


def test_who_stood_there_as_the_camera_went_away_is_known_to_the_next_engine_until_pictures_come_without_him(bench: Bench) -> None:
    """Whoever started the engine again meanwhile, as with other settings of the camera, opened the gate once more for a car that
    had been let in."""
    stored, seen_ns = [bench.passage("A1", 0)], bench.clock.monotonic_ns()
    file = SightsFile(bench.file, bench.clock)

    def standing(*standing: str) -> tuple[str, ...]:
        file.keep({"A1": seen_ns}, standing, at_once=True)
        return known_at_start(stored, bench.file, bench.clock).standing

    assert standing() == ("A1",)
    bench.clock.advance(100)
    file.keep({"A1": seen_ns}, ("A1",))
    file.wait()
    bench.clock.advance(10)
    assert standing("A1") == ("A1",)
    assert standing() == (), "pictures came without him"
    bench.clock.advance(11)
    assert standing("A1") == (), "too long to say"


def test_where_nothing_could_be_known_the_file_stays(bench: Bench) -> None:
    bench.keep("A1")
    before = bench.file.read_bytes()
    SightsFile(bench.file, bench.clock).begin(NOTHING_KNOWN)
    assert bench.file.read_bytes() == before
