"""Outputs: pulses, holds and their interplay, by a clock that the test turns."""

import pytest

from board.kit.clock import TestClock
from board.kit.errors import BoardError
from board.kit.words import NOTHING
from board.line_rules import Rules
from board.pins.outputs import Outputs
from board.profiles import all_profiles
from board.types import ENDS, KEEPS, Guard, LineWarning

PROFILE = all_profiles()["sim"]
DO1 = PROFILE.outputs[0].pin


class Chip:
    def __init__(self):
        self.levels = {}

    def write(self, pin, level, hurry=False):
        self.levels[pin] = level


@pytest.fixture
def clock():
    return TestClock()


@pytest.fixture
def chip():
    return Chip()


@pytest.fixture
def changes():
    return []


@pytest.fixture
def outputs(chip, clock, changes):
    return new_outputs(chip, clock, changes)


def new_outputs(chip, clock, changes, arm=lambda end_ns: None, active=(), **rules):
    def tell(message):
        changes.append((message.line, str(message.text)) if isinstance(message, LineWarning) else (message.output, message.active))

    return Outputs(PROFILE, chip, {"DO1": True, "DO2": True}, clock, tell, Rules(**rules), arm, lambda guard: guard.input in active)


@pytest.mark.parametrize(
    ("begin", "on_ms"),
    [(lambda o: o.pulse("DO1", 500), 500), (lambda o: o.play("DO1", 20, 30, 2), 20), (lambda o: o.hold("DO1", 1, "a"), None)],
)
def test_the_guardian_is_armed_before_an_output_goes_on_and_told_its_end_at_once(chip, clock, changes, begin, on_ms):
    told = []

    def arm(end_ns):
        told.append((True in chip.levels.values(), round((end_ns - clock.monotonic_ns()) / 1e6) if end_ns else None))

    outputs = new_outputs(chip, clock, changes, arm)
    begin(outputs)
    end = [] if on_ms is None else [(True, on_ms)]  # a hang right now prolongs no pulse
    assert told == [(False, None), *end]  # nothing was written yet when the guardian was told first
    if on_ms == 20:
        for seconds in (0.02, 0.03):
            clock.advance(seconds)
            outputs.end_due()
        assert told[2:] == [(False, None), (True, 20)]
    told.clear()
    outputs.switch_off("DO1")
    assert told == []


def run_until_quiet(outputs, clock):
    """Turns the clock to every moment at which something is due."""
    while (due_ns := outputs.next_ns()) is not None:
        clock.advance((due_ns - clock.monotonic_ns()) / 1e9)
        outputs.end_due()


def test_a_pulse_ends_at_its_time_and_not_before(outputs, clock, chip, changes):
    begin_ns, note = outputs.pulse("DO1", 500)
    assert (outputs.next_ns(), note) == (begin_ns + 500_000_000, NOTHING)
    clock.advance(0.499)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    clock.advance(0.001)
    outputs.end_due()
    assert chip.levels == {DO1: False}
    assert outputs.next_ns() is None
    assert changes == [("DO1", True), ("DO1", False)]


def test_a_shorter_pulse_within_a_longer_one_changes_nothing(outputs, clock, changes):
    begin_ns, _ = outputs.pulse("DO1", 500)
    clock.advance(0.1)
    assert str(outputs.pulse("DO1", 100)[1]) == "DO1 was active already"
    assert outputs.next_ns() == begin_ns + 500_000_000
    assert changes == [("DO1", True)]


def test_a_pulse_within_a_hold_leaves_the_hold(outputs, clock, chip):
    outputs.hold("DO1", 7, "h")
    outputs.pulse("DO1", 100)
    clock.advance(1)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    assert outputs.client_gone(7) == ["h"]
    assert chip.levels == {DO1: False}


def test_a_hold_that_ends_within_a_pulse_leaves_the_pulse(outputs, clock, chip):
    outputs.pulse("DO1", 100)
    outputs.hold("DO1", 7, "h")
    outputs.client_gone(7)
    assert chip.levels == {DO1: True}
    clock.advance(0.1)
    outputs.end_due()
    assert chip.levels == {DO1: False}


def test_an_output_held_by_two_clients_stays_active_until_both_have_gone(outputs, chip):
    outputs.hold("DO1", 1, "a")
    outputs.hold("DO1", 2, "b")
    outputs.client_gone(1)
    assert chip.levels == {DO1: True}
    outputs.client_gone(2)
    assert chip.levels == {DO1: False}


