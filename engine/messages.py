"""Messages on STATE/run/service.sock: the service listens.

The engine keeps one connection, the portal connects for each request, and whoever wants to be told what happens keeps one
that it begins with Subscribe (engine/subscription.py does it).
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import field
from datetime import datetime

from board.devices import DeviceState
from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text, mark
from engine.types import (
    UNDECIDED,
    Counter,
    Decision,
    Delivery,
    Match,
    Passage,
    PlateEvent,
    PlateList,
    PlateRead,
    Trigger,
    WiegandFrame,
)

NO_LICENSE = mark("NO LICENSE")
STOPPED = mark("STOPPED")
SETUP = mark("SETUP")
"""What the Info panel (manual 4.2, Live tab) shows as mode besides the function modes: no licence; no engine; the first access
(manual 3.3, First access), at which an administrator chooses the region, has not taken place."""

REJECTED = ("confidence", "small", "large", "characters", "region", "repeated")
"""Filters by the names of EngineStatus.rejected (engine/reading/passages/filters.py); "repeated": passages that the repeat filter
dropped."""

# --- engine -> service ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EngineHello:
    """First message of an engine's connection. `time_zone`: the one that it goes by (`UseZone`)."""

    pid: int
    time_zone: str = ""


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Sent every second and on change. `camera`: what is wrong with it, NOTHING while it works; `error`: last error.
    `mode`: of the settings, or NO_LICENSE; `frames_per_s`: what the camera delivers; `frames_lost`, `frames_late`: since the
    engine's start; `camera_notes`: what was asked of the camera and it does not do; `preset`: its exposure, "day" or "night";
    `settings`: fingerprints (board/kit/settings.py) of those that it runs with; `motion_pct`: the most that the picture changed in
    the last second, -1 in modes that do not look; `rejected`: reads that each filter left out since the start (REJECTED)."""

    mode: str
    frames_processed: int
    frames_per_s: float
    read_ms: float
    last_char_height_px: float
    camera: Text
    error: Text
    error_at: datetime | None
    size: tuple[int, int]
    frames_lost: int = 0
    frames_late: int = 0
    camera_notes: tuple[Text, ...] = ()
    preset: str = ""
    settings: Mapping[str, str] = field(default_factory=dict)
    motion_pct: float = -1.0
    rejected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PassageReport:
    """A passage, its images already on disk. Repeated until PassageStored answers it."""

    passage: Passage


@dataclass(frozen=True, slots=True)
class LiveReads:
    """Reads of the newest frame, also those that passed no filter: for the live picture and the log."""

    frame_seq: int
    reads: tuple[PlateRead, ...]


@dataclass(frozen=True, slots=True)
class ReadTold:
    """A line about a read, of the engine's logger `logger`: it stands in the service's log as well. Those that cannot be sent at
    once are left out."""

    logger: str
    line: str


@dataclass(frozen=True, slots=True)
class TriggerTaken:
    """The engine began with this trigger (`refused` NOTHING) or cannot serve it."""

    trigger_id: str
    refused: Text


# --- service -> engine ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PassageStored:
    """The passage is committed (or was before): the engine forgets it."""

    passage_id: str


@dataclass(frozen=True, slots=True)
class ReadAgain:
    """The passage was to open a gate, and nothing opened in time: if its car still stands there, it is to be read anew."""

    passage_id: str
    plate: str


@dataclass(frozen=True, slots=True)
class StartTrigger:
    """Read the plate of this trigger."""

    trigger: Trigger


@dataclass(frozen=True, slots=True)
class UseZone:
    """The camera's time zone from now on (`GeneralSettings.time_zone`); sent where it differs from the one that the engine has."""

    name: str


@dataclass(frozen=True, slots=True)
class StopEngine:
    """Leave with exit code 0: the supervisor starts the engine again with the stored settings ("Restart service")."""


# --- portal -> service ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class AskStatus:
    """Answered by ServiceStatus."""


@dataclass(frozen=True, slots=True)
class FireTrigger:
    """Asks for a trigger; answered by TriggerAnswer. `wait_s` > 0: the answer waits for the passage."""

    cause: str
    wait_s: float = 0.0


@dataclass(frozen=True, slots=True)
class TestAction:
    """Carries out an action now, with a sample event of `plate`, or one without a plate where `start` has none
    (engine/dispatch/starts.py); answered by Outcome. Nothing is stored but who let somebody in by it.

    `user`, `address`: who, and from where; `ordered_ns`: as in SwitchOutput."""

    __test__ = False  # not a test class, though its name starts with Test

    kind: str
    options: str
    list_id: int
    plate: str
    start: str = "match"
    user: str = ""
    address: str = ""
    ordered_ns: int = field(default_factory=time.monotonic_ns, compare=False)


@dataclass(frozen=True, slots=True)
class SendTest:
    """Tells whoever is told passages one that is a test (TestPassage): answered by Outcome. Nothing is stored, nothing opens."""


