"""VMS: fifty passages on all paths at once, 1,000 recorders of which half do not read beside gate and recognition, one that takes a
byte a second, and malformed input to TCP, SOAP and RTSP.

Service, pins and vms processes are real; this process plays the engine, the host's people, and all who listen.
"""

from __future__ import annotations

import base64
import io
import json
import os
import random
import shutil
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from PIL import Image

from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.servers import read_servers
from board.kit.sockets import short_address
from board.kit.state import State
from board.kit.wire import Channel
from board.wiegand.receive import read_edges
from engine.cli.bench_read import drawn_frame
from engine.cli.nvr_client import plates
from engine.messages import PassageReport, PassageStored
from engine.recognise.pipeline import Recogniser
from engine.settings import GeneralSettings, RecorderSettings
from engine.store import Store
from engine.types import ActionRule, Passage, PassageImages, WeekSchedule
from engine.vms.onvif.services import table
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.tokens import Tokens
from firmware.people.who import Who, WhoServer
from scripts.benchmarks import malformed_rtsp, storm, told
from scripts.benchmarks.bench_outbox import ALL, PULSE_MS, ROOT, START_S, Say, camera, figures, gate_ms
from scripts.benchmarks.malformed import nvr_input, rtsp_input, soap_input
from scripts.benchmarks.processes import cpu_s, peak_mb, pids, rss_mb
from scripts.benchmarks.told import Fact

PASSAGES = 50
EVERY_S = 0.1
ARRIVE_WITHIN_S = 20.0
ZONE = ZoneInfo("Asia/Seoul")
PLATES = ("K510EA154", "부산02가1234", "HK55EVB", "GB1&<", "MS12345")

READING, SILENT, SLOW = 500, 250, 250
"""Recorders that read, never do, and take a byte a second."""
TURNS = 2
GATE_PASSAGES = 40
GATE_EVERY_S = 0.25

FRAMES_PER_S = 10
VIEWERS = (1, 4)
WATCH_S = 6.0
VIDEO_WITHIN_S = 10.0
DOCUMENT_END = b"</tt:MetadataStream>"

SLOW_PASSAGES = 200
MALFORMED = 100_000
SERVICES = ("/onvif/device_service", "/onvif/device_service/1", "/onvif/event_service", "/onvif/media_service", "/onvif/")

Rules = tuple[tuple[str, dict[str, Any]], ...]
GATE: Rules = (("io", {"output": "DO1", "duration_ms": PULSE_MS}),)


def measure(say: Say) -> dict[str, object]:
    """Times in ms, memory in MB of 10^6 bytes."""
    found: dict[str, object] = {}
    say(f"{PASSAGES} passages on all paths")
    found["paths"] = _paths()
    found["video"] = {profile: _video(profile, say) for profile in ("sim", "sim_small")}
    with site(GATE) as where:
        found["recorders"] = _crowd(where, say)
    with site() as where:
        say("a recorder that takes a byte a second")
        found["slow_reader"] = _slow(where)
    with site((), "sim_small") as where:
        found["malformed"] = _malformed(where, say)
    return found


# --- the camera ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Site:
    """`pid`: of the vms process; `nvr`, `onvif`: user and password."""

    state: State
    engine: Channel
    pid: int
    port: int
    nvr: tuple[str, str]
    onvif: tuple[str, str]

    def drive(self, number: int, every_s: float) -> list[Passage]:
        """Passages with pictures, one after the other."""
        clock, passages = Clock(), []
        for count in range(number):
            one = Passage(
                str(uuid.uuid4()), PLATES[count % len(PLATES)], 95.0, "KR", "", 0, "approach", 30.0, clock.now(),
                clock.monotonic_ns(), "", "", 2, (512, 430, 178, 50), (1280, 960), PassageImages("full.jpg", "plate.jpg"),
            )  # fmt: skip
            passages.append(one)
            self.engine.send(PassageReport(one))
            while not isinstance(self.engine.receive(START_S), PassageStored):
                pass
            time.sleep(every_s)
        return passages


