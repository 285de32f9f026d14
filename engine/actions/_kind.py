"""Action kind: what one kind of action is: its options, how it is carried out, whom it talks to, how late at most."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import field
from datetime import datetime
from enum import Enum
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, DeliveryError
from board.kit.secrets import discreet
from board.kit.settings import Settings
from board.kit.words import Text, mark
from board.serial import SerialLines
from board.types import Level, OutputPolarity, Pattern, PinsDone, PinsTaken, Pulse, SendWiegand
from engine.actions._parts import Parts
from engine.formats.event import Device
from engine.formats.messages import Message, Messages
from engine.network import EVERYTHING, Network
from engine.stored_pictures import StoredPictures
from engine.types import ListEntry, PlateEvent

O = TypeVar("O", bound=Settings)  # noqa: E741  (the architecture's name for it)

PinsRequest = Pulse | Pattern | Level | SendWiegand | OutputPolarity

Settle = Callable[[PinsDone | DeliveryError], None]
"""Gets the end of what pins had taken: done, or why not."""


class Pins(Protocol):
    """The pins process as an action sees it."""

    def request(self, message: PinsRequest, timeout_s: float) -> PinsDone | PinsTaken:
        """Waits for the first answer; DeliveryError when it was refused, came too late or the process is gone."""
        ...

    def settle(self, request_id: str, settle: Settle) -> None:
        """Has `settle` called, once and from any thread, with the end of a request that was taken."""
        ...

    def take_back(self, request_id: str, why: Text) -> None:
        """A request that was taken and has not begun ends with this DeliveryError instead."""
        ...


class Replies(Protocol):
    """The way back to the client whose trigger led to a passage."""

    def send(self, trigger_id: str, data: bytes) -> bool:
        """False: that client is gone, or the trigger came from none."""
        ...


class Lane(Enum):
    """FAST acts at the gate within milliseconds; SLOW talks to networks and may wait."""

    FAST = "fast"
    SLOW = "slow"


PAUSE_S = {Lane.FAST: (0.2, 0.5), Lane.SLOW: (2.0, 300.0)}
"""First and longest pause before the next try: a car waits at the gate, and pins is back within a second or two."""

SetPlate = Callable[[str, str, bytes | None, str], Mapping[str, Any]]
"""(list, plate, JSON of what is to be set or None to take it out, who asks) -> what came of it (engine/plates.py: `answer`)."""


def _no_plates(which: str, plate: str, body: bytes | None, by: str) -> Mapping[str, Any]:
    return {"ok": False, "error": "not possible here"}


@dataclass(frozen=True, slots=True)
class ActionEnv:
    """What an action may use while it is carried out.

    `delivery_id`: the same for every try of one delivery, so that a receiver can tell a repeat; `not_after`: the wall stamp
    and `not_after_ns` the CLOCK_MONOTONIC time after which it must not start any more; `images`: the image folder; `peer`: what
    the kind's `open` gave, None when it has none; `replies`: None where nobody waits for an answer; `network`: how others are
    reached, by default without the limits that the camera sets (`Environment` does); `messages`: those made so far; `vms`:
    where the vms process takes events for the clients of its ports; `plates`: sets a plate of a list or takes it out; `parts`: what
    an earlier try of a delivery has done already."""

    clock: Clock
    pins: Pins
    images: StoredPictures
    device: Device
    delivery_id: str
    not_after: datetime
    not_after_ns: int
    serial: SerialLines
    peer: Any = None
    replies: Replies | None = None
    network: Network = field(default_factory=lambda: Network(lambda: EVERYTHING))
    messages: Messages = field(default_factory=Messages)
    vms: Path = Path("/nonexistent")
    plates: SetPlate = _no_plates
    parts: Parts = field(default_factory=Parts)

    @property
    def device_name(self) -> str:
        return self.device.name

    @property
    def time_zone(self) -> ZoneInfo:
        return self.device.zone

    def message(self, event: PlateEvent, name: str) -> Message:
        """The event in one of the formats of engine/formats/messages.py, which most kinds offer as their option `format`."""
        return self.messages.message(name, event, self.device, self.images)


@dataclass(frozen=True, slots=True)
class Taken:
    """Accepted, and carried out without us from here on; pins tells the end under the delivery's id. `note`: what it will be."""

    note: Text


@dataclass(frozen=True, slots=True)
class Answer:
    """What somebody who was asked about a car says: whether it may pass, and why in his own words, "" for none."""

    allowed: bool
    reason: str = ""

    def said(self, host: str, took_ms: float) -> Text:
        """As Audit shows it."""
        values = {"host": host, "took_ms": round(took_ms), "reason": self.reason}
        return Text(_ANSWERS[self.allowed, bool(self.reason)], values)


