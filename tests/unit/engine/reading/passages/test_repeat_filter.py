"""Repeat filter (manual 4.5, LPR configuration tab): by captures, by time, by difference."""

from __future__ import annotations

import pytest

from engine.reading.passages.repeat_filter import RepeatFilter
from engine.reading.passages.sights import Known
from engine.settings import LprSettings

SECOND = 1_000_000_000


def accepted(repeats: RepeatFilter, plates: str) -> str:
    """The plates (one letter each) that pass, one a minute."""
    return "".join(plate for minute, plate in enumerate(plates) if not repeats.refusal(f"PLATE{plate}", minute * 60 * SECOND))


def test_by_captures_a_plate_passes_again_after_n_others() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="captures", filter_captures=5))
    assert accepted(repeats, "AABCDEAFA") == "ABCDEFA"


def test_by_captures_refused_passages_do_not_count() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="captures", filter_captures=2))
    assert accepted(repeats, "ABBBBACA") == "ABCA"


def test_by_time_a_plate_passes_again_when_the_time_since_its_last_sight_is_over() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="millis", filter_ms=10_000))
    assert repeats.refusal("BA123CD", 0) == ""
    assert repeats.refusal("BA123CD", 9 * SECOND) == "BA123CD was in sight 9000 ms ago, filter time 10000 ms"
    assert repeats.refusal("KE777AA", 9 * SECOND) == ""
    assert repeats.refusal("BA123CD", 18 * SECOND) != ""
    repeats.seen("BA123CD", 20 * SECOND)
    assert repeats.refusal("BA123CD", 29 * SECOND) != ""
    assert repeats.refusal("BA123CD", 39 * SECOND) == ""


@pytest.mark.parametrize("mode", ["millis", "captures"])
def test_a_car_that_is_forgotten_passes_again_and_the_others_do_not(mode: str) -> None:
    repeats = RepeatFilter(LprSettings(filter_mode=mode))
    assert [repeats.refusal(plate, 0) for plate in ("BA123CD", "KE777AA")] == ["", ""]
    repeats.forget("BA123CD")
    assert [bool(repeats.refusal(plate, SECOND)) for plate in ("BA123CD", "KE777AA")] == [False, True]


def test_off_lets_everything_pass() -> None:
    assert accepted(RepeatFilter(LprSettings(filter_mode="off")), "AAABBA") == "AAABBA"


def test_plates_that_differ_in_fewer_characters_than_the_minimum_count_as_the_same() -> None:
    one, two = (RepeatFilter(LprSettings(filter_mode="millis", min_difference=minimum)) for minimum in (1, 2))
    assert [repeats.refusal("BA123CD", 0) for repeats in (one, two)] == ["", ""]
    assert one.refusal("BA128CD", SECOND) == ""
    assert two.refusal("BA128CD", SECOND) == "BA123CD was in sight 1000 ms ago, filter time 10000 ms"
    assert two.refusal("BA789CD", SECOND) == ""


def test_look_alikes_are_the_same_plate() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="millis"))
    repeats.refusal("BO101IA", 0)
    assert repeats.refusal("B0IO11A", SECOND) != ""


def test_of_similar_plates_the_one_seen_last_counts() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="millis", filter_ms=10_000, min_difference=2))
    repeats.seen("BA123CD", 0)
    repeats.seen("BA128CD", 15 * SECOND)
    assert repeats.refusal("BA128CD", 20 * SECOND) == "BA128CD was in sight 5000 ms ago, filter time 10000 ms"
    repeats.seen("BA123CD", 21 * SECOND)
    assert repeats.refusal("BA129CD", 30 * SECOND) == "BA123CD was in sight 9000 ms ago, filter time 10000 ms"


def test_the_plate_out_of_sight_for_longest_is_forgotten_first() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="millis", filter_ms=10_000, min_difference=1))
    for number in range(500):
        repeats.seen(f"P{number:03d}AA", number)
    repeats.seen("P000AA", 1000)
    repeats.seen("NEW1", 1001)
    assert repeats.refusal("P000AA", 2000) != ""
    assert repeats.refusal("P002AA", 2000) != ""
    assert repeats.refusal("P001AA", 2000) == ""


def test_what_was_accepted_before_the_start_is_known_by_time_and_by_captures() -> None:
    known = Known({"BA123CD": -5 * SECOND, "KE777AA": -2 * SECOND}, ("KE777AA", "BA123CD"), (), 0)
    by_time = RepeatFilter(LprSettings(filter_mode="millis", filter_ms=10_000), known)
    assert by_time.refusal("BA123CD", 4 * SECOND) == "BA123CD was in sight 9000 ms ago, filter time 10000 ms"
    assert by_time.refusal("KE777AA", 8 * SECOND) == ""
    by_captures = RepeatFilter(LprSettings(filter_mode="captures", filter_captures=2), known)
    assert accepted(by_captures, "A") == "A"  # KE777AA is the third last now
    assert by_captures.refusal("BA123CD", 10**12) == "BA123CD is among the last 2 plates"
    assert by_captures.refusal("KE777AA", 10**12) == ""


def test_a_car_that_stood_there_when_the_engine_ended_is_the_same_once_and_in_the_first_minute() -> None:
    known = Known({"BA123CD": 0, "KE777AA": 0}, (), ("BA123CD", "KE777AA"), 100 * SECOND)
    repeats = RepeatFilter(LprSettings(filter_mode="off"), known)
    assert repeats.refusal("BA123CD", 110 * SECOND) == "BA123CD stood there when the engine ended"
    assert repeats.refusal("BA123CD", 111 * SECOND) == ""
    assert repeats.refusal("KE777AA", 161 * SECOND) == ""


def test_a_car_that_is_in_no_picture_for_ten_seconds_after_the_start_has_left() -> None:
    """Who came back within the minute after a restart stood before a closed barrier for good."""
    repeats = RepeatFilter(LprSettings(filter_mode="off"), Known({"BA123CD": 0}, (), ("BA123CD",), 100 * SECOND))
    assert list(repeats.standing) == ["BA123CD"]
    for second in (130, 135, 140):  # the models took half a minute
        repeats.pictures_come(second * SECOND)
        assert list(repeats.standing) == ["BA123CD"]
    repeats.pictures_come(141 * SECOND)
    assert list(repeats.standing) == []
    assert repeats.refusal("BA123CD", 141 * SECOND) == ""


def test_it_remembers_at_most_500_plates() -> None:
    repeats = RepeatFilter(LprSettings(filter_mode="millis"))
    for number in range(600):
        repeats.seen(f"P{number}", number)
    assert len(repeats._sights) == 500
