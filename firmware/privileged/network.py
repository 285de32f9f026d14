"""Network of root: a device's IPv4 settings are tried, kept or taken back, by NetworkManager; and the board's name is set.

What is tried changes the device alone and not its profile (nmcli device modify): a power cut brings the old settings back, and so
does a timer of systemd when nobody says in time that the camera is still reached."""

from __future__ import annotations

import ipaddress
import json
import re
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from board.kit.from_json import from_json
from firmware.network.announced import SERVICES, announced
from firmware.privileged import public

WITHIN_S = 60
"""To keep what is tried."""
UNIT = "gatewright-network-back"
TRIED = Path("/run/gatewright-network.json")
HOSTS = Path("/etc/hosts")
OWN = "127.0.1.1"
"""Debian has the board's name there (hosts(5))."""
DEVICE = re.compile(r"[a-z][a-z0-9.-]{1,14}")
NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class Network:
    """`run`: executes words and gives what they print; `root`: "/" of the file system. ValueError says what is wrong."""

    def __init__(self, run: Callable[..., str], root: Path = Path("/"), now_s: Callable[[], float] = time.monotonic) -> None:
        self._run = run
        self._tried = root / TRIED.relative_to("/")
        self._hosts = root / HOSTS.relative_to("/")
        self._services = root / SERVICES.relative_to("/")
        self._now_s = now_s
        self.verbs: Mapping[str, Callable[[Mapping[str, Any]], None]] = {
            "network_try": self._try,
            "network_keep": self._keep,
            "network_back": self._back,
            "name": self._name,
            "ports": self._ports,
        }

    def _try(self, request: Mapping[str, Any]) -> None:
        """{"device", "dhcp"} or {"device", "dhcp": false, "address": "192.0.2.7/24", "gateway", "servers"}."""
        device = _device(request)
        words = _settings(request)
        self._stop_timer()
        until_s = self._now_s() + WITHIN_S
        # The way back first: it must be there whatever happens to this process. Of itself a timer is up to a minute late.
        timer = (f"--on-active={WITHIN_S}s", "--timer-property=AccuracySec=100ms", f"--unit={UNIT}")
        self._run("systemd-run", "--collect", *timer, "nmcli", "device", "reapply", device)
        try:
            self._run("nmcli", "device", "modify", device, *words)
        except Exception:
            with suppress(Exception):  # where it is not known what has changed; the timer has another try
                self._run("nmcli", "device", "reapply", device)
                self._stop_timer()
            raise
        self._tried.write_text(json.dumps({"device": device, "words": words, "until_s": until_s}))

    def _keep(self, request: Mapping[str, Any]) -> None:
        """What is tried is so from now on; ValueError when it has gone back."""
        try:
            tried = from_json(self._tried.read_text())
        except (OSError, ValueError):
            raise ValueError("nothing is tried") from None
        if self._now_s() > tried["until_s"]:
            self._tried.unlink()
            raise ValueError("it is too late: the settings of before are back")
        profile = self._run("nmcli", "-g", "GENERAL.CON-UUID", "device", "show", tried["device"])
        self._run("nmcli", "connection", "modify", "uuid", profile, *tried["words"])
        self._stop_timer()
        self._tried.unlink()

    def _back(self, request: Mapping[str, Any]) -> None:
        """The settings of before are back at once."""
        self._run("nmcli", "device", "reapply", _device(request))
        self._stop_timer()
        self._tried.unlink(missing_ok=True)

    def _name(self, request: Mapping[str, Any]) -> None:
        name = request["name"]
        if not isinstance(name, str) or not NAME.fullmatch(name):
            raise ValueError("name: 1 to 63 small letters, digits or '-'")
        self._run("hostnamectl", "set-hostname", name)
        self._know(name)
        with suppress(Exception):  # there is none
            self._run("systemctl", "try-restart", "avahi-daemon")  # it asks for the name at its start alone

    def _ports(self, request: Mapping[str, Any]) -> None:
        """{"http", "https"}: where the camera's pages are, 0: nowhere."""
        ports: dict[str, Any] = {kind: request[kind] for kind in ("http", "https")}
        if any(type(port) is not int or not 0 <= port <= 65_535 for port in ports.values()):
            raise ValueError("http, https: ports from 0 to 65535")
        if self._services.exists():
            public.write(self._services, announced(**ports))

    def _know(self, name: str) -> None:
        """Without it sudo and others look for the board's own name in the network, and wait there."""
        try:
            lines = self._hosts.read_text("utf-8", "surrogateescape").splitlines()
        except FileNotFoundError:
            return
        own = f"{OWN}\t{name}"
        fresh = [own if line.split()[:1] == [OWN] else line for line in lines]
        text = "\n".join([*fresh, *([] if own in fresh else [own]), ""])
        public.write(self._hosts, text)

    def _stop_timer(self) -> None:
        with suppress(Exception):  # there is none
            self._run("systemctl", "stop", f"{UNIT}.timer")


def _device(request: Mapping[str, Any]) -> str:
    device = request["device"]
    if not isinstance(device, str) or not DEVICE.fullmatch(device):
        raise ValueError("device: this is none")
    return device


def _settings(request: Mapping[str, Any]) -> list[str]:
    """The words of nmcli."""
    if request["dhcp"] is True:
        return ["ipv4.method", "auto", "ipv4.addresses", "", "ipv4.gateway", "", "ipv4.dns", ""]
    found = ipaddress.IPv4Interface(request["address"])
    gateway = str(ipaddress.IPv4Address(request["gateway"])) if request["gateway"] else ""
    servers = [str(ipaddress.IPv4Address(each)) for each in request["servers"]]
    if len(servers) > 3:
        raise ValueError("servers: three at most")
    return ["ipv4.method", "manual", "ipv4.addresses", str(found), "ipv4.gateway", gateway, "ipv4.dns", " ".join(servers)]
