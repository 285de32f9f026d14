"""Clients: who uses the servers of a process (a recorder, a video viewer), for whoever shows it.

Each server tells what happens; nothing is written down and nothing runs until somebody asks at STATE/run/clients/PROCESS.sock:
connecting there is the question, one ServerClients for each server and the end of the connection are the answer.

    clients = Clients(state, "vms"); clients.start()
    client = clients.open("nvr", place_of(address))         # a connection that lasts; address: what accept() gave
    client.user = "nvr-3"                                   # once it has logged in
    client.sent("K510EA154"); client.answered("200"); client.missed(); client.closed(Text("it does not read"))
    clients.request("onvif", "192.168.7.5", "onvif-1", "PullMessages", "2 messages")   # a protocol of single requests

What was sent and answered are words of the protocol, a plate or a status, not sentences: they are shown as they are, cut and in
one line, whatever a stranger put into them. A `server` is a name of STATE/run/servers.json (board/kit/servers.py).
"""

from __future__ import annotations

import itertools
import logging
import threading
import time
from collections import OrderedDict, deque
from datetime import UTC, datetime
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import WireError
from board.kit.reception import Reception
from board.kit.state import State
from board.kit.wire import Channel, Codec, PeerGone, connect
from board.kit.words import NOTHING, Text, one_line

log = logging.getLogger("clients")

MOST_SHOWN = 40
"""Connections of a server that are told one by one, the newest; all are counted."""

MOST_ENDED = 10
"""Of a server: those that went last."""

MOST_ASKING = 40
"""Addresses of a server of single requests; the one that was silent for longest is forgotten."""

ASKING_S = 3600.0
"""One that sent no request for so long is not told any more."""

MOST_CHARACTERS = 80
"""Of what came from outside."""

ANSWER_WITHIN_S = 1.0


@dataclass(frozen=True, slots=True)
class ClientState:
    """`user`: "" before a log-in, or where none is asked for; `since`: of the connection or the first request; `sent`, `answered`:
    the last of each, "" and None for none; `count`: messages sent to it, or its requests; `missed`: messages that it was too slow
    for; `ended`: when it went, and `why`, NOTHING when by itself."""

    address: str
    user: str
    since: datetime
    sent: str = ""
    sent_at: datetime | None = None
    answered: str = ""
    answered_at: datetime | None = None
    count: int = 0
    missed: int = 0
    ended: datetime | None = None
    why: Text = NOTHING


@dataclass(frozen=True, slots=True)
class ServerClients:
    """`count`: connections that are open, also those that are not in `clients`; `clients`: newest first, then those that went."""

    server: str
    count: int
    clients: tuple[ClientState, ...]


_CODEC = Codec((ServerClients,))


class Client:
    """One connection. Every method may be called from any thread, also after it was closed."""

    def __init__(self, book: _Server, number: int, address: str, user: str) -> None:
        self._book = book
        self.number = number
        self.address = address
        self.user = user
        self._since_s = time.time()
        self._sent = self._answered = ""
        self._sent_s = self._answered_s = self._ended_s = 0.0
        self._count = self._missed = 0
        self._silent_since_s = time.monotonic()
        self._why = NOTHING

    def sent(self, what: str) -> None:
        """One more message is on its way to it (a request came from it, for `Clients.request`)."""
        self._sent, self._sent_s, self._silent_since_s = what, time.time(), time.monotonic()
        self._count += 1

    def answered(self, what: str) -> None:
        """What it said, or was told, to that."""
        self._answered, self._answered_s = what, time.time()

    def missed(self, count: int = 1) -> None:
        """So many messages were left out, since it was too slow."""
        self._missed += count

    def closed(self, why: Text = NOTHING) -> None:
        """It is gone; `why` NOTHING when by itself. A second time changes nothing."""
        self._book.close(self, why)

    def end(self, why: Text) -> None:
        self._why, self._ended_s = why, time.time()

    def state(self) -> ClientState:
        return ClientState(
            one_line(self.address, MOST_CHARACTERS),
            one_line(self.user, MOST_CHARACTERS),
            _stamp(self._since_s),
            one_line(self._sent, MOST_CHARACTERS),
            _stamp(self._sent_s) if self._sent_s else None,
            one_line(self._answered, MOST_CHARACTERS),
            _stamp(self._answered_s) if self._answered_s else None,
            self._count,
            self._missed,
            _stamp(self._ended_s) if self._ended_s else None,
            self._why,
        )

    @property
    def silent_s(self) -> float:
        """Seconds since the last message or request."""
        return time.monotonic() - self._silent_since_s


