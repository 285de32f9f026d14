"""Network: how actions reach others: which addresses they may connect to, and look-up and connection within a deadline.

An operator types where an action sends, and TEST tells him what came of it. The camera itself and what only it can see (loopback,
link-local, multicast and the like) are therefore barred, however they are spelt, unless an administrator permits them. What is
checked is the address that is connected to: a name is looked up once. Where no name server answers, its last address counts.
"""

from __future__ import annotations

import errno
import ipaddress
import socket
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import field
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.sockets import in_turn

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Block = ipaddress.IPv4Network | ipaddress.IPv6Network

EVERYTHING = ("0.0.0.0/0", "::/0")

NAT64 = ipaddress.IPv6Network("64:ff9b::/96")

NO_NAME_SERVER = "the name server does not answer"

MOST_LOOKUPS = 8
"""Names that are being looked up at once: a look-up cannot be broken off, and a dead resolver holds each for half a minute."""


LOOK_UP_S = 5.0

KNOWN_S = 3600.0
"""For so long the last addresses of a name stand in where its name server does not answer. One that answers that there are none
is believed: somebody else may have them by now."""
MOST_KNOWN = 100
WAITS_FOR = 1 / 4
"""The share of the time that a name server is given where its last answer is known: one that is down costs each five seconds
before the next one is asked (resolv.conf(5)), more than whoever waits at a gate has."""


class BarredNow(ConfigError):
    """What a name leads to just now may not be reached. It may lead elsewhere soon: a router whose line is not up yet names itself
    or nobody (0.0.0.0), and a server that was just switched on is known by its link-local address alone."""


@dataclass(slots=True)
class _Lookup:
    """A name that is being looked up; several may wait for one answer."""

    done: threading.Event = field(default_factory=threading.Event)
    found: list[str] = field(default_factory=list)
    problem: str = ""
    has_none: bool = False
    """The name server answered, and knows no address."""


class _Names:
    """Look-ups of names, and what the last ones brought."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lookups: dict[str, _Lookup] = {}
        self._known: dict[str, tuple[float, list[str]]] = {}
        """Name -> time.monotonic() of its last answer, and that; the oldest first."""
        self._worked: dict[str, str] = {}
        """Host -> the address at which it was reached last."""

    def look_up(self, host: str, end_s: float) -> list[str]:
        """The addresses of a host. OSError: they are not known by then."""
        numeric = _numeric(host)
        if numeric:
            return numeric
        left_s = max(0.0, end_s - time.monotonic())
        with self._lock:
            known = self._last(host)
            lookup = self._lookups.get(host)
            if lookup is None and len(self._lookups) < MOST_LOOKUPS:
                lookup = self._begin(host)
        there = lookup is not None and lookup.done.wait(left_s * WAITS_FOR if known else left_s)
        if lookup is not None and there and lookup.found:
            return lookup.found
        if known and not (there and lookup is not None and lookup.has_none):
            return known
        if lookup is None or not there:
            raise OSError(errno.EAGAIN, NO_NAME_SERVER)
        raise OSError(errno.ENOENT, lookup.problem)

    def best_first(self, host: str, addresses: list[str]) -> list[str]:
        """The address that led to the host last comes first: where IPv6 leads nowhere, each message would wait for it."""
        last = self._worked.get(host, "")
        return sorted(addresses, key=lambda address: address != last)

    def worked(self, host: str, address: str) -> None:
        with self._lock:
            self._worked.pop(host, None)
            self._worked[host] = address
            _bound(self._worked)

    def _begin(self, host: str) -> _Lookup | None:
        """None: the camera can start no thread just now."""
        lookup = _Lookup()
        try:
            threading.Thread(target=self._resolve, args=(host, lookup), name="look-up", daemon=True).start()
        except RuntimeError:
            return None
        self._lookups[host] = lookup
        return lookup

    def _last(self, host: str) -> list[str]:
        at_s, found = self._known.get(host, (0.0, []))
        return found if found and time.monotonic() - at_s < KNOWN_S else []

    def _resolve(self, host: str, lookup: _Lookup) -> None:
        try:
            found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
            lookup.found = [str(each[4][0]) for each in found]
        except (OSError, ValueError) as why:  # ValueError: a label that is no name
            lookup.problem = getattr(why, "strerror", None) or "that is no host name"
            lookup.has_none = isinstance(why, socket.gaierror) and why.errno in (socket.EAI_NONAME, socket.EAI_NODATA)
        finally:
            with self._lock:
                self._lookups.pop(host, None)
                if lookup.found or lookup.has_none:
                    self._known.pop(host, None)
                if lookup.found:
                    self._known[host] = time.monotonic(), lookup.found
                    _bound(self._known)
            lookup.done.set()


class Network:
    """`permitted()`: addresses and networks that may be reached although they are barred. Any thread may call."""

    def __init__(self, permitted: Callable[[], Iterable[str]], only_local: bool = False, names: _Names | None = None) -> None:
        self._permitted = permitted
        self._only_local = only_local
        self._names = names or _Names()

    def local(self) -> Network:
        """The same, but for what must not leave the local network: only private addresses (RFC 1918, RFC 4193) are connected to."""
        return Network(self._permitted, only_local=True, names=self._names)

    def connect(self, host: str, port: int, end_s: float) -> socket.socket:
        """A connected TCP socket, whose time-out is what is left until `end_s` (time.monotonic). ConfigError: actions may not reach
        this address, BarredNow where it is that of a name; OSError: no connection, TimeoutError when it was not there in time."""
        addresses = self._names.best_first(host, self.addresses(host, end_s))
        shares = iter(range(len(addresses), 0, -1))

        def connected(address: str) -> socket.socket:
            # Each has its share: where IPv6 leads nowhere, its address comes first and would take all the time.
            left_s = (end_s - time.monotonic()) / next(shares)
            if left_s <= 0:
                raise TimeoutError
            sock = socket.create_connection((address, port), timeout=left_s)
            self._names.worked(host, address)
            return sock

        sock = in_turn(addresses, connected)
        sock.settimeout(max(0.01, end_s - time.monotonic()))
        return sock

    def addresses(self, host: str, end_s: float) -> list[str]:
        """The addresses of a host that actions may reach, as numbers, in the resolver's order. Errors as `connect`."""
        blocks = _blocks(self._permitted())
        found = [address for address in self._look_up(host, end_s) if is_allowed(address, blocks)]
        if not found:
            barred = ConfigError(
                "{host} is the camera itself or an address that only the camera sees: actions may not reach it unless an "
                "administrator permits it (General Configuration, Addresses that actions may reach)",
                host=host,
            )
            raise barred if _numeric(host) or host.lower() == "localhost" else BarredNow(barred.text)
        if self._only_local:
            found = [address for address in found if is_local(address)]
            if not found:
                raise ConfigError("{host} lies outside the local network", host=host)
        return found

    def addresses_soon(self, host: str) -> list[str]:
        """`addresses`, within LOOK_UP_S."""
        return self.addresses(host, time.monotonic() + LOOK_UP_S)

    def _look_up(self, host: str, end_s: float) -> list[str]:
        return self._names.look_up(host, end_s)


