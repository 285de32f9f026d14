"""Zones: the camera's time zone: the system's, or another by its name."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

ROOT = Path("/")
LOCALTIME = Path("etc/localtime")


class CameraZone:
    """Called, it is the camera's time zone as it is now. `name`: as in `camera_zone`; set while others ask."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name

    def __call__(self) -> ZoneInfo:
        return camera_zone(self.name)


def camera_zone(name: str) -> ZoneInfo:
    """The time zone of this name, "" is the system's; UTC, with one log line, when the name means nothing on this system."""
    return _zone(name or system_zone())


def system_zone(root: Path = ROOT) -> str:
    """The name of the system's time zone, as it is set now; "UTC" where none is. As in libc, a zone in the
    environment's TZ goes first.

    `root`: another file system, which the environment is not about."""
    named = os.environ.get("TZ", "").lstrip(":") if root == ROOT else ""
    if named and not named.startswith("/"):
        return _known(named)
    try:
        target = str((root / LOCALTIME).readlink())
    except OSError:
        return "UTC"
    return _known(target.partition("zoneinfo/")[2]) or "UTC"


def _known(name: str) -> str:
    """Debian's name of UTC is "Etc/UTC"."""
    return "UTC" if name == "Etc/UTC" else name


@lru_cache(maxsize=8)
def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as why:
        logging.getLogger("zones").warning("time zone %r is not known (%s): UTC is used", name, why)
        return ZoneInfo("UTC")