@dataclass(frozen=True, slots=True)
class SwitchOutput:
    """Somebody switches an output: by hand, or a recorder for its user. Whoever asks has checked the permission `open`; interlocks
    and longest times are the pins process's. Answered by Outcome once pins has answered, and kept in Audit.

    `do`: of engine.actions.io.BY_HAND: "pulse" (of `duration_ms`), "on" (held until "off", or until the service ends) or "off";
    `user`, `address`: who, and from where; `through`: "API", "CGI", "ONVIF" ...; `reason`: in the user's words, "" for none;
    `ordered_ns`: CLOCK_MONOTONIC when it was ordered: whoever gave it to a service that hung has been told that it failed."""

    output: str
    do: str
    duration_ms: int
    user: str
    address: str
    through: str
    reason: str = ""
    ordered_ns: int = field(default_factory=time.monotonic_ns, compare=False)


@dataclass(frozen=True, slots=True)
class SetPulse:
    """A recorder says what switching an output on does from now on: a pulse of `pulse_s`, or, with 0, on until it is switched off.
    Stored with the settings (RecorderSettings.onvif_outputs), whose changes are kept; answered by Outcome. Whoever asks has checked
    the permission `open`."""

    output: str
    pulse_s: float
    user: str
    address: str


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Rules or lists were edited: the service derives output polarities and servers again; answered by Outcome."""


@dataclass(frozen=True, slots=True)
class SettingsChanged:
    """The general configuration was stored: what of it needs no restart is in force everywhere from now on; answered by Outcome."""


@dataclass(frozen=True, slots=True)
class CameraSaw:
    """What another camera of this site tells; answered by Outcome. `plate` "": only that it is there. `age_ms`: of its picture, by
    its own clock; `lane`: "view" (it sees the same lane), "in" or "out" (a vehicle drove in or out where it stands)."""

    camera_id: str
    event_id: str = ""
    plate: str = ""
    age_ms: int = 0
    lane: str = "view"


@dataclass(frozen=True, slots=True)
class RestartService:
    """Restarts engine and service with the stored settings; answered by Outcome before it happens."""


# --- service -> portal ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    """Whether it was done, and what a person should know of it."""

    ok: bool
    note: Text = NOTHING


@dataclass(frozen=True, slots=True)
class TriggerAnswer:
    """`accepted` False: `why` says why (period limit, wrong mode, engine stopped). `passage` when waited for."""

    accepted: bool
    why: Text
    trigger_id: str
    passage: Passage | None = None


@dataclass(frozen=True, slots=True)
class LineState:
    """A digital line for the Board panel; `kind`: "input" or "output"."""

    name: str
    kind: str
    active: bool
    changed_at: datetime | None


@dataclass(frozen=True, slots=True)
class LanePlaces:
    """Places of a list, or of plates on no list (`name` ""). `capacity` 0: no limit; `drift`: by how much the count may be off."""

    list_id: int
    name: str
    capacity: int
    count: int
    drift: int


@dataclass(frozen=True, slots=True)
class LaneStatus:
    """The lane of the barrier (engine/lane), while it is in use. `state`: in words; `since`: when that began; `plate`: whom it was
    opened for; `waiting`: plates that wait to be let in; `faults`: inputs that are not believed; `second_camera`: how it is,
    NOTHING without one; `places`: empty when nothing is counted."""

    state: Text
    since: datetime
    plate: str = ""
    waiting: tuple[str, ...] = ()
    faults: tuple[Text, ...] = ()
    second_camera: Text = NOTHING
    places: tuple[LanePlaces, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """Everything the Live tab shows besides the picture and the passages (those are in the store)."""

    mode: str
    engine: EngineStatus | None
    live: LiveReads | None
    counters: tuple[Counter, ...]
    lines: tuple[LineState, ...]
    wiegand: WiegandFrame | None
    pins: Text
    """What is wrong with the pins process, NOTHING while it works."""
    warnings: tuple[Text, ...]
    """What is wrong with a line: a stuck input, an output that reached its longest time, settings that pins refused."""
    last_error: Text
    last_error_at: datetime | None
    sd_free_pct: int
    """-1: no card."""
    camera_free_pct: int
    devices: tuple[DeviceState, ...] = ()
    """I2C and serial devices in use, by name."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """Fingerprints of the settings that the service runs with."""
    monotonic_ns: int = 0
    """When this was put together (CLOCK_MONOTONIC): whoever keeps it knows by this how old it has become."""
    last_engine: EngineStatus | None = None
    """What the engine said last, also when `engine` is None since it stopped: to be shown as old."""
    last_engine_age_s: float = -1.0
    """Seconds since then; -1: it has not said anything yet."""
    storage: Text = NOTHING
    """Why passages cannot be stored, or what it took to store them; NOTHING while the storage takes what is written."""
    card: Text = NOTHING
    """Why the SD card does not take the pictures that it should; NOTHING while it does, or need not."""
    lane: LaneStatus | None = None
    """None: nothing of it is in use."""
    changed: Mapping[str, datetime] = field(default_factory=dict)
    """Since when `sd_free_pct` ("sd"), `camera_free_pct` ("camera") and the engine's `last_char_height_px` ("height") are as they
    are, as far as the service has seen."""


# --- service -> subscribers -----------------------------------------------------------------------------------------

STATUS = "status"
"""ServiceStatus: on every change and each second. The newest replaces one that was not sent yet."""
LIVE = "live"
"""LiveReads: what was read in the newest frames. The newest replaces one that was not sent yet."""
PASSAGES = "passages"
"""PassageEvent: every stored passage, in the order of storing; none is left out, however slow the subscriber is. TestPassage: one
that is a test."""
DELIVERIES = "deliveries"
"""DeliveryEvent: what became of each try of an action. PassageDecided: what was decided about a passage that waited."""
LINES = "lines"
"""LineChanged: every change of an input or output; after Subscribed, each line's present state."""

