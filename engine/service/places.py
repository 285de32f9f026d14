"""Places: vehicles whose exit was not seen must not count as inside for ever."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.zones import camera_zone
from engine.settings import GeneralSettings
from engine.settings.lane import COUNTS, LaneSettings
from engine.store import Store

log = logging.getLogger("lane")


def forget_unseen(store: Store, clock: Clock, doubts: Callable[[], bool] = lambda: False) -> None:
    """Vehicles that came in before the settings' limits no longer count as inside; a line in the log says how many. Does
    nothing while the clock is not set, or may be wrong (`doubts`)."""
    settings, now = store.settings(LaneSettings), clock.now()
    if settings.counts == COUNTS[0] or now < CLOCK_KNOWN or doubts():
        return
    before = limit(settings, now, camera_zone(store.settings(GeneralSettings).time_zone))
    gone = store.occupancy.forget(before, now) if before is not None else 0
    if gone:
        log.warning("%d vehicles that came in before %s are counted as inside no more", gone, before)


def limit(settings: LaneSettings, now: datetime, zone: ZoneInfo) -> datetime | None:
    """Vehicles that came in before this moment no longer count as inside; None: there is no limit."""
    found = []
    if settings.inside_h:
        found.append(now - timedelta(hours=settings.inside_h))
    if settings.empty_at:
        local = now.astimezone(zone)
        hour, minute = map(int, settings.empty_at.split(":"))
        last = local.replace(hour=hour, minute=minute, second=0, microsecond=0, fold=0)  # once, also where the hour comes twice
        # Where the hour is skipped, as much later as the clock jumps: in Greenland yesterday's may come today.
        times = ((last - timedelta(days=days)).astimezone(UTC) for days in range(3))
        found.append(next(at for at in times if at <= now))
    return max(found, default=None)
