"""The lane: which vehicle the barrier opens for, and what is told about those that it does not open for."""

from __future__ import annotations

import pytest

from engine.events import EVENTS
from engine.lane.handover import Handover
from engine.lane.lane import MISMATCH, OPEN, OPEN_NOW, REFUSE, REFUSE_NOW, WAIT, Lane, Rules
from engine.lane.likeness import alike
from engine.lane.machine import FAULT, FAULT_OVER, HELD_OPEN, S, Times, Vehicle
from engine.lane.pair import View
from engine.lane.table import (
    ARMING,
    BLOCKED,
    DOWN,
    EXIT,
    FREE,
    LEAVING,
    NOT_MOVED,
    OPENED,
    PASSED,
    REST,
    ROWS,
    SAFETY,
    STATES,
    TAILGATE,
    UNDER,
    UNEXPECTED,
    UNUSED,
    UP,
    WAITING,
)  # fmt: skip

WHITE = frozenset({"WHITELIST"})


class Street:
    """A lane with a clock; `names` gathers what has happened."""

    def __init__(self, *roles: str, kept: Handover = Handover(), levels: tuple[str, ...] = (), **rules) -> None:  # noqa: B008
        self.now_ns = 500 * S
        self.lane = Lane(Rules(frozenset(roles), **rules))
        self.names: list[str] = []
        self.reasons: list[str] = []
        self.take(self.lane.begin(dict.fromkeys(levels, True), kept, self.now_ns))

    def take(self, effects) -> None:
        self.names += [effect.name for effect in effects]
        self.reasons += [str(effect.reason) for effect in effects]

    def on(self, *roles: str) -> None:
        for role in roles:
            self.take(self.lane.input(role, True, self.now_ns))

    def off(self, *roles: str) -> None:
        for role in roles:
            self.take(self.lane.input(role, False, self.now_ns))

    def wait(self, seconds: float) -> None:
        self.now_ns += round(seconds * S)
        self.take(self.lane.tick(self.now_ns))

    def ask(self, plate: str, read: str = "", age_s: float = 0.0, sure: bool = False):
        seen_ns = self.now_ns - round(age_s * S)
        return self.lane.ask(Vehicle(read or plate, plate, sure), WHITE, seen_ns, self.now_ns)

    @property
    def state(self) -> str:
        return self.lane.machine.state


def said(verdict) -> tuple[str, str]:
    return verdict.kind, str(verdict.reason)


def test_a_vehicle_drives_in_over_all_loops():
    street = Street(ARMING, SAFETY, EXIT)
    states = []
    street.on(ARMING)
    states.append(street.state)
    assert street.ask("AB12CDE").kind == OPEN
    for move in (lambda: street.on(SAFETY), lambda: street.off(ARMING), lambda: street.off(SAFETY), lambda: street.on(EXIT)):
        states.append(street.state)
        move()
    assert [*states, street.state] == [WAITING, OPENED, UNDER, UNDER, LEAVING, FREE]
    assert street.names == [PASSED]


def test_another_read_of_the_same_vehicle_opens_nothing():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.ask("AB12CDE", "1")
    assert street.ask("AB12CDE", "1").kind == OPEN  # the same passage, told again after a crash
    assert said(street.ask("AB12CDF", "2")) == (REFUSE, "already opened for this vehicle")
    street.on(SAFETY)
    assert street.ask("AB12CDE", "3").kind == REFUSE
    street.off(ARMING, SAFETY)
    street.on(ARMING)  # somebody else
    assert said(street.ask("AB12CDE", "4")) == (REFUSE, "already opened for this vehicle")  # its rear plate
    street.wait(31)
    assert street.ask("AB12CDE", "5").kind == OPEN


