"""The maker on lgpio's waves, over a strict twin of the library: frames, what was heard of them, claims and refusals."""

import sys
import threading
import time
from pathlib import Path

import pytest

from board.kit.errors import BoardError, PinBusy
from board.profiles import all_profiles
from board.types import WiegandCode, WiegandLine
from board.wiegand.codes import LAYOUTS, encode, encode_data
from board.wiegand.makers import chip_lines, claims_wires, open_maker
from board.wiegand.makers.lgpio import HEADER_LABELS
from tests.unit.board.wiegand.fake_lgpio import FakeLgpio, error

D0, D1, HEAR0, HEAR1 = 24, 25, 5, 6
URL = f"lgpio:?hear={HEAR0},{HEAR1}"
CHIP = Path("/dev/gpiochip4")
CODE = encode(LAYOUTS["w26"], 12345, 11)
CODE_BITS = "10000101100110000001110011"
RUN = threading.Event()
TORN = 20
"""How often busy-wait may find this computer too busy: it ends a frame then, and pins sends it again."""


class BackEnd:
    """The board's own GPIO: what is claimed through it, and the levels it drives."""

    def __init__(self):
        self.claims = []
        self.changes = []
        self.busy = ""

    def claim_output(self, pin, level, owner):
        if self.busy:
            raise PinBusy(self.busy)
        self.claims.append((pin, level, owner))

    def write(self, pin, level, hurry=False):
        self.changes.append((pin, level))


@pytest.fixture
def library(monkeypatch):
    twin = FakeLgpio()
    twin.wires = {D0: HEAR0, D1: HEAR1}
    monkeypatch.setitem(sys.modules, "lgpio", twin)
    monkeypatch.setattr("board.gpio._chips.find_chip", lambda labels: CHIP)
    monkeypatch.setattr("board.gpio._chips.consumer", twin.consumer)
    monkeypatch.setattr("board.wiegand.makers.lgpio.HEAR_S", 30.0)  # this computer may be busy with other things
    return twin


@pytest.fixture
def gpio():
    return BackEnd()


class Sending(threading.Thread):
    """A frame on its way."""

    def __init__(self, maker, stop):
        super().__init__(daemon=True)
        self._maker = maker
        self._stop_frame = stop
        self._timing = None
        self.start()

    def run(self):
        self._timing = self._maker.send(CODE, 50, 300, self._stop_frame)

    def timing(self):
        self.join()
        return self._timing


@pytest.fixture
def held(library, gpio, monkeypatch):
    """Sends a frame whose wave lgpio has taken and does not play before `library.hold` is set."""
    monkeypatch.setattr("board.wiegand.makers.lgpio.HEAR_S", 60)

    def send(stop):
        library.hold.clear()
        sending = Sending(open_maker(port(), gpio), stop)
        while not library.waves:
            time.sleep(0.001)
        return sending

    return send


def port(active_high=True, url=URL):
    return WiegandLine("W1", D0, D1, active_high, url)


def bits(changes, active):
    return "".join("1" if pin == D1 else "0" for pin, level, *_ in changes if level == active)


@pytest.mark.parametrize("active_high", [True, False])
@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (CODE, CODE_BITS),
        (encode_data(LAYOUTS["w34"], 0xDEADBEEF), "1" + "11011110101011011011111011101111" + "0"),
        (WiegandCode(64, 0x8000_0000_0000_0001), "1" + "0" * 62 + "1"),
    ],
    ids=["26", "34", "64"],
)
def test_a_frame_is_one_wave_with_its_bits_widths_and_intervals(library, gpio, active_high, code, expected):
    maker = open_maker(port(active_high), gpio)
    library.driven.clear()
    timing = maker.send(code, 50, 300, RUN)
    assert bits(library.driven, int(active_high)) == expected
    assert bits([(change.pin, change.level) for change in maker.heard], active_high) == expected
    assert timing.ok
    assert timing.widths_us == (50.0,) * code.bits
    assert timing.intervals_us == (300.0,) * (code.bits - 1)
    assert timing.worst_edge_us == 0.0
    assert len(library.waves) == 1
    assert library.levels_of(D0, D1) == [int(not active_high)] * 2
    assert (gpio.claims, gpio.changes) == ([], [])


