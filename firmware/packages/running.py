"""Running: which packages run, each with its supervisor; a start checks the slot and falls back to the previous version."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.words import NOTHING, Text, from_stored, joined, to_stored
from firmware.packages import conflicts
from firmware.packages.checker import NotChecked, check_archive, check_slot
from firmware.packages.environment import Environment
from firmware.packages.kept_data import KeptData
from firmware.packages.keys import TrustedKeys
from firmware.packages.licences import NONE, NOT_NEEDED, Licences
from firmware.packages.records import FAILED, GOOD, STAGED, TRIAL, Slot
from firmware.packages.schedules import HOLD_S, Schedules
from firmware.packages.slots import Slots
from firmware.processes.groups import Groups
from firmware.processes.places import Beside
from firmware.processes.supervisor import Supervisor
from firmware.processes.users import Users

LOG = logging.getLogger("packages")

TRIAL_STARTS = 3
"""A version that was started so often without getting good is rolled back (a crash of the whole camera counts too)."""
LICENCE_EVERY_S = 60.0
AGAIN_S, AGAIN_AT_MOST_S = 10.0, 600.0
"""If a package that is to run could not be started, it is tried again after so long, and twice that each further time: what
hindered it, such as a short memory, may have passed, and nobody may be there."""
AFTER_CRASH = {"respawn": True, "once": False, "never": False}


class Running:
    """Not thread-safe but for `get`, `names` and `ill`: who starts and stops holds the lock of all packages.

    `booted`: what is enabled is meant to run by now. `problems`: {package: why it does not run}; `alike`: {package: why its
    processes are all one user}, NOTHING: each is its own; `resting`: packages that are to run, but not at this hour."""

    def __init__(
        self, state: State, slots: Slots, trust: TrustedKeys, licences: Licences, environment: Environment,
        make_safe: Callable[[], None], users: Users, data: KeptData,
        schedules: Schedules, groups: Groups,
    ) -> None:  # fmt: skip
        self._state = state
        self._slots = slots
        self._trust = trust
        self._licences = licences
        self._environment = environment
        self._make_safe = make_safe
        self._users = users
        self._data = data
        self._schedules = schedules
        self._groups = groups
        self.alike: dict[str, Text] = {}
        self._supervisors: dict[str, Supervisor] = {}
        self._names: dict[str, frozenset[str]] = {}
        """{package that runs: its processes and sockets}"""
        self._licensed: dict[str, tuple[str, float]] = {}
        """{package that needs a licence: (what it was started with, when that is looked at again)}"""
        self.problems: dict[str, Text] = {}
        self.resting: set[str] = set()
        self._changed: dict[str, float] = {}
        """{package: when its schedule started or stopped it last}"""
        self._again: dict[str, tuple[float, float]] = {}
        """{package that could not be started: (when it is tried again, how long was waited)}"""
        self.booted = False

    def get(self, name: str) -> Supervisor | None:
        return self._supervisors.get(name)

    def names(self) -> Iterable[str]:
        return tuple(self._supervisors)

    def ill(self) -> str:
        """What is wrong with the processes of the package that drives the outputs or, if none does, of all that run; "" when all is
        well or none is meant to run. Waits for nobody."""
        running = list(self._supervisors.items())
        gate = [(name, supervisor) for name, supervisor in running if supervisor.drives_outputs]
        found = [(name, supervisor.ill) for name, supervisor in gate or running]
        return "; ".join(f"{name}: {why}" for name, why in found if why)

    def start(self, name: str) -> None:
        """Starts the current version, made anew if it is damaged; the previous one when that is not possible, or the current one
        failed its trial. PackageError says why neither. Outside of its hours it waits for them."""
        self.problems.pop(name, None)
        if not self._schedules.allows(name):
            self.resting.add(name)
            return
        self.resting.discard(name)
        try:
            self._start(name)
        except Exception as why:  # whatever it is, it may pass
            self.problems[name] = why.text if isinstance(why, PackageError) else Text(str(why) or type(why).__name__)
            self._again.setdefault(name, (time.monotonic() + AGAIN_S, AGAIN_S))
            raise
        self._again.pop(name, None)

    def put_off(self) -> Iterable[str]:
        """Packages that could not be started and are due to be tried again."""
        now = time.monotonic()
        return [name for name, (due, _) in list(self._again.items()) if now >= due]

    def try_again(self, name: str) -> None:
        """Starts one that is put off, if it is still to run. PackageError as of `start`."""
        wait_s = min(AGAIN_AT_MOST_S, 2 * self._again.pop(name)[1])
        if name in self.problems and name in self._slots.names():
            self._again[name] = time.monotonic() + wait_s, wait_s
            if self._slots.record(name).enabled:
                LOG.info("%s is tried again", name)
                self.start(name)

    def stop(self, name: str) -> bool:
        """Whether it ran, or rested; all its processes are gone, its outputs are safe."""
        supervisor = self._supervisors.pop(name, None)
        rested = name in self.resting
        self.resting.discard(name)
        self._licensed.pop(name, None)
        if supervisor is None:
            return rested
        supervisor.stop()
        self._groups.end(name)
        LOG.info("%s is stopped", name)
        return True

    def switch(self, name: str, slot: Slot, notice: Text) -> Text:
        """The version in `slot` is the current one from now on; what ran runs on in it. `notice` is shown to people. If the
        installed version could not read what the coming one makes of what is stored, that is saved in between, while nothing
        writes: returns what was done for it. PackageError: what was there before runs on."""
        coming = self._slots.manifest(name, slot)
        saves = self._data.must_save(coming)
        was_running = self.stop(name)
        try:
            kept = self._data.save(coming) if saves else NOTHING
            self._slots.activate(name, slot)
        except PackageError:
            if was_running:
                self.start(name)
            raise
        told = joined([each for each in (notice, kept) if each]) if notice else NOTHING
        self._slots.set_notice(name, to_stored(told) if told else "")
        self.problems.pop(name, None)
        if was_running or (self.booted and self._slots.record(name).enabled):
            self.start(name)
        return kept

    def roll_back(self, name: str, slot: Slot, previous: Slot, why: Text) -> None:
        """The version in `slot` has failed; the previous one runs."""
        LOG.error("%s %s: %s; back to %s", name, slot.version, why, previous.version)
        self._slots.mark(name, slot, FAILED, str(why))  # before the stop: where the disk refuses it, what works runs on
        self._slots.activate(name, previous)
        self.stop(name)
        values = {"failed": slot.version, "previous": previous.version, "why": why}
        self._slots.set_notice(name, to_stored(Text("{failed} was rolled back to {previous}: {why}", values)))
        self.start(name)

    def spare(self, name: str) -> Slot | None:
        """The previous version, when it is known to be good, and can do something with what is stored."""
        previous = self._slots.previous(name)
        if previous is None or previous.state != GOOD:
            return None
        try:
            self._slots.path(name, previous)
            manifest = self._slots.manifest(name, previous)
            conflicts.check(self._slots, manifest)
            return previous if self._data.readable(name, manifest) else None
        except PackageError as why:  # what is lost of it must not keep the current one from running
            LOG.error("there is no way back to %s: %s", previous.version, why)
            return None

    def _start(self, name: str) -> None:
        slot, manifest = self._slots.installed(name)
        self._slots.check_storage(name, slot)
        spare = self.spare(name)
        if slot.state == FAILED and spare is not None and self._goes_back(name, slot, spare):
            return
        if slot.state in (TRIAL, STAGED):
            slot = self._count_trial(name, slot)
            if slot.tries > TRIAL_STARTS and spare is not None:
                self.roll_back(name, slot, spare, Text("started {times} times without getting good", {"times": TRIAL_STARTS}))
                return
        try:
            path = self._whole(name, slot)
        except NotChecked:
            raise  # no fault of this version: it does not lose its place
        except PackageError as why:
            if spare is None:
                raise
            self.roll_back(name, slot, spare, why.text)
            return
        self._environment.compile(slot, path)
        beside = self._beside(name)
        restored = self._data.prepare(name, beside)
        if restored:
            notice = from_stored(self._slots.record(name).notice)
            self._slots.set_notice(name, to_stored(joined([each for each in (notice, restored) if each])))
        licence, message = self._licences.of(slot, manifest)
        if licence == NONE:
            LOG.warning("%s runs without a licence: %s", name, message)
        launch, self.alike[name] = self._users.for_package(manifest.users, manifest.apart, path, beside)
        supervisor = Supervisor(
            manifest.processes, path, self._state, self._environment.of(path, licence != NONE), manifest.health,
            self._make_safe, AFTER_CRASH[manifest.runmode], launch, self._groups.of(name),
        )  # fmt: skip
        supervisor.start()
        self._supervisors[name] = supervisor
        self._names[name] = frozenset((*manifest.users, *(Path(route.socket).stem for route in manifest.routes)))
        if licence != NOT_NEEDED:
            self._licensed[name] = (licence, time.monotonic() + LICENCE_EVERY_S)
        self.problems.pop(name, None)
        LOG.info("%s %s runs from slot %s", name, slot.version, slot.letter)

    def _goes_back(self, name: str, slot: Slot, spare: Slot) -> bool:
        """What is current has failed: the way back from it was cut off, or the disk refused it. False: it does so again, and what
        works of it is better than nothing."""
        try:
            self.roll_back(name, slot, spare, Text(slot.why))
        except PackageError as why:
            if self._slots.installed(name)[0].letter != slot.letter:
                raise
            LOG.error("%s %s failed and runs on: %s", name, slot.version, why)
            return False
        return True

    def _beside(self, name: str) -> Beside:
        """What runs of the other packages."""
        others = [each for each in self._supervisors if each != name]
        return Beside(frozenset().union(*(self._names[each] for each in others)), any(not self.alike[each] for each in others))

    def _whole(self, name: str, slot: Slot) -> Path:
        """The slot's folder, in which the version is what was installed: if it is damaged, it is unpacked anew from its package.
        PackageError says what is damaged, NotChecked that it is not known."""
        try:
            path = self._slots.path(name, slot)
            check_slot(path, slot, self._trust)
        except NotChecked:
            raise
        except PackageError as why:
            damage = why
        else:
            return path
        try:
            self._slots.renew(name, slot, lambda archive: check_archive(archive, self._trust, unsigned=not slot.signed_by))
            path = self._slots.path(name, slot)
        except NotChecked:
            raise
        except PackageError as why:
            LOG.warning("%s %s is damaged and cannot be made anew: %s", name, slot.version, why)
            raise damage from why
        LOG.error("%s %s is made anew from its package: %s", name, slot.version, damage)
        notice = Text(
            "{version} was damaged and is made anew from its package: {why}", {"version": slot.version, "why": damage.text}
        )
        try:
            self._slots.set_notice(name, to_stored(notice))
        except PackageError as why:  # a full disk must not keep the gate shut
            LOG.error("%s: that is not told to people: %s", name, why)
        return path

    def follow_licence(self, name: str) -> None:
        """A licence that ends while the package runs, or counts again, is noticed within a minute: it starts anew, and reads
        plates or not. PackageError as of `start`."""
        known = self._licensed.get(name)
        if known is None or time.monotonic() < known[1]:
            return
        slot, manifest = self._slots.installed(name)
        licence, message = self._licences.of(slot, manifest)
        self._licensed[name] = (known[0], time.monotonic() + LICENCE_EVERY_S)
        if (licence == NONE) != (known[0] == NONE):
            LOG.warning("%s starts anew, its licence is %s now: %s", name, licence, message)
            self.stop(name)
            self.start(name)

    def forget_hold(self, name: str) -> None:
        """A person has changed its schedule: that counts at once."""
        self._changed.pop(name, None)

    def follow_schedule(self, name: str) -> bool:
        """Starts what has come into its hours, stops what has left them; whether it did that. PackageError as of `start`."""
        allows = self._schedules.allows(name)
        now = time.monotonic()
        if allows != (name in self.resting) or now - self._changed.get(name, -HOLD_S) < HOLD_S:
            return False
        if not allows and name not in self._supervisors:
            return False
        self._changed[name] = now
        LOG.info("%s %s, as its schedule says", name, "starts" if allows else "stops")
        if allows:
            self.start(name)
        else:
            self.stop(name)
            self.resting.add(name)
        return True

    def _count_trial(self, name: str, slot: Slot) -> Slot:
        try:
            return self._slots.mark(name, slot, TRIAL, slot.why, slot.tries + 1)
        except PackageError as why:  # a full disk must not keep the gate shut
            LOG.error("%s: a start on trial is not counted: %s", name, why)
            return slot
