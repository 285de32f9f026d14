"""NVR: recorders connect, log in with a device password of the use nvr, and are sent each plate (docs/nvr.md).

Whatever a client does, it holds up nobody: it is given little room (engine/vms/waiting.py), and is ended when it does not log in
within LOGIN_S or takes nothing for SILENT_S while something waits.
"""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import field
from functools import partial
from typing import Any

from board.kit.clients import Client, Clients, host_of, place_of
from board.kit.dataclass import dataclass
from board.kit.loop import READ, WRITE, Loop
from board.kit.people import AskHa1, CheckPassword, Nobody, Person
from board.kit.servers import url_of
from board.kit.sockets import probe
from board.kit.words import NOTHING, Text
from engine.formats import nvr
from engine.log_in import REALM, LogIn, Unchecked
from engine.messages import UP_TO_ONE, ServerSettings
from engine.types import PlateEvent
from engine.vms.near_port import NearPort
from engine.vms.waiting import Event, Queue, Waiting

log = logging.getLogger("vms.nvr")

NAME = "nvr"
USE = "nvr"

LOGIN_S = 10.0
LAST_WORDS_S = 2.0
"""How long a client has to read why its connection is closed."""
SILENT_S = 300.0
LOOK_AGAIN_S = 30.0
"""How often to check that the device passwords of logged-in clients still exist."""

LOGIN_BYTES = 4_096
"""Bytes of a message before the log-in, and of one that is kept."""

MOST_CLIENTS = 1_200
MOST_EVENT_BYTES = 4_000_000
"""Pictures that would make an event larger are left out."""

PIECE_BYTES = 65_536
SEND_BUFFER_BYTES, RECEIVE_BUFFER_BYTES = 32_768, 8_192
"""The kernel's, for each client: by itself it would give some MB to each that does not read."""

SEGMENT_BYTES = 1_460
"""As on Ethernet. A client on this machine would be sent 64 kB at a time, which fill so small a buffer, and acknowledge them 40 ms
later."""

TOO_MANY = Text("too many are connected")
DOES_NOT_READ = Text("it does not read")
NO_LOGIN = Text("it did not log in")
NONSENSE = Text("it does not speak this protocol")
REMOVED = Text("its device password was removed")
SWITCHED_OFF = Text("the server was switched off")


@dataclass(eq=False, slots=True)
class _Client:
    """A recorder's connection, logged in or not yet."""

    sock: socket.socket
    host: str
    place: str
    deadline_s: float
    """When its connection is closed, by the monotonic clock; 0: not."""
    reader: nvr.Reader = field(default_factory=lambda: nvr.Reader(LOGIN_BYTES, LOGIN_BYTES))
    queue: Queue = field(default_factory=Queue)
    book: Client | None = None
    """Once it is logged in."""
    asking: bool = False
    """Its log-in is being checked."""
    ending: bool = False
    """Its connection closes once it has taken what waits; further input is discarded."""
    told_missed: int = 0
    watched: int = 0
    closed: bool = False


