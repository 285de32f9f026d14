"""Addresses: where a request comes from: the other end of the connection, or what a trusted proxy in front of the camera says."""

from __future__ import annotations

import ipaddress
import logging
from collections.abc import Mapping
from typing import Any

from board.kit.errors import ConfigError

LOG = logging.getLogger("people")

_V6_SHARE = 64
"""A customer usually gets a /64 or more: its 2**64 addresses count as one."""


class Addresses:
    """`trusted`: addresses or networks (10.0.0.2, 192.168.5.0/24, ::1) whose X-Forwarded-For is believed; ConfigError for others.

    By default none is: whoever could reach the camera past the proxy would choose an address for every guess."""

    def __init__(self, trusted: tuple[str, ...] = ()) -> None:
        try:
            self._trusted = tuple(ipaddress.ip_network(each, strict=False) for each in trusted)
        except ValueError as why:
            raise ConfigError("--trusted-proxy: {why}", why=why) from why
        self._hinted = False

    def of(self, environ: Mapping[str, Any]) -> str:
        """The client of a WSGI request as text; "" when the server does not say (a Unix socket)."""
        peer = str(environ.get("REMOTE_ADDR") or "")
        said = str(environ.get("HTTP_X_FORWARDED_FOR") or "")
        if not said:
            return _plain(peer)
        if not self.trusts(peer):
            self._hint(peer)
            return _plain(peer)
        client = peer
        for word in reversed(said.split(",")):  # each proxy adds the address that it saw at the end
            address = _parsed(word)
            if address is None:
                break
            client = str(address)
            if not self.trusts(client):
                break
        return _plain(client)

    def share(self, environ: Mapping[str, Any]) -> str:
        """What limits count by: the IPv4 address, or the /64 of an IPv6 one."""
        return share_of(self.of(environ))

    def trusts(self, address: str) -> bool:
        """It is that of a trusted proxy."""
        found = _parsed(address)
        return found is not None and any(found in network for network in self._trusted)

    def _hint(self, peer: str) -> None:
        if not self._hinted:
            self._hinted = True
            LOG.warning("a proxy at %s is not trusted: all behind it count as one address (--trusted-proxy)", peer)


def share_of(address: str) -> str:
    """The IPv4 address itself, the /64 of an IPv6 address, anything else cut at 64 characters."""
    found = _parsed(address)
    if found is None:
        return address[:64]
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, _V6_SHARE), strict=False))


def _plain(address: str) -> str:
    found = _parsed(address)
    return address[:64] if found is None else str(found)


def _parsed(word: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """An address as proxies write it: 1.2.3.4, 1.2.3.4:567, 2001:db8::1, [2001:db8::1]:567; IPv4 inside IPv6 as IPv4."""
    text = word.strip()
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found
