"""Board types: what crosses the hardware border, and the messages of the `pins` process. All frozen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

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


@dataclass(frozen=True, slots=True)
class InputLine:
    """A digital input. `pull`: "up", "down" or "off"; `debounce_ms`: a level counts once it was stable that long."""

    name: str
    pin: int
    active_high: bool = False
    pull: str = "up"
    debounce_ms: int = 20


@dataclass(frozen=True, slots=True)
class WiegandLine:
    """A Wiegand output. The two pins rest inactive; `active_high` False: the pin is the line itself (idle high, a pulse is
    low: SIA); True: the pin drives an open-drain transistor."""

    name: str
    d0: int
    d1: int
    active_high: bool = True


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
    simulated: bool = False


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
class OutputPolarity:
    """Sets the level that means active, kept over restarts (STATE/polarity.json)."""

    id: str
    output: str
    active_high: bool


@dataclass(frozen=True, slots=True)
class WatchPins:
    """Subscribes this client to InputEdge, OutputState and WiegandSent; answered with the present state of every line."""

    id: str


# --- messages of the pins process: answers and events ---------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PinsDone:
    """The request took effect at `monotonic_ns` (pulse: its first edge; Wiegand: after the last frame was checked)."""

    id: str
    monotonic_ns: int
    note: str = ""


@dataclass(frozen=True, slots=True)
class PinsRefused:
    """The request had no effect; `why` is for people."""

    id: str
    why: str


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


PINS_MESSAGES: tuple[type, ...] = (
    Pulse, Level, SendWiegand, OutputPolarity, WatchPins,
    PinsDone, PinsRefused, OutputState, InputState, InputEdge, WiegandSent,
)  # fmt: skip
