"""Records: what is kept about each package (record.json): its versions, which of them is good, whether it should run."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, PackageError
from board.kit.files import NO_ROOM
from board.kit.kept import Kept
from board.kit.plain import from_plain
from firmware.packages.manifest import NAME

LOG = logging.getLogger("packages")

LETTERS = ("A", "B", "C")
"""The current version, the one before it, and room for a new one until it has passed its check."""
RESERVE_BYTES = 128 << 10
TRIES = 3
"""A worn card fails to show a folder now and then; a package that is not seen at a start is not started before the next one."""
CAMERA, SD = "camera", "sd"
STAGED, TRIAL, GOOD, FAILED = "staged", "trial", "good", "failed"
"""staged: unpacked, never run; trial: runs, not yet good; failed: rolled back or never got good."""


@dataclass(frozen=True, slots=True)
class Slot:
    """One installed version. `storage`: "camera" or "sd"; `why`: the reason of a failure, for people; `tries`: starts on trial."""

    letter: str
    storage: str
    state: str
    version: str
    manifest_sha256: str
    signed_by: str
    tries: int = 0
    why: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept about one package. `enabled`: it should run, also after a boot; `notice`: for people (a roll-back)."""

    name: str
    enabled: bool = False
    notice: str = ""
    slots: tuple[Slot, ...] = ()


class Records:
    """Below `root` (STATE/host/packages), each in the folder of its package. Called, it gives a package's."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._writing = threading.Lock()
        try:
            root.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as why:  # the host tells people of it, and runs what lies elsewhere
            LOG.error("%s cannot be used: %s", root, why.strerror)
        self._reserve = root / "reserve"
        """A file whose room a full disk gives to records: a way back, or Stop, must not need room that nobody has."""
        self._make_reserve()

    def names(self) -> tuple[str, ...]:
        """Installed packages, sorted: their place is the `idx` of the CGIs. Those whose record is damaged are among them; what a
        worn card does not let anybody look into is not, and costs no other one its start."""
        homes = _within(self._root)
        return tuple(sorted(home.name for home in homes if any(map(_is_record, _within(home)))))

    def __call__(self, name: str) -> Record:
        """PackageError when it is not installed, or its record and the copy of that are damaged."""
        with self._writing:
            return self._read(name)

    def edit(self, name: str, change: Callable[[Record], Record]) -> None:
        """PackageError as of reading, or when the disk refuses."""
        with self._writing:
            self._write(change(self._read(name)))

    def write(self, record: Record) -> None:
        """In place of whatever was kept. PackageError when the disk refuses."""
        with self._writing:
            self._write(record)

    def forget(self, name: str) -> None:
        """With the folder of its package."""
        with self._writing:  # who reads it in the middle would put it back from its copy
            shutil.rmtree(self._root / name, ignore_errors=True)

    def file_of(self, name: str) -> Kept[Record]:
        return Kept(self._root / name / "record.json", lambda document: _parse(name, document), _plain)

    def _read(self, name: str) -> Record:
        if not NAME.fullmatch(name):  # an address says so
            raise PackageError("{name} is not installed", name=name[:60])
        kept = self.file_of(name)
        try:
            found = kept.read()
        except ConfigError as why:
            raise PackageError("{name}: {why}", name=name, why=why) from why
        if found.damage is not None:
            LOG.error("%s: %s", name, found.damage)
        if found.value is not None:
            return found.value
        if any(kept.file.parent.glob("record.json*")):
            raise PackageError("{name}: its record {path} is damaged; upload the package again", name=name, path=kept.file)
        raise PackageError("{name} is not installed", name=name)

    def _write(self, record: Record) -> None:
        kept = self.file_of(record.name)
        try:
            try:
                kept.write(record)
            except OSError as why:
                if why.errno not in NO_ROOM or not self._reserve.exists():
                    raise
                self._reserve.unlink()
                kept.write(record)
        except OSError as why:
            raise PackageError("{name}: its state cannot be stored: {reason}", name=record.name, reason=why.strerror) from why

    def _make_reserve(self) -> None:
        """Anew at each start, when there is room again."""
        try:
            with self._reserve.open("ab") as file:
                os.posix_fallocate(file.fileno(), 0, RESERVE_BYTES)
        except OSError as why:
            LOG.warning("%s: no room can be kept for records: %s", self._reserve, why.strerror)


def _within(folder: Path) -> list[Path]:
    for left in reversed(range(TRIES)):
        try:
            return list(folder.iterdir())
        except (FileNotFoundError, NotADirectoryError):  # somebody has just removed it, or it is none
            break
        except OSError as why:
            if not left:
                LOG.error("%s cannot be looked into: %s", folder, why.strerror)
    return []


def _is_record(path: Path) -> bool:
    return path.name.startswith("record.json") and path.suffix != ".new"


def _parse(name: str, document: Any) -> Record:
    slots = tuple(from_plain(Slot, slot) for slot in document["slots"])
    if any(slot.letter not in LETTERS or slot.storage not in (CAMERA, SD) for slot in slots):
        raise ValueError("a slot is none")
    return Record(name, bool(document["enabled"]), str(document["notice"]), slots)


def _plain(record: Record) -> object:
    return {"enabled": record.enabled, "notice": record.notice, "slots": [asdict(slot) for slot in record.slots]}
