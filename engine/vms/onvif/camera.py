"""Camera: what ONVIF's services tell of this camera and may do with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import engine
from board.kit.clock import Clock
from board.kit.state import State
from engine.messages import ServerSettings
from engine.vms.onvif.events import Events

MANUFACTURER = "Gatewright"
UNPACKED = "development"
"""Firmware version of a camera that runs from a checkout."""


def version() -> str:
    """Of the package that this runs from."""
    try:
        lines = (Path(engine.__file__).parents[2] / "package.conf").read_text("utf-8").splitlines()
    except OSError:
        return UNPACKED
    return next((line.partition("=")[2].strip() for line in lines if line.startswith("version")), UNPACKED)


@dataclass
class Camera:
    """Used by the loop's thread. `settings`: those in force now."""

    state: State
    clock: Clock
    settings: ServerSettings
    events: Events
    version: str = field(default_factory=version)

    @cached_property
    def board(self) -> str:
        """What it is built on: "Raspberry Pi 4"."""
        from board.profiles import load

        return load(self.state).title
