"""A day of ONVIF's event service, faster than real time: whether memory, descriptors or threads grow, and whether an event is lost.

The time is given; everything else is real: requests over the socket that the host's proxy uses, their XML, the loop, and
connections to a consumer. Clients pull, renew, unsubscribe, and die in the middle of a pull without a word.
"""

from __future__ import annotations

import gc
import heapq
import itertools
import random
import re
import select
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from board.kit.clients import Clients
from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.people import CheckUsernameToken, Person
from board.kit.state import State
from engine.formats.onvif import MAKERS
from engine.messages import LineState
from engine.types import Match, Passage, PassageImages, PlateEvent, PlateList
from engine.vms.access import Denied
from engine.vms.http import HttpServer, Request
from engine.vms.onvif.events import Events
from engine.vms.onvif.push import Consumers
from engine.vms.onvif.server import Onvif
from engine.vms.onvif.services import table

HOUR_S = 3600.0
PULLERS = 6
PULL_S = 20
RENEW_S = 300.0
PASSAGE_S = (10.0, 60.0)
LINE_S = (30.0, 120.0)
DIES_S = (1800.0, 5400.0)
"""A span from each to the next: from, to."""

SPACES = (
    'xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns:tev="http://www.onvif.org/ver10/events/wsdl" '
    'xmlns:wsnt="http://docs.oasis-open.org/wsn/b-2" xmlns:wsa="http://www.w3.org/2005/08/addressing"'
)
SERVICE = "/onvif/event_service"
TERM = "<tev:InitialTerminationTime>PT600S</tev:InitialTerminationTime>"
CREATE = f"<tev:CreatePullPointSubscription>{TERM}</tev:CreatePullPointSubscription>"
PULL = f"<tev:PullMessages><tev:Timeout>PT{PULL_S}S</tev:Timeout><tev:MessageLimit>20</tev:MessageLimit></tev:PullMessages>"
RENEW = "<wsnt:Renew><wsnt:TerminationTime>PT600S</wsnt:TerminationTime></wsnt:Renew>"
UNSUBSCRIBE = "<wsnt:Unsubscribe/>"


