"""Broadcasts: TCP ports at which others listen for events; the service chooses them and hands over each message.

The service keeps a connection to this process for each port, over which it sends a line of JSON followed by as many bytes as
that says: {"port": 17001, "allowed": ["192.168.7.0/24"], "within_s": 10, "what": "BGW2847", "length": 512}. Each message is
answered by a line once every client has taken it or was dropped: {"clients": 2, "problem": ""}. A message of length 0 only
opens the port. A port without a connection of the service closes after a while, so that a restarted service finds its clients.
Port 0 stands for ONVIF's event service: its messages go to `notify` (engine/vms/notifications.py).
"""

from __future__ import annotations

import ipaddress
import json
import logging
import os
import socket
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import field
from functools import partial
from pathlib import Path
from typing import Any

from board.kit.clients import Client, Clients, host_of, place_of
from board.kit.dataclass import dataclass
from board.kit.from_json import from_json
from board.kit.loop import READ, WRITE, Loop
from board.kit.servers import url_of
from board.kit.sockets import listener_at, probe
from board.kit.words import NOTHING, Text

log = logging.getLogger("vms.broadcasts")

MAX_HEAD_BYTES = 8_192
MAX_MESSAGE_BYTES = 8_000_000
MAX_CLIENTS = 32
"""Clients of one port."""

MAX_CLIENT_BYTES = 8_000_000
"""Bytes that may wait for one client; a client that leaves more unread is dropped."""

MAX_BYTES = 16_000_000
"""Bytes that may wait for all clients of a port."""

WITHIN_S = (1.0, 60.0)
GRACE_S = 30.0
PIECE_BYTES = 65_536

Block = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(eq=False, slots=True)
class _Message:
    """A message on its way to the clients of a port."""

    body: bytes
    answer: Callable[[int], None]
    """Gets the number of clients that took it."""
    what: str
    """For whoever shows it: its plate."""
    waiting: set[_Client] = field(default_factory=set)
    taken: int = 0

    def end_for(self, client: _Client, taken: bool) -> None:
        if client in self.waiting:
            self.waiting.remove(client)
            self.taken += taken
            if not self.waiting:
                # What waits for its time-out is known until then: in a dense flow its pictures would fill the memory.
                self.body = b""
                self.answer(self.taken)


@dataclass(eq=False, slots=True)
class _Client:
    """A listener, and what it has still to get."""

    sock: socket.socket
    host: str
    told: Client
    going: deque[_Message] = field(default_factory=deque)
    sent: int = 0
    """Bytes of the first one."""
    closed: bool = False

    @property
    def waiting_bytes(self) -> int:
        return sum(len(message.body) for message in self.going) - self.sent


@dataclass(eq=False, slots=True)
class _Sender:
    """A connection of the service."""

    sock: socket.socket
    came: bytearray = field(default_factory=bytearray)
    head: dict[str, Any] | None = None
    port: _Port | None = None
    allowed: tuple[Block, ...] = ()


@dataclass(eq=False, slots=True)
class _Port:
    """A port that some actions send at."""

    number: int
    listener: socket.socket | None = None
    problem: str = ""
    clients: list[_Client] = field(default_factory=list)
    senders: list[_Sender] = field(default_factory=list)
    allowed: tuple[Block, ...] = ()
    """Empty: everybody."""

    @property
    def name(self) -> str:
        """Of the server, for whoever shows it."""
        return f"socket server {self.number}"


