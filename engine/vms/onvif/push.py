"""Push: sends Notify messages to the consumers of WS-BaseNotification, over connections that the camera makes (ONVIF Core,
Basic Notification Interface).

A client that may subscribe makes the camera connect to an address of its choice. The address must therefore be one that actions
may reach, checked again for each connection (engine/network.py). It must be the client's own unless its log-in may choose where
actions send.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from board.kit.clients import Client, Clients
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.loop import READ, WRITE, Loop
from engine.network import Network, is_allowed
from engine.vms.onvif.soap import TYPE, document
from engine.vms.onvif.subscriptions import Event, Subscription, messages
from engine.vms.onvif.xml import join, tag

WITHIN_S = 5.0
"""Time limit from the connection to the first line of the answer. A consumer that has a message and is slow to say so gets twice as
long each time, up to LONGEST_S: it would be sent the same message for ever, and none that follows."""
LONGEST_S = 60.0
PAUSES_S = (1.0, 2.0, 5.0, 15.0, 30.0, 60.0)
"""Wait after the 1st, 2nd ... failure in a row; the last one holds from then on."""
LOOK_UP_S = 3.0
MOST_LOOKUPS = 4
MOST_REFUSALS = 3
"""Refusals in a row after which a message is dropped, so that it blocks nothing that follows."""
MOST_AT_ONCE = 10
"""Messages in one Notify."""
MAX_LINE_BYTES = 4_096
NOTIFY = "http://docs.oasis-open.org/wsn/bw-2/NotificationConsumer/Notify"

NOT_NOW = (b"408", b"429", b"502", b"503", b"504")
"""Not the message is refused: the consumer is busy, or does not stand behind its proxy just now (RFC 9110, 15.6)."""

STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9][0-9])(?= |\r|$)")


BEFORE = re.compile(rb"HTTP/1\.[01] 1[0-9][0-9](?: [^\n]*)?\r?\n(?:[^\r\n]+\r?\n)*\r?\n")
"""A whole answer that comes before the final one (RFC 9110, 15.2)."""


class BadConsumer(ValueError):
    """Notify messages cannot be sent to this address."""


@dataclass(frozen=True, slots=True)
class Consumer:
    """`url`: as the client gave it; `host`: a number or a name; `target`: of the request."""

    url: str
    host: str
    port: int
    target: str

    @property
    def place(self) -> str:
        """For the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == 80 else f"{host}:{self.port}"


def consumer(url: str) -> Consumer:
    """BadConsumer says what is wrong with the address."""
    if len(url) > 500 or not url.isascii() or not url.isprintable() or " " in url:
        raise BadConsumer("the consumer's address is no address")
    try:
        parts = urlsplit(url)
        port = parts.port or 80
    except ValueError as why:
        raise BadConsumer("the consumer's address is no address") from why
    if parts.scheme != "http" or not parts.hostname or "@" in parts.netloc:
        raise BadConsumer("the consumer's address is to be http://host:port/path")
    query = f"?{parts.query}" if parts.query else ""
    return Consumer(url, parts.hostname, port, (parts.path or "/") + query)


class Consumers:
    """Resolves the addresses of consumers, and creates their senders. Used by the loop's thread."""

    def __init__(self, loop: Loop, permitted: Callable[[], Iterable[str]], clients: Clients) -> None:
        self._loop = loop
        self._permitted = permitted
        self._network = Network(permitted)
        self._clients = clients
        self._looking = 0

    def find(self, to: Consumer, only: str, then: Callable[[tuple[str, ...]], None]) -> None:
        """Calls `then` in the loop's thread with the addresses of the consumer's host that may be reached, () for none; of `only`,
        if it is not "", no other. Names are looked up beside the loop, MOST_LOOKUPS at a time."""
        known = partial(self._known, only, then)
        if _is_number(to.host):
            known(self._addresses(to.host))
        elif self._looking >= MOST_LOOKUPS:
            known(())
        else:
            try:
                threading.Thread(target=self._look, args=(to.host, known), name="consumer", daemon=True).start()
            except RuntimeError:  # "can't start new thread"
                known(())
            else:
                self._looking += 1

    def push(self, to: Consumer, only: str, addresses: tuple[str, ...], who: str) -> Push:
        """`only`, `addresses`: of `find`."""
        shown = self._clients.open("onvif", to.place, who)
        return Push(self._loop, to, addresses, partial(self.find, to, only), self._permitted, shown)

    def _known(self, only: str, then: Callable[[tuple[str, ...]], None], found: tuple[str, ...]) -> None:
        then(tuple(each for each in found if only in ("", each)))

    def _look(self, host: str, then: Callable[[tuple[str, ...]], None]) -> None:
        found = self._addresses(host)
        self._loop.call(partial(self._found, found, then))

    def _found(self, found: tuple[str, ...], then: Callable[[tuple[str, ...]], None]) -> None:
        self._looking -= 1
        then(found)

    def _addresses(self, host: str) -> tuple[str, ...]:
        try:
            return tuple(self._network.addresses(host, time.monotonic() + LOOK_UP_S))
        except (ConfigError, OSError):
            return ()


