"""Free flow: every frame is read, as fast as the board can; for a constant flow of vehicles (manual 4.5, LPR configuration tab)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from board.kit.words import Text
from board.types import Frame
from engine.reading.modes import ModeKind, Result
from engine.reading.modes._flow import Flow
from engine.reading.passages.sights import Known
from engine.types import PlateRead, Trigger

if TYPE_CHECKING:
    from engine.settings import LprSettings


class FreeFlow:
    def __init__(self, settings: LprSettings, known: Known) -> None:
        self._flow = Flow(settings, known)

    def motion_pct(self) -> float:
        return -1.0

    def wanted(self, frame: Frame) -> bool:
        return True

    def start(self, trigger: Trigger, now_ns: int) -> Text:
        return Text("the function mode is {mode}, triggers are served in mode TRIGGER only", {"mode": "FREEFLOW"})

    def see(self, frame: Frame, valid: Sequence[PlateRead], refused: Sequence[PlateRead]) -> list[Result]:
        return self._flow.see(frame, valid, refused)

    def forget(self, plate: str) -> None:
        self._flow.forget(plate)

    @property
    def repeated(self) -> int:
        return self._flow.repeated

    @property
    def sights(self) -> Mapping[str, int]:
        return self._flow.sights

    @property
    def standing(self) -> Collection[str]:
        return self._flow.standing

    def tick(self, now_ns: int) -> list[Result]:
        return self._flow.tick(now_ns)


MODE = ModeKind("FREEFLOW", lambda settings: 1, FreeFlow)
