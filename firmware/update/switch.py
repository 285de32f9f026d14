"""Switch: makes an uploaded host the one that runs after the next start; what the installer of packages asks for, for the host."""

from __future__ import annotations

import logging
from collections.abc import Callable

from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.words import NOTHING, Text
from firmware.packages.manifest import Manifest
from firmware.packages.records import Slot
from firmware.packages.slots import Slots
from firmware.update.versions import Last, installation, last

LOG = logging.getLogger("update")


class Switch:
    """`ready()`: every package that should run does."""

    def __init__(self, state: State, slots: Slots, ready: Callable[[], bool]) -> None:
        self._last = last(state)
        self._slots = slots
        self._ready = ready

    def switch(self, name: str, slot: Slot, notice: Text) -> Text:
        """The version in `slot` runs after the next start, and is on trial then. PackageError: the disk refuses."""
        try:
            self._last.write(Last(installation(), self._ready()))
        except OSError as why:
            raise PackageError("{name}: its state cannot be stored: {reason}", name=name, reason=why.strerror) from why
        self._slots.activate(name, slot)
        self._slots.set_notice(name, "")
        LOG.info("host %s runs after the restart", slot.version)
        return NOTHING

    def check(self, coming: Manifest) -> None:
        """Every version of the host reads what another one has stored."""

    def loss(self, coming: Manifest) -> Text:
        return NOTHING
