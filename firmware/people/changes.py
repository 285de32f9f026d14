"""Changes: who changed which account, token or device password, and when: one JSON line each in STATE/host/changes.log, bounded."""

from __future__ import annotations

import json
import logging
import os
import threading
from dataclasses import asdict
from pathlib import Path

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.files import sync_folder
from board.kit.from_json import from_json
from board.kit.plain import from_plain

LOG = logging.getLogger("people")

MAX_BYTES = 256 << 10
"""Of the file; one older file is kept beside it, so that at least 256 KB (about 1,500 changes) can be read back."""
MAX_TEXT = 80


@dataclass(frozen=True, slots=True)
class Change:
    """`at`: UTC, ISO 8601; `who`: the visitor; `address`: from where, "" for the camera itself; `what`: a short English name such
    as "account added"; `about`: the account, token or device password."""

    at: str
    who: str
    address: str
    what: str
    about: str


class Changes:
    """Thread-safe. What cannot be written goes to the log: a change is not refused for its record."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = folder / "changes.log"
        self._older = folder / "changes.log.1"
        self._clock = clock
        self._lock = threading.Lock()

    def add(self, who: str, address: str, what: str, about: str = "") -> None:
        """Records that it was done."""
        at = self._clock.now().isoformat(timespec="milliseconds")
        change = Change(at, who[:MAX_TEXT], address[:MAX_TEXT], what[:MAX_TEXT], about[:MAX_TEXT])
        line = json.dumps(asdict(change), ensure_ascii=True).encode() + b"\n"
        LOG.info("%s: %s, by %s%s", change.what, change.about or "-", change.who, f" at {change.address}" if change.address else "")
        with self._lock:
            try:
                self._append(line)
            except OSError as why:
                LOG.error("%s: not written: %s", self._file, why)

    def newest(self, most: int) -> list[Change]:
        """At most `most`, the newest first; a line that a power cut tore is left out."""
        found: list[Change] = []
        with self._lock:
            for file in (self._file, self._older):
                try:
                    lines = file.read_bytes().splitlines()
                except OSError:
                    continue
                found += [change for change in map(_change, reversed(lines)) if change is not None]
                if len(found) >= most:
                    break
        return found[:most]

    def _append(self, line: bytes) -> None:
        if self._file.exists() and self._file.stat().st_size + len(line) > MAX_BYTES:
            self._file.replace(self._older)
        number = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            size = os.fstat(number).st_size
            torn = size > 0 and os.pread(number, 1, size - 1) != b"\n"
            os.write(number, b"\n" + line if torn else line)
            os.fsync(number)
        finally:
            os.close(number)
        if not size:
            sync_folder(self._file.parent)  # it is a new file


def _change(line: bytes) -> Change | None:
    try:
        return from_plain(Change, from_json(line))
    except ValueError:
        return None
