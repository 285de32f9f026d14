"""Frame sender: what it remembers of a frame that a stop meets, and that it waits for one that cannot be cut off."""

import threading

import pytest

from board.kit.clock import Clock
from board.kit.words import Text
from board.pins.acts import Acts
from board.pins.frames import FrameSender
from board.types import PinsDone, PinsRefused, SendWiegand, WiegandCode, WiegandLine
from board.wiegand.pulses import FrameTiming

LINE = WiegandLine("W1", 24, 25)
GOOD, BAD = FrameTiming((50.0,), (), 0.0, True), FrameTiming((), (), 0.0, False)
PATIENCE_S = 20


class Maker:
    """Its frames last until `end` is set."""

    def __init__(self, timing):
        self.timing = timing
        self.begun = threading.Event()
        self.end = threading.Event()
        self.log = []

    def send(self, code, width_us, period_us, stop):
        self.begun.set()
        self.end.wait(PATIENCE_S)
        self.log.append("at rest")
        return self.timing

    def close(self):
        self.log.append("closed")


@pytest.fixture
def acts(tmp_path):
    kept = Acts(tmp_path / "acts")
    yield kept
    kept.close()


def stopped_within_a_frame(maker, acts, repeat=1):
    """What the sender answered to a frame that was on its way when it was stopped."""
    answers = []
    sender = FrameSender(maker, LINE, Clock(), acts, lambda job, message: answers.append(message))
    sender.put(SendWiegand("a", "W1", WiegandCode(26, 1), repeat=repeat, gap_ms=0))
    assert maker.begun.wait(PATIENCE_S)
    sender.stop()
    threading.Timer(0.1, maker.end.set).start()
    sender.join()
    return [answer for answer in answers if isinstance(answer, PinsDone | PinsRefused)]


def test_a_stop_waits_for_a_frame_that_its_maker_does_not_cut_off(acts):
    maker = Maker(GOOD)
    stopped_within_a_frame(maker, acts)
    assert maker.log == ["at rest", "closed"]


def test_a_frame_that_a_stop_cut_off_may_be_asked_for_again(acts):
    (answer,) = stopped_within_a_frame(Maker(BAD), acts)
    assert answer == PinsRefused("a", Text("pins stopped before the frame was complete"))
    assert acts.begun_ns("a") is None


def test_a_frame_that_was_whole_when_the_stop_came_is_not_sent_again_by_the_next_pins(acts):
    maker = Maker(GOOD)
    stopped_within_a_frame(maker, acts, repeat=3)
    assert acts.begun_ns("a") is not None
    assert maker.log == ["at rest", "closed"]


def test_a_frame_that_is_taken_back_in_the_last_moment_is_not_sent(acts):
    maker, queued, answered = Maker(GOOD), threading.Event(), threading.Event()
    maker.end.set()
    dropped = []

    class TakenBack(Clock):
        """The frame is taken back when the sender looks whether it is late: the last that it does before it begins."""

        def monotonic_ns(self):
            if threading.current_thread().name == "wiegand-W1":
                queued.wait(PATIENCE_S)
                dropped.append(job.drop())
            return super().monotonic_ns()

    sender = FrameSender(maker, LINE, TakenBack(), acts, lambda job, message: answered.set())
    job = sender.put(SendWiegand("a", "W1", WiegandCode(26, 1), gap_ms=0, not_after_ns=1 << 62))
    queued.set()
    assert answered.wait(PATIENCE_S)
    sender.stop()
    sender.join()
    assert dropped[0] and maker.log == ["closed"]
