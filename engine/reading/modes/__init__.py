"""Modes: when a frame is read and how reads become passages; each file is one function mode (manual 4.5, LPR configuration tab)."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.registry import find
from board.kit.words import Text
from board.types import Frame
from engine.reading.passages.sights import Known
from engine.reading.passages.vote import Settled
from engine.types import PlateRead, SeenRead, Trigger

if TYPE_CHECKING:
    from engine.settings import LprSettings


@dataclass(frozen=True, slots=True)
class Result:
    """What a mode makes a passage of. `settled` None: a trigger that read nothing, `frame` then is its last picture or None;
    `unsure`: what was read below the minimum confidence instead (engine/reading/passages/unsure.py),
    `reads`: all that was read then."""

    settled: Settled | None
    frame: Frame | None
    trigger: Trigger | None = None
    unsure: PlateRead | None = None
    reads: tuple[SeenRead, ...] = ()


class Mode(Protocol):
    """A function mode at work. `wanted` is called by the camera's thread, all else by the reading one; all return at once."""

    @property
    def sights(self) -> Mapping[str, int]:
        """{plate: CLOCK_MONOTONIC ns of its last sight}, for what must outlive a restart; empty where nothing must."""
        ...

    @property
    def standing(self) -> Collection[str]:
        """Plates of cars that stood there before a restart and may still."""
        ...

    @property
    def repeated(self) -> int:
        """Passages that the repeat filter has dropped."""
        ...

    def motion_pct(self) -> float:
        """The most that the picture changed since this was asked last, in percent of its area; -1 where nobody looks."""
        ...

    def wanted(self, frame: Frame) -> bool:
        """Whether this frame is to be read; called for every frame of the camera."""
        ...

    def start(self, trigger: Trigger, now_ns: int) -> Text:
        """Begins with a trigger; NOTHING or why this mode cannot serve it. `now_ns`: CLOCK_MONOTONIC."""
        ...

    def see(self, frame: Frame, valid: Sequence[PlateRead], refused: Sequence[PlateRead]) -> list[Result]:
        """Takes the reads of one frame, those that passed the filters and those that did not."""
        ...

    def forget(self, plate: str) -> None:
        """A car that was to be let in was not: if it still stands there, it is read anew."""
        ...

    def tick(self, now_ns: int) -> list[Result]:
        """No frame is waiting at `now_ns` (CLOCK_MONOTONIC): cars that have left, triggers that are over."""
        ...


@dataclass(frozen=True, slots=True)
class ModeKind:
    """A function mode. `name`: as in the settings; `queue(settings)`: pictures kept for reading, the oldest is dropped;
    `open(settings, known)`: begins with what is known from before."""

    name: str
    queue: Callable[[LprSettings], int]
    open: Callable[[LprSettings, Known], Mode]


def mode_kind(name: str) -> ModeKind:
    """The mode of that name ("MOTION", "TRIGGER", "FREEFLOW"); ConfigError names the known ones."""
    kinds = {kind.name: kind for kind in find(sys.modules[__name__], "MODE", ModeKind).values()}
    if name not in kinds:
        raise ConfigError("there is no function mode {name!r}; there are {kinds}", name=name, kinds=tuple(kinds))
    return kinds[name]