def test_switching_off_ends_pulse_and_holds(outputs, chip):
    outputs.pulse("DO1", 100)
    outputs.hold("DO1", 1, "a")
    outputs.switch_off("DO1")
    assert chip.levels == {DO1: False}
    assert (outputs.next_ns(), outputs.client_gone(1)) == (None, [])


def test_an_active_output_stays_active_when_its_polarity_changes(outputs, clock, chip):
    outputs.pulse("DO1", 100)
    outputs.set_polarity("DO1", False)
    assert chip.levels == {DO1: False}
    clock.advance(0.1)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    assert outputs.polarity() == {"DO1": False, "DO2": True}


def test_rest_tries_every_output_before_it_reports_one_that_fails(outputs, chip):
    outputs.pulse("DO1", 100)
    outputs.pulse("DO2", 100)
    written = []

    def write(pin, level, hurry=False):
        written.append((pin, level))
        raise BoardError(f"pin {pin} is stuck")

    chip.write = write
    with pytest.raises(BoardError, match="pin 1 is stuck"):
        outputs.rest()
    assert written == [(1, False), (2, False)]


def test_a_pattern_switches_on_and_off_as_often_as_asked_and_ends_off(outputs, clock, chip, changes):
    began_ns, note = outputs.play("DO1", 100, 300, 3)
    times_ms = []
    while (due_ns := outputs.next_ns()) is not None:
        clock.advance((due_ns - clock.monotonic_ns()) / 1e9)
        outputs.end_due()
        times_ms.append((due_ns - began_ns) / 1e6)
    assert times_ms == [100, 400, 500, 800, 900]
    assert changes == [("DO1", True), ("DO1", False)] * 3
    assert (note, outputs.busy(), chip.levels) == (NOTHING, False, {DO1: False})


def test_a_late_turn_moves_nothing_of_the_rest_of_a_pattern(outputs, clock, changes):
    began_ns, _ = outputs.play("DO1", 100, 100, 3)
    clock.advance(0.230)
    outputs.end_due()
    assert (changes, outputs.next_ns()) == ([("DO1", True)], began_ns + 300_000_000)
    clock.advance(0.270)
    outputs.end_due()
    assert changes == [("DO1", True), ("DO1", False)]
    assert outputs.next_ns() is None


def test_a_pulse_over_a_pattern_keeps_the_output_on_between_its_pulses(outputs, clock, changes):
    outputs.play("DO1", 100, 100, 2)
    outputs.pulse("DO1", 250)
    run_until_quiet(outputs, clock)
    assert changes == [("DO1", True), ("DO1", False)]


def test_a_new_pattern_takes_the_place_of_the_one_that_runs(outputs, clock):
    outputs.play("DO1", 100, 100, 100)
    clock.advance(0.05)
    began_ns, note = outputs.play("DO1", 50, 50, 1)
    assert str(note) == "DO1 ended its earlier pattern"
    assert outputs.next_ns() == began_ns + 50_000_000
    clock.advance(0.05)
    outputs.end_due()
    assert outputs.next_ns() is None


def test_switching_off_ends_a_pattern(outputs, chip):
    outputs.play("DO1", 100, 100, 100)
    outputs.switch_off("DO1")
    assert (chip.levels, outputs.next_ns()) == ({DO1: False}, None)


@pytest.mark.parametrize(
    "ask",
    [
        lambda outputs: outputs.pulse("DO2", 10),
        lambda outputs: outputs.hold("DO2", 1, "h"),
        lambda outputs: outputs.play("DO2", 50, 50, 2),
    ],
    ids=["pulse", "hold", "pattern"],
)
def test_an_interlocked_output_stays_off_while_the_other_is_on(chip, clock, changes, ask):
    outputs = new_outputs(chip, clock, changes, interlocks=(("DO1", "DO2"),))
    outputs.pulse("DO1", 500)
    clock.advance(0.499)
    with pytest.raises(BoardError, match="DO2 stays off: it is interlocked with DO1, which is on"):
        ask(outputs)
    clock.advance(0.001)
    ask(outputs)
    assert changes == [("DO1", True), ("DO1", False), ("DO2", True)]


