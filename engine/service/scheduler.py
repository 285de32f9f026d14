"""Scheduler: recurring work of the service: pictures purged when storage runs low, database bounds, WAL checkpoints and syncs."""

from __future__ import annotations

import itertools
import logging
import shutil
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC
from pathlib import Path

import schedule

from board.kit.clock import Clock
from board.kit.errors import GatewrightError, StoreError
from board.kit.words import Text
from engine.settings import GeneralSettings
from engine.store import Store

log = logging.getLogger("scheduler")

CHUNK = 20
"""Passages per transaction: a commit of the gate waits for one chunk at most."""

CHUNKS_PER_RUN = 50

RUN_S = 4.0
"""A worn SD card takes its time; the process that runs these jobs must show in time that it is alive. The rest comes next time."""

CLOCK_STEP_S = 30.0
"""`schedule` plans by the system's local time: after a larger step of it (summer time's end too) everything is planned anew."""


class Scheduler:
    """`run` is called about once a second. `used(path)` gives (total, free) bytes. `report` gets what a person must know."""

    def __init__(
        self,
        store: Store,
        checkpoint: Callable[[], None],
        images: Path,
        clock: Clock,
        report: Callable[[Text], None],
        free_pct: Callable[[Path], float] | None = None,
        upkeep: Callable[[], object] = lambda: None,
        exchange: Callable[[], object] = lambda: None,
        sync: Callable[[], None] = lambda: None,
        publish: Callable[[], object] = lambda: None,
    ) -> None:
        self._store = store
        self._checkpoint = checkpoint
        self._sync = sync
        self._images = images
        self._clock = clock
        self._report = report
        self._free_pct = free_pct or free_space_pct
        self._upkeep = upkeep
        self._exchange = exchange
        self._publish = publish
        self._jobs = schedule.Scheduler()
        self._offset_s = self._offset()
        self._plan()

    def run(self) -> None:
        """Does what is due; an error of one job is reported and the job comes again at its next time."""
        if abs(self._offset() - self._offset_s) > CLOCK_STEP_S:
            self._offset_s = self._offset()
            self._jobs.clear()
            self._plan()
        self._jobs.run_pending()

    def _plan(self) -> None:
        for seconds, job in (
            (30, self.purge_images),
            (60, self.bound_database),
            (20, self._checkpoint),
            (1, self._upkeep),
            (1, self._exchange),
            (1, self._sync),
            (3, self._publish),
        ):
            self._jobs.every(seconds).seconds.do(self._guarded, job)

    def _guarded(self, job: Callable[[], object]) -> None:
        # schedule passes a job's error on to run_pending, which would skip the jobs after it.
        try:
            job()
        except (GatewrightError, OSError) as why:
            log.error("%s", why)
            self._report(why.text if isinstance(why, GatewrightError) else Text(str(why)))
        except Exception:
            log.exception("scheduled job")

    def _offset(self) -> float:
        local = self._clock.now().astimezone()
        return local.replace(tzinfo=UTC).timestamp() - self._clock.monotonic_ns() / 1e9

    def purge_images(self) -> int:
        """Deletes the oldest pictures while less than keep_free_pct is free; how many passages lost theirs. StoreError when
        there are none left to delete."""
        keep_pct = self._store.settings(GeneralSettings).keep_free_pct
        purged = 0
        for _ in self._chunks():
            free_pct = self._free_pct(self._images)
            if free_pct >= keep_pct:
                break
            oldest = self._store.passages.oldest_pictured(CHUNK)
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
        """Deletes the oldest passages over the number that the settings keep; how many."""
        keep = self._store.settings(GeneralSettings).history_passages
        deleted = 0
        if not keep:
            return deleted
        for _ in self._chunks():
            oldest = self._store.passages.oldest_over(keep, CHUNK)
            if not oldest:
                break
            self._unlink(name for each in oldest for name in each.names)
            self._store.passages.delete([each.rowid for each in oldest])
            deleted += len(oldest)
        return deleted

    def _chunks(self) -> Iterator[int]:
        until_ns = self._clock.monotonic_ns() + round(RUN_S * 1e9)
        return itertools.takewhile(lambda _: self._clock.monotonic_ns() < until_ns, range(CHUNKS_PER_RUN))

    def _unlink(self, names: Iterable[str]) -> None:
        root = self._images.resolve()
        for name in names:
            path = (root / name).resolve()
            if name and path.is_relative_to(root):
                path.unlink(missing_ok=True)

    def _drop_folders(self, day: str) -> None:
        """Whole days (YYYY/MM/DD) before `day` without a passage that has pictures: what still lies there belongs to none. A
        clock that was wrong for a while gives stamps ahead of later ones."""
        for folder in sorted(self._images.glob("[0-9]*/[0-9]*/[0-9]*")):
            name = folder.relative_to(self._images).as_posix()
            if name < day and not self._store.passages.has_pictures(name.replace("/", "-")):
                shutil.rmtree(folder, ignore_errors=True)


def free_space_pct(path: Path) -> float:
    """Free part of the file system that holds `path` (or will), as df shows it to users, 0 to 100."""
    while not path.exists():
        path = path.parent
    usage = shutil.disk_usage(path)
    return 100.0 * usage.free / max(1, usage.used + usage.free)