_ANSWERS = {
    (True, False): mark("asked {host}: allowed, after {took_ms} ms"),
    (True, True): mark("asked {host}: allowed, after {took_ms} ms: {reason}"),
    (False, False): mark("asked {host}: refused, after {took_ms} ms"),
    (False, True): mark("asked {host}: refused, after {took_ms} ms: {reason}"),
}


def noted(note: Text, remark: Text) -> Text:
    """The note with what pins remarked about it, if it did."""
    return Text("{note} ({remark})", {"note": note, "remark": remark}) if remark else note


def _no_outputs(options: Settings) -> Mapping[str, bool]:
    return {}


def _unused(kept: object, rules: tuple[Any, ...], env: ActionEnv) -> None:
    return None


def _nobody(options: Settings) -> str:
    return ""


def _never(options: Settings) -> bool:
    return False


def _no_number(options: Settings) -> int:
    return 0


def _anything(entry: ListEntry, options: Settings) -> Text | None:
    return None


@dataclass(frozen=True, slots=True)
class ActionKind(Generic[O]):
    """One kind. Everything that the rest of the camera asks about it stands here; its name is compared nowhere."""

    name: str
    """That of its file."""

    label: str
    options: type[O]

    deliver: Callable[[PlateEvent, O, ActionEnv], Text | Taken]
    """Gives what was done, for the Audit tab ("DO1 pulsed 500 ms"). DeliveryError: try again later; ConfigError: no try will ever
    work."""

    lane: Lane = Lane.SLOW
    max_age_s: float = 86_400.0
    """From the capture. A rule of the slow lane may say otherwise."""

    pause_s: tuple[float, float] | None = None
    """First and longest pause before the next try, 300 s at most; None: as usual in its lane."""

    needs: tuple[str, ...] = ()
    """Libraries beyond those of the package, by the name under which they are imported. Without them the kind is listed and cannot
    be used."""

    peer: Callable[[O], str] = _nobody
    """Whom these options talk to, as a log may name it: "nvr.example:8080", a serial line's URL. Deliveries to one peer share its
    fate; "": nobody, there is nothing to wait for."""

    open: Callable[[str, ActionEnv], AbstractContextManager[object]] | None = None
    """Keeps something open for a peer (`peer`'s text) while an enabled rule uses it. Returns at once: connecting, and connecting
    again, is the kept thing's own business. `deliver` finds what it gave in `env.peer`."""

    use: Callable[[Any, tuple[O, ...], ActionEnv], None] = _unused
    """Tells what is open the options of all enabled rules that use it, once it is open and after every change of the rules. Returns
    at once, as `open` does. It is for kinds whose peer must know the camera before a car comes."""

    polarity: Callable[[O], Mapping[str, bool]] = _no_outputs
    """{output: active high}, as these options want the wiring to be; enabled rules must agree on each output."""

    gate_output: Callable[[O], str] = _nobody
    """The output that these options open a gate with; "": none."""

    withheld: Callable[[O], bool] = _never
    """With these options the action opens something and must not for a blacklisted plate."""

    ask: Callable[[PlateEvent, O, ActionEnv], Answer] | None = None
    """Asked about a car before it is decided whether a gate opens (engine/dispatch/asking.py). PeerRefused: somebody answered, but
    nothing that counts; DeliveryError: nobody did. Options of such a kind have `host`, `timeout_s` and `otherwise`."""

    replies: bool = False
    """Whether it answers the client whose trigger led to the passage (`ActionEnv.replies`)."""

    needs_plate: bool = False
    """What it does is made from the plate: rules whose start has none cannot use it."""

    number_bits: Callable[[O], int] = _no_number
    """Length of the Wiegand frame that these options send, in bits; 0: they send no number."""

    unsendable: Callable[[ListEntry, O], Text | None] = _anything
    """Why these options can never send this plate of a list; None: they can."""

    former: tuple[str, ...] = ()
    """Names that earlier releases stored rules under; an older one that comes back still knows them."""

    purpose: str = ""
    """What it is for, in words of the trade, so that nobody has to know its label: "Open a gate or switch a siren"."""

    about: str = ""
    """A sentence more about that."""

    icon: str = "net"
    """A drawing of webui/templates/icons.html."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "deliver", discreet(self.deliver))
        if self.ask is not None:
            object.__setattr__(self, "ask", discreet(self.ask))

    @property
    def pauses_s(self) -> tuple[float, float]:
        return self.pause_s or PAUSE_S[self.lane]

    @property
    def missing(self) -> str:
        """The first of `needs` that is not installed; "" when all are."""
        return next((name for name in self.needs if not _is_installed(name)), "")

    def check_usable(self) -> None:
        """ConfigError names the library that is missing."""
        missing = self.missing
        if missing:
            raise ConfigError("{label} needs {library}, which this package does not bring", label=Text(self.label), library=missing)


def _is_installed(library: str) -> bool:
    try:
        return importlib.util.find_spec(library) is not None
    except (ImportError, ValueError):  # a parent of it is missing, or breaks when it is imported
        return False
