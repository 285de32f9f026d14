"""Timers: raises the event of each rule that starts on a timer when one of its times comes. Missed times are not made up, but of
what only ends what was held, and those that come while the service starts again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.zones import camera_zone
from engine.dispatch.starts import timer_cause
from engine.dispatch.timer import CATCH_UP, MAKE_UP, come
from engine.types import ActionRule

Happened = Callable[..., None]

HELD_NS = 600_000_000_000
"""What is held since the service began is no older than that: a clock that is set at a boot ends nothing."""


class Timers:
    """`time_zone()` returns the name of the camera's zone; `happened` as Events.happened (engine/service/events.py); `ends(rule)`:
    whether it switches something off and does nothing else. `before`: when the service before looked last, None if there was none
    in this boot; `keep(at)` is told it for the next one, once a minute, before anything happens."""

    def __init__(
        self,
        clock: Clock,
        time_zone: Callable[[], str],
        happened: Happened,
        ends: Callable[[ActionRule], bool] = lambda rule: False,
        before: datetime | None = None,
        keep: Callable[[datetime], object] = lambda at: None,
    ) -> None:
        self._clock = clock
        self._time_zone = time_zone
        self._happened = happened
        self._ends = ends
        self._rules: tuple[ActionRule, ...] = ()
        self._looked = min(before or clock.now(), clock.now())
        self._keep = keep
        self._kept: datetime | None = None
        self._began_ns = clock.monotonic_ns()
        self._came: dict[int, datetime] = {}
        """Rule -> its last time that came: a clock that is set back a little does not repeat it."""

    def use(self, rules: Iterable[ActionRule]) -> None:
        """The rules have changed."""
        self._rules = tuple(rule for rule in rules if rule.enabled and rule.start.on == "timer")
        self._came = {rule.id: self._came[rule.id] for rule in self._rules if rule.id in self._came}

    def turn(self) -> None:
        """About once a second. StoreError if the zone cannot be read: the next turn then checks this time as well."""
        zone = camera_zone(self._time_zone()) if self._rules else None
        after, now = self._looked, self._clock.now()
        self._looked = now
        if zone is None or after >= now:
            return
        if self._kept is None or self._kept != now.replace(second=0, microsecond=0):  # times come with a minute
            self._kept = now.replace(second=0, microsecond=0)
            self._keep(now)
        for rule in self._rules:
            if now < CLOCK_KNOWN and rule.start.times:
                continue  # a gate must not open at 07:00 of a clock that began at midnight with the board
            is_missed = now - after > CATCH_UP and self._clock.monotonic_ns() - self._began_ns > HELD_NS
            time = come(rule.start, after, now, zone, MAKE_UP if is_missed and self._ends(rule) else CATCH_UP)
            if time is not None and time != self._came.get(rule.id):
                self._came[rule.id] = time
                self._happened("timer", cause=timer_cause(rule.id), time=f"{time.astimezone(zone):%H:%M}")
