"""Schedules: the hours of the day in which a package runs (VIVOTEK's vadp_schedule: enable, begintime, endtime), kept in
STATE/host/schedules.json.

They are the camera's own time. What counts is the hour it is now, never a moment that passed, so that a clock that jumps, a summer
time or a power cut leaves nothing undone. While nobody has set the clock, a package runs.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from board.kit.clock import CLOCK_KNOWN, TIME_OF_DAY, Clock
from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.kept import Kept
from board.kit.plain import known
from board.kit.zones import camera_zone

LOG = logging.getLogger("packages")

HOLD_S = 60.0
"""A clock that is set back by some seconds just after a beginning or an end must not start and stop a package again."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """`begin`, `end`: hh:mm; an end at or before the beginning is one of the next day, so that equal ones are the whole day."""

    enable: bool = False
    begin: str = "00:00"
    end: str = "00:00"

    def __post_init__(self) -> None:
        if self.end == "24:00":
            object.__setattr__(self, "end", "00:00")  # which pages can show
        for name, text in (("begin", self.begin), ("end", self.end)):
            if not TIME_OF_DAY.fullmatch(text):
                raise PackageError("{name}: {text!r} is not a time like 07:30", name=name, text=text[:20])

    def holds(self, minute: str) -> bool:
        """`minute`: of the day, hh:mm."""
        if not self.enable or self.begin == self.end:
            return True
        if self.begin < self.end:
            return self.begin <= minute < self.end
        return minute >= self.begin or minute < self.end


class Schedules:
    """Thread-safe. A damaged file lets packages run."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._file = Kept(folder / "schedules.json", _parse, lambda kept: {name: asdict(each) for name, each in kept.items()})
        self._clock = clock
        self._changing = threading.Lock()
        found = self._file.read()
        if found.damage is not None:
            LOG.error("%s", found.damage)
        self._kept: Mapping[str, Schedule] = found.value or {}

    def of(self, name: str) -> Schedule:
        return self._kept.get(name, Schedule())

    def allows(self, name: str) -> bool:
        """Whether the package runs at this hour."""
        schedule, now = self.of(name), self._clock.now()
        if not schedule.enable or now < CLOCK_KNOWN:
            return True
        return schedule.holds(f"{now.astimezone(camera_zone('')):%H:%M}")

    def put(self, name: str, schedule: Schedule) -> None:
        """PackageError when the disk refuses: the one before counts."""
        with self._changing:
            changed = {**self._kept, name: schedule}
            if schedule == Schedule():
                del changed[name]
            if changed == self._kept:
                return
            try:
                self._file.write(changed)
            except OSError as why:
                raise PackageError("the schedule cannot be stored: {reason}", reason=why.strerror) from why
            self._kept = changed


def _parse(document: Any) -> Mapping[str, Schedule]:
    found = {name: Schedule(**known(Schedule, each)) for name, each in document.items()}
    if not all(isinstance(each.enable, bool) for each in found.values()):
        raise ValueError("a field is not right")
    return found
