"""Packages: uploaded, verified, staged, on trial, good, else rolled back: what Package Management and the CGIs do with packages."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.files import write_whole
from board.kit.sockets import short_address
from board.kit.state import State
from firmware.packages.keys import Trust, report_key
from firmware.packages.licence import read_licence
from firmware.packages.manifest import Manifest
from firmware.packages.slots import CAMERA, FAILED, GOOD, SD, STAGED, TRIAL, Slot, Slots
from firmware.packages.verify import INITSCR, Verified, verify, verify_tree
from firmware.processes.supervisor import ABSENT, CHILD, ProcessStatus, Supervisor

LOG = logging.getLogger("packages")

MAX_PACKAGES = 10
"""`capability_vadp_npackage`."""
TRIAL_STARTS = 3
"""A version that was started so often without getting good is rolled back (a crash of the whole camera counts too)."""
CHECK_WITHIN_S = 240.0
LOOK_EVERY_S = 1.0

AT_BOOT = {"respawn": True, "once": True, "never": False}
AFTER_CRASH = {"respawn": True, "once": False, "never": False}


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """One line of Package Management. `status`: "on" or "off"; `message`: for people, "" when all is well; `license`: "valid",
    "not needed" or "none"; `previous`: version that a roll-back would run, "" when there is none."""

    idx: int
    name: str
    extendedname: str
    vendor: str
    vendorurl: str
    version: str
    url: str
    enabled: bool
    status: str
    message: str
    slot: str
    slot_state: str
    storage: str
    previous: str
    mechanism: str
    license: str
    license_message: str
    manifest_sha256: str
    processes: tuple[ProcessStatus, ...]


class Packages:
    """Thread-safe. Every refusal is a PackageError whose text is for people; the state before stays in force."""

    def __init__(
        self, state: State, slots: Slots, trust: Callable[[], Trust], make_safe: Callable[[], None], serial: str, clock: Clock
    ) -> None:
        self._state = state
        self._slots = slots
        self._trust = trust
        self._make_safe = make_safe
        self.serial = serial
        self._clock = clock
        self._lock = threading.RLock()
        self._uploading = threading.Lock()
        self._running: dict[str, Supervisor] = {}
        self._problems: dict[str, str] = {}
        self._booted = False
        self._addresses: Mapping[str, str] = {}
        self._end = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="keeper", daemon=True)

    def boot(self, bind: str = "127.0.0.1", port: int = 0) -> None:
        """From now on packages run: starts every enabled one whose run mode says so, and watches those on trial.

        `bind`, `port`: where the host's web pages are; the processes are told (GATEWRIGHT_BIND, GATEWRIGHT_PORT), so that their own
        servers listen on the same address."""
        self._addresses = {"GATEWRIGHT_BIND": bind, "GATEWRIGHT_PORT": str(port)}
        self._booted = True
        for name in self._slots.names():
            with self._lock:
                try:
                    _, manifest = self._installed(name)
                    if self._slots.record(name).enabled and AT_BOOT[manifest.runmode]:
                        self._start(name)
                except PackageError as why:
                    self._problems[name] = str(why)
                    LOG.error("%s is not started: %s", name, why)
        self._keeper.start()

    def close(self) -> None:
        """Stops everything; what was enabled stays enabled for the next start."""
        self._end.set()
        if self._keeper.is_alive():
            self._keeper.join()
        with self._lock:
            for name in list(self._running):
                self._running.pop(name).stop()
                slot = self._slots.current(name)
                if slot is not None and slot.state == TRIAL:
                    self._slots.mark(name, slot, TRIAL)  # an orderly end is no failed trial

    def install(self, archive: Path, storage: str) -> Iterator[str]:
        """Verifies, stages, checks and activates; yields a word per step, the last is the package's name.

        A package that runs is stopped for the switch and started again; one that is off stays off. The very version that is
        installed already, undamaged, is left as it is."""
        if not self._uploading.acquire(blocking=False):
            raise PackageError("another package is being installed right now; try again when it is done")
        try:
            verified = verify(archive, self._trust())
            name = verified.manifest.name
            yield f"{name} {verified.manifest.version}: signature and contents are right"
            if self._is_installed(verified, storage):
                yield "this version is installed already"
                yield name
                return
            self._no_conflict(verified.manifest)
            with self._lock:
                letter = self._slots.reserve(verified, storage)
            slot = self._slots.stage(archive, verified, storage, letter)
            yield f"stored on the {'SD card' if storage == SD else 'camera'}"
            try:
                self._check(name, slot)
            except PackageError:
                self._slots.drop(name, slot)
                raise
            yield "checked"
            with self._lock:
                self._switch(name, slot, "")
            LOG.info("%s %s is installed in slot %s (%s)", name, slot.version, slot.letter, slot.storage)
            self._forget_bytecode()
            yield name
        except PackageError as why:
            LOG.warning("upload refused: %s", why)
            raise
        finally:
            self._uploading.release()

    def start(self, name: str) -> None:
        """Also after a boot from now on. A package that runs with all its processes is left alone."""
        with self._lock:
            supervisor = self._running.get(name)
            if supervisor is not None and supervisor.complete:
                return
            self._halt(name)
            self._start(name)
            self._slots.set_enabled(name, True)

    def enable(self, name: str) -> None:
        """It starts with the host."""
        self._slots.set_enabled(name, True)

    def stop(self, name: str) -> None:
        """Stays off, also after a boot."""
        with self._lock:
            self._installed(name)
            self._slots.set_enabled(name, False)
            self._halt(name)
            self._problems.pop(name, None)
            slot = self._slots.current(name)
            if slot is not None and slot.state == TRIAL:
                self._slots.mark(name, slot, TRIAL)  # a stop by hand is no failed trial

    def restart(self, name: str) -> None:
        with self._lock:
            self._installed(name)
            self._halt(name)
            self._start(name)
            self._slots.set_enabled(name, True)

    def remove(self, name: str) -> None:
        """Stops and deletes both versions and the licence; the data that the package stored stays."""
        with self._lock:
            self._slots.record(name)
            self._halt(name)
            self._slots.remove(name)
            self._licence_file(name).unlink(missing_ok=True)
            self._problems.pop(name, None)
        self._forget_bytecode()

    def rollback(self, name: str) -> None:
        """Back to the previous version; running stays running, off stays off."""
        with self._lock:
            current, _ = self._installed(name)
            previous = self._slots.previous(name)
            if previous is None:
                raise PackageError("{name}: there is no previous version to go back to", name=name)
            self._slots.path(name, previous)
            self._switch(name, previous, f"went back from {current.version} to {previous.version} by hand")

    def commands(self) -> Mapping[str, Callable[[str], None]]:
        """{what a page or a CGI asks for: how it is done to the package of a name}."""
        return {
            "start": self.start,
            "stop": self.stop,
            "restart": self.restart,
            "remove": self.remove,
            "rollback": self.rollback,
        }

    def portals_ready(self) -> bool:
        """Every package that should run does: its processes beat and its portal answers. One that cannot is not ready."""
        return all(self._ready(name) for name in self._slots.names())

    def _ready(self, name: str) -> bool:
        try:
            if not self._slots.record(name).enabled:
                return True
            _, manifest = self._installed(name)
        except PackageError:
            return False  # Package Management says why
        supervisor = self._running.get(name)
        return supervisor is not None and not supervisor.ill and _listens(self._state.run / manifest.socket)

    def name_of(self, idx: int) -> str:
        """The package with this index of getparam.cgi."""
        names = self._slots.names()
        if not 0 <= idx < len(names):
            raise PackageError("there is no package with index {idx}", idx=idx)
        return names[idx]

    def portal(self, path: str) -> tuple[str, Path] | None:
        """(package name, socket) of the portal that serves `path`; None when no installed package does."""
        for name in self._slots.names():
            slot = self._slots.current(name)
            if slot is None:
                continue
            manifest = self._slots.manifest(name, slot)
            if path.startswith(manifest.url) or path == manifest.url.rstrip("/"):
                return name, self._state.run / manifest.socket
        return None

    def store_licence(self, name: str, data: bytes) -> str:
        """Checks and stores a licence file; it counts from the package's next start. Returns until when it is valid."""
        with self._lock:
            slot, manifest = self._installed(name)
            if manifest.mechanism == "none":
                raise PackageError("{name} needs no licence", name=name)
            licence = read_licence(data, name, self.serial, slot.signed_by, self._trust(), self._clock.now())
            path = self._licence_file(name)
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                write_whole(path, data)
            except OSError as why:
                raise PackageError("the licence cannot be stored: {strerror}", strerror=why.strerror) from why
            if name in self._running:
                self._halt(name)
                self._start(name)
        return licence.expires.isoformat() if licence.expires else "no end"

    def ill(self) -> str:
        """What is wrong with the processes of running packages; "" when all is well or none is meant to run. Waits for nobody."""
        found = [(name, supervisor.ill) for name, supervisor in list(self._running.items())]
        return "; ".join(f"{name}: {why}" for name, why in found if why)

    def listing(self) -> tuple[PackageStatus, ...]:
        """Every installed package, in the order of the CGIs' index."""
        return tuple(self._status(idx, name) for idx, name in enumerate(self._slots.names()))

    def _status(self, idx: int, name: str) -> PackageStatus:
        try:
            record = self._slots.record(name)
            slot, manifest = self._installed(name)
        except PackageError as why:
            return PackageStatus(
                idx, name, name, "", "", "", "", False, "off", str(why), "", FAILED, CAMERA, "", "none", "none", "", "", ()
            )
        supervisor = self._running.get(name)
        processes = supervisor.status if supervisor is not None else ()
        runs = supervisor is not None and supervisor.alive and not any(process.broken for process in processes)
        runs = runs and any(process.pid for process in processes)
        previous = self._slots.previous(name)
        licence, licence_message = self._licence(name, slot, manifest)
        message = self._message(name, record.notice, slot, supervisor, processes)
        return PackageStatus(
            idx, name, manifest.extendedname or name, manifest.vendor, manifest.vendorurl, manifest.version, manifest.url,
            record.enabled, "on" if runs else "off", message, slot.letter, slot.state, slot.storage,
            previous.version if previous else "",
            manifest.mechanism, licence, licence_message, slot.manifest_sha256, processes,
        )  # fmt: skip

    def _message(
        self, name: str, notice: str, slot: Slot, supervisor: Supervisor | None, processes: tuple[ProcessStatus, ...]
    ) -> str:
        problem = self._problems.get(name)
        if problem:
            return problem
        if supervisor is None:
            return notice
        broken = [
            f"{process.name}: {process.error}"
            for process in processes
            if process.error and not process.pid and process.state != ABSENT
        ]
        if broken:
            return "; ".join(broken)
        if not supervisor.alive:
            return "the supervisor failed: press Start"
        silent = "" if notice else ", ".join(process.name for process in processes if process.ill)
        words = (
            notice,
            "on trial" if slot.state == TRIAL else "",
            f"waiting for the first heartbeat of {silent}" if silent else "",
        )
        return " · ".join(filter(None, words))

    def _installed(self, name: str) -> tuple[Slot, Manifest]:
        self._slots.record(name)
        slot = self._slots.current(name)
        if slot is None:
            raise PackageError("{name} is not completely installed; upload it again", name=name)
        return slot, self._slots.manifest(name, slot)

    def _is_installed(self, verified: Verified, storage: str) -> bool:
        name = verified.manifest.name
        if name not in self._slots.names():
            return False
        try:
            slot = self._slots.current(name)
            if slot is None or (slot.manifest_sha256, slot.storage) != (verified.manifest_sha256, storage) or slot.state == FAILED:
                return False
            verify_tree(self._slots.path(name, slot), self._trust())
        except PackageError as why:
            LOG.warning("%s is damaged where it is installed (%s): it is installed again", name, why)
            return False
        return True

    def _no_conflict(self, manifest: Manifest) -> None:
        others = [name for name in self._slots.names() if name != manifest.name]
        if len(others) >= MAX_PACKAGES:
            raise PackageError("{max_packages} packages are installed already: remove one first", max_packages=MAX_PACKAGES)
        ours = {process.name for process in manifest.processes}
        for other in others:
            slot = self._slots.current(other)
            if slot is None:
                continue
            theirs = self._slots.manifest(other, slot)
            if theirs.url == manifest.url or theirs.socket == manifest.socket:
                raise PackageError(
                    "{name}: {url} or its socket belongs to {other}; remove {other} first",
                    name=manifest.name,
                    url=manifest.url,
                    other=other,
                )
            shared = ours & {process.name for process in theirs.processes}
            if shared:
                raise PackageError(
                    "{name}: {other} runs a process {shared} too; remove {other} first",
                    name=manifest.name,
                    other=other,
                    shared=sorted(shared)[0],
                )

    def _check(self, name: str, slot: Slot) -> None:
        """Runs the package's own check before anything is switched; its last line of output is the reason when it fails."""
        path = self._slots.path(name, slot)
        command = [sys.executable, "-I", "-S", str(CHILD), str(os.getpid()), sys.executable, "-P", str(path / INITSCR), "check"]
        environment = self._environment(slot, path, licensed=True)
        popen = subprocess.Popen(
            command, cwd=path, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True,
        )  # fmt: skip
        try:
            output, _ = popen.communicate(timeout=CHECK_WITHIN_S)
        except subprocess.TimeoutExpired as why:
            os.killpg(popen.pid, 9)
            popen.communicate()
            raise PackageError(
                "{name}: its check took longer than {check_within_s:.0f} s; nothing was changed",
                name=name,
                check_within_s=CHECK_WITHIN_S,
            ) from why
        if popen.returncode:
            lines = [line.strip() for line in output.decode("utf-8", "replace").splitlines() if line.strip()]
            reason = lines[-1][:300] if lines else f"exit code {popen.returncode}"
            raise PackageError("{name} does not work on this camera: {reason}", name=name, reason=reason)

    def _switch(self, name: str, slot: Slot, notice: str) -> None:
        was_running = self._halt(name)
        try:
            self._slots.activate(name, slot)
        except PackageError:
            if was_running:
                self._start(name)  # what was there before
            raise
        self._slots.set_notice(name, notice)
        self._problems.pop(name, None)
        if was_running or (self._booted and self._slots.record(name).enabled):
            self._start(name)

    def _start(self, name: str) -> None:
        slot, manifest = self._installed(name)
        try:
            path = self._slots.path(name, slot)
        except PackageError as why:
            self._problems[name] = str(why)
            raise
        previous = self._slots.previous(name)
        spare = previous if previous is not None and previous.state == GOOD else None
        if slot.state in (TRIAL, STAGED):
            try:
                slot = self._slots.mark(name, slot, TRIAL, slot.why, slot.tries + 1)
            except PackageError as why:  # a full disk must not keep the gate shut
                LOG.error("%s: a start on trial is not counted: %s", name, why)
            if slot.tries > TRIAL_STARTS and spare is not None:
                self._roll_back(name, slot, spare, f"started {TRIAL_STARTS} times without getting good")
                return
        try:
            verify_tree(path, self._trust())
        except PackageError as why:
            if spare is not None:
                self._roll_back(name, slot, spare, str(why))
                return
            self._problems[name] = str(why)
            raise
        licence, message = self._licence(name, slot, manifest)
        if message and licence == "none":
            LOG.warning("%s runs without a licence: %s", name, message)
        supervisor = Supervisor(
            manifest.processes, path, self._state, self._environment(slot, path, licence != "none"), manifest.health,
            self._make_safe, AFTER_CRASH[manifest.runmode],
        )  # fmt: skip
        supervisor.start()
        self._running[name] = supervisor
        self._problems.pop(name, None)
        LOG.info("%s %s runs from slot %s", name, slot.version, slot.letter)

    def _halt(self, name: str) -> bool:
        supervisor = self._running.pop(name, None)
        if supervisor is None:
            return False
        supervisor.stop()
        LOG.info("%s is stopped", name)
        return True

    def _roll_back(self, name: str, slot: Slot, previous: Slot, why: str) -> None:
        LOG.error("%s %s: %s; back to %s", name, slot.version, why, previous.version)
        self._halt(name)
        self._slots.mark(name, slot, FAILED, why)
        self._slots.activate(name, previous)
        self._slots.set_notice(name, f"{slot.version} was rolled back to {previous.version}: {why}")
        self._start(name)

    def _keep(self) -> None:
        while not self._clock.wait(self._end, LOOK_EVERY_S):
            for name in list(self._running):
                with self._lock:
                    try:
                        self._judge(name)
                    except Exception:  # a thread's top: one package's trouble must not end the watch over the others
                        LOG.exception("%s cannot be judged", name)

    def _judge(self, name: str) -> None:
        """A version on trial becomes good when all its processes have beaten through its window; too many crashes roll it back."""
        supervisor = self._running.get(name)
        slot = self._slots.current(name)
        if supervisor is None or slot is None or slot.state != TRIAL:
            return
        health = self._slots.manifest(name, slot).health
        if supervisor.crashes > health.failures:
            why = "; ".join(f"{process.name}: {process.error}" for process in supervisor.status if process.error)
            previous = self._slots.previous(name)
            if previous is not None and previous.state == GOOD:
                try:
                    self._roll_back(name, slot, previous, why)
                except PackageError:
                    if name not in self._running:
                        self._start(name)  # what works of it is better than nothing
                    raise
                return
        if supervisor.beating_s >= health.window_s:
            self._slots.mark(name, slot, GOOD)
            self._slots.set_notice(name, "")
            LOG.info("%s %s is good", name, slot.version)

    @property
    def report_key(self) -> str:
        """Fingerprint of the key that signs this camera's bench reports; "" while there is none."""
        return report_key(self._state)

    def _licence(self, name: str, slot: Slot, manifest: Manifest) -> tuple[str, str]:
        if manifest.mechanism == "none":
            return "not needed", ""
        try:
            data = self._licence_file(name).read_bytes()
        except OSError:
            return "none", f"no licence for the camera with serial {self.serial}"
        try:
            licence = read_licence(data, name, self.serial, slot.signed_by, self._trust(), self._clock.now())
        except PackageError as why:
            return "none", str(why)
        return "valid", f"until {licence.expires.isoformat()}" if licence.expires else "no end"

    def _licence_file(self, name: str) -> Path:
        return self._state.host / "licences" / f"{name}.json"

    def _environment(self, slot: Slot, path: Path, licensed: bool) -> Mapping[str, str]:
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GATEWRIGHT_"))}
        return {
            **kept,
            "PYTHONPATH": str(path / "lib"),
            "PYTHONPYCACHEPREFIX": str(self._bytecode / slot.manifest_sha256[:16]),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONUNBUFFERED": "1",
            "GATEWRIGHT_STATE": str(self._state.root),
            "GATEWRIGHT_LICENSED": "1" if licensed else "0",
            **self._addresses,
        }

    @property
    def _bytecode(self) -> Path:
        return self._state.host / "bytecode"

    def _forget_bytecode(self) -> None:
        """Bytecode lies apart for each version: two versions' files may agree in time and size."""
        names = self._slots.names()
        wanted = {slot.manifest_sha256[:16] for name in names for slot in self._slots.record(name).slots}
        for folder in self._bytecode.glob("*"):
            if folder.name not in wanted:
                shutil.rmtree(folder, ignore_errors=True)


def _listens(path: Path) -> bool:
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            with short_address(path) as name:
                probe.connect(name)
        except OSError:
            return False
    return True


def board_file(state: State, profile: str, camera: str, sd: Path | None) -> None:
    """Writes STATE/board.json for the package's processes; old or new, never half. What it says already is not written again:
    a camera with a full disk starts. PackageError when something else must be written and cannot."""
    document = {"profile": profile, "camera": camera, "sd": str(sd) if sd else ""}
    data = json.dumps(document, indent=1).encode()
    try:
        if state.board_file.exists() and state.board_file.read_bytes() == data:
            return
        write_whole(state.board_file, data)
    except OSError as why:
        raise PackageError(
            "{board_file} cannot be written: {strerror}", board_file=state.board_file, strerror=why.strerror
        ) from why
