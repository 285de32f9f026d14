"""Server: HTTP/1.1 for a WSGI application on a TCP port or a Unix socket.

One loop (a selector in a thread of its own) accepts, receives heads and small bodies, keeps idle connections, sends what is
left of answers and writes the streams. A worker thread has a connection only from a whole request to its answer, so that a
client who sends or reads nothing holds no thread.
"""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections import Counter, deque
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from board.kit.loop import READ, WRITE, Loop
from board.kit.sockets import probe
from board.kit.web.chunks import Chunks
from board.kit.web.connections import WAITING, Connection, Phase
from board.kit.web.exchange import Exchange, Wsgi, refusal
from board.kit.web.heads import MAX_HEAD_BYTES, BadRequest, Head, head_end, parse
from board.kit.web.limits import Addresses, Complaints, Limits, Queue, Share
from board.kit.web.streams import Parked
from board.kit.web.viewers import STALLED_S, Viewers

if TYPE_CHECKING:
    import ssl

log = logging.getLogger("web")

BACKLOG = 256
TURN_S = 0.5
SHUT_WITHIN_S = 5.0
CLIENTS_WITHIN_S = 1.0
"""Of that for clients: one that reads slowly must not hold up a restart, as no gate opens meanwhile."""
_LINGER_S = 2.0
"""How long a refused client may go on sending before it is cut off: without that, it might not see the answer."""
Shares = Callable[[Head, str], tuple[Share, ...]]


