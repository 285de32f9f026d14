"""Snapshots: pictures of the ten newest passages at /LPR/<time><number>.jpg, as the camera's metadata names them.

The name is the passage's time in UTC as YYYYMMDDhhmmss with two digits that tell passages of one second apart, 01 onwards.
"""

from __future__ import annotations

import os
import re
from collections import deque
from typing import BinaryIO

from engine.messages import PassageEvent
from engine.stored_pictures import StoredPictures

KEPT = 10
KNOWN = 2 * KEPT
"""Passages whose names are remembered, so that numbers within a second are the same after a restart."""

FOLDER = "/LPR/"
NAME = re.compile(r"\d{16}")


class Snapshots:
    """Used by one thread."""

    def __init__(self, pictures: StoredPictures) -> None:
        self._pictures = pictures
        self._names: deque[tuple[str, PassageEvent]] = deque(maxlen=KNOWN)

    def take(self, event: PassageEvent) -> None:
        """Adds a passage, in the order of storing; one that is known already, or has no picture, changes nothing."""
        passage = event.passage
        if not (passage.images.plate or passage.images.full) or any(known.row == event.row for _, known in self._names):
            return
        second = passage.at.strftime("%Y%m%d%H%M%S")
        number = 1 + sum(name.startswith(second) for name, _ in self._names)
        self._names.append((f"{second}{number:02d}", event))

    def path(self, passage_id: str) -> str:
        """The path of that passage's picture, "/LPR/2018051506193401.jpg"; "" if it has none, or is not among the newest."""
        names = (name for name, event in list(self._names)[-KEPT:] if event.passage.id == passage_id)
        return next((f"{FOLDER}{name}.jpg" for name in names), "")

    def read(self, name: str) -> bytes:
        """A stored picture by its file's name; b"" if it is gone."""
        found = self._open(name)
        if found is None:
            return b""
        with found[0] as file:
            return file.read()

    def names(self) -> tuple[str, ...]:
        """Names of the available pictures, newest first."""
        return tuple(name for name, _ in list(self._names)[-KEPT:])[::-1]

    def open(self, path: str) -> tuple[BinaryIO, int] | None:
        """The picture at /LPR/NAME.jpg with its number of bytes: the plate's, or the whole one if only that was stored. None if
        it is no longer one of the newest, or its file was deleted."""
        name = path.removeprefix(FOLDER).removesuffix(".jpg")
        if not NAME.fullmatch(name) or path != f"{FOLDER}{name}.jpg":
            return None
        for known, event in list(self._names)[-KEPT:]:
            if known == name:
                images = event.passage.images
                return self._open(images.plate or images.full)
        return None

    def _open(self, name: str) -> tuple[BinaryIO, int] | None:
        try:
            file = self._pictures.open(name)
        except OSError:
            return None
        return file, os.fstat(file.fileno()).st_size
