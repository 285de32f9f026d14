"""Newest picture: gives an event without a picture of its own the newest one there is, with the time at which it was taken."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import field, replace
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import StoreError
from engine.store import Store
from engine.stored_pictures import StoredPictures
from engine.types import Passage, PassageImages

log = logging.getLogger("events")

WITHIN_S = 1.0
"""An event may open a way out: it waits no longer for a card that stalls."""


@dataclass(eq=False, slots=True)
class _Job:
    """`late`: the event waits no longer."""

    event: Passage
    found: Passage | None = None
    late: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)


class NewestPicture:
    def __init__(self, store: Callable[[], Store], pictures: StoredPictures) -> None:
        self._store = store
        self._pictures = pictures

    def give(self, event: Passage) -> Passage:
        """The event with the pictures of the newest passage that has some, under names of its own: they stay as long as the
        event does, whatever happens to that passage. Without pictures if there are none, no room, or not in time."""
        job = _Job(event)
        thread = threading.Thread(target=self._run, args=(job,), name="event-picture", daemon=True)
        with suppress(RuntimeError):  # "can't start new thread"
            thread.start()
            thread.join(WITHIN_S)
        with job.lock:
            job.late = job.found is None
        return job.found or event

    def _run(self, job: _Job) -> None:
        try:
            found = self._given(job.event)
        except StoreError as why:
            log.warning("an event has no picture: %s", why)
            return
        with job.lock:
            if not job.late or found is job.event:
                job.found = found
                return
        for name in filter(None, (found.images.full, found.images.plate)):
            with suppress(OSError):
                (self._pictures.own / name).unlink()

    def _given(self, event: Passage) -> Passage:
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
