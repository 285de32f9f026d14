"""Server: HTTP/1.1 for a WSGI application on a TCP port or a Unix socket.

One loop (a selector in a thread of its own) accepts, receives heads and small bodies, keeps idle connections, sends what is
left of answers and writes the streams. A worker thread has a connection only from a whole request to its answer, so that a
client who sends or reads nothing holds no thread.
"""

from __future__ import annotations

import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from board.kit.sockets import short_address
from board.kit.web.connections import WAITING, Connection, Phase
from board.kit.web.exchange import Exchange, Wsgi, refusal
from board.kit.web.heads import BadRequest, Head, head_end, parse
from board.kit.web.limits import Addresses, Complaints, Limits, Queue, Share
from board.kit.web.streams import Source

log = logging.getLogger("web")

BACKLOG = 256
TURN_S = 0.5
STREAM_STALLED_S = 20.0
"""A viewer that takes nothing for so long is disconnected."""
STREAM_BUFFER_BYTES = 64 << 10
"""What the kernel keeps for a viewer: a picture must not wait behind old ones."""
SHUT_WITHIN_S = 5.0
_LINGER_S = 2.0
"""How long a refused client may go on sending before it is cut off: without that, it might not see the answer."""
Shares = Callable[[Head, str], tuple[Share, ...]]


