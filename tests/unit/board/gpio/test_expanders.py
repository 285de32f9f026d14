"""Expanders as lines of a board: named lines, safe levels, pulled while used and returned, a loss of power."""

import errno
import json
import queue

import pytest

from board.devices import read_devices
from board.gpio import _expanders, open_gpio, taken_by
from board.i2c._twins import MODELS, SimTransfers, chip_at, plug, pull
from board.kit.errors import BoardError, ConfigError, PinBusy
from board.kit.state import State
from board.profiles import load
from board.safe import make_safe
from board.types import expander_pin
from tests.waiting import until

DO3, DI3 = expander_pin(0, 0), expander_pin(0, 4)
LINES = {
    "i2c": ["sim://1/0x20?kind=pcf8574"],
    "outputs": [{"name": "DO3", "expander": 0, "pin": 0, "active_high": False}],
    "inputs": [{"name": "DI3", "expander": 0, "pin": 4}],
}
WAIT_S = 30.0


@pytest.fixture
def state(tmp_path, monkeypatch):
    monkeypatch.setattr(_expanders, "LOOK_EVERY_S", 0.05)
    state = State(tmp_path)
    state.lines_file.write_text(json.dumps(LINES))
    plug(state, 1, 0x20, "pcf8574")
    return state


@pytest.fixture
def gpio(state):
    chip = open_gpio(load(state), state)
    chip.claim_output(1, False, "pins")
    chip.claim_output(DO3, True, "pins")
    chip.claim_input(DI3, "up", "pins")
    yield chip
    chip.close()


def latch(state):
    with chip_at(state, 1, 0x20) as chip:
        return chip.registers[0]


def problem(state):
    found = read_devices(state)
    assert [one.device for one in found] in ([], ["pcf8574 at 0x20 on simulated I2C bus 1"])
    return str(found[0].problem) if found else "not told yet"


def test_pins_are_given_back_though_what_is_shown_of_a_device_cannot_be_taken_away(state):
    """The host, as another user, had written it last: nobody gave the pins of the board's own chip back then."""
    chip = open_gpio(load(state), state)
    chip.claim_output(1, False, "pins")
    chip.claim_output(DO3, True, "pins")
    until(lambda: list(state.devices.glob("*.json")) != [])
    (shown,) = state.devices.glob("*.json")
    shown.unlink()
    (shown / "not ours").mkdir(parents=True)
    chip.close()
    again = open_gpio(load(state), state)
    again.claim_output(1, False, "pins")
    again.close()


def test_lines_of_an_expander_belong_to_the_board_by_their_names(state):
    profile = load(state)
    assert [line.name for line in profile.outputs] == ["DO1", "DO2", "DO3"]
    assert [line.name for line in profile.inputs] == ["DI1", "DI2", "DI3"]


def test_an_output_is_driven_and_the_boards_own_lines_go_on_as_before(gpio, state):
    assert latch(state) == 0xFF
    gpio.write(DO3, False)
    gpio.write(1, True)
    assert (latch(state), gpio.read(DO3), gpio.read(1)) == (0xFE, False, True)


def test_an_input_tells_its_edges(gpio, state):
    edges = queue.Queue()
    gpio.watch([DI3], lambda pin, level, t_ns: edges.put((pin, level)))
    with chip_at(state, 1, 0x20) as chip:
        chip.outside &= ~0x10
    assert edges.get(timeout=WAIT_S) == (DI3, False)
    assert gpio.read(DI3) is False


def test_an_expander_that_is_listed_twice_or_that_is_none_is_refused(state):
    again = LINES | {"i2c": ["sim://1/0x20?kind=pcf8574", "sim://1/32?kind=pcf8574"]}
    state.lines_file.write_text(json.dumps(again))
    assert load(state)  # nobody uses the second one
    again["outputs"] = [*LINES["outputs"], {"name": "DO4", "expander": 1, "pin": 1, "active_high": False}]
    state.lines_file.write_text(json.dumps(again))
    with pytest.raises(ConfigError, match="pcf8574 at 0x20 on simulated I2C bus 1 is listed twice: list it once"):
        load(state)
    # -1 would be a pin of the board's own
    for number in (-1, True, "0"):
        state.lines_file.write_text(json.dumps(LINES | {"outputs": [{"name": "DO3", "expander": number, "pin": 5}]}))
        with pytest.raises(ConfigError, match="line 'DO3': an expander is a number"):
            load(state)


def test_an_expander_belongs_to_one_process_as_a_whole(gpio, state):
    other = open_gpio(load(state), state)
    with pytest.raises(PinBusy, match=r"DO3, pcf8574 at 0x20 on simulated I2C bus 1 .* is taken by pins \(pid"):
        other.claim_output(DO3, True, "hil")
    other.close()
    assert taken_by(load(state), state, DI3).startswith("pins (pid")


def test_an_output_of_an_expander_that_was_pulled_cannot_be_switched_on_and_says_why(gpio, state):
    pull(state, 1, 0x20)
    with pytest.raises(BoardError, match="DO3: nothing answers at 0x20 on I2C bus 1"):
        gpio.write(DO3, False)
    until(lambda: "nothing answers at 0x20" in problem(state))
    plug(state, 1, 0x20, "pcf8574")
    until(lambda: problem(state) == "")
    assert latch(state) == 0xFF  # what could not be done then is not done late
    gpio.write(DO3, False)
    assert latch(state) == 0xFE


