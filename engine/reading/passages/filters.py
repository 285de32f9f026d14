"""Read filters: a read that is too unsure, too short, too small, too large or outside the region of interest is not valid.

Every read stands in the log, a refused one with its reason (manual 4.5, LPR configuration tab); the same one at most every 5 s.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from board.types import Frame
from engine.reading.passages.lanes import inside, lane_of
from engine.regions import region_of
from engine.types import LaneLine, PlateRead

if TYPE_CHECKING:
    from engine.settings import LprSettings

log = logging.getLogger("reads")

SAY_AGAIN_NS = 5_000_000_000


class ReadFilter:
    """The filters of the settings."""

    def __init__(self, settings: LprSettings) -> None:
        self._settings = settings
        self.roi = region_of(settings)
        line = settings.lane_line
        self._line = LaneLine((line[0], line[1]), (line[2], line[3])) if line else None
        self.rejected: dict[str, int] = {}
        """{filter: reads that it left out}, by the names of engine.messages.REJECTED."""
        self._said: dict[tuple[str, str], int] = {}

    def sort(self, frame: Frame, reads: Sequence[PlateRead]) -> tuple[list[PlateRead], list[PlateRead]]:
        """(valid, refused) reads, each with its frame's number and its lane."""
        height, width = frame.rgb.shape[:2]
        valid: list[PlateRead] = []
        refused: list[PlateRead] = []
        for bare in reads:
            read = replace(bare, frame_seq=frame.seq, lane=lane_of(bare.box, self._line, (width, height)))
            name, why = self._refusal(read, (width, height))
            if name:
                self.rejected[name] = self.rejected.get(name, 0) + 1
                read = replace(read, refused=name)
            self._say(read, why, frame.monotonic_ns)
            (refused if why else valid).append(read)
        return valid, refused

    def reason(self, read: PlateRead, size: tuple[int, int]) -> str:
        """Why the read is not valid, with its values; "" when it is."""
        return self._refusal(read, size)[1]

    def _refusal(self, read: PlateRead, size: tuple[int, int]) -> tuple[str, str]:
        """(filter, why); ("", "") when the read is valid."""
        settings = self._settings
        if not read.text:
            return "characters", "no text"
        if len(read.text) < settings.min_characters:
            return "characters", f"{len(read.text)} characters, minimum {settings.min_characters}"
        if read.confidence < settings.min_confidence_pct:
            return "confidence", f"confidence {read.confidence:.0f} %, minimum {settings.min_confidence_pct} %"
        if read.char_height_px < settings.min_char_height_px:
            return "small", f"character height {read.char_height_px:.0f} px, minimum {settings.min_char_height_px} px"
        if read.char_height_px > settings.max_char_height_px:
            return "large", f"character height {read.char_height_px:.0f} px, maximum {settings.max_char_height_px} px"
        if not inside(read.box, self.roi, size):
            return "region", "not inside the region of interest"
        return "", ""

    def unsure(self, frame: Frame, refused: Sequence[PlateRead]) -> list[PlateRead]:
        """Those of the refused reads that lack nothing but confidence."""
        height, width = frame.rgb.shape[:2]
        least = self._settings.min_confidence_pct
        return [
            read
            for read in refused
            if read.confidence < least and not self.reason(replace(read, confidence=100.0), (width, height))
        ]

    def _say(self, read: PlateRead, why: str, now_ns: int) -> None:
        key = (read.text, why.split(" ", 1)[0])
        if now_ns - self._said.get(key, -SAY_AGAIN_NS) < SAY_AGAIN_NS:
            return
        if len(self._said) > 200:
            self._said.clear()
        self._said[key] = now_ns
        if why:
            log.info("read %r in frame %d not valid: %s", read.text, read.frame_seq, why)
        else:
            log.info("read %r in frame %d: %.0f %% %s", read.text, read.frame_seq, read.confidence, read.country)
