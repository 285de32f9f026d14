"""Install: an uploaded archive is verified, staged in the free slot, checked by its own script and switched to."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol

from board.kit.errors import PackageError
from board.kit.words import NOTHING, Text, joined
from firmware.packages import conflicts, needs
from firmware.packages.checker import check_archive, check_slot, check_tree
from firmware.packages.environment import Environment
from firmware.packages.keys import TrustedKeys
from firmware.packages.licences import NONE, Licences
from firmware.packages.manifest import HOST_NAME, Manifest
from firmware.packages.records import CAMERA, FAILED, GOOD, SD, STAGED, Slot
from firmware.packages.script import WITHIN_S, command, reason, run
from firmware.packages.slots import Slots
from firmware.packages.unsigned import Unsigned
from firmware.packages.verify import Verified
from firmware.packages.versions import Unconfirmed, Versions
from firmware.processes.launch import CHECK
from firmware.processes.places import open_tree
from firmware.processes.users import Users

LOG = logging.getLogger("packages")

MAX_PACKAGES = 10
"""`capability_vadp_npackage`."""


class Switches(Protocol):
    """What starts and ends what is installed (running.py)."""

    def switch(self, name: str, slot: Slot, notice: Text) -> Text: ...


class KeepsData(Protocol):
    """What keeps that which is stored from versions that cannot read it (kept_data.py)."""

    def check(self, coming: Manifest) -> None: ...
    def loss(self, coming: Manifest) -> Text: ...


class Installer:
    """One upload at a time. `lock` holds off every other change of packages. `built_in`: the version of the host that runs when
    none was uploaded; then it takes the host alone, else packages alone; `unsigned`: as its switch says; None: never;
    `licences`: of packages; None: none needs one."""

    def __init__(
        self, slots: Slots, trust: TrustedKeys, environment: Environment, lock: AbstractContextManager[object],
        running: Switches, versions: Versions, users: Users, data: KeepsData, built_in: str = "",
        unsigned: Unsigned | None = None, licences: Licences | None = None,
    ) -> None:  # fmt: skip
        self._slots = slots
        self._trust = trust
        self._environment = environment
        self._lock = lock
        self._running = running
        self._versions = versions
        self._users = users
        self._data = data
        self._built_in = built_in
        self._unsigned = unsigned
        self._licences = licences
        self._busy = threading.Lock()

    def install(self, archive: Path, storage: str, confirmed: bool = False, licence: bytes | None = None) -> Iterator[Text]:
        """Yields a word for each step, the last is the package's name. PackageError says why not; what ran before runs on.
        `confirmed`: a person has agreed to what Unconfirmed asks: an older version, another vendor, a licence that counts no more;
        `licence`: a file that is stored once the package is installed.

        A package that runs is stopped for the switch and started again; one that is off stays off. The very version that is
        installed already, undamaged, is left as it is."""
        if not self._busy.acquire(blocking=False):
            raise PackageError("another package is being installed right now; try again when it is done")
        try:
            yield from self._steps(archive, storage, confirmed, licence)
        except PackageError as why:
            LOG.warning("upload refused: %s", why)
            raise
        finally:
            self._busy.release()

    def _steps(self, archive: Path, storage: str, confirmed: bool, licence: bytes | None) -> Iterator[Text]:
        verified = check_archive(archive, self._trust, unsigned=self._unsigned is not None and self._unsigned.allowed)
        needs.check(verified)
        name = verified.manifest.name
        if name == HOST_NAME and not self._built_in:
            raise PackageError("this is the firmware of the camera itself: upload it at System, Firmware")
        if name != HOST_NAME and self._built_in:
            raise PackageError("{name} is a package: upload it at Applications, Package management", name=name)
        self._ask(verified, confirmed, licence)
        values = {"name": name, "version": verified.manifest.version}
        if verified.signed_by:
            yield Text("{name} {version}: signature and contents are right", values)
        else:
            LOG.warning("%s %s is signed by nobody whom this camera trusts", name, verified.manifest.version)
            yield Text("{name} {version}: NOT SIGNED by anybody whom this camera trusts; its contents are whole", values)
        if self._is_installed(verified, storage):
            yield Text("this version is installed already")
            yield Text(name)
            return
        self._no_more_than_fit(name)
        conflicts.check(self._slots, verified.manifest)
        self._data.check(verified.manifest)
        with self._lock:
            self._mend_record(name)
            letter = self._slots.reserve(verified, storage)
        slot = self._slots.stage(archive, verified, storage, letter)
        yield Text("stored on the SD card") if storage == SD else Text("stored on the camera")
        self._environment.compile(slot, self._slots.path(name, slot))  # now, and not while no gate opens
        try:
            self._check(name, slot)
        except PackageError:
            self._slots.drop(name, slot)
            raise
        if not self._built_in:  # the host has one that is built in to fall back to
            self._slots.keep_archive(name, slot, archive)
        yield Text("checked")
        with self._lock:
            before = self._slots.current(name)
            try:
                kept = self._running.switch(name, slot, NOTHING)
            except PackageError:
                if self._slots.current(name) == before:
                    self._slots.drop(name, slot)
                raise
            self._versions.installed(name, slot.version)
            after = self._slots.current(name)
            if after is not None and after.letter == slot.letter:  # it did not fall back at once
                runs = before if self._built_in else None  # a host goes on until its restart, the next one tidies up
                self._slots.forget_others(name, after, runs, self._way_back(name, after, before))
        LOG.info("%s %s is installed in slot %s (%s)", name, slot.version, slot.letter, slot.storage)
        self._environment.forget_bytecode()
        if kept:
            yield kept
        yield Text(name)

    def _way_back(self, name: str, slot: Slot, before: Slot | None) -> Slot | None:
        """What runs if the version in `slot` fails: the one before it or, if that has not got good either, the last that has and
        can do something with what is stored."""
        if before is None or before.state == GOOD:
            return before
        good = self._slots.good_besides(name, slot)
        try:
            if good is not None:
                self._data.check(self._slots.manifest(name, good))
        except PackageError:
            return before
        return good or before

    def _ask(self, coming: Verified, confirmed: bool, licence: bytes | None) -> None:
        """Unconfirmed says all that a person has to agree to; PackageError: nobody can."""
        name, current = coming.manifest.name, self._current(coming.manifest.name)
        asked: list[Text] = []
        try:
            self._versions.check(name, coming.manifest.version, self._built_in if current is None else current.version, confirmed)
        except Unconfirmed as why:
            asked += [why.text, self._data.loss(coming.manifest)]
        if current is not None:
            asked += [self._another_vendor(coming, current), self._licence_lost(coming, current, licence)]
        question = joined([each for each in asked if each])
        if question and not confirmed:
            raise Unconfirmed(question)
        if question:
            LOG.warning("%s: confirmed", question)

    def _another_vendor(self, coming: Verified, current: Slot) -> Text:
        """Each of those whom the camera trusts may sign any name, and where that is allowed anybody may take it: only a person
        knows whether it is the same vendor's new key, or his own new version."""
        if not current.signed_by or coming.signed_by == current.signed_by:
            return NOTHING
        values = {
            "name": coming.manifest.name,
            "version": coming.manifest.version,
            "current": current.version,
            "before": current.signed_by[:16],
        }
        if not coming.signed_by:
            return Text(
                "{name} {version} is signed by nobody whom this camera trusts, and {current}, which is installed, with the key "
                "{before}: confirm that you trust whoever made it with this package",
                values,
            )
        return Text(
            "{name} {version} is signed with the key {key}, and {current}, which is installed, with {before}: confirm that you "
            "trust its owner with this package",
            {**values, "key": coming.signed_by[:16]},
        )

    def _licence_lost(self, coming: Verified, current: Slot, licence: bytes | None) -> Text:
        """The coming version reads no plates, and the one that is installed does."""
        if self._licences is None:
            return NOTHING
        about = coming.manifest
        slot = Slot("", CAMERA, STAGED, about.version, coming.manifest_sha256, coming.signed_by)
        if self._licences.valid(licence, slot, about) is not None:
            return NOTHING
        status, why = self._licences.of(slot, about)
        try:
            before = self._licences.of(current, self._slots.manifest(about.name, current))[0]
        except PackageError:
            return NOTHING  # it does not run
        if status != NONE or before == NONE:
            return NOTHING
        return Text(
            "{name} {version} has no licence on this camera ({why}): confirm that you want it without",
            {"name": about.name, "version": about.version, "why": why},
        )

    def _current(self, name: str) -> Slot | None:
        """That runs, or would; of the host None: the one that is built in."""
        try:
            slot = self._slots.current(name) if name in self._slots.names() else None
        except PackageError:
            return None
        return None if slot is None or (slot.state == FAILED and self._built_in) else slot

    def _is_installed(self, verified: Verified, storage: str) -> bool:
        name = verified.manifest.name
        if name not in self._slots.names():
            return False
        try:
            slot = self._slots.current(name)
            if slot is None or slot.state == FAILED:
                return False
            if (slot.manifest_sha256, slot.signed_by, slot.storage) != (verified.manifest_sha256, verified.signed_by, storage):
                return False
            check_slot(self._slots.path(name, slot), slot, self._trust)
        except PackageError as why:
            LOG.warning("%s is damaged where it is installed (%s): it is installed again", name, why)
            return False
        return True

    def _no_more_than_fit(self, name: str) -> None:
        others = [each for each in self._slots.names() if each != name]
        if len(others) >= MAX_PACKAGES:
            raise PackageError("{count} packages are installed already: remove one first", count=MAX_PACKAGES)

    def _mend_record(self, name: str) -> None:
        """A damaged one is made anew as at a start: begun anew for the version that is coming, it would take the one that runs out
        of its slot, and keep the package off after the next start."""
        if self._built_in or name not in self._slots.names() or not self._slots.is_damaged(name):
            return
        unsigned = self._unsigned is not None and self._unsigned.allowed
        with suppress(PackageError):  # nothing of it is whole
            self._slots.rebuild(name, lambda folder: check_tree(folder, self._trust, unsigned=unsigned))

    def _check(self, name: str, slot: Slot) -> None:
        """Runs the package's own check before anything is switched; its last line of output is the reason when it fails."""
        path = self._slots.path(name, slot)
        try:
            open_tree(path)
            asked = command(path, self._environment.of(path, licensed=True), "check")
            code, said = run(asked, launch=self._users.for_one(CHECK))
        except TimeoutError as why:
            raise PackageError(
                "{name}: its check took longer than {limit_s:.0f} s; nothing was changed", name=name, limit_s=WITHIN_S
            ) from why
        except OSError as why:
            raise PackageError("{name}: its check cannot be started: {reason}", name=name, reason=why.strerror or why) from why
        if code:
            raise PackageError("{name} does not work on this camera: {reason}", name=name, reason=reason(code, said))