@contextmanager
def site(rules: Rules = (), profile: str = "") -> Iterator[Site]:
    """A camera that tells every plate by `rules`, with device passwords for recorders, and video as `profile` has it ("": none)."""
    with TemporaryDirectory() as folder, ExitStack() as stack:
        state = State(Path(folder) / "state")
        _prepare(state, rules, profile)
        if profile:
            stack.enter_context(_film(state))
        devices = DevicePasswords(state.host, Clock())
        logins = {}
        for use in ("nvr", "onvif"):
            device, password = devices.make(use, "bench", "bench")
            logins[use] = device.user, password
        who = WhoServer(
            state.people_socket, Who(devices, Tokens(state.host, lambda name: None, Clock()), Guesses(Clock()), Clock())
        )
        who.start()
        stack.callback(who.close)
        engine = stack.enter_context(camera(state))
        command = [sys.executable, "-m", "engine", "vms", "--state", str(state.root)]
        vms = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        stack.callback(vms.wait, 30)
        stack.callback(vms.terminate)
        _await(lambda: "nvr" in read_servers(state), "the vms process does not start")
        port = int(read_servers(state)["nvr"].rpartition(":")[2])
        yield Site(state, engine, vms.pid, port, logins["nvr"], logins["onvif"])


def _prepare(state: State, rules: Rules, profile: str) -> None:
    state.run.mkdir(mode=0o700, parents=True)
    if profile:
        state.board_file.write_text(json.dumps({"profile": profile}))
    state.host.mkdir(mode=0o700, parents=True)
    state.images.mkdir(mode=0o700, parents=True)
    frame = Image.fromarray(drawn_frame())
    for name, image in (("full.jpg", frame), ("plate.jpg", frame.crop((0, 0, 320, 80)))):
        made = io.BytesIO()
        image.save(made, "JPEG", quality=70)
        (state.images / name).write_bytes(made.getvalue())
    store = Store(state.database, Clock())
    general = GeneralSettings(trigger_port=0, keep_free_pct=1, action_addresses="127.0.0.0/8 ::1", time_zone=str(ZONE))
    store.settings.put(general, "bench")
    store.settings.put(RecorderSettings(nvr_port=_free_port(), rtsp=bool(profile), rtsp_port=_free_port()), "bench")
    for kind, options in rules:
        store.save_rule(ActionRule(0, ALL, kind, kind, True, WeekSchedule(), json.dumps(options)), "bench")
    store.close()


@contextmanager
def _film(state: State) -> Iterator[None]:
    """A picture that moves, ten times a second, where the engine leaves its frames."""
    import numpy as np

    from board.types import Frame
    from engine.ring import RingWriter

    still, stop = drawn_frame(), threading.Event()
    writer = RingWriter(state.frames, still.shape[1], still.shape[0])

    def run() -> None:
        seq = 0
        while not stop.wait(1 / FRAMES_PER_S):
            seq += 1
            picture = np.ascontiguousarray(np.roll(still, 4 * seq, 1))
            writer.write(Frame(seq, Clock().now(), time.monotonic_ns(), picture))

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    yield
    stop.set()
    thread.join()
    writer.close()


def _await(there: Callable[[], object], else_: str, within_s: float = START_S) -> None:
    until = time.monotonic() + within_s
    while not there():
        if time.monotonic() > until:
            sys.exit(f"bench: {else_}")
        time.sleep(0.02)


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


# --- all paths at once --------------------------------------------------------------------------------------------------


