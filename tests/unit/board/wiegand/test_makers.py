"""Makers: the same frame whoever makes it, and what happens when pigpiod errs, goes away or is missing."""

import socket
import threading

import pytest

from board.types import WiegandCode, WiegandLine
from board.wiegand.codes import LAYOUTS, encode
from board.wiegand.makers import open_maker
from tests.unit.board.wiegand.fake_pigpiod import FakePigpiod

CODE = encode(LAYOUTS["w26"], 12345, 11)
D0, D1 = 24, 25
RUN = threading.Event()


class Wires:
    """The board's own GPIO: keeps the order of the level changes."""

    def __init__(self):
        self.levels = {D0: False, D1: False}
        self.changes = []

    def write(self, pin, level, hurry=False):
        if self.levels[pin] != level:
            self.levels[pin] = level
            self.changes.append((pin, level))


@pytest.fixture
def daemon():
    running = FakePigpiod()
    yield running
    running.close()


@pytest.fixture
def wires():
    return Wires()


def made_by(daemon, wires, active_high=True):
    return open_maker(WiegandLine("W1", D0, D1, active_high, f"pigpio://127.0.0.1:{daemon.port}"), wires)


def bits(edges, active):
    return "".join("1" if gpio == D1 else "0" for gpio, level, *_ in edges if level == active)


def test_the_default_is_busy_wait_on_the_boards_own_gpio(wires):
    timing = open_maker(WiegandLine("W1", D0, D1), wires).send(CODE, 50, 300, RUN)
    assert bits(wires.changes, True) == "10000101100110000001110011"
    assert len(timing.widths_us) == 26


@pytest.mark.parametrize("active_high", [True, False])
def test_pigpiod_plays_the_frame_with_its_widths_and_intervals(daemon, wires, active_high):
    maker = made_by(daemon, wires, active_high)
    timing = maker.send(CODE, 50, 300, RUN)
    maker.close()
    played = [edge for edge in daemon.edges if edge[2] != 0xFFFFFF00 or bits([edge], int(active_high))]
    assert bits(played, int(active_high)) == "10000101100110000001110011"
    assert timing.ok
    assert timing.widths_us == (50.0,) * 26
    assert timing.intervals_us == (300.0,) * 25
    assert timing.worst_edge_us == 0.0
    assert wires.changes == []
    assert {gpio: daemon.levels >> gpio & 1 for gpio in (D0, D1)} == dict.fromkeys((D0, D1), int(not active_high))
    assert daemon.waves == {}


def test_a_second_frame_uses_the_connection_of_the_first(daemon, wires):
    maker = made_by(daemon, wires)
    assert maker.send(CODE, 50, 300, RUN).ok
    assert maker.send(WiegandCode(4, 0b0110), 50, 300, RUN).widths_us == (50.0,) * 4
    assert len(daemon.handles) == 1


