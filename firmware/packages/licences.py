"""Licences: the licence files that this camera keeps, and what they allow its packages.

A signature is checked once, in a process of its own (checker.py), and stays so for the same file and key until the host ends."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

from board.identity import mac_addresses
from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.files import write_whole
from board.kit.state import State
from board.kit.words import NOTHING, Text
from firmware.packages.checker import check_signature
from firmware.packages.keys import Trust
from firmware.packages.licence import Licence, read_licence
from firmware.packages.manifest import Manifest
from firmware.packages.slots import Slot

MOST_CHECKED = 32
"""Signatures that stay checked, so that uploads of licences that do not count take no memory."""
NOT_NEEDED, VALID, NONE = "not needed", "valid", "none"


class Licences:
    """Files STATE/host/licences/NAME.json; `serial` is this camera's."""

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
        try:
            data = self._file(manifest.name).read_bytes()
        except OSError:
            return NONE, Text("no licence for the camera with serial number {serial}", {"serial": self.serial})
        try:
            return VALID, _until(self._read(data, slot, manifest))
        except PackageError as why:
            return NONE, why.text

    def store(self, data: bytes, slot: Slot, manifest: Manifest) -> Text:
        """Checks and stores a licence file; it counts from the package's next start. Returns until when it is valid."""
        if manifest.mechanism == "none":
            raise PackageError("{name} needs no licence", name=manifest.name)
        licence = self._read(data, slot, manifest)
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._file(manifest.name), data)
        except OSError as why:
            raise PackageError("the licence cannot be stored: {reason}", reason=why.strerror) from why
        return Text(licence.expires.isoformat()) if licence.expires else Text("no end")

    def remove(self, name: str) -> None:
        self._file(name).unlink(missing_ok=True)

    def _read(self, data: bytes, slot: Slot, manifest: Manifest) -> Licence:
        return read_licence(
            data, manifest.name, self.serial, slot.signed_by, self._trust(), self._clock.now(), mac_addresses(), self._genuine
        )

    def _file(self, name: str) -> Path:
        return self._folder / f"{name}.json"


def _until(licence: Licence) -> Text:
    return Text("until {day}", {"day": licence.expires.isoformat()}) if licence.expires else Text("no end")
