"""The pins process, over its socket, on the simulated chip: what the edge log holds afterwards."""

import json
import os
import signal
import socket
import time
import uuid
from contextlib import suppress
from itertools import pairwise
from pathlib import Path

import pytest

from board.gpio.sim import plug_wire, set_input, show
from board.kit.sockets import short_address
from board.kit.words import NOTHING, Text
from board.profiles import load
from board.safe import make_safe
from board.types import (
    KEEPS,
    Guard,
    InputEdge,
    InputState,
    Level,
    LineRules,
    LineWarning,
    OutputPolarity,
    OutputState,
    Pattern,
    PinsDone,
    PinsRefused,
    PinsTaken,
    Pulse,
    SendWiegand,
    TakeBack,
    WatchPins,
    WiegandCode,
    WiegandSent,
)
from board.wiegand.codes import LAYOUTS, decode, encode
from board.wiegand.receive import receive
from tests.waiting import until

W26 = LAYOUTS["w26"]
PATIENCE_S = 20
LATE_MS = 1000
"""How much later than ordered something may end where other tests run beside."""


def length_ms(edges):
    return (edges[1].t_ns - edges[0].t_ns) / 1e6


def test_a_pulse_opens_and_closes_once_and_lasts_what_was_asked(pins):
    done = pins.client().ask(Pulse("a", "DO1", 120))
    pins.await_edges(("DO1", 1), ("DO1", 0))
    edges = pins.log()
    assert isinstance(done, PinsDone)
    assert 120 <= length_ms(edges) < 120 + LATE_MS
    assert abs(done.monotonic_ns - edges[0].t_ns) < LATE_MS * 1e6


def test_overlapping_pulses_last_to_the_later_end_without_a_gap(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 1200))
    assert str(client.ask(Pulse("b", "DO1", 100)).note) == "DO1 was active already"
    client.ask(Pulse("c", "DO1", 1300))
    pins.await_edges(("DO1", 1), ("DO1", 0))
    assert 1300 <= length_ms(pins.log()) < 1300 + 2 * LATE_MS


def test_pulses_of_two_outputs_do_not_wait_for_each_other(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 1200))
    client.ask(Pulse("b", "DO2", 30))
    pins.await_edges(("DO1", 1), ("DO2", 1), ("DO2", 0), ("DO1", 0))


def test_a_repeated_id_is_answered_again_and_acts_once(pins):
    client = pins.client()
    first = client.ask(Pulse("a", "DO1", 30))
    pins.await_edges(("DO1", 1), ("DO1", 0))
    assert client.ask(Pulse("a", "DO1", 30)) == first
    other = pins.client()
    assert other.ask(Pulse("a", "DO1", 30)) == first
    other.ask(Pulse("b", "DO2", 30))
    pins.await_edges(("DO2", 1), ("DO2", 0))
    assert pins.edges("DO1") == [("DO1", 1), ("DO1", 0)]


def test_a_repeated_id_that_still_waits_acts_once_and_both_clients_hear_of_it(pins):
    first, second = pins.client(), pins.client()
    first.channel.send(Pulse("a", "DO1", 30, delay_ms=1000))
    second.channel.send(Pulse("a", "DO1", 30, delay_ms=1000))
    assert first.answer("a") == second.answer("a")
    assert first.seen == second.seen == [PinsTaken("a")]
    pins.await_edges(("DO1", 1), ("DO1", 0))


@pytest.mark.parametrize(
    "request_",
    [
        Pulse("a", "DO1", 20, delay_ms=800),
        Pattern("a", "DO1", 20, 20, 1, delay_ms=800),
        Level("a", "DO1", True, delay_ms=800),
        SendWiegand("a", "W1", encode(W26, 1), period_us=20_000),
    ],
)
def test_what_cannot_be_done_at_once_is_taken_first_and_done_when_it_is_done(pins, request_):
    client = pins.client()
    client.channel.send(request_)
    assert client.channel.receive(PATIENCE_S) == PinsTaken("a")
    assert client.channel.receive(0) is None
    taken_ns = time.monotonic_ns()
    done = client.channel.receive(PATIENCE_S)
    assert isinstance(done, PinsDone) and done.id == "a"
    assert done.monotonic_ns > taken_ns
    assert pins.edges() != []


