"""SOCKET SERVER action: clients of the camera's port over the vms process's loop, those that do not read, and strangers."""

from __future__ import annotations

import gc
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.clients import Clients, read_clients
from board.kit.errors import ConfigError, DeliveryError
from board.kit.loop import Loop
from board.kit.settings import check
from board.kit.state import State
from engine.actions._kind import ActionEnv
from engine.actions.socket_server import ACTION, SocketServerOptions
from engine.formats.onvif import Notification
from engine.settings import GeneralSettings, RecorderSettings
from engine.vms import broadcasts
from engine.vms.broadcasts import Broadcasts
from engine.vms.notifications import Notifications
from tests.daemons import free_port
from tests.samples import ActionPeer, env, event
from tests.waiting import until

PATIENCE_S = 20.0


class Vms:
    """The loop of the vms process with its broadcasts alone."""

    def __init__(self, folder: Path, bind: str = "127.0.0.1") -> None:
        self.bind = bind
        self.state = State(folder)
        self.path = self.state.broadcasts_socket
        self.told: list[tuple[str, str]] = []
        self.port = free_port()
        self.start()

    def start(self) -> None:
        self.loop = Loop()
        self.stop = threading.Event()
        self.published: list[Notification] = []
        self.subscribed: set[str] | None = None
        """Ids of ONVIF's subscriptions; None: no client has ever asked."""
        self.every = False
        self.notifications = Notifications(
            self.loop,
            lambda: self._publish if self.subscribed is not None else None,
            lambda make: None,
            lambda: self.every,
        )
        self.known = Clients(self.state, "vms")
        self.known.start()
        self.served = Broadcasts(
            self.loop,
            self.path,
            self.bind,
            lambda *said: self.told.append(said),
            self.notifications.take,
            self.known,
        )
        self.served.start()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _publish(self, notifications: Sequence[Notification], plate: str) -> set[str]:
        self.published += notifications
        return self.subscribed or set()

    def _run(self) -> None:
        self.loop.run(self.stop, 0.05, lambda: None)
        self.served.close()
        self.known.close()
        self.loop.close()

    def close(self) -> None:
        self.stop.set()
        self.thread.join()

    def client(self) -> socket.socket:
        """One that is taken in."""
        count = len(self.clients())
        made = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE_S)
        until(lambda: len(self.clients()) > count)
        return made

    def clients(self) -> list[object]:
        known = self.served._ports.get(self.port)
        return list(known.clients) if known else []

    def listens(self) -> bool:
        return any(name == f"socket server {self.port}" and url for name, url in self.told[-1:])


@pytest.fixture
def vms(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Vms]:
    made = Vms(tmp_path, getattr(request, "param", "127.0.0.1"))
    yield made
    made.close()


