"""NVR by TCP: real recorders on real sockets, with the host's people behind: log-in, plates, slow ones and nonsense."""

from __future__ import annotations

import json
import random
import resource
import socket
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from board.kit.clients import Clients, ServerClients, read_clients
from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.people import People
from board.kit.state import State
from engine.cli import nvr_client
from engine.formats import nvr
from engine.log_in import LogIn
from engine.types import PassageImages
from engine.vms import near_port
from engine.vms import nvr as server
from engine.vms.nvr import Nvr
from engine.vms.waiting import MOST_BYTES, MOST_EVENTS
from firmware.people import guesses
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.tokens import Tokens
from firmware.people.who import Who, WhoServer
from scripts.benchmarks.malformed import nvr_input
from tests.daemons import free_port
from tests.nvr_recorder import PATIENCE_S, Recorder
from tests.samples import event, server_settings
from tests.waiting import until


class Camera:
    def __init__(self, root: Path, stack: ExitStack) -> None:
        self.state = State(root)
        self.stack = stack
        self.urls: list[str] = []
        self.pictures: dict[str, bytes] = {"plate.jpg": b"PLATE", "full.jpg": b"WHOLE" * 100}
        self.devices = DevicePasswords(root, Clock())
        device, self.password = self.devices.make("nvr", "Recorder", "admin")
        self.user = device.user
        who = Who(self.devices, Tokens(root, lambda name: None, Clock()), Guesses(Clock()), Clock())
        self.who = WhoServer(self.state.people_socket, who)
        self.clients = Clients(self.state, "vms")
        self.loop = Loop()
        self.log_in = LogIn(People(self.state.people_socket), self.loop)
        self.nvr = Nvr(
            self.loop, self.log_in, self.clients, "127.0.0.1", self.urls.append, lambda name: self.pictures.get(name, b""), 40
        )
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self.who.start()
        self.clients.start()
        self.log_in.start()
        self.thread.start()
        self.use(nvr_port=free_port())
        self.port = int(self.urls[-1].rpartition(":")[2])

    def close(self) -> None:
        self.stop.set()
        self.loop.call(lambda: None)
        self.thread.join(PATIENCE_S)
        self.log_in.close()
        self.clients.close()
        self.who.close()

    def _run(self) -> None:
        self.loop.run(self.stop, 0.02, self.nvr.turn)
        self.nvr.close()
        self.loop.close()

    def do(self, call: Any) -> None:
        """In the loop's thread, and waits for it."""
        done = threading.Event()

        def run() -> None:
            try:
                call()
            finally:
                done.set()

        self.loop.call(run)
        assert done.wait(PATIENCE_S)

    def use(self, **changes: Any) -> None:
        settings = server_settings(**changes)
        self.do(lambda: self.nvr.use(settings))

    def tell(self, plate: str = "HK55EVB", **changes: Any) -> None:
        images = PassageImages("full.jpg", "plate.jpg")
        one = event(plate, **{"images": images, "id": f"id-{plate}", **changes})
        self.do(lambda: self.nvr.tell(one, "/LPR/2026010203040501.jpg"))

    def recorder(self) -> Recorder:
        made = Recorder(self.port)
        self.stack.enter_context(closing(made.sock))
        return made

    def known(self) -> Recorder:
        made = self.recorder()
        assert made.log_in(self.user, self.password) == "200"
        return made

    def shown(self) -> ServerClients | None:
        return next((each for each in read_clients(self.state) if each.server == "nvr"), None)


@contextmanager
def running(root: Path) -> Iterator[Camera]:
    with ExitStack() as stack:
        made = Camera(root, stack)
        made.start()
        stack.callback(made.close)
        yield made


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    with running(tmp_path) as made:
        yield made


def test_a_recorder_logs_in_and_gets_each_plate_with_its_pictures(camera: Camera) -> None:
    recorder, stranger = camera.known(), camera.recorder()
    camera.tell("K510EA154")
    camera.tell("부산02가1234")
    first, second = recorder.plate(), recorder.plate()
    assert (first.plate, first.images, first.layout) == ("K510EA154", (b"PLATE", b"WHOLE" * 100), "seed")
    assert first.said == {"event_id": "id-K510EA154", "decision": "", "picture": "/LPR/2026010203040501.jpg"}
    assert first.fields["device_id"] == nvr.device_id("gw-0123456789ab")
    assert (second.plate, second.fields["car_number"]) == ("부산02가1234", "부산02가1234")
    stranger.sock.settimeout(0.2)
    with pytest.raises(TimeoutError):
        stranger.receive()