def test_vehicles_whose_plates_follow_each_other_are_two_where_lists_have_both():
    """The second one was refused, and not read again while it stood there."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    assert street.ask("KA1234", sure=True).kind == OPEN
    street.on(SAFETY)
    street.off(ARMING)
    street.on(ARMING)
    assert said(street.ask("KA1235", sure=True)) == (WAIT, "a vehicle stands in the safety loop")
    assert said(street.ask("KA1234", "again", sure=True)) == (REFUSE, "already opened for this vehicle")
    assert street.ask("KA1236", "misread").kind == REFUSE
    street.off(SAFETY)
    assert street.names == [PASSED, OPEN_NOW]
    assert str(street.lane.may_begin("KA1235")) == ""


def test_the_next_vehicle_waits_until_the_safety_loop_is_free():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.ask("AB12CDE")
    assert said(street.ask("XY99ZZZ")) == (WAIT, "the vehicle before it has not driven in yet")
    street.on(SAFETY)
    street.off(ARMING)
    street.on(ARMING)
    assert said(street.ask("XY99ZZZ")) == (WAIT, "a vehicle stands in the safety loop")
    street.off(SAFETY)
    assert street.names == [PASSED, OPEN_NOW]
    assert str(street.lane.may_begin("XY99ZZZ")) == ""
    assert str(street.lane.may_begin("AB12CDE")) == "its opening has lapsed, or was never given"
    street.on(SAFETY)
    assert str(street.lane.may_begin("XY99ZZZ")) == "its vehicle has driven in already"


@pytest.mark.parametrize("reads_anew_after_s", [1, 6])
def test_who_waited_too_long_and_is_read_anew_keeps_its_place(reads_anew_after_s):
    """The one behind it was opened for, who cannot get past: the one before drove in, and was counted as the other."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING, SAFETY)
    street.ask("AB12CDE", "1")
    street.wait(10)
    assert street.names[-1] == REFUSE_NOW
    street.wait(reads_anew_after_s - 0.5)
    street.ask("XY99ZZZ", "2")
    street.wait(0.5)
    assert street.ask("AB12CDE", "3").kind == WAIT
    street.off(SAFETY)
    assert street.names[-1] == OPEN_NOW
    holder = street.lane.machine.holder
    assert holder is not None and holder.passage_id == ("3" if reads_anew_after_s == 1 else "2")


@pytest.mark.parametrize("restarts", [False, True])
def test_who_is_read_anew_is_let_in_before_the_one_behind_who_is_read_anew_first(restarts):
    """As the lane was free when that one was read, it was opened for, and the one before it drove in."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING, SAFETY)
    street.ask("AB12CDE", "1")
    street.wait(0.1)
    street.ask("XY99ZZZ", "2")
    if restarts:
        now_ns, kept = street.now_ns, street.lane.handover(street.now_ns)
        assert (kept.waiting, kept.waiting_sure) == (("AB12CDE", "XY99ZZZ"), (False, False))
        street = Street(ARMING, SAFETY, kept=kept, levels=(ARMING, SAFETY))
        assert street.now_ns <= now_ns
    else:
        street.wait(10)
    street.wait(0.1)
    street.off(SAFETY)
    assert said(street.ask("XY99ZZZ", "3")) == (WAIT, "the vehicle before it has not driven in yet")
    street.wait(1)
    assert street.ask("AB12CDE", "4").kind == OPEN
    street.on(SAFETY)
    street.off(ARMING)
    street.on(ARMING)
    assert OPEN_NOW not in street.names
    street.off(SAFETY)
    assert street.names[-2:] == [PASSED, OPEN_NOW]


@pytest.mark.parametrize("arming", [False, True])
def test_who_waited_before_another_and_has_gone_keeps_it_waiting_for_a_moment_only(arming):
    roles = (ARMING, SAFETY) if arming else (SAFETY,)
    street = Street(*roles)
    street.on(*roles)
    street.ask("AB12CDE", "1")
    street.wait(10)
    street.off(*reversed(roles))
    street.on(*roles[:-1])
    if arming:  # it has left the loop
        assert street.ask("XY99ZZZ", "2").kind == OPEN
        return
    assert street.ask("XY99ZZZ", "2").kind == WAIT
    street.wait(3)
    assert street.lane.next_ns() == street.now_ns + 2 * S
    street.wait(2)
    assert street.names[-1] == OPEN_NOW


def test_who_waited_in_vain_for_the_arming_loop_and_reaches_it_is_let_in_before_the_one_behind():
    street = Street(ARMING, SAFETY)
    street.ask("AB12CDE", "1")
    street.wait(10)
    assert street.names == [REFUSE_NOW]
    street.on(ARMING)
    assert said(street.ask("XY99ZZZ", "2")) == (WAIT, "the vehicle before it has not driven in yet")
    street.wait(1)
    assert street.ask("AB12CDE", "3").kind == OPEN


def test_who_waited_in_vain_behind_one_that_drives_in_keeps_its_place():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.ask("KLM4711", "1")
    street.ask("AB12CDE", "2")
    street.wait(0.1)
    street.ask("XY99ZZZ", "3")
    street.wait(10)
    street.on(SAFETY)
    street.off(ARMING)
    street.on(ARMING)
    street.off(SAFETY)
    assert street.ask("XY99ZZZ", "4").kind == WAIT
    assert street.ask("AB12CDE", "5").kind == OPEN


@pytest.mark.parametrize("moves", [False, True])
def test_who_stands_before_a_barrier_that_came_down_again_keeps_its_place_before_the_one_behind(moves):
    """The one behind was opened for at once, before the first one, which drove in on that, was read anew."""
    street = Street(ARMING, SAFETY, DOWN, levels=(DOWN,))
    street.on(ARMING)
    street.ask("AB12CDE", "1")
    street.wait(1)
    street.ask("XY99ZZZ", "2")
    if moves:
        street.off(DOWN)
        street.on(DOWN)
    else:
        street.wait(9)
    assert street.names == [UNUSED if moves else NOT_MOVED]
    street.wait(0.9)
    assert street.ask("AB12CDE", "3").kind == OPEN


def test_of_several_who_waited_long_the_first_one_is_read_anew_first_however_the_others_were_read():
    """As the service asks about the one behind first, it was read anew first, and let in before the other."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING, SAFETY)
    street.ask("AB12CDE", "1")
    street.wait(1)
    street.ask("XY99ZZZ", "2")
    for _ in range(30):
        street.wait(1)
        would_wait = [street.lane.would_wait(plate, street.now_ns) for plate in ("XY99ZZZ", "AB12CDE")]
        assert would_wait == [True, True]
    street.off(SAFETY)
    for _ in range(5):
        would_wait = [street.lane.would_wait(plate, street.now_ns) for plate in ("XY99ZZZ", "AB12CDE")]
        assert would_wait == [True, False]
        street.wait(1)
    assert not street.lane.would_wait("XY99ZZZ", street.now_ns), "the first one has gone"


