"""Unsure: a car that was never read surely is told once, when it has left; one that was read surely never is."""

from __future__ import annotations

from dataclasses import replace

from engine.reading.modes import Result
from engine.reading.passages.unsure import LEAST_GAP_NS, Unsure
from engine.reading.passages.vote import Settled
from engine.reading.told import LOGGERS
from engine.settings.lpr import LprSettings
from engine.types import Trigger
from tests.unit.engine.reading.passages.reads import frame_at, read_of

TRIGGER = Trigger("t1", "input DI1", frame_at(0).captured_at, 0)


def watch() -> Unsure:
    return Unsure(votes=2, least=80, lost_after_ms=1500)


def told(results: list[Result]) -> list[tuple[str, float, int]]:
    return [(one.unsure.text, one.unsure.confidence, one.frame.seq) for one in results if one.unsure and one.frame]


def see(unsure: Unsure, ms: int, *reads: tuple[str, float]) -> list[tuple[str, float, int]]:
    found = [read_of(text, confidence) for text, confidence in reads]
    valid, low = [each for each in found if each.confidence >= 80], [each for each in found if each.confidence < 80]
    return told(unsure.see(frame_at(ms), valid, low, []))


def test_a_car_that_was_never_read_surely_is_told_once_with_its_best_picture() -> None:
    unsure = watch()
    for ms, confidence in ((0, 40), (100, 62), (200, 55)):
        assert see(unsure, ms, ("BA123CD", confidence)) == []
    assert see(unsure, 1600) == []
    assert see(unsure, 1800) == [("BA123CD", 62, frame_at(100).seq)]
    assert see(unsure, 5000) == []


def test_the_minimum_confidence_says_where_reads_and_cars_below_it_are_found() -> None:
    assert {"reads", "unsure"} <= set(LOGGERS), "the Service log has both"
    said = LprSettings.model_fields["min_confidence_pct"].help
    assert "Logs > Service" in said and "Review" in said


def test_it_is_told_without_a_further_frame_too() -> None:
    unsure = watch()
    see(unsure, 0, ("BA123CD", 40), ("XY1", 20))
    see(unsure, 100, ("BA123CD", 40))
    now_ns = frame_at(100).monotonic_ns
    assert told(unsure.tick(now_ns + 2_400_000_000, [])) == []
    assert told(unsure.tick(now_ns + 2_600_000_000, [])) == [("BA123CD", 40, frame_at(0).seq)]


def test_a_car_that_was_read_surely_once_is_never_told() -> None:
    unsure = watch()
    for ms, confidence in ((0, 40), (100, 81), (200, 55), (300, 55)):
        see(unsure, ms, ("BA123CD", confidence))
    assert see(unsure, 3000) == []


def test_reads_that_do_not_agree_are_noise() -> None:
    unsure = watch()
    for ms, text in ((0, "AB1"), (100, "XY22"), (200, "QQ333")):
        see(unsure, ms, (text, 60 + ms / 100))
    assert see(unsure, 3000) == []


def test_a_sign_that_is_mistaken_for_a_plate_again_and_again_is_told_once() -> None:
    unsure = watch()
    found = []
    for second in range(0, 120, 4):
        for ms in (0, 100):
            found += see(unsure, second * 1000 + ms, ("EXIT22", 40))
    assert found == [("EXIT22", 40, frame_at(0).seq)]


def test_cars_of_different_plates_are_told_apart_but_not_in_a_flood() -> None:
    unsure = watch()
    found = []
    for second in range(0, 40, 4):
        for ms in (0, 100):
            found += see(unsure, second * 1000 + ms, (f"AB{second:02}XY", 40))
    assert 3 <= len(found) <= 40 * 1_000_000_000 // LEAST_GAP_NS + 1


def test_a_trigger_at_which_nothing_was_read_surely_tells_what_was_read() -> None:
    unsure = watch()
    nothing = Result(None, frame_at(300), TRIGGER)
    assert unsure.see(frame_at(0), [], [], [nothing]) == [nothing]
    see(unsure, 100, ("BA123CD", 40))
    (found,) = unsure.see(frame_at(300), [], [], [nothing])
    assert (told([found]), found.trigger) == ([("BA123CD", 40, frame_at(100).seq)], TRIGGER)
    assert see(unsure, 3000) == []


def test_a_trigger_tells_its_own_car_though_the_one_before_was_read_surely_a_moment_ago() -> None:
    unsure = Unsure(votes=2, least=80, lost_after_ms=10_000)
    read = read_of("BA123CD", 95)
    unsure.see(frame_at(0), [read], [], [Result(Settled(read, frame_at(0), 95, 1, ""), frame_at(0), TRIGGER)])
    see(unsure, 5000, ("KE777AA", 60))
    found = unsure.see(frame_at(5100), [], [], [Result(None, frame_at(5100), replace(TRIGGER, id="t2"))])
    assert told(found) == [("KE777AA", 60, frame_at(5000).seq)]
