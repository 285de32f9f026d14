"""Zones: the camera's time zone by its name."""

from __future__ import annotations

import logging
from functools import lru_cache
from zoneinfo import ZoneInfo


@lru_cache(maxsize=8)
def camera_zone(name: str) -> ZoneInfo:
    """The camera's time zone; UTC, with one log line, when its name means nothing on this system."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as why:
        logging.getLogger("zones").warning("time zone %r is not known (%s): UTC is used", name, why)
        return ZoneInfo("UTC")