@pytest.mark.parametrize(("active_high", "rest", "pull"), [(True, 0, FakeLgpio.SET_PULL_DOWN), (False, 1, FakeLgpio.SET_PULL_UP)])
def test_the_wires_are_claimed_at_rest_after_the_inputs_that_hear_them(library, gpio, active_high, rest, pull):
    maker = open_maker(port(active_high), gpio)
    claimed = [("alert", HEAR0, pull), ("alert", HEAR1, pull), ("output", D0, rest), ("output", D1, rest)]
    assert library.log == claimed
    maker.close()
    assert library.log == claimed  # nothing is given back: the wires would float
    assert library.levels_of(D0, D1) == [rest, rest]


def test_every_write_of_a_wave_drives_both_wires(library, gpio):
    open_maker(port(), gpio).send(WiegandCode(2, 0b01), 50, 300, RUN)
    assert library.waves == [[(0b01, 0b11, 50), (0, 0b11, 250), (0b10, 0b11, 50), (0, 0b11, 250)]]


@pytest.mark.parametrize(("width_us", "period_us", "wave"), [(20, 200, [24, 186]), (100, 20_000, [96, 19_864])])
def test_the_shortest_and_longest_times_are_kept_inside_the_limits(library, gpio, width_us, period_us, wave):
    timing = open_maker(port(), gpio).send(WiegandCode(2, 0b01), width_us, period_us, RUN)
    assert timing.ok
    assert [pulse[2] for pulse in library.waves[0]] == wave * 2


def test_a_second_frame_is_judged_by_its_own_edges(library, gpio):
    maker = open_maker(port(), gpio)
    assert maker.send(CODE, 50, 300, RUN).ok
    assert maker.send(WiegandCode(4, 0b0110), 50, 300, RUN).widths_us == (50.0,) * 4


def test_a_watchdog_report_is_no_edge(library, gpio):
    maker = open_maker(port(), gpio)
    for _ in range(3):
        library.report(HEAR0, 2)
    assert maker.send(CODE, 50, 300, RUN).ok


def test_an_edge_that_comes_late_makes_a_bad_frame(library, gpio):
    library.stretch = {11: 80}  # the end of the sixth pulse
    timing = open_maker(port(), gpio).send(CODE, 50, 300, RUN)
    assert not timing.ok
    assert (max(timing.widths_us), timing.worst_edge_us) == (130.0, 80.0)


@pytest.mark.parametrize("lost", [{0}, {51}, {10, 11}], ids=["the first edge", "the last edge", "a whole pulse"])
def test_an_edge_that_is_not_heard_makes_a_bad_frame(library, gpio, lost, monkeypatch):
    monkeypatch.setattr("board.wiegand.makers.lgpio.HEAR_S", 0.2)
    library.deaf = lost
    assert not open_maker(port(), gpio).send(CODE, 50, 300, RUN).ok


def test_an_edge_that_nobody_sent_makes_a_bad_frame(library, held):
    sending = held(RUN)
    library.report(HEAR0, 1, 1)
    library.report(HEAR0, 0, 51)
    library.hold.set()
    assert not sending.timing().ok


def test_wires_that_are_heard_on_each_other_s_input_make_a_bad_frame_and_the_log_asks_for_them(library, gpio, caplog):
    library.wires = {D0: HEAR1, D1: HEAR0}
    timing = open_maker(port(), gpio).send(CODE, 50, 300, RUN)
    assert not timing.ok
    assert "not heard as they were driven, 52 of 52 edges: is GPIO 5 wired to D0 and GPIO 6 to D1?" in caplog.text


def test_wires_that_nobody_hears_make_a_bad_frame_and_the_log_asks_for_them(library, gpio, monkeypatch, caplog):
    monkeypatch.setattr("board.wiegand.makers.lgpio.HEAR_S", 0.05)
    library.wires = {}
    timing = open_maker(port(), gpio).send(CODE, 50, 300, RUN)
    assert (timing.ok, timing.widths_us) == (False, ())
    assert "0 of 52 edges: is GPIO 5 wired to D0" in caplog.text


def test_a_frame_that_began_before_a_stop_is_played_to_its_end_and_counts(library, held):
    stop = threading.Event()
    sending = held(stop)
    stop.set()
    assert sending.is_alive()  # the wave holds it
    library.hold.set()
    assert sending.timing().ok
    assert bits(library.driven, 1) == CODE_BITS
    assert library.levels_of(D0, D1) == [0, 0]