SETTINGS = "settings"
"""ServerSettings: after Subscribed and whenever they change."""

TOPICS = (STATUS, LIVE, PASSAGES, DELIVERIES, LINES, SETTINGS)


@dataclass(frozen=True, slots=True)
class Subscribe:
    """First message of a subscription: from now on what belongs to `topics` is pushed, after a Subscribed.

    `after`: row of the last passage that the subscriber has; those stored since come first. -1: it has none, and gets the `last`
    newest ones first."""

    topics: tuple[str, ...]
    after: int = -1
    last: int = 0


@dataclass(frozen=True, slots=True)
class Subscribed:
    """The subscription has begun. `newest`: row of the newest passage, 0 when there is none (or -1: the store is not open yet).

    What happened while there was no connection is not sent, but for passages after `Subscribe.after`."""

    newest: int


@dataclass(frozen=True, slots=True)
class Missed:
    """`count` messages of that topic were left out before the next one: the subscriber was too slow, or they are no longer
    stored."""

    topic: str
    count: int


@dataclass(frozen=True, slots=True)
class PassageEvent:
    """A stored passage with the lists that it matched, what was decided, and one delivery for each rule that was due, with its
    state now ("withheld" and "expired" among them). `row`: the resume point (Subscribe.after)."""

    row: int
    passage: Passage
    matches: tuple[Match, ...]
    deliveries: tuple[Delivery, ...]
    decision: Decision = UNDECIDED

    @property
    def event(self) -> PlateEvent:
        """The same as messages are made of it, for no rule in particular."""
        match = self.matches[0] if self.matches else Match(PlateList(0, "", "all"), None)
        return PlateEvent(self.passage, self.matches, match, self.decision)


@dataclass(frozen=True, slots=True)
class TestPassage:
    """A passage that never was, so that a recorder can be tried: its plate and its decision say so. It is no car: nobody counts or
    stores it, and it is no resume point."""

    __test__ = False  # not a test class, though its name starts with Test

    event: PassageEvent


@dataclass(frozen=True, slots=True)
class DeliveryEvent:
    """A try of an action has ended: the delivery as it stands now ("pending": it is tried again)."""

    delivery: Delivery


@dataclass(frozen=True, slots=True)
class PassageDecided:
    """A passage that had to wait ("waiting") is decided about."""

    passage_id: str
    decision: Decision


@dataclass(frozen=True, slots=True)
class LineChanged:
    """A line has another level, or another holder."""

    line: LineState


EVERY_PASSAGE = "every passage"
UP_TO_ONE = "0 to 1"
"""First choices of ServerSettings.onvif_events and nvr_confidence, for processes to which the settings' classes are too large."""


@dataclass(frozen=True, slots=True)
class ServerSettings:
    """What servers outside of this process need of the settings: how the camera is called, what it may connect to besides
    (`action_addresses` of the general configuration), how large video is (`video_size` of LprSettings), and each of
    RecorderSettings (engine/settings/recorders.py) under its name there."""

    camera_id: str
    camera_name: str
    site: str
    time_zone: str
    action_addresses: str
    video_size: str
    onvif: bool
    discovery: bool
    onvif_events: str
    onvif_outputs: str
    snapshots_login: bool
    rtsp: bool
    rtsp_port: int
    rtsp_sound: bool
    nvr: bool
    nvr_port: int
    nvr_layout: str
    nvr_confidence: str


SERVICE_MESSAGES: tuple[type, ...] = (
    EngineHello, EngineStatus, PassageReport, LiveReads, ReadTold, TriggerTaken, PassageStored, ReadAgain, StartTrigger, StopEngine,
    UseZone, AskStatus, FireTrigger, TestAction, SendTest, SwitchOutput, SetPulse,
    RulesChanged, SettingsChanged, CameraSaw, RestartService, Outcome,
    TriggerAnswer, ServiceStatus,
    Subscribe, Subscribed, Missed, PassageEvent, TestPassage, DeliveryEvent, PassageDecided, LineChanged,
    ServerSettings,
)  # fmt: skip