def _prepare(listener: socket.socket) -> None:
    """Clients take it over."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, SEGMENT_BYTES)


class Nvr:
    """Used by the loop's thread. `bind`: the address to listen on, "" for all; `announce(url)` is called with where it listens,
    "" once it stops; `read(name)` returns a picture, b"" if it is gone; `most_clients`: as many as there are descriptors for."""

    def __init__(
        self,
        loop: Loop,
        log_in: LogIn,
        clients: Clients,
        bind: str,
        announce: Callable[[str], None],
        read: Callable[[str], bytes],
        most_clients: int,
    ) -> None:
        self._loop = loop
        self._log_in = log_in
        self._book = clients
        self._bind = bind
        self._announce = announce
        self._read = read
        self._most_clients = most_clients
        self._settings: ServerSettings | None = None
        self._port = NearPort(loop, bind, "recorders", self._accept, self._announced, 128, _prepare)
        self._look_again_s = 0.0
        self._clients: dict[_Client, None] = {}
        self._of_queue: dict[Queue, _Client] = {}
        self._waiting = Waiting(lambda queue: self._end(self._of_queue[queue], DOES_NOT_READ))
        self._to_ask: deque[tuple[_Client, CheckPassword]] = deque()
        self._asked = False

    def use(self, settings: ServerSettings) -> None:
        """The settings were read, or have changed. Clients stay, unless the server is switched off."""
        self._settings = settings
        if settings.nvr:
            self._port.use(settings.nvr_port)
        else:
            self.close()

    def close(self) -> None:
        self._port.close()
        for client in list(self._clients):
            self._end(client, SWITCHED_OFF)

    def turn(self) -> None:
        """To be called about every second."""
        now_s = time.monotonic()
        for client in [each for each in self._clients if each.deadline_s and each.deadline_s <= now_s]:
            self._end(client, NO_LOGIN)
        for queue in self._waiting.stuck(SILENT_S):
            self._end(self._of_queue[queue], DOES_NOT_READ)
        if now_s >= self._look_again_s:
            self._look_again_s = now_s + LOOK_AGAIN_S
            for user in {client.book.user for client in self._clients if client.book is not None}:
                self._log_in.still(AskHa1(USE, user, REALM), partial(self._still, user))
        self._port.turn()

    def tell(self, event: PlateEvent, picture: str) -> None:
        """Sends a plate to all logged-in clients. `picture`: the path at which it can be fetched, "" for none."""
        receivers = [client for client in self._clients if client.book is not None and not client.ending]
        if not receivers or self._settings is None:
            return
        frame = nvr.recognition(
            event,
            nvr.device_id(self._settings.camera_id),
            self._images(event),
            self._settings.nvr_layout,
            self._settings.nvr_confidence != UP_TO_ONE,
            picture,
        )
        self._waiting.put(Event(frame, event.passage.plate), *(client.queue for client in receivers))
        for client in receivers:
            self._count_missed(client)
            self._watch(client)

    def _images(self, event: PlateEvent) -> list[bytes]:
        found: list[bytes] = []
        for name in (event.passage.images.plate, event.passage.images.full):
            image = self._read(name) if name else b""
            if image and sum(map(len, found)) + len(image) > MOST_EVENT_BYTES:
                log.warning("a picture of %d bytes is left out", len(image))
            elif image:
                found.append(image)
        return found

    def _count_missed(self, client: _Client) -> None:
        count = client.queue.missed - client.told_missed
        if client.book is not None and count:
            if not client.told_missed:
                log.warning("%s reads too slowly: it misses plates", client.place)
            client.book.missed(count)
            client.told_missed = client.queue.missed

    def _announced(self, port: int) -> None:
        self._announce(url_of("tcp", self._bind, port) if port else "")

    # --- clients ------------------------------------------------------------------------------------------------------

    def _accept(self, sock: socket.socket, address: Any) -> None:
        if len(self._clients) >= self._most_clients and not self._make_room():
            log.warning("%d recorders are connected, another is turned away", len(self._clients))
            sock.close()
            return
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        probe(sock)
        client = _Client(sock, host_of(address), place_of(address), time.monotonic() + LOGIN_S)
        self._clients[client] = None
        self._of_queue[client.queue] = client
        self._watch(client)

    def _make_room(self) -> bool:
        """Closes a connection without log-in: the oldest of the address that has most of them."""
        strangers = [client for client in self._clients if client.book is None]
        if not strangers:
            return False
        of_address = Counter(client.host for client in strangers)
        self._end(max(strangers, key=lambda client: of_address[client.host]), TOO_MANY)
        return True

    def _watch(self, client: _Client) -> None:
        if client.closed:
            return
        events = WRITE if client.queue.events else 0
        if client.ending or not (client.asking or client.queue.answers):  # who does not take answers may not ask more
            events |= READ
        if events != client.watched:
            client.watched = events
            self._loop.watch(client.sock, events, partial(self._ready, client))

    def _ready(self, client: _Client, events: int) -> None:
        if events & READ and not client.closed:
            self._receive(client)
        if events & WRITE and not client.closed and client.queue.events:
            self._send(client)
        self._watch(client)

    def _receive(self, client: _Client) -> None:
        try:
            data = client.sock.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._end(client, NOTHING)
        elif not client.ending:
            client.reader.add(data)
            self._take(client)

    def _take(self, client: _Client) -> None:
        """Answers message by message; the next one once the last is answered."""
        while not (client.closed or client.ending or client.asking or client.queue.answers):
            try:
                found = client.reader.next()
                if found is None:
                    return
                self._handle(client, *found)
            except nvr.BadMessage as why:
                log.info("%s is ended: %s", client.place, why)
                self._end(client, NONSENSE)

    def _handle(self, client: _Client, command: int, data: bytes) -> None:
        """BadMessage: the connection is to be closed without an answer."""
        if command == nvr.LOGIN_REQ:
            user, password = nvr.credentials(data)
            client.asking, client.deadline_s = True, 0.0
            self._to_ask.append((client, CheckPassword(USE, user, password, client.host)))
            self._ask()
        elif client.book is None:
            raise nvr.BadMessage(f"command {command:#06x} before a log-in")
        elif not command & nvr.ANSWERS:
            self._answer(client, command, 501)

    def _ask(self) -> None:
        """One question at a time: the host answers pages and other recorders between."""
        while self._to_ask and not self._asked:
            client, question = self._to_ask.popleft()
            if not client.closed:
                self._asked = True
                self._log_in.ask(question, partial(self._known, client, question.user))

    def _known(self, client: _Client, user: str, answer: Person | Nobody | Unchecked) -> None:
        self._asked = False
        if not client.closed:
            client.asking = False
            if isinstance(answer, Person):
                self._welcome(client, user)
            else:
                status = 503 if isinstance(answer, Unchecked) else 429 if answer.wait_s else 401
                log.info("%s may not log in: %d", client.place, status)
                self._answer(client, nvr.LOGIN_REQ, status)
                client.ending, client.deadline_s = True, time.monotonic() + LAST_WORDS_S
            self._take(client)
            self._watch(client)
        self._loop.call(self._ask)

    def _still(self, user: str, there: bool) -> None:
        if not there:
            for client in [each for each in self._clients if each.book is not None and each.book.user == user]:
                self._end(client, REMOVED)

    def _welcome(self, client: _Client, user: str) -> None:
        if client.book is None:
            log.info("%s logged in as %s", client.place, user)
            client.book = self._book.open(NAME, client.place, user)
            client.reader.most_bytes = nvr.MOST_DATA_BYTES
        client.book.answered("200")
        self._answer(client, nvr.LOGIN_REQ, 200)

    def _answer(self, client: _Client, command: int, status: int) -> None:
        self._waiting.put(Event(nvr.answer(command, status), answer=True), client.queue)

    def _send(self, client: _Client) -> None:
        try:
            count = client.sock.send(client.queue.rest(PIECE_BYTES))
        except BlockingIOError:
            return
        except OSError:
            self._end(client, NOTHING)
            return
        event = self._waiting.took(client.queue, count)
        if event is not None and not event.answer and client.book is not None:
            client.book.sent(event.plate)
        if event is not None and event.answer:
            self._take(client)  # what it asked meanwhile
        if client.ending and not client.queue.events:
            self._say_goodbye(client)

    def _say_goodbye(self, client: _Client) -> None:
        """Closing at once would discard what the client has not read yet, if it has sent more than was read."""
        try:
            client.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._end(client, NOTHING)

    def _end(self, client: _Client, why: Text) -> None:
        """`why`: NOTHING if the client disconnected."""
        if client.closed:
            return
        client.closed = True
        del self._clients[client]
        del self._of_queue[client.queue]
        self._waiting.forget(client.queue)
        self._loop.watch(client.sock, 0, lambda ready: None)
        client.sock.close()
        if client.book is not None:
            client.book.closed(why)
            log.info("%s is gone%s", client.place, f": {why}" if why else "")