def test_after_a_stop_no_frame_begins(library, gpio):
    stop = threading.Event()
    stop.set()
    timing = open_maker(port(), gpio).send(CODE, 50, 300, stop)
    assert (timing.ok, library.waves) == (False, [])


def test_two_ports_play_one_wave_at_a_time(library, gpio, held):
    library.wires |= {12: 13, 16: 19}
    other = open_maker(WiegandLine("W2", 12, 16, True, "lgpio:?hear=13,19"), gpio)
    first = held(RUN)
    second = Sending(other, RUN)
    time.sleep(0.05)  # time enough to spoil the first one's wave
    library.hold.set()
    assert (first.timing().ok, second.timing().ok) == (True, True)
    assert (len(library.waves), library.together) == (2, 1)


def test_a_wave_that_does_not_end_is_a_bad_frame_and_the_next_one_is_refused(library, gpio, monkeypatch, caplog):
    monkeypatch.setattr("board.wiegand.makers.lgpio.HEAR_S", 0.05)
    maker = open_maker(port(), gpio)
    library.hold.clear()
    assert not maker.send(CODE, 50, 300, RUN).ok
    assert "lgpio does not end its wave" in caplog.text
    with pytest.raises(BoardError, match="W1: lgpio is still sending the frame before"):
        maker.send(CODE, 50, 300, RUN)
    assert len(library.waves) == 1
    library.hold.set()


def test_a_wave_that_lgpio_refuses_is_an_error_with_its_words(library, gpio, monkeypatch):
    def full(*_):
        raise error("TX queue full")

    maker = open_maker(port(), gpio)
    monkeypatch.setattr(library, "tx_wave", full)
    with pytest.raises(BoardError, match="W1: lgpio refuses: 'TX queue full'"):
        maker.send(CODE, 50, 300, RUN)


def test_a_bench_gets_the_lines_back(library, gpio):
    open_maker(port(), gpio).release()
    assert library.log[-4:] == [("free", D0), ("free", D1), ("free", HEAR0), ("free", HEAR1)]


# --- what it refuses: busy-wait stands in, on wires that the back end has claimed at rest ---------------------------------


def refused(gpio, caplog, url=URL, active_high=True):
    """The log of a maker that could not be opened, after a frame by its stand-in."""
    maker = open_maker(port(active_high, url), gpio)
    assert gpio.claims == [(D0, not active_high, "pins"), (D1, not active_high, "pins")]
    for _ in range(TORN):
        gpio.changes.clear()
        maker.send(CODE, 50, 300, RUN)
        if len(bits(gpio.changes, active_high)) == len(CODE_BITS):
            break
    assert bits(gpio.changes, active_high) == CODE_BITS
    assert "W1 is made by busy-wait instead" in caplog.text
    return caplog.text


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (
            "lgpio:",
            "lgpio reports no edges of its own outputs, so that no frame could be checked: name two inputs that are wired to D0",
        ),
        ("lgpio:hear=5,6", "name two inputs that are wired to D0 and D1 (lgpio:?hear=5,6)"),
        ("lgpio:?hear=5", "hear must be two line numbers, for D0 and D1"),
        ("lgpio:?hear=5,5", "hear must be two line numbers"),
        ("lgpio:?hear=5,six", "hear must be two line numbers"),
        ("lgpio:?hear=5,6,7", "hear must be two line numbers"),
        ("lgpio:?hear=5,6&here=4", "has the option here; lgpio: takes hear and chip"),
        ("lgpio:?hear=5,54", "/dev/gpiochip4 has no line 54; it has 0 to 53"),
    ],
)
@pytest.mark.parametrize("active_high", [True, False])
def test_a_url_that_makes_no_sense_is_refused_with_the_reason(library, gpio, caplog, url, why, active_high):
    assert why in refused(gpio, caplog, url, active_high)
    assert not [line for line in library.log if line[0] == "output"]


def test_a_missing_library_is_told(library, gpio, caplog, monkeypatch):
    monkeypatch.setitem(sys.modules, "lgpio", None)
    assert "lgpio is not installed" in refused(gpio, caplog)