def test_who_is_refused_at_once_and_read_anew_keeps_its_place_before_the_one_behind():
    """That one was opened for if it was read before the service had asked for the other, who drove in on that opening."""
    street = Street(SAFETY)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY)
    street.wait(2)
    street.off(SAFETY)
    verdict = street.ask("AB12CDE", "1")
    assert (verdict.kind, verdict.again) == (REFUSE, True), "it may have driven in just then"
    street.wait(0.5)
    assert street.ask("XY99ZZZ", "2").kind == WAIT
    assert street.ask("AB12CDE", "3").kind == OPEN


def test_of_several_who_stood_there_long_before_a_restart_each_keeps_its_place():
    """All of them had the same one: the one behind, who was read first, was opened for, and the first one drove in."""
    street = Street(ARMING, kept=Handover(waiting=("AB12CDE",), waiting_sure=(True,)), levels=(ARMING,))
    seen = {"MN34PQR": 470 * S, "XY99ZZZ": 480 * S, "AB12CDE": 490 * S}
    for plate, seen_ns in seen.items():
        assert street.lane.reads_anew(Vehicle(plate, plate, True), seen_ns, seen_ns, street.now_ns)
    street.wait(1)
    for plate in ("XY99ZZZ", "MN34PQR"):
        assert street.ask(plate, plate + " 2", sure=True).kind == WAIT
    assert street.ask("AB12CDE", "AB12CDE 2", sure=True).kind == OPEN, "it waited as the process died"
    street.lane.cancel("AB12CDE 2", street.now_ns)
    assert [vehicle.plate for vehicle in street.lane.waiting] == ["XY99ZZZ"]
    assert street.lane.machine.holder == Vehicle("MN34PQR 2", "MN34PQR", True)


def test_who_waits_too_long_is_refused_with_what_it_waited_for():
    street = Street(ARMING)
    assert said(street.ask("AB12CDE", age_s=3)) == (WAIT, "no vehicle stands on the arming loop")
    assert said(street.ask("AB12CDE", "again")) == (
        REFUSE,
        "another read of this vehicle waits already: no vehicle stands on the arming loop",
    )
    street.wait(6.9)
    assert street.names == []
    street.wait(0.1)
    assert (street.names, street.reasons) == ([REFUSE_NOW], ["no vehicle stands on the arming loop"])
    verdict = street.ask("AB12CDE", "old", age_s=11)
    assert (verdict.kind, verdict.again) == (REFUSE, True)  # a server was asked about it for so long: it may stand there


