"""Age: how long an action may still begin, however the wall clock was set since the car was seen."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from engine.actions import ActionKind, Lane
from engine.types import Passage


def left_ns(passage: Passage, kind: ActionKind[Any], not_after: datetime, now: datetime, now_ns: int) -> int:
    """How many ns remain in which it may begin; negative: none.

    The wall clock may have been set since (a Pi has no battery for it), by decades after a boot. Actions that open a gate
    go by the monotonic clock alone: what is left of an earlier boot expires before anything is carried out
    (Outbox.recover). Everything else is too old only if both clocks agree."""
    age_ns = now_ns - passage.monotonic_ns
    allowed_ns = min(round(kind.max_age_s * 1e9), _ns(not_after - passage.at))
    by_boot_ns = allowed_ns - age_ns if age_ns >= 0 else -1
    if kind.lane is Lane.FAST:
        return by_boot_ns or -1
    return max(_ns(not_after - now), by_boot_ns) or -1


def _ns(span: timedelta) -> int:
    return round(span / timedelta(microseconds=1)) * 1000
