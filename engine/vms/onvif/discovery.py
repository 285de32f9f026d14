"""Discovery: lets clients find this camera in their network (WS-Discovery of April 2005; ONVIF Core, 7).

It sends Hello on each interface and Bye at the end, and answers a Probe that matches and a Resolve of its own address. Answers
go to the sender after a short random delay, so that a hundred cameras do not answer at one moment. An answer is about twice as
large as its question, and a sender's address can be forged: the number of answers to one address, and to all, is limited, so
that nobody is flooded by them.
"""

from __future__ import annotations

import logging
import os
import socket
import struct
import time
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

from board import interfaces as network
from board.kit.loop import READ, Loop
from engine.vms.onvif.place import PATH, Named, web_port
from engine.vms.onvif.scopes import address, scopes, urn
from engine.vms.onvif.soap import SOAP
from engine.vms.onvif.xml import BadXml, Element, Xml, join, parse, tag

log = logging.getLogger("vms.discovery")

GROUP, PORT = "239.255.255.250", 3702
LOOK_S = 10.0
"""How often the interfaces are checked: an address may come late, by DHCP."""

MOST_BYTES = 8_192
MOST_DELAY_S = 0.5
"""APP_MAX_DELAY of the specification."""

WITHIN_S = 10.0
MOST_TO_ONE = 8
MOST_TO_ALL = 60
MOST_PARSED = 600
"""Answers to one address and to all, and questions that are read, within WITHIN_S."""

SPACES = {
    "s": SOAP,
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "d": "http://schemas.xmlsoap.org/ws/2005/04/discovery",
    "dn": "http://www.onvif.org/ver10/network/wsdl",
    "tds": "http://www.onvif.org/ver10/device/wsdl",
}
ANYWHERE = "urn:schemas-xmlsoap-org:ws:2005:04:discovery"
WHO_ASKED = f"{SPACES['a']}/role/anonymous"
TYPES = ("dn:NetworkVideoTransmitter", "tds:Device")
"""The first is what clients of Profile S look for."""

BY_URI, BY_OLD_URI, EXACTLY = (f"{SPACES['d']}/{rule}" for rule in ("rfc3986", "rfc2396", "strcmp0"))
"""The first is ONVIF's name (Core, 7.3.3), the second that of WS-Discovery itself (5.1), which Windows and .NET say."""
CLOCK_SET_S = 60
"""A clock that is this much later than when it began was set meanwhile."""
IP_PKTINFO = 8
"""ip(7); Python's socket module names it from 3.14 on."""

Place = tuple[str, int]


