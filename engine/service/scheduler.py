"""Scheduler: recurring work of the service: retention, the database's upkeep, syncs and copies, published lists, places."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC

import schedule

from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.words import Text
from engine.service.retention import Retention

log = logging.getLogger("scheduler")

CLOCK_STEP_S = 30.0
"""`schedule` plans by the system's local time: after a larger step of it (also at the end of summer time) everything is planned
anew."""


class Scheduler:
    """`run` is called about once a second. `report` gets what a person must know."""

    def __init__(
        self,
        retention: Retention,
        checkpoint: Callable[[], None],
        clock: Clock,
        report: Callable[[Text], None],
        upkeep: Callable[[], object] = lambda: None,
        exchange: Callable[[], object] = lambda: None,
        sync: Callable[[], None] = lambda: None,
        publish: Callable[[], object] = lambda: None,
        forget: Callable[[], object] = lambda: None,
        backup: Callable[[], object] = lambda: None,
    ) -> None:
        self._retention = retention
        self._checkpoint = checkpoint
        self._sync = sync
        self._clock = clock
        self._report = report
        self._upkeep = upkeep
        self._exchange = exchange
        self._publish = publish
        self._forget = forget
        self._backup = backup
        self._jobs = schedule.Scheduler()
        self._offset_s = self._offset()
        self._plan()

    def run(self) -> None:
        """Does what is due; an error of one job is reported, and the job runs again at its next time."""
        if abs(self._offset() - self._offset_s) > CLOCK_STEP_S:
            self._offset_s = self._offset()
            self._jobs.clear()
            self._plan()
        self._jobs.run_pending()

    def _plan(self) -> None:
        for seconds, job in (
            (30, self._retention.purge_images),
            (60, self._retention.bound_database),
            (30, self._retention.sweep),
            (30, self._retention.finish_deletions),
            (20, self._checkpoint),
            (1, self._upkeep),
            (1, self._exchange),
            (1, self._sync),
            (3, self._publish),
            (60, self._forget),
            (60, self._backup),
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