def test_what_is_done_at_once_and_what_is_refused_at_once_is_answered_once(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 20))
    client.ask(Pulse("b", "DO9", 20, delay_ms=300))
    client.ask(Pulse("c", "DO1", 20))
    assert client.seen == []


def test_a_delayed_request_that_an_interlock_forbids_when_it_is_due_is_taken_and_then_refused(pins):
    client = pins.client()
    client.ask(LineRules("r", interlocks=(("DO1", "DO2"),)))
    client.ask(Level("b", "DO2", True))
    answer = client.ask(Pulse("a", "DO1", 20, delay_ms=50))
    assert isinstance(answer, PinsRefused) and str(answer.why) == "DO1 stays off: it is interlocked with DO2, which is on"
    assert client.seen == [PinsTaken("a")]
    assert pins.edges("DO1") == []


def test_an_input_that_guards_an_output_refuses_pulses_until_it_is_at_rest_or_stuck(pins):
    client = pins.client()
    client.ask(LineRules("r", stuck_after_s=(("DI2", 3),), guards=(Guard("DI2", "DO1", KEEPS),)))
    set_input(pins.state, "DI2", 1)
    until(lambda: isinstance(client.ask(Pulse(str(uuid.uuid4()), "DO1", 20)), PinsRefused), "the guard")
    assert str(client.ask(Pulse("a", "DO1", 20)).why) == "DO1 is not switched on: DI2 is active"
    set_input(pins.state, "DI2", 0)
    until(lambda: isinstance(client.ask(Pulse("a", "DO1", 20)), PinsDone), "the guard's end")
    set_input(pins.state, "DI2", 1)
    until(lambda: isinstance(client.ask(Pulse(str(uuid.uuid4()), "DO1", 20)), PinsRefused), "the guard again")
    until(lambda: isinstance(client.ask(Pulse("b", "DO1", 20)), PinsDone), "the report that it is stuck")


def test_a_delayed_request_that_comes_due_too_late_is_taken_and_then_refused(pins):
    client = pins.client()
    client.channel.send(Pulse("a", "DO1", 20, delay_ms=1000, not_after_ns=time.monotonic_ns() + 2_000_000_000))
    assert client.channel.receive(PATIENCE_S) == PinsTaken("a")
    pins.process.send_signal(signal.SIGSTOP)
    time.sleep(2.2)
    pins.process.send_signal(signal.SIGCONT)
    answer = client.answer("a")
    assert isinstance(answer, PinsRefused) and "too late" in str(answer.why)
    assert pins.edges() == []


def test_a_request_that_would_begin_too_late_is_refused(pins):
    client = pins.client()
    answer = client.ask(Pulse("a", "DO1", 50, not_after_ns=time.monotonic_ns() - 1))
    assert isinstance(answer, PinsRefused) and "too late" in str(answer.why)
    client.channel.send(Pulse("b", "DO1", 50, delay_ms=5000, not_after_ns=time.monotonic_ns() + 1_000_000_000))
    answer = client.channel.receive(PATIENCE_S)  # at once: it is not taken first
    assert isinstance(answer, PinsRefused) and "too late" in str(answer.why)
    answer = client.ask(SendWiegand("c", "W1", encode(W26, 1), not_after_ns=time.monotonic_ns() - 1))
    assert isinstance(answer, PinsRefused) and "too late" in str(answer.why)
    assert pins.edges() == []


