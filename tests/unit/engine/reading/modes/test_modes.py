"""Function modes (manual 4.5, LPR configuration tab): what is read, and what becomes a passage."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from board.kit.errors import ConfigError
from board.kit.words import NOTHING
from board.types import Frame
from engine.reading.modes import Mode, Result, mode_kind
from engine.reading.passages.sights import NOTHING_KNOWN, Known
from engine.settings import FUNCTION_MODES, LprSettings
from engine.types import PlateRead, Trigger
from tests.unit.engine.reading.passages.reads import OTHER_LANE, START, frame_at, read_of


def mode(name: str, **settings: object) -> Mode:
    return mode_kind(name).open(LprSettings(mode=name, **settings), NOTHING_KNOWN)  # type: ignore[arg-type]


def trigger(name: str, ms: int) -> Trigger:
    return Trigger(name, "input DI1", START, frame_at(ms).monotonic_ns)


def said(results: Sequence[Result]) -> list[tuple[str, str]]:
    """(plate, trigger) of each result."""
    return [(each.settled.read.text if each.settled else "", each.trigger.id if each.trigger else "") for each in results]


def show(seen_by: Mode, ms: int, *reads: PlateRead, source: str = "") -> list[tuple[str, str]]:
    return said(seen_by.see(frame_at(ms, source), reads, ()))


def test_every_mode_of_the_settings_exists_and_an_unknown_one_is_named() -> None:
    assert [mode_kind(name).name for name in FUNCTION_MODES] == ["MOTION", "TRIGGER", "FREEFLOW"]
    with pytest.raises(ConfigError, match="'SOMETIMES'; there are FREEFLOW, MOTION, TRIGGER"):
        mode_kind("SOMETIMES")


def test_only_motion_keeps_more_than_the_newest_picture() -> None:
    settings = LprSettings(motion_queue=7)
    assert {name: mode_kind(name).queue(settings) for name in FUNCTION_MODES} == {"MOTION": 7, "TRIGGER": 1, "FREEFLOW": 1}


# --- free flow --------------------------------------------------------------------------------------------------------


def test_free_flow_reads_every_frame_and_reports_a_standing_car_once() -> None:
    free = mode("FREEFLOW")
    assert all(free.wanted(frame_at(ms)) for ms in range(0, 500, 50))
    said_so = [show(free, ms, read_of("BA123CD")) for ms in range(0, 30_000, 500)]
    assert [each for each in said_so if each] == [[("BA123CD", "")]]


@pytest.mark.parametrize("name", ["FREEFLOW", "MOTION"])
def test_a_car_that_stood_there_before_a_restart_gives_no_second_passage(name: str) -> None:
    known = Known({"BA123CD": frame_at(-60_000).monotonic_ns}, ("BA123CD",), ("BA123CD",), frame_at(0).monotonic_ns)
    again = mode_kind(name).open(LprSettings(mode=name, filter_ms=10_000), known)
    assert [show(again, ms, read_of("BA123CD")) for ms in range(0, 3000, 100)] == [[]] * 30
    assert again.sights["BA123CD"] == frame_at(2900).monotonic_ns
    assert [("KE777AA", "")] in [show(again, ms, read_of("KE777AA", box=OTHER_LANE)) for ms in range(3000, 3300, 100)]


@pytest.mark.parametrize("name", ["FREEFLOW", "MOTION"])
@pytest.mark.parametrize(
    ("away_s", "first_read_s", "passages"),
    [(3, 0, 1), (60, 0, 1), (60, 15, 2), (180, 0, 2)],
    ids=["a hiccup", "a cable", "it came back later", "too long to say"],
)
@pytest.mark.parametrize("filter_mode", ["millis", "off"])
def test_a_car_that_stands_there_while_the_camera_is_away_gives_no_second_passage(
    name: str, away_s: int, first_read_s: int, passages: int, filter_mode: str
) -> None:
    seen_by = mode(name, filter_mode=filter_mode)
    told = [show(seen_by, ms, read_of("BA123CD")) for ms in range(0, 2000, 100)]
    back_ms = 2000 + 1000 * away_s
    for ms in range(2000, back_ms, 100):
        assert said(seen_by.tick(frame_at(ms).monotonic_ns)) == []
    told += [show(seen_by, ms) for ms in range(back_ms, back_ms + 1000 * first_read_s, 100)]
    begin_ms = back_ms + 1000 * first_read_s
    told += [show(seen_by, ms, read_of("BA123CD")) for ms in range(begin_ms, begin_ms + 3000, 100)]
    assert [each for each in told if each] == [[("BA123CD", "")]] * passages
    other = [show(seen_by, ms, read_of("KE777AA", box=OTHER_LANE)) for ms in range(begin_ms + 3000, begin_ms + 3300, 100)]
    assert [("KE777AA", "")] in other


def test_the_same_car_is_a_new_passage_after_the_filter_time_and_not_before() -> None:
    free = mode("FREEFLOW", filter_ms=10_000)
    for ms in (0, 100, 2000, 4000):
        show(free, ms, *([read_of("BA123CD")] if ms <= 2000 else []))
    assert show(free, 8000, read_of("BA123CD")) + show(free, 8100, read_of("BA123CD")) == []
    show(free, 9000)
    show(free, 12_000)
    assert show(free, 18_200, read_of("BA123CD")) + show(free, 18_300, read_of("BA123CD")) == [("BA123CD", "")]


def test_each_picture_of_a_replayed_folder_gives_its_car_when_the_next_picture_comes() -> None:
    free = mode("FREEFLOW")
    plates = ["BA123CD", "KE777AA", "PO555XY"]
    said_so = [show(free, 500 * number, read_of(plate), source=f"{number}.jpg") for number, plate in enumerate(plates)]
    assert said_so == [[], [("BA123CD", "")], [("KE777AA", "")]]
    assert said(free.tick(frame_at(1000 + 2499).monotonic_ns)) == []
    assert said(free.tick(frame_at(1000 + 2500).monotonic_ns)) == [("PO555XY", "")]


def test_a_trigger_is_refused_outside_trigger_mode() -> None:
    for name in ("MOTION", "FREEFLOW"):
        refused = mode(name).start(trigger("t1", 0), frame_at(0).monotonic_ns)
        assert str(refused) == f"the function mode is {name}, triggers are served in mode TRIGGER only"


# --- motion -----------------------------------------------------------------------------------------------------------


def shot(ms: int, car_at: int | None = None, light: int = 90) -> Frame:
    """A grey view; a car is a bright block 300 px wide."""
    frame = frame_at(ms)
    rgb = frame.rgb.copy()
    rgb[:] = light
    if car_at is not None:
        rgb[400:900, car_at : car_at + 300] = light + 100
    return Frame(frame.seq, frame.captured_at, frame.monotonic_ns, rgb)


def wanted(seen_by: Mode, frames: Sequence[Frame]) -> list[int]:
    return [frame.seq - 1 for frame in frames if seen_by.wanted(frame)]


def test_motion_reads_while_the_picture_changes_and_one_second_longer() -> None:
    motion = mode("MOTION")
    assert wanted(motion, [shot(ms) for ms in range(0, 3000, 100)]) == list(range(0, 1100, 100))
    moving = [shot(3000 + 100 * number, car_at=100 * number) for number in range(6)]
    assert wanted(motion, moving) == list(range(3000, 3600, 100))
    stopped = [shot(ms, car_at=500) for ms in range(3600, 6000, 100)]
    assert wanted(motion, stopped) == list(range(3600, 4700, 100))


def test_the_most_that_moved_is_told_once_and_other_modes_do_not_look() -> None:
    motion = mode("MOTION")
    wanted(motion, [shot(ms) for ms in range(0, 3000, 100)])
    assert motion.motion_pct() == 100.0  # the first picture
    wanted(motion, [shot(3000, car_at=600), shot(3100)])
    assert 10 < motion.motion_pct() < 14
    assert motion.motion_pct() == 0.0
    assert [mode(name).motion_pct() for name in ("FREEFLOW", "TRIGGER")] == [-1.0, -1.0]


def test_a_slow_car_is_motion_though_neighbouring_frames_hardly_differ() -> None:
    motion = mode("MOTION")
    wanted(motion, [shot(ms, car_at=100) for ms in range(0, 3000, 33)])
    creeping = [shot(3000 + 33 * number, car_at=100 + 8 * number) for number in range(60)]
    assert wanted(motion, creeping)[0] < 3450


def test_a_change_of_exposure_is_no_motion() -> None:
    motion = mode("MOTION")
    wanted(motion, [shot(ms) for ms in range(0, 3000, 100)])
    assert wanted(motion, [shot(3000 + 100 * number, light=90 + 10 * number) for number in range(10)]) == []


def test_threshold_0_always_reads_and_100_never() -> None:
    frames = [shot(ms, car_at=ms // 4) for ms in range(0, 3000, 100)]
    assert len(wanted(mode("MOTION", motion_threshold=0), frames)) == 30
    assert wanted(mode("MOTION", motion_threshold=100), frames) == []


def test_a_higher_threshold_needs_a_larger_change() -> None:
    # a car of 300x500 on 1280x960 changes 12 % of the picture
    for threshold, read in ((5, True), (40, False)):
        motion = mode("MOTION", motion_threshold=threshold)
        wanted(motion, [shot(ms) for ms in range(0, 3000, 100)])
        assert bool(wanted(motion, [shot(3000, car_at=600)])) is read


def test_a_standing_car_is_followed_at_a_slow_pace_and_gives_one_passage() -> None:
    motion = mode("MOTION", lost_after_ms=1500)
    passages: list[tuple[str, str]] = []
    read_at: list[int] = []
    for ms in range(0, 20_000, 100):
        frame = shot(ms, car_at=500)
        if motion.wanted(frame):
            read_at.append(ms)
            passages += said(motion.see(frame, [read_of("BA123CD")], ()))
        passages += said(motion.tick(frame.monotonic_ns))
    assert passages == [("BA123CD", "")]
    assert read_at[-10:] == list(range(15_000, 20_000, 500))


def test_a_car_whose_read_is_not_valid_yet_is_looked_at_again_until_it_is() -> None:
    motion = mode("MOTION", lost_after_ms=1500)
    passages: list[tuple[str, str]] = []
    for ms in range(0, 9000, 100):
        frame = shot(ms, car_at=500)
        if motion.wanted(frame):
            unsure, sure = ([read_of("BA123CD", 70)], []) if ms < 6000 else ([], [read_of("BA123CD", 85)])
            passages += said(motion.see(frame, sure, unsure))
    assert passages == [("BA123CD", "")]


def test_nothing_is_read_any_more_after_the_car_has_left() -> None:
    motion = mode("MOTION")
    for ms in range(0, 2000, 100):
        frame = shot(ms, car_at=500)
        if motion.wanted(frame):
            motion.see(frame, [read_of("BA123CD")], ())
    read_at = []
    for ms in range(2000, 12_000, 100):
        frame = shot(ms)
        if motion.wanted(frame):
            read_at.append(ms)
            motion.see(frame, (), ())
    assert read_at[-1] < 5000


# --- trigger ----------------------------------------------------------------------------------------------------------


def test_trigger_mode_is_idle_until_a_trigger_and_again_after_its_result() -> None:
    idle = mode("TRIGGER")
    assert not idle.wanted(frame_at(0))
    assert idle.start(trigger("t1", 100), frame_at(100).monotonic_ns) == NOTHING
    assert idle.wanted(frame_at(200))
    assert show(idle, 200, read_of("BA123CD")) == []
    assert show(idle, 300, read_of("BA123CD")) == [("BA123CD", "t1")]
    assert not idle.wanted(frame_at(400))


def test_the_captures_end_a_trigger_and_what_was_read_once_counts_when_it_is_sure() -> None:
    five = mode("TRIGGER", trigger_captures=3, trigger_timeout_s=60)
    five.start(trigger("t1", 0), frame_at(0).monotonic_ns)
    said_so = [show(five, 100), show(five, 200, read_of("BA123CD", 91)), show(five, 300), show(five, 400, read_of("BA123CD"))]
    assert said_so == [[], [], [("BA123CD", "t1")], []]


def test_the_timeout_ends_a_trigger_that_read_nothing_with_no_plate_and_its_last_picture() -> None:
    slow = mode("TRIGGER", trigger_captures=100, trigger_timeout_s=2.0)
    slow.start(trigger("t1", 0), frame_at(0).monotonic_ns)
    assert show(slow, 500) + show(slow, 1500) == []
    assert slow.tick(frame_at(1999).monotonic_ns) == []
    (result,) = slow.tick(frame_at(2000).monotonic_ns)
    assert (result.settled, result.trigger) == (None, trigger("t1", 0))
    assert result.frame is not None and result.frame.seq == 1501


def test_a_trigger_without_any_picture_still_ends() -> None:
    blind = mode("TRIGGER", trigger_timeout_s=2.0)
    blind.start(trigger("t1", 0), frame_at(0).monotonic_ns)
    (result,) = blind.tick(frame_at(2000).monotonic_ns)
    assert (result.settled, result.frame) == (None, None)


def test_the_same_car_at_a_second_trigger_is_returned_a_second_time() -> None:
    again = mode("TRIGGER")
    for name, ms in (("t1", 0), ("t2", 4000)):
        again.start(trigger(name, ms), frame_at(ms).monotonic_ns)
        assert show(again, ms + 100, read_of("BA123CD")) + show(again, ms + 200, read_of("BA123CD")) == [("BA123CD", name)]


def test_triggers_that_overlap_are_independent_of_one_another() -> None:
    both = mode("TRIGGER", trigger_captures=10)
    both.start(trigger("t1", 0), frame_at(0).monotonic_ns)
    assert show(both, 100, read_of("BA123CD")) == []
    both.start(trigger("t2", 150), frame_at(150).monotonic_ns)
    assert show(both, 200, read_of("BA123CD")) == [("BA123CD", "t1")]
    assert show(both, 300, read_of("BA123CD")) == [("BA123CD", "t2")]


def test_one_picture_shown_twice_is_one_vote_and_one_capture() -> None:
    both = mode("TRIGGER", trigger_captures=2)
    both.start(trigger("t1", 0), frame_at(0).monotonic_ns)
    assert show(both, 0, read_of("BA123CD")) == []
    both.start(trigger("t2", 10), frame_at(10).monotonic_ns)
    assert show(both, 0, read_of("BA123CD")) == []
    assert sorted(show(both, 100, read_of("BA123CD"))) == [("BA123CD", "t1"), ("BA123CD", "t2")]


def test_a_trigger_waits_for_the_second_car_in_the_picture_until_its_captures_are_over() -> None:
    pair = mode("TRIGGER", trigger_captures=3)
    pair.start(trigger("t1", 0), frame_at(0).monotonic_ns)
    assert show(pair, 100, read_of("BA123CD")) == []
    assert show(pair, 200, read_of("BA123CD"), read_of("KE777AA", box=OTHER_LANE)) == [("BA123CD", "t1")]
    assert show(pair, 300, read_of("BA123CD")) == [("KE777AA", "t1")]


def test_a_trigger_that_arrives_after_its_timeout_is_refused_and_one_sent_twice_runs_once() -> None:
    late = mode("TRIGGER", trigger_timeout_s=2.0)
    assert str(late.start(trigger("old", 0), frame_at(2500).monotonic_ns)) == "it came 2.5 s ago, the timeout is 2 s"
    assert not late.wanted(frame_at(2600))
    assert late.start(trigger("t1", 3000), frame_at(3000).monotonic_ns) == NOTHING
    assert late.start(trigger("t1", 3000), frame_at(3100).monotonic_ns) == NOTHING
    assert said(late.tick(frame_at(5000).monotonic_ns)) == [("", "t1")]


def test_more_than_eight_triggers_at_once_are_refused_in_words() -> None:
    many = mode("TRIGGER")
    answers = [many.start(trigger(f"t{number}", 0), frame_at(0).monotonic_ns) for number in range(9)]
    assert list(map(str, answers)) == [""] * 8 + ["8 triggers are being served already"]