def address_share(limits: Limits, address: str) -> Share:
    """What one address may take of the threads, so that some are left for the others."""
    return f"address {address}", max(1, limits.threads - max(1, limits.threads // 4))


class Server:
    """Serves `application` on `listener` from `start` to `stop`. `shares(head, address)`: which shares of the threads a request
    counts for, besides those that large bodies have; by default an address gets all but a quarter of them. `addresses`: None for a
    Unix socket. `also_at` and `not_at` add and take away listeners while it runs."""

    def __init__(
        self,
        listener: socket.socket,
        application: Wsgi,
        limits: Limits,
        addresses: Addresses | None = None,
        shares: Shares | None = None,
    ) -> None:
        self._listeners: set[socket.socket] = {listener}
        self._listener = listener
        self._application = application
        self._limits = limits
        self._shares = shares or (lambda head, address: (address_share(limits, address),))
        self._addresses = addresses
        self._connections: set[Connection] = set()
        self._shaken: Counter[str] = Counter()
        """TLS handshakes begun since the last turn, by who is counted."""
        self._to_shake: deque[Connection] = deque()
        self._queue: Queue[Connection] = Queue()
        self._complaints = Complaints(log, time.monotonic)
        self._stop = threading.Event()
        self._loop = Loop()
        self._viewers = Viewers(self._loop, limits, self._safely, self._answered)
        self._park_places = threading.Semaphore(limits.parked)
        self._thread = threading.Thread(target=self._run, name="web", daemon=True)
        self._workers = [threading.Thread(target=self._work, name=f"web-{number}", daemon=True) for number in range(limits.threads)]

    def start(self) -> None:
        self._listen(self._listener, None)
        for thread in (self._thread, *self._workers):
            thread.start()

    def also_at(self, listener: socket.socket, tls: Callable[[], ssl.SSLContext]) -> None:
        """From now on it listens there too. `tls()`: what a connection that comes now is encrypted with."""
        self._loop.call(lambda: self._listen(listener, tls))

    def not_at(self, listener: socket.socket) -> None:
        """It does not listen there any more, and the port is free when this returns; connections live on."""
        done = threading.Event()

        def deafen() -> None:
            self._deafen(listener)
            done.set()

        self._loop.call(deafen)
        done.wait(SHUT_WITHIN_S)

    def alive(self) -> bool:
        """False when one of its threads has ended by itself."""
        return all(thread.is_alive() for thread in (self._thread, *self._workers))

    def stop(self) -> None:
        """Gives the requests in progress a moment and closes every connection."""
        self._queue.close()
        begun_s = time.monotonic()
        for worker in self._workers:
            worker.join(max(0.0, begun_s + CLIENTS_WITHIN_S - time.monotonic()))
        while any(worker.is_alive() for worker in self._workers) and time.monotonic() < begun_s + SHUT_WITHIN_S:
            for client in [each for each in list(self._connections) if each.awaited]:
                client.hang_up()
            time.sleep(0.05)
        self._stop.set()
        self._loop.call(lambda: None)
        self._thread.join(SHUT_WITHIN_S)

    # --- the loop ---------------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        self._loop.run(self._stop, TURN_S, self._turn)
        for client in list(self._connections):
            self._close(client)
        for listener in list(self._listeners):
            self._deafen(listener)
        self._loop.close()

    def _listen(self, listener: socket.socket, tls: Callable[[], ssl.SSLContext] | None) -> None:
        listener.listen(BACKLOG)
        listener.setblocking(False)
        self._listeners.add(listener)
        self._loop.watch(listener, READ, lambda events: self._accept(listener, tls))

    def _deafen(self, listener: socket.socket) -> None:
        self._listeners.discard(listener)
        if listener.fileno() >= 0:
            self._loop.watch(listener, 0, lambda ready: None)
            listener.close()

    def _safely(self, client: Connection, work: Callable[[Connection], None]) -> None:
        """An error of one client ends that client alone."""
        try:
            work(client)
        except BadRequest as why:
            self._refuse(client, why.status, str(why))
        except OSError:
            self._close(client)
        except Exception:  # the loop's top
            log.exception("connection of %s", client.address)
            self._close(client)

    def _accept(self, listener: socket.socket, tls: Callable[[], ssl.SSLContext] | None) -> None:
        for _ in range(BACKLOG):
            try:
                sock, peer = listener.accept()
            except BlockingIOError:
                return
            except OSError as why:  # too many open files
                self._complaints.add(f"cannot accept: {why.strerror}", "")
                if not self._make_room(lambda client: True):
                    time.sleep(0.05)
                return
            address, port = (str(peer[0]), int(peer[1])) if isinstance(peer, tuple) else ("", 0)
            client = self._connection(sock, address, port, tls)
            if client is not None:
                self._safely(client, self._welcome)

    def _connection(
        self, sock: socket.socket, address: str, port: int, tls: Callable[[], ssl.SSLContext] | None
    ) -> Connection | None:
        """None when it cannot be encrypted."""
        key = self._share(address, "")
        if tls is None:
            return Connection(sock, address, port, key)
        from board.kit.web.tls import TlsConnection

        try:
            return TlsConnection(sock, address, port, key, tls())
        except OSError as why:
            self._complaints.add(f"no TLS: {why}", key)
            sock.close()
            return None

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
                    client.close()
                    return
        others = sum(other.phase is not Phase.STREAM for other in self._connections)
        if others >= self._limits.connections and not self._make_room(lambda other: True):
            client.close()
            return
        self._connections.add(client)
        if client.secure:
            self._enter(client, Phase.HANDSHAKE, 0, self._limits.head_s)
            self._to_shake.append(client)
            self._begin_handshakes()
        else:
            self._expect_request(client, self._limits.head_s)

    def _begin_handshakes(self) -> None:
        """Those that waited longest first, as many as the limits allow until the next turn."""
        for _ in range(len(self._to_shake)):
            client = self._to_shake.popleft()
            if client not in self._connections:
                continue
            if self._shaken[client.key] >= self._limits.handshakes_per_address or self._shaken.total() >= self._limits.handshakes:
                self._to_shake.append(client)
                continue
            self._shaken[client.key] += 1
            self._safely(client, self._shake)

    def _shake(self, client: Connection) -> None:
        try:
            wanted = client.handshake()
        except OSError as why:
            self._complaints.add(f"a TLS handshake failed: {getattr(why, 'reason', '') or why}", client.key)
            raise
        if wanted:
            self._watch(client, wanted)
        else:
            self._expect_request(client, self._limits.head_s)

    def _make_room(self, which: Callable[[Connection], bool]) -> bool:
        """Closes the connection that has been waited for longest."""
        waiting = [client for client in self._connections if client.phase in WAITING and which(client)]
        if not waiting:
            return False
        self._close(min(waiting, key=lambda client: client.since_s))
        return True

    def _enter(self, client: Connection, phase: Phase, events: int, within_s: float) -> None:
        now = time.monotonic()
        client.phase, client.since_s, client.due_s = phase, now, now + within_s
        self._watch(client, events)
        if events & READ and client.decrypted():  # of which the kernel knows nothing any more
            self._loop.call(lambda: self._safely(client, lambda client: self._ready(client, READ)))

    def _watch(self, client: Connection, events: int) -> None:
        self._loop.watch(client.sock, events, lambda ready: self._safely(client, lambda client: self._ready(client, ready)))

    def _moved(self, client: Connection, count: int) -> None:
        now = time.monotonic()
        client.due_s = now + self._limits.patience_s(client.due_s - now, count)

    def _ready(self, client: Connection, events: int) -> None:
        if client not in self._connections:
            return
        if client.phase is Phase.HANDSHAKE:
            self._shake(client)
        elif client.phase in (Phase.HEAD, Phase.BODY):
            self._receive(client)
        elif client.phase is Phase.FLUSH:
            self._moved(client, client.send_some())
            if not client.out:
                self._flushed(client)
        elif client.phase is Phase.DRAIN:
            self._drain(client)
        elif client.phase is Phase.STREAM:
            self._viewers.ready(client, events)
        elif client.phase is Phase.PARKED:
            self._receive_parked(client)

    # --- requests ---------------------------------------------------------------------------------------------------------

    def _expect_request(self, client: Connection, within_s: float) -> None:
        client.head = client.chunks = None
        self._enter(client, Phase.HEAD, READ, within_s)
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
            if client.chunks is not None:
                self._take_chunks(client, not data)
                return
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
        if head.chunked:
            client.chunks = Chunks(self._limits.buffered_body_bytes)
        if head.chunked or len(client.buffer) < head.length <= self._limits.buffered_body_bytes:
            if head.expects and (head.length or not client.buffer):
                client.add(b"HTTP/1.1 100 Continue\r\n\r\n")
                client.send_some()
            self._enter(client, Phase.BODY, READ, self._limits.head_s)
            if head.chunked:
                self._take_chunks(client, False)
        else:
            self._queue_up(client)

    def _take_chunks(self, client: Connection, is_end: bool) -> None:
        """Whoever answers gets the whole body with its length, as if the client had told it."""
        head, chunks = client.head, client.chunks
        assert head is not None and chunks is not None
        if not chunks.take(client.buffer):
            if is_end:
                raise BadRequest(400, "the request broke off before its end")
            return
        client.chunks, client.left = None, len(chunks.body)
        told = {name: value for name, value in head.headers.items() if name != "transfer-encoding"}
        client.head = replace(head, headers={**told, "content-length": str(client.left)}, length=client.left, chunked=False)
        client.buffer = chunks.body + client.buffer
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
                Exchange(client, self._limits, self._viewers.register, self._take_park_place).run(self._application)
            except Exception:  # the thread's top
                log.exception("request of %s", client.address)
                client.abandon()
            finally:
                self._queue.done(shares)
                self._loop.call(lambda client=client: self._safely(client, self._answered))  # type: ignore[misc]

    # --- requests that wait for another server ------------------------------------------------------------------------------

    def _take_park_place(self) -> bool:
        return self._park_places.acquire(blocking=False)

    def _park(self, client: Connection, parked: Parked) -> None:
        self._enter(client, Phase.PARKED, READ, self._limits.parked_s)
        self._loop.watch(parked.sock, READ, lambda ready: self._safely(client, self._go_on))

    def _go_on(self, client: Connection) -> None:
        """What its request waited for is there."""
        self._leave_park(client)
        self._queue_up(client)

    def _leave_park(self, client: Connection) -> None:
        if client.phase is Phase.PARKED and client.parked is not None:
            self._loop.watch(client.parked.sock, 0, lambda ready: None)
            self._park_places.release()

    def _receive_parked(self, client: Connection) -> None:
        """What it sends meanwhile is its next request; more of it than a head is nothing that a client does. One that wants nothing
        after this answer may have closed its half only, as gSOAP can: it is waited for until its machine says that it is gone."""
        data = client.receive()
        if data == b"" and client.address and not client.keep and not client.secure:
            client.cut = True
            probe(client.sock, idle_s=10)  # a machine where nobody has it any more resets it, Linux after a minute
            self._loop.watch(client.sock, 0, lambda ready: None)
        elif data == b"" or len(client.buffer) > MAX_HEAD_BYTES:
            self._close(client)
        elif data:
            client.buffer += data

    # --- answers ----------------------------------------------------------------------------------------------------------

    def _answered(self, client: Connection) -> None:
        if client.parked is not None:
            self._park(client, client.parked)
        elif client.source is not None:
            self._enter(client, Phase.STREAM, READ, STALLED_S)
            self._viewers.begin(client)
        elif client.out:
            self._enter(client, Phase.FLUSH, WRITE, self._limits.head_s)
        else:
            self._flushed(client)

    def _flushed(self, client: Connection) -> None:
        if client.left:
            if not client.keep:
                client.no_more()
            self._enter(client, Phase.DRAIN, READ, self._limits.head_s if client.keep else _LINGER_S)
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
        self._give_up_parked(client)
        client.keep = False
        client.left = max(client.left, 1 << 30)  # whatever is still on its way
        client.add(refusal(status, f"{text[:1].upper()}{text[1:]}.", retry_s))
        self._safely(client, self._answered)

    # --- ends -------------------------------------------------------------------------------------------------------------

    def _turn(self) -> None:
        """Twice a second: refuses or cuts off clients that used up their time."""
        now = time.monotonic()
        self._complaints.turn()
        self._shaken.clear()
        self._begin_handshakes()
        for client in list(self._connections):
            if client.phase is Phase.STREAM:
                self._safely(client, self._viewers.pump)
            elif client.phase is Phase.PARKED and client.cut and client.sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
                self._close(client)
            if now >= client.due_s and client in self._connections:
                self._safely(client, self._overdue)

    def _overdue(self, client: Connection) -> None:
        if client.phase is Phase.QUEUE:
            if self._queue.remove(client):
                self._refuse(client, 503, "the camera is busy", 2)
            else:
                client.phase = Phase.WORK
                client.due_s = float("inf")
        elif client.phase is Phase.PARKED:
            self._refuse(client, 504, "what should answer does not")
        elif client.phase is Phase.BODY or (client.phase is Phase.HEAD and client.buffer):
            self._complaints.add("requests that came too slowly were cut", client.key)
            self._refuse(client, 408, "the request came too slowly")
        else:
            if client.out:
                self._complaints.add("answers that nobody read were cut", client.key)
                client.abandon()
            self._close(client)

    def _give_up_parked(self, client: Connection) -> None:
        self._leave_park(client)
        parked, client.parked = client.parked, None
        if parked is not None:
            parked.close()

    def _close(self, client: Connection) -> None:
        self._give_up_parked(client)
        self._viewers.leave(client)
        if client.sock.fileno() >= 0:
            self._loop.watch(client.sock, 0, lambda ready: None)
        self._connections.discard(client)
        client.close()