class Discovery:
    """Works from `start` to `close`, in the loop's thread. `bind`: the address that the host's pages listen on, "" for all."""

    def __init__(
        self,
        loop: Loop,
        camera: Named,
        bind: str,
        now_s: Callable[[], float] = time.monotonic,
        clock_s: Callable[[], float] = time.time,
    ) -> None:
        self._loop = loop
        self._camera = camera
        self._bind = "" if bind in ("0.0.0.0", "::") else bind
        self._limits = Limits(now_s)
        self._now_s, self._clock_s = now_s, clock_s
        self._began_s = now_s()
        self._instance = int(clock_s())
        """When this began: whoever knows a later one takes the messages for old (WS-Discovery, appendix I)."""
        self._number = 0
        self._version = 0
        """Of what is told about the camera: of two, clients believe the later one."""
        self._known: dict[int, str] = {}
        """Index of an interface -> the camera's address there."""
        self._going: set[tuple[str, Place]] = set()
        self._sock: socket.socket | None = None

    def start(self) -> None:
        """OSError if the port is taken."""
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.setsockopt(socket.IPPROTO_IP, IP_PKTINFO, 1)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            sock.bind(("", PORT))
        except OSError:
            sock.close()
            raise
        sock.setblocking(False)
        self._sock = sock
        self._loop.watch(sock, READ, self._read)
        self._look(sock)

    def changed(self) -> None:
        """Name or place of the camera has changed: sends Hello again."""
        self._version = max(self._version + 1, int(self._clock_s()))
        for index, here in self._known.items():
            self._say(index, self._hello(here))

    def close(self) -> None:
        sock = self._sock
        if sock is None:
            return
        for index in self._known:
            self._say(index, self._bye())
        self._known.clear()
        self._sock = None
        self._loop.watch(sock, 0, self._read)
        sock.close()

    # --- interfaces ---------------------------------------------------------------------------------------------------------

    def _look(self, sock: socket.socket) -> None:
        if sock is not self._sock:
            return
        found = {index: here for index, here in _addresses() if not self._bind or here == self._bind}
        began = int(self._clock_s() - (self._now_s() - self._began_s))
        if began > self._instance + CLOCK_SET_S:  # a board without a clock of its own says 1970 until it has heard a time server
            self._instance, self._number = began, 0
            self.changed()
        if found != self._known:
            self._version = max(self._version + 1, int(self._clock_s()))
        for index in self._known.keys() - found.keys():
            del self._known[index]
        for index, here in found.items():
            if self._known.get(index) != here:
                self._join(sock, index, here)
        self._loop.after(LOOK_S, partial(self._look, sock))

    def _join(self, sock: socket.socket, index: int, here: str) -> None:
        try:
            sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, _on(index))
        except OSError as why:
            log.debug("interface %d: %s", index, why)  # it is a member already, or has no multicast
        self._known[index] = here
        self._say(index, self._hello(here))

    def _say(self, index: int, message: bytes) -> None:
        """Sends to everybody on that interface."""
        if self._sock is None:
            return
        try:
            self._sock.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, _on(index))
            self._sock.sendto(message, (GROUP, PORT))
        except OSError as why:
            log.debug("interface %d: %s", index, why)

    # --- questions ----------------------------------------------------------------------------------------------------------

    def _read(self, events: int) -> None:
        assert self._sock is not None
        try:
            data, more, flags, sender = self._sock.recvmsg(MOST_BYTES, 256)
        except OSError:
            return
        if flags & socket.MSG_TRUNC or not self._limits.may_read():
            return
        index, to = _arrival(more)
        here = self._known.get(index)
        if here is None or sender[1] == 0:
            return
        question = _question(data)
        if question is None:
            return
        body, message = question
        answer = self._answer(body, message, here)
        if answer is None or (message, sender) in self._going or not self._limits.may_answer(sender[0]):
            return
        self._going.add((message, sender))
        delay_s = os.urandom(1)[0] / 256 * MOST_DELAY_S if to == GROUP else 0.0
        self._loop.after(delay_s, partial(self._send, answer, message, sender))

    def _send(self, answer: bytes, message: str, sender: Place) -> None:
        self._going.discard((message, sender))
        if self._sock is None:
            return
        try:
            self._sock.sendto(answer, sender)
        except OSError as why:
            log.debug("%s: %s", sender[0], why)

    def _answer(self, body: Element, message: str, here: str) -> bytes | None:
        """None if the question is not for this camera."""
        if (body.space, body.name) == (SPACES["d"], "Probe"):
            if not fits(body, scopes(self._camera)):
                return None
            return self._message("ProbeMatches", tag("d:ProbeMatches", tag("d:ProbeMatch", self._about(here))), message)
        if (body.space, body.name) == (SPACES["d"], "Resolve"):
            if body.word("EndpointReference", "Address") != address(self._camera):
                return None
            return self._message("ResolveMatches", tag("d:ResolveMatches", tag("d:ResolveMatch", self._about(here))), message)
        return None

    # --- messages -----------------------------------------------------------------------------------------------------------

    def _hello(self, here: str) -> bytes:
        return self._message("Hello", tag("d:Hello", self._about(here)))

    def _bye(self) -> bytes:
        return self._message("Bye", tag("d:Bye", self._endpoint()))

    def _endpoint(self) -> Xml:
        return tag("a:EndpointReference", tag("a:Address", address(self._camera)))

    def _about(self, here: str) -> Xml:
        port = web_port()
        return join(
            self._endpoint(),
            tag("d:Types", " ".join(TYPES)),
            tag("d:Scopes", " ".join(scopes(self._camera))),
            tag("d:XAddrs", f"http://{here}{'' if port == 80 else f':{port}'}{PATH}"),
            tag("d:MetadataVersion", self._version),
        )

    def _message(self, action: str, body: Xml, relates_to: str = "") -> bytes:
        self._number += 1
        header = (
            tag("a:MessageID", urn(os.urandom(16))),
            tag("a:RelatesTo", relates_to) if relates_to else None,
            tag("a:To", WHO_ASKED if relates_to else ANYWHERE),
            tag("a:Action", f"{SPACES['d']}/{action}"),
            tag("d:AppSequence", InstanceId=self._instance, MessageNumber=self._number),
        )
        spaces = {f"xmlns:{prefix}": space for prefix, space in SPACES.items()}
        envelope = tag("s:Envelope", tag("s:Header", *header), tag("s:Body", body), **spaces)
        return b'<?xml version="1.0" encoding="UTF-8"?>' + envelope.encode()


