"""The maker on a Pi 5's PIO: its frames as the wires show them, who owns the wires, and what happens to a frame when the driver is
missing, refuses or fails."""

import errno
import threading

import pytest

from board.kit.errors import BoardError
from board.types import WiegandCode, WiegandLine
from board.wiegand.codes import LAYOUTS, encode
from board.wiegand.makers import open_maker, pio
from board.wiegand.receive import Edge, receive
from tests.unit.board.wiegand.fake_rp1 import PIO, SYS_RIO, TICKS_PER_US, FakeRp1, Stop, Wires

CODE = encode(LAYOUTS["w26"], 12345, 11)
BITS = "10000101100110000001110011"
D0, D1 = 24, 25
BAD = ((), (), 0.0, False)


@pytest.fixture
def chip(monkeypatch):
    twin = FakeRp1()
    for name in ("os", "fcntl"):
        monkeypatch.setattr(pio, name, twin)
    monkeypatch.setattr(pio, "monotonic", twin.monotonic)
    return twin


def line(d0=D0, d1=D1, active_high=True, url="pio:"):
    return WiegandLine("W1", d0, d1, active_high, url)


def made(chip, of=None):
    """A maker whose wires the GPIO back end has claimed at rest."""
    of = of or line()
    wires = Wires(chip)
    for pin in (of.d0, of.d1):
        wires.write(pin, not of.active_high)
    wires.writes.clear()
    chip.edges.clear()
    maker = open_maker(of, wires)
    maker.wires = wires
    return maker


