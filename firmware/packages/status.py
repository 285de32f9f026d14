"""Status: what Package Management and the CGIs show of each installed package."""

from __future__ import annotations

from dataclasses import dataclass

from board.kit.errors import PackageError
from firmware.packages.licences import Licences
from firmware.packages.running import Running
from firmware.packages.slots import CAMERA, FAILED, TRIAL, Slot, Slots
from firmware.processes.supervisor import ABSENT, ProcessStatus, Supervisor


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


class Listing:
    """Reads only."""

    def __init__(self, slots: Slots, running: Running, licences: Licences) -> None:
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
                idx, name, name, "", "", "", "", False, "off", str(why), "", FAILED, CAMERA, "", "none", "none", "", "", ()
            )
        supervisor = self._running.get(name)
        processes = supervisor.status if supervisor is not None else ()
        runs = supervisor is not None and supervisor.alive and not any(process.broken for process in processes)
        runs = runs and any(process.pid for process in processes)
        licence, licence_message = self._licences.of(slot, manifest)
        message = self._running.problems.get(name) or _message(record.notice, slot, supervisor, processes)
        return PackageStatus(
            idx, name, manifest.extendedname or name, manifest.vendor, manifest.vendorurl, manifest.version, manifest.portal.path,
            record.enabled, "on" if runs else "off", message, slot.letter, slot.state, slot.storage,
            previous.version if previous else "",
            manifest.mechanism, licence, licence_message, slot.manifest_sha256, processes,
        )  # fmt: skip


def _message(notice: str, slot: Slot, supervisor: Supervisor | None, processes: tuple[ProcessStatus, ...]) -> str:
    if supervisor is None:
        return notice
    broken = [
        f"{process.name}: {process.error}" for process in processes if process.error and not process.pid and process.state != ABSENT
    ]
    if broken:
        return "; ".join(broken)
    if not supervisor.alive:
        return "the supervisor failed: press Start"
    silent = "" if notice else ", ".join(process.name for process in processes if process.ill)
    words = (notice, "on trial" if slot.state == TRIAL else "", f"waiting for the first heartbeat of {silent}" if silent else "")
    return " · ".join(filter(None, words))