class Limits:
    """Limits the work for strangers within WITHIN_S."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._answers: deque[tuple[float, str]] = deque()
        self._read: deque[float] = deque()

    def may_read(self) -> bool:
        now_s = self._now_s()
        while self._read and self._read[0] < now_s - WITHIN_S:
            self._read.popleft()
        if len(self._read) >= MOST_PARSED:
            return False
        self._read.append(now_s)
        return True

    def may_answer(self, place: str) -> bool:
        now_s = self._now_s()
        while self._answers and self._answers[0][0] < now_s - WITHIN_S:
            self._answers.popleft()
        if len(self._answers) >= MOST_TO_ALL or sum(known == place for _, known in self._answers) >= MOST_TO_ONE:
            return False
        self._answers.append((now_s, place))
        return True


def fits(probe: Element, ours: tuple[str, ...]) -> bool:
    """Whether a Probe matches this camera: all its types and all its scopes are ours."""
    known = {_expanded(each, SPACES) for each in TYPES}
    types = probe.first("Types")
    if types is not None and not {_expanded(each, types.prefixes) for each in types.text.split()} <= known:
        return False
    wanted = probe.first("Scopes")
    if wanted is None:
        return True
    rule = RULES.get(wanted.attributes.get("MatchBy", BY_URI))
    return rule is not None and all(any(rule(each, our) for our in ours) for each in wanted.text.split())


def is_within(wanted: str, ours: str) -> bool:
    """By RFC 3986: the same scheme and authority, whatever their case, and the path of `wanted` is that of `ours` or above it."""
    scheme, _, rest = wanted.partition("://")
    our_scheme, _, our_rest = ours.partition("://")
    place, *path = rest.rstrip("/").split("/")
    our_place, *our_path = our_rest.split("/")
    same = (scheme.lower(), place.lower()) == (our_scheme.lower(), our_place.lower())
    return same and path == our_path[: len(path)] and not {".", ".."} & set(path)


RULES: dict[str, Callable[[str, str], bool]] = {
    BY_URI: is_within,
    BY_OLD_URI: is_within,
    EXACTLY: lambda wanted, ours: wanted == ours,
}


def _expanded(name: str, prefixes: Mapping[str, str]) -> tuple[str, str]:
    """(namespace, local name) of a qualified name."""
    prefix, _, local = name.rpartition(":")
    return prefixes.get(prefix, ""), local


def _question(data: bytes) -> tuple[Element, str] | None:
    """(content of the body, its MessageID); None if it is not a question."""
    if b"Probe" not in data and b"Resolve" not in data:
        return None  # announcements of other cameras are not parsed
    try:
        root = parse(data)
    except BadXml:
        return None
    body, message = root.first("Body"), root.word("Header", "MessageID")
    if root.space != SOAP or body is None or not body.children or not 0 < len(message) <= 200:
        return None
    return body.children[0], message


def _arrival(more: list[tuple[int, int, bytes]]) -> tuple[int, str]:
    """(index of the interface, the address that it was sent to)."""
    for level, kind, data in more:
        if (level, kind) == (socket.IPPROTO_IP, IP_PKTINFO) and len(data) >= 12:
            index, _, to = struct.unpack("=i4s4s", data[:12])
            return int(index), socket.inet_ntoa(to)
    return 0, ""


def _on(index: int) -> bytes:
    """struct ip_mreqn of the group on an interface."""
    return struct.pack("=4s4si", socket.inet_aton(GROUP), bytes(4), index)


def _addresses() -> list[tuple[int, str]]:
    """(index, IPv4 address) of the interfaces."""
    found = []
    for each in network.interfaces():
        if each.address:
            try:
                found.append((socket.if_nametoindex(each.name), each.address))
            except OSError:
                continue  # gone meanwhile
    return found