@pytest.mark.parametrize(
    ("request_", "why"),
    [
        (Pulse("a", "DO7", 50), "no output 'DO7'"),
        (Pulse("a", "DO1", 0), "a pulse lasts 1 to"),
        (Pulse("a", "DO1", 3_600_001), "a pulse lasts 1 to"),
        (Level("a", "DO1", True, delay_ms=-1), "the delay must be"),
        (Pattern("a", "DO7", 50, 50, 2), "no output 'DO7'"),
        (Pattern("a", "DO1", 5, 50, 2), "last 20 ms or more"),
        (Pattern("a", "DO1", 50, 50, 0), "repeats 1 to"),
        (Pattern("a", "DO1", 3_000_000, 50, 2), "lasts 3600000 ms at most"),
        (LineRules("a", interlocks=(("DO1", "DO9"),)), "no output 'DO9'"),
        (OutputPolarity("a", "DI1", True), "no output 'DI1'"),
        (SendWiegand("a", "W2", WiegandCode(26, 1)), "no Wiegand port 'W2'"),
        (SendWiegand("a", "W1", WiegandCode(26, 1 << 26)), "does not fit 26 bits"),
        (SendWiegand("a", "W1", WiegandCode(26, -1)), "does not fit 26 bits"),
        (SendWiegand("a", "W1", WiegandCode(26, 1), width_us=10), "20 to 100 us wide"),
        (SendWiegand("a", "W1", WiegandCode(26, 1), period_us=100), "200 to 20000 us apart"),
    ],
)
def test_a_request_that_makes_no_sense_is_refused_with_the_reason(shared_pins, request_, why):
    answer = shared_pins.client().ask(request_)
    assert isinstance(answer, PinsRefused) and why in str(answer.why)
    assert shared_pins.edges() == []


def test_nonsense_on_the_socket_is_answered_and_the_client_stays(pins):
    with short_address(pins.state.pins_socket) as address, socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as raw:
        raw.connect(address)
        raw.send(b"open the gate")
        assert b"not JSON" in raw.recv(10_000)
        raw.send(b'{"type":"Pulse","body":{"id":"a"}}')
        assert b"PinsRefused" in raw.recv(10_000)
        raw.send(b'{"type":"PinsDone","body":{"id":"a","monotonic_ns":1,"note":""}}')
        assert b'"key":"{message} is not a request","values":{"message":"PinsDone"}' in raw.recv(10_000)
        raw.send(b'{"type":"Pulse","body":{"id":"b","output":"DO1","duration_ms":20}}')
        assert b'"type":"PinsDone"' in raw.recv(10_000)
    pins.await_edges(("DO1", 1), ("DO1", 0))


def test_a_hold_ends_with_its_client(pins):
    client = pins.client()
    client.ask(Level("a", "DO1", True))
    assert pins.edges() == [("DO1", 1)]
    client.close()
    pins.await_edges(("DO1", 1), ("DO1", 0))


def test_a_hold_that_ended_with_its_client_holds_again_when_it_is_asked_again(pins):
    client = pins.client()
    client.ask(Level("a", "DO1", True))
    client.close()
    pins.await_edges(("DO1", 1), ("DO1", 0))
    pins.client().ask(Level("a", "DO1", True))
    pins.await_edges(("DO1", 1), ("DO1", 0), ("DO1", 1))


def test_a_pulse_runs_to_its_end_without_its_client(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 300))
    client.close()
    pins.await_edges(("DO1", 1), ("DO1", 0))
    assert length_ms(pins.log()) >= 300


def test_a_delayed_request_is_dropped_with_its_client(pins):
    client = pins.client()
    client.channel.send(Pulse("a", "DO1", 30, delay_ms=1000))
    client.ask(Pulse("b", "DO2", 10))
    client.close()
    pins.client().ask(Pulse("c", "DO2", 10, delay_ms=1500))
    assert pins.edges("DO1") == []


@pytest.mark.parametrize("request_", [Pulse("a", "DO1", 20, delay_ms=1000), SendWiegand("a", "W1", encode(W26, 2))])
def test_what_has_not_begun_can_be_taken_back_and_asked_for_again(pins, request_):
    client = pins.client()
    client.channel.send(SendWiegand("before", "W1", encode(W26, 1), period_us=20_000))  # takes half a second
    client.until(lambda message: message == PinsTaken("before"))
    client.channel.send(request_)
    client.until(lambda message: message == PinsTaken("a"))
    client.channel.send(TakeBack("a", Text("switched off")))
    assert client.answer("a") == PinsRefused("a", Text("switched off"))
    assert isinstance(client.answer("before"), PinsDone)
    pins.client().ask(Pulse("c", "DO2", 10, delay_ms=1500))
    assert pins.edges("DO1") == []
    # On a busy machine the slow frame is cut into pieces, but it is the only one.
    assert encode(W26, 2) not in {frame.code for frame in receive(pins.log(), load(pins.state).wiegand[0])}
    assert isinstance(client.ask(request_), PinsDone)