class _Arrivals:
    """What came on each path and when, in ms since 1970. Any thread may tell."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.of: dict[str, list[tuple[Fact, float]]] = defaultdict(list)

    def take(self, path: str, fact: Fact) -> None:
        with self._lock:
            self.of[path].append((fact, time.time() * 1000))

    def follow(self, facts: Callable[[], Iterator[tuple[str, Fact]]]) -> None:
        """Takes what it gives, in a thread of its own, until its peer is gone."""

        def run() -> None:
            with suppress(OSError, ValueError, GatewrightError):
                for path, fact in facts():
                    self.take(path, fact)

        threading.Thread(target=run, daemon=True).start()


def _paths() -> dict[str, object]:
    arrivals = _Arrivals()
    with ExitStack() as stack:
        url = f"http://127.0.0.1:{stack.enter_context(_web(arrivals))}"
        lines_port, server_port = stack.enter_context(_lines(arrivals)), _free_port()
        rules: Rules = (
            ("http", {"url": f"{url}/post"}),
            ("http", {"url": f"{url}/get", "method": "GET"}),
            ("http", {"url": f"{url}/json", "format": "JSON"}),
            ("socket_client", {"host": "127.0.0.1", "port": lines_port, "format": "JSON"}),
            ("socket_server", {"port": server_port, "format": "JSON"}),
        )
        broker = stack.enter_context(_broker(arrivals))
        if broker:
            rules = (*rules, ("mqtt", {"host": "127.0.0.1", "port": broker, "tls": False}))
        where = stack.enter_context(site(rules, "sim"))
        arrivals.follow(lambda: (("tcp", told.of_tcp(found)) for found in plates(f"127.0.0.1:{where.port}", *where.nvr)))
        _await(lambda: f"socket server {server_port}" in read_servers(where.state), "the socket server does not start")
        arrivals.follow(lambda: _from_socket_server(server_port))
        puller = told.Puller(where.state.vms_socket, *where.onvif)
        arrivals.follow(lambda: _pulled(puller))
        if _video_is_there(where):
            viewer = _viewer(where, "sub")
            arrivals.follow(lambda: _from_metadata(viewer))
        time.sleep(1)  # all are connected
        passages = where.drive(PASSAGES, EVERY_S)
        until = time.monotonic() + ARRIVE_WITHIN_S
        while any(len(each) < PASSAGES for each in arrivals.of.values()) and time.monotonic() < until:
            time.sleep(0.1)
    return {"passages": PASSAGES, "broker": bool(broker), **_compared(passages, arrivals)}


def _compared(passages: list[Passage], arrivals: _Arrivals) -> dict[str, object]:
    """`same`: every path said the same plate, time and id of each passage, once; times from the picture to the arrival."""
    at_ms = {each.id: told.since_1970_ms(each.at) for each in passages}
    wanted = sorted((each.plate, at_ms[each.id], each.id) for each in passages)
    same: list[str] = []
    differ: list[str] = []
    times = {}
    for path, came in sorted(arrivals.of.items()):
        carried = [(fact.plate, fact.at_ms, fact.id) for fact, _ in came if fact.id is not None and fact.at_ms is not None]
        whole = sorted(carried) == wanted if carried else sorted(fact.plate for fact, _ in came) == sorted(p for p, _, _ in wanted)
        (same if whole else differ).append(path)
        took = [at - at_ms[fact.id] for fact, at in came if fact.id in at_ms]
        if took:
            times[path] = figures(took)
    return {"same": same, "differ": differ, "arrival_ms": times}


class _Web(BaseHTTPRequestHandler):
    server: _WebServer

    def do_GET(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        way = urlsplit(self.path).path
        fact = told.of_address(self.path) if way == "/get" else None
        fact = fact or (told.of_document(body) if way == "/json" else told.of_milesight(body, ZONE))
        self.server.arrivals.take(f"http{way}", fact)
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_POST = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        pass


class _WebServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, arrivals: _Arrivals) -> None:
        super().__init__(("127.0.0.1", 0), _Web)
        self.arrivals = arrivals


@contextmanager
def _web(arrivals: _Arrivals) -> Iterator[int]:
    server = _WebServer(arrivals)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield int(server.server_address[1])
    server.shutdown()
    server.server_close()


@contextmanager
def _lines(arrivals: _Arrivals) -> Iterator[int]:
    """A server that takes lines of JSON."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accepted() -> Iterator[tuple[str, Fact]]:
            while True:
                sock, _ = listener.accept()
                with sock, sock.makefile("rb") as lines:
                    for line in lines:
                        yield "socket client", told.of_document(line)

        arrivals.follow(accepted)
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)


def _from_socket_server(port: int) -> Iterator[tuple[str, Fact]]:
    with socket.create_connection(("127.0.0.1", port)) as sock, sock.makefile("rb") as lines:
        for line in lines:
            yield "socket server", told.of_document(line)


