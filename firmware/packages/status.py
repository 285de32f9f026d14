"""Status: what Package Management and the CGIs show of each installed package."""

from __future__ import annotations

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.words import NOTHING, Text, from_stored, joined
from firmware.packages.kept_data import KeptData
from firmware.packages.licences import Licences
from firmware.packages.manifest import Manifest
from firmware.packages.records import CAMERA, FAILED, TRIAL, Slot
from firmware.packages.running import Running
from firmware.packages.schedules import Schedule, Schedules
from firmware.packages.slots import Slots
from firmware.processes.supervisor import ABSENT, ProcessStatus, Supervisor


@dataclass(frozen=True, slots=True)
class PackageStatus:
    """One line of Package Management. `status`: "on" or "off"; `message`: for people, "" when all is well; `warns`: it tells
    of something wrong, not only of a trial; `alike`: why its processes are all one user, "" when each is its own;
    `license`: "valid", "not needed" or "none"; `previous`: version that a roll-back would run, "" when there is none;
    `way_back`: what that would do to the package's data; `schedule`: the hours at which it runs;
    `signed`: somebody whom this camera trusts has; `rests`: it waits for these hours."""

    idx: int
    name: str
    extendedname: str
    vendor: str
    vendorurl: str
    version: str
    url: str
    enabled: bool
    status: str
    message: Text
    slot: str
    slot_state: str
    storage: str
    previous: str
    mechanism: str
    license: str
    license_message: Text
    manifest_sha256: str
    processes: tuple[ProcessStatus, ...]
    warns: bool
    alike: Text
    way_back: Text
    schedule: Schedule
    signed: bool
    rests: bool


class Listing:
    """Reads only."""

    def __init__(self, slots: Slots, running: Running, licences: Licences, data: KeptData, schedules: Schedules) -> None:
        self._schedules = schedules
        self._data = data
        self._slots = slots
        self._running = running
        self._licences = licences

    def all(self) -> tuple[PackageStatus, ...]:
        """Every installed package, in the order of the CGIs' index."""
        return tuple(self._one(idx, name) for idx, name in enumerate(self._slots.names()))

    def _one(self, idx: int, name: str) -> PackageStatus:
        try:
            record = self._slots.record(name)
            slot, manifest = self._slots.installed(name)
            previous = self._slots.previous(name)
        except PackageError as why:
            return PackageStatus(
                idx,
                name,
                name,
                "",
                "",
                "",
                "",
                False,
                "off",
                why.text,
                "",
                FAILED,
                CAMERA,
                "",
                "none",
                "none",
                NOTHING,
                "",
                (),
                True,
                NOTHING,
                NOTHING,
                self._schedules.of(name),
                True,
                False,
            )
        supervisor = self._running.get(name)
        processes = supervisor.status if supervisor is not None else ()
        runs = supervisor is not None and supervisor.alive and not any(process.broken for process in processes)
        runs = runs and any(process.pid for process in processes)
        licence, licence_message = self._licences.of(slot, manifest)
        notice = from_stored(record.notice)
        problem = self._running.problems.get(name) or self._gone(name, slot, supervisor) or _problem(supervisor, processes)
        trial = NOTHING if problem or supervisor is None else _trial(slot, () if notice else processes)
        rest = NOTHING
        if name in self._running.resting:
            rest = Text("rests: its schedule starts it at {begin}", {"begin": self._schedules.of(name).begin})
        message = problem or joined([each for each in (notice, rest, trial) if each])
        return PackageStatus(
            idx, name, manifest.extendedname or name, manifest.vendor, manifest.vendorurl, manifest.version, manifest.portal.path,
            record.enabled, "on" if runs else "off", message, slot.letter, slot.state, slot.storage,
            previous.version if previous else "",
            manifest.mechanism, licence, licence_message, slot.manifest_sha256, processes, bool(problem or notice),
            self._running.alike.get(name, NOTHING), self._way_back(manifest, previous),
            self._schedules.of(name), bool(slot.signed_by),
            name in self._running.resting,
        )  # fmt: skip

    def _gone(self, name: str, slot: Slot, supervisor: Supervisor | None) -> Text:
        """A card that was pulled is why its processes do not come back."""
        try:
            if supervisor is not None:
                self._slots.path(name, slot)
        except PackageError as why:
            return why.text
        return NOTHING

    def _way_back(self, manifest: Manifest, previous: Slot | None) -> Text:
        try:
            return self._data.way_back(manifest, self._slots.manifest(manifest.name, previous)) if previous else NOTHING
        except PackageError as why:
            return why.text


def _problem(supervisor: Supervisor | None, processes: tuple[ProcessStatus, ...]) -> Text:
    broken = [
        Text("{process}: {why}", {"process": process.name, "why": process.error})
        for process in processes
        if process.error and not process.pid and process.state != ABSENT
    ]
    if broken:
        return joined(broken)
    return NOTHING if supervisor is None or supervisor.alive else Text("the supervisor failed: press Start")


def _trial(slot: Slot, processes: tuple[ProcessStatus, ...]) -> Text:
    silent = [process.name for process in processes if process.ill]
    waits = Text("waiting for the first heartbeat of {processes}", {"processes": silent}) if silent else NOTHING
    return joined([each for each in (Text("on trial") if slot.state == TRIAL else NOTHING, waits) if each])
