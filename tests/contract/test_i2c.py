"""Every kind of I2C device against one suite: on its strict twin, and on the kernel's i2c-stub through smbus2 where that is."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from board.i2c import ExpanderKind, all_kinds, open_device, parse_url
from board.i2c._bus import open_bus
from board.i2c._twins import HELD, MODELS, chip_at, folder, plug, pull
from board.i2c.ds3231 import Ds3231
from board.i2c.lm75 import Lm75
from board.i2c.mcp23017 import Mcp23017
from board.i2c.pcf8574 import Pcf8574
from board.kit.errors import BoardError, ConfigError, PinBusy
from board.kit.state import State

KINDS = all_kinds()


@pytest.fixture
def state(tmp_path: Path) -> State:
    return State(tmp_path)


@pytest.fixture(params=sorted(KINDS))
def url(request: pytest.FixtureRequest, state: State) -> str:
    """A plugged twin of every kind."""
    kind = KINDS[request.param]
    plug(state, 1, kind.addresses[0], kind.name)
    return f"sim://1/0x{kind.addresses[0]:02x}?kind={kind.name}"


@pytest.fixture
def stub_bus() -> Iterator[int]:
    """The kernel's i2c-stub with chips at 0x48 and 0x68."""
    names = {path.parent.name: path.read_text().strip() for path in Path("/sys/class/i2c-dev").glob("i2c-*/name")}
    found = [name for name, text in names.items() if "stub" in text.lower()]
    if not found or not (Path("/dev") / found[0]).exists():
        pytest.skip("no i2c-stub: modprobe i2c-dev; modprobe i2c-stub chip_addr=0x48,0x68")
    yield int(found[0].removeprefix("i2c-"))


def test_every_kind_has_a_twin() -> None:
    assert set(KINDS) == set(MODELS) == {"ds3231", "lm75", "mcp23017", "pcf8574"}


def test_a_device_fresh_from_power_on_is_read(url: str, state: State) -> None:
    device, bus = open_device(url, state)
    assert device.reading()
    bus.close()


def test_a_missing_device_does_not_answer(url: str, state: State) -> None:
    device, bus = open_device(url, state)
    pull(state, 1, parse_url(url).address)
    with pytest.raises(BoardError, match=r"nothing answers at 0x.. on I2C bus 1: is the device wired, powered and set to this"):
        device.reading()
    bus.close()


def test_a_wrong_address_does_not_answer(url: str, state: State) -> None:
    kind = KINDS[parse_url(url).kind]
    if len(kind.addresses) == 1:
        with pytest.raises(ConfigError, match="can be at 0x68, not at 0x69"):
            parse_url(f"sim://1/0x69?kind={kind.name}")
        return
    device, _ = open_device(f"sim://1/0x{kind.addresses[1]:02x}?kind={kind.name}", state)
    with pytest.raises(BoardError, match=f"nothing answers at 0x{kind.addresses[1]:02x}"):
        device.reading()


def test_a_held_bus_is_said_to_be_held(url: str, state: State) -> None:
    device, _ = open_device(url, state)
    (folder(state) / HELD).touch()
    with pytest.raises(BoardError, match="I2C bus 1 is blocked"):
        device.reading()


def test_a_device_of_a_kernel_driver_is_busy_and_the_driver_named(url: str, state: State) -> None:
    device, _ = open_device(url, state)
    with chip_at(state, 1, parse_url(url).address) as chip:
        chip.driver = "rtc-ds1307"
    with pytest.raises(PinBusy, match="is taken by the kernel's driver rtc-ds1307"):
        device.reading()


