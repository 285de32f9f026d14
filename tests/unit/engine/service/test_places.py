"""Places: whose exit nobody saw does not count as inside for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from board.kit.clock import TestClock
from board.kit.settings import SettingsError
from engine.service.doubt import Doubt
from engine.service.places import forget_unseen, limit
from engine.settings import GeneralSettings
from engine.settings.lane import COUNTS, LaneSettings
from engine.store import Store
from engine.store.occupancy import STRANGERS
from engine.types import PlateList
from tests.samples import NOW, WHITE, new_store

BERLIN = ZoneInfo("Europe/Berlin")
HOUR = timedelta(hours=1)


def prepared(folder: Path, **settings: object) -> tuple[Store, TestClock]:
    store, clock = new_store(folder), TestClock(NOW)
    store.settings.put(LaneSettings(counts=COUNTS[1], **settings), "anna")
    store.settings.put(GeneralSettings(time_zone="Europe/Berlin"), "anna")
    store.occupancy.enter("AB12", WHITE, NOW)
    store.occupancy.enter("XY34", WHITE, NOW + HOUR)
    return store, clock


def inside(store: Store, clock: TestClock, after: timedelta) -> int:
    clock.advance(after.total_seconds())
    forget_unseen(store, clock)
    return store.occupancy.total()


def test_whoever_came_in_too_long_ago_counts_no_more_and_the_changes_say_so(tmp_path: Path) -> None:
    store, clock = prepared(tmp_path, inside_h=24)
    assert inside(store, clock, 23 * HOUR) == 2
    assert inside(store, clock, HOUR + timedelta(minutes=1)) == 1
    assert (store.occupancy.since("AB12"), store.occupancy.since("XY34")) == (None, NOW + HOUR)
    forget_unseen(store, clock)
    (change,) = store.changes("places")
    assert (change.user, change.before, change.after) == (
        "schedule", {"inside": 2}, {"inside": 1, "before": "2026-01-02T03:05:05.000000+00:00"},
    )  # fmt: skip


def test_without_a_limit_nobody_is_forgotten(tmp_path: Path) -> None:
    store, clock = prepared(tmp_path, inside_h=0)
    assert inside(store, clock, 9_000 * HOUR) == 2


def test_at_its_time_the_place_is_empty_corrections_included_and_later_ones_stay(tmp_path: Path) -> None:
    store, clock = prepared(tmp_path, inside_h=0, empty_at="05:30")  # in Berlin: 04:30 UTC
    store.occupancy.put(WHITE, 40, 7, "anna", NOW)
    assert inside(store, clock, timedelta(minutes=85)) == 7
    assert inside(store, clock, timedelta(minutes=1)) == 0
    store.occupancy.put(WHITE, None, 3, "anna", clock.now())
    assert inside(store, clock, HOUR) == 3
    assert store.occupancy.of(WHITE).capacity == 40


def test_a_clock_that_is_not_set_forgets_nobody(tmp_path: Path) -> None:
    store, _ = prepared(tmp_path, inside_h=1)
    forget_unseen(store, TestClock(datetime(2024, 1, 1, tzinfo=UTC)))
    assert store.occupancy.total() == 2


def test_who_came_in_before_the_clock_was_set_stays_as_long_as_who_comes_then(tmp_path: Path) -> None:
    store, clock = prepared(tmp_path, inside_h=24)
    store.occupancy.enter("UN19", WHITE, datetime(1970, 1, 1, 5, tzinfo=UTC))
    store.occupancy.put(STRANGERS, None, 2, "anna", datetime(1970, 1, 1, 6, tzinfo=UTC))
    assert inside(store, clock, HOUR) == 5
    assert inside(store, clock, 23 * HOUR + timedelta(minutes=1)) == 4
    assert inside(store, clock, HOUR) == 0


def test_a_clock_that_goes_years_ahead_forgets_nobody_and_who_came_in_meanwhile_is_forgotten_in_time(tmp_path: Path) -> None:
    store, clock = prepared(tmp_path, inside_h=24)
    doubts = Doubt(store, clock)
    forget_unseen(store, clock, doubts)
    clock._now += 9_000 * HOUR
    store.occupancy.enter("NEW1", WHITE, clock.now())
    forget_unseen(store, clock, doubts)
    assert store.occupancy.total() == 3
    clock._now -= 9_000 * HOUR
    forget_unseen(store, clock, doubts)
    assert store.occupancy.total() == 3
    clock.advance(25.1 * 3_600)
    forget_unseen(store, clock, doubts)
    assert store.occupancy.total() == 0


def counted(store: Store) -> dict[int, int]:
    return {each.list_id: each.count for each in store.occupancy() if each.count}


def test_a_vehicle_that_leaves_under_another_plate_and_then_under_its_own_hides_none_that_comes_in(tmp_path: Path) -> None:
    store, _ = prepared(tmp_path)
    for plate in ("QQ99", "AB12", "XY34"):  # the first never came in: one of the others is taken for it
        store.occupancy.leave(plate, WHITE, NOW)
    assert (counted(store), store.occupancy.of(WHITE).drift) == ({}, 1)
    store.occupancy.enter("STRANGE", STRANGERS, NOW)
    assert (counted(store), store.occupancy.total()) == ({STRANGERS: 1}, 1)
    store.occupancy.enter("AB12", WHITE, NOW)
    assert (counted(store), store.occupancy.total()) == ({STRANGERS: 1, WHITE: 1}, 2)


def test_a_correction_does_not_outlive_the_vehicles_that_it_was_for(tmp_path: Path) -> None:
    store, clock = prepared(tmp_path, inside_h=24)
    store.occupancy.leave("QQ99", WHITE, NOW + 12 * HOUR)
    assert inside(store, clock, 25 * HOUR + timedelta(minutes=1)) == 0
    store.occupancy.enter("AB12", WHITE, clock.now())
    assert (counted(store), store.occupancy.total()) == ({WHITE: 1}, 1)


@pytest.mark.parametrize("deleted", [False, True])
def test_vehicles_of_a_list_that_is_deleted_or_black_are_strangers_so_that_all_that_count_are_shown(
    tmp_path: Path, deleted: bool
) -> None:
    store, _ = prepared(tmp_path)
    guests = store.lists.save(PlateList(0, "Guests", "custom"), "anna")
    store.occupancy.enter("KLM4", guests.id, NOW)
    store.occupancy.put(guests.id, 10, 5, "anna", NOW)
    if deleted:
        store.lists.delete(guests.id, "anna")
    else:
        store.lists.save(replace(guests, role="black"), "anna")
    assert (counted(store), store.occupancy.total()) == ({WHITE: 2, STRANGERS: 5}, 7)
    store.occupancy.put(STRANGERS, None, 0, "anna", NOW)
    assert store.occupancy.total() == 2


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 1, 5, 2, 0, tzinfo=UTC), datetime(2026, 1, 5, 2, 0, tzinfo=UTC)),  # 03:00 in Berlin
        (datetime(2026, 1, 5, 1, 59, tzinfo=UTC), datetime(2026, 1, 4, 2, 0, tzinfo=UTC)),
        (datetime(2026, 7, 5, 1, 0, tzinfo=UTC), datetime(2026, 7, 5, 1, 0, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 30, tzinfo=UTC), datetime(2026, 10, 24, 1, 0, tzinfo=UTC)),
    ],
)
def test_the_time_is_of_the_cameras_zone(at: datetime, expected: datetime) -> None:
    assert limit(LaneSettings(inside_h=0, empty_at="03:00"), at, BERLIN) == expected


def test_an_hour_that_comes_twice_empties_the_place_once() -> None:
    """Who came in since the first 02:30 is still there at the second."""
    second = datetime(2026, 10, 25, 1, 40, tzinfo=UTC)  # 02:40 in Berlin, for the second time
    assert limit(LaneSettings(inside_h=0, empty_at="02:30"), second, BERLIN) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_a_time_that_is_skipped_comes_as_much_later_as_the_clock_jumps() -> None:
    """Whoever came in before it was forgotten at once."""
    soon = datetime(2026, 3, 29, 1, 10, tzinfo=UTC)  # 03:10 in Berlin: there was no 02:30
    settings = LaneSettings(inside_h=0, empty_at="02:30")
    assert limit(settings, soon, BERLIN) == datetime(2026, 3, 28, 1, 30, tzinfo=UTC)
    at = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert limit(settings, at, BERLIN) == at
    nuuk, midnight = ZoneInfo("America/Nuuk"), datetime(2026, 3, 29, 1, 0, tzinfo=UTC)  # 23:00 is 00:00 of the next day
    settings = LaneSettings(inside_h=0, empty_at="23:15")
    assert limit(settings, midnight + timedelta(minutes=5), nuuk) == datetime(2026, 3, 28, 1, 15, tzinfo=UTC)
    assert limit(settings, midnight + timedelta(minutes=20), nuuk) == midnight + timedelta(minutes=15)


@pytest.mark.parametrize("text", ["3", "24:00", "03:60", "3:00", "０３:００", "0٣:00"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="must be a time of the day such as 03:00"):
        LaneSettings(empty_at=text)