def heard(chip, of=None):
    """What a panel on the wires receives."""
    of = of or line()
    names = {of.d0: "W1.D0", of.d1: "W1.D1"}
    edges = sorted(chip.edges, key=lambda edge: edge[0])
    return receive([Edge(tick * 1000 // TICKS_PER_US, names[gpio], int(level)) for tick, gpio, level, _ in edges], of)


def bits(edges):
    return "".join("1" if gpio == D1 else "0" for _, gpio, level, _ in edges if level)


def at_rest(chip, of=None):
    of = of or line()
    rest = not of.active_high
    return all((chip.functions[pin], chip.history[pin][1][-1]) == (SYS_RIO, rest) for pin in (of.d0, of.d1))


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    "code",
    [
        CODE, encode(LAYOUTS["w34"], 54321, 4242), WiegandCode(64, 0x8001_F00D_5A5A_1234), WiegandCode(64, 0),
        WiegandCode(1, 1), WiegandCode(16, 0xA55A), WiegandCode(128, 0x8001_F00D_5A5A_1234_FEDC_BA98_7654_3210),
    ],
    ids=["26 bits", "34 bits", "64 bits", "64 zeros", "1 bit", "16 bits", "128 bits"],
)  # fmt: skip
def test_a_panel_receives_the_code(chip, code, active_high):
    of = line(active_high=active_high)
    assert made(chip, of).send(code, 80, 2000, Stop(chip)).ok
    assert [(frame.code, frame.fault) for frame in heard(chip, of)] == [(code, "")]


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("d0", "d1", "width_us", "period_us"),
    [(24, 25, 50, 300), (25, 24, 77, 1234), (0, 27, 24, 200), (27, 0, 96, 200), (5, 6, 80, 2000), (13, 2, 96, 20_000)],
)
def test_widths_and_intervals_are_exact_to_the_microsecond(chip, d0, d1, width_us, period_us, active_high):
    of = line(d0, d1, active_high)
    timing = made(chip, of).send(CODE, width_us, period_us, Stop(chip))
    frame = heard(chip, of)[0]
    assert (set(frame.widths_us), set(frame.intervals_us)) == ({width_us}, {period_us})
    assert (timing.widths_us, timing.intervals_us) == ((width_us,) * 26, (period_us,) * 25)
    assert (timing.worst_edge_us, timing.ok) == (0.0, True)


@pytest.mark.parametrize(("asked_us", "width_us"), [(20, 24), (100, 96)])
def test_a_pulse_stays_inside_the_limits(chip, asked_us, width_us):
    made(chip).send(CODE, asked_us, 300, Stop(chip))
    assert set(heard(chip)[0].widths_us) == {width_us}


def test_64_bits_fit_into_the_fifo_of_an_rp2040_which_is_half_as_deep(chip):
    chip.depth = 4
    assert made(chip).send(WiegandCode(64, 0xFEDC_BA98_7654_3210), 80, 2000, Stop(chip)).ok


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(("d0", "d1"), [(24, 25), (3, 20), (20, 3)])
def test_no_other_pin_is_touched(chip, d0, d1, active_high):
    made(chip, line(d0, d1, active_high)).send(CODE, 50, 300, Stop(chip))
    assert chip.touched == {d0, d1} == {gpio for _, gpio, _, _ in chip.edges}
    assert set(chip.functions) == {SYS_RIO}


@pytest.mark.parametrize("active_high", [True, False])
def test_the_wires_are_the_pios_only_during_a_frame_and_change_hands_without_an_edge(chip, active_high):
    of = line(active_high=active_high)
    maker = made(chip, of)
    for frames in (1, 2):
        assert maker.send(CODE, 50, 300, Stop(chip)).ok
        assert at_rest(chip, of)
        assert (len(chip.edges), {function for *_, function in chip.edges}) == (frames * 52, {PIO})
    assert maker.wires.writes == []


def test_a_second_frame_uses_the_programs_and_machines_of_the_first(chip):
    maker = made(chip)
    assert maker.send(CODE, 50, 300, Stop(chip)).ok
    assert maker.send(WiegandCode(4, 0b0110), 80, 2000, Stop(chip)).widths_us == (80,) * 4
    assert (chip.opened, chip.calls.count("SM_CLAIM"), chip.calls.count("ADD_PROGRAM")) == (["/dev/pio0"], 2, 2)


def test_a_frame_is_over_with_its_last_pulse(chip):
    maker = made(chip)
    for frames in (1, 2):
        maker.send(CODE, 50, 300, Stop(chip))
        assert chip.now - chip.settled < 2000 * TICKS_PER_US, f"frame {frames} was waited for too long"


def test_two_ports_share_the_programs_and_leave_each_others_wires_alone(chip):
    other = line(23, 26)
    first, second = made(chip), made(chip, other)
    assert first.send(CODE, 50, 300, Stop(chip)).ok
    before = len(chip.edges)
    chip.touched.clear()
    assert second.send(CODE, 50, 300, Stop(chip)).ok
    assert {gpio for _, gpio, _, _ in chip.edges[before:]} == chip.touched == {23, 26}
    assert len(chip.memory) == len(pio.MAKE) + len(pio.LISTEN)
    first.close()
    assert second.send(CODE, 50, 300, Stop(chip)).ok


def test_close_leaves_nothing_in_the_chip(chip):
    maker = made(chip)
    maker.send(CODE, 50, 300, Stop(chip))
    maker.close()
    assert (chip.files, chip.memory, [machine.owner for machine in chip.machines]) == ({}, {}, [None] * 4)
    assert at_rest(chip)


@pytest.mark.parametrize(("late", "width_us"), [({7: 80}, 130), ({6: 40}, 10)], ids=["too long", "too short"])
def test_a_pulse_that_the_wires_show_too_long_or_too_short_makes_a_bad_frame(chip, late, width_us):
    chip.late = late
    timing = made(chip).send(CODE, 50, 300, Stop(chip))
    assert (timing.ok, timing.widths_us[3], timing.worst_edge_us) == (False, width_us, max(late.values()))
    assert at_rest(chip)


def test_an_edge_that_comes_a_little_late_is_told_and_the_frame_is_good(chip):
    chip.late = {7: 3}
    timing = made(chip).send(CODE, 50, 300, Stop(chip))
    assert (timing.ok, timing.widths_us[3], timing.worst_edge_us) == (True, 53, 3)


@pytest.mark.parametrize(("late_us", "good"), [(5, True), (6, False)])
def test_a_pulse_counts_as_too_long_beyond_100_us_and_the_one_by_which_a_look_may_be_off(chip, late_us, good):
    chip.late = {7: late_us}
    assert made(chip).send(CODE, 96, 300, Stop(chip)).ok == good


@pytest.mark.parametrize("gpio", [D0, D1])
def test_a_pulse_that_nobody_sent_makes_a_bad_frame(chip, gpio):
    chip.spikes = {9: (gpio, 40)}
    assert not made(chip).send(CODE, 50, 300, Stop(chip)).ok
    assert at_rest(chip)


@pytest.mark.parametrize("gpio", [D0, D1])
def test_a_wire_that_does_not_follow_makes_a_bad_frame(chip, gpio):
    maker = made(chip)
    chip.dead = {gpio}
    assert not maker.send(CODE, 50, 300, Stop(chip)).ok


@pytest.mark.parametrize(("late_us", "checked"), [(1200, True), (30_000, False)])
def test_a_process_that_comes_late_changes_nothing_on_the_wires(chip, late_us, checked):
    code = WiegandCode(64, 0x8001_F00D_5A5A_1234)
    timing = made(chip).send(code, 50, 200, Stop(chip, late_us=late_us))
    frame = heard(chip)[0]
    assert (frame.code, set(frame.widths_us), set(frame.intervals_us)) == (code, {50}, {200})
    assert timing.ok == checked


def test_nothing_is_sent_when_the_process_is_stopping(chip):
    stop = threading.Event()
    stop.set()
    assert not made(chip).send(CODE, 50, 300, stop).ok
    assert (chip.edges, chip.calls) == ([], [])


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize("at_us", [3000, 3020, 5000])
def test_a_frame_that_began_before_a_stop_is_played_to_its_end_and_leaves_the_wires_at_rest(chip, at_us, active_high, monkeypatch):
    monkeypatch.setattr("board.wiegand.makers.pio.sleep", lambda seconds: chip.run(chip.now + round(seconds * 1e6) * TICKS_PER_US))
    of = line(active_high=active_high)
    maker = made(chip, of)
    stop = Stop(chip, at_us=at_us)
    assert maker.send(CODE, 50, 300, stop).ok
    assert stop.is_set() and at_rest(chip, of)
    assert [frame.code for frame in heard(chip, of)] == [CODE]
    chip.edges.clear()
    assert maker.send(CODE, 50, 300, Stop(chip)).widths_us == (50,) * 26
    assert [frame.code for frame in heard(chip, of)] == [CODE]


@pytest.mark.parametrize(
    ("number", "why"),
    [(errno.ENOENT, "only a Pi 5 has it"), (errno.EACCES, "group gpio must have it"), (errno.ENODEV, "does another program")],
)
def test_without_the_device_the_frame_is_made_by_busy_wait_and_the_next_one_finds_it(chip, number, why, caplog):
    maker = made(chip)
    chip.absent = number
    maker.send(CODE, 50, 300, threading.Event())
    assert bits(chip.edges) == BITS
    assert f"no PIO at /dev/pio0 ([Errno {number}]" in caplog.text and why in caplog.text
    assert "made by busy-wait" in caplog.text
    chip.absent = 0
    chip.edges.clear()
    assert maker.send(CODE, 50, 300, Stop(chip)).ok
    assert {function for *_, function in chip.edges} == {PIO}


@pytest.mark.parametrize("taken", ["machines", "memory"])
def test_a_chip_without_room_has_the_frame_made_by_busy_wait(chip, taken, caplog):
    if taken == "machines":
        for machine in chip.machines[1:]:
            machine.owner = "somebody"
    else:
        chip.memory = dict.fromkeys(range(10), 0)
        chip.programs = [("somebody", 0, (0,) * 10)]
    made(chip).send(CODE, 50, 300, threading.Event())
    assert (bits(chip.edges), chip.files, chip.machines[0].owner) == (BITS, {}, None)
    assert "does another program use it?" in caplog.text


def test_a_driver_that_does_not_know_a_request_has_the_frame_made_by_busy_wait(chip, caplog):
    chip.fail = {"ADD_PROGRAM": (errno.EOPNOTSUPP, 1, 99)}
    made(chip).send(CODE, 50, 300, threading.Event())
    assert bits(chip.edges) == BITS
    assert "update the bootloader and the kernel" in caplog.text


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("request_name", "first"),
    [
        ("SM_INIT", 1), ("SM_SET_PINS", 1), ("SM_PUT", 3), ("GPIO_SET_FUNCTION", 4), ("SM_ENABLE_SYNC", 1),
        ("SM_FIFO_STATE", 1), ("SM_GET", 9), ("GPIO_SET_FUNCTION", 5), ("GPIO_SET_FUNCTION", 6), ("SM_SET_ENABLED", 2),
    ],
)  # fmt: skip
def test_an_error_within_a_frame_makes_it_bad_and_the_next_one_opens_the_device_anew(
    chip, request_name, first, active_high, caplog
):
    of = line(active_high=active_high)
    maker = made(chip, of)
    chip.fail = {request_name: (errno.ETIMEDOUT, first, 1)}
    timing = maker.send(CODE, 50, 300, Stop(chip))
    assert (timing.widths_us, timing.intervals_us, timing.worst_edge_us, timing.ok) == BAD
    assert f"the PIO failed within a frame: [Errno {errno.ETIMEDOUT}] {request_name} fails" in caplog.text
    assert at_rest(chip, of)
    assert (chip.files, maker.wires.writes) == ({}, [(D0, not active_high), (D1, not active_high)])
    assert maker.send(CODE, 50, 300, Stop(chip)).ok