@contextmanager
def kept(vms: Vms, **options: object) -> Iterator[tuple[SocketServerOptions, ActionEnv]]:
    made = check(SocketServerOptions, {"port": vms.port, "timeout_s": 2, **options})
    its = replace(env(), vms=vms.path)
    assert ACTION.open is not None
    with ACTION.open(ACTION.peer(made), its) as port:
        until(vms.listens)
        yield made, replace(its, peer=port)


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A client at the port; the vms process ends."""
    made = Vms(folder)
    with ExitStack() as stack:
        options, its = stack.enter_context(kept(made))
        client = stack.enter_context(made.client())
        yield ActionPeer(options.model_dump(), its, made.close)
        client.close()
    made.close()


def body(format: str = "XML") -> bytes:
    return env().message(event(), format).body + b"\n"


def read(client: socket.socket, length: int) -> bytes:
    got = b""
    while len(got) < length and (more := client.recv(65_536)):
        got += more
    return got


def test_every_client_gets_every_event(vms: Vms) -> None:
    with kept(vms) as (options, its), vms.client() as first, vms.client() as second:
        said = str(ACTION.deliver(event(), options, its))
        assert said == f"2 clients of port {vms.port} took {len(body())} bytes"
        assert read(first, len(body())) == read(second, len(body())) == body()
    assert vms.told[0] == (f"socket server {vms.port}", f"tcp://127.0.0.1:{vms.port}")


def test_what_everybody_has_taken_is_kept_no_longer_though_its_time_is_not_over(vms: Vms) -> None:
    before = {id(each) for each in gc.get_objects() if isinstance(each, broadcasts._Message)}
    with kept(vms, timeout_s=60) as (options, its), vms.client() as client:
        ACTION.deliver(event(), options, its)
        read(client, len(body()))
        known = [each for each in gc.get_objects() if isinstance(each, broadcasts._Message) and id(each) not in before]
        assert [len(each.body) for each in known] == [0] * len(known) and known


def test_who_is_connected_is_told_with_the_last_plate_and_why_it_went(vms: Vms) -> None:
    with kept(vms, timeout_s=1) as (options, its), vms.client() as good:
        place = ":".join(map(str, good.getsockname()))
        ACTION.deliver(event(), options, its)
        (server,) = read_clients(vms.state)
        assert (server.server, server.count) == (f"socket server {vms.port}", 1)
        assert [(each.address, each.sent, each.count) for each in server.clients] == [(place, event().passage.plate, 1)]
        with pytest.raises(DeliveryError):
            ACTION.deliver(event(trigger_cause="x" * 7_000_000), options, its)
        (server,) = read_clients(vms.state)
        assert (server.count, [str(each.why) for each in server.clients]) == (0, ["it does not read"])


def test_an_event_waits_for_a_client_or_is_for_nobody(vms: Vms) -> None:
    with kept(vms) as (options, its):
        with pytest.raises(DeliveryError, match=f"nobody is connected to port {vms.port}"):
            ACTION.deliver(event(), options, its)
        assert str(ACTION.deliver(event(), options.model_copy(update={"wait": False}), its)).startswith("nobody is connected")


def test_a_client_that_does_not_read_is_dropped_in_time_and_the_others_have_the_event(vms: Vms) -> None:
    huge = event(trigger_cause="x" * 7_000_000)
    with kept(vms, timeout_s=1) as (options, its), vms.client(), vms.client() as good:
        got: list[bytes] = []
        reader = threading.Thread(target=lambda: got.append(read(good, 7_000_500)))
        reader.start()
        assert str(ACTION.deliver(huge, options, its)).startswith("1 client of port")
        assert len(vms.clients()) == 1
        good.shutdown(socket.SHUT_RDWR)
        reader.join()
        assert len(got[0]) > 7_000_000


def test_what_waits_for_clients_is_bounded(vms: Vms, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasts, "MAX_CLIENT_BYTES", 100)
    with kept(vms) as (options, its), vms.client(), pytest.raises(DeliveryError, match="nobody is connected"):
        ACTION.deliver(event(), options, its)
    assert vms.clients() == []


def test_what_clients_say_is_not_looked_at_and_one_that_ends_is_forgotten(vms: Vms) -> None:
    with kept(vms) as (options, its), vms.client() as client, vms.client() as leaving:
        client.sendall(b"GET / HTTP/1.1\r\n" + b"\xff\x00" * 100_000)
        leaving.close()
        until(lambda: len(vms.clients()) == 1)
        ACTION.deliver(event(), options, its)
        assert read(client, len(body())) == body()


def test_only_permitted_addresses_may_connect(vms: Vms) -> None:
    with kept(vms, clients="10.0.0.0/8 192.168.7.5"):
        with socket.create_connection(("127.0.0.1", vms.port), timeout=PATIENCE_S) as stranger:
            assert stranger.recv(1) == b""
        assert vms.clients() == []


@pytest.mark.parametrize("vms", ["::"], indirect=True)
def test_a_permitted_address_of_ipv4_may_connect_to_a_socket_of_ipv6(vms: Vms) -> None:
    with kept(vms, clients="127.0.0.1"), vms.client():
        pass


def test_what_an_action_has_for_few_is_not_for_those_whom_another_one_lets_in(vms: Vms) -> None:
    """One with pictures for the guard's computer, and one for everybody, at one port: everybody got the pictures."""
    with kept(vms) as (everybody, its), vms.client() as client:
        for clients, gets in (("10.9.9.9", False), ("127.0.0.1", True)):
            with kept(vms, clients=clients) as (few, theirs):
                if gets:
                    ACTION.deliver(event("B1"), few, theirs)
                    read(client, len(env().message(event("B1"), "XML").body) + 1)
                else:
                    with pytest.raises(DeliveryError, match="nobody is connected"):
                        ACTION.deliver(event("B1"), few, theirs)
            ACTION.deliver(event(), everybody, its)
            assert read(client, len(body())) == body()