def _bound(known: dict[str, Any]) -> None:
    """The oldest goes."""
    while len(known) > MOST_KNOWN:
        del known[next(iter(known))]


def is_allowed(address: str, permitted: Iterable[Block]) -> bool:
    """Whether actions may connect to this address."""
    ip = _embedded(ipaddress.ip_address(address.partition("%")[0]))
    return any(ip in block for block in permitted if block.version == ip.version) or not (_is_barred(ip) or _is_own(ip))


def is_local(address: str) -> bool:
    """Whether it is an address of private networks, or of this machine."""
    return _embedded(ipaddress.ip_address(address.partition("%")[0])).is_private


def reachable(text: str) -> tuple[str, ...]:
    """Addresses and networks from a text such as "127.0.0.1, 169.254.0.0/16"; ConfigError names what is neither."""
    found = tuple(text.replace(",", " ").split())
    for each in found:
        try:
            ipaddress.ip_network(each, strict=False)
        except ValueError as why:
            raise ConfigError("{text!r} is no address and no network such as 192.168.7.0/24", text=each) from why
    return found


def _blocks(texts: Iterable[str]) -> list[Block]:
    return [ipaddress.ip_network(text, strict=False) for text in texts]


def _numeric(host: str) -> list[str]:
    """The address that a host is by itself, in any spelling that the system takes (2130706433, 0x7f.1); [] for a name."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST)
    except (OSError, ValueError):
        return []
    return [str(each[4][0]) for each in found]


def _embedded(ip: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for."""
    if isinstance(ip, ipaddress.IPv4Address):
        return ip
    if ip in NAT64 or (int(ip) >> 32 == 0 and int(ip) > 1):
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.ipv4_mapped or ip.sixtofour or ip


def _is_barred(ip: Address) -> bool:
    return ip.is_loopback or ip.is_link_local or ip.is_unspecified or ip.is_multicast or ip.is_reserved or int(ip) >> 24 == 0


def _is_own(ip: Address) -> bool:
    """One of this camera's own: it is what packets to it come from. Nothing is sent."""
    family = socket.AF_INET if ip.version == 4 else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.connect((str(ip), 9))
            return ipaddress.ip_address(probe.getsockname()[0]) == ip
    except OSError:
        return False  # no way there at all
