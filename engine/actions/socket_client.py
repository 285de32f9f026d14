"""SOCKET CLIENT action: connects to a server over TCP and sends it each event (manual 4.4, List tab)."""

from __future__ import annotations

import fcntl
import socket
import struct
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from board.kit.errors import DeliveryError
from board.kit.settings import Settings, option
from board.kit.sockets import probe
from board.kit.words import Text, mark
from engine.actions._exchange import Exchange, Host, exchange, place
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.formats.framing import EXPLAINED, FRAMINGS, framed
from engine.formats.messages import DOCUMENTS
from engine.types import PlateEvent

LOOK_S = 0.01
PART_S = 1.0
MOST_READS = 16

SSL_WANTS_MORE = 2
"""The number of ssl.SSLWantReadError (SSL_ERROR_WANT_READ): the module itself is 5 MB, which is loaded for TLS only."""


class SocketClientOptions(Settings):
    host: Host = option("192.168.1.10", "Host", "Name or address of the server.", max_length=253)
    port: int = option(17000, "Port", "The TCP port that it listens on.", ge=1, le=65535)
    format: str = option("XML", "Format", "How the event is written; those with IMG have the pictures in them.", choices=DOCUMENTS)
    framing: str = option("newline", "Framing", EXPLAINED, choices=FRAMINGS)
    keep: bool = option(
        True, "Keep the connection", "One connection for all events; otherwise one for each, which ends with the message."
    )
    tls: bool = option(False, "TLS", "The connection is secured.")
    ca: Certificates = ca_option({"tls": (True,), "verify_tls": (True,)})
    verify_tls: bool = option(
        True,
        "Check the certificate",
        "TLS: refuses a server whose certificate is not valid. Switch off only for a test.",
        when={"tls": (True,)},
    )
    timeout_s: float = option(
        10.0, "Timeout", "Longest wait, from the look-up of the server's name until it has the message.", unit="s", ge=1, le=60
    )

    @property
    def server(self) -> str:
        return place(self.host, self.port)


class Connection:
    """The connection to one server, made when the first message goes out and again when it was lost. One message at a time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._sock: socket.socket | None = None
        self._secured: tuple[bool, str, bool] | None = None

    def send(self, data: bytes, options: SocketClientOptions, env: ActionEnv) -> None:
        """Returns once the server's machine has all of it; DeliveryError says why not."""
        if not self._lock.acquire(timeout=options.timeout_s):
            raise DeliveryError("{server}: another message is still on its way", server=options.server)
        try:
            with exchange(env.network, options.server, options.timeout_s) as it:
                try:
                    self._send(it, data, options)
                except BaseException:
                    self._end()
                    raise
                it.check()
                if options.keep:
                    it.keep()
                else:
                    self._end()
        finally:
            self._lock.release()

    def close(self) -> None:
        with self._lock:
            self._end()

    def _send(self, it: Exchange, data: bytes, options: SocketClientOptions) -> None:
        secured = (options.tls, options.ca, options.verify_tls)
        if self._sock is not None and (secured != self._secured or _has_ended(self._sock)):
            self._end()
        if self._sock is None:
            self._sock, self._secured = _connected(it, options), secured
        else:
            it.guard(self._sock)
        sock = self._sock
        sock.settimeout(max(0.01, it.end_s - time.monotonic()))
        sock.sendall(data)
        while _unacknowledged(sock):
            it.check()
            if _is_broken(sock):
                raise DeliveryError("it ended the connection")
            time.sleep(LOOK_S)
        if not options.keep:
            _part(sock)

    def _end(self) -> None:
        if self._sock is not None:
            _has_ended(self._sock)  # what lies unread would make of the end a reset, which can cost the server what it has not read
            self._sock.close()
            self._sock = None


def _connected(it: Exchange, options: SocketClientOptions) -> socket.socket:
    sock = it.connect(options.host, options.port)
    probe(sock)  # so that the loss is noticed before the next car comes, most of the time
    if not options.tls:
        return sock
    return client_context(options.ca, options.verify_tls).wrap_socket(sock, server_hostname=options.host)


def _part(sock: socket.socket) -> None:
    """Ends our side and gives the server a moment to end its own."""
    sock.settimeout(PART_S)
    try:
        if type(sock) is socket.socket:
            sock.shutdown(socket.SHUT_WR)
            sock.recv(1)
        else:
            sock.unwrap()  # type: ignore[attr-defined]
    except (ConnectionResetError, BrokenPipeError):
        raise  # it ended before it had read everything
    except OSError:
        pass  # its machine has all of it; many a server stays, or ends without a word


def _has_ended(sock: socket.socket) -> bool:
    """Whether the server ended the connection meanwhile. What it said is read and thrown away."""
    sock.settimeout(0.0)
    try:
        for _ in range(MOST_READS):
            if not sock.recv(65_536):
                return True
    except BlockingIOError:
        return False
    except OSError as why:
        return why.errno != SSL_WANTS_MORE
    return False


def _is_broken(sock: socket.socket) -> bool:
    return sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0 or _state(sock) not in _OPEN


_OPEN = (1, 4, 5, 8)
"""ESTABLISHED, FIN_WAIT1, FIN_WAIT2, CLOSE_WAIT: TCP's states in which what was sent may still be acknowledged
(linux/tcp_states.h)."""


def _state(sock: socket.socket) -> int:
    return sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0]


def _unacknowledged(sock: socket.socket) -> int:
    """Bytes that the peer's machine has not acknowledged yet (tcp(7), SIOCOUTQ)."""
    return int(struct.unpack("i", fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0)))[0])


@contextmanager
def _open(server: str, env: ActionEnv) -> Iterator[Connection]:
    connection = Connection()
    try:
        yield connection
    finally:
        connection.close()


def _deliver(event: PlateEvent, options: SocketClientOptions, env: ActionEnv) -> Text:
    data = framed(env.message(event, options.format).body, options.framing)
    connection: Connection = env.peer or Connection()
    connection.send(data, options, env)
    return Text("{server} took {size} bytes", {"server": options.server, "size": len(data)})


ACTION = ActionKind(
    name="socket_client",
    label="SOCKET CLIENT",
    purpose=mark("Send to a program by TCP"),
    about=mark("The camera connects to it for each car."),
    options=SocketClientOptions,
    deliver=_deliver,
    pause_s=(1.0, 30.0),  # a controller that was switched on is told at once
    peer=lambda options: options.server,
    open=_open,
)