def test_a_crowd_of_strangers_leaves_others_their_place(vms: Vms) -> None:
    with kept(vms), ExitStack() as stack:
        for _ in range(broadcasts.MAX_CLIENTS):
            stack.enter_context(vms.client())
        with socket.create_connection(("127.0.0.1", vms.port), timeout=PATIENCE_S) as newest:
            newest.settimeout(0.3)
            with pytest.raises(TimeoutError):
                newest.recv(1)
        until(lambda: len(vms.clients()) <= broadcasts.MAX_CLIENTS)


def test_a_vms_process_that_starts_again_opens_the_port_again(vms: Vms) -> None:
    with kept(vms) as (options, its):
        vms.close()
        with pytest.raises(DeliveryError, match=f"port {vms.port}: the vms process does not answer"):
            ACTION.deliver(event(), options, its)
        vms.told.clear()
        vms.start()
        until(vms.listens)
        with vms.client() as client:
            ACTION.deliver(event(), options, its)
            assert read(client, len(body())) == body()


def test_a_service_that_starts_again_finds_its_clients_and_an_unused_port_closes(vms: Vms, monkeypatch: pytest.MonkeyPatch) -> None:
    with kept(vms):
        client = vms.client()
    with kept(vms) as (options, its):
        ACTION.deliver(event(), options, its)
        assert read(client, len(body())) == body()
        monkeypatch.setattr(broadcasts, "GRACE_S", 0.05)
    assert client.recv(1) == b""
    client.close()
    until(lambda: vms.told[-1] == (f"socket server {vms.port}", ""))


def test_its_usual_port_is_that_of_no_server_of_the_camera() -> None:
    """It was the recorders': a new action said that the port was in use and, after the next start, had it, so that recorders found
    somebody else there."""
    recorders, general = RecorderSettings(), GeneralSettings()
    assert SocketServerOptions().port not in (recorders.nvr_port, recorders.rtsp_port, general.trigger_port)


def test_a_port_that_is_taken_is_said(vms: Vms) -> None:
    with socket.create_server(("127.0.0.1", vms.port)):
        options = check(SocketServerOptions, {"port": vms.port})
        with pytest.raises(DeliveryError, match=f"port {vms.port} cannot be opened: Address already in use"):
            ACTION.deliver(event(), options, replace(env(), vms=vms.path))


def test_a_port_that_is_free_again_opens_before_a_car_comes(vms: Vms) -> None:
    """It opened with the next event, which was then for nobody."""
    options = check(SocketServerOptions, {"port": vms.port})
    assert ACTION.open is not None
    other = socket.create_server(("127.0.0.1", vms.port))
    with other, ACTION.open(ACTION.peer(options), replace(env(), vms=vms.path)):
        until(lambda: [port.problem for port in vms.served._ports.values()] == ["Address already in use"])
        other.close()
        until(vms.listens)


@pytest.mark.parametrize("sent", [b"{}\n", b"x\n", b'{"port": -1, "allowed": [], "within_s": 1, "length": 1}\n', b"y" * 9_000])
def test_what_is_no_message_of_the_service_ends_its_connection(vms: Vms, sent: bytes) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect(str(vms.path))
        sock.sendall(sent)
        assert sock.recv(10) == b""


@pytest.mark.parametrize("wrong", [{"port": 80}, {"clients": "anywhere"}, {"framing": "x"}, {"format": "SIMPLE"}])
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        check(SocketServerOptions, wrong)
