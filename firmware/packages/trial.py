"""Trial: a new version becomes good when its processes have beaten through its window; too many crashes end it."""

from __future__ import annotations

import logging
import time

from board.kit.errors import PackageError
from board.kit.words import Text, joined
from firmware.packages.records import FAILED, GOOD, TRIAL, Slot
from firmware.packages.running import Running
from firmware.packages.slots import Slots
from firmware.processes.supervisor import Supervisor

LOG = logging.getLogger("packages")

AGAIN_S = 30.0
"""If the disk refused a roll-back, it is tried again after so long; what works of the package runs meanwhile."""


class Trial:
    """The caller holds the lock of all packages."""

    def __init__(self, slots: Slots, running: Running) -> None:
        self._slots = slots
        self._running = running
        self._refused_at: dict[str, float] = {}
        """{package: when the disk refused its roll-back}"""

    def judge(self, name: str) -> None:
        """Looks at a running package; nothing is done to one that is good already. PackageError when the disk refuses."""
        supervisor, slot = self._running.get(name), self._slots.current(name)
        if supervisor is None or slot is None or slot.state not in (TRIAL, FAILED):
            return
        health = self._slots.manifest(name, slot).health
        refused_s = time.monotonic() - self._refused_at.get(name, -AGAIN_S)
        failed = slot.state == FAILED or supervisor.crashes > health.failures or supervisor.given_up
        spare = self._running.spare(name) if failed and refused_s >= AGAIN_S else None
        if spare is not None:
            self._fail(name, slot, spare, supervisor)
        elif supervisor.beating_s >= health.window_s:
            self._slots.mark(name, slot, GOOD)
            self._slots.set_notice(name, "")
            LOG.info("%s %s is good", name, slot.version)

    def interrupt(self, name: str) -> None:
        """An orderly end is no failed trial: its starts are counted anew."""
        try:
            slot = self._slots.current(name)
            if slot is not None and slot.state == TRIAL:
                self._slots.mark(name, slot, TRIAL)
        except PackageError as why:  # a damaged record or a full disk must not keep the rest from ending
            LOG.error("%s: its starts are not counted anew: %s", name, why)

    def _fail(self, name: str, slot: Slot, spare: Slot, supervisor: Supervisor) -> None:
        errors = [
            Text("{process}: {why}", {"process": process.name, "why": process.error})
            for process in supervisor.status
            if process.error and not process.optional
        ]
        try:
            self._running.roll_back(name, slot, spare, joined(errors) or Text(slot.why))
        except PackageError:
            self._refused_at[name] = time.monotonic()
            if self._running.get(name) is None:
                self._running.start(name)  # what works of it is better than nothing
            raise