def test_a_bus_that_is_not_there_is_said_with_what_to_do(state: State) -> None:
    with pytest.raises(BoardError, match="there is no I2C bus 99"):
        open_bus("i2c", 99, state)
    with pytest.raises(BoardError, match="there is no simulated I2C bus 1: plug a chip"):
        open_bus("sim", 1, state)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ("i2c://1/0x20", "such as i2c://1/0x20"),
        ("i2c:///0x20?kind=pcf8574", "such as"),
        ("spi://1/0x20?kind=pcf8574", "such as"),
        ("i2c://1/32x?kind=pcf8574", "such as"),
        ("i2c://1/0x20?kind=abc", "there is no kind 'abc'; there are ds3231, lm75, mcp23017, pcf8574"),
        ("i2c://1/0x20?kind=lm75", "a LM75 temperature sensor can be at 0x48"),
        ("i2c://1/0x20?kind=pcf8574&x=1", "such as"),
    ],
)
def test_a_wrong_address_of_a_device_is_explained(wrong: str, why: str) -> None:
    with pytest.raises(ConfigError, match=why.replace("?", r"\?")):
        parse_url(wrong)


# --- DS3231 ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(state: State) -> Ds3231:
    plug(state, 1, 0x68, "ds3231")
    return Ds3231(open_bus("sim", 1, state), 0x68)


def test_a_clock_fresh_from_the_box_says_that_it_stood_still(clock: Ds3231) -> None:
    assert clock.time().stopped
    assert clock.reading() == "2000-01-01 00:00:00 UTC, but it stood still: set it"


def test_a_clock_is_set_in_bcd_and_24_hours_and_runs_from_then_on(clock: Ds3231, state: State) -> None:
    clock.set_time(datetime(2026, 11, 21, 19, 58, 37, tzinfo=UTC))  # a Saturday
    with chip_at(state, 1, 0x68) as chip:
        assert chip.registers[:7] == [0x37, 0x58, 0x19, 0x06, 0x21, 0x11, 0x26]
        assert chip.registers[0x0F] & 0x80 == 0
        assert chip.registers[0x0E] & 0x80 == 0
    reading = clock.time()
    assert (reading.at, reading.stopped) == (datetime(2026, 11, 21, 19, 58, 37, tzinfo=UTC), False)