def test_between_the_pulses_of_a_pattern_its_interlocked_neighbour_stays_off(chip, clock, changes):
    outputs = new_outputs(chip, clock, changes, interlocks=(("DO1", "DO2"),))
    outputs.play("DO1", 100, 100, 2)
    clock.advance(0.150)
    outputs.end_due()
    assert changes == [("DO1", True), ("DO1", False)]
    with pytest.raises(BoardError, match="interlocked with DO1"):
        outputs.pulse("DO2", 10)


def test_an_interlock_does_not_keep_an_output_from_being_asked_again(chip, clock, changes):
    outputs = new_outputs(chip, clock, changes, interlocks=(("DO1", "DO2"),))
    outputs.pulse("DO1", 100)
    outputs.pulse("DO1", 300)
    run_until_quiet(outputs, clock)
    assert changes == [("DO1", True), ("DO1", False)]


def test_outputs_that_a_new_interlock_forbids_together_are_both_switched_off(outputs, chip, clock):
    outputs.pulse("DO1", 500)
    outputs.hold("DO2", 1, "h")
    outputs.set_rules(Rules(interlocks=(("DO1", "DO2"),)))
    assert chip.levels == {DO1: False, 2: False}
    assert not outputs.busy()


@pytest.mark.parametrize("kind", ["hold", "pulses", "pattern"])
def test_an_output_is_off_after_its_longest_time_whatever_was_asked(chip, clock, changes, kind):
    outputs = new_outputs(chip, clock, changes, max_on_s={"DO1": 3})
    if kind == "hold":
        outputs.hold("DO1", 1, "h")
    elif kind == "pattern":
        outputs.play("DO1", 4000, 1000, 9)
    else:
        outputs.pulse("DO1", 2000)
        clock.advance(1.5)
        outputs.pulse("DO1", 60_000)
        clock.advance(-1.5)
    clock.advance(2.999)
    outputs.end_due()
    assert chip.levels == {DO1: True}
    clock.advance(0.001)
    outputs.end_due()
    words = "DO1 was switched off: it had been on for 3 s, its longest time"
    assert changes == [("DO1", True), ("DO1", False), ("DO1", words)]
    assert (outputs.next_ns(), [str(warning.text) for warning in outputs.warnings()]) == (None, [words])


def test_an_output_that_was_cut_acts_again_when_asked_again_and_its_warning_goes(chip, clock, changes):
    outputs = new_outputs(chip, clock, changes, max_on_s={"DO1": 3})
    outputs.hold("DO1", 1, "h")
    run_until_quiet(outputs, clock)
    del changes[:]
    outputs.pulse("DO1", 100)
    run_until_quiet(outputs, clock)
    assert changes == [("DO1", True), ("DO1", ""), ("DO1", False)]
    assert outputs.warnings() == []


def test_a_pulse_of_exactly_the_longest_time_ends_without_a_warning(chip, clock, changes):
    outputs = new_outputs(chip, clock, changes, max_on_s={"DO1": 3})
    outputs.pulse("DO1", 3000)
    run_until_quiet(outputs, clock)
    assert changes == [("DO1", True), ("DO1", False)]


def test_the_longest_time_counts_anew_after_the_output_was_off(chip, clock, changes):
    outputs = new_outputs(chip, clock, changes, max_on_s={"DO1": 3})
    for _ in range(2):
        outputs.pulse("DO1", 2000)
        run_until_quiet(outputs, clock)
    assert changes == [("DO1", True), ("DO1", False)] * 2


def test_a_pattern_whose_line_went_away_while_it_was_off_ends_and_the_other_outputs_go_on(outputs, clock, chip, changes):
    outputs.play("DO1", 100, 100, 5)
    outputs.pulse("DO2", 1000)
    clock.advance(0.1)
    outputs.end_due()

    def gone(pin, level, hurry=False):
        if pin == DO1:
            raise BoardError("nothing answers at 0x20")
        chip.levels[pin] = level

    chip.write = gone
    clock.advance(0.1)
    outputs.end_due()
    run_until_quiet(outputs, clock)
    assert changes == [
        ("DO1", True), ("DO2", True), ("DO1", False), ("DO1", "DO1: its pattern ended: nothing answers at 0x20"), ("DO2", False)
    ]  # fmt: skip