def test_a_second_vehicle_on_one_opening_is_told_and_one_that_comes_out_is_not():
    street = Street(SAFETY, EXIT)
    street.ask("AB12CDE")
    street.on(SAFETY, EXIT)
    street.off(SAFETY, EXIT)
    street.wait(4)
    street.on(SAFETY)
    assert (street.names, street.state) == ([PASSED, TAILGATE], BLOCKED)
    street.off(SAFETY)
    street.wait(60)
    street.on(EXIT, SAFETY)  # out
    street.off(EXIT, SAFETY)
    assert street.names == [PASSED, TAILGATE]
    street.wait(60)
    street.on(SAFETY)
    assert street.names == [PASSED, TAILGATE, UNEXPECTED]


def test_two_vehicles_without_a_gap_over_the_safety_loop_are_told_by_the_exit_loop():
    street = Street(SAFETY, EXIT)
    street.ask("AB12CDE")
    street.on(SAFETY, EXIT)
    street.off(EXIT)
    street.on(EXIT)
    street.off(SAFETY)
    assert street.names == [TAILGATE, PASSED]


def test_an_opening_that_has_lapsed_when_the_next_vehicle_is_asked_about_is_told_all_the_same():
    """As whoever looks at the time waits for a card that stalls: who had been refused for it was not read anew."""
    street = Street(ARMING)
    street.on(ARMING)
    street.ask("AB12CDE")
    street.now_ns += 61 * S
    assert street.ask("XY99ZZZ").kind == OPEN
    street.wait(0)
    assert street.names == [UNUSED]


def test_a_vehicle_that_backs_out_has_not_used_its_opening():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.ask("AB12CDE")
    street.off(ARMING)
    street.on(ARMING)
    assert (street.names, street.state) == ([UNUSED], WAITING)
    assert street.ask("XY99ZZZ").kind == OPEN
    street.wait(60)
    assert (street.names, street.state) == ([UNUSED, UNUSED], WAITING)


def test_a_vehicle_that_reverses_out_of_the_safety_loop_has_not_passed():
    street = Street(SAFETY, EXIT)
    street.ask("AB12CDE")
    street.on(SAFETY)
    street.off(SAFETY)
    street.wait(5)
    assert (street.names, street.state) == ([UNUSED], FREE)


def test_a_barrier_that_does_not_move_gives_the_opening_back():
    street = Street(ARMING, DOWN, levels=(DOWN, ARMING))
    assert street.ask("AB12CDE", "1").kind == OPEN
    street.wait(10)
    assert street.names == [NOT_MOVED]
    assert street.ask("AB12CDE", "2").kind == OPEN
    street.off(DOWN)
    street.wait(11)
    assert street.names == [NOT_MOVED]
    street.on(DOWN)
    assert street.names == [NOT_MOVED, UNUSED]


def test_a_barrier_that_stays_open_is_told_once():
    street = Street(SAFETY, UP)
    street.on(UP)
    assert street.lane.next_ns() == street.now_ns + 120 * S
    street.wait(120)
    street.wait(500)
    assert street.names == [HELD_OPEN]
    street.off(UP)
    street.on(UP)
    street.wait(120)
    assert street.names == [HELD_OPEN, HELD_OPEN]


def test_who_waits_on_keeps_nobody_busy_once_the_second_camera_would_have_been_waited_for():
    """The lane's thread turned 170 times a second until the vehicle was let in, or refused."""
    street = Street(ARMING)
    began_ns = street.now_ns
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(5)
    assert street.lane.next_ns() == began_ns + 10 * S
    street.wait(5)
    assert street.names == [REFUSE_NOW]
    assert street.lane.next_ns() is None


def test_a_stuck_input_is_told_and_does_not_shut_everybody_out_unless_that_is_wanted():
    for shut, kind in ((False, OPEN), (True, REFUSE)):
        street = Street(ARMING, SAFETY, levels=(ARMING, SAFETY), shut_on_fault=shut)
        assert said(street.ask("AB12CDE")) == (WAIT, "a vehicle stands in the safety loop")
        street.take(street.lane.fault(SAFETY, True, street.now_ns))
        assert street.names[-2 if shut else -1 :][0] in (FAULT, OPEN_NOW)
        assert street.ask("XY99ZZZ", "2").kind == (REFUSE if shut else WAIT)
        street.take(street.lane.fault(SAFETY, False, street.now_ns))
        assert FAULT in street.names and FAULT_OVER in street.names
        assert kind in (OPEN, REFUSE)


