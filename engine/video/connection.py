"""Connection: one viewer's RTSP connection: requests in, one at a time; replies and interleaved packets out, bounded."""

from __future__ import annotations

import logging
import socket
import time
from collections import deque
from collections.abc import Callable

from board.kit.clients import Client, host_of
from board.kit.loop import READ, WRITE, Loop
from board.kit.words import NOTHING, Text
from engine.log_in import Question
from engine.video.messages import Malformed, Packet, Reader, Reply, Request, written
from engine.video.sessions import Session
from engine.video.wires import Interleaved

log = logging.getLogger("video.rtsp")

PIECE_BYTES = 16 << 10
SEND_BUFFER_BYTES = 128 << 10
"""The kernel's buffer, in fact twice as much; by default it would keep some MB for a client that does not read."""
MOST_UNREAD_BYTES = 64 << 10
"""Unprocessed bytes from a client; more stay in its own buffers."""
MOST_REPLY_BYTES = 512 << 10
"""While more waits to be sent, no further request is processed."""
LOG_IN_S = 20.0
"""From the connection to the first request with a right log-in."""
SILENT_S = 60.0
"""Limit of silence for a client that is logged in and plays nothing."""
STALLED_S = 30.0
"""Limit for a client that reads nothing although something waits."""

SILENT = Text("it was silent")


class Connection:
    """Used by the loop's thread. `handle(connection, request)` ends with `reply`, at once or later; until then no further
    request is processed. `person`: who logged in, "" nobody yet; `question`: the log-in, checked again now and then."""

    def __init__(
        self,
        loop: Loop,
        sock: socket.socket,
        host: str,
        client: Client,
        handle: Callable[[Connection, Request], None],
        gone: Callable[[Connection], None],
    ) -> None:
        self.host = host
        self.camera = host_of(sock.getsockname())
        self.sessions: dict[str, Session] = {}
        self.person = ""
        self.question: Question | None = None
        self.asked_s = 0.0
        self.refusals = 0
        self.client = client
        self.came_s = time.monotonic()
        self.closed = False
        self._loop = loop
        self._sock = sock
        self._handle = handle
        self._gone = gone
        self._reader = Reader()
        self._number: str | None = None
        """CSeq of the request that waits for its reply."""
        self._going: deque[bytes | memoryview] = deque()
        self._waiting = 0
        self._watched = 0
        self._ends = False
        self._heard_s = self._moved_s = self.came_s
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        self._watch()

    def waiting_bytes(self) -> int:
        return self._waiting

    def queue(self, data: bytes) -> None:
        """Sends it after what was queued before."""
        if self.closed:
            return
        if not self._going:
            self._moved_s = time.monotonic()
        self._going.append(data)
        self._waiting += len(data)
        self._write()

    def reply(self, reply: Reply) -> None:
        """Answers the waiting request."""
        number, self._number = self._number, None
        self.queue(written(reply, number or ""))
        self._look_again()

    def end(self, reply: Reply | None = None) -> None:
        """The connection closes once `reply` is sent; further input is ignored."""
        self._ends = True
        if reply is not None:
            self.reply(reply)
        if not self._going:
            self.close()

    def close(self, why: Text = NOTHING) -> None:
        if self.closed:
            return
        self.closed = True
        for session in self.sessions.values():
            session.close()
        self.sessions.clear()
        self._loop.watch(self._sock, 0, self._ready)
        self._sock.close()
        self._going.clear()
        self.client.closed(why)
        self._gone(self)

    def turn(self, now_s: float) -> None:
        """About once a second: ends expired sessions, sends due reports, closes unused connections."""
        for session in list(self.sessions.values()):
            if self.closed:  # while something was sent to another of its sessions
                return
            self.client.missed(session.lost)
            session.lost = 0
            if self._is_read(session):
                session.touch()  # a viewer that takes what we send is alive, whatever it says
            if session.is_over(now_s):
                del self.sessions[session.id]
                session.close()
                if session.playing:
                    self.close(SILENT)
                    return
            else:
                session.report(now_s)
        if self._going and now_s - self._moved_s > STALLED_S:
            self.close(Text("it does not read"))
        elif not self.person and now_s - self.came_s > LOG_IN_S:
            self.close(Text("it did not log in"))
        elif not any(session.playing for session in self.sessions.values()) and now_s - self._heard_s > SILENT_S:
            self.close(SILENT)

    def _is_read(self, session: Session) -> bool:
        interleaved = all(isinstance(outlet.wire, Interleaved) for outlet in session.outlets.values())
        return session.playing and interleaved and not self._going

    def _ready(self, events: int) -> None:
        if events & READ and not self.closed:
            self._read()
        if events & WRITE and not self.closed:
            self._write()

    def _read(self) -> None:
        try:
            data = self._sock.recv(PIECE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self.close()
            return
        if self._ends:
            return
        self._heard_s = time.monotonic()
        for session in self.sessions.values():
            session.touch()
        self._reader.came += data
        self._look()

    def _look(self) -> None:
        """Processes the received bytes, as far as it may."""
        while not self.closed and not self._ends and self._number is None and self._waiting < MOST_REPLY_BYTES:
            try:
                found = self._reader.next()
            except Malformed as why:
                self._number = why.number
                self.end(Reply(why.status))
                return
            if found is None:
                break
            if isinstance(found, Packet):
                self._heard(found)
            else:
                self._number = found.number
                self._guarded(found)
        self._watch()

    def _heard(self, packet: Packet) -> None:
        for session in self.sessions.values():
            for outlet in session.outlets.values():
                if isinstance(outlet.wire, Interleaved) and outlet.wire.channels[1] == packet.channel:
                    outlet.heard(packet.content)

    def _guarded(self, request: Request) -> None:
        try:
            self._handle(self, request)
        except Exception:  # an error in one request must not end the others
            log.exception("%s %s", request.method, request.url)
            if not self.closed and self._number is not None:
                self.reply(Reply(500))

    def _write(self) -> None:
        while self._going:
            piece = self._going[0]
            try:
                sent = self._sock.send(piece)
            except BlockingIOError:
                break
            except OSError:
                self.close()
                return
            self._moved_s = time.monotonic()
            self._waiting -= sent
            if sent == len(piece):
                self._going.popleft()
            else:
                self._going[0] = memoryview(piece)[sent:]
        if self._going:
            self._watch()
        elif self._ends:
            self.close()
        else:
            self._watch()
            self._look_again()

    def _look_again(self) -> None:
        """Processes what came after a request, soon."""
        if self._reader.came and not self._ends:
            self._loop.call(self._look)

    def _watch(self) -> None:
        wanted = (READ if len(self._reader.came) < MOST_UNREAD_BYTES else 0) | (WRITE if self._going else 0)
        if wanted != self._watched and not self.closed:
            self._watched = wanted
            self._loop.watch(self._sock, wanted, self._ready)