def test_a_year_after_2099_sets_the_century_bit(clock: Ds3231, state: State) -> None:
    clock.set_time(datetime(2101, 12, 31, 23, 59, 59, tzinfo=UTC))
    with chip_at(state, 1, 0x68) as chip:
        assert chip.registers[5:7] == [0x92, 0x01]
    assert clock.time().at.year == 2101
    with pytest.raises(BoardError, match="2000 to 2199, not 1999"):
        clock.set_time(datetime(1999, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize(("hours", "hour"), [(0x52, 0), (0x41, 1), (0x72, 12), (0x71, 23), (0x69, 21), (0x23, 23)])
def test_hours_that_another_program_wrote_in_12_hour_form_are_read(clock: Ds3231, state: State, hours: int, hour: int) -> None:
    with chip_at(state, 1, 0x68) as chip:
        chip.registers[2] = hours
    assert clock.time().at.hour == hour


def test_registers_that_hold_no_time_are_an_error(clock: Ds3231, state: State) -> None:
    with chip_at(state, 1, 0x68) as chip:
        chip.registers[1] = 0x7A
    with pytest.raises(BoardError, match="holds no valid time"):
        clock.time()


# --- LM75 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("registers", "celsius"),
    [
        ((0x7D, 0), 125.0), ((0x19, 0), 25.0), ((0, 0x80), 0.5), ((0, 0), 0.0),
        ((0xFF, 0x80), -0.5), ((0xE7, 0), -25.0), ((0xC9, 0), -55.0),
    ],
)  # fmt: skip
def test_temperatures_are_those_of_the_data_sheets_table(state: State, registers: tuple[int, int], celsius: float) -> None:
    plug(state, 1, 0x48, "lm75")
    with chip_at(state, 1, 0x48) as chip:
        chip.registers[:2] = registers
    assert Lm75(open_bus("sim", 1, state), 0x48).temperature_c() == celsius


def test_bits_below_half_a_degree_are_not_used(state: State) -> None:
    plug(state, 1, 0x48, "lm75")
    with chip_at(state, 1, 0x48) as chip:
        chip.registers[:2] = (0x19, 0x7F)
    assert Lm75(open_bus("sim", 1, state), 0x48).temperature_c() == 25.0


def test_a_sensor_that_is_shut_down_says_so(state: State) -> None:
    plug(state, 1, 0x48, "lm75")
    bus = open_bus("sim", 1, state)
    bus.write_register(0x48, 0x01, 0x01)
    assert Lm75(bus, 0x48).reading() == "25.0 °C, but it is shut down: the value is an old one"


# --- expanders ------------------------------------------------------------------------------------------------------


@pytest.fixture(params=[name for name, kind in KINDS.items() if isinstance(kind, ExpanderKind)])
def expander(request: pytest.FixtureRequest, state: State) -> Pcf8574 | Mcp23017:
    kind = KINDS[request.param]
    assert isinstance(kind, ExpanderKind)
    plug(state, 1, 0x20, kind.name)
    device = kind.open(open_bus("sim", 1, state), 0x20)
    assert isinstance(device, Pcf8574 | Mcp23017)
    return device


def test_outputs_have_their_levels_and_inputs_follow_their_contacts(expander: Pcf8574 | Mcp23017, state: State) -> None:
    expander.set_up(outputs=0b0000_0011, pull_ups=0b0001_0000, levels=0b01)
    with chip_at(state, 1, 0x20) as chip:
        chip.outside &= ~0b0001_0000
    assert expander.read() & 0b0001_0011 == 0b0000_0001
    expander.write(0b10)
    with chip_at(state, 1, 0x20) as chip:
        chip.outside |= 0b0001_0000
    assert expander.read() & 0b0001_0011 == 0b0001_0010


def test_a_loss_of_power_is_noticed(expander: Pcf8574 | Mcp23017, state: State) -> None:
    expander.set_up(outputs=0b01, pull_ups=0, levels=0)
    assert expander.is_set_up()
    with chip_at(state, 1, 0x20) as chip:
        chip.registers = list(MODELS[chip.kind].power_on)
    assert not expander.is_set_up()


def test_no_output_of_an_mcp23017_is_driven_before_its_level_is_there(state: State) -> None:
    plug(state, 1, 0x20, "mcp23017")
    Mcp23017(open_bus("sim", 1, state), 0x20).set_up(outputs=0x8001, pull_ups=0x0002, levels=0x8000)
    with chip_at(state, 1, 0x20) as chip:
        assert chip.log[-2:] == [[0x14, 0x00, 0x80], [0x00, 0xFE, 0x7F]]  # OLAT, then IODIR
        assert chip.registers[0x0C:0x0E] == [0x02, 0x00]


def test_an_input_of_a_pcf8574_is_never_held_low_by_the_chip_itself(state: State) -> None:
    plug(state, 1, 0x20, "pcf8574")
    device = Pcf8574(open_bus("sim", 1, state), 0x20)
    device.set_up(outputs=0b0000_0001, pull_ups=0, levels=0)
    with chip_at(state, 1, 0x20) as chip:
        assert chip.log[-1] == [0xFE]


# --- the kernel's own stub, through smbus2 -----------------------------------------------------------------------------


def test_smbus2_sets_and_reads_a_clock_on_the_kernels_stub(stub_bus: int, state: State) -> None:
    clock = Ds3231(open_bus("i2c", stub_bus, state), 0x68)
    clock.set_time(datetime(2026, 11, 21, 19, 58, 37, tzinfo=UTC))
    assert clock.time().at == datetime(2026, 11, 21, 19, 58, 37, tzinfo=UTC)


def test_smbus2_reads_a_temperature_on_the_kernels_stub(stub_bus: int, state: State) -> None:
    from smbus2 import SMBus

    with SMBus(stub_bus) as bus:
        bus.write_word_data(0x48, 0x00, 0x80FF)  # low byte first on the wire: FF 80
    assert Lm75(open_bus("i2c", stub_bus, state), 0x48).temperature_c() == -0.5


def test_smbus2_says_that_nobody_answers_on_the_kernels_stub(stub_bus: int, state: State) -> None:
    with pytest.raises(BoardError, match="nothing answers at 0x20"):
        open_bus("i2c", stub_bus, state).read(0x20)