def test_a_missing_chip_is_told_by_its_labels(library, gpio, caplog, monkeypatch):
    def none(labels):
        raise BoardError(f"no GPIO chip is labelled {' or '.join(labels)}: there is none")

    monkeypatch.setattr("board.gpio._chips.find_chip", none)
    assert "no GPIO chip is labelled pinctrl-rp1 or pinctrl-bcm2711 or pinctrl-bcm2835" in refused(gpio, caplog)
    assert "no GPIO chip is labelled mine" in refused(BackEnd(), caplog, URL + "&chip=mine")


def test_a_chip_that_does_not_open_is_told(library, gpio, caplog):
    library.chips.clear()
    assert "lgpio does not open /dev/gpiochip4: 'can not open gpiochip'" in refused(gpio, caplog)


@pytest.mark.parametrize("line", [HEAR0, HEAR1])
def test_a_hearing_input_that_is_taken_is_told_with_its_owner_and_no_wire_was_claimed(library, gpio, caplog, line):
    library.taken = {line: "spi0 CS0"}
    assert f"W1: GPIO {line} is taken by spi0 CS0" in refused(gpio, caplog)
    assert not [entry for entry in library.log if entry[0] == "output"]


def test_a_wire_that_is_taken_is_told_with_its_owner_and_the_inputs_are_given_back(library, gpio, caplog):
    library.taken = {D1: "gate"}
    assert "W1: GPIO 25 is taken by gate" in refused(gpio, caplog)
    assert [entry[0] for entry in library.log] == ["alert", "alert", "free", "free"]


def test_a_pin_of_a_running_bus_is_not_taken_away(library, gpio, caplog, monkeypatch):
    monkeypatch.setattr("board.wiegand.makers.lgpio.muxed", lambda chip: {HEAR1: "fe804000.i2c"})
    assert "GPIO 6 is taken by fe804000.i2c" in refused(gpio, caplog)
    assert library.log == []


def test_an_error_of_the_library_that_is_nobody_s_line_is_told_as_it_is(library, gpio, caplog, monkeypatch):
    def refuse(*_):
        raise error("bad event request")

    monkeypatch.setattr(library, "gpio_claim_alert", refuse)
    assert "W1: GPIO 5 cannot be claimed: 'bad event request'" in refused(gpio, caplog)


def test_a_wire_that_is_taken_for_a_moment_is_waited_for(library, gpio, caplog):
    library.taken = {D0: "safe"}
    threading.Timer(0.1, library.taken.clear).start()
    maker = open_maker(port(), gpio, patience_s=30)
    assert maker.send(CODE, 50, 300, RUN).ok
    assert (gpio.claims, caplog.text) == ([], "")


def test_an_input_that_is_taken_is_not_waited_for_while_the_wires_are_nobody_s(library, gpio, caplog, monkeypatch):
    monkeypatch.setattr("board.wiegand.makers.AGAIN_S", 3600)
    library.taken = {HEAR0: "spi0 CS0"}
    open_maker(port(), gpio, patience_s=3600)
    assert gpio.claims == [(D0, False, "pins"), (D1, False, "pins")]


def test_a_wire_that_the_back_end_cannot_have_either_is_an_error(library, gpio):
    library.taken = {D0: "gate"}
    gpio.busy = "GPIO 24 is taken by gate"
    with pytest.raises(PinBusy, match="GPIO 24 is taken by gate"):
        open_maker(port(), gpio)


# --- what others know of it -----------------------------------------------------------------------------------------------


def test_its_url_says_what_it_takes():
    own = chip_lines(port(url="lgpio:?hear=13,6&chip=pinctrl-rp1"))
    assert (own.inputs, own.chip_labels) == ((13, 6), ("pinctrl-rp1",))
    assert chip_lines(port(url="lgpio:")) is None
    assert chip_lines(port(url="busy:")) is None


def test_it_alone_claims_the_wires_itself():
    assert {url: claims_wires(port(url=url)) for url in (URL, "lgpio:", "busy:", "pigpio:", "laser:")} == {
        URL: True, "lgpio:": True, "busy:": False, "pigpio:": False, "laser:": False,
    }  # fmt: skip


def test_the_headers_of_all_raspberry_pis_are_known():
    headers = {label for profile in all_profiles().values() if profile.camera == "picamera2:" for label in profile.chip_labels}
    assert headers == set(HEADER_LABELS)