def test_what_has_begun_is_not_taken_back(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 300))
    client.channel.send(TakeBack("a", Text("switched off")))
    assert isinstance(client.ask(Pulse("a", "DO1", 300)), PinsDone)
    pins.await_edges(("DO1", 1), ("DO1", 0))
    assert length_ms(pins.log()) >= 300


def test_switching_off_ends_the_pulse_and_later_requests_act(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 60_000))
    client.ask(Level("b", "DO1", True))
    client.ask(Level("c", "DO1", False))
    assert pins.edges() == [("DO1", 1), ("DO1", 0)]
    client.ask(Pulse("d", "DO1", 20))
    pins.await_edges(("DO1", 1), ("DO1", 0), ("DO1", 1), ("DO1", 0))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_stop_signal_ends_everything_at_rest_with_exit_code_0(pins, number):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 60_000))
    client.ask(Level("b", "DO2", True))
    pins.process.send_signal(number)
    assert pins.process.wait(20) == 0
    assert pins.edges("DO1") == [("DO1", 1), ("DO1", 0)]
    assert pins.edges("DO2") == [("DO2", 1), ("DO2", 0)]


def test_a_gates_pulse_that_is_nearly_over_is_not_cut_short_by_a_stop(pins):
    """As of an upgrade: a barrier may miss what is left of it, and its car was let in by it."""
    client = pins.client()
    client.ask(Pulse("a", "DO1", 400))
    client.ask(Level("b", "DO2", True))
    pins.process.terminate()
    client.channel.send(Pulse("c", "DO2", 50))
    assert pins.process.wait(20) == 0
    assert (pins.edges("DO1"), pins.edges("DO2")) == ([("DO1", 1), ("DO1", 0)], [("DO2", 1), ("DO2", 0)])
    on, off = (edge.t_ns for edge in pins.log() if edge.line == "DO1")
    assert off - on >= 400_000_000


def test_after_sigkill_the_guardian_brings_the_outputs_to_rest_by_itself(pins):
    pins.client().ask(Pulse("a", "DO1", 60_000))
    pins.process.kill()
    pins.await_edges(("DO1", 1), ("DO1", 0))


@pytest.mark.parametrize(
    "edited", ['{"outputs": [{"name": "DO1", "pin": 5}]}', '{"outputs": [{"name": "DO1", "pi'], ids=["moved", "half written"]
)
def test_after_sigkill_the_lines_that_pins_had_go_to_rest_whatever_became_of_the_file_that_names_them(pins, edited):
    pins.client().ask(Pulse("a", "DO1", 60_000))
    pins.state.lines_file.write_text(edited)
    pins.process.kill()
    pins.await_edges(("DO1", 1), ("DO1", 0))


def test_after_sigkill_a_frame_in_progress_leaves_the_wires_idle(pins):
    pins.client().channel.send(SendWiegand("a", "W1", encode(W26, 1), period_us=20_000))
    until(lambda: pins.edges("W1.D0", "W1.D1"), "the frame's begin")
    pins.process.kill()
    pins.process.wait(20)
    make_safe(pins.state)
    assert [level for name, level, _ in show(pins.state) if name.startswith("W1")] == [1, 1]


def restart(pins):
    pins.process.wait(20)
    pins.process.stderr.close()
    pins.start()


@pytest.mark.parametrize("request_", [Pulse("a", "DO1", 60_000), Pattern("a", "DO1", 60_000, 20, 9), Level("a", "DO1", True)])
def test_a_pins_that_hangs_while_an_output_is_on_is_ended_by_the_guardian(pins, request_):
    pins.client().ask(request_)
    pins.process.send_signal(signal.SIGSTOP)
    pins.await_edges(("DO1", 1), ("DO1", 0))
    assert pins.process.wait(20) == -signal.SIGKILL
    until(lambda: "pins hung while an output was on" in (pins.state.logs / "pins.log").read_text(), "a word of it in the log")