def test_rest_that_was_asked_for_while_it_was_away_holds_when_it_is_back(gpio, state):
    gpio.write(DO3, False)
    pull(state, 1, 0x20)
    gpio.write(DO3, True)
    until(lambda: problem(state) not in ("", "not told yet"))
    plug(state, 1, 0x20, "pcf8574")
    until(lambda: problem(state) == "")
    assert (latch(state), gpio.read(DO3)) == (0xFF, True)


def test_a_loss_of_power_that_nobody_noticed_is_made_good(gpio, state):
    gpio.write(DO3, False)
    with chip_at(state, 1, 0x20) as chip:
        chip.registers = list(MODELS["pcf8574"].power_on)
    until(lambda: latch(state) == 0xFE)


@pytest.mark.parametrize("lost", [range(22), [0x0C], [0x14], [0x00], [0x02]], ids=["power", "pull", "latch", "direction", "sense"])
@pytest.mark.parametrize("with_output", [True, False], ids=["output and input", "input"])
def test_whatever_an_mcp23017_lost_is_noticed_and_made_good(state, lost, with_output):
    plug(state, 1, 0x21, "mcp23017")
    lines = {"i2c": ["sim://1/0x21?kind=mcp23017"], "inputs": [{"name": "DI3", "expander": 0, "pin": 4}]}
    if with_output:
        lines["outputs"] = [{"name": "DO3", "expander": 0, "pin": 0}]
    state.lines_file.write_text(json.dumps(lines))
    gpio = open_gpio(load(state), state)
    if with_output:
        gpio.claim_output(DO3, False, "pins")
        gpio.write(DO3, True)
    gpio.claim_input(DI3, "up", "pins")
    with chip_at(state, 1, 0x21) as chip:
        right = list(chip.registers)
        for at in lost:
            chip.registers[at] = MODELS["mcp23017"].power_on[at] if len(lost) > 1 else right[at] ^ 0x01

    def registers():
        with chip_at(state, 1, 0x21) as chip:
            return chip.registers

    until(lambda: registers() == right)
    gpio.close()


def test_an_adapter_that_was_pulled_from_its_socket_is_opened_anew(state, monkeypatch):
    plugged_in = 1

    class UsbAdapter(SimTransfers):
        def __init__(self, number):
            super().__init__(state, number)
            self.is_this = plugged_in

        def _transfer(self, address, data, length):
            if self.is_this != plugged_in:  # an open file stays that of the adapter that was pulled
                raise OSError(errno.ENODEV, "No such device")
            return super()._transfer(address, data, length)

    monkeypatch.setattr("board.i2c._bus._smbus", UsbAdapter)
    state.lines_file.write_text(json.dumps(LINES | {"i2c": ["i2c://1/0x20?kind=pcf8574"]}))
    gpio = open_gpio(load(state), state)
    gpio.claim_output(DO3, True, "pins")
    gpio.write(DO3, False)
    plugged_in = 2
    with pytest.raises(BoardError, match="nothing answers at 0x20"):
        gpio.write(DO3, False)

    def switched_on():
        try:
            gpio.write(DO3, False)
        except BoardError:
            return False
        return True

    until(switched_on)
    gpio.close()


def test_a_board_starts_without_its_expander_and_takes_it_when_it_comes(state):
    pull(state, 1, 0x20)
    gpio = open_gpio(load(state), state)
    gpio.claim_output(DO3, True, "pins")
    gpio.claim_input(DI3, "up", "pins")
    assert gpio.read(DI3) is True
    until(lambda: problem(state) not in ("", "not told yet"))
    plug(state, 1, 0x20, "pcf8574")
    until(lambda: problem(state) == "")
    gpio.close()


def test_the_safe_state_reaches_an_expander_whose_process_died(state):
    gpio = open_gpio(load(state), state)
    gpio.claim_output(DO3, True, "pins")
    gpio.write(DO3, False)
    gpio.close()
    assert latch(state) == 0xFE
    assert make_safe(state) == ()
    assert latch(state) == 0xFF


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        ({**LINES, "outputs": [{"name": "DO3", "expander": 0, "pin": 0}]}, "would be active while the board boots"),
        ({**LINES, "outputs": [{"name": "DO3", "expander": 0, "pin": 8, "active_high": False}]}, "which has 0 to 7"),
        ({**LINES, "outputs": [{"name": "DO3", "expander": 1, "pin": 0}]}, "I2C device 1, which is not an expander"),
        ({**LINES, "outputs": [{"name": "DO3", "expander": 0, "pin": 4, "active_high": False}]}, "used by both DO3 and DI3"),
        ({"wiegand": [{"name": "W1", "expander": 0, "d0": 1, "d1": 2}]}, "too slow for Wiegand"),
        ({"inputs": [{"name": "DI3", "pin": 5, "pul": "up"}]}, "a line has no pul"),
        ({"inputs": [{"name": "DI3", "pin": "x", "pull": 1}]}, "'DI3'"),
        ({"inputs": {}}, "inputs must be a list"),
        ({"outs": []}, "holds outs; it may hold"),
    ],
)
def test_a_wrong_lines_file_is_refused_with_its_reason(tmp_path, lines, why):
    state = State(tmp_path)
    state.lines_file.write_text(json.dumps(lines))
    with pytest.raises(ConfigError, match=why):
        load(state)


def test_an_input_asks_only_for_pulls_that_the_chip_has(state):
    gpio = open_gpio(load(state), state)
    with pytest.raises(BoardError, match="can have the pull up, not 'down'"):
        gpio.claim_input(DI3, "down", "pins")
    gpio.close()
