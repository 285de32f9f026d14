"""One event for all: whatever the path, a recorder, a server and a broker are told the same plate, time, id and decision."""

from __future__ import annotations

import base64
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from board.kit.clock import Clock
from board.kit.servers import read_servers
from engine.settings import GeneralSettings, RecorderSettings
from engine.store import Store
from engine.types import Passage, PassageImages
from scripts.benchmarks.told import Fact, Puller, of_address, of_document, of_milesight, of_onvif, of_tcp, since_1970_ms
from tests.daemons import free_port
from tests.http_peer import Asked, http_peer
from tests.mosquitto import Subscriber, mosquitto
from tests.nvr_recorder import Recorder
from tests.rtsp_camera import Talk
from tests.samples import ALL, BLACK, WHITE, entry, passage, rule
from tests.servers.test_vms import PATIENCE_S, Stack
from tests.waiting import until

ZONE = ZoneInfo("Asia/Seoul")
PLATES = ("K510EA154", "부산02가1234", "GB 1&<'\"")


class Site(Stack):
    """Service and vms, every plate told on every path."""

    def __init__(self, root: Path, stack: ExitStack) -> None:
        super().__init__(root)
        self.stack = stack
        self.who.start()
        stack.callback(self.who.close)

    def prepare(self, rules: Mapping[str, Mapping[str, Any]]) -> None:
        self.state.run.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.state.board_file.write_text('{"profile": "sim_small"}')  # its video is there soonest
        store = Store(self.state.database, Clock())
        general = GeneralSettings(trigger_port=0, keep_free_pct=1, action_addresses="127.0.0.0/8 ::1", time_zone=str(ZONE))
        store.settings.put(general, "admin")
        store.settings.put(RecorderSettings(nvr_port=free_port(), rtsp_port=free_port()), "admin")
        store.entries.save(entry(PLATES[0], WHITE), "admin")
        store.entries.save(entry(PLATES[1], BLACK), "admin")
        for kind, options in rules.items():
            store.rules.save(rule(ALL, kind.partition(" ")[0], kind, **options), "admin")
        store.close()

    def run(self) -> None:
        for name in ("service", "vms"):
            self.start(name)
            self.stack.callback(self._end, name)
        until(lambda: "nvr" in read_servers(self.state), "the servers")

    def _end(self, name: str) -> None:
        self.processes[name].terminate()
        assert self.processes[name].wait(PATIENCE_S) == 0

    def drive_by(self, plate: str, number: int) -> Passage:
        picture = f"{number}.jpg"
        self.state.images.mkdir(parents=True, exist_ok=True)
        (self.state.images / picture).write_bytes(f"JPEG of {number}".encode())
        clock = Clock()
        one = passage(plate, id=f"event-{number}", at=clock.now(), monotonic_ns=clock.monotonic_ns())
        one = replace(one, images=PassageImages("", picture))
        until(lambda: self._stored(one), "the passage")
        return one


@contextmanager
def listening(take: Callable[[bytes], None]) -> Iterator[int]:
    """A server that takes lines; its port."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            while True:
                try:
                    sock, _ = listener.accept()
                except OSError:
                    return
                with sock, sock.makefile("rb") as lines:
                    for line in lines:
                        take(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield int(listener.getsockname()[1])
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(PATIENCE_S)


def read_lines(port: int, take: Callable[[bytes], None]) -> None:
    with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as sock, sock.makefile("rb") as lines:
        for line in lines:
            take(line)


def metadata(site: Site) -> Iterator[bytes]:
    """The documents of RTSP's metadata track, from now on. The track alone needs no picture."""
    until(lambda: "rtsp" in read_servers(site.state), "RTSP's port")
    url = read_servers(site.state)["rtsp"]
    place = urlsplit(url)
    talk = Talk(SimpleNamespace(url=url, address=(place.hostname, place.port)))  # type: ignore[arg-type]
    site.stack.callback(talk.close)
    log_in = base64.b64encode(f"{site.user}:{site.password}".encode()).decode()
    session = talk.set_up("metadata", "RTP/AVP/TCP;unicast;interleaved=0-1", Authorization=f"Basic {log_in}")
    assert talk.ask("PLAY", Session=session)[0] == 200

    def documents() -> Iterator[bytes]:
        document = b""
        while True:
            channel, packet = talk.packet()
            if channel == 0:
                document += packet[12:]
                if packet[1] & 128:  # the marker: its last packet
                    yield document
                    document = b""

    return documents()


