"""Trigger socket: a TCP port where the configured message starts a trigger; each gets `OK <trigger id>` or `ERROR <reason>`.

A message must equal the configured text byte by byte; any other is discarded. The sender is often not a computer: a message may
end with CR, LF, CR LF, CR NUL, NUL, ETX, EOT or a short silence and begin with SOH, STX or a byte order mark, and telnet negotiates
options in between. A connection may stay open for many triggers. When all places are taken, the address that holds most of them
gives one up: first a connection that has ended and waits for an answer, then one that never sent the message, then the one that has
been silent for longest.

Sources: manual 4.4.9, Trigger server; manual 6.4, The system does not recognize license plates (trying the socket with telnet).
"""

from __future__ import annotations

import logging
import os
import re
import select
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import field
from functools import partial

from board.kit.clients import Client, Clients, host_of, place_of
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, TriggerRefused
from board.kit.sockets import probe
from board.kit.words import NOTHING, Text
from engine.dispatch.replies import Replies
from engine.types import SOCKET_CAUSE

log = logging.getLogger("triggers")

NAME = "trigger"
"""Name of this server in STATE/run/servers.json."""

MAX_CONNECTIONS = 32
MAX_LINE = 256
"""Bytes, line end included."""

MOST_WRONG = 20
"""After this many wrong messages in a row the connection ends."""

SILENCE_S = 0.1
"""A message without a terminator counts after this long without further bytes."""

LINE_TIMEOUT_S = 3.0
"""A message must be complete within this time of its first byte."""

IDLE_LIMIT_S = 600.0
"""A connection that has never sent the message is closed after this."""

SILENT_LIMIT_S = 86_400.0
"""A connection that has sent the message is closed this long after the last time."""

POLL_S = 0.5

ANSWER_WITHIN_S = 10.0
"""For so long after its trigger a client that has ended its half of the connection (ncat, printf into a pipe) gets the answer of an
action, which is too late then (engine/actions/trigger_server.py)."""

PART_S = 1.0
"""How long a refused peer is read from while it takes its answer."""

ENDS = b"\r\n\0\x01\x02\x03\x04\x11\x13"
"""CR, LF, NUL, SOH, STX, ETX, EOT and, of serial converters with flow control, XON and XOFF: each ends the message before it;
several in a row are no message."""

BOM = b"\xef\xbb\xbf"

NEGOTIATION = re.compile(rb"\xff(?:[\xfb-\xfe][^\r\n]|\xfa[^\xff]*\xff\xf0|[\xf0-\xf9])", re.DOTALL)
"""Telnet's commands (RFC 854): IAC WILL, WONT, DO or DONT with an option, a subnegotiation, or a command alone."""

BEGUN_NEGOTIATION = re.compile(rb"\xff(?:[\xfb-\xfe]?|\xfa[^\xff]{0,64}\xff?)\Z", re.DOTALL)


ANSWER_S = 5.0
"""How long a client may take to read an answer that exceeds its connection's buffer (one with pictures)."""


@dataclass(eq=False, slots=True)
class _Peer:
    """A connection to the trigger socket."""

    sock: socket.socket
    host: str
    since_s: float
    fired_s: float | None = None
    """When it last sent the message; both times are monotonic."""
    told: Client | None = None
    """For the display of connected clients."""
    waits_until_s: float = 0.0
    """Until when an action may answer its last trigger."""
    has_ended: bool = False
    """It has said all that it has to say."""
    answered: threading.Event = field(default_factory=threading.Event)
    wrong: int = 0
    giving_up: threading.Event = field(default_factory=threading.Event)
    sending: threading.Lock = field(default_factory=threading.Lock)

    def tell(self, asked: str, answered: str) -> None:
        if self.told is not None:
            self.told.sent(asked)
            self.told.answered(answered)

    def send(self, data: bytes) -> None:
        """Sends an answer of an action. OSError if the client is gone or does not read: it is disconnected then, because it has
        half an answer."""
        with self.sending:
            try:
                _send_all(self.sock, data, time.monotonic() + ANSWER_S)
                self.answered.set()
            except OSError:
                _shut(self.sock, socket.SHUT_RDWR)
                raise

    def over(self, now_s: float) -> bool:
        """It has been silent for too long."""
        return now_s - self.since_s > IDLE_LIMIT_S if self.fired_s is None else now_s - self.fired_s > SILENT_LIMIT_S


