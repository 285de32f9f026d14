"""Acts: ids of the pulses, patterns and frames that began, kept so that a pins process started again carries out none twice.

STATE/run/pins.acts is a ring of records in shared memory: what was written survives the process at once, without a write to the
card. A power cut may lose it; no request lives as long as a boot takes.
"""

from __future__ import annotations

import logging
import mmap
import struct
import threading
from _blake2 import blake2b  # hashlib's own, without OpenSSL: 3.5 MB that pins does not need
from collections.abc import Collection
from pathlib import Path

from board.kit.files import mapped, private_in

log = logging.getLogger("pins")

RECORDS = 1024
RECORD = struct.Struct("<24sqq")
"""Hash of the id, CLOCK_MONOTONIC ns of the act, its number (counting up from 1 over all starts; 0: an empty record)."""

DAMAGED = 1 << 62
"""A larger number means a damaged record."""

EMPTY = (bytes(24), 0, 0)


class Acts:
    """Called from several threads. Where the file cannot be kept (a full disk), it is remembered until this process ends: the gate
    opens all the same."""

    def __init__(self, path: Path) -> None:
        size = RECORDS * RECORD.size
        try:
            # The service reads it (`has_begun`), which may be another user.
            self._memory = mapped(path, size, private_in(path.parent) & ~0o020)
        except OSError as why:
            log.error("what was carried out cannot be remembered in %s, and would not outlive this process: %s", path, why)
            self._memory = mmap.mmap(-1, size)
        self._lock = threading.Lock()
        records = [RECORD.unpack_from(self._memory, place * RECORD.size) for place in range(RECORDS)]
        self._places = {key: place for place, (key, _, number) in enumerate(records) if 0 < number < DAMAGED}
        self._number = max((number for _, _, number in records if 0 < number < DAMAGED), default=0)

    def remember(self, name: str, t_ns: int) -> None:
        """Before the act itself: what happens next may be the end of this process."""
        key = _key(name)
        with self._lock:
            if key in self._places:
                return
            self._number += 1
            place = self._number % RECORDS
            self._places.pop(RECORD.unpack_from(self._memory, place * RECORD.size)[0], None)
            RECORD.pack_into(self._memory, place * RECORD.size, key, t_ns, self._number)
            self._places[key] = place

    def forget(self, name: str) -> None:
        """The act failed: it may be asked for again."""
        with self._lock:
            place = self._places.pop(_key(name), None)
            if place is not None:
                RECORD.pack_into(self._memory, place * RECORD.size, *EMPTY)

    def begun_ns(self, name: str) -> int | None:
        """When the act began; None when it did not, or more than 1024 acts ago."""
        with self._lock:
            place = self._places.get(_key(name))
            if place is None:
                return None
            t_ns: int = RECORD.unpack_from(self._memory, place * RECORD.size)[1]
            return t_ns

    def close(self) -> None:
        self._memory.close()


def has_begun(path: Path, names: Collection[str]) -> bool:
    """Whether one of these acts is in the file, for another process than pins; False where there is none."""
    try:
        records = path.read_bytes()
    except OSError:
        return False
    whole = len(records) // RECORD.size * RECORD.size
    known = {key for key, _, number in RECORD.iter_unpack(records[:whole]) if 0 < number < DAMAGED}
    return any(_key(name) in known for name in names)


def _key(name: str) -> bytes:
    return blake2b(name.encode(), digest_size=24).digest()
