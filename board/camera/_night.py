"""Night: whether the night preset applies, by the clock or by the light; two thresholds keep it from flapping at dusk."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from board.kit.files import write_unsynced

if TYPE_CHECKING:
    from board.camera._settings import CameraSettings

log = logging.getLogger("camera")

HOLD_NS = 20_000_000_000
"""The light has changed once it has stayed beyond its threshold for this long: headlamps and clouds pass."""

_NIGHT, _DAY = b"night", b"day"


class Night:
    """`is_on` is asked at every frame. `zone()`: in which the schedule is meant, asked each time. `kept`: a file of STATE/run that
    holds what the light said last; None keeps nothing. Between the two thresholds only what was before tells night from day, and
    until the first frame nothing else does."""

    def __init__(self, settings: CameraSettings, zone: Callable[[], tzinfo], kept: Path | None = None) -> None:
        self._kind = settings.night
        self._zone = zone
        self._from, self._until = _minutes(settings.night_from), _minutes(settings.night_until)
        self._dark, self._bright = settings.night_below_lux, settings.day_above_lux
        self._kept = kept
        self._on = _read(kept) if kept is not None else None
        self._beyond_since_ns: int | None = None

    def is_on(self, now: datetime, now_ns: int, lux: float | None = None) -> bool:
        """`lux`: the light level, None while it is not known."""
        if self._kind == "schedule":
            return self._scheduled(now)
        if self._kind == "light":
            return self._by_light(now_ns, lux)
        return self._kind == "always"

    def _scheduled(self, now: datetime) -> bool:
        local = now.astimezone(self._zone())
        minute = local.hour * 60 + local.minute
        if self._from <= self._until:
            return self._from <= minute < self._until
        return minute >= self._from or minute < self._until

    def _by_light(self, now_ns: int, lux: float | None) -> bool:
        if lux is None:
            return bool(self._on)
        if self._on is None:
            self._turn(lux < self._dark)
        beyond = lux > self._bright if self._on else lux < self._dark
        if not beyond:
            self._beyond_since_ns = None
        elif self._beyond_since_ns is None:
            self._beyond_since_ns = now_ns
        elif now_ns - self._beyond_since_ns >= HOLD_NS:
            self._turn(not self._on)
            self._beyond_since_ns = None
        return bool(self._on)

    def _turn(self, on: bool) -> None:
        self._on = on
        if self._kept is None:
            return
        try:
            write_unsynced(self._kept, _NIGHT if on else _DAY)
        except OSError as why:
            log.warning("whether it is night is not kept: %s", why)


def _read(kept: Path) -> bool | None:
    """What `Night` wrote there; None when that is not known."""
    try:
        return {_NIGHT: True, _DAY: False}.get(kept.read_bytes())
    except OSError:
        return None


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