def test_an_output_that_cannot_be_switched_off_ends_pins_so_that_its_guardian_acts(outputs, clock, chip):
    outputs.pulse("DO1", 100)

    def broken(pin, level, hurry=False):
        raise BoardError("the chip refuses")

    chip.write = broken
    clock.advance(0.1)
    with pytest.raises(BoardError, match="the chip refuses"):
        outputs.end_due()


def test_an_output_that_a_client_could_not_switch_off_is_not_left_on_for_nobody(outputs, clock, chip, changes):
    outputs.hold("DO1", 1, "a")
    write, failures = chip.write, 1

    def refuses(pin, level, hurry=False):
        nonlocal failures
        failures -= 1
        if failures >= 0:
            raise BoardError("the chip refuses")
        write(pin, level)

    chip.write = refuses
    with pytest.raises(BoardError, match="the chip refuses"):
        outputs.release("DO1")
    outputs.end_due()  # the loop's next turn tries again
    assert (chip.levels, changes) == ({DO1: False}, [("DO1", True), ("DO1", False)])
    outputs.hold("DO1", 1, "b")
    failures = 2
    with pytest.raises(BoardError):
        outputs.release("DO1")
    with pytest.raises(BoardError):  # pins ends, and its guardian acts
        outputs.end_due()


SAFETY = Guard("DI2", "DO1", KEEPS)


@pytest.mark.parametrize(
    "begin", [lambda o: o.pulse("DO1", 500), lambda o: o.play("DO1", 20, 20, 2), lambda o: o.hold("DO1", 1, "a")]
)
def test_an_output_is_not_switched_on_while_its_guard_is_active(chip, clock, changes, begin):
    active = {"DI2"}
    outputs = new_outputs(chip, clock, changes, active=active, guards=(SAFETY,))
    with pytest.raises(BoardError, match=r"^DO1 is not switched on: DI2 is active$"):
        begin(outputs)
    assert (changes, chip.levels) == ([], {})
    outputs.pulse("DO2", 500)  # which it does not guard
    active.clear()
    begin(outputs)
    assert changes == [("DO2", True), ("DO1", True)]


def test_a_guard_keeps_what_is_held_until_its_input_is_at_rest(chip, clock, changes):
    active = set()
    outputs = new_outputs(chip, clock, changes, active=active, guards=(SAFETY,), max_on_s={"DO1": 60})
    outputs.hold("DO1", 1, "a")
    active.add("DI2")
    assert str(outputs.release("DO1")[1]) == "DO1 goes off once DI2 is at rest"
    clock.advance(100)  # beyond its longest time
    outputs.end_due()
    outputs.obey_guards()
    assert (changes, outputs.next_ns(), outputs.busy()) == ([("DO1", True)], None, True)
    active.clear()
    outputs.obey_guards()
    assert (changes[-1], outputs.busy()) == (("DO1", False), False)


def test_a_hold_whose_client_dies_with_a_vehicle_below_the_barrier_ends_when_that_has_gone(chip, clock, changes):
    active = set()
    outputs = new_outputs(chip, clock, changes, active=active, guards=(SAFETY,))
    outputs.hold("DO1", 1, "a")
    active.add("DI2")
    assert outputs.client_gone(1) == ["a"]
    assert chip.levels == {DO1: True}
    active.clear()
    outputs.obey_guards()
    assert chip.levels == {DO1: False}


def test_a_pulse_ends_at_its_time_whatever_a_guard_keeps_and_the_end_of_pins_ends_all(chip, clock, changes):
    active = set()
    outputs = new_outputs(chip, clock, changes, active=active, guards=(SAFETY,))
    outputs.pulse("DO1", 500)
    active.add("DI2")
    run_until_quiet(outputs, clock)
    assert changes == [("DO1", True), ("DO1", False)]
    active.clear()
    outputs.hold("DO1", 1, "a")
    active.add("DI2")
    outputs.rest()
    assert chip.levels[DO1] is False


def test_a_barriers_close_ends_at_once_when_a_vehicle_comes_below_it(chip, clock, changes):
    active = set()
    outputs = new_outputs(chip, clock, changes, active=active, guards=(Guard("DI2", "DO2", ENDS),))
    outputs.pulse("DO2", 5000)
    outputs.obey_guards()
    active.add("DI2")
    outputs.obey_guards()
    assert changes == [("DO2", True), ("DO2", False), ("DO2", "DO2 was switched off: DI2 is active")]
    with pytest.raises(BoardError, match="DO2 is not switched on"):
        outputs.pulse("DO2", 100)
