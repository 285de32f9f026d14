"""Samples: passages, entries, rules and peers that several tests need; every field has a value that a test may rely on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from board.devices import DeviceBook
from board.kit.clock import Clock, TestClock
from board.kit.errors import DeliveryError
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.serial import SerialLines
from board.serial._twin import plug, pull
from board.types import PinsDone, PinsTaken
from engine.actions import ActionEnv, Kinds, find_kinds
from engine.actions._kind import Settle
from engine.dispatch.environment import Environment
from engine.dispatch.peers import Peers
from engine.dispatch.replies import Replies
from engine.formats.event import Device
from engine.lists import EARLIEST, LATEST
from engine.messages import ServerSettings
from engine.network import EVERYTHING, Network
from engine.settings import GeneralSettings, RecorderSettings
from engine.store import Store
from engine.stored_pictures import StoredPictures
from engine.types import ActionRule, ListEntry, Match, Passage, PassageImages, PlateEvent, PlateList, WeekSchedule

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
"""What a new TestClock says; a Friday."""

NOW_NS = 1_000_000_000

DEVICE = Device("gw-0123456789ab", "Gate north", "Depot", ZoneInfo("Europe/Berlin"))

ALL, UNLISTED, BLACK, WHITE, WISH = 1, 2, 3, 4, 5
"""Ids of the lists of a new camera."""


def passage(plate: str = "HK55EVB", id: str = "p1", at: datetime = NOW, monotonic_ns: int = NOW_NS, **changes: Any) -> Passage:
    values: dict[str, Any] = {
        "id": id, "plate": plate, "confidence": 93.4, "country": "DE", "region": "", "lane": 0, "direction": "approach",
        "char_height_px": 31.5, "at": at, "monotonic_ns": monotonic_ns, "trigger_id": "", "trigger_cause": "", "votes": 2,
        "box": (512, 430, 178, 50), "size": (1280, 960), "images": PassageImages(),
    }  # fmt: skip
    return Passage(**{**values, **changes})


def entry(plate: str, list_id: int = WHITE, **changes: Any) -> ListEntry:
    values: dict[str, Any] = {
        "id": 0, "list_id": list_id, "plate": plate, "description": "", "valid_from": EARLIEST, "valid_until": LATEST,
    }  # fmt: skip
    return ListEntry(**{**values, **changes})


def rule(
    list_id: int = WHITE, kind: str = "io", name: str = "Gate", week: WeekSchedule | None = None, **options: Any
) -> ActionRule:
    return ActionRule(0, list_id, name, kind, True, week or WeekSchedule(), json.dumps(options))


def event(plate: str = "HK55EVB", role: str = "white", listed: ListEntry | None = None, **changes: Any) -> PlateEvent:
    match = Match(PlateList(WHITE, "WHITELIST", role), listed)
    return PlateEvent(passage(plate, **changes), (match,), match)


def server_settings(**changes: Any) -> ServerSettings:
    """Of the camera DEVICE with the defaults of RecorderSettings."""
    named = {"camera_id": DEVICE.id, "camera_name": DEVICE.name, "site": DEVICE.site, "time_zone": str(DEVICE.zone)}
    return ServerSettings(**{**named, "action_addresses": "", "video_size": "", **RecorderSettings().model_dump(), **changes})


def new_store(folder: Path, clock: Clock | None = None) -> Store:
    return Store(folder / "anpr.db", clock or TestClock())


class FakePins:
    """Pins that do everything at once, or answer with the errors in `errors`, one each. With a `clock` nothing begins late,
    nor twice under one id (`begun`)."""

    def __init__(self, *errors: str, clock: Clock | None = None) -> None:
        self.clock = clock
        self.begun: list[str] = []
        self.requests: list[Any] = []
        self.errors = list(errors)
        self.note = NOTHING
        self.before_answer: Callable[[], None] = lambda: None

        self.takes = False
        """Answers twice, as pins does when it cannot act at once: `end` is the second answer."""
        self.settles: dict[str, Settle] = {}

    def request(self, message: Any, timeout_s: float) -> PinsDone | PinsTaken:
        self.requests.append(message)
        self.before_answer()
        if self.errors:
            raise DeliveryError(self.errors.pop(0))
        if message.id in self.begun:
            return PinsDone(message.id, NOW_NS, Text("began before: not repeated"))
        if self.clock and message.not_after_ns < self.clock.monotonic_ns() + getattr(message, "delay_ms", 0) * 1_000_000:
            raise DeliveryError("too late")
        if self.clock and not self.takes:
            self.begun.append(message.id)
        return PinsTaken(message.id) if self.takes else PinsDone(message.id, NOW_NS, self.note)

    def settle(self, request_id: str, settle: Settle) -> None:
        self.settles[request_id] = settle

    def end(self, end: PinsDone | DeliveryError) -> None:
        """The end of everything that was taken."""
        while self.settles:
            self.settles.popitem()[1](end)


def environment(folder: Path, pins: FakePins | None = None, clock: Clock | None = None, kinds: Kinds | None = None) -> Environment:
    """What actions get in the service, with serial twins and images below `folder`."""
    general = GeneralSettings(device_name="Gate north", site="Depot", time_zone="Europe/Berlin")
    return Environment(
        clock or TestClock(),
        pins or FakePins(),
        serial_lines(folder),
        folder,
        Peers(kinds or find_kinds(), print),
        Replies(),
        Network(lambda: EVERYTHING),
        State(folder).broadcasts_socket,
        DEVICE.id,
        lambda: general,
        lambda which, plate, body, by: {},
    )


@dataclass(frozen=True, slots=True)
class ActionPeer:
    """What a kind of action is tried with (tests/contract/test_actions.py): `options` for the peer that is there, what the action
    gets, and how that peer goes away. The test of each kind offers one: `peer(folder)`."""

    options: dict[str, Any]
    env: ActionEnv
    break_it: Callable[[], object]
    passage: dict[str, Any] = field(default_factory=dict)
    """What is particular about the passage."""


@contextmanager
def pins_peer(folder: Path, **options: Any) -> Iterator[ActionPeer]:
    """For kinds that ask pins."""
    pins = FakePins()
    yield ActionPeer(options, env(pins, folder), lambda: pins.errors.append("the line is taken"))


@contextmanager
def serial_peer(folder: Path, **options: Any) -> Iterator[ActionPeer]:
    """For kinds that use a serial line: its twin is pulled."""
    plug(State(folder), "gate")
    lines = serial_lines(folder)
    yield ActionPeer({"line": "sim://gate", **options}, env(images=folder, serial=lines), lambda: pull(State(folder), "gate"))
    lines.close()


def serial_lines(folder: Path) -> SerialLines:
    """No line is open; each is opened when it is used."""
    return SerialLines(State(folder), DeviceBook(State(folder), "test"))


def env(
    pins: FakePins | None = None, images: Path = Path("/nonexistent"), delivery_id: str = "d1", serial: SerialLines | None = None
) -> ActionEnv:
    return ActionEnv(
        clock=TestClock(),
        pins=pins or FakePins(),
        serial=serial or serial_lines(images),
        images=StoredPictures(images),
        device=DEVICE,
        delivery_id=delivery_id,
        not_after=NOW + timedelta(seconds=10),
        not_after_ns=NOW_NS + 10_000_000_000,
    )
