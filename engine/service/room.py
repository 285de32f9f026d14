"""Room: on a full storage, deletes pictures before passages and messages, and reports it while it lasts."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from board.kit.errors import StorageFull, StoreError
from board.kit.words import NOTHING, Text
from engine.store import Store
from engine.store.passages import Pictured
from engine.store.refusals import refusal

log = logging.getLogger("service")

ENOUGH_BYTES = 4_000_000
"""Enough for thousands of passages and messages."""

CHUNK = 50


class Room:
    """`images`: the image folder. `problem`: what is wrong with the storage, NOTHING while it can be written."""

    def __init__(self, database: Path, images: Path) -> None:
        self._database = database
        self._images = images
        self.problem = NOTHING

    def refused(self, why: StoreError, store: Store | None) -> bool:
        """Something could not be written. True: pictures were deleted, and a retry makes sense."""
        self.problem = why.text
        if not isinstance(why, StorageFull):
            return False
        number = self._drop(store)
        if number:
            log.error("the storage is full: the %d oldest pictures were deleted", number)
            self.problem = Text("it is full: pictures are deleted, so that passages and messages are kept")
        return number > 0

    def look(self) -> None:
        """About once a second: reports when the problem is over."""
        if self.problem and refusal(self._database) is None:
            log.warning("the storage can be written again")
            self.problem = NOTHING

    def _drop(self, store: Store | None) -> int:
        """Deletes pictures that no message waits for, else the oldest of all: a message is worth more than its picture."""
        if store is None:
            return self._unlink(self._oldest_files())
        pictured = _pictured(store)
        number = self._unlink(name for each in pictured for name in each.names)
        gone = [each.rowid for each in pictured if not any((self._images / name).exists() for name in each.names)]
        try:
            store.passages.forget_pictures(gone)
        except StoreError as why:
            log.info("%s", why)  # they are looked for again, and not found
        return number or self._unlink(self._oldest_files())

    def _oldest_files(self) -> list[str]:
        return sorted(path.relative_to(self._images).as_posix() for path in self._images.glob("[0-9]*/[0-9]*/[0-9]*/*.jpg"))

    def _unlink(self, names: Iterable[str]) -> int:
        """Deletes until there is enough room; returns how many."""
        root = self._images.resolve()
        number = freed = 0
        for name in names:
            path = (root / name).resolve()
            if freed >= ENOUGH_BYTES:
                break
            if not path.is_relative_to(root):
                continue
            try:
                size = path.stat().st_size
                path.unlink()
            except OSError:
                continue  # deleted already, or the storage is read-only
            number, freed = number + 1, freed + size
        return number


def _pictured(store: Store) -> list[Pictured]:
    try:
        return store.passages.oldest_pictured(CHUNK)
    except StoreError:
        return []
