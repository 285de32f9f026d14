"""Retention: which passages and pictures are deleted, and when (manual 4.6, General configuration tab, Purge Options).

Rows and pictures are deleted together, oldest first, in short steps; what an undelivered message needs is never deleted.
"""

from __future__ import annotations

import itertools
import logging
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.errors import StoreError
from board.kit.files import space
from board.kit.zones import camera_zone
from engine.exchange.times import due
from engine.service.doubt import SWEPT, Doubt
from engine.settings import GeneralSettings
from engine.store import Store, notes, rescue
from engine.store.passages import Pictured
from engine.store.rows import stamp

log = logging.getLogger("retention")

CHUNK = 20
"""Passages per transaction: a commit of the gate waits for at most one chunk."""

CHUNKS_PER_RUN = 50

RUN_S = 4.0
"""A worn SD card is slow; the process that runs these jobs must prove in time that it is alive. The rest follows next time."""

LEAST_PASSAGES = 1_000
"""Passages kept even if the camera's own storage is nearly full: something else may fill it."""

WINDOW = 2_000
"""Rows that one step of a sweep examines at most."""


class Retention:
    """Each job is called about twice a minute. `free_pct(path)`: free share of the file system that holds `path`, 0 to 100;
    `doubts()`: the wall clock may be wrong."""

    def __init__(
        self,
        store: Store,
        images: Path,
        clock: Clock,
        free_pct: Callable[[Path], float] | None = None,
        doubts: Callable[[], bool] | None = None,
    ) -> None:
        self._store = store
        self._images = images
        self._clock = clock
        self._free_pct = free_pct or free_space_pct
        self._free_for_pictures_pct = free_pct or free_for_files_pct
        self._swept_rowid: int | None = None
        """Where the running sweep continues; None: none is running."""
        self._doubts = doubts or Doubt(store, clock)

    def purge_images(self) -> int:
        """Deletes the oldest pictures while less than keep_free_pct is free; returns how many passages lost theirs. StoreError
        if there are none left to delete."""
        general = self._store.settings(GeneralSettings)
        keep_pct = general.keep_free_pct
        purged = 0
        if general.purge == "disabled":
            return purged
        for _ in self._chunks():
            free_pct = self._free_for_pictures_pct(self._images)
            if free_pct >= keep_pct:
                break
            oldest = self._store.passages.oldest_pictured(CHUNK)
            if not oldest and self._drop_folders(self._clock.now().strftime("%Y/%m/%d")):
                continue
            if not oldest:
                raise StoreError(
                    "the storage is nearly full: {free_pct:.1f} % is free, {keep_pct} % should be, and there are no pictures "
                    "left to delete",
                    free_pct=free_pct,
                    keep_pct=keep_pct,
                )
            self._unlink(name for each in oldest for name in each.names)
            self._store.passages.forget_pictures([each.rowid for each in oldest])
            purged += len(oldest)
            self._drop_folders(oldest[-1].at[:10].replace("-", "/"))
        if purged:
            log.warning("pictures of the %d oldest passages deleted: less than %d %% was free", purged, keep_pct)
        return purged

    def bound_database(self) -> int:
        """Deletes the oldest passages beyond the number that the settings keep, and while the camera's own storage has too
        little free; returns how many."""
        general = self._store.settings(GeneralSettings)
        if general.purge == "disabled":
            return 0
        deleted = kept = 0
        for _ in self._chunks():
            is_low = self._database_free_pct() < general.keep_camera_free_pct
            keep = general.history_passages
            if is_low:
                keep = min(keep or LEAST_PASSAGES, LEAST_PASSAGES)
            oldest = self._store.passages.oldest_over(keep, CHUNK) if keep else []
            if not oldest:
                break
            self._delete(oldest)
            deleted, kept = deleted + len(oldest), keep
        if deleted:
            log.info("the %d oldest passages deleted: no more than %d are kept", deleted, kept)
        return deleted

    def sweep(self) -> int:
        """Deletes what is older than its days, at the interval's times; returns how many this time. If a time passed while the
        camera was off, it is made up; nothing is deleted before the clock is set, and for a day after it went far ahead."""
        now = self._clock.now()
        general = self._store.settings(GeneralSettings)
        if general.purge == "disabled" or now < CLOCK_KNOWN or self._doubts():
            self._swept_rowid = None
            return 0
        after = 0 if self._swept_rowid is None and self._is_due(general, now) else self._swept_rowid
        if after is None:
            return 0
        limit = general.purge_days if general.purge == "days" else 0
        cutoff = stamp(now - timedelta(days=limit)) if limit else ""
        by_list = {each.id: stamp(now - timedelta(days=each.keep_days)) for each in self._store.lists() if each.keep_days}
        deleted = 0
        for _ in self._chunks():
            after, expired = self._store.passages.expired(after, stamp(now), cutoff, by_list, WINDOW, CHUNK)
            self._delete(expired)
            deleted += len(expired)
            if after is None:
                break
        self._swept_rowid = after
        if after is None and limit:  # pictures whose passages a damaged or exchanged database has lost have days, too
            self._drop_folders(cutoff[:10].replace("-", "/"))
            self._drop_damaged(now - timedelta(days=limit))
        if deleted:
            log.info("%d passages deleted that were older than their lists or the settings keep them", deleted)
        self._store.counters.add(SWEPT, deleted)
        return deleted

    def finish_deletions(self) -> None:
        """Passages whose plate's data was to be deleted while a message of theirs waited go once it has ended, and what it left of
        the plate in notes."""
        overdue = self._store.passages.overdue(CHUNK)
        for plate in {plate for _, plate in overdue}:
            spelling = notes.Spelling(plate)
            self._store.unname(plate, [spelling], notes.masked(plate))
            if not any(self._store.entries.at(each.id, plate) for each in self._store.lists()):  # nobody has stored it anew
                notes.forget_in_copies(self._store.db.path, plate, [spelling], notes.masked(plate))
        self._delete([passage for passage, _ in overdue])
        self._store.passages.forget_deleted()
        if overdue:
            self._store.passages.leave_nothing()
            log.info("%d passages deleted that waited for a message as the data of their plate was deleted", len(overdue))

    def _is_due(self, general: GeneralSettings, now: datetime) -> bool:
        last = self._store.counters().get(SWEPT)
        zone = camera_zone(general.time_zone)
        return last is None or last.changed_at is None or due(general.purge_interval, last.changed_at, now, zone)

    def _database_free_pct(self) -> float:
        """The room for new rows: the file system's free space, and what deleted rows left free in the file."""
        path = self._store.db.path
        total, _ = space(path)
        return self._free_pct(path) + 100.0 * self._store.db.size_bytes()[1] / total

    def _chunks(self) -> Iterator[int]:
        until_ns = self._clock.monotonic_ns() + round(RUN_S * 1e9)
        return itertools.takewhile(lambda _: self._clock.monotonic_ns() < until_ns, range(CHUNKS_PER_RUN))

    def _delete(self, oldest: list[Pictured]) -> None:
        """Deletes the pictures first: a row without them is shown as such, a picture without a row would stay for ever."""
        self._unlink(name for each in oldest for name in each.names)
        self._store.passages.delete([each.rowid for each in oldest])

    def _unlink(self, names: Iterable[str]) -> None:
        root = self._images.resolve()
        for name in names:
            path = (root / name).resolve()
            if name and path.is_relative_to(root):
                path.unlink(missing_ok=True)

    def _drop_damaged(self, before: datetime) -> None:
        """A database that was set aside holds no passages younger than its last change."""
        for path in rescue.aside_files(self._store.db.path):
            with suppress(OSError):
                if path.stat().st_mtime < before.timestamp():
                    path.unlink()

    def _drop_folders(self, day: str) -> int:
        """Whole days (YYYY/MM/DD) before `day` without a passage that has pictures here: what still lies there belongs to none. A
        clock that was wrong for a while leaves stamps that are ahead of later ones. How many went."""
        dropped, until_ns = 0, self._clock.monotonic_ns() + round(RUN_S * 1e9)
        for folder in sorted(self._images.glob("[0-9]*/[0-9]*/[0-9]*")):
            if self._clock.monotonic_ns() >= until_ns:
                break
            name = folder.relative_to(self._images).as_posix()
            if name < day and not self._store.passages.has_pictures(name.replace("/", "-")):
                shutil.rmtree(folder, ignore_errors=True)
                dropped += not folder.exists()
        return dropped


def free_space_pct(path: Path) -> float:
    """Free share of the file system that holds `path` (or will), as df shows it to users, 0 to 100."""
    total, free = space(path)
    return 100.0 * free / total


def free_for_files_pct(path: Path) -> float:
    """The same, or the free share of the files that it may hold, where that is less: no picture is made without an inode."""
    while not path.exists():
        path = path.parent
    found = os.statvfs(path)
    return min(free_space_pct(path), 100.0 * found.f_favail / found.f_files if found.f_files else 100.0)
