"""Flow: the passages of a continuous view (free flow, motion): one vote over all frames, then the repeat filter."""

from __future__ import annotations

import logging
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from board.types import Frame
from engine.reading.modes import Result
from engine.reading.passages.repeat_filter import RepeatFilter
from engine.reading.passages.sights import Known
from engine.reading.passages.vote import Settled, Vote
from engine.types import PlateRead

if TYPE_CHECKING:
    from engine.settings import LprSettings

log = logging.getLogger("passages")


class Flow:
    """Votes and filters the reads of every frame it is shown."""

    def __init__(self, settings: LprSettings, known: Known) -> None:
        self.vote = Vote(settings.votes, settings.min_confidence_pct, settings.lost_after_ms)
        self._repeats = RepeatFilter(settings, known)
        self.repeated = 0

    @property
    def sights(self) -> Mapping[str, int]:
        return self._repeats.sights

    @property
    def standing(self) -> Collection[str]:
        return self._repeats.standing

    def forget(self, plate: str) -> None:
        self.vote.forget(plate)
        self._repeats.forget(plate)

    def see(self, frame: Frame, valid: Sequence[PlateRead], refused: Sequence[PlateRead]) -> list[Result]:
        self._repeats.pictures_come(frame.monotonic_ns)
        results = self._accept(self.vote.see(frame, valid, refused))
        for plate in self.vote.plates_seen_at(frame.monotonic_ns):
            self._repeats.seen(plate, frame.monotonic_ns)
        return results

    def tick(self, now_ns: int) -> list[Result]:
        results = self._accept(self.vote.tick(now_ns))
        self._repeats.cut_off(self.vote.take_cut_off(), now_ns)
        return results

    def _accept(self, settled: Sequence[Settled]) -> list[Result]:
        results: list[Result] = []
        for outcome in settled:
            why = self._repeats.refusal(outcome.read.text, outcome.frame.monotonic_ns)
            if why:
                self.repeated += 1
                log.info("passage of %r dropped by the repeat filter: %s", outcome.read.text, why)
            else:
                results.append(Result(outcome, outcome.frame))
        return results