def test_a_device_that_goes_between_two_frames_makes_one_bad_frame_then_busy_wait(chip):
    maker = made(chip)
    assert maker.send(CODE, 50, 300, Stop(chip)).ok
    chip.edges.clear()
    chip.absent = errno.ENOENT
    chip.fail = {"SM_SET_ENABLED": (errno.ENODEV, 1, 99)}
    assert not maker.send(CODE, 50, 300, Stop(chip)).ok
    assert (chip.edges, at_rest(chip)) == ([], True)
    maker.send(CODE, 50, 300, threading.Event())
    assert bits(chip.edges) == BITS


def test_wires_that_the_pio_keeps_are_told_instead_of_writing_to_pins_that_reach_nothing(chip, caplog):
    maker = made(chip)
    chip.fail = {"GPIO_SET_FUNCTION": (errno.ETIMEDOUT, 5, 99)}
    assert not maker.send(CODE, 50, 300, Stop(chip)).ok
    assert "the PIO has kept the wires" in caplog.text
    with pytest.raises(BoardError, match=r"W1: the PIO still holds the wires .*: restart the board"):
        maker.send(CODE, 50, 300, threading.Event())
    chip.fail = {}
    assert maker.send(CODE, 50, 300, Stop(chip)).ok
    assert at_rest(chip)