class GivenClock(Clock):
    """Stands still until it is turned; any thread reads it."""

    def __init__(self) -> None:
        self._ns = 1_000_000_000
        self._began = datetime(2026, 1, 2, tzinfo=UTC)

    def now(self) -> datetime:
        return self._began + timedelta(microseconds=self._ns // 1000)

    def monotonic_ns(self) -> int:
        return self._ns

    def turn_to(self, ns: int) -> None:
        self._ns = max(self._ns, ns)


class GivenLoop(Loop):
    """A loop whose timers go by the given clock."""

    def __init__(self, clock: GivenClock) -> None:
        super().__init__()
        self._clock = clock
        self._due: list[tuple[int, int, Callable[[], None]]] = []
        self._order = itertools.count()

    def after(self, seconds: float, then: Callable[[], None]) -> None:
        heapq.heappush(self._due, (self._clock.monotonic_ns() + round(seconds * 1e9), next(self._order), then))

    @property
    def timers(self) -> int:
        return len(self._due)

    def turn_to(self, ns: int) -> None:
        """In the loop's thread."""
        while self._due and self._due[0][0] <= ns:
            due_ns, _, then = heapq.heappop(self._due)
            self._clock.turn_to(due_ns)
            then()
        self._clock.turn_to(ns)


class _Open:
    """Lets everybody in: log-ins are the host's matter."""

    def person(self, request: Request, more: Sequence[CheckUsernameToken], then: Callable[[Person | Denied], None]) -> None:
        then(Person("bench", ("view", "actions")))


@dataclass(frozen=True, slots=True)
class _Camera:
    """What the event service needs of one."""

    clock: GivenClock
    events: Events


class _Consumer(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    got: bytearray

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        count(body, self.got)
        self.send_response(202)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, format: str, *values: Any) -> None:
        pass


MOST_PASSAGES = 10_000
"""Of a day: who counts them has his memory from the beginning, so that only what is measured can grow."""


def count(body: bytes, got: bytearray) -> None:
    """Counts the standard's plates by their numbers."""
    for found in re.findall(rb'Recognition/LicensePlate<.*?Name="EventId" Value="(\w+)"', body):
        got[int(found, 16)] += 1


class Device:
    """The event service on a loop of its own, with an input and an output."""

    def __init__(self, folder: Path) -> None:
        self.clock = GivenClock()
        self.loop = GivenLoop(self.clock)
        state = State(folder)
        clients = Clients(state, "vms")
        self.lines = {"DI1": LineState("DI1", "input", False, None), "DO1": LineState("DO1", "output", False, None)}
        self.events = Events(self.loop, self.clock, self.lines, Consumers(self.loop, lambda: ("127.0.0.1",), clients))
        onvif = Onvif(_Camera(self.clock, self.events), _Open(), table(), clients)  # type: ignore[arg-type]
        self.path = folder / "vms.sock"
        self._server = HttpServer(self.loop, self.path, onvif.answer)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.passages = 0

    def __enter__(self) -> Device:
        self._server.start()
        self._thread.start()
        return self

    def __exit__(self, *why: object) -> None:
        self._stop.set()
        self._thread.join()
        self._server.close()
        self.loop.close()

    def _run(self) -> None:
        self.loop.run(self._stop, 0.2, lambda: None)

    def do(self, what: Callable[[], object]) -> None:
        """In the loop's thread; comes back when it is done and the sockets were looked at some times more."""

        def call() -> None:
            what()

        self.loop.call(call)
        for _ in range(4):
            done = threading.Event()
            self.loop.call(done.set)
            done.wait()

    def passage(self) -> None:
        number, self.passages = self.passages, self.passages + 1
        found = Passage(
            id=f"{number:032x}", plate=f"K{number % 9000 + 1000} AB", confidence=95.0, country="DE", region="", lane=0,
            direction="approach", char_height_px=30.0, at=self.clock.now(), monotonic_ns=0, trigger_id="", trigger_cause="",
            votes=3, box=(500, 400, 180, 40), size=(1280, 960), images=PassageImages(),
        )  # fmt: skip
        match = Match(PlateList(4, "WHITELIST", "white"), None)
        event = PlateEvent(found, (match,), match)
        self.do(lambda: self.events.publish([make(event, "/LPR/2026010200000001.jpg") for make in MAKERS.values()], found.plate))

    def line(self, name: str) -> None:
        line = replace(self.lines[name], active=not self.lines[name].active)
        self.lines[name] = line
        self.do(lambda: self.events.line(line))


class Client:
    """One that always pulls. `got`: how often each passage came."""

    def __init__(self, device: Device, address: str) -> None:
        self._device = device
        self._address = address
        self.requests = self.empty = 0
        self.got = bytearray(MOST_PASSAGES)
        self.pulling = socket.socket()
        self.begin()

    def begin(self) -> None:
        found = re.search(rb"<wsa:Address>http://camera:8080(\S+?)</wsa:Address>", self.ask(CREATE))
        if found is None:
            raise SystemExit("bench: no pull point")
        self._path = found[1].decode()
        self.pull()

    def ask(self, body: str, path: str = SERVICE) -> bytes:
        sock = self._send(body, path)
        return self._rest(sock)

    def pull(self) -> None:
        self.pulling.close()
        self.pulling = self._send(PULL, self._path)

    def take(self) -> None:
        """The answer is there."""
        body = self._rest(self.pulling)
        if b"PullMessagesResponse" not in body:
            raise SystemExit(f"bench: {body[-400:]!r}")
        self.empty += b"NotificationMessage" not in body
        count(body, self.got)
        self.pull()

    def renew(self) -> None:
        self.ask(RENEW, self._path)

    def die(self, politely: bool) -> None:
        """It comes again under a subscription of its own."""
        if politely:
            self.ask(UNSUBSCRIBE, self._path)
        self.begin()

    def _send(self, body: str, path: str) -> socket.socket:
        self.requests += 1
        sock = socket.socket(socket.AF_UNIX)
        sock.settimeout(30)
        sock.connect(str(self._device.path))
        sent = f"<s:Envelope {SPACES}><s:Body>{body}</s:Body></s:Envelope>".encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: camera:8080\r\nX-Forwarded-For: {self._address}\r\nContent-Type: application/soap+xml"
        )
        sock.sendall(f"{head}\r\nContent-Length: {len(sent)}\r\n\r\n".encode() + sent)
        return sock

    def _rest(self, sock: socket.socket) -> bytes:
        came = b""
        with sock:
            while data := sock.recv(65_536):
                came += data
        return came