def address_share(limits: Limits, address: str) -> Share:
    """What one address may take of the threads, so that some are left for the others."""
    return f"address {address}", max(1, limits.threads - max(1, limits.threads // 4))


def tcp_listener(bind: str, port: int) -> socket.socket:
    """A socket for `Server` on an IPv4 or IPv6 address; OSError when the port is taken or the address is not of this machine."""
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((bind, port))
    except OSError:
        listener.close()
        raise
    return listener


def unix_listener(path: Path) -> socket.socket:
    """The same at `path`, for this user only; what is left of an earlier run is replaced."""
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        with short_address(path) as address:
            listener.bind(address)
        path.chmod(0o600)
    except OSError:
        listener.close()
        raise
    return listener


class Server:
    """Serves `application` on `listener` from `start` to `stop`. `shares(head, address)`: which shares of the threads a request
    counts for, besides those that large bodies have; by default an address gets all but a quarter of them. `addresses`: None for a
    Unix socket."""

    def __init__(
        self,
        listener: socket.socket,
        application: Wsgi,
        limits: Limits,
        addresses: Addresses | None = None,
        shares: Shares | None = None,
    ) -> None:
        self._listener = listener
        self._application = application
        self._limits = limits
        self._shares = shares or (lambda head, address: (address_share(limits, address),))
        self._addresses = addresses
        self._selector = selectors.DefaultSelector()
        self._connections: set[Connection] = set()
        self._queue: Queue[Connection] = Queue()
        self._back: deque[Callable[[], None]] = deque()
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._streams_lock = threading.Lock()
        self._streams: dict[Connection, Source] = {}
        self._complaints = Complaints(log, time.monotonic)
        self._stop = threading.Event()
        self._loop = threading.Thread(target=self._run, name="web", daemon=True)
        self._workers = [threading.Thread(target=self._work, name=f"web-{number}", daemon=True) for number in range(limits.threads)]

    def start(self) -> None:
        self._listener.listen(BACKLOG)
        self._listener.setblocking(False)
        self._selector.register(self._listener, selectors.EVENT_READ, self._accept)
        self._selector.register(self._wake_read, selectors.EVENT_READ, self._woken)
        for thread in (self._loop, *self._workers):
            thread.start()

    def alive(self) -> bool:
        """False when one of its threads has ended by itself."""
        return all(thread.is_alive() for thread in (self._loop, *self._workers))

    def stop(self) -> None:
        """Gives the requests in progress a moment and closes every connection."""
        self._queue.close()
        until = time.monotonic() + SHUT_WITHIN_S
        for worker in self._workers:
            worker.join(max(0.1, until - time.monotonic()))
        self._stop.set()
        self._wake()
        self._loop.join(SHUT_WITHIN_S)
        os.close(self._wake_write)

    # --- the loop ---------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        turn_s = 0.0
        while not self._stop.is_set():
            for key, mask in self._selector.select(TURN_S):
                if isinstance(key.data, Connection):
                    self._safely(key.data, lambda client, mask=mask: self._ready(client, mask))  # type: ignore[misc]
                else:
                    key.data()
            while self._back:
                self._back.popleft()()
            now = time.monotonic()
            if now - turn_s >= TURN_S:
                turn_s = now
                self._turn(now)
        for client in list(self._connections):
            self._close(client)
        self._selector.close()
        self._listener.close()
        os.close(self._wake_read)

    def _wake(self) -> None:
        try:
            os.write(self._wake_write, b".")
        except OSError:
            pass  # full: the loop is being woken already; closed: it has ended

    def _woken(self) -> None:
        os.read(self._wake_read, 4096)

    def _later(self, work: Callable[[], None]) -> None:
        """Has the loop do `work`; from any thread."""
        self._back.append(work)
        self._wake()

    def _safely(self, client: Connection, work: Callable[[Connection], None]) -> None:
        """One client's trouble is that client's end only."""
        try:
            work(client)
        except BadRequest as why:
            self._refuse(client, why.status, str(why))
        except OSError:
            self._close(client)
        except Exception:  # the loop's top
            log.exception("connection of %s", client.address)
            self._close(client)

    def _accept(self) -> None:
        for _ in range(BACKLOG):
            try:
                sock, peer = self._listener.accept()
            except BlockingIOError:
                return
            except OSError as why:  # too many open files
                self._complaints.add(f"cannot accept: {why.strerror}", "")
                if not self._make_room(lambda client: True):
                    time.sleep(0.05)
                return
            address, port = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else ("", 0)
            client = Connection(sock, address, port, self._share(address, ""))
            self._safely(client, self._welcome)

    def _share(self, peer: str, forwarded_for: str) -> str:
        names = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded_for}
        return self._addresses.share(names) if self._addresses else ""

    def _welcome(self, client: Connection) -> None:
        client.sock.setblocking(False)
        if client.address:
            client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            same = sum(other.key == client.key and other.phase is not Phase.STREAM for other in self._connections)
            trusted = self._addresses is not None and self._addresses.trusts(client.address)
            if same >= self._limits.connections_per_address and not trusted:
                self._complaints.add("too many connections; the longest waiting is closed", client.key)
                if not self._make_room(lambda other: other.key == client.key):
                    client.sock.close()
                    return
        others = sum(other.phase is not Phase.STREAM for other in self._connections)
        if others >= self._limits.connections and not self._make_room(lambda other: True):
            client.sock.close()
            return
        self._connections.add(client)
        self._expect_request(client, self._limits.head_s)

    def _make_room(self, which: Callable[[Connection], bool]) -> bool:
        """Closes the connection that has been waited for longest."""
        waiting = [client for client in self._connections if client.phase in WAITING and which(client)]
        if not waiting:
            return False
        self._close(min(waiting, key=lambda client: client.since_s))
        return True

    def _enter(self, client: Connection, phase: Phase, mask: int, within_s: float) -> None:
        now = time.monotonic()
        client.phase, client.since_s, client.due_s = phase, now, now + within_s
        self._watch(client, mask)

    def _watch(self, client: Connection, mask: int) -> None:
        if mask == client.mask:
            return
        if not client.mask:
            self._selector.register(client.sock, mask, client)
        elif mask:
            self._selector.modify(client.sock, mask, client)
        else:
            self._selector.unregister(client.sock)
        client.mask = mask

    def _moved(self, client: Connection, count: int) -> None:
        now = time.monotonic()
        client.due_s = now + self._limits.patience_s(client.due_s - now, count)

    def _ready(self, client: Connection, mask: int) -> None:
        if client.phase in (Phase.HEAD, Phase.BODY):
            self._receive(client)
        elif client.phase is Phase.FLUSH:
            self._moved(client, client.send_some())
            if not client.out:
                self._flushed(client)
        elif client.phase is Phase.DRAIN:
            self._drain(client)
        elif client.phase is Phase.STREAM:
            if client not in self._connections:
                return
            if mask & selectors.EVENT_READ and not self._still_there(client):
                self._close(client)
            else:
                self._pump(client)

    # --- requests ---------------------------------------------------------------------------------------------------------

    def _expect_request(self, client: Connection, within_s: float) -> None:
        client.head = None
        self._enter(client, Phase.HEAD, selectors.EVENT_READ, within_s)
        if client.buffer:
            client.due_s = client.since_s + self._limits.head_s
            self._take_head(client)

    def _receive(self, client: Connection) -> None:
        data = client.receive()
        if data is None:
            return
        if client.phase is Phase.BODY:
            client.buffer += data
            self._moved(client, len(data))
            if len(client.buffer) >= client.left or not data:
                client.cut = not data
                self._queue_up(client)
            return
        if not data:
            self._close(client)
            return
        if not client.buffer:  # the first bytes of a request: its whole head must come in time
            client.due_s = time.monotonic() + self._limits.head_s
        client.buffer += data
        self._take_head(client)

    def _take_head(self, client: Connection) -> None:
        while client.buffer[:2] == b"\r\n":  # RFC 9112, 2.2
            del client.buffer[:2]
        end = head_end(client.buffer)
        if not end:
            return
        head = parse(bytes(client.buffer[:end]))
        del client.buffer[:end]
        if head.length > self._limits.max_body_bytes:
            raise BadRequest(413, "the request is larger than {limit} MB", limit=self._limits.max_body_bytes >> 20)
        client.head, client.left, client.keep, client.cut = head, head.length, head.keep, False
        if len(client.buffer) < head.length <= self._limits.buffered_body_bytes:
            if head.expects:
                client.sock.send(b"HTTP/1.1 100 Continue\r\n\r\n")
            self._enter(client, Phase.BODY, selectors.EVENT_READ, self._limits.head_s)
        else:
            self._queue_up(client)

    def _queue_up(self, client: Connection) -> None:
        head = client.head
        assert head is not None
        shares = self._shares(head, self._share(client.address, head.headers.get("x-forwarded-for", "")))
        if head.length > self._limits.buffered_body_bytes:
            shares += (("large bodies", max(1, self._limits.threads // 3)),)
        self._enter(client, Phase.QUEUE, 0, self._limits.queue_s)
        self._queue.put(client, shares)

    def _work(self) -> None:
        while (taken := self._queue.take()) is not None:
            client, shares = taken
            try:
                Exchange(client, self._limits, self._register_stream).run(self._application)
            except Exception:  # the thread's top
                log.exception("request of %s", client.address)
                client.abandon()
            finally:
                self._queue.done(shares)
                self._later(lambda client=client: self._safely(client, self._answered))  # type: ignore[misc]

    # --- answers ----------------------------------------------------------------------------------------------------------

    def _answered(self, client: Connection) -> None:
        if client.source is not None:
            self._begin_stream(client)
        elif client.out:
            self._enter(client, Phase.FLUSH, selectors.EVENT_WRITE, self._limits.head_s)
        else:
            self._flushed(client)

    def _flushed(self, client: Connection) -> None:
        if client.left:
            if not client.keep:
                client.sock.shutdown(socket.SHUT_WR)
            self._enter(client, Phase.DRAIN, selectors.EVENT_READ, self._limits.head_s if client.keep else _LINGER_S)
            self._drop(client, 0)
        elif client.keep:
            self._expect_request(client, self._limits.idle_s)
        else:
            self._close(client)

    def _drain(self, client: Connection) -> None:
        data = client.receive(64 << 10)
        if data == b"":
            self._close(client)
        elif data:
            client.buffer += data
            self._drop(client, len(data))

    def _drop(self, client: Connection, count: int) -> None:
        """Throws away what came of a body that nobody wants; what follows it is the next request."""
        gone = min(client.left, len(client.buffer))
        del client.buffer[:gone]
        client.left -= gone
        if client.keep:
            self._moved(client, count)
        if not client.left:
            self._flushed(client)

    def _refuse(self, client: Connection, status: int, text: str, retry_s: int = 0) -> None:
        """Answers without the application; the connection ends."""
        client.keep = False
        client.left = max(client.left, 1 << 30)  # whatever is still on its way
        client.add(refusal(status, f"{text[:1].upper()}{text[1:]}.", retry_s))
        self._safely(client, self._answered)

    # --- streams ----------------------------------------------------------------------------------------------------------

    def _register_stream(self, client: Connection, source: Source) -> bool:
        with self._streams_lock:
            same = sum(other.key == client.key for other in self._streams)
            if len(self._streams) >= self._limits.streams or (client.key and same >= self._limits.streams_per_address):
                return False
            self._streams[client] = source
            return True

    def _begin_stream(self, client: Connection) -> None:
        source = client.source
        assert source is not None
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, STREAM_BUFFER_BYTES)
        self._enter(client, Phase.STREAM, selectors.EVENT_READ, STREAM_STALLED_S)
        source.attach(lambda: self._later(lambda: self._safely(client, self._pump)))
        self._pump(client)

    def _still_there(self, client: Connection) -> bool:
        """What a viewer sends is not read as a request; only its end counts."""
        return client.receive(4096) != b""

    def _pump(self, client: Connection) -> None:
        """Sends what the source has, as far as the viewer takes it."""
        source = client.source
        if source is None or client.phase is not Phase.STREAM:
            return
        for _ in range(4):  # others want their turn
            if client.out:
                if client.send_some():
                    client.due_s = time.monotonic() + STREAM_STALLED_S
                if client.out:
                    self._watch_source(client, False)
                    self._watch(client, selectors.EVENT_READ | selectors.EVENT_WRITE)
                    return
            piece = source.next()
            if piece is None:
                client.due_s = time.monotonic() + STREAM_STALLED_S
                self._watch(client, selectors.EVENT_READ)
                self._watch_source(client, True)
                return
            if not piece:
                self._end_stream(client)
                return
            client.out = memoryview(b"%x\r\n%b\r\n" % (len(piece), piece) if client.frames else piece)
        self._watch_source(client, False)
        self._watch(client, selectors.EVENT_READ | selectors.EVENT_WRITE)

    def _end_stream(self, client: Connection) -> None:
        self._leave_stream(client)
        if client.frames:
            client.out = memoryview(b"0\r\n\r\n")
        self._answered(client)

    def _leave_stream(self, client: Connection) -> None:
        self._watch_source(client, False)
        with self._streams_lock:
            source = self._streams.pop(client, None)
        client.source = None
        if source is not None:
            source.close()

    def _watch_source(self, client: Connection, wanted: bool) -> None:
        fileno: Callable[[], int] | None = getattr(client.source, "fileno", None)
        if fileno is None or wanted == (client.source_fd >= 0):
            return
        if wanted:
            client.source_fd = fileno()
            self._selector.register(client.source_fd, selectors.EVENT_READ, lambda: self._safely(client, self._pump))
        else:
            self._selector.unregister(client.source_fd)
            client.source_fd = -1

    # --- ends -------------------------------------------------------------------------------------------------------------

    def _turn(self, now: float) -> None:
        """Twice a second: who had the time that the limits give is told so or cut off."""
        self._complaints.turn()
        for client in list(self._connections):
            if client.phase is Phase.STREAM:
                self._safely(client, self._pump)
            if now >= client.due_s and client in self._connections:
                self._safely(client, self._overdue)

    def _overdue(self, client: Connection) -> None:
        if client.phase is Phase.QUEUE:
            if self._queue.remove(client):
                self._refuse(client, 503, "the camera is busy", 2)
            else:
                client.phase = Phase.WORK
                client.due_s = float("inf")
        elif client.phase is Phase.BODY or (client.phase is Phase.HEAD and client.buffer):
            self._complaints.add("requests that came too slowly were cut", client.key)
            self._refuse(client, 408, "the request came too slowly")
        else:
            if client.out:
                self._complaints.add("answers that nobody read were cut", client.key)
                client.abandon()
            self._close(client)

    def _close(self, client: Connection) -> None:
        self._leave_stream(client)
        if client.mask:
            self._watch(client, 0)
        self._connections.discard(client)
        client.sock.close()