def notified(take: Callable[[], Iterator[tuple[str, Fact]]]) -> dict[str, list[Fact]]:
    """What each topic said, as soon as all plates came on the detector's."""
    found: dict[str, list[Fact]] = {"standard": [], "detector": []}
    while len(found["detector"]) < len(PLATES):
        for topic, fact in take():
            found[topic].append(fact)
    return found


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        yield Site(tmp_path / "state", stack)


def test_every_path_says_the_same_of_each_plate(site: Site, tmp_path: Path) -> None:
    heard: dict[str, list[Fact]] = {"tcp": [], "post": [], "json": [], "get": [], "socket client": [], "socket server": []}

    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        way = urlsplit(asked.path).path.strip("/")
        said = {
            "get": lambda: of_address(asked.path),
            "post": lambda: of_milesight(asked.body, ZONE),
            "json": lambda: of_document(asked.body),
        }
        heard[way].append(said[way]())
        return 200, {}, b""

    peer = site.stack.enter_context(http_peer(answer))
    client_port = site.stack.enter_context(listening(lambda line: heard["socket client"].append(of_document(line))))
    url, server_port = f"http://127.0.0.1:{peer.port}", free_port()
    site.prepare(
        {
            "http post": {"url": f"{url}/post"},
            "http get": {"url": f"{url}/get", "method": "GET"},
            "http json": {"url": f"{url}/json", "format": "JSON"},
            "socket_client": {"host": "127.0.0.1", "port": client_port, "format": "JSON"},
            "socket_server": {"port": server_port, "format": "JSON"},
            "io": {"output": "DO1"},
        }
    )
    site.run()
    user, password = site._device("nvr")
    recorder = Recorder(int(read_servers(site.state)["nvr"].rpartition(":")[2]))
    site.stack.callback(recorder.sock.close)
    assert recorder.log_in(user, password) == "200"
    until(lambda: f"socket server {server_port}" in read_servers(site.state), "the socket server")
    lines = threading.Thread(
        target=read_lines, args=(server_port, lambda line: heard["socket server"].append(of_document(line))), daemon=True
    )
    lines.start()
    puller = Puller(site.state.vms_socket, site.user, site.password)
    documents = metadata(site)

    passages = [site.drive_by(plate, number) for number, plate in enumerate(PLATES)]
    pictures = []
    for _ in passages:
        found = recorder.plate()
        heard["tcp"].append(of_tcp(found))
        pictures.append(site.get(found.said["picture"], X_Gatewright_Permissions="review")[1])
        assert found.said["picture"][5:19] == f"{found.at:%Y%m%d%H%M%S}"
    until(lambda: all(len(facts) == len(PLATES) for facts in heard.values()), "all paths", 60)
    pulled, streamed = notified(puller.pull), notified(lambda: of_onvif(next(documents)))

    decisions = ("opened", "withheld", "opened")
    told = [Fact(each.plate, since_1970_ms(each.at), each.id, outcome) for each, outcome in zip(passages, decisions, strict=True)]
    assert {path: sorted(facts, key=str) for path, facts in heard.items() if path != "get"} == dict.fromkeys(
        heard.keys() - {"get"}, sorted(told, key=str)
    )
    assert pulled == streamed == {"detector": told, "standard": [replace(fact, decision=None) for fact in told]}
    assert sorted(fact.plate for fact in heard["get"]) == sorted(PLATES)
    assert pictures == [b"JPEG of 0", b"JPEG of 1", b"JPEG of 2"]


def test_a_broker_is_told_the_same_as_a_recorder(site: Site, tmp_path: Path) -> None:
    broker = site.stack.enter_context(mosquitto(tmp_path / "broker"))
    site.prepare({"mqtt": broker.options})
    listener = site.stack.enter_context(Subscriber(broker, "gatewright/+/plates"))
    site.run()
    user, password = site._device("nvr")
    recorder = Recorder(int(read_servers(site.state)["nvr"].rpartition(":")[2]))
    site.stack.callback(recorder.sock.close)
    assert recorder.log_in(user, password) == "200"
    for number, plate in enumerate(PLATES):
        site.drive_by(plate, number)
    told = [of_tcp(recorder.plate()) for _ in PLATES]
    until(lambda: len(listener.heard) == len(PLATES), "the broker")
    assert sorted((of_document(heard.body) for heard in listener.heard), key=str) == sorted(told, key=str)
