"""Interfaces: the machine's network interfaces with their addresses, as the kernel reports them (netdevice(7), sysfs)."""

from __future__ import annotations

import fcntl
import socket
import struct
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.files import text_of

INTERFACES = Path("/sys/class/net")
ADDRESSES_6 = Path("/proc/net/if_inet6")
ROUTES = Path("/proc/net/route")
RESOLVER = Path("/etc/resolv.conf")
SIOCGIFADDR, SIOCGIFNETMASK = 0x8915, 0x891B
MOST_NAME = 15


@dataclass(frozen=True, slots=True)
class Interface:
    """`mac`: "aa:bb:cc:dd:ee:ff"; `address`: IPv4, "" for none; `prefix`: bits of its network; `is_up`: it has a link."""

    name: str
    mac: str
    mtu: int
    is_up: bool
    address: str
    prefix: int


def interfaces() -> tuple[Interface, ...]:
    """All but the loopback, by name; those with an address first."""
    found = [_interface(path) for path in sorted(INTERFACES.glob("*")) if path.name != "lo"]
    return tuple(sorted(found, key=lambda each: not each.address))


def addresses_6() -> dict[str, tuple[str, ...]]:
    """{interface: its IPv6 addresses with their prefix, "2001:db8::1/64"}, without the loopback."""
    found: dict[str, tuple[str, ...]] = {}
    for line in _lines(ADDRESSES_6):
        words = line.split()
        if len(words) == 6 and words[5] != "lo":
            address = socket.inet_ntop(socket.AF_INET6, bytes.fromhex(words[0]))
            found[words[5]] = (*found.get(words[5], ()), f"{address}/{int(words[2], 16)}")
    return found


def gateway() -> str:
    """Of the default route; "" without one."""
    for line in _lines(ROUTES)[1:]:
        words = line.split()
        if len(words) > 3 and words[1] == "00000000" and int(words[3], 16) & 2:
            return socket.inet_ntoa(struct.pack("<I", int(words[2], 16)))
    return ""


def name_servers() -> tuple[str, ...]:
    """IPv4 addresses."""
    words = [line.split() for line in _lines(RESOLVER)]
    return tuple(each[1] for each in words if len(each) > 1 and each[0] == "nameserver" and "." in each[1])


def _interface(path: Path) -> Interface:
    name = path.name[:MOST_NAME]
    address, mask = _asked(name, SIOCGIFADDR), _asked(name, SIOCGIFNETMASK)
    prefix = bin(struct.unpack(">I", socket.inet_aton(mask))[0]).count("1") if mask else 0
    mtu = text_of(path / "mtu")
    state = text_of(path / "operstate")
    mac = text_of(path / "address") or "00:00:00:00:00:00"
    return Interface(name, mac, int(mtu) if mtu.isdecimal() else 0, state in ("up", "unknown"), address, prefix)


def _asked(name: str, question: int) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        try:
            answer = fcntl.ioctl(sock, question, struct.pack("256s", name.encode()))
        except OSError:
            return ""  # it has none
    return socket.inet_ntoa(answer[20:24])


def _lines(path: Path) -> list[str]:
    return text_of(path).splitlines()
