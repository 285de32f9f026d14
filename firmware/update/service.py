"""Service: takes a firmware file, has it run at the host's next start, judges it while it is on trial, and goes back.

The new version is good when it has served, with every package up that was up before the update, for WINDOW_S without a break. If
it has not got there after LIMIT_S, the version before it runs again. A crash or a hang is counted by choice.py at the next start.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.words import Text, from_stored, to_stored
from firmware import VERSION
from firmware.packages.environment import Environment
from firmware.packages.install import Installer
from firmware.packages.keys import TrustedKeys
from firmware.packages.manifest import HOST_NAME
from firmware.packages.records import CAMERA, FAILED, GOOD, TRIAL, Slot
from firmware.packages.trusted import Version
from firmware.packages.versions import Versions
from firmware.processes.users import Users
from firmware.restart import Restart
from firmware.update.choice import fail, spare
from firmware.update.switch import Switch
from firmware.update.versions import LETTER, built_in_version, folder, installation, last, slots_of

LOG = logging.getLogger("update")

WINDOW_S = 30.0
LIMIT_S = 240.0
"""A Zero 2 W needs a minute until its packages run; one of them may migrate its data meanwhile."""
LOOK_EVERY_S = 1.0

UPLOADED, BUILT_IN = "uploaded", "built in"


@dataclass(frozen=True, slots=True)
class UpdateStatus:
    """`version`: that runs; `source`: "built in" (firmware/install) or "uploaded"; `state`: "good", "trial" or "failed";
    `previous`: what going back would run, "" when there is nothing before it; `built_in`: the version that stays whatever happens;
    `notice`: what became of the last update, for people."""

    version: str
    source: str
    state: str
    previous: str
    built_in: str
    notice: Text


class HostUpdate:
    """Thread-safe. Every refusal is a PackageError whose text is for people; the host that runs goes on."""

    def __init__(
        self, state: State, trust: TrustedKeys, versions: Versions, users: Users, restart: Restart, ready: Callable[[], bool]
    ) -> None:
        self._state = state
        self._restart = restart
        self._ready = ready
        self._lock = threading.RLock()
        self._slots = slots_of(state)
        self._environment = Environment(state, self._slots, folder(state) / "compiled")
        switch = Switch(state, self._slots, ready)
        built_in = built_in_version() or VERSION
        self._installer = Installer(self._slots, trust, self._environment, self._lock, switch, versions, users, switch, built_in)
        self._end = threading.Event()
        self._judge = threading.Thread(target=self._watch, name="update", daemon=True)

    def came_up(self) -> None:
        """It listens: the alarm of its start (choice.py) is over."""
        signal.alarm(0)

    def start(self) -> None:
        """Packages are started: from now on a version on trial is judged."""
        try:
            self._tidy()
            slot = self._running()
        except PackageError as why:
            LOG.error("%s", why)
            return
        if slot is not None and slot.state == TRIAL:
            LOG.info("host %s is on trial, start %d", slot.version, slot.tries)
            self._judge.start()

    def close(self, orderly: bool) -> None:
        """An orderly end of one that got so far is no failed trial: its starts are counted anew."""
        self._end.set()
        if not self._judge.is_alive():
            return
        self._judge.join()
        if not orderly:
            return
        with suppress(PackageError), self._lock:
            slot = self._running()
            if slot is not None and slot.state == TRIAL:
                self._slots.mark(HOST_NAME, slot, TRIAL)

    def install(self, archive: Path, confirmed: bool = False) -> Iterator[Text]:
        """Yields a word for each step. At the end the host that runs is asked to start again, as the new one, unless it is that
        version already. PackageError and Unconfirmed: as for packages."""
        before = self._current_letter()
        *steps, _ = self._installer.install(archive, CAMERA, confirmed)
        yield from steps
        if self._current_letter() != before or self._running() is None:
            self._restart.ask()

    def next_version(self) -> str:
        """That runs after a restart."""
        slot = self._slots.current(HOST_NAME) if HOST_NAME in self._slots.names() else None
        return slot.version if slot is not None and slot.state in (GOOD, TRIAL) else built_in_version()

    def go_back(self) -> str:
        """The version before this one runs after a restart, which is asked for: returns it."""
        with self._lock:
            slot = self._running()
            if slot is None:
                raise PackageError("there is no version before {version}", version=VERSION)
            good = spare(self._slots, slot)
            previous = good.version if good is not None else built_in_version()
            if good is not None:
                self._slots.activate(HOST_NAME, good)
            else:
                self._slots.mark(HOST_NAME, slot, FAILED, "left by hand")
            values = {"version": slot.version, "previous": previous}
            self._slots.set_notice(HOST_NAME, to_stored(Text("went back from {version} to {previous} by hand", values)))
        self._restart.ask()
        return previous

    def installed(self) -> list[Version]:
        """Of the host: those that were uploaded, and the one that is built in, which is current while none of these runs."""
        uploaded = self._slots.versions(HOST_NAME)
        try:
            running = self._running()
        except PackageError:
            return [Version(HOST_NAME, VERSION, True, "")]  # its record is damaged, which the firmware page says
        found = [replace(each, current=running is not None and each.version == running.version) for each in uploaded]
        return [*found, Version(HOST_NAME, built_in_version(), running is None, "")]

    def status(self) -> UpdateStatus:
        built_in = built_in_version()
        try:
            slot = self._running()
            good = spare(self._slots, slot) if slot is not None else None
            notice = self._slots.record(HOST_NAME).notice if HOST_NAME in self._slots.names() else ""
        except PackageError as why:
            return UpdateStatus(VERSION, UPLOADED if LETTER in os.environ else BUILT_IN, GOOD, "", built_in, why.text)
        previous = good.version if good is not None else built_in if slot is not None else ""
        source = UPLOADED if slot is not None else BUILT_IN
        return UpdateStatus(VERSION, source, slot.state if slot is not None else GOOD, previous, built_in, from_stored(notice))

    def _tidy(self) -> None:
        """Forgets versions from before the last run of firmware/install, and what an interrupted upload left."""
        if HOST_NAME not in self._slots.names():
            return
        known = last(self._state).read().value
        if LETTER not in os.environ and known is not None and known.built_in != installation():
            self._slots.remove(HOST_NAME)
            LOG.info("firmware/install was run since the last update: versions of before are forgotten")
        else:
            self._slots.tidy(HOST_NAME)
        self._environment.forget_bytecode()

    def _running(self) -> Slot | None:
        """The slot that this process runs from; None: it is the built-in host."""
        letter = os.environ.get(LETTER)
        if letter is None:
            return None
        return next((slot for slot in self._slots.record(HOST_NAME).slots if slot.letter == letter), None)

    def _current_letter(self) -> str:
        slot = self._slots.current(HOST_NAME) if HOST_NAME in self._slots.names() else None
        return slot.letter if slot is not None and slot.state in (GOOD, TRIAL) else ""

    def _watch(self) -> None:
        known = last(self._state).read().value
        expected = known is None or known.was_ready
        began_s = time.monotonic()
        well_s: float | None = None
        while not self._end.wait(LOOK_EVERY_S):
            now_s = time.monotonic()
            well_s = (well_s if well_s is not None else now_s) if not expected or self._ready() else None
            try:
                if well_s is not None and now_s - well_s >= WINDOW_S:
                    return self._is_good()
                if now_s - began_s >= LIMIT_S:
                    return self._failed()
            except PackageError as why:  # the disk refuses: looked at again
                LOG.error("%s", why)

    def _is_good(self) -> None:
        with self._lock:
            slot = self._running()
            if slot is not None and slot.state == TRIAL:
                self._slots.mark(HOST_NAME, slot, GOOD)
                LOG.info("host %s is good", slot.version)

    def _failed(self) -> None:
        with self._lock:
            slot = self._running()
            if slot is None or slot.state != TRIAL:
                return
            good = spare(self._slots, slot)
            fail(self._slots, slot, Text("its packages did not come up within {limit_s:.0f} s", {"limit_s": LIMIT_S}))
            if good is not None:
                self._slots.activate(HOST_NAME, good)
        LOG.error("host %s failed: %s runs again", slot.version, good.version if good is not None else built_in_version())
        self._restart.ask()