def _is_number(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


class Push:
    """Sends the queue of a subscription, oldest first, one Notify at a time. Used by the loop's thread, until `close`.

    `addresses`: numeric addresses of the consumer's host; `find(then)` looks for them again, as a name may have moved to others;
    `permitted()`: addresses and networks that may be reached although they are barred."""

    def __init__(
        self,
        loop: Loop,
        to: Consumer,
        addresses: tuple[str, ...],
        find: Callable[[Callable[[tuple[str, ...]], None]], None],
        permitted: Callable[[], Iterable[str]],
        shown: Client,
    ) -> None:
        self._loop = loop
        self._to = to
        self._addresses = addresses
        self._find = find
        self._permitted = permitted
        self._shown = shown
        self._queue: Callable[[int], tuple[Event, ...]] = lambda most: ()
        self._manager = self._base = ""
        self._batch: tuple[Event, ...] = ()
        """What is under way; it is kept until it is answered."""
        self._alone = False
        """Whether its messages are sent one by one: together they were refused, perhaps for one of them."""
        self._sock: socket.socket | None = None
        self._going = memoryview(b"")
        self._came = b""
        self._tries = 0
        self._failures = self._refusals = self._slow = 0
        self._pausing = self._closed = False

    def begin(self, one: Subscription, manager: str, base: str) -> None:
        """`manager`: address of the subscription; `base`: the camera's, both as the client knows them."""
        self._queue, self._manager, self._base = one.take, manager, base
        self.news()

    def news(self) -> None:
        """Something may be in the queue."""
        if self._sock is not None or self._pausing or self._closed:
            return
        self._batch = self._batch or self._queue(MOST_AT_ONCE)
        if self._batch:
            self._connect()

    @property
    def _sending(self) -> tuple[Event, ...]:
        """Content of the Notify under way."""
        return self._batch[:1] if self._alone else self._batch

    def close(self) -> None:
        self._closed = True
        self._hang_up()
        self._shown.closed()

    def _connect(self) -> None:
        self._tries += 1
        blocks = [ip_network(each, strict=False) for each in self._permitted()]
        allowed = [each for each in self._addresses if is_allowed(each, blocks)]
        if not allowed:
            self._failed("barred")
            return
        address = allowed[self._tries % len(allowed)]
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        self._sock = sock
        self._going, self._came = memoryview(self._request()), b""
        try:
            sock.connect((address, self._to.port))
        except BlockingIOError:
            pass  # under way
        except OSError as why:
            self._failed(why.strerror or "no connection")
            return
        self._loop.watch(sock, WRITE, partial(self._write, sock))
        self._loop.after(min(LONGEST_S, WITHIN_S * 2.0 ** min(self._slow, 10)), partial(self._overdue, sock))

    def _request(self) -> bytes:
        header = join(tag("wsa:Action", NOTIFY), tag("wsa:To", self._to.url))
        body = document(tag("wsnt:Notify", messages(self._sending, self._base, self._manager)), header)
        lines = (
            f"POST {self._to.target} HTTP/1.1",
            f"Host: {self._to.place}",
            f'Content-Type: {TYPE}; action="{NOTIFY}"',
            f"Content-Length: {len(body)}",
            "Connection: close",
        )
        return "\r\n".join([*lines, "", ""]).encode("ascii") + body

    def _write(self, sock: socket.socket, events: int) -> None:
        try:
            self._going = self._going[sock.send(self._going) :]
        except BlockingIOError:
            return
        except OSError as why:
            self._failed(why.strerror or "no connection")
            return
        if not self._going:
            self._loop.watch(sock, READ, partial(self._read, sock))

    def _read(self, sock: socket.socket, events: int) -> None:
        try:
            data = sock.recv(MAX_LINE_BYTES)
        except BlockingIOError:
            return
        except OSError as why:
            self._failed(why.strerror or "broken off")
            return
        self._came += data
        while (before := BEFORE.match(self._came)) is not None:  # "100 Continue", which many a server says unasked
            self._came = self._came[before.end() :]
        line, end, _ = self._came.partition(b"\n")
        if not end and data and len(self._came) < MAX_LINE_BYTES:
            return
        found = STATUS.match(line)
        if found is not None and found[1].startswith(b"1") and data and len(self._came) < MAX_LINE_BYTES:
            return  # the rest of what comes before the answer
        if found is None:
            self._failed("no answer of HTTP")
        elif found[1].startswith(b"2"):
            self._delivered(found[1].decode())
        else:
            if found[1] not in NOT_NOW:
                self._refused()
            self._failed(found[1].decode())

    def _refused(self) -> None:
        if len(self._sending) > 1:
            self._alone = True
            return
        self._refusals += 1
        if self._refusals >= MOST_REFUSALS:
            self._shown.missed(1)
            self._done()

    def _done(self) -> None:
        """The Notify under way needs no further try."""
        self._batch = self._batch[len(self._sending) :]
        self._alone = self._alone and bool(self._batch)
        self._refusals = 0

    def _delivered(self, status: str) -> None:
        last = self._sending[-1]
        self._shown.sent(last.plate or last.topic)
        self._shown.answered(status)
        self._done()
        self._failures = 0
        self._hang_up()
        self.news()

    def _failed(self, why: str) -> None:
        self._hang_up()
        self._shown.answered(why)
        self._pausing = True
        pause_s = PAUSES_S[min(self._failures, len(PAUSES_S) - 1)]
        self._failures += 1
        self._loop.after(pause_s, partial(self._find, self._again))

    def _again(self, addresses: tuple[str, ...]) -> None:
        """`addresses`: () where nobody knows them just now."""
        self._addresses = addresses or self._addresses
        self._pausing = False
        self.news()

    def _overdue(self, sock: socket.socket) -> None:
        if sock is self._sock:
            self._slow += not self._going
            self._failed("no answer in time")

    def _hang_up(self) -> None:
        if self._sock is not None:
            self._loop.watch(self._sock, 0, lambda events: None)
            self._sock.close()
            self._sock = None
