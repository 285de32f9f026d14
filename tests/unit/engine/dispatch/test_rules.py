"""Rules: schedule by the camera's wall clock, blacklist, age from the capture."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from board.kit.zones import camera_zone
from engine.actions import find_kinds
from engine.dispatch.outbox import LONGEST_PAUSE_S
from engine.dispatch.rules import due, in_force
from engine.types import ActionRule, Delivery, Match, PlateList, WeekSchedule
from tests.samples import ALL, BLACK, NOW, NOW_NS, WHITE, passage, rule

KINDS = find_kinds()
BERLIN = ZoneInfo("Europe/Berlin")
WHITELIST = Match(PlateList(WHITE, "WHITELIST", "white"), None)
BLACKLIST = Match(PlateList(BLACK, "BLACKLIST", "black"), None)
ALL_PLATES = Match(PlateList(ALL, "ALL PLATES", "all"), None)


def week(day: int, *spans: tuple[int, int]) -> WeekSchedule:
    return WeekSchedule(tuple(tuple(spans) if number == day else () for number in range(7)))


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 1, 5, 6, 59, 59, tzinfo=UTC), False),
        (datetime(2026, 1, 5, 7, 0, tzinfo=UTC), True),
        (datetime(2026, 1, 5, 16, 59, 59, tzinfo=UTC), True),
        (datetime(2026, 1, 5, 17, 0, tzinfo=UTC), False),
        (datetime(2026, 1, 6, 7, 0, tzinfo=UTC), False),
        (datetime(2026, 7, 6, 6, 0, tzinfo=UTC), True),  # summer: 08:00 in Berlin
        (datetime(2026, 7, 6, 5, 59, tzinfo=UTC), False),
    ],
)
def test_a_monday_from_8_to_18_holds_by_the_wall_clock_in_winter_and_summer(at: datetime, expected: bool) -> None:
    assert in_force(week(0, (480, 1080)), at, BERLIN) is expected


def test_the_hour_that_summer_time_skips_never_comes() -> None:
    night = datetime(2026, 3, 28, 22, tzinfo=UTC)  # 29 March 2026, 02:00 to 03:00 in Berlin
    held = [in_force(week(6, (120, 180)), night + timedelta(minutes=step), BERLIN) for step in range(0, 24 * 60, 10)]
    assert held.count(True) == 0


def test_the_hour_that_winter_time_repeats_comes_twice() -> None:
    night = datetime(2026, 10, 24, 22, tzinfo=UTC)  # 25 October 2026
    held = [in_force(week(6, (120, 180)), night + timedelta(minutes=step), BERLIN) for step in range(0, 24 * 60, 10)]
    assert held.count(True) == 12


def test_a_span_until_1440_holds_to_the_last_minute_of_the_day() -> None:
    assert in_force(week(4, (1439, 1440)), datetime(2026, 1, 2, 23, 59, 59, 999999, tzinfo=UTC), ZoneInfo("UTC"))


def test_an_unknown_time_zone_is_taken_as_utc() -> None:
    assert [camera_zone("Mars/Olympus").key, camera_zone("../../etc/passwd").key] == ["UTC"] * 2


def give(
    rules: list[ActionRule], *matches: Match, at: datetime = NOW, now: datetime = NOW, set_by: timedelta = timedelta()
) -> list[Delivery]:
    """`set_by`: how far the wall clock was set ahead since the picture."""
    now_ns = NOW_NS + round((now - at).total_seconds() * 1e9)
    return due(passage(at=at), matches, rules, KINDS, ZoneInfo("UTC"), now + set_by, now_ns)


def test_every_enabled_rule_of_a_matched_list_gives_one_delivery() -> None:
    rules = [
        replace(rule(WHITE), id=1),
        replace(rule(WHITE, "http"), id=2),
        replace(rule(WHITE), id=3, enabled=False),
        replace(rule(5), id=4),
        replace(rule(ALL), id=5),
    ]
    given = give(rules, WHITELIST, ALL_PLATES)
    assert [(one.rule_id, one.kind, one.state, one.not_after - NOW) for one in given] == [
        (1, "io", "pending", timedelta(seconds=10)),
        (2, "http", "pending", timedelta(days=1)),
        (5, "io", "pending", timedelta(seconds=10)),
    ]
    assert len({one.id for one in given}) == 3


def test_nothing_is_due_outside_the_schedule() -> None:
    assert give([rule(week=week(5, (0, 1440)))], WHITELIST) == []


def test_the_age_counts_from_the_capture_not_from_the_arrival() -> None:
    late = give([rule(), rule(kind="http")], WHITELIST, at=NOW - timedelta(seconds=10))
    assert [(one.kind, one.state, one.finished_at) for one in late] == [("io", "expired", NOW), ("http", "pending", None)]


@pytest.mark.parametrize("set_by", [timedelta(days=400), timedelta(seconds=-30)], ids=["ahead", "back"])
def test_a_clock_that_is_set_after_the_picture_makes_no_car_too_old_and_none_young_again(set_by: timedelta) -> None:
    rules = [rule(), rule(kind="http")]
    assert [one.state for one in give(rules, WHITELIST, set_by=set_by)] == ["pending", "pending"]
    late = give(rules, WHITELIST, at=NOW - timedelta(seconds=11), set_by=set_by)
    assert [(one.kind, one.state) for one in late] == [("io", "expired"), ("http", "pending")]


@pytest.mark.parametrize(
    ("list_id", "kind", "options", "state"),
    [
        (WHITE, "io", {}, "withheld"),
        (ALL, "io", {}, "withheld"),
        (WHITE, "wiegand", {}, "withheld"),
        (WHITE, "io", {"even_if_blacklisted": True}, "pending"),
        (WHITE, "wiegand", {"even_if_blacklisted": True}, "pending"),
        (WHITE, "http", {}, "pending"),
        (BLACK, "io", {}, "pending"),
    ],
)
def test_a_blacklisted_plate_opens_nothing_but_what_its_blacklist_says(
    list_id: int, kind: str, options: dict[str, Any], state: str
) -> None:
    expected = [(state, "the plate is on BLACKLIST" if state == "withheld" else "")]
    for matches in permutations((BLACKLIST, WHITELIST, ALL_PLATES)):
        given = give([rule(list_id, kind, **options)], *matches)
        assert [(one.state, str(one.note)) for one in given] == expected


def test_a_rule_whose_options_are_wrong_fails_with_the_reason_and_stops_no_other() -> None:
    broken = ActionRule(1, WHITE, "Old", "io", True, WeekSchedule(), json.dumps({"duration_ms": 1}))
    given = give([broken, replace(rule(), id=2)], WHITELIST)
    assert [one.state for one in given] == ["failed", "pending"]
    assert str(given[0].note).startswith("Duration: ")


def test_a_rule_may_say_how_long_its_message_is_tried() -> None:
    rules = [replace(rule(WHITE, "http"), id=1, max_age_s=60), replace(rule(WHITE, "http"), id=2)]
    assert [one.not_after - NOW for one in give(rules, WHITELIST)] == [timedelta(seconds=60), timedelta(days=1)]
    late = give(rules, WHITELIST, now=NOW + timedelta(seconds=61))
    assert [one.state for one in late] == ["expired", "pending"]


def test_every_kinds_pauses_lie_within_what_the_outbox_takes_for_a_clock_that_was_set() -> None:
    for kind in KINDS.values():
        first_s, longest_s = kind.pauses_s
        assert 0 < first_s <= longest_s <= LONGEST_PAUSE_S, kind.name
