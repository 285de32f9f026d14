"""Messages on STATE/run/service.sock: the service listens; the engine keeps one connection, the portal connects per request."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from board.devices import DeviceState
from engine.types import Counter, Passage, PlateRead, Trigger, WiegandFrame

NO_LICENSE = "NO LICENSE"
STOPPED = "STOPPED"
"""What the Info panel shows as mode besides the function modes (manual 4.2): no licence; no engine."""

# --- engine -> service ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EngineHello:
    """First message of an engine's connection."""

    pid: int


@dataclass(frozen=True, slots=True)
class EngineStatus:
    """Sent every second and on change. `camera`: "ok" or what is wrong with it; `error`: last error, "" when none.
    `mode`: of the settings, or NO_LICENSE; `frames_per_s`: what the camera delivers; `frames_lost`, `frames_late`: since the
    engine's start; `camera_notes`: what was asked of the camera and it does not do; `preset`: its exposure, "day" or "night"."""

    mode: str
    frames_processed: int
    frames_per_s: float
    read_ms: float
    last_char_height_px: float
    camera: str
    error: str
    error_at: datetime | None
    size: tuple[int, int]
    frames_lost: int = 0
    frames_late: int = 0
    camera_notes: tuple[str, ...] = ()
    preset: str = ""


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
class TriggerTaken:
    """The engine began with this trigger (`refused` "") or cannot serve it."""

    trigger_id: str
    refused: str


# --- service -> engine ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PassageStored:
    """The passage is committed (or was before): the engine forgets it."""

    passage_id: str


@dataclass(frozen=True, slots=True)
class StartTrigger:
    trigger: Trigger


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
    """Carries out an action now, with a sample event of `plate`; answered by Outcome. Nothing is stored."""

    __test__ = False  # a name that starts with Test is no test class

    kind: str
    options: str
    list_id: int
    plate: str


@dataclass(frozen=True, slots=True)
class RulesChanged:
    """Rules or lists were edited: the service derives output polarities and servers anew; answered by Outcome."""


@dataclass(frozen=True, slots=True)
class RestartService:
    """Restarts engine and service with the stored settings; answered by Outcome before it happens."""


# --- service -> portal ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Outcome:
    ok: bool
    note: str


@dataclass(frozen=True, slots=True)
class TriggerAnswer:
    """`accepted` False: `why` says why (period limit, wrong mode, engine stopped). `passage` when waited for."""

    accepted: bool
    why: str
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
class ServiceStatus:
    """Everything the Live tab shows besides the picture and the passages (those are in the store)."""

    mode: str
    engine: EngineStatus | None
    live: LiveReads | None
    counters: tuple[Counter, ...]
    lines: tuple[LineState, ...]
    wiegand: WiegandFrame | None
    pins: str
    """"ok" or what is wrong with the pins process."""
    warnings: tuple[str, ...]
    """What is wrong with a line: a stuck input, an output that reached its longest time, settings that pins refused."""
    last_error: str
    last_error_at: datetime | None
    sd_free_pct: int
    """-1: no card."""
    camera_free_pct: int
    devices: tuple[DeviceState, ...] = ()
    """I2C and serial devices in use, by name."""


SERVICE_MESSAGES: tuple[type, ...] = (
    EngineHello, EngineStatus, PassageReport, LiveReads, TriggerTaken, PassageStored, StartTrigger, StopEngine,
    AskStatus, FireTrigger, TestAction, RulesChanged, RestartService, Outcome, TriggerAnswer, ServiceStatus,
)  # fmt: skip