class Broadcasts:
    """Takes messages at the Unix socket `path` from `start` to `close`. `bind`: the address that ports listen on, "" for all;
    `announce(name, url)` is called with where they listen, "" once they stop; `notify(body, answer)` passes a message to
    ONVIF's clients and calls `answer` once with their number; ValueError if the message is invalid."""

    def __init__(
        self,
        loop: Loop,
        path: Path,
        bind: str,
        announce: Callable[[str, str], None],
        notify: Callable[[bytes, Callable[[int], None]], None],
        clients: Clients,
    ) -> None:
        self._loop = loop
        self._path = path
        self._bind = bind
        self._announce = announce
        self._notify = notify
        self._clients = clients
        self._senders: set[_Sender] = set()
        self._ports: dict[int, _Port] = {}

    def start(self) -> None:
        """OSError if the socket cannot be created."""
        self._listener = listener_at(self._path, 16)
        self._loop.watch(self._listener, READ, self._accept_sender)

    def close(self) -> None:
        self._loop.watch(self._listener, 0, self._accept_sender)
        self._listener.close()
        for sender in list(self._senders):
            self._end_sender(sender)
        for port in list(self._ports.values()):
            self._close_port(port)
        self._path.unlink(missing_ok=True)

    # --- the service ------------------------------------------------------------------------------------------------------

    def _accept_sender(self, events: int) -> None:
        try:
            sock, _ = self._listener.accept()
        except OSError:
            return  # gone again, or no descriptor is free: the next turn tries again
        sock.setblocking(False)
        sender = _Sender(sock)
        self._senders.add(sender)
        self._loop.watch(sock, READ, partial(self._read_sender, sender))

    def _read_sender(self, sender: _Sender, events: int) -> None:
        try:
            data = sender.sock.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end_sender(sender)
            return
        sender.came += data
        while self._take(sender):
            pass

    def _take(self, sender: _Sender) -> bool:
        """One message, if it is complete."""
        if sender.head is None:
            line, end, rest = sender.came.partition(b"\n")
            if not end:
                if len(sender.came) > MAX_HEAD_BYTES:
                    self._refuse(sender, "the head has no end")
                return False
            try:
                sender.head = _checked(from_json(bytes(line)))
                sender.allowed = tuple(ipaddress.ip_network(each, strict=False) for each in sender.head["allowed"])
            except (ValueError, LookupError, TypeError) as why:
                self._refuse(sender, f"not a head: {why}")
                return False
            sender.came = bytearray(rest)
        length = int(sender.head["length"])
        if len(sender.came) < length:
            return False
        head, sender.head = sender.head, None
        body = bytes(sender.came[:length])
        del sender.came[:length]
        if int(head["port"]):
            self._send_out(sender, head, body)
        else:
            self._hand_over(sender, body)
        return True

    def _hand_over(self, sender: _Sender, body: bytes) -> None:
        try:
            self._notify(body, partial(self._told, sender))
        except ValueError as why:
            self._refuse(sender, str(why))

    def _told(self, sender: _Sender, clients: int) -> None:
        if sender in self._senders:
            self._say(sender, {"clients": clients, "problem": ""})

    def _send_out(self, sender: _Sender, head: dict[str, Any], body: bytes) -> None:
        port = self._open_port(sender, int(head["port"]))
        answer = partial(self._answer, sender, port)
        # Another action may have let more in: what this one has to say is for its own alone.
        clients = [each for each in port.clients if _permitted(each.host, sender.allowed)]
        if not body or not clients:
            answer(len(clients) if not body else 0)
            return
        message = _Message(body, answer, str(head.get("what", "")))
        message.waiting.update(clients)
        for client in clients:
            client.going.append(message)
            self._loop.watch(client.sock, READ | WRITE, partial(self._ready, port, client))
        for client in list(port.clients):
            if client.waiting_bytes > MAX_CLIENT_BYTES:
                self._drop(port, client, Text("it does not read"))
        while sum(client.waiting_bytes for client in port.clients) > MAX_BYTES:
            self._drop(port, max(port.clients, key=lambda each: each.waiting_bytes), Text("it does not read"))
        within_s = min(max(float(head["within_s"]), WITHIN_S[0]), WITHIN_S[1])
        self._loop.after(within_s, partial(self._end_message, port, message))

    def _end_message(self, port: _Port, message: _Message) -> None:
        """Drops the clients that have not taken it in time: they do not read."""
        for client in list(message.waiting):
            self._drop(port, client, Text("it does not read"))

    def _answer(self, sender: _Sender, port: _Port, clients: int) -> None:
        if sender in self._senders:
            self._say(sender, {"clients": clients, "problem": port.problem})

    def _say(self, sender: _Sender, answer: dict[str, Any]) -> None:
        try:
            sender.sock.send(json.dumps(answer).encode() + b"\n")
        except OSError:
            self._end_sender(sender)

    def _refuse(self, sender: _Sender, why: str) -> None:
        log.error("a message of the service is not understood: %s", why)
        self._end_sender(sender)

    def _end_sender(self, sender: _Sender) -> None:
        if sender not in self._senders:
            return
        self._senders.discard(sender)
        self._loop.watch(sender.sock, 0, partial(self._read_sender, sender))
        sender.sock.close()
        if sender.port is not None:
            self._leave(sender, sender.port)

    def _leave(self, sender: _Sender, port: _Port) -> None:
        port.senders.remove(sender)
        self._loop.after(GRACE_S, partial(self._close_unused, port))

    # --- ports ------------------------------------------------------------------------------------------------------------

    def _open_port(self, sender: _Sender, number: int) -> _Port:
        port = self._ports.setdefault(number, _Port(number))
        if sender.port is not port:
            if sender.port is not None:
                self._leave(sender, sender.port)
            sender.port = port
            port.senders.append(sender)
        blocks = [each.allowed for each in port.senders]
        port.allowed = tuple(block for some in blocks for block in some) if all(blocks) else ()
        for client in [each for each in port.clients if not _permitted(each.host, port.allowed)]:
            self._drop(port, client, Text("its address may not connect any more"))
        if port.listener is None:
            self._listen(port)
        return port

    def _listen(self, port: _Port) -> None:
        family = socket.AF_INET6 if ":" in self._bind else socket.AF_INET
        try:
            port.listener = socket.create_server(
                (self._bind, port.number), family=family, backlog=32, dualstack_ipv6=self._bind == "::"
            )
        except OSError as why:
            problem = os.strerror(why.errno) if why.errno else str(why)
            if problem != port.problem:
                log.error("cannot listen on port %d: %s", port.number, problem)
            port.problem = problem
            return
        port.problem = ""
        port.listener.setblocking(False)
        self._loop.watch(port.listener, READ, partial(self._accept, port))
        self._announce(port.name, url_of("tcp", self._bind, port.number))
        log.info("clients may connect to port %d", port.number)

    def _close_unused(self, port: _Port) -> None:
        if not port.senders and self._ports.get(port.number) is port:
            self._close_port(port)

    def _close_port(self, port: _Port) -> None:
        self._ports.pop(port.number, None)
        for client in list(port.clients):
            self._drop(port, client, Text("the port closes"))
        if port.listener is not None:
            self._loop.watch(port.listener, 0, partial(self._accept, port))
            port.listener.close()
            port.listener = None
            self._announce(port.name, "")

    # --- clients ----------------------------------------------------------------------------------------------------------

    def _accept(self, port: _Port, events: int) -> None:
        assert port.listener is not None
        try:
            sock, address = port.listener.accept()
        except OSError:
            return  # gone again, or no descriptor is free: the next turn tries again
        host = host_of(address)
        if not _permitted(host, port.allowed):
            log.warning("port %d: %s may not connect", port.number, host)
            sock.close()
            return
        client = _Client(sock, host, self._clients.open(port.name, place_of(address)))
        sock.setblocking(False)
        probe(sock)
        port.clients.append(client)
        self._loop.watch(sock, READ, partial(self._ready, port, client))
        if len(port.clients) > MAX_CLIENTS:
            places = Counter(each.host for each in port.clients)
            self._drop(port, max(port.clients[:-1], key=lambda each: places[each.host]), Text("too many are connected"))

    def _ready(self, port: _Port, client: _Client, events: int) -> None:
        if events & READ and not client.closed:
            self._listen_to(port, client)
        if events & WRITE and not client.closed:
            self._write(port, client)

    def _listen_to(self, port: _Port, client: _Client) -> None:
        """Input of clients is discarded."""
        try:
            if not client.sock.recv(PIECE_BYTES):
                self._drop(port, client, NOTHING)
        except BlockingIOError:
            return
        except OSError:
            self._drop(port, client, NOTHING)

    def _write(self, port: _Port, client: _Client) -> None:
        if client.going:
            message = client.going[0]
            try:
                client.sent += client.sock.send(memoryview(message.body)[client.sent : client.sent + PIECE_BYTES])
            except BlockingIOError:
                return
            except OSError:
                self._drop(port, client, NOTHING)
                return
            if client.sent == len(message.body):
                client.going.popleft()
                client.sent = 0
                client.told.sent(message.what)
                message.end_for(client, True)
        if not client.going and not client.closed:
            self._loop.watch(client.sock, READ, partial(self._ready, port, client))

    def _drop(self, port: _Port, client: _Client, why: Text) -> None:
        """`why`: NOTHING if the client disconnected."""
        if client.closed:
            return
        client.closed = True
        if why:
            log.warning("port %d: %s is dropped: %s", port.number, client.host, why)
        port.clients.remove(client)
        client.told.closed(why)
        self._loop.watch(client.sock, 0, partial(self._ready, port, client))
        client.sock.close()
        for message in client.going:
            message.end_for(client, False)
        client.going.clear()


def _checked(head: dict[str, Any]) -> dict[str, Any]:
    """ValueError, LookupError or TypeError if it is not what the service sends."""
    if not 0 <= int(head["port"]) <= 65_535 or not 0 <= int(head["length"]) <= MAX_MESSAGE_BYTES:
        raise ValueError("out of range")
    float(head["within_s"])
    return head


def _permitted(host: str, allowed: tuple[Block, ...]) -> bool:
    ip = ipaddress.ip_address(host.partition("%")[0])
    return not allowed or any(ip in block for block in allowed if block.version == ip.version)