def test_a_pulse_of_a_pins_that_hangs_ends_soon_after_its_time(pins):
    pins.client().ask(Pulse("a", "DO1", 400))
    pins.process.send_signal(signal.SIGSTOP)
    pins.await_edges(("DO1", 1), ("DO1", 0))
    up, down = times(pins, "DO1")
    assert 400 <= (down - up) / 1e6 < 400 + LATE_MS, "on a quiet machine 460"


def times(pins, line):
    edges = (json.loads(text) for text in (pins.state.sim / "edges.jsonl").read_text().splitlines())
    return [edge["t_ns"] for edge in edges if edge["line"] == line]


def test_a_pins_that_hangs_at_rest_is_left_to_the_supervisor(pins):
    client = pins.client()
    client.ask(Pulse("a", "DO1", 20))
    pins.await_edges(("DO1", 1), ("DO1", 0))
    client.ask(Level("b", "DO1", False))  # by now the guardian has been told
    pins.process.send_signal(signal.SIGSTOP)
    time.sleep(4)  # longer than the guardian waits for a pins with an output on
    pins.process.send_signal(signal.SIGCONT)
    assert isinstance(client.ask(Pulse("c", "DO1", 20)), PinsDone)


@pytest.mark.parametrize("request_", [Pulse("a", "DO1", 60_000), Pattern("a", "DO1", 60_000, 20, 9)])
def test_what_began_before_pins_was_killed_is_not_repeated_by_the_next_one(pins, request_):
    pins.client().channel.send(request_)  # the answer is lost
    pins.await_edges(("DO1", 1))
    pins.process.kill()
    restart(pins)
    answer = pins.client().ask(request_)
    assert isinstance(answer, PinsDone) and str(answer.note) == "began before: not repeated"
    pins.client().ask(Pulse("b", "DO2", 10))
    assert pins.edges("DO1") == [("DO1", 1), ("DO1", 0)]


def test_a_delayed_pulse_that_had_not_begun_is_carried_out_by_the_next_pins(pins):
    client = pins.client()
    client.channel.send(Pulse("a", "DO1", 20, delay_ms=60_000))
    client.ask(Pulse("b", "DO2", 20))
    pins.process.kill()
    restart(pins)
    assert str(pins.client().ask(Pulse("a", "DO1", 20)).note) == ""
    pins.await_edges(("DO1", 1), ("DO1", 0))


def test_a_frame_that_was_sent_is_not_sent_again_by_the_next_pins(pins):
    request = SendWiegand("a", "W1", encode(W26, 7), period_us=300)
    pins.client().ask(request)
    pins.process.kill()
    restart(pins)
    before = len(pins.edges("W1.D0"))
    assert str(pins.client().ask(request).note) == "began before: not repeated"
    assert len(pins.edges("W1.D0")) == before


def test_an_interlock_is_kept_over_a_restart_and_names_the_other_output(pins):
    client = pins.client()
    client.ask(LineRules("r", interlocks=(("DO1", "DO2"),)))
    pins.process.kill()
    restart(pins)
    client = pins.client()
    client.ask(Level("a", "DO1", True))
    answer = client.ask(Pulse("b", "DO2", 50))
    assert isinstance(answer, PinsRefused) and str(answer.why) == "DO2 stays off: it is interlocked with DO1, which is on"
    client.ask(Level("c", "DO1", False))
    assert isinstance(client.ask(Pulse("b", "DO2", 20)), PinsDone)  # refused, it may be asked for again
    pins.await_edges(("DO1", 1), ("DO1", 0), ("DO2", 1), ("DO2", 0))


def test_rules_that_make_no_sense_leave_the_earlier_ones_in_force(pins):
    client = pins.client()
    client.ask(LineRules("r", interlocks=(("DO1", "DO2"),)))
    assert isinstance(client.ask(LineRules("s", max_on_s=(("DO1", 1), ("DO9", 1)))), PinsRefused)
    client.ask(Level("a", "DO1", True))
    assert isinstance(client.ask(Level("b", "DO2", True)), PinsRefused)


