"""Devices: the state of each I2C and serial device in use, written by the process that uses it, read by whoever shows it.

One small file per device in STATE/run/devices, written when something changes. Files of a process that has died are ignored.
"""

from __future__ import annotations

import json
import logging
import os
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.files import write_whole
from board.kit.from_json import from_json
from board.kit.state import State
from board.kit.words import Text, plain, received

log = logging.getLogger("board.devices")


@dataclass(frozen=True, slots=True)
class DeviceState:
    """`device`: what it is and where, for people; `problem`: NOTHING while it works; `since`: of the last change, aware UTC."""

    device: str
    problem: Text
    since: datetime
    process: str


class DeviceBook:
    """The states that this process reports; any thread may call `report`."""

    def __init__(self, state: State, process: str) -> None:
        self._folder = state.devices
        self._process = process
        self._told: dict[str, Text] = {}

    def report(self, device: str, problem: Text) -> None:
        """The device works (`problem` NOTHING) or does not; logged and written when that is news."""
        before = self._told.get(device)
        if before == problem:
            return
        self._told[device] = problem
        if problem:
            log.warning("%s: %s", device, problem)
        else:
            log.info("%s: %s", device, "works" if before is None else "is back")
        entry = {"device": device, "problem": plain(problem), "since": datetime.now(UTC).isoformat(), "pid": os.getpid()}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_whole(self._path(device), json.dumps(entry | {"process": self._process}).encode())
        except OSError as why:
            log.warning("the state of %s is not shown: %s", device, why)

    def forget(self, device: str) -> None:
        """The device is not used any more."""
        if self._told.pop(device, None) is not None:
            with suppress(OSError):  # another user's, such as the host's when it had made the outputs safe and was ended there
                self._path(device).unlink()

    def close(self) -> None:
        for device in list(self._told):
            self.forget(device)

    def _path(self, device: str) -> Path:
        return self._folder / f"{self._process}-{re.sub(r'[^A-Za-z0-9]+', '-', device)[:100]}.json"


def read_devices(state: State) -> tuple[DeviceState, ...]:
    """Every device that a living process uses, by name."""
    found = []
    for path in sorted(state.devices.glob("*.json")):
        try:
            entry = from_json(path.read_text())
            one = DeviceState(entry["device"], received(entry["problem"]), datetime.fromisoformat(entry["since"]), entry["process"])
            alive = _is_alive(int(entry["pid"]))
        except (OSError, ValueError, KeyError, TypeError) as why:
            log.debug("%s is not read: %s", path, why)
            continue
        if alive:
            found.append(one)
    return tuple(sorted(found, key=lambda one: one.device))


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
