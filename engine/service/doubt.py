"""Doubt: whether the wall clock may be wrong, for what deletes or forgets by it: somebody must have the time to set it right
before that costs anything. It outlives a restart of the service."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from board.kit.clock import CLOCK_KNOWN, Clock
from engine.store import PassageQuery, Store

log = logging.getLogger("service")

JUMP = timedelta(days=1)
"""If the wall clock goes ahead by more within one boot, it is doubted for as long."""

AWAY = timedelta(days=2)
"""So much later than the last that is known of the camera, and it may have been off, or its clock may have lost the time: it is
doubted too, unless a time server sets it."""

LONG_AWAY = timedelta(days=366)
"""As AWAY, of a clock that a time server sets: that may be wrong as well."""

DOUBTED = "clock doubted"
"""The counter of the doubts, stamped by the last one."""

SWEPT = "purged"
"""The counter of passages that were deleted at the interval's times, stamped by the last sweep."""


class Doubt:
    """Called about twice a minute, by one thread, once the wall clock is set. StoreError if the store does not answer."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._has_begun = False
        now = clock.now()
        self._was_set = clock.synchronised()
        self._seen: tuple[datetime, int] | None = (now, clock.monotonic_ns()) if now >= CLOCK_KNOWN else None
        """Wall and monotonic clock of the call before, or of the start."""
        self._until_ns = 0

    def __call__(self) -> bool:
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        most = JUMP
        if not self._has_begun:
            self._begin(now, now_ns)
            self._has_begun = True
            if self._clock.synchronised() and not self._was_set:  # it has just got right
                most = LONG_AWAY
        then, then_ns = self._seen or (now, now_ns)
        ahead = now - then - timedelta(microseconds=(now_ns - then_ns) // 1000)
        self._seen = now, now_ns
        if ahead > most:
            self._doubt(ahead, now_ns)
        elif ahead < -JUMP:  # it is set right
            self._until_ns = 0
        return now_ns < self._until_ns

    def _begin(self, now: datetime, now_ns: int) -> None:
        """What is known from before this process."""
        counters = self._store.counters()
        stamps = {name: counters[name].changed_at for name in (DOUBTED, SWEPT) if name in counters}
        doubted_at = stamps.get(DOUBTED)
        if doubted_at is not None and timedelta() <= now - doubted_at < JUMP:
            self._until_ns = now_ns + round((JUMP - (now - doubted_at)).total_seconds() * 1e9)
            return
        newest = [each.passage.at for each in self._store.passages(PassageQuery(until=now, limit=1))]
        known = max((at for at in (*newest, *stamps.values()) if at is not None and at <= now), default=now)
        if now - known > (LONG_AWAY if self._clock.synchronised() else AWAY):
            self._doubt(now - known, now_ns)

    def _doubt(self, ahead: timedelta, now_ns: int) -> None:
        self._until_ns = now_ns + round(JUMP.total_seconds() * 1e9)
        log.warning("the clock went ahead by %s: nothing is deleted by its days for a day", ahead)
        self._store.counters.add(DOUBTED)