def _pulled(puller: told.Puller) -> Iterator[tuple[str, Fact]]:
    while True:
        for topic, fact in puller.pull():
            yield f"onvif {topic}", fact


@contextmanager
def _broker(arrivals: _Arrivals) -> Iterator[int]:
    """A broker and a listener at it; 0 where none is installed."""
    program = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/usr/local/sbin")
    if program is None:
        yield 0
        return
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion

    port = _free_port()
    with TemporaryDirectory() as folder:
        config = Path(folder) / "mosquitto.conf"
        config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
        with subprocess.Popen([program, "-c", str(config)], stderr=subprocess.DEVNULL) as process:
            client = Client(CallbackAPIVersion.VERSION2)
            client.on_connect = lambda client, *_: client.subscribe("gatewright/+/plates")
            client.on_message = lambda client, data, message: arrivals.take("mqtt", told.of_document(message.payload))
            _await(lambda: _connects(port), "the broker does not start")
            client.connect("127.0.0.1", port)
            client.loop_start()
            yield port
            client.loop_stop()
            process.terminate()


def _connects(port: int) -> bool:
    with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


# --- video --------------------------------------------------------------------------------------------------------------


def _video_is_there(where: Site) -> bool:
    until = time.monotonic() + VIDEO_WITHIN_S
    while "rtsp" not in read_servers(where.state):
        if time.monotonic() > until:
            return False
        time.sleep(0.1)
    return True


def _viewer(where: Site, stream: str) -> Any:
    """A connection of FFmpeg's client that plays. Whoever takes what comes holds it until the camera ends: closed by another thread
    meanwhile, it would take this process with it."""
    import av

    place = read_servers(where.state)["rtsp"].removeprefix("rtsp://").partition("/")[0]
    user, password = where.onvif
    address = f"rtsp://{user}:{password}@{place}/{stream}"
    return av.open(address, options={"rtsp_transport": "tcp"}, timeout=(START_S, START_S))


def _from_metadata(viewer: Any) -> Iterator[tuple[str, Fact]]:
    """Of the stream's third track; FFmpeg gives each packet as it comes."""
    came = b""
    for packet in viewer.demux(viewer.streams.data[0]):
        came += bytes(packet)
        *documents, came = came.split(DOCUMENT_END)
        for document in documents:
            for topic, fact in told.of_onvif(document + DOCUMENT_END):
                yield f"rtsp {topic}", fact


def _video(profile: str, say: Say) -> dict[str, object]:
    """What viewers of the main stream cost: per cent of a core and memory of the video process, which is there only for them."""
    with site((), profile) as where:
        if not _video_is_there(where):
            return {"skipped": "this computer serves no video"}
        codec, costs, watching = "", {}, 0
        for count in VIEWERS:
            for _ in range(count - watching):
                viewer = _viewer(where, "main")
                codec = str(viewer.streams.video[0].codec_context.name)
                threading.Thread(target=_play, args=(viewer,), daemon=True).start()
            watching = count
            say(f"video as {codec}, {count} viewers")
            time.sleep(2)
            pid = pids(where.state)["video"]
            before_s = cpu_s(pid)
            time.sleep(WATCH_S)
            costs[count] = {"cpu_pct": round(100 * (cpu_s(pid) - before_s) / WATCH_S, 1), "mb": rss_mb(pid)}
        return {"codec": codec, "picture": drawn_frame().shape[1::-1], "frames_per_s": FRAMES_PER_S, "viewers": costs}


def _play(viewer: Any) -> None:
    """Takes what comes, and does not decode it: that is not the camera's work."""
    with suppress(OSError, ValueError):
        for _ in viewer.demux():
            pass


# --- recorders that do not read -----------------------------------------------------------------------------------------