def test_an_arming_loop_that_notices_no_vehicle_is_taken_for_broken():
    street = Street(ARMING)
    for plate in ("AB12CDE", "XY99ZZZ", "KLM4711"):
        assert street.ask(plate).kind == WAIT
        street.wait(10)
    assert street.names == [REFUSE_NOW] * 3 + [FAULT]
    assert street.ask("TT77TTU").kind == OPEN
    street.on(ARMING)
    assert street.names[-1] == FAULT_OVER


def test_a_barrier_that_is_up_and_down_at_once_is_not_believed():
    street = Street(SAFETY, UP, DOWN)
    street.on(DOWN, UP)
    assert street.names == [FAULT, FAULT] and street.lane.machine.shut() is None
    street.off(DOWN)
    assert street.names == [FAULT, FAULT, FAULT_OVER, FAULT_OVER] and street.lane.machine.shut() is False


@pytest.mark.parametrize(
    ("state", "levels", "after", "names"),
    [
        (OPENED, (ARMING,), OPENED, []),
        (OPENED, (ARMING, SAFETY), UNDER, []),
        (UNDER, (SAFETY,), UNDER, []),
        (UNDER, (), FREE, [PASSED]),
        (FREE, (ARMING,), WAITING, []),
        (WAITING, (), FREE, []),
        (FREE, (SAFETY,), BLOCKED, []),
    ],
)
def test_a_process_that_takes_over_goes_on_from_what_was_kept_and_from_the_levels(state, levels, after, names):
    street = Street(ARMING, SAFETY, kept=Handover(state, "1", "AB12CDE"), levels=levels)
    assert (street.state, street.names) == (after, names)
    if after != FREE:
        assert street.ask("AB12CDE", "2").kind == (OPEN if after == WAITING else WAIT if after == BLOCKED else REFUSE)


def test_an_opening_by_hand_is_used_by_whoever_comes():
    street = Street(ARMING, SAFETY)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(ARMING, SAFETY)
    street.off(ARMING, SAFETY)
    assert street.names == [PASSED]


@pytest.mark.parametrize("roles", [(ARMING, SAFETY), (SAFETY,), (ARMING, SAFETY, EXIT), (EXIT,), (ARMING,)])
def test_who_is_let_in_by_hand_while_he_is_read_opens_for_nobody_behind_him(roles):
    """His own opening was given when he had driven in: a stranger who came next drove in on it."""
    street = Street(*roles)
    street.on(*({ARMING} & set(roles)))
    street.take(street.lane.by_hand(street.now_ns))
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(1)
    street.on(*({SAFETY} & set(roles)))
    street.off(*({ARMING} & set(roles)))
    street.on(*({ARMING, EXIT} & set(roles)))
    street.off(*({SAFETY} & set(roles)))
    assert street.names == [PASSED, REFUSE_NOW]
    assert street.reasons[-1] == "it may have driven in without an opening of its own: if it still stands there, it is read anew"
    assert street.lane.machine.holder is None
    street.wait(1)
    assert street.ask("AB12CDE", "read anew").kind == OPEN  # it was another


def test_who_was_let_in_by_hand_opens_for_nobody_though_his_read_is_told_of_later_only():
    """A server is asked about him meanwhile."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY)
    street.off(ARMING, SAFETY)
    street.on(ARMING)
    street.wait(2)
    assert street.ask("XY99ZZZ", age_s=1).kind == OPEN  # it was read after that
    street.lane.cancel("XY99ZZZ", street.now_ns)
    verdict = street.ask("AB12CDE", age_s=3)
    assert (verdict.kind, verdict.again) == (REFUSE, True)
    assert street.ask("AB12CDE", "read anew").kind == OPEN


@pytest.mark.parametrize("kept_at", ["under", "under, and away", "passed"])
def test_who_was_let_in_by_hand_opens_for_nobody_though_the_process_died_before_his_read_was_told_of(kept_at):
    """The engine brings what was not stored to the next one."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY)
    street.off(ARMING, *([SAFETY] if kept_at == "passed" else []))
    kept = street.lane.handover(street.now_ns)
    street = Street(ARMING, SAFETY, kept=kept, levels=(SAFETY,) if kept_at == "under" else ())
    street.off(SAFETY)
    verdict = street.ask("AB12CDE", age_s=0.5)
    assert (verdict.kind, verdict.again) == (REFUSE, True)
    street.on(ARMING)
    assert street.names == ([] if kept_at == "passed" else [PASSED])
    street.wait(0.1)
    assert street.ask("AB12CDE", "read anew").kind == OPEN  # it was another


