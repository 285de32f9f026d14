"""Action kind: what one kind of action is: its options, how it is carried out, in which lane and how late at most."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from board.kit.settings import Settings
from board.serial import SerialLines
from board.types import Level, OutputPolarity, Pattern, PinsDone, Pulse, SendWiegand
from engine.types import PlateEvent

O = TypeVar("O", bound=Settings)  # noqa: E741  (the architecture's name for it)

PinsRequest = Pulse | Pattern | Level | SendWiegand | OutputPolarity


class Pins(Protocol):
    """The pins process as an action sees it."""

    def request(self, message: PinsRequest, timeout_s: float) -> PinsDone:
        """Waits for the answer; DeliveryError when it was refused, came too late or the process is gone."""
        ...


class Lane(Enum):
    """FAST acts at the gate within milliseconds; SLOW talks to networks and may wait."""

    FAST = "fast"
    SLOW = "slow"


@dataclass(frozen=True, slots=True)
class ActionEnv:
    """What an action may use while it is carried out.

    `delivery_id`: the same for every try of one delivery, so that a receiver can tell a repeat; `not_after`: the wall stamp
    and `not_after_ns` the CLOCK_MONOTONIC time after which it must not start any more; `images`: the image folder."""

    clock: Clock
    pins: Pins
    images: Path
    device_name: str
    time_zone: ZoneInfo
    delivery_id: str
    not_after: datetime
    not_after_ns: int
    serial: SerialLines


def _no_outputs(options: Settings) -> Mapping[str, bool]:
    return {}


def _no_line(options: Settings) -> str:
    return ""


def _never(options: Settings) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class ActionKind(Generic[O]):
    """One kind. `deliver` returns what was done, for the Audit tab ("DO1 pulsed 500 ms"); DeliveryError: try again later;
    ConfigError: no try will ever work.

    `polarity`: output -> active high, as these options want the wiring to be; enabled rules must agree on each output.
    `withheld`: with these options the action opens something and must not for a blacklisted plate.
    `serial`: the URL of the serial line that these options use, which is kept open; "" for none."""

    name: str
    label: str
    options: type[O]
    deliver: Callable[[PlateEvent, O, ActionEnv], str]
    lane: Lane = Lane.SLOW
    max_age_s: float = 86_400.0
    polarity: Callable[[O], Mapping[str, bool]] = _no_outputs
    withheld: Callable[[O], bool] = _never
    serial: Callable[[O], str] = _no_line