@pytest.mark.parametrize("url", ["pio:pio0", "pio://host/dev/pio0", "pio:/dev/pio0?fast", "pio:#1"])
def test_a_url_that_names_no_device_is_refused(chip, url):
    with pytest.raises(BoardError, match=r"W1: 'pio:.* names no PIO: write pio: or pio:/dev/pio0"):
        pio.PioMaker(line(url=url), Wires(chip))


@pytest.mark.parametrize(("d0", "d1"), [(28, 5), (5, 28), (7, 7), (-1, 5), (5, 1003)])
def test_pins_out_of_the_pios_reach_are_refused(chip, d0, d1):
    with pytest.raises(BoardError, match=f"W1: the PIO makes pulses on two of GPIO 0 to 27, not on {d0} and {d1}"):
        pio.PioMaker(line(d0, d1), Wires(chip))


def test_the_url_may_name_another_device(chip):
    assert made(chip, line(url="pio:/dev/pio1")).send(CODE, 50, 300, Stop(chip)).ok
    assert chip.opened == ["/dev/pio1"]


def test_the_twins_short_cut_changes_nothing(monkeypatch):
    seen = []
    for leap in (True, False):
        twin = FakeRp1()
        twin.leap = leap
        for name in ("os", "fcntl"):
            monkeypatch.setattr(pio, name, twin)
        monkeypatch.setattr(pio, "monotonic", twin.monotonic)
        timing = made(twin).send(WiegandCode(5, 0b01101), 50, 300, Stop(twin))
        seen.append((timing, twin.edges, twin.now, twin.calls))
    assert seen[0] == seen[1]