class _Server:
    """The clients of one server."""

    def __init__(self, lock: threading.Lock) -> None:
        self._lock = lock
        self._numbers = itertools.count()
        self._open: dict[int, Client] = {}
        self._ended: deque[Client] = deque(maxlen=MOST_ENDED)
        self._asking: OrderedDict[tuple[str, str], Client] = OrderedDict()

    def open(self, address: str, user: str) -> Client:
        client = Client(self, next(self._numbers), address, user)
        with self._lock:
            self._open[client.number] = client
        return client

    def close(self, client: Client, why: Text) -> None:
        with self._lock:
            if self._open.pop(client.number, None) is not None:
                client.end(why)
                self._ended.append(client)

    def asking(self, address: str, user: str) -> Client:
        with self._lock:
            client = self._asking.pop((address, user), None) or Client(self, next(self._numbers), address, user)
            self._asking[address, user] = client
            if len(self._asking) > MOST_ASKING:
                self._asking.popitem(last=False)
        return client

    def told(self, name: str) -> ServerClients:
        with self._lock:
            count, shown = len(self._open), list(itertools.islice(reversed(self._open.values()), MOST_SHOWN))
            asking = [each for each in reversed(self._asking.values()) if each.silent_s < ASKING_S]
            ended = list(reversed(self._ended))
        clients = (*shown, *asking[: MOST_SHOWN - len(shown)], *ended)
        return ServerClients(name, count + len(asking), tuple(each.state() for each in clients))


class Clients:
    """Thread-safe. `process`: names the socket; it answers from `start` to `close`."""

    def __init__(self, state: State, process: str) -> None:
        self._path = state.clients / f"{process}.sock"
        self._lock = threading.Lock()
        self._servers: dict[str, _Server] = {}
        self._reception = Reception(self._path, _CODEC, "clients", log, self._answer, ANSWER_WITHIN_S)

    def open(self, server: str, address: str, user: str = "") -> Client:
        """A connection from `address` ("192.168.7.5:50123") is there; call `closed` of what comes back when it is not any more."""
        return self._server(server).open(address, user)

    def request(self, server: str, address: str, user: str, asked: str, answered: str) -> None:
        """One request of a protocol where each is for itself; those of one address and user are one client."""
        client = self._server(server).asking(address, user)
        client.sent(asked)
        client.answered(answered)

    def start(self) -> None:
        """Without its socket (a full disk) nobody is shown; nothing else is hindered."""
        try:
            self._reception.start()
        except OSError as why:
            log.warning("clients are not shown: %s", why)

    def close(self) -> None:
        if self._reception.close():
            self._path.unlink(missing_ok=True)

    def _server(self, name: str) -> _Server:
        with self._lock:
            return self._servers.setdefault(name, _Server(self._lock))

    def _answer(self, asker: Channel) -> None:
        with self._lock:
            servers = list(self._servers.items())
        try:
            for name, server in servers:
                asker.send(server.told(name))
        except WireError as why:
            log.debug("clients: %s", why)
        except Exception:  # the thread's top
            log.exception("clients")
        finally:
            asker.close()


def read_clients(state: State) -> tuple[ServerClients, ...]:
    """The clients of all processes that run, by the server's name. A process that does not answer at once is left out."""
    found: list[ServerClients] = []
    for path in sorted(state.clients.glob("*.sock")):
        try:
            channel = connect(path, _CODEC)
        except WireError as why:  # of a process that died
            log.debug("%s", why)
            continue
        try:
            while (told := channel.receive(ANSWER_WITHIN_S)) is not None:
                found.append(told)
        except PeerGone:
            pass  # that was all
        except WireError as why:
            log.warning("%s: %s", path.name, why)
        finally:
            channel.close()
    return tuple(sorted(found, key=lambda each: each.server))


def host_of(address: tuple[Any, ...]) -> str:
    """The host in what `accept` gave: "192.168.7.5" also where it came to a socket of IPv6."""
    return str(address[0]).removeprefix("::ffff:")


def place_of(address: tuple[Any, ...]) -> str:
    """What `accept` gave, as text: "192.168.7.5:50123", "[fe80::1]:50123"."""
    host, port = host_of(address), address[1]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _stamp(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
