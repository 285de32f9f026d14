"""Licences: the licence files that this camera keeps, and what they allow its packages.

A signature is checked once, in a process of its own (checker.py), and stays so for the same file and key until the host ends."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from pathlib import Path

from board.identity import mac_addresses
from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.files import write_whole
from board.kit.kept import copy_of, write_both
from board.kit.state import State
from board.kit.words import NOTHING, Text
from firmware.packages.checker import NotChecked, check_signature
from firmware.packages.keys import Trust
from firmware.packages.licence import Licence, read_licence
from firmware.packages.manifest import Manifest
from firmware.packages.records import Slot

LOG = logging.getLogger("packages")

MOST_CHECKED = 32
"""Signatures that stay checked, so that uploads of licences that do not count take no memory."""
NOT_NEEDED, VALID, NONE = "not needed", "valid", "none"


class Licences:
    """Files STATE/host/licences/NAME.json, each with a copy; of two that differ the one that lasts longer counts. NAME.before.json
    is one that was replaced and is signed with another key: of the version that may be gone back to. `serial` is this camera's.
    Thread-safe."""

    def __init__(self, state: State, trust: Callable[[], Trust], serial: str, clock: Clock) -> None:
        self._folder = state.host / "licences"
        self._trust = trust
        self._clock = clock
        self._genuine = lru_cache(MOST_CHECKED)(check_signature)
        self.serial = serial

    def of(self, slot: Slot, manifest: Manifest) -> tuple[str, Text]:
        """(NOT_NEEDED, VALID or NONE, a message for people)."""
        if manifest.mechanism == "none":
            return NOT_NEEDED, NOTHING
        refused: list[PackageError] = []
        valid: list[tuple[date, Licence, bytes]] = []
        for path in self._files(manifest.name):
            try:
                data = path.read_bytes()
                licence = self._read(data, slot, manifest)
            except OSError:
                continue
            except PackageError as why:  # damaged, or its day is over, as its copy's
                refused.append(why)
                continue
            valid.append((licence.expires or date.max, licence, data))
        if valid:
            _, licence, data = max(valid, key=lambda each: each[0])  # a restore may have put a later one behind it
            if not any(isinstance(why, NotChecked) for why in refused):
                self._keep(manifest.name, data)
            return VALID, _until(licence)
        before = self.valid(_bytes(self._before(manifest.name)), slot, manifest)
        if before is not None:
            return VALID, _until(before)
        if refused:
            return NONE, refused[0].text
        return NONE, Text("no licence for the camera with serial number {serial}", {"serial": self.serial})

    def store(self, data: bytes, slot: Slot, manifest: Manifest) -> Text:
        """Checks and stores a licence file; it counts from the package's next start. Returns until when it is valid."""
        if manifest.mechanism == "none":
            raise PackageError("{name} needs no licence", name=manifest.name)
        licence = self._read(data, slot, manifest)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._keep_before(slot, manifest)
            write_both(self._file(manifest.name), data)
        except OSError as why:
            raise PackageError("the licence cannot be stored: {reason}", reason=why.strerror) from why
        return Text(licence.expires.isoformat()) if licence.expires else Text("no end")

    def valid(self, data: bytes | None, slot: Slot, manifest: Manifest) -> Licence | None:
        """What this file says, if it counts for the package in `slot`."""
        try:
            return self._read(data, slot, manifest) if data is not None else None
        except PackageError:
            return None

    def remove(self, name: str) -> None:
        for path in (*self._files(name), self._before(name)):
            path.unlink(missing_ok=True)

    def _keep_before(self, slot: Slot, manifest: Manifest) -> None:
        """What is replaced, if it counts for a version that another key has signed."""
        others = [replace(slot, signed_by=each) for each in self._trust() if each != slot.signed_by]
        for path in self._files(manifest.name):
            data = _bytes(path)
            if data is not None and any(self.valid(data, each, manifest) for each in others):
                write_whole(self._before(manifest.name), data)
                return

    def _keep(self, name: str, data: bytes) -> None:
        """In both files: what is lost or damaged is made anew."""
        damaged = [path for path in self._files(name) if _bytes(path) != data]
        if not damaged:
            return
        try:
            write_both(self._file(name), data)
        except OSError as why:
            LOG.error("%s cannot be made anew: %s", damaged[0], why.strerror)
        else:
            LOG.warning("%s is made anew from the licence that counts", ", ".join(path.name for path in damaged))

    def _read(self, data: bytes, slot: Slot, manifest: Manifest) -> Licence:
        return read_licence(
            data, manifest.name, self.serial, slot.signed_by, self._trust(), self._clock.now(), mac_addresses(), self._genuine
        )

    def _files(self, name: str) -> tuple[Path, Path]:
        """The licence, and its copy, which counts when the first is damaged."""
        return self._file(name), copy_of(self._file(name))

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def _before(self, name: str) -> Path:
        return self._folder / f"{name}.before.json"


def _bytes(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except OSError:
        return None


def _until(licence: Licence) -> Text:
    return Text("until {day}", {"day": licence.expires.isoformat()}) if licence.expires else Text("no end")