class TriggerServer:
    """Listens from `start` to `close`. `fire(cause)` returns the trigger's id or raises TriggerRefused; `replies` learns how an
    action can send its client a further answer; `clients` learns who is connected. `host`: the address to listen on, "" for
    all."""

    def __init__(
        self,
        port: int,
        message: str,
        fire: Callable[[str], str],
        host: str = "",
        replies: Replies | None = None,
        clients: Clients | None = None,
    ) -> None:
        self._address = (host, port)
        self._message = message.encode()
        self._ends = re.compile(b"[%s]" % re.escape(bytes(byte for byte in ENDS if byte not in self._message)))
        self._fire = fire
        self._replies = replies or Replies()
        self._clients = clients
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._peers: list[_Peer] = []
        self._threads: set[threading.Thread] = set()
        self._listener: socket.socket | None = None

    @property
    def port(self) -> int:
        """The actual port, also if 0 was asked for."""
        return int(self._listener.getsockname()[1]) if self._listener else self._address[1]

    def start(self) -> None:
        """ConfigError if the port is not available."""
        host, port = self._address
        try:
            self._listener = socket.create_server(
                self._address, family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=64, dualstack_ipv6=host == "::"
            )
        except OSError as why:
            raise ConfigError(
                "the trigger socket cannot listen on {address}: {reason}",
                address=port,
                reason=os.strerror(why.errno) if why.errno else why,
            ) from why
        self._spawn(partial(self._accept, self._listener))

    def close(self) -> None:
        self._stop.set()
        with self._lock:
            socks, threads = [peer.sock for peer in self._peers], list(self._threads)
        for sock in (*socks, *((self._listener,) if self._listener else ())):
            _shut(sock, socket.SHUT_RDWR)
        if self._listener is not None:
            self._listener.close()
        for thread in threads:
            thread.join(2.0)

    def _spawn(self, target: Callable[[], None]) -> None:
        def run() -> None:
            try:
                target()
            except Exception:  # the thread's top
                log.exception("trigger socket")
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name="trigger-socket", daemon=True)
        with self._lock:
            self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            with self._lock:
                self._threads.discard(thread)
            raise

    def _accept(self, listener: socket.socket) -> None:
        while not self._stop.is_set():
            try:
                sock, address = listener.accept()
            except OSError as why:
                if not self._stop.wait(POLL_S):  # out of file descriptors, for one: continue once there are some again
                    log.error("trigger socket: %s", why)
                continue
            told = self._clients.open(NAME, place_of(address)) if self._clients is not None else None
            peer = _Peer(sock, host_of(address), time.monotonic(), told=told)
            self._admit(peer)
            try:
                self._spawn(partial(self._serve, peer))
            except RuntimeError as why:  # "can't start new thread": the next one may be served
                log.error("trigger socket: %s", why)
                self._forget(peer)

    def _admit(self, peer: _Peer) -> None:
        with self._lock:
            self._peers.append(peer)
            if len(self._peers) <= MAX_CONNECTIONS:
                return
            places = Counter(each.host for each in self._peers)
            most = max(places.values())
            # The newcomer is a candidate too: if all others have sent the message, it is the one that goes.
            crowd = [each for each in self._peers if places[each.host] == most]
            goes = min(crowd, key=lambda each: (not each.has_ended, each.fired_s is not None, each.fired_s or each.since_s))
            self._peers.remove(goes)
            goes.giving_up.set()
        log.warning("trigger socket: %d connections are open, one of %s ends", MAX_CONNECTIONS, goes.host)
        _shut(goes.sock, socket.SHUT_RD)

    def _serve(self, peer: _Peer) -> None:
        sock = peer.sock
        try:
            probe(sock)  # frees its place after a minute
            self._talk(peer)
            self._await_answer(peer)
            if peer.giving_up.is_set():
                sock.settimeout(0.05)
                _reply(sock, "ERROR too many connections")
            else:
                self._part(sock)
        except OSError as why:
            log.info("trigger socket: connection ended: %s", why)
        finally:
            self._forget(peer)

    def _forget(self, peer: _Peer) -> None:
        with self._lock:
            if peer in self._peers:
                self._peers.remove(peer)
        self._replies.forget(peer.send)
        if peer.told is not None:
            peer.told.closed(Text("too many are connected") if peer.giving_up.is_set() else NOTHING)
        peer.sock.close()

    def _talk(self, peer: _Peer) -> None:
        sock = peer.sock
        waiting = b""
        begun_s = 0.0
        while not (self._stop.is_set() or peer.giving_up.is_set()):
            if waiting and time.monotonic() - begun_s > LINE_TIMEOUT_S:
                self._refuse(peer, "the line has no end")
                return
            if peer.over(time.monotonic()):
                self._refuse(peer, "nothing came for too long")
                return
            sock.settimeout(SILENCE_S if waiting == self._message else POLL_S)
            try:
                data = sock.recv(MAX_LINE)
            except TimeoutError:
                if waiting == self._message:
                    self._answer(peer, waiting)
                    waiting = b""
                continue
            if not waiting:
                begun_s = time.monotonic()
            *lines, waiting = self._ends.split(_plain(waiting + data))
            if not data:
                lines, waiting = [waiting], b""
            for line in lines:
                if line and not self._answer(peer, line):
                    return
            if not data:
                peer.has_ended = True
                return
            if len(waiting) >= MAX_LINE:
                self._refuse(peer, f"the line is longer than {MAX_LINE} bytes")
                return

    def _await_answer(self, peer: _Peer) -> None:
        """It may still listen; a client that is gone shows as soon as it is sent something."""
        if not (peer.has_ended and self._replies.given) or peer.answered.is_set():
            return
        look = select.poll()
        look.register(peer.sock, 0)  # errors alone
        while time.monotonic() < peer.waits_until_s and not (self._stop.is_set() or peer.giving_up.is_set()):
            if peer.answered.wait(0.1):
                self._stop.wait(POLL_S)  # another action may answer as well
                return
            if look.poll(0):
                return

    def _part(self, sock: socket.socket) -> None:
        """Closes the connection so that the last answer arrives: closing with unread bytes would reset it."""
        sock.shutdown(socket.SHUT_WR)
        sock.settimeout(POLL_S)
        end_s = time.monotonic() + PART_S
        while not self._stop.is_set() and time.monotonic() < end_s:
            try:
                if not sock.recv(65536):
                    return
            except TimeoutError:
                continue

    def _answer(self, peer: _Peer, line: bytes) -> bool:
        """False: close the connection."""
        if len(line) >= MAX_LINE:
            self._refuse(peer, f"the line is longer than {MAX_LINE} bytes")
            return False
        if line == self._message:
            peer.fired_s, peer.wrong = time.monotonic(), 0
            with peer.sending:  # an action's answer comes after this one
                try:
                    trigger_id = self._fire(f"{SOCKET_CAUSE}{peer.host}")
                except TriggerRefused as why:
                    answer = f"ERROR {why}"
                else:
                    answer = f"OK {trigger_id}"
                    peer.waits_until_s = time.monotonic() + ANSWER_WITHIN_S
                    peer.answered.clear()
                    self._replies.expect(trigger_id, peer.send)
                peer.tell(self._message.decode("utf-8", "replace"), answer)
                _reply(peer.sock, answer)
            return True
        if not line.isascii() or not line.decode("ascii", "replace").isprintable():
            self._refuse(peer, "not a line of text")
            return False
        self._refuse(peer, "this is not the trigger message")
        peer.wrong += 1
        return peer.wrong < MOST_WRONG

    def _refuse(self, peer: _Peer, reason: str) -> None:
        log.warning("trigger socket: message from %s discarded: %s", peer.host, reason)
        peer.tell("", f"ERROR {reason}")
        _reply(peer.sock, f"ERROR {reason}")


def _plain(data: bytes) -> bytes:
    """The bytes without telnet's commands and byte order marks; an incomplete one stays at the end."""
    begun = BEGUN_NEGOTIATION.search(data)
    rest = data[begun.start() :] if begun else b""
    return NEGOTIATION.sub(b"", data[: len(data) - len(rest)]).replace(BOM, b"") + rest


def _reply(sock: socket.socket, text: str) -> None:
    try:
        sock.sendall(" ".join(text.split()).encode() + b"\r\n")
    except OSError:
        pass  # the peer did not wait for its answer


def _send_all(sock: socket.socket, data: bytes, end_s: float) -> None:
    """OSError if not all of it is sent by then; the socket's own time-out belongs to the thread that reads."""
    going = memoryview(data)
    ready = select.poll()
    ready.register(sock, select.POLLOUT)
    while going:
        if not ready.poll(max(0, round((end_s - time.monotonic()) * 1000))):
            raise TimeoutError("the client does not read")
        try:
            going = going[sock.send(going, socket.MSG_DONTWAIT) :]
        except BlockingIOError:
            continue


def _shut(sock: socket.socket, how: int) -> None:
    try:
        sock.shutdown(how)
    except OSError:
        pass  # gone already