def test_a_process_of_another_boot_whose_clock_was_ahead_keeps_nobody_out():
    street = Street(ARMING, kept=Handover(somebody_ns=10**18), levels=(ARMING,))
    street.wait(0.1)
    assert street.ask("AB12CDE").kind == OPEN


def test_who_is_let_in_by_hand_on_a_motorcycle_that_does_not_reach_over_both_loops_opens_for_nobody_behind_him():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    street.ask("AB12CDE")
    street.wait(0.5)
    street.off(ARMING)
    street.wait(0.5)
    street.on(SAFETY)
    street.off(SAFETY)
    street.on(ARMING)
    assert street.names == [PASSED, REFUSE_NOW]


def test_who_is_let_in_by_hand_with_a_trailer_and_read_by_its_plate_opens_for_nobody_behind_him():
    """The loop sees a gap between the two."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY)
    street.off(ARMING)
    street.wait(0.5)
    street.on(ARMING)
    street.ask("AB12CDE")
    street.wait(0.5)
    street.off(ARMING, SAFETY)
    street.on(ARMING)
    assert street.names == [PASSED, REFUSE_NOW]


def test_who_waits_and_drives_in_as_somebody_else_has_the_barrier_up_opens_for_nobody_behind_him():
    """By the barrier's own remote control, of which the camera is not told."""
    street = Street(ARMING, SAFETY, second_camera="own")
    street.take(street.lane.heard(street.now_ns))
    street.on(ARMING)
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(1)
    street.on(SAFETY)
    street.off(ARMING, SAFETY)
    assert street.names == [UNEXPECTED, REFUSE_NOW]
    street.wait(3)
    street.on(ARMING)
    assert OPEN_NOW not in street.names


def test_who_stands_on_the_arming_loop_while_somebody_else_is_let_out_by_hand_waits_for_that_alone():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    assert street.ask("AB12CDE").kind == WAIT
    street.on(SAFETY)
    street.off(SAFETY)
    assert street.names == [PASSED, OPEN_NOW]


def test_who_waits_farther_away_while_somebody_else_is_let_out_by_hand_waits_for_that_alone():
    """Of each that drove out he was read anew, which is done a few times only."""
    street = Street(ARMING, SAFETY, EXIT)
    street.take(street.lane.by_hand(street.now_ns))
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(1)
    street.on(EXIT, SAFETY)
    street.off(EXIT, SAFETY)
    street.wait(5)
    street.on(ARMING)
    assert street.names == [UNUSED, OPEN_NOW]


def test_who_is_let_in_by_hand_and_not_noticed_by_the_arming_loop_opens_for_nobody_behind_him():
    """As one who drives out without an exit loop: nobody can tell. A stranger who came next drove in on his opening."""
    street = Street(ARMING, SAFETY)
    assert street.ask("AB12CDE").kind == WAIT
    street.take(street.lane.by_hand(street.now_ns))
    street.wait(1)
    street.on(SAFETY)
    street.off(SAFETY)
    street.on(ARMING)
    assert street.names == [PASSED, REFUSE_NOW]
    street.wait(0.1)
    assert street.ask("AB12CDE", "read anew").kind == OPEN  # it was another


def test_who_is_read_anew_as_somebody_drives_out_by_hand_keeps_his_place_before_the_one_behind():
    """Who drove out left the arming loop: that was taken for one of them, who had gone back."""
    street = Street(ARMING, SAFETY)
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(0.1)
    assert street.ask("XY99ZZZ").kind == WAIT
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY, ARMING)
    street.off(SAFETY, ARMING)
    assert street.names == [PASSED, REFUSE_NOW, REFUSE_NOW]
    street.wait(0.5)
    assert street.ask("XY99ZZZ", "2").kind == WAIT
    street.on(ARMING)
    assert street.names[3:] == []
    assert street.ask("AB12CDE", "2").kind == OPEN


