"""Unstored: passages that the service has not confirmed yet, kept where the next engine finds them: none is lost or told twice.

STATE/run/unstored is a row of places in shared memory: what was written survives the process at once, without a write to the card.
A place holds the length and the checksum of a JSON text, then the text; length 0: empty.
"""

from __future__ import annotations

import json
import logging
import mmap
import struct
import threading
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from board.kit.clock import Clock, boot_id
from board.kit.dataclass import dataclass
from board.kit.files import mapped
from board.kit.from_json import from_json
from board.kit.plain import Unfit, from_plain, to_plain
from engine.types import Passage

log = logging.getLogger("passages")

PLACES = 256
PLACE_BYTES = 2048
HEAD = struct.Struct("<II")

FRESH_NS = 8_000_000_000
"""A passage younger than this is told in time for its gate to open; the car of an older one is read anew."""

NEVER_NS = 86_400_000_000_000
"""A passage that is this old opens nothing."""


@dataclass(frozen=True, slots=True)
class _Kept:
    """A passage that is not stored yet, and the boot that it happened in."""

    boot: str
    passage: Passage


class Unstored:
    """Used by one thread at a time. Without the file (full disk) passages are kept in memory alone, as the log says."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self._clock = clock
        self._boot = boot_id()
        self._lock = threading.Lock()
        self._memory: mmap.mmap | None = None
        self._places: dict[str, int] = {}
        self._found: list[Passage] = []
        try:
            self._memory = mapped(path, PLACES * PLACE_BYTES)
        except OSError as why:
            log.warning("passages that wait for the service would not outlive the engine: %s", why)
            return
        for place in range(PLACES):
            kept = self._read(place)
            if kept is not None:
                self._places[kept.passage.id] = place
                self._found.append(self._of_now(kept))
        self._found.sort(key=lambda passage: passage.monotonic_ns)

    @property
    def found(self) -> Sequence[Passage]:
        """Those of the engine before, oldest first; what cannot open a gate in time any more is so old that it never does."""
        return self._found

    def fresh(self) -> list[Passage]:
        """Those of `found` whose gate can still open in time."""
        now_ns = self._clock.monotonic_ns()
        return [passage for passage in self._found if now_ns - passage.monotonic_ns < FRESH_NS]

    def keep(self, passage: Passage) -> None:
        data = json.dumps(to_plain(_Kept(self._boot, passage)), separators=(",", ":")).encode()
        with self._lock:
            taken = set(self._places.values())
            place = next((each for each in range(PLACES) if each not in taken), None)
            if self._memory is None or place is None or len(data) > PLACE_BYTES - HEAD.size:
                return
            at = place * PLACE_BYTES
            self._memory[at + HEAD.size : at + HEAD.size + len(data)] = data
            HEAD.pack_into(self._memory, at, len(data), zlib.crc32(data))
            self._places[passage.id] = place

    def drop(self, passage_id: str) -> None:
        """It is stored, or given up."""
        with self._lock:
            place = self._places.pop(passage_id, None)
            if self._memory is not None and place is not None:
                HEAD.pack_into(self._memory, place * PLACE_BYTES, 0, 0)

    def close(self) -> None:
        with self._lock:
            if self._memory is not None:
                self._memory.close()
                self._memory = None

    def _read(self, place: int) -> _Kept | None:
        assert self._memory is not None
        at = place * PLACE_BYTES
        length, checksum = HEAD.unpack_from(self._memory, at)
        data = self._memory[at + HEAD.size : at + HEAD.size + length]
        if not 0 < length <= PLACE_BYTES - HEAD.size or zlib.crc32(data) != checksum:
            return None  # empty, or its writer died in the middle: then nobody was told of it
        try:
            return from_plain(_Kept, from_json(data))
        except (ValueError, Unfit) as why:
            log.warning("a passage that waited for the service cannot be read: %s", why)
            return None

    def _of_now(self, kept: _Kept) -> Passage:
        now_ns = self._clock.monotonic_ns()
        age_ns = now_ns - kept.passage.monotonic_ns
        if kept.boot == self._boot and 0 <= age_ns < FRESH_NS:
            return kept.passage
        return replace(kept.passage, monotonic_ns=now_ns - max(NEVER_NS, age_ns))