def test_layout_and_confidence_change_without_a_new_connection(camera: Camera) -> None:
    recorder = camera.known()
    camera.use(nvr_port=camera.port, nvr_layout="noprefix", nvr_confidence="0 to 100")
    camera.tell()
    found = recorder.plate()
    assert found.layout == "noprefix"
    assert found.fields["confidence"] == pytest.approx(93.4)


@pytest.mark.parametrize("wrong", ["password", "user", "use"])
def test_who_has_no_device_password_of_this_use_gets_one_401_and_no_plate(camera: Camera, wrong: str) -> None:
    user, password = camera.user, camera.password
    if wrong == "use":
        device, password = camera.devices.make("onvif", "Recorder", "admin")
        user = device.user
    recorder = camera.recorder()
    assert recorder.log_in("nvr-none" if wrong == "user" else user, "1234" if wrong == "password" else password) == "401"
    assert recorder.receive() is None
    assert camera.shown() is None


def test_guessing_is_slowed_down_by_the_host_and_hinders_no_recorder_with_the_right_password(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guesses, "FIRST_WAIT_S", 60.0)
    results = [camera.recorder().log_in(camera.user, str(number)) for number in range(8)]
    assert results == ["401"] * 5 + ["429"] * 3
    camera.known()


def test_a_refusal_is_read_even_by_who_has_said_more_meanwhile(camera: Camera) -> None:
    recorder = camera.recorder()
    recorder.send(nvr.login("x", "y") + bytes(50_000))
    assert recorder.receive() == (nvr.LOGIN_REPLY, b'{"result":"401"}')
    assert recorder.receive() is None


def test_without_the_host_nobody_gets_in_and_is_told_to_come_again(camera: Camera) -> None:
    camera.state.people_socket.unlink()
    assert camera.recorder().log_in(camera.user, camera.password) == "503"


def test_unknown_requests_are_answered_after_the_log_in_and_messages_of_cameras_are_not(camera: Camera) -> None:
    recorder = camera.known()
    recorder.send(
        nvr.message(0x0002, b'{"registerAll":1}')
        + nvr.message(0x8801, b"x")
        + nvr.message(0x7FFF, b"\xff\xdd" * 100_000)
        + nvr.login(camera.user, camera.password)
    )
    assert [recorder.receive() for _ in range(3)] == [
        (0x8002, b'{"result":"501"}'), (0xFFFF, b'{"result":"501"}'), (nvr.LOGIN_REPLY, b'{"result":"200"}'),
    ]  # fmt: skip
    camera.tell()
    assert recorder.plate().plate == "HK55EVB"


NONSENSE = {
    "HTTP": b"GET / HTTP/1.1\r\nHost: camera\r\n\r\n",
    "TLS": bytes.fromhex("1603010200010001fc0303"),
    "size 0": struct.pack("<2sHI", nvr.SIG, 1, 0),
    "4 GB": struct.pack("<2sHI", nvr.SIG, 1, 0xFFFFFFFF),
    "a long log-in": nvr.message(1, b'{"id":"a","password":"b"}' + b" " * 5_000),
    "no JSON": nvr.message(1, b"admin:1234"),
    "no end": nvr.login("a", "b")[:-2] + b"\0\0",
    "before the log-in": nvr.message(2, b"{}"),
    "a message of cameras": nvr.answer(1, 200),
}


@pytest.mark.parametrize("kind", NONSENSE)
def test_nonsense_ends_its_connection_and_no_other_and_is_no_guess(camera: Camera, kind: str) -> None:
    known = camera.known()
    for _ in range(10):
        rude = camera.recorder()
        rude.send(NONSENSE[kind])
        assert rude.receive() is None
    camera.tell()
    assert known.plate().plate == "HK55EVB"
    assert camera.recorder().log_in(camera.user, "wrong") == "401"  # and not 429