def test_who_follows_a_long_one_on_a_motorcycle_that_stood_between_the_loops_opens_for_nobody_behind_him():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    assert street.ask("KLM4711").kind == OPEN
    street.on(SAFETY)
    street.off(ARMING)
    street.wait(1)
    street.on(ARMING)
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(1)
    street.off(ARMING, SAFETY)
    street.wait(0.5)
    street.on(SAFETY)
    street.wait(0.5)
    street.off(SAFETY)
    street.on(ARMING)
    assert street.names == [PASSED, TAILGATE, REFUSE_NOW]


def test_who_is_read_while_somebody_who_was_let_in_by_hand_is_below_the_barrier_waits_for_that_alone():
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY)
    street.off(ARMING)
    street.wait(0.1)
    assert street.ask("AB12CDE").kind == WAIT
    street.on(ARMING)
    street.off(SAFETY)
    assert street.names == [PASSED, OPEN_NOW]


def test_who_is_let_in_by_hand_opens_for_nobody_behind_him_however_often_levels_are_told_and_whoever_was_read_first():
    """As pins does when it was away."""
    street = Street(ARMING, SAFETY)
    street.on(ARMING)
    street.take(street.lane.by_hand(street.now_ns))
    street.ask("KLM4711")  # of the one behind him
    street.wait(0.1)
    street.on(SAFETY)
    street.ask("AB12CDE")
    street.off(ARMING)
    street.on(SAFETY, ARMING)
    street.off(SAFETY)
    assert street.names == [PASSED, REFUSE_NOW, REFUSE_NOW]
    street.wait(1)
    assert street.ask("KLM4711", "read anew").kind == OPEN


def test_who_waits_and_follows_another_in_opens_for_nobody_behind_him():
    street = Street(ARMING, SAFETY, EXIT)
    street.on(ARMING)
    street.ask("KLM4711")
    street.ask("AB12CDE")
    street.on(SAFETY)
    street.wait(1)
    street.off(ARMING)
    street.on(ARMING, EXIT)
    street.off(ARMING, EXIT)
    street.on(EXIT, ARMING)
    street.off(SAFETY)
    assert street.names == [TAILGATE, PASSED, REFUSE_NOW]


@pytest.mark.parametrize("roles", [(ARMING, SAFETY), (SAFETY,)])
def test_who_is_read_while_he_follows_another_in_opens_for_nobody_behind_him(roles):
    street = Street(*roles)
    street.on(*({ARMING} & set(roles)))
    street.ask("KLM4711")
    street.on(SAFETY)
    street.off(SAFETY)
    street.wait(0.1)
    street.on(SAFETY)
    street.wait(0.1)
    assert street.ask("AB12CDE").kind == WAIT
    street.off(*({ARMING} & set(roles)))
    street.wait(0.1)
    street.off(SAFETY)
    street.on(*({ARMING} & set(roles)))
    assert street.names == [PASSED, TAILGATE, REFUSE_NOW]


def test_who_is_refused_for_somebody_else_as_he_is_read_anew_keeps_his_place():
    """The one behind was let in, and could not get past him."""
    street = Street(SAFETY)
    street.on(SAFETY)
    street.ask("AB12CDE", "1")
    street.wait(10)
    street.take(street.lane.by_hand(street.now_ns))
    street.off(SAFETY)
    street.take(street.lane.by_hand(street.now_ns))
    street.on(SAFETY)
    street.off(SAFETY)
    assert street.ask("AB12CDE", "2", age_s=1).again  # somebody has driven in since
    street.wait(1)
    assert said(street.ask("XY99ZZZ", "3")) == (WAIT, "the vehicle before it has not driven in yet")
    assert street.ask("AB12CDE", "4").kind == OPEN


def test_without_loops_only_the_same_plate_waits():
    street = Street(UP)
    assert street.ask("AB12CDE", "1").kind == OPEN
    assert street.ask("AB12CDE", "2").kind == REFUSE
    assert street.ask("XY99ZZZ", "3").kind == OPEN


# --- two cameras ------------------------------------------------------------------------------------------------------


def view(street: Street, plate: str, event: str = "e1", lists: frozenset[str] = WHITE, age_s: float = 0.0) -> None:
    seen_ns = street.now_ns - round(age_s * S)
    street.take(street.lane.view(View("gw-2", event, plate, lists, seen_ns), street.now_ns))


