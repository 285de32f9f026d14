"""Board types: what crosses the hardware border, and the messages of the `pins` process. All frozen."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text

if TYPE_CHECKING:  # pins and the host handle no pixels: they stay without numpy's 25 MB
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Frame:
    """One camera picture. `rgb`: uint8, shape (height, width, 3), R G B order; `captured_at`: aware UTC; `monotonic_ns`:
    CLOCK_MONOTONIC at capture; `seq` counts up from 1 per camera start."""

    seq: int
    captured_at: datetime
    monotonic_ns: int
    rgb: NDArray[np.uint8]
    source: str = ""
    """The replayed file's name; empty for live cameras."""
    small: NDArray[np.uint8] | None = None
    """The whole of `rgb` in grey, uint8 (h, w), shrunk by the camera itself (each axis by its own ratio); None: it does not."""
    lost: int = 0
    """Frames that the camera made since the one before and that nobody got: gaps, damage, or a reader that came too late."""


@dataclass(frozen=True, slots=True)
class InputEdge:
    """A debounced change of a digital input; `input` is its line name ("DI1"); `active` is after polarity."""

    input: str
    active: bool
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class WiegandCode:
    """A frame ready to send: `value`'s low `bits` bits, parity included, most significant bit first on the line."""

    bits: int
    value: int


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A digital output. `pin`: BCM number (sim: any distinct number). `active_high`: the level that means active at the pin.
    The safe (rest) level is always the inactive one."""

    name: str
    pin: int
    active_high: bool = True
    max_on_s: int = 0
    """Longest time on in one go, whatever is asked; 0: no limit."""
    drive: str = "push-pull"
    """"push-pull", or "open-drain": low or let go (gpiod only; an outside pull-up makes it high)."""
    held: bool = False
    """A resistor of the board holds the pin at rest from power-on: its pull at boot does not matter then."""


@dataclass(frozen=True, slots=True)
class InputLine:
    """A digital input. `pull`: "up", "down" or "off"; `debounce_ms`: a level counts once it was stable that long."""

    name: str
    pin: int
    active_high: bool = False
    pull: str = "up"
    debounce_ms: int = 20
    stuck_after_s: int = 0
    """Active for longer, the input is reported as stuck; 0: never."""


@dataclass(frozen=True, slots=True)
class WiegandLine:
    """A Wiegand output. The two pins rest inactive; `active_high` False: the pin is the line itself (idle high, a pulse is
    low: SIA); True: the pin drives an open-drain transistor."""

    name: str
    d0: int
    d1: int
    active_high: bool = True
    maker: str = "busy:"
    """URL of what makes the pulses (board/wiegand/makers): "busy:", "pigpio://localhost:8888", "lgpio:?hear=5,6", "pio:"."""


FIRST_EXPANDER_PIN = 1000


def expander_pin(index: int, pin: int) -> int:
    """The number, in a profile, of pin `pin` of the expander at `index` of its I2C devices."""
    return FIRST_EXPANDER_PIN * (index + 1) + pin


@dataclass(frozen=True, slots=True)
class BoardProfile:
    """A board as data. `gpio`: back end's module name in board/gpio; `camera`: default camera URL; `reserved`: pins that the
    board itself uses -> who (e.g. {2: "I2C SDA"})."""

    name: str
    title: str
    gpio: str
    camera: str
    outputs: tuple[OutputLine, ...]
    inputs: tuple[InputLine, ...]
    wiegand: tuple[WiegandLine, ...]
    reserved: tuple[tuple[int, str], ...] = ()
    wires: tuple[tuple[str, str], ...] = ()
    """Loopback wires of a simulated chip: (output line, input line)."""
    chip_labels: tuple[str, ...] = ()
    """gpiod chips by label, first found wins ("pinctrl-rp1", "pinctrl-bcm2711" ...)."""
    threads: int = 1
    """Inference threads for this board."""
    small: bool = False
    """Memory is short (512 MB): the live picture keeps every second row and column only and is sent in one
    width."""
    software_video: bool = False
    """A core is to spare for encoding H.264; else video without an encoder in hardware is JPEG."""
    simulated: bool = False
    emulated: bool = False
    """The computer itself is played by another one (scripts/virtual): drivers and libraries are real, times prove nothing."""
    interlocks: tuple[tuple[str, ...], ...] = ()
    """Groups of outputs of which one at a time may be on."""
    why: str = ""
    """Why these pins: for technicians (docs/boards.md)."""
    boot_pulls: tuple[tuple[int, int, str], ...] = ()
    """(first pin, last pin, "up", "down" or "off"): what holds a pin from power-on until pins claims it; not listed: unknown."""
    line_names: tuple[tuple[int, str], ...] = ()
    """(pin, the kernel's name of the line): pins that gpiod finds by name, on whatever chip."""
    i2c: tuple[str, ...] = ()
    """URLs of the board's I2C devices ("i2c://1/0x20?kind=pcf8574"); pin n of an expander at index k is `expander_pin(k, n)`."""


# --- messages of the pins process: requests -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Pulse:
    """Makes `output` active for `duration_ms`, `delay_ms` from now. A known `id` is answered again, never repeated.

    Refused when it could start only after `not_after_ns` (CLOCK_MONOTONIC; 0: no limit): a gate never opens late."""

    id: str
    output: str
    duration_ms: int
    delay_ms: int = 0
    not_after_ns: int = 0


@dataclass(frozen=True, slots=True)
class Pattern:
    """Switches `output` on for `on_ms` and off for `off_ms`, `repeats` times (a siren, a flashing light); as `Pulse` otherwise.
    A pattern that runs on the output already is replaced."""

    id: str
    output: str
    on_ms: int
    off_ms: int
    repeats: int
    delay_ms: int = 0
    not_after_ns: int = 0


@dataclass(frozen=True, slots=True)
class Level:
    """Holds `output` active (or inactive) until told otherwise or until this client is gone."""

    id: str
    output: str
    active: bool
    delay_ms: int = 0
    not_after_ns: int = 0


@dataclass(frozen=True, slots=True)
class SendWiegand:
    """Sends `code` on `port` ("W1"); frames of one port keep `gap_ms` between them."""

    id: str
    port: str
    code: WiegandCode
    width_us: int = 80
    period_us: int = 2000
    gap_ms: int = 100
    repeat: int = 1
    not_after_ns: int = 0


@dataclass(frozen=True, slots=True)
class TakeBack:
    """Takes back the request `id` if it has not begun: it is answered PinsRefused with `why`. What has begun goes on. There is no
    answer to this message itself."""

    id: str
    why: Text


@dataclass(frozen=True, slots=True)
class OutputPolarity:
    """Sets the level that means active, kept over restarts (STATE/polarity.json)."""

    id: str
    output: str
    active_high: bool


BLOCKS, ENDS, KEEPS = "blocks", "ends", "keeps"
"""What a guard does besides keeping its output from being switched on: nothing; it ends what runs; it keeps what is held."""


@dataclass(frozen=True, slots=True)
class Guard:
    """While `input` is active (a vehicle stands in the safety loop), `output` is not switched on. `does` BLOCKS: no more; ENDS:
    what runs on it is ended at once (a barrier's "close"); KEEPS: what is held on it stays on until the input is at rest, also
    when its client is gone (a barrier's "open").

    `unless_stuck`: an input that is reported as stuck guards no more, so that a broken loop does not shut everybody out."""

    input: str
    output: str
    does: str = BLOCKS
    unless_stuck: bool = True


@dataclass(frozen=True, slots=True)
class LineRules:
    """Sets what pins keeps to whatever is asked, kept over restarts (STATE/line_rules.json).

    `max_on_s`: (output, longest time on in one go; 0: no limit); `stuck_after_s`: (input, active for longer is reported; 0:
    never): both in place of the profile's. `interlocks`: groups of outputs of which one at a time may be on, besides the
    profile's. `guards`: inputs that keep outputs off."""

    id: str
    max_on_s: tuple[tuple[str, int], ...] = ()
    stuck_after_s: tuple[tuple[str, int], ...] = ()
    interlocks: tuple[tuple[str, ...], ...] = ()
    guards: tuple[Guard, ...] = ()


@dataclass(frozen=True, slots=True)
class WatchPins:
    """Subscribes this client to InputEdge, OutputState, LineWarning and WiegandSent; answered with the present state of every
    line."""

    id: str


# --- messages of the pins process: answers and events ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PinsTaken:
    """The request was accepted and is carried out later (after its delay, or once the frames before it are sent): PinsDone or
    PinsRefused follows under the same id. It is dropped, without an answer, when its last client goes before it began."""

    id: str


@dataclass(frozen=True, slots=True)
class PinsDone:
    """The request took effect at `monotonic_ns` (pulse: its first edge; Wiegand: after the last frame was checked)."""

    id: str
    monotonic_ns: int
    note: Text = NOTHING


@dataclass(frozen=True, slots=True)
class PinsRefused:
    """The request had no effect; `why` is for people."""

    id: str
    why: Text


@dataclass(frozen=True, slots=True)
class OutputState:
    """An output changed (or its present state)."""

    output: str
    active: bool
    monotonic_ns: int


@dataclass(frozen=True, slots=True)
class InputState:
    """Present state of an input, sent once per WatchPins; changes come as InputEdge."""

    input: str
    active: bool


@dataclass(frozen=True, slots=True)
class WiegandSent:
    """A frame left `port`. `worst_edge_us`: largest difference between planned and actual edge time."""

    port: str
    code: WiegandCode
    at: datetime
    worst_edge_us: float
    ok: bool


@dataclass(frozen=True, slots=True)
class LineWarning:
    """Something is wrong with the line ("DI1 has been active for 5 min: is it stuck?"); `text` NOTHING: not any more."""

    line: str
    text: Text
    monotonic_ns: int


PINS_MESSAGES: tuple[type, ...] = (
    Pulse, Pattern, Level, SendWiegand, TakeBack, OutputPolarity, LineRules, WatchPins,
    PinsTaken, PinsDone, PinsRefused, OutputState, InputState, InputEdge, LineWarning, WiegandSent,
)  # fmt: skip
