"""Management: what Package Management and the CGIs ask for, one change at a time; each job is done by a part of its own."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.words import Text
from firmware.packages import conflicts
from firmware.packages.checker import check_tree
from firmware.packages.documents import documents
from firmware.packages.environment import Environment
from firmware.packages.install import MAX_PACKAGES, Installer
from firmware.packages.kept_data import KeptData
from firmware.packages.keys import TrustedKeys, report_key
from firmware.packages.licences import Licences
from firmware.packages.routing import Routed, Routing
from firmware.packages.running import Running
from firmware.packages.schedules import Schedule, Schedules
from firmware.packages.script import PackageData
from firmware.packages.slots import Slots
from firmware.packages.status import Listing, PackageStatus
from firmware.packages.trial import Trial
from firmware.packages.trusted import Trusted, Version
from firmware.packages.unsigned import Unsigned
from firmware.packages.versions import Versions
from firmware.processes.groups import Groups
from firmware.processes.supervisor import PINS
from firmware.processes.users import Users

__all__ = ["MAX_PACKAGES", "PackageStatus", "Packages"]

LOG = logging.getLogger("packages")

LOOK_EVERY_S = 1.0
AT_BOOT = {"respawn": True, "once": True, "never": False}


class Packages:
    """Thread-safe. Every refusal is a PackageError whose text is for people; the state before stays in force."""

    def __init__(
        self,
        state: State,
        slots: Slots,
        trust: TrustedKeys,
        make_safe: Callable[[], None],
        serial: str,
        clock: Clock,
        users: Users | None = None,
        groups: Groups | None = None,
    ) -> None:
        self._state = state
        self._slots = slots
        self._trust = trust
        self._clock = clock
        self._lock = threading.RLock()
        self._end = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._environment = Environment(state, slots)
        self._licences = Licences(state, trust, serial, clock)
        users = users or Users(state, None)
        self.data = PackageData(slots, trust, self._environment)
        self._kept_data = KeptData(state, slots, self.data, clock)
        self.schedules = Schedules(state.host, clock)
        self.groups = groups or Groups(None)
        self._running = Running(
            state, slots, trust, self._licences, self._environment, make_safe, users, self._kept_data, self.schedules, self.groups
        )
        self._trial = Trial(slots, self._running)
        self.versions = Versions(state.host)
        self.unsigned = Unsigned(state.host)
        self._installer = Installer(
            slots,
            trust,
            self._environment,
            self._lock,
            self._running,
            self.versions,
            users,
            self._kept_data,
            unsigned=self.unsigned,
            licences=self._licences,
        )
        self._listing = Listing(slots, self._running, self._licences, self._kept_data, self.schedules)
        self._routing = Routing(state, slots, self._running)
        self.trusted = Trusted(trust, self.installed)

    def installed(self) -> list[Version]:
        """Every version of every package."""
        return [version for name in self._slots.names() for version in self._slots.versions(name)]

    def boot(self, bind: str = "127.0.0.1", port: int = 0) -> None:
        """From now on packages run: starts every enabled one whose run mode says so, and watches those on trial.

        `bind`, `port`: where the host's web pages are; the processes are told (GATEWRIGHT_BIND, GATEWRIGHT_PORT), so that their own
        servers listen on the same address."""
        self._environment.addresses = {"GATEWRIGHT_BIND": bind, "GATEWRIGHT_PORT": str(port)}
        self._running.booted = True
        for name in sorted(self._slots.names(), key=self._drives_outputs, reverse=True):
            with self._lock:
                try:
                    if self._slots.is_damaged(name):
                        self._slots.rebuild(name, lambda folder: check_tree(folder, self._trust, unsigned=self.unsigned.allowed))
                    if self._slots.is_let_go(name):
                        with suppress(OSError, PackageError):  # as below
                            self._forget(name)
                    self._slots.relink(name)
                    self._slots.tidy(name)
                    self._kept_data.tidy(name)
                except (OSError, PackageError) as why:  # a full disk or a damaged record must not keep a package from running
                    LOG.error("%s: what an interrupted installation left stays: %s", name, why)
                if name not in self._slots.names():
                    LOG.warning("%s: its removal, or first installation, was cut off: it is gone", name)
                    continue
                try:
                    _, manifest = self._slots.installed(name)
                    if self._slots.record(name).enabled and AT_BOOT[manifest.runmode]:
                        self._running.start(name)
                except PackageError as why:
                    self._running.problems[name] = why.text
                    LOG.error("%s is not started: %s", name, why)
                except Exception:  # nor one package the host and the others
                    LOG.exception("%s is not started", name)
        self._keeper.start()

    def _drives_outputs(self, name: str) -> bool:
        """No gate waits for what runs beside it: each package is hashed before it starts."""
        try:
            return any(process.name == PINS for process in self._slots.installed(name)[1].processes)
        except PackageError:
            return False

    def close(self) -> None:
        """Stops everything; what was enabled stays enabled for the next start."""
        self._end.set()
        if self._keeper.is_alive():
            self._keeper.join()
        with self._lock:
            for name in self._running.names():
                self._running.stop(name)
                self._trial.interrupt(name)

    def install(self, archive: Path, storage: str, confirmed: bool = False, licence: bytes | None = None) -> Iterator[Text]:
        """See Installer.install."""
        return self._installer.install(archive, storage, confirmed, licence)

    def start(self, name: str) -> None:
        """Also after a boot from now on. A package that runs with all its processes is left alone."""
        with self._lock:
            supervisor = self._running.get(name)
            if supervisor is not None and supervisor.complete:
                return
            self._slots.installed(name)
            self._end_by_hand(name)
            self._running.start(name)
            self._slots.set_enabled(name, True)

    def enable(self, name: str) -> None:
        """It starts with the host."""
        self._slots.set_enabled(name, True)

    def stop(self, name: str) -> None:
        """Stays off, also after a boot."""
        with self._lock:
            self._slots.installed(name)
            self._slots.set_enabled(name, False)
            self._end_by_hand(name)
            self._running.problems.pop(name, None)

    def restart(self, name: str) -> None:
        with self._lock:
            self._slots.installed(name)
            self._end_by_hand(name)
            self._running.start(name)
            self._slots.set_enabled(name, True)

    def _end_by_hand(self, name: str) -> bool:
        """Whether it ran. Whoever has it start anew, again and again, has not found it failing its trial."""
        ran = self._running.stop(name)
        self._trial.interrupt(name)
        return ran

    def remove(self, name: str) -> None:
        """Stops and deletes both versions and the licence; the data that the package stored stays."""
        with self._lock:
            if name not in self._slots.names():
                raise PackageError("{name} is not installed", name=name)
            self._running.stop(name)
            self._slots.let_go(name)
            self._forget(name)
            self._slots.remove(name)
        self._environment.forget_bytecode()

    def _forget(self, name: str) -> None:
        """What was kept beside a package that is gone."""
        self._licences.remove(name)
        self._kept_data.forget(name)
        self.schedules.put(name, Schedule())
        self._running.problems.pop(name, None)

    def rollback(self, name: str) -> None:
        """To the version before, which is the later one if that was gone back from; running stays running, off stays off. Of two
        who ask at once, or one who asks again while it lasts, the second finds it done."""
        wanted = self._slots.previous(name)
        with self._lock:
            current, _ = self._slots.installed(name)
            if wanted is not None and (current.letter, current.manifest_sha256) == (wanted.letter, wanted.manifest_sha256):
                return
            previous = self._slots.previous(name)
            if previous is None:
                raise PackageError("{name}: there is no previous version to go back to", name=name)
            self._slots.path(name, previous)
            manifest = self._slots.manifest(name, previous)
            conflicts.check(self._slots, manifest)
            self._kept_data.check(manifest)
            self._running.switch(
                name,
                previous,
                Text("went back from {version} to {previous} by hand", {"version": current.version, "previous": previous.version}),
            )

    def schedule(self, name: str, schedule: Schedule) -> None:
        """It runs at these hours from now on; what is outside of them stops within a second, as on Stop."""
        with self._lock:
            self._slots.installed(name)
            self.schedules.put(name, schedule)
            self._running.forget_hold(name)

    def rests(self, name: str) -> bool:
        """It is to run, but not at this hour."""
        return name in self._running.resting

    def commands(self) -> Mapping[str, Callable[[str], None]]:
        """{what a page or a CGI asks for: how it is done to the package of a name}."""
        return {
            "start": self.start,
            "stop": self.stop,
            "restart": self.restart,
            "remove": self.remove,
            "rollback": self.rollback,
        }

    def store_licence(self, name: str, data: bytes) -> Text:
        """Checks and stores a licence file; a package that runs is started again with it. Returns until when it is valid."""
        with self._lock:
            slot, manifest = self._slots.installed(name)
            until = self._licences.store(data, slot, manifest)
            if self._end_by_hand(name):
                self._running.start(name)
        return until

    def listing(self) -> tuple[PackageStatus, ...]:
        """Every installed package, in the order of the CGIs' index."""
        return self._listing.all()

    def name_of(self, idx: int) -> str:
        """The package with this index of getparam.cgi."""
        names = self._slots.names()
        if not 0 <= idx < len(names):
            raise PackageError("there is no package with index {idx}", idx=idx)
        return names[idx]

    def route(self, path: str) -> Routed | None:
        """Which package answers `path`; None when no installed one does."""
        return self._routing.find(path)

    def documents(self) -> list[dict[str, Any]]:
        """What the installed packages say about their API, as OpenAPI."""
        return documents(self._slots)

    def portals_ready(self) -> bool:
        """Every package that should run does, and its portal answers."""
        return self._routing.ready()

    def ill(self) -> str:
        """As Running.ill: one that fails beside the gate's has nobody reset the board on which gates open."""
        return self._running.ill()

    @property
    def serial(self) -> str:
        """This camera's, to which licences are bound."""
        return self._licences.serial

    @property
    def report_key(self) -> str:
        """Fingerprint of the key that signs this camera's bench reports; "" while there is none."""
        return report_key(self._state)

    def _keep(self) -> None:
        while not self._clock.wait(self._end, LOOK_EVERY_S):
            for name in self._running.put_off():
                with self._lock:
                    try:
                        self._running.try_again(name)
                    except PackageError as why:
                        LOG.error("%s is not started: %s", name, why)
                    except Exception:  # as below
                        LOG.exception("%s is not started", name)
            for name in {*self._running.names(), *self._running.resting}:
                with self._lock:
                    try:
                        if self._running.follow_schedule(name):
                            self._trial.interrupt(name)
                        self._trial.judge(name)
                        self._running.follow_licence(name)
                    except Exception:  # a thread's top: one package's trouble must not end the watch over the others
                        LOG.exception("%s cannot be judged", name)