@contextmanager
def consumer() -> Iterator[tuple[int, bytearray]]:
    """(port, how often each passage came)."""
    handler = type("Handler", (_Consumer,), {"got": bytearray(MOST_PASSAGES)})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield server.server_port, handler.got  # type: ignore[attr-defined]
    server.shutdown()
    thread.join()
    server.server_close()


def costs() -> dict[str, float]:
    """Of this process now."""
    gc.collect()
    rss = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmRSS"))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    return {"rss_mb": round(rss / 1024, 2), "descriptors": descriptors, "threads": threading.active_count()}


def measure(say: Callable[[str], None], hours: float = 24.0) -> dict[str, object]:
    """`lost`, `twice`: passages that a client which never died missed, or got more than once; `push_lost`: that the consumer
    missed; `timers`, `subscriptions`: what is there at the end; `early`, `late`: costs after a twelfth of the time, and then."""
    draw = random.Random(1)
    with TemporaryDirectory() as folder, Device(Path(folder)) as device, consumer() as (port, pushed):
        began = time.monotonic()
        clients = [Client(device, f"10.0.0.{number}") for number in range(PULLERS)]
        steady = clients[0]
        to = f"<wsnt:ConsumerReference><wsa:Address>http://127.0.0.1:{port}/</wsa:Address></wsnt:ConsumerReference>"
        manager = re.search(
            rb"<wsa:Address>http://camera:8080(\S+?)</wsa:Address>", steady.ask(f"<wsnt:Subscribe>{to}</wsnt:Subscribe>")
        )
        assert manager is not None
        changes = 0
        end_ns = device.clock.monotonic_ns() + round(hours * HOUR_S * 1e9)
        early: dict[str, float] = {}
        early_ns = end_ns // 12
        steps: list[tuple[int, int, Callable[[], object], tuple[float, float]]] = []
        order = itertools.count()

        def plan(what: Callable[[], object], span: tuple[float, float]) -> None:
            at_ns = device.clock.monotonic_ns() + round(draw.uniform(*span) * 1e9)
            heapq.heappush(steps, (at_ns, next(order), what, span))

        def change() -> None:
            nonlocal changes
            changes += 1
            device.line(draw.choice(["DI1", "DO1"]))

        plan(device.passage, PASSAGE_S)
        plan(change, LINE_S)
        plan(lambda: None, (PULL_S / 4, PULL_S / 4))  # pulls whose time is over are looked after
        for client in clients:
            plan(client.renew, (RENEW_S, RENEW_S))
        plan(lambda: steady.ask(RENEW, manager[1].decode()), (RENEW_S, RENEW_S))
        for client in clients[1:]:
            plan(lambda client=client: client.die(draw.random() < 0.3), DIES_S)  # type: ignore[misc]
        while device.clock.monotonic_ns() < end_ns:
            at_ns, _, what, span = heapq.heappop(steps)
            device.do(lambda at_ns=at_ns: device.loop.turn_to(at_ns))  # type: ignore[misc]
            what()
            plan(what, span)
            _take_all(device, clients)
            if not early and at_ns >= early_ns:
                early = costs()
                say(f"after {at_ns / HOUR_S / 1e9:.1f} h: {early}")
        for _ in range(200):  # what was published last is on its way to the consumer
            device.do(lambda: device.loop.turn_to(device.clock.monotonic_ns() + 100_000_000))
            _take_all(device, clients)
            if 0 not in pushed[: device.passages]:
                break
            time.sleep(0.02)
        late = costs()
        found = {
            "hours": hours,
            "took_s": round(time.monotonic() - began, 1),
            "requests": sum(client.requests for client in clients),
            "passages": device.passages,
            "line_changes": changes,
            "empty_answers": sum(client.empty for client in clients),
            "lost": steady.got[: device.passages].count(0),
            "twice": sum(times > 1 for times in steady.got),
            "push_lost": pushed[: device.passages].count(0),
            "timers": device.loop.timers,
            "subscriptions": len(device.events.subscriptions.all()),
            "early": early,
            "late": late,
        }
        for client in clients:
            client.pulling.close()
        return found


def _take_all(device: Device, clients: list[Client]) -> None:
    while True:
        ready, _, _ = select.select([client.pulling for client in clients], [], [], 0)
        if not ready:
            return
        for client in clients:
            if client.pulling in ready:
                client.take()
        device.do(lambda: None)
