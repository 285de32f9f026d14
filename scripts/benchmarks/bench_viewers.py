"""What people who watch the Live tab cost the camera, and what a stranger with half-sent requests can do to them.

Viewers are what a browser is to the camera: the page with its files, the stream of pictures, the stream of events and now and then
a question, each on a connection of its own, taken as fast as they come by one thread, so that the measuring costs little.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import selectors
import socket
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from board.kit.clock import Clock
from board.kit.state import State
from engine.settings import LprSettings
from engine.store import Store
from engine.types import ActionRule, WeekSchedule
from firmware.people.accounts import Accounts
from scripts.benchmarks.processes import cpu_s, pids, rss_mb

PASSWORD = "the bench's password"
STRANGERS = 200
GATE_PULSE_MS = 60
GOES_ON_S = 1.0
WATCHED_S = 8.0
PATHS = ("live", "static/portal.css", "static/portal.js", "static/live.js", "api/passages?limit=10", "api/status")


def prepare(state: State, mode: str) -> None:
    """A camera after its first access; every plate opens the gate."""
    store = Store(state.database, Clock())
    store.settings.put(LprSettings(region="Europe", mode=mode, trigger_period_s=0, min_confidence_pct=1), "bench")
    every_plate = next(entry for entry in store.lists() if entry.role == "all")
    options = json.dumps({"output": "DO1", "do": "pulse", "duration_ms": GATE_PULSE_MS})
    store.save_rule(ActionRule(0, every_plate.id, "bench", "io", True, WeekSchedule(), options), "bench")
    store.close()
    state.host.mkdir(mode=0o700, parents=True, exist_ok=True)
    Accounts(state.host, clock=Clock()).set_password("admin", PASSWORD)


class Door:
    """Asks the camera at `url` as somebody with an API token."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self.address = (parts.hostname or "127.0.0.1", parts.port or 80)
        self._headers = {"Authorization": _basic()}
        status, made = self.ask("POST", "/api/tokens", {"name": "bench", "permissions": ["view"]})
        if status not in (200, 201):
            raise SystemExit(f"bench: no token: {status} {made!r}")
        self._headers = {"Authorization": f"Bearer {json.loads(made)['token']}"}

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection(*self.address, timeout=30)
        try:
            headers = self._headers | ({"Content-Type": "application/json"} if body is not None else {})
            connection.request(method, path, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()
        finally:
            connection.close()

    def request(self, path: str) -> bytes:
        lines = [f"GET {path} HTTP/1.1", "Host: camera", *(f"{name}: {value}" for name, value in self._headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"

    def frames_processed(self) -> int:
        status = json.loads(self.ask("GET", "/anpr/api/status")[1])
        return int(status["engine"]["frames_processed"]) if status["engine"] else 0


def _basic() -> str:
    import base64

    return "Basic " + base64.b64encode(f"admin:{PASSWORD}".encode()).decode()


@dataclass(slots=True)
class _Stream:
    """`marks`: how often `mark` was seen."""

    sock: socket.socket
    mark: bytes
    marks: int = 0
    tail: bytes = b""
    status: int = 0


@dataclass(slots=True)
class _Watched:
    pictures: list[_Stream] = field(default_factory=list)
    events: list[_Stream] = field(default_factory=list)


def viewers(state: State, url: str, counts: tuple[int, ...] = (1, 10, 20)) -> list[dict[str, object]]:
    """One row for each number of viewers: frames of recognition and pictures that each gets, both a second, share of one core,
    resident memory in MB and answers that were no 200.

    Before and after each there is a while without any, `frames_per_s_alone`: there shows what else the machine does meanwhile."""
    door, known = Door(url), pids(state)
    rows = [_watched(door, known, 0)]
    alone = [rows[0]["frames_per_s"]]
    for count in counts:
        row = _watched(door, known, count)
        alone.append(_watched(door, known, 0)["frames_per_s"])
        rows.append(row | {"frames_per_s_alone": alone[-2:]})
    return rows


def _watched(door: Door, known: dict[str, int], count: int) -> dict[str, object]:
    refused = 0
    watched = _Watched()
    with selectors.DefaultSelector() as selector:
        for _ in range(count):
            refused += sum(door.ask("GET", f"/anpr/{path}")[0] != 200 for path in PATHS)
            watched.pictures.append(_open(door, selector, "/anpr/api/pictures?width=960", b"X-Frame-Seq:"))
            watched.events.append(_open(door, selector, "/anpr/api/events", b"event: "))
        _take(selector, 2.0)
        streams = [*watched.pictures, *watched.events]
        for stream in streams:
            stream.marks = 0
        before = {name: cpu_s(pid) for name, pid in known.items()}
        frames, begun_s = door.frames_processed(), time.monotonic()
        until_s = begun_s + WATCHED_S
        while (left_s := until_s - time.monotonic()) > 0:
            _take(selector, min(1.0, left_s))
            refused += door.ask("GET", "/anpr/api/passages?limit=10")[0] != 200
        took_s = time.monotonic() - begun_s
        frames = door.frames_processed() - frames
        memory = {name: rss_mb(known[name]) for name in ("host", "manager") if name in known}
        cpu = {name: round(100 * (cpu_s(pid) - before[name]) / took_s, 1) for name, pid in known.items()}
        for stream in streams:
            refused += stream.status != 200
            stream.sock.close()
    pictures = sorted(stream.marks / took_s for stream in watched.pictures)
    return {
        "viewers": count,
        "frames_per_s": round(frames / took_s, 1),
        "pictures_per_s": {"least": round(pictures[0], 1), "median": round(statistics.median(pictures), 1)} if pictures else {},
        "events_per_s": round(statistics.median(stream.marks / took_s for stream in watched.events), 1) if count else 0.0,
        "cpu_pct": {name: cpu[name] for name in ("host", "manager", "engine", "service") if name in cpu},
        "rss_mb": memory,
        "not_200": refused,
    }


def _open(door: Door, selector: selectors.BaseSelector, path: str, mark: bytes) -> _Stream:
    sock = socket.create_connection(door.address, timeout=30)
    sock.sendall(door.request(path))
    stream = _Stream(sock, mark)
    head = sock.recv(65536)
    found = re.match(rb"HTTP/1\.1 (\d+)", head)
    stream.status = int(found[1]) if found else 0
    sock.setblocking(False)
    selector.register(sock, selectors.EVENT_READ, stream)
    return stream


def _take(selector: selectors.BaseSelector, seconds: float) -> None:
    """Reads what comes, for so long."""
    until_s = time.monotonic() + seconds
    while (left_s := until_s - time.monotonic()) > 0:
        if not selector.get_map():
            time.sleep(left_s)
            return
        for key, _ in selector.select(left_s):
            stream = key.data
            data = stream.sock.recv(1 << 18)
            if not data:
                stream.status = 0  # it was ended
                selector.unregister(stream.sock)
                continue
            text = stream.tail + data
            stream.marks += text.count(stream.mark)
            stream.tail = text[-len(stream.mark) + 1 :]


# --- a stranger -------------------------------------------------------------------------------------------------------


def strangers(state: State, url: str, open_gate: Callable[[], float | None]) -> dict[str, object]:
    """Beside so many half-sent requests: how long pages take, and whether the gate opens. Resident memory of the host before,
    meanwhile and afterwards, in MB."""
    door, host = Door(url), pids(state)["host"]
    alone = _pages_ms(door)
    memory = [rss_mb(host)]
    with half_sent(door, STRANGERS):
        time.sleep(GOES_ON_S)
        beside = _pages_ms(door)
        gate = [open_gate() for _ in range(5)]
        memory.append(rss_mb(host))
    time.sleep(GOES_ON_S)
    memory.append(rss_mb(host))
    opened = sorted(latency for latency in gate if latency is not None)
    return {
        "half_sent": STRANGERS,
        "page_ms_alone": alone,
        "page_ms_beside": beside,
        "gate": {"triggers": len(gate), "opened": len(opened), "slowest_ms": round(opened[-1], 1) if opened else None},
        "host_rss_mb": dict(zip(("before", "during", "after"), memory, strict=True)),
    }


def _pages_ms(door: Door) -> dict[str, float]:
    """The slowest of five: a page of the host, one of the portal."""
    slowest = {}
    for name, path in (("host", "/login"), ("portal", "/anpr/live")):
        took = []
        for _ in range(5):
            begun_s = time.monotonic()
            status, _ = door.ask("GET", path)
            took.append((time.monotonic() - begun_s) * 1000 if status == 200 else float("inf"))
        slowest[name] = round(max(took), 1)
    return slowest


@contextmanager
def half_sent(door: Door, count: int) -> Iterator[None]:
    socks = []
    try:
        for _ in range(count):
            sock = socket.create_connection(door.address, timeout=10)
            with contextlib.suppress(OSError):  # the camera may have made room for others already
                sock.sendall(b"POST /login HTTP/1.1\r\nHost: camera\r\nContent-Le")
            socks.append(sock)
        yield
    finally:
        for sock in socks:
            sock.close()
