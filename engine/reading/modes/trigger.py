"""Trigger: idle until a trigger, then captures until enough, the timeout or a settled plate; each one stands alone.

Source: manual 4.5, LPR configuration tab.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from board.kit.words import NOTHING, Text
from board.types import Frame
from engine.reading.modes import ModeKind, Result
from engine.reading.passages.seen import Seen
from engine.reading.passages.sights import Known
from engine.reading.passages.vote import Settled, Vote
from engine.types import PlateRead, Trigger

if TYPE_CHECKING:
    from engine.settings import LprSettings

MOST_RUNNING = 8


class _Run:
    """One trigger being served."""

    def __init__(self, trigger: Trigger, settings: LprSettings) -> None:
        self.trigger = trigger
        self.vote = Vote(settings.votes, settings.min_confidence_pct, lost_after_ms=round(settings.trigger_timeout_s * 1000) + 1)
        self.ends_ns = trigger.monotonic_ns + round(settings.trigger_timeout_s * 1e9)
        self.captures_left = settings.trigger_captures
        self.last_frame: Frame | None = None
        self.read_something = False
        self.seen = Seen()

    def results(self, settled: Sequence[Settled]) -> list[Result]:
        self.read_something = self.read_something or bool(settled)
        return [Result(outcome, outcome.frame, self.trigger) for outcome in settled]

    def end(self) -> list[Result]:
        """What the captures so far give; a trigger that read nothing says so."""
        results = self.results(self.vote.finish())
        return (
            results if self.read_something else [Result(None, self.last_frame, self.trigger, reads=self.seen.told(self.last_frame))]
        )


class TriggerMode:
    sights: Mapping[str, int] = MappingProxyType({})
    standing: Collection[str] = ()
    """Each trigger stands alone: nothing is remembered."""
    repeated = 0

    def __init__(self, settings: LprSettings, known: Known) -> None:
        self._settings = settings
        self._runs: list[_Run] = []
        self._active = threading.Event()

    def motion_pct(self) -> float:
        return -1.0

    def wanted(self, frame: Frame) -> bool:
        return self._active.is_set()

    def start(self, trigger: Trigger, now_ns: int) -> Text:
        if any(run.trigger.id == trigger.id for run in self._runs):
            return NOTHING  # sent again after a reconnection
        late_s = (now_ns - trigger.monotonic_ns) / 1e9
        if late_s > self._settings.trigger_timeout_s:
            return Text(
                "it came {late_s:.1f} s ago, the timeout is {timeout_s:g} s",
                {"late_s": late_s, "timeout_s": self._settings.trigger_timeout_s},
            )
        if len(self._runs) >= MOST_RUNNING:
            return Text("{most} triggers are being served already", {"most": MOST_RUNNING})
        self._runs.append(_Run(trigger, self._settings))
        self._active.set()
        return NOTHING

    def see(self, frame: Frame, valid: Sequence[PlateRead], refused: Sequence[PlateRead]) -> list[Result]:
        results: list[Result] = []
        for run in list(self._runs):
            if run.last_frame is not None and run.last_frame.monotonic_ns == frame.monotonic_ns:
                continue  # shown again for a trigger that began since: one picture is one vote
            run.captures_left -= 1
            run.last_frame = frame
            for read in (*valid, *refused):
                run.seen.add(read, frame)
            results += run.results(run.vote.see(frame, valid, refused))
            sure = run.read_something and not run.vote.open
            if sure or run.captures_left <= 0 or frame.monotonic_ns >= run.ends_ns:
                results += self._end(run)
        return results

    def forget(self, plate: str) -> None:
        """Nothing is remembered."""

    def tick(self, now_ns: int) -> list[Result]:
        return [result for run in list(self._runs) if now_ns >= run.ends_ns for result in self._end(run)]

    def _end(self, run: _Run) -> list[Result]:
        self._runs.remove(run)
        if not self._runs:
            self._active.clear()
        return run.end()


MODE = ModeKind("TRIGGER", lambda settings: 1, TriggerMode)
