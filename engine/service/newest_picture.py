"""Newest picture: gives an event without a picture of its own the newest one there is, with the time at which it was taken."""

from __future__ import annotations

import logging
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from engine.store import Store
from engine.stored_pictures import StoredPictures
from engine.types import Passage, PassageImages

log = logging.getLogger("events")


class NewestPicture:
    """StoreError as for `store`."""

    def __init__(self, store: Callable[[], Store], pictures: StoredPictures) -> None:
        self._store = store
        self._pictures = pictures

    def give(self, event: Passage) -> Passage:
        """The event with the pictures of the newest passage that has some, under names of its own: they stay as long as the
        event does, whatever happens to that passage. Without pictures if there are none, or no room."""
        newest = None if event.images != PassageImages() else self._store().passages.newest_picture()
        if newest is None:
            return event
        day = event.at.strftime("%Y/%m/%d")
        given = PassageImages(
            self._copy(newest.images.full, f"{day}/{event.id}-full.jpg"),
            self._copy(newest.images.plate, f"{day}/{event.id}-plate.jpg"),
        )
        if given == PassageImages():
            return event
        return replace(event, images=given, images_at=newest.images_at or newest.at, box=newest.box, size=newest.size)

    def _copy(self, name: str, to: str) -> str:
        """`to`, or "" if there is nothing to copy."""
        if not name:
            return ""
        target = self._pictures.own / to
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            self._give(name, target)
        except OSError as why:
            log.warning("%s has no picture: %s", to, why)
            return ""
        return to

    def _give(self, name: str, target: Path) -> None:
        """A hard link costs no room; FAT has no hard links, and the picture may be on the card by now."""
        try:
            os.link(self._pictures.own / name, target)
        except (PermissionError, FileNotFoundError):
            with self._pictures.open(name) as source, target.open("xb") as file:
                shutil.copyfileobj(source, file)