def test_who_does_not_log_in_is_ended_and_who_has_may_be_silent_for_ever(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    known = camera.known()
    monkeypatch.setattr(server, "LOGIN_S", 0.1)
    assert camera.recorder().receive() is None
    half = camera.recorder()
    half.send(nvr.login(camera.user, camera.password)[:-1])
    assert half.receive() is None
    camera.tell()
    assert known.plate().plate == "HK55EVB"


def test_who_uses_a_device_password_that_is_removed_gets_no_more_plates(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    device, password = camera.devices.make("nvr", "Another", "admin")
    removed, known = camera.recorder(), camera.known()
    assert removed.log_in(device.user, password) == "200"
    camera.devices.remove(device.user)
    monkeypatch.setattr(server, "LOOK_AGAIN_S", 0.0)
    camera.do(lambda: setattr(camera.nvr, "_look_again_s", 0.0))
    assert removed.receive() is None
    camera.tell()
    assert known.plate().plate == "HK55EVB"


def test_a_client_that_does_not_read_misses_plates_and_holds_nobody_up(camera: Camera) -> None:
    slow, fast = camera.known(), camera.known()
    camera.pictures["full.jpg"] = b"x" * 200_000
    count = MOST_EVENTS + 20
    for number in range(count):
        camera.tell(f"P{number}")
        assert fast.plate().plate == f"P{number}"

    def all_told() -> ServerClients | None:
        found = camera.shown()
        return found if found and any(each.address == place(fast) and each.count == count for each in found.clients) else None

    shown = until(all_told, "the count of the fast one")
    assert [each.missed for each in shown.clients if each.address == place(fast)] == [0]
    missed = next(each.missed for each in shown.clients if each.address == place(slow))
    got = [slow.plate().plate for _ in range(count - missed)]
    rest = MOST_EVENTS - 1  # the one that it is in the middle of is in its queue, too
    assert got[-rest:] == [f"P{number}" for number in range(count - rest, count)]
    assert got[:-rest] == [f"P{number}" for number in range(count - missed - rest)]
    until(lambda: camera.nvr._waiting.bytes == 0, "nothing waits any more")


def place(recorder: Recorder) -> str:
    host, port = recorder.sock.getsockname()
    return f"{host}:{port}"


def test_what_waits_for_many_who_do_not_read_is_bounded(camera: Camera) -> None:
    silent = [camera.known() for _ in range(20)]
    camera.pictures["full.jpg"] = b"x" * 1_000_000
    for number in range(40):
        camera.tell(f"P{number}")
        assert camera.nvr._waiting.bytes <= MOST_BYTES
    reader = camera.known()
    camera.tell("LAST")
    assert reader.plate().plate == "LAST"
    assert camera.nvr._waiting.bytes <= MOST_BYTES
    for each in silent:
        each.sock.close()
    camera.tell("AFTER")
    assert reader.plate().plate == "AFTER"
    until(lambda: camera.nvr._waiting.bytes == 0, "nothing waits any more")


def test_who_takes_nothing_for_long_is_ended(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    silent, reading = camera.known(), camera.known()
    camera.pictures["full.jpg"] = b"x" * 1_000_000
    camera.tell()
    reading.plate()
    monkeypatch.setattr(server, "SILENT_S", 0.0)
    until(lambda: (shown := camera.shown()) is not None and shown.count == 1, "the silent one is gone")
    shown = until(camera.shown)
    assert [(each.address, str(each.why)) for each in shown.clients if each.ended] == [(place(silent), "it does not read")]


def test_pictures_that_are_gone_or_too_large_are_left_out(camera: Camera) -> None:
    recorder = camera.known()
    camera.pictures["full.jpg"] = b"x" * (server.MOST_EVENT_BYTES + 1)
    camera.tell()
    assert recorder.plate().images == (b"PLATE",)
    camera.pictures.clear()
    camera.tell()
    found = recorder.plate()
    assert (found.images, found.fields["images"]) == ((), 0)


def test_strangers_give_way_to_recorders_and_recorders_to_nobody(camera: Camera) -> None:
    known = [camera.known() for _ in range(30)]
    strangers = [camera.recorder() for _ in range(20)]
    known += [camera.known() for _ in range(10)]
    assert camera.recorder().receive() is None
    camera.tell()
    assert {each.plate().plate for each in known} == {"HK55EVB"}
    assert {each.receive() for each in strangers} == {None}


def test_a_port_that_is_taken_is_moved_and_taken_back_when_it_is_free(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    known = camera.known()
    with socket.create_server(("127.0.0.1", free_port())) as taken:
        wanted = taken.getsockname()[1]
        camera.use(nvr_port=wanted)
        assert wanted < int(camera.urls[-1].rpartition(":")[2]) < wanted + 100
        camera.port = int(camera.urls[-1].rpartition(":")[2])
        other = camera.known()
        camera.use(nvr_port=wanted)
        assert camera.urls[-1] == f"tcp://127.0.0.1:{camera.port}"
    monkeypatch.setattr(near_port, "AGAIN_S", 0.0)
    camera.use(nvr_port=wanted, site="changed")
    camera.nvr._port._again_s = 0.0
    until(lambda: camera.urls[-1] == f"tcp://127.0.0.1:{wanted}", "the wanted port")
    camera.tell()
    assert {known.plate().plate, other.plate().plate} == {"HK55EVB"}


def test_switched_off_it_listens_no_more_and_ends_its_clients(camera: Camera) -> None:
    known = camera.known()
    camera.use(nvr=False, nvr_port=camera.port)
    assert (known.receive(), camera.urls[-1]) == (None, "")
    with pytest.raises(ConnectionRefusedError):
        Recorder(camera.port)
    camera.use(nvr_port=camera.port)
    camera.known()


def test_who_is_connected_is_told_with_what_was_sent_last(camera: Camera) -> None:
    recorder = camera.known()
    camera.tell("K510EA154")
    recorder.plate()
    until(lambda: (shown := camera.shown()) is not None and shown.clients[0].sent == "K510EA154", "the plate")
    shown = until(camera.shown)
    (client,) = shown.clients
    assert (shown.count, client.address, client.user, client.answered, client.count) == (1, place(recorder), camera.user, "200", 1)


def test_malformed_input_neither_ends_nor_fills_nor_locks_it(camera: Camera) -> None:
    """`./scripts/bench --only vms` sends 100,000."""
    draw, count = random.Random(11), 500
    known = camera.known()
    threads = threading.active_count()
    before = 0
    for number in range(count):
        with socket.create_connection(("127.0.0.1", camera.port), PATIENCE_S) as sock:
            sock.sendall(nvr_input(draw, camera.user))
            if number % 3:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if number == count // 10:
            before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    until(lambda: len(camera.nvr._clients) == 1, "they are gone")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 8_000
    until(lambda: threading.active_count() <= threads, "no thread more than before")
    camera.tell()
    assert known.plate().plate == "HK55EVB"
    assert camera.recorder().log_in(camera.user, "wrong") == "401"  # and not 429: nothing of it was a guess
    camera.known()


def test_the_reference_client_prints_what_arrives(camera: Camera, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["--user", camera.user, "--password", camera.password, "--count", "2", "--images", str(tmp_path / "got")]
    client = threading.Thread(target=nvr_client.main, args=([f"127.0.0.1:{camera.port}", *given],))
    client.start()
    until(lambda: (shown := camera.shown()) is not None and shown.count == 1, "the client is there")
    camera.tell("부산02가1234")
    camera.tell("K510EA154")
    client.join(PATIENCE_S)
    first, second = (json.loads(line) for line in capsys.readouterr().out.splitlines())
    assert (first["plate"], first["car_number"], first["image_bytes"]) == ("부산02가1234", "부산02가1234", [5, 500])
    assert (second["plate"], second["event_id"], second["at"]) == ("K510EA154", "id-K510EA154", "2026-01-02T03:04:05.000+00:00")
    assert [(tmp_path / "got" / name).read_bytes() for name in second["files"]] == [b"PLATE", b"WHOLE" * 100]


def test_the_reference_client_says_why_nothing_comes(camera: Camera) -> None:
    with pytest.raises(nvr_client.NoPlates, match="refuses the log-in: 401"):
        next(nvr_client.plates(f"127.0.0.1:{camera.port}", camera.user, "wrong"))
    with pytest.raises(nvr_client.NoPlates, match="HOST:PORT"):
        next(nvr_client.plates("camera:port", "", ""))
    with pytest.raises(nvr_client.NoPlates, match=r"127\.0\.0\.1 port 1: Connection refused"):
        next(nvr_client.plates("127.0.0.1:1", "", ""))
    with socket.create_server(("127.0.0.1", 0)) as other:
        there = threading.Thread(target=lambda: _say_ssh(other))
        there.start()
        with pytest.raises(nvr_client.NoPlates, match="not of this protocol"):
            next(nvr_client.plates(f"127.0.0.1:{other.getsockname()[1]}", "", ""))
        there.join(PATIENCE_S)


def _say_ssh(listener: socket.socket) -> None:
    sock, _ = listener.accept()
    with sock:
        sock.sendall(b"SSH-2.0-OpenSSH_9.2\r\n")
        sock.recv(1_000)