def test_the_second_camera_agrees_before_or_after():
    street = Street(second_camera="refuse")
    view(street, "AB12CDE", "e1")
    assert street.ask("AB12CDE").kind == OPEN
    assert said(street.ask("XY99ZZZ")) == (WAIT, "waiting for the second camera")
    view(street, "XY99ZZ2", "e2", age_s=1)
    assert street.names == [OPEN_NOW]


def test_who_waits_for_the_second_camera_is_let_in_before_the_one_behind_whom_it_read_first():
    """The barrier was opened for that one, who cannot get past him."""
    street = Street(ARMING, SAFETY, second_camera="own")
    street.take(street.lane.heard(street.now_ns))
    street.on(ARMING)
    assert street.ask("AB12CDE").kind == WAIT
    street.take(street.lane.view(View("2", "e1", "XY99ZZZ", WHITE, street.now_ns), street.now_ns))
    street.wait(0.1)
    assert said(street.ask("XY99ZZZ")) == (WAIT, "the vehicle before it has not driven in yet")
    street.take(street.lane.view(View("2", "e2", "AB12CDE", WHITE, street.now_ns), street.now_ns))
    assert street.lane.machine.holder == Vehicle("AB12CDE", "AB12CDE")
    street.on(SAFETY)
    street.off(SAFETY)
    assert street.names == [OPEN_NOW, PASSED, OPEN_NOW]


def test_who_waits_for_the_second_camera_by_a_misread_plate_is_let_in_by_the_next_read_that_agrees():
    """He was refused as one that stands behind himself."""
    street = Street(second_camera="refuse")
    view(street, "AB12CDE")
    assert street.ask("AB12XDF", "1").kind == WAIT
    street.wait(0.1)
    assert street.ask("AB12CDF", "2").kind == OPEN
    street.wait(3)
    assert street.reasons == ["already opened for this vehicle"]


def test_one_view_lets_in_one_vehicle_however_often_it_is_repeated():
    street = Street(second_camera="refuse", same_vehicle_s=0.0, times=Times(lapse_s=0.5))
    view(street, "AB12CDE")
    assert street.ask("AB12CDE", "1").kind == OPEN
    street.wait(1)
    street.wait(1)
    view(street, "AB12CDE")
    assert street.ask("AB12CDE", "2").kind == WAIT


def test_plates_that_do_not_belong_together_are_refused_and_told():
    street = Street(second_camera="own")
    view(street, "BAD1234", lists=frozenset({"NOT IN LIST"}))
    street.ask("AB12CDE")
    street.wait(3)
    assert street.names == [REFUSE_NOW, MISMATCH]
    assert street.reasons[0] == "camera gw-2 read BAD1234, which is on NOT IN LIST and not on WHITELIST"


@pytest.mark.parametrize(("alone", "kind", "reason"), [("own", OPEN, ""), ("refuse", REFUSE, "the second camera is silent")])
def test_a_dead_second_camera_is_not_waited_for(alone, kind, reason):
    assert said(Street(second_camera=alone).ask("AB12CDE")) == (kind, reason)


def test_a_second_camera_that_read_nothing_leaves_the_choice():
    street = Street(second_camera="own")
    street.take(street.lane.heard(street.now_ns))
    assert street.ask("AB12CDE").kind == WAIT
    street.wait(3)
    assert street.names == [OPEN_NOW]


def test_a_view_of_long_ago_is_of_another_vehicle():
    street = Street(second_camera="refuse")
    view(street, "AB12CDE", age_s=4)
    assert street.ask("AB12CDE").kind == WAIT


# --- the table --------------------------------------------------------------------------------------------------------


def test_every_state_is_reached_and_left_and_every_effect_has_words():
    assert {row.state for row in ROWS} == set(STATES)
    assert {row.target for row in ROWS} - {REST} == set(STATES) - set()
    assert {row.effect for row in ROWS} - {"", PASSED} <= set(EVENTS)
    keys = [(row.state, row.signal, row.condition) for row in ROWS]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("AB12CDE", "AB12CDE", True),
        ("AB12CDE", "ABI2CDE", True),
        ("AB12CDE", "AB12CDF", True),
        ("AB12CDE", "AB12CD", True),
        ("AB12CDE", "B12CDE", True),
        ("AB12CDE", "AB12XXE", False),
        ("AB12CDE", "AB12", False),
        ("", "", False),
    ],
)
def test_reads_that_can_be_of_one_vehicle(one, other, expected):
    assert alike(one, other) is expected