def test_an_output_reaches_its_longest_time_and_watchers_hear_of_it(pins):
    client = pins.client()
    client.ask(LineRules("r", max_on_s=(("DO1", 1),)))
    client.ask(WatchPins("w"))
    client.ask(Level("a", "DO1", True))
    warning = client.until(lambda message: isinstance(message, LineWarning))
    assert (warning.line, "longest time" in str(warning.text)) == ("DO1", True)
    assert pins.edges() == [("DO1", 1), ("DO1", 0)]
    later = pins.client()
    later.ask(WatchPins("w"))
    assert [message for message in later.seen if isinstance(message, LineWarning)] == [warning]


def test_a_stuck_input_is_told_to_watchers_and_taken_back(pins):
    client = pins.client()
    client.ask(LineRules("r", stuck_after_s=(("DI1", 1),)))
    client.ask(WatchPins("w"))
    set_input(pins.state, "DI1", 1)
    assert "DI1 has been active" in str(client.until(lambda message: isinstance(message, LineWarning)).text)
    set_input(pins.state, "DI1", 0)
    assert client.until(lambda message: isinstance(message, LineWarning)).text == NOTHING


def test_a_pattern_leaves_as_many_pulses_as_were_asked(pins):
    pins.client().ask(Pattern("a", "DO1", 30, 20, 3))
    pins.await_edges(*[("DO1", 1), ("DO1", 0)] * 3)


def test_make_safe_leaves_the_lines_of_a_living_process_alone(pins):
    pins.client().ask(Level("a", "DO1", True))
    left = make_safe(pins.state)
    assert len(left) == 4 and "DO1 (pin 1) is taken by pins" in left[0]
    assert pins.edges() == [("DO1", 1)]


def test_a_killed_process_can_be_started_again_at_once_and_serves(pins):
    pins.client().ask(Pulse("a", "DO1", 60_000))
    pins.process.kill()
    pins.process.wait(20)
    pins.process.stderr.close()
    pins.start()
    assert pins.edges() == [("DO1", 1), ("DO1", 0)]
    pins.client().ask(Pulse("b", "DO1", 20))
    pins.await_edges(("DO1", 1), ("DO1", 0), ("DO1", 1), ("DO1", 0))


def test_polarity_moves_the_rest_level_and_is_kept_over_restart_and_crash(pins):
    client = pins.client()
    client.ask(OutputPolarity("p", "DO1", False))
    client.ask(Pulse("a", "DO1", 20))
    pins.await_edges(("DO1", 1), ("DO1", 0), ("DO1", 1))
    client.ask(Level("b", "DO1", True))
    pins.process.kill()
    pins.await_edges(("DO1", 1), ("DO1", 0), ("DO1", 1), ("DO1", 0), ("DO1", 1))
    pins.process.wait(20)
    pins.process.stderr.close()
    pins.start()
    assert str(pins.client().ask(OutputPolarity("p", "DO1", False)).note) == ""
    assert len(pins.edges("DO1")) == 5


@pytest.mark.parametrize("change", [OutputPolarity("k", "DO2", False), LineRules("k", max_on_s=(("DO2", 5),))])
def test_a_card_that_stalls_while_settings_are_kept_holds_up_no_pulse_and_ends_no_pins(card_pins, change):
    client, settings = card_pins.client(), card_pins.client()
    (card_pins.state.root / "stalls").touch()
    client.ask(Pulse("a", "DO1", 300))
    settings.channel.send(change)
    card_pins.await_edges(("DO1", 1), ("DO1", 0))
    assert isinstance(client.ask(Pulse("b", "DO1", 50)), PinsDone)
    card_pins.await_edges(("DO1", 1), ("DO1", 0), ("DO1", 1), ("DO1", 0))
    assert card_pins.process.poll() is None
    assert settings.channel.receive(0) is None
    (card_pins.state.root / "stalls").unlink()
    assert isinstance(settings.answer("k"), PinsDone)