def _crowd(where: Site, say: Say) -> dict[str, object]:
    """The gate and a reading thread, in turns without and with the recorders."""
    gate: dict[bool, list[float]] = {False: [], True: []}
    reads: dict[bool, list[float]] = {False: [], True: []}
    alone_mb, cpu, had = peak_mb(where.pid), 0.0, {"least": 0, "most": 0}
    with _Reads() as reader:
        where.drive(GATE_PASSAGES // 4, GATE_EVERY_S)
        for turn in range(TURNS):
            for many in (False, True):
                say(f"turn {turn + 1} of {TURNS}: {GATE_PASSAGES} passages, {READING + SILENT + SLOW if many else 0} recorders")
                with ExitStack() as stack:
                    crowd = stack.enter_context(_recorders(where)) if many else None
                    before, cpu_before = len(read_edges(where.state.sim / "edges.jsonl")), cpu_s(where.pid)
                    reader.begin()
                    passages = where.drive(GATE_PASSAGES, GATE_EVERY_S)
                    reads[many] += reader.end()
                    time.sleep(1)
                    gate[many] += gate_ms(where.state, before, passages)
                    if crowd is not None:
                        cpu = cpu_s(where.pid) - cpu_before
                        had = crowd()
    return {
        "reading": READING,
        "silent": SILENT,
        "a_byte_a_second": SLOW,
        "gate_ms": {"alone": figures(gate[False]), "with": figures(gate[True])},
        "read_ms": {"alone": figures(reads[False]), "with": figures(reads[True])},
        "plates": {"sent": GATE_PASSAGES, **had},
        "vms_peak_mb": {"alone": alone_mb, "with": peak_mb(where.pid)},
        "vms_cpu_ms_a_plate_and_recorder": round(cpu * 1000 / GATE_PASSAGES / READING, 3),
    }


class _Reads:
    """Recognition in a process of its own, one read after the other with a pause."""

    PAUSE_S = 0.1

    def __enter__(self) -> _Reads:
        command = [sys.executable, "-m", "scripts.benchmarks.bench_vms"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stdin=subprocess.PIPE, text=True)
        self._line()
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait(30)

    def begin(self) -> None:
        self._say()

    def end(self) -> list[float]:
        self._say()
        found: list[float] = json.loads(self._line())
        return found

    def _say(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()

    def _line(self) -> str:
        assert self._process.stdout is not None
        return self._process.stdout.readline()


def _read_on_demand() -> None:
    """The other side of `_Reads`: reads from one line of its input to the next, and prints how long each took."""
    recogniser, frame = Recogniser(ROOT / "models", threads=1), drawn_frame()
    recogniser.read(frame)
    print("ready", flush=True)
    while sys.stdin.readline():
        end = threading.Event()
        threading.Thread(target=lambda end=end: (sys.stdin.readline(), end.set()), daemon=True).start()
        took = []
        while not end.wait(_Reads.PAUSE_S):
            began = time.perf_counter()
            recogniser.read(frame)
            took.append((time.perf_counter() - began) * 1000)
        print(json.dumps(took), flush=True)


@contextmanager
def _recorders(where: Site) -> Iterator[Callable[[], dict[str, int]]]:
    """Logged in; what it gives ends them, and says how many plates those that read had."""
    user, password = where.nvr
    command = [sys.executable, "-m", "scripts.benchmarks.crowd", str(where.port), user, *map(str, (READING, SILENT, SLOW))]
    crowd = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "NVR_PASSWORD": password}
    )
    given, said = crowd.stdin, crowd.stdout
    assert given is not None and said is not None
    try:
        if said.readline().strip() != "ready":
            sys.exit("bench: the recorders cannot log in")

        def end() -> dict[str, int]:
            given.close()
            found: dict[str, int] = json.loads(said.readline())
            return found

        yield end
    finally:
        crowd.terminate()
        crowd.wait(30)


def _slow(where: Site) -> dict[str, object]:
    """What the vms process takes with one recorder that reads, and what one more adds that takes a byte a second."""
    arrivals = _Arrivals()
    arrivals.follow(lambda: (("tcp", told.of_tcp(found)) for found in plates(f"127.0.0.1:{where.port}", *where.nvr)))
    time.sleep(1)
    where.drive(SLOW_PASSAGES, 0.0)
    before_mb = rss_mb(where.pid)
    user, password = where.nvr
    command = [sys.executable, "-m", "scripts.benchmarks.crowd", str(where.port), user, "0", "0", "1"]
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env={**os.environ, "NVR_PASSWORD": password}
    ) as slow:
        assert slow.stdin is not None and slow.stdout is not None
        slow.stdout.readline()
        where.drive(SLOW_PASSAGES, 0.0)
        time.sleep(1)
        after_mb = rss_mb(where.pid)
        slow.stdin.close()
        slow.stdout.read()
    queue_mb = round(32 * sum((where.state.images / name).stat().st_size for name in ("full.jpg", "plate.jpg")) / 1e6, 1)
    return {"passages": SLOW_PASSAGES, "adds_mb": round(after_mb - before_mb, 1), "its_queue_mb": queue_mb}


