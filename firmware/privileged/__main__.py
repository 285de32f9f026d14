"""`python -P -m firmware.privileged`: one request of the host, on a socket that systemd hands over as standard input and output
(gatewright-root.socket, which only the host's user may open); the process ends with its answer.

The request is one JSON line {"do": verb, ...}, the answer one too: {"ok": true} or {"error": text}. Every value is checked here
again: whoever takes the host over can do no more than this table. Nothing goes through a shell.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from board.kit.from_json import from_json
from firmware.machine.disks import is_needed
from firmware.privileged import lower, public
from firmware.privileged.network import Network

MAX_REQUEST_BYTES = 4_096
WITHIN_S = 240.0
"""Formatting a large card takes a minute."""
ZONES = Path("/usr/share/zoneinfo")
TIMESYNCD = Path("/etc/systemd/timesyncd.conf.d/60-gatewright.conf")
ENVIRONMENT = Path("/etc/gatewright.env")
FSTAB = Path("/etc/fstab")
LABEL = "GATEWRIGHT"
OPTIONS = rf"nosuid,nodev,noatime,nofail,x-systemd.device-timeout=5,x-systemd.wanted-by=dev-disk-by\x2dlabel-{LABEL}.device"
"""The last: whenever it is put in. Of itself systemd mounts what stands in fstab at the start of the board alone."""
USER = "gatewright"
EARLIEST, LATEST = datetime(2025, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(/[A-Za-z0-9_+-]+){0,2}")
_SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,250}[A-Za-z0-9])?")
_DEVICE = re.compile(r"mmcblk\d{1,2}(p\d{1,2})?|sd[a-z](\d{1,2})?")
_BUSY = ("Previous request is not finished", "Automatic time synchronization is enabled")
"""timedated, while what it was told before is still being done: it switches time servers on and off after it has answered."""
_BUSY_FOR_S, _AGAIN_S = 10.0, 0.2
_PATH = "/usr/sbin:/usr/bin:/sbin:/bin"


class Refused(Exception):
    """Why it is not done, in English."""


class Root:
    """`run`: executes words and gives what they print, Refused when they fail; `root`: "/" of the file system; `is_read_only()`: it
    lies below one in memory (lower.py); `pause(seconds)`: waits."""

    def __init__(
        self, run: Callable[..., str], root: Path = Path("/"), is_read_only: Callable[[], bool] = lower.is_there,
        pause: Callable[[float], object] = time.sleep,
    ) -> None:  # fmt: skip
        self._run = run
        self._pause = pause
        self._is_read_only = is_read_only
        self._root = root
        self.verbs: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "zone": self._zone,
            "servers": self._servers,
            "time": self._time,
            "reboot": self._reboot,
            "format": self._format,
            "mount": self._mount,
            "unmount": self._unmount,
            **Network(run, root).verbs,
        }

    def answer(self, line: bytes) -> dict[str, object]:
        """Does what a line asks for."""
        try:
            request = from_json(line)
            verb = self.verbs[request["do"]]
        except (ValueError, LookupError, TypeError):
            return {"error": "this is no request"}
        try:
            verb(request)
            if request["do"] in lower.VERBS and self._is_read_only():
                command = (sys.executable, "-P", "-m", "firmware.privileged.lower", *lower.VERBS[request["do"]])
                self._run("systemd-run", "--wait", "--collect", "--quiet", *command)
        except Refused as why:
            return {"error": str(why)}
        except ValueError as why:
            return {"error": str(why)[:200]}
        except (OSError, KeyError, TypeError) as why:
            return {"error": f"{type(why).__name__}: {why}"[:200]}
        return {"ok": True}

    def _zone(self, request: Mapping[str, Any]) -> None:
        zone = _text(request, "zone", _ZONE)
        if not (self._at(ZONES) / zone).is_file():
            raise Refused(f"there is no time zone {zone}")
        self._timedatectl("set-timezone", zone)

    def _servers(self, request: Mapping[str, Any]) -> None:
        """{"on", "servers"}: systemd-timesyncd asks these; none: those of the distribution."""
        servers = request["servers"]
        if (
            not isinstance(servers, list)
            or len(servers) > 4
            or not all(isinstance(each, str) and _SERVER.fullmatch(each) for each in servers)
        ):
            raise Refused("servers: up to four names or addresses")
        if type(request["on"]) is not bool:
            raise Refused("on: true or false")
        is_there = self._run("systemctl", "show", "--property=LoadState", "--value", "systemd-timesyncd") != "not-found"
        if servers and not is_there:  # where chrony is, for one
            raise Refused("systemd-timesyncd is not installed: tell them to the program that sets this system's clock")
        path = self._at(TIMESYNCD)
        public.make(path.parent)
        path.parent.chmod(0o755)  # an earlier release made it for root alone, and nobody read what stands there
        if servers:
            public.write(path, f"[Time]\nNTP={' '.join(servers)}\n")
        else:
            path.unlink(missing_ok=True)
        self._timedatectl("set-ntp", "true" if request["on"] else "false")
        if request["on"] and is_there:
            self._run("systemctl", "restart", "systemd-timesyncd")

    def _time(self, request: Mapping[str, Any]) -> None:
        """{"at"}: UTC, ISO 8601. timedated sets the battery's clock with it."""
        at = datetime.fromisoformat(request["at"])
        if at.tzinfo is None or not EARLIEST <= at < LATEST:
            raise Refused("the time must be of the years 2025 to 2099")
        self._timedatectl("set-ntp", "false")
        self._timedatectl("set-time", at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC"))

    def _timedatectl(self, *words: str) -> None:
        for _ in range(round(_BUSY_FOR_S / _AGAIN_S)):
            try:
                self._run("timedatectl", *words)
                return
            except Refused as why:
                if not any(each in str(why) for each in _BUSY):
                    raise
            self._pause(_AGAIN_S)
        self._run("timedatectl", *words)

    def _reboot(self, request: Mapping[str, Any]) -> None:
        self._run("systemctl", "--no-block", "reboot")

    # --- the SD card ---------------------------------------------------------------------------------------------------

    def _format(self, request: Mapping[str, Any]) -> None:
        device = self._removable(_text(request, "device", _DEVICE))
        self._make_way(device)
        self._unmount({"device": device})
        self._run("mkfs.ext4", "-q", "-F", "-L", LABEL, "-E", f"root_owner={self._owner()}", f"/dev/{device}")
        self._mount({"device": device})

    def _mount(self, request: Mapping[str, Any]) -> None:
        device = self._removable(_text(request, "device", _DEVICE))
        folder = self._card()
        self._make_way(device)
        public.make(self._at(Path(folder)))
        line = f"LABEL={LABEL} {folder} ext4 {OPTIONS} 0 2 {lower.MARK}\n"
        fstab = self._at(FSTAB)
        there = fstab.read_text().splitlines() if fstab.exists() else []
        kept = [f"{each}\n" for each in there if not each.rstrip().endswith(lower.MARK)]  # also where the last line has no end
        public.write(fstab, "".join([*kept, line]))
        self._run("systemctl", "daemon-reload")
        if folder not in self._mounts(device):
            self._run("systemctl", "start", self._unit(folder))
            if folder not in self._mounts(device):
                raise Refused(f"another card is called {LABEL}, too, and was mounted: take it out")

    def _make_way(self, device: str) -> None:
        """Refused while another card is where this one belongs: it would stay there. One that was pulled out goes."""
        folder = self._card()
        there = [words[2] for words in self._mountinfo() if words[4] == folder]
        if not there or there[-1] == self._number(device):
            return
        for path in (self._root / "sys/class/block").iterdir():
            if self._number(path.name) == there[-1]:
                raise Refused(f"{path.name} is mounted at {folder}: take it out of use first")
        self._run("systemctl", "stop", self._unit(folder))

    def _unmount(self, request: Mapping[str, Any]) -> None:
        for place in self._mounts(self._removable(_text(request, "device", _DEVICE))):
            self._run("systemctl", "stop", self._unit(place))

    def _unit(self, folder: str) -> str:
        """systemd mounts it, so that everybody sees it."""
        return self._run("systemd-escape", "--path", "--suffix=mount", folder)

    def _removable(self, device: str) -> str:
        """The device, when it is a partition, or a disk without any, of a disk that can be taken out and holds nothing of the
        system."""
        block = self._root / "sys/class/block"
        if not (block / device).exists():
            raise Refused(f"there is no {device}")
        disk = re.sub(r"(?<=\d)p\d+$|(?<=[a-z])\d+$", "", device) if (block / device / "partition").exists() else device
        parts = sorted(path.name for path in (block / disk).glob(f"{disk}*") if (path / "partition").exists())
        if device == disk and parts:
            raise Refused(f"{disk} has partitions: name one of them")
        kind, taken_out = _line(block / disk / "device/type"), _line(block / disk / "removable")
        if kind != "SD" and taken_out != "1":
            raise Refused(f"{disk} cannot be taken out: it is not formatted here")
        for each in (disk, *parts):
            for place in self._mounts(each):
                if is_needed(place, self._card()):
                    raise Refused(f"{disk} holds {place}, which the system needs")
            if any(line.startswith(f"/dev/{each} ") for line in _lines(self._root / "proc/swaps")):
                raise Refused(f"{disk} holds swap, which the system needs")
        return device

    def _mounts(self, device: str) -> list[str]:
        """Where it is mounted, by its number: /proc/mounts may call it /dev/root."""
        number = self._number(device)
        return [words[4].replace("\\040", " ") for words in self._mountinfo() if number and words[2] == number]

    def _mountinfo(self) -> list[list[str]]:
        fields = [line.split() for line in _lines(self._root / "proc/self/mountinfo")]
        return [words for words in fields if len(words) > 4]

    def _number(self, device: str) -> str:
        return _line(self._root / "sys/class/block" / device / "dev")

    def _card(self) -> str:
        found = [line.partition("=")[2] for line in _lines(self._at(ENVIRONMENT)) if line.startswith("SD=/")]
        return os.path.normpath(found[0]) if found and re.fullmatch(r"/[A-Za-z0-9._/-]{1,100}", found[0]) else "/mnt/sd"

    def _owner(self) -> str:
        fields = [line.split(":") for line in _lines(self._root / "etc/passwd") if line.startswith(f"{USER}:")]
        return f"{int(fields[0][2])}:{int(fields[0][3])}" if fields else "0:0"

    def _at(self, path: Path) -> Path:
        return self._root / path.relative_to("/")


def execute(*words: str) -> str:
    """What it printed; Refused says its last line when it fails."""
    environment = {"PATH": _PATH, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            words,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=WITHIN_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as why:
        raise Refused(f"{words[0]}: {why}") from why
    said = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        raise Refused(f"{words[0]}: {said.splitlines()[-1][:200] if said else done.returncode}")
    return said


def _text(request: Mapping[str, Any], name: str, pattern: re.Pattern[str]) -> str:
    text = request[name]
    if not isinstance(text, str) or not pattern.fullmatch(text):
        raise Refused(f"{name}: {str(text)[:40]!r} is none")
    return text


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return []


def _line(path: Path) -> str:
    return next(iter(_lines(path)), "").strip()


def main() -> int:
    """Answers the one request that stands on standard input."""
    line = sys.stdin.buffer.readline(MAX_REQUEST_BYTES)
    sys.stdout.buffer.write(json.dumps(Root(execute).answer(line)).encode() + b"\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