def test_changes_that_come_while_the_card_stalls_are_kept_one_after_the_other(card_pins):
    (card_pins.state.root / "stalls").touch()
    client, gone = card_pins.client(), card_pins.client()
    for number, active_high in enumerate((False, True, False)):
        client.channel.send(OutputPolarity(str(number), "DO1", active_high))
    gone.channel.send(OutputPolarity("gone", "DO2", False))
    gone.close()
    (card_pins.state.root / "stalls").unlink()
    assert [client.channel.receive(PATIENCE_S).id for _ in range(3)] == ["0", "1", "2"]
    until(lambda: json.loads(card_pins.state.polarity_file.read_bytes()) == {"DO1": False, "DO2": False})


def test_what_the_card_does_not_take_is_refused_and_not_in_force(card_pins):
    client = card_pins.client()
    refuses = card_pins.state.root / "refuses"
    refuses.touch()
    for change in (OutputPolarity("a", "DO1", False), LineRules("b", interlocks=(("DO1", "DO2"),))):
        refused = client.ask(change)
        assert isinstance(refused, PinsRefused)
        assert "cannot be kept" in str(refused.why)
    refuses.unlink()
    client.ask(Pulse("c", "DO1", 50))
    card_pins.await_edges(("DO1", 1), ("DO1", 0))
    assert isinstance(client.ask(OutputPolarity("d", "DO1", False)), PinsDone)


def whole(frames):
    """Without the pieces of a frame that a busy computer tore apart; pins sends such a frame again."""
    return [frame for frame in frames if frame.code.bits == 26]


def test_a_wiegand_frame_carries_the_code_that_was_asked(pins):
    client = pins.client()
    client.ask(WatchPins("w"))
    client.channel.send(SendWiegand("a", "W1", encode(W26, 12345, 11), width_us=50, period_us=1000))
    sent = client.until(lambda message: isinstance(message, WiegandSent))
    assert (sent.port, sent.code) == ("W1", encode(W26, 12345, 11))
    client.answer("a")
    frames = whole(receive(pins.log(), load(pins.state).wiegand[0]))
    assert {decode(W26, frame.code) for frame in frames} == {(11, 12345)}
    assert [frame.fault for frame in frames] == [""] * len(frames)


def test_wires_of_a_maker_that_is_not_to_be_had_are_at_rest_and_busy_wait_makes_the_frames(pins):
    pins.process.terminate()
    entry = {"name": "W1", "d0": 21, "d1": 22, "active_high": False, "maker": "lgpio:"}
    pins.state.lines_file.write_text(json.dumps({"wiegand": [entry]}))
    restart(pins)
    wires = [(level, owner.partition(" ")[0]) for name, level, owner in show(pins.state) if name.startswith("W1")]
    assert wires == [(1, "pins"), (1, "pins")]
    pins.client().ask(SendWiegand("a", "W1", encode(W26, 12345, 11), period_us=500))
    frames = whole(receive(pins.log(), load(pins.state).wiegand[0]))
    assert {decode(W26, frame.code) for frame in frames} == {(11, 12345)}
    assert "name two inputs that are wired to D0 and D1" in (pins.state.logs / "pins.log").read_text()


def test_frames_of_one_port_keep_their_gap_and_repeat(pins):
    client = pins.client()
    client.channel.send(SendWiegand("a", "W1", encode(W26, 1), period_us=500, gap_ms=60, repeat=2))
    client.ask(SendWiegand("b", "W1", encode(W26, 2), period_us=500, gap_ms=60))
    frames = whole(receive(pins.log(), load(pins.state).wiegand[0]))
    cards = [decode(W26, frame.code)[1] for frame in frames]
    assert sorted(set(cards)) == [1, 2] and cards.count(1) >= 2
    gaps_ms = [(after.began_ns[0] - before.began_ns[-1]) / 1e6 for before, after in pairwise(frames)]
    assert min(gaps_ms) >= 60


def test_a_pulse_ends_while_a_frame_is_being_sent(pins):
    client = pins.client()
    client.channel.send(SendWiegand("w", "W1", encode(W26, 1), period_us=20_000))
    client.ask(Pulse("a", "DO1", 50))
    client.answer("w")
    edges = pins.log()
    closed = next(number for number, edge in enumerate(edges) if (edge.line, edge.level) == ("DO1", 0))
    assert any(edge.line.startswith("W1") for edge in edges[closed:])


