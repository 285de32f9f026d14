"""Cars whose gate stayed shut: read anew where they stand, once for each passage, and not for ever."""

from __future__ import annotations

from engine.messages import ReadAgain
from engine.reading.again import MOST_TIMES, WITHIN_NS, Again
from engine.reading.modes import mode_kind
from engine.reading.passages.sights import NOTHING_KNOWN, Known
from engine.settings import LprSettings
from tests.unit.engine.reading.passages.reads import frame_at, read_of

SECOND = 1_000_000_000


def test_a_car_that_was_read_anew_since_is_not_asked_for_once_more() -> None:
    again = Again()
    again.published("HK55EVB", "p1")
    assert again.wanted(ReadAgain("p1", "HK55EVB"), 0)
    again.published("HK55EVB", "p2")
    assert not again.wanted(ReadAgain("p1", "HK55EVB"), SECOND)
    assert again.wanted(ReadAgain("p2", "HK55EVB"), SECOND)


def test_a_passage_of_the_engine_before_counts() -> None:
    assert Again().wanted(ReadAgain("p0", "HK55EVB"), 0)


def test_a_gate_that_cannot_open_at_all_does_not_fill_the_list_of_passages() -> None:
    again = Again()
    asked = []
    for turn in range(6):
        again.published("HK55EVB", f"p{turn}")
        asked.append(again.wanted(ReadAgain(f"p{turn}", "HK55EVB"), turn * SECOND))
    assert asked == [True] * MOST_TIMES + [False] * (6 - MOST_TIMES)
    assert again.wanted(ReadAgain("q", "BA123CD"), 6 * SECOND), "another car"
    again.published("HK55EVB", "p9")
    assert again.wanted(ReadAgain("p9", "HK55EVB"), 7 * SECOND + WITHIN_NS)


def results(mode: str, known: Known, forgets: bool) -> list[str]:
    """Plates of the passages of a car that stands there for 3 s; after 1 s the service says that nothing was opened for it."""
    flow = mode_kind(mode).open(LprSettings(mode=mode, motion_threshold=0), known)
    plates = []
    for tenth in range(30):
        if forgets and tenth == 10:
            flow.forget("HK55EVB")
        found = flow.see(frame_at(tenth * 100), [read_of("HK55EVB")], [])
        plates += [result.settled.read.text for result in found if result.settled]
    return plates


def test_a_car_that_still_stands_there_gives_a_second_passage() -> None:
    for mode in ("FREEFLOW", "MOTION"):
        assert results(mode, NOTHING_KNOWN, forgets=False) == ["HK55EVB"]
        assert results(mode, NOTHING_KNOWN, forgets=True) == ["HK55EVB"] * 2


def test_a_car_that_stood_there_before_the_engine_began_is_let_in_once_the_service_says_that_it_was_not() -> None:
    known = Known({"HK55EVB": 0}, ("HK55EVB",), ("HK55EVB",))
    assert results("FREEFLOW", known, forgets=False) == []
    assert results("FREEFLOW", known, forgets=True) == ["HK55EVB"]