# --- malformed input ----------------------------------------------------------------------------------------------------


def _malformed(where: Site, say: Say) -> dict[str, object]:
    """What it leaves in the vms process (RTSP: in a server in this process, whose every second log-in counts as right; at the real
    port, behind which nobody gets in, in vms and video). Whoever then cannot log in ends the bench."""
    draw = random.Random(11)
    found: dict[str, object] = {}
    say(f"{MALFORMED} malformed inputs to TCP")
    found["tcp"] = _malformed_tcp(where, draw)
    say(f"{MALFORMED} malformed inputs to SOAP")
    found["soap"] = _malformed_soap(where, draw)
    say(f"{MALFORMED} malformed inputs to RTSP")
    found["rtsp"] = malformed_rtsp.measure(MALFORMED)
    found["rtsp_port"] = _malformed_port(where, draw) if _video_is_there(where) else {"skipped": "this computer serves no video"}
    return found


def _malformed_tcp(where: Site, draw: random.Random) -> dict[str, object]:
    place = "127.0.0.1", where.port
    left = storm.measure(
        MALFORMED,
        (where.pid,),
        lambda: socket.create_connection(place, START_S),
        lambda: nvr_input(draw, where.nvr[0]),
    )
    arrivals = _Arrivals()
    arrivals.follow(lambda: (("tcp", told.of_tcp(found)) for found in plates(f"127.0.0.1:{where.port}", *where.nvr)))
    time.sleep(1)
    where.drive(1, 0.0)
    _await(lambda: arrivals.of["tcp"], "no plate comes after malformed input")
    return {**left, "a_recorder_logs_in": True}


def _malformed_soap(where: Site, draw: random.Random) -> dict[str, object]:
    """Most come with a log-in by HTTP that is right, so that they reach the operations."""
    operations = sorted(table().operations)
    log_in = "Authorization: Basic " + base64.b64encode(":".join(where.onvif).encode()).decode() + "\r\n"

    def make() -> bytes:
        body = soap_input(draw, operations, "")
        head = f"POST {draw.choice(SERVICES)} HTTP/1.1\r\nHost: camera\r\nContent-Type: application/soap+xml\r\n"
        head += (log_in if draw.randrange(4) else "") + f"Content-Length: {len(body)}\r\n\r\n"
        return head.encode() + body

    left = storm.measure(MALFORMED, (where.pid,), lambda: _at(where.state.vms_socket), make, http=True)
    puller = told.Puller(where.state.vms_socket, *where.onvif)
    where.drive(1, 0.0)
    _await(lambda: [topic for topic, _ in puller.pull()], "no event comes after malformed input")
    return {**left, "a_client_logs_in": True}


def _malformed_port(where: Site, draw: random.Random) -> dict[str, object]:
    threading.Thread(target=_play, args=(_viewer(where, "sub"),), daemon=True).start()
    host, _, port = read_servers(where.state)["rtsp"].removeprefix("rtsp://").partition("/")[0].rpartition(":")
    url = f"rtsp://{host}:{port}/main"
    left = storm.measure(
        MALFORMED // 10,
        (where.pid, pids(where.state)["video"]),
        lambda: socket.create_connection((host, int(port)), START_S),
        lambda: rtsp_input(draw, url),
    )
    codec = str(_viewer(where, "main").streams.video[0].codec_context.name)
    return {**left, "a_viewer_logs_in": bool(codec)}


def _at(path: Path) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    with short_address(path) as name:
        sock.connect(name)
    return sock


if __name__ == "__main__":
    _read_on_demand()