def test_a_watcher_gets_the_present_state_then_every_change(pins):
    pins.client().ask(Level("a", "DO2", True))
    watcher = pins.client()
    watcher.ask(WatchPins("w"))
    assert [type(message) for message in watcher.seen] == [OutputState, OutputState, InputState, InputState]
    assert [(message.output, message.active) for message in watcher.seen[:2]] == [("DO1", False), ("DO2", True)]
    pins.client().ask(Pulse("b", "DO1", 20))
    changes = [watcher.until(lambda message: isinstance(message, OutputState)) for _ in range(2)]
    assert [(change.output, change.active) for change in changes] == [("DO1", True), ("DO1", False)]


def test_an_input_driven_from_outside_is_reported_once_settled(pins):
    watcher = pins.client()
    watcher.ask(WatchPins("w"))
    set_input(pins.state, "DI1", 1)
    edge = watcher.until(lambda message: isinstance(message, InputEdge))
    assert (edge.input, edge.active, edge.monotonic_ns) == ("DI1", True, pins.log()[-1].t_ns)
    set_input(pins.state, "DI1", 0)
    edge = watcher.until(lambda message: isinstance(message, InputEdge))
    assert (edge.input, edge.active) == ("DI1", False)


def test_a_loopback_wire_brings_a_pulse_back_as_an_input_edge(pins):
    pins.process.terminate()
    pins.process.wait(20)
    pins.process.stderr.close()
    plug_wire(pins.state, "DO1", "DI2")
    pins.start()
    client = pins.client()
    client.ask(WatchPins("w"))
    client.channel.send(Pulse("a", "DO1", 200))
    edges = [client.until(lambda message: isinstance(message, InputEdge)) for _ in range(2)]
    assert [(edge.input, edge.active) for edge in edges] == [("DI2", True), ("DI2", False)]
    assert pins.edges() == [("DO1", 1), ("DI2", 1), ("DO1", 0), ("DI2", 0)]


def test_a_client_that_does_not_read_is_cut_off_and_the_others_are_served(pins):
    deaf = pins.client()
    deaf.channel.send(WatchPins("w"))
    deaf.channel.send(Level("hold", "DO2", True))
    client = pins.client()
    for number in range(3000):
        client.ask(Level(f"on{number}", "DO1", number % 2 == 0))
    pins.await_edges(("DO2", 1), ("DO2", 0))


def test_it_sleeps_when_nothing_happens(pins):
    def cpu_ticks():
        fields = Path(f"/proc/{pins.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[11]) + int(fields[12])

    before = cpu_ticks()
    time.sleep(1.0)
    assert cpu_ticks() - before <= os.sysconf("SC_CLK_TCK") // 5


def children(pins):
    return Path(f"/proc/{pins.process.pid}/task/{pins.process.pid}/children").read_text().split()


def test_no_socket_and_no_claim_is_left_to_the_guardian(pins):
    (guardian,) = children(pins)
    files = []
    for path in Path(f"/proc/{guardian}/fd").iterdir():
        with suppress(FileNotFoundError):  # a file that it read as it began
            files.append(str(path.readlink()))
    assert not [file for file in files if "socket" in file or "claims" in file]


def test_the_guardian_goes_with_a_process_that_ended_in_order(pins):
    (guardian,) = children(pins)
    pins.process.terminate()
    pins.process.wait(20)
    until(lambda: not Path(f"/proc/{guardian}").exists(), "the guardian's end")


def test_a_killed_guardian_is_replaced(pins):
    (guardian,) = children(pins)
    os.kill(int(guardian), signal.SIGKILL)
    until(lambda: children(pins) not in ([], [guardian]), "another guardian")
    pins.client().ask(Pulse("a", "DO1", 60_000))
    pins.process.kill()
    pins.await_edges(("DO1", 1), ("DO1", 0))


def test_the_log_says_what_was_done(pins):
    pins.client().ask(Pulse("delivery-7", "DO1", 10))
    pins.process.terminate()
    pins.process.wait(20)
    assert "delivery-7" in (pins.state.logs / "pins.log").read_text()
