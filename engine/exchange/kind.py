"""Job kind: one kind of export or import: its options and how it runs (engine/exchange/work.py)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from datetime import datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.secrets import discreet
from board.kit.words import Text
from engine.formats.event import Device
from engine.network import Network
from engine.store import Store
from engine.store.jobs import JobOptions
from engine.types import Job, PlateList

O = TypeVar("O", bound=JobOptions)  # noqa: E741  (the architecture's name for it)

NOTHING_NEW = Text("nothing has changed")


@dataclass(frozen=True, slots=True)
class JobEnv:
    """What a job may use while it runs. `list`: the list it belongs to; `folder`: for files of this job alone, kept between
    runs; `scratch`: for files of this run; `at`: the moment that names of files tell; `memory`: what its last successful run
    returned, JSON types only; `asked`: a person started it, so that it runs although nothing has changed; `test`: it is a trial
    and must change no list of the camera."""

    store: Store
    clock: Clock
    device: Device
    network: Network
    job: Job
    list: PlateList
    folder: Path
    scratch: Path
    at: datetime
    memory: Mapping[str, Any] = field(default_factory=dict)
    asked: bool = False
    test: bool = False

    @property
    def user(self) -> str:
        """The user recorded for changes of the lists."""
        return f"job {self.job.id}"


@dataclass(frozen=True, slots=True)
class Done:
    """`note`: what was done, for the Audit tab; `memory`: for the next run; `nothing_new`: there was nothing to do, and Audit
    needs no row; `is_part`: there is more to do, and it runs again at once."""

    note: Text
    memory: Mapping[str, Any] = field(default_factory=dict)
    nothing_new: bool = False
    is_part: bool = False


@dataclass(frozen=True, slots=True)
class JobKind(Generic[O]):
    """One kind. Everything that the rest of the camera needs to know about it is here; nothing compares its name."""

    name: str
    """Name of the file it is declared in."""

    label: str
    direction: str
    """ "export" or "import"."""

    options: type[O]

    run: Callable[[O, JobEnv], Done]
    """DeliveryError and ConfigError say what went wrong; the job runs again at its next time, or an hour later."""

    spreads: bool = False
    """Many cameras may ask one server: each asks at its own second within the interval."""

    watches_lists: bool = False
    """With "enable if change" it is skipped while no entry of any list has changed since its last success."""

    all_lists: bool = False
    """It can also be a job of ALL PLATES, which stands for every list."""

    fixed_lists: bool = False
    """It exports passages, so that it can also be a job of NOT IN LIST, which holds no plates."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "run", discreet(self.run))
