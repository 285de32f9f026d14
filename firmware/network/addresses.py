"""Addresses: how the board's network devices are, and what is checked before one gets another address."""

from __future__ import annotations

import ipaddress
import os
import shutil
import subprocess
from pathlib import Path

from board import interfaces
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError

WITHIN_S = 5.0
AVAHI = Path("/run/avahi-daemon/socket")


@dataclass(frozen=True, slots=True)
class Device:
    """`addresses`: IPv4 and IPv6 with their prefix; `link`: a cable or radio is connected; `managed`: NetworkManager has it: then
    it can be changed here; `dhcp`: None where nobody says; `address`, `gateway`, `servers`: of its profile, "" by DHCP."""

    name: str
    mac: str
    link: bool
    addresses: tuple[str, ...]
    managed: bool
    dhcp: bool | None
    address: str
    gateway: str
    servers: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What a device is to have: `dhcp`, or an `address` with its prefix ("192.0.2.7/24"), `gateway` and `servers`."""

    device: str
    dhcp: bool
    address: str = ""
    gateway: str = ""
    servers: tuple[str, ...] = ()


def devices() -> list[Device]:
    """All but the loopback."""
    profiles = {}
    for line in _nmcli("-t", "-f", "DEVICE,CON-UUID", "device").splitlines():
        name, _, uuid = line.partition(":")
        if uuid:
            profiles[name] = uuid
    sixes = interfaces.addresses_6()
    found = []
    for each in interfaces.interfaces():
        own = (f"{each.address}/{each.prefix}",) if each.address else ()
        uuid = profiles.get(each.name, "")
        fields = ("ipv4.method", "ipv4.addresses", "ipv4.gateway", "ipv4.dns")
        said = _nmcli("-g", ",".join(fields), "connection", "show", "uuid", uuid).splitlines() if uuid else []
        method, address, gateway, servers = (*said, "", "", "", "")[:4]
        dhcp = method == "auto" if method in ("auto", "manual") else None
        found.append(
            Device(
                each.name,
                each.mac,
                each.is_up,
                own + sixes.get(each.name, ()),
                bool(uuid),
                dhcp,
                address,
                gateway,
                servers.replace(",", " "),
            )
        )
    return found


def mdns() -> bool:
    """Whether somebody answers for the board's name with .local (Avahi)."""
    return AVAHI.exists()


def checked(wish: Wish) -> Wish:
    """As it can be tried; ConfigError with the field that is wrong."""
    if wish.dhcp:
        return Wish(wish.device, True)
    try:
        own = ipaddress.IPv4Interface(wish.address)
    except ValueError as why:
        raise ConfigError("is no IPv4 address with its prefix, such as 192.168.1.20/24", field="address") from why
    network = own.network
    if (
        "/" not in wish.address
        or not 1 <= network.prefixlen <= 31
        or own.ip.is_loopback
        or own.ip.is_multicast
        or own.ip.is_unspecified
    ):
        raise ConfigError("is no IPv4 address with its prefix, such as 192.168.1.20/24", field="address")
    if network.prefixlen < 31 and own.ip in (network.network_address, network.broadcast_address):
        raise ConfigError("is the first or last address of its network, which no device has", field="address")
    if wish.gateway:
        gateway = _address(wish.gateway, "gateway")
        if gateway not in network or gateway == own.ip:
            raise ConfigError("is not another address of the same network", field="gateway")
    for each in wish.servers:
        _address(each, "servers")
    if len(wish.servers) > 3:
        raise ConfigError("are more than three", field="servers")
    return Wish(wish.device, False, str(own), wish.gateway, wish.servers)


def _address(text: str, field: str) -> ipaddress.IPv4Address:
    try:
        return ipaddress.IPv4Address(text)
    except ValueError as why:
        raise ConfigError("is not an IPv4 address", field=field) from why


def _nmcli(*words: str) -> str:
    """What it prints; "" where there is no NetworkManager."""
    if shutil.which("nmcli") is None:
        return ""
    try:
        done = subprocess.run(
            ["nmcli", *words], env={**os.environ, "LC_ALL": "C"}, stdin=subprocess.DEVNULL, capture_output=True, timeout=WITHIN_S,
            check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""