def test_two_ports_of_one_pigpiod_send_each_its_own_frame_at_the_same_time(daemon, wires):
    both = threading.Barrier(2)
    make_wave = daemon._create

    def make_wave_when_both_have_added_theirs(*words):
        try:
            both.wait(0.5)
        except threading.BrokenBarrierError:
            pass  # they come one after the other
        return make_wave(*words)

    daemon._create = make_wave_when_both_have_added_theirs
    wires.levels |= {26: False, 27: False}
    url = f"pigpio://127.0.0.1:{daemon.port}"
    makers = [open_maker(WiegandLine("W1", D0, D1, maker=url), wires), open_maker(WiegandLine("W2", 26, 27, maker=url), wires)]
    codes = CODE, WiegandCode(8, 0b10011010)
    timings = {}

    def send(port):
        timings[port] = makers[port].send(codes[port], 50, 300, RUN)

    threads = [threading.Thread(target=send, args=(port,)) for port in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert timings[0].ok and timings[1].ok
    sent = {0: "", 1: ""}
    for gpio, level, _ in daemon.edges:
        if level == 1:
            sent[int(gpio >= 26)] += "1" if gpio in (D1, 27) else "0"
    assert sent == {0: "10000101100110000001110011", 1: "10011010"}


def test_a_pulse_that_the_wires_show_too_long_makes_a_bad_frame(daemon, wires):
    daemon.stretch = {10: 80}
    timing = made_by(daemon, wires).send(CODE, 50, 300, RUN)
    assert not timing.ok
    assert (max(timing.widths_us), timing.worst_edge_us) == (130.0, 80.0)


def test_a_wire_that_does_not_follow_makes_a_bad_frame(daemon, wires, monkeypatch):
    monkeypatch.setattr("board.wiegand.makers.pigpio.ANSWER_S", 0.2)
    daemon.keep_reports = True
    timing = made_by(daemon, wires).send(CODE, 50, 300, RUN)
    assert (timing.ok, timing.widths_us) == (False, ())


def test_without_pigpiod_the_frame_is_made_by_busy_wait(wires, caplog):
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    maker = open_maker(WiegandLine("W1", D0, D1, maker=f"pigpio://127.0.0.1:{port}"), wires)
    maker.send(CODE, 50, 300, RUN)
    assert bits(wires.changes, True) == "10000101100110000001110011"
    assert f"pigpiod at 127.0.0.1 port {port} does not answer" in caplog.text


@pytest.mark.parametrize("command", [28, 49, 51, 32, 10], ids=["WVAG", "WVCRE", "WVTX", "WVBSY", "BR1"])
def test_a_pigpiod_that_goes_within_a_frame_makes_it_bad_and_the_next_one_finds_it_again(daemon, wires, command, caplog):
    maker = made_by(daemon, wires)
    daemon.drop_at = command
    timing = maker.send(CODE, 50, 300, RUN)
    assert (timing.ok, wires.changes) == (False, [])
    assert "pigpiod went away within a frame" in caplog.text
    daemon.drop_at = None
    assert maker.send(CODE, 50, 300, RUN).ok


def test_after_a_stop_no_frame_begins(daemon, wires):
    stop = threading.Event()
    stop.set()
    timing = made_by(daemon, wires).send(CODE, 50, 300, stop)
    assert (timing.ok, daemon.halted, daemon.waves, wires.changes) == (False, 0, {}, [])


def test_a_frame_that_began_before_a_stop_is_played_to_its_end(daemon, wires, monkeypatch):
    stop = threading.Event()
    daemon.busy_polls = 5
    maker = made_by(daemon, wires)
    monkeypatch.setattr("board.wiegand.makers.pigpio.time.sleep", lambda seconds: stop.set())
    assert maker.send(CODE, 50, 300, stop).ok
    assert (stop.is_set(), daemon.halted, daemon.levels & (1 << D0 | 1 << D1), daemon.waves) == (True, 0, 0, {})


def test_a_wave_that_does_not_end_is_cut_off_and_leaves_the_wires_at_rest(daemon, wires, monkeypatch):
    monkeypatch.setattr("board.wiegand.makers.pigpio.ANSWER_S", 0.05)
    daemon.busy_polls = 1_000_000
    made_by(daemon, wires).send(CODE, 50, 300, RUN)
    assert (daemon.halted, daemon.levels & (1 << D0 | 1 << D1), daemon.waves) == (1, 0, {})


@pytest.mark.parametrize(
    ("url", "why"),
    [("laser:", "no maker of pulses for 'laser:'; there are busy, lgpio"), ("pigpio://x:notaport", "is not an address of pigpiod")],
)
def test_a_maker_that_is_not_there_is_told_and_busy_wait_stands_in(wires, url, why, caplog):
    open_maker(WiegandLine("W1", D0, D1, maker=url), wires).send(CODE, 50, 300, RUN)
    assert bits(wires.changes, True) == "10000101100110000001110011"
    assert why in caplog.text and "made by busy-wait instead" in caplog.text


def test_pigpio_reaches_no_pin_above_31(wires, caplog):
    wires.levels |= {40: False}
    open_maker(WiegandLine("W1", D0, 40, maker="pigpio:"), wires)
    assert "waves on GPIO 0 to 31 only" in caplog.text
