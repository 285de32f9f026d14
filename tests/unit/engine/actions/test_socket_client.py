"""SOCKET CLIENT action: messages and framing, a connection that is kept, lost and made again, and servers that do not read."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from engine.actions._kind import ActionEnv
from engine.actions.socket_client import ACTION, SocketClientOptions
from engine.network import Network
from tests.samples import ActionPeer, env, event

PATIENCE_S = 20.0


class Server:
    """Keeps what each connection sent, in the order of connections."""

    def __init__(self, port: int = 0, reads: bool = True) -> None:
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        self.got: list[bytearray] = []
        self.changed = threading.Condition()
        self.reads = reads
        self.socks: list[socket.socket] = []
        self.threads = [threading.Thread(target=self._run)]
        self.threads[0].start()

    def _run(self) -> None:
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            self.socks.append(sock)
            self.got.append(bytearray())
            if self.reads:
                thread = threading.Thread(target=self._read, args=(sock, self.got[-1]))
                self.threads.append(thread)
                thread.start()

    def _read(self, sock: socket.socket, got: bytearray) -> None:
        try:
            while data := sock.recv(4096):
                with self.changed:
                    got += data
                    self.changed.notify_all()
        except OSError:
            pass
        sock.close()

    def wait(self, *wanted: bytes) -> None:
        with self.changed:
            assert self.changed.wait_for(lambda: [bytes(each) for each in self.got] == list(wanted), PATIENCE_S), self.got

    def drop(self) -> None:
        for sock in self.socks:
            try:
                sock.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # ended before
        self.socks.clear()

    def close(self) -> None:
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # closed before
        self.listener.close()
        self.drop()
        for thread in self.threads:
            thread.join()


@pytest.fixture
def server() -> Iterator[Server]:
    made = Server()
    yield made
    made.close()


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A server at a TCP port."""
    made = Server()
    yield ActionPeer({"host": "127.0.0.1", "port": made.port, "timeout_s": 5}, env(images=folder), made.close)
    made.close()


@contextmanager
def kept(port: int, **options: object) -> Iterator[tuple[SocketClientOptions, ActionEnv]]:
    made = check(SocketClientOptions, {"host": "127.0.0.1", "port": port, "timeout_s": 5, **options})
    assert ACTION.open is not None
    with ACTION.open(ACTION.peer(made), env()) as connection:
        yield made, replace(env(), peer=connection)


def body(format: str = "XML") -> bytes:
    return env().message(event(), format).body


def test_one_connection_takes_all_events_one_line_each(server: Server) -> None:
    with kept(server.port) as (options, its):
        said = str(ACTION.deliver(event(), options, its))
        assert said == f"127.0.0.1:{server.port} took {len(body()) + 1} bytes"
        ACTION.deliver(event(), options, its)
        server.wait(2 * (body() + b"\n"))
    assert [ElementTree.fromstring(line).findtext("plate") for line in bytes(server.got[0]).splitlines()] == ["HK55EVB", "HK55EVB"]


@pytest.mark.parametrize(
    ("framing", "sent"),
    [("none", body("JSON")), ("length", len(body("JSON")).to_bytes(4, "big") + body("JSON")), ("newline", body("JSON") + b"\n")],
)
def test_without_keeping_each_event_has_a_connection_that_ends_with_it(server: Server, framing: str, sent: bytes) -> None:
    with kept(server.port, format="JSON", framing=framing, keep=False) as (options, its):
        ACTION.deliver(event(), options, its)
        ACTION.deliver(event(), options, its)
    server.wait(sent, sent)
    assert json.loads(body("JSON"))["event_id"] == "p1"


def test_a_connection_that_the_server_ended_is_made_again(server: Server) -> None:
    with kept(server.port) as (options, its):
        ACTION.deliver(event(), options, its)
        server.wait(body() + b"\n")
        server.drop()
        server.threads[1].join(PATIENCE_S)
        ACTION.deliver(event(), options, its)
    server.wait(body() + b"\n", body() + b"\n")


def test_what_the_server_says_is_not_looked_at(server: Server) -> None:
    with kept(server.port) as (options, its):
        ACTION.deliver(event(), options, its)
        server.wait(body() + b"\n")
        server.socks[0].sendall(b"x" * 100_000)
        ACTION.deliver(event(), options, its)
        server.wait(2 * (body() + b"\n"))


def test_a_server_that_ends_without_reading_has_nothing() -> None:
    server = Server(reads=False)
    with kept(server.port, keep=False) as (options, its):
        closer = threading.Timer(0.3, lambda: server.socks[0].close())
        closer.start()
        with pytest.raises(DeliveryError, match="Connection reset by peer"):
            ACTION.deliver(event(), options, its)
        closer.join()
    server.close()


def test_a_server_that_does_not_read_fails_in_time() -> None:
    server = Server(reads=False)
    late = pytest.raises(DeliveryError, match=r"^127\.0\.0\.1:\d+: no answer in 1 s$")
    with kept(server.port, timeout_s=1) as (options, its), late:
        ACTION.deliver(event(trigger_cause="x" * 8_000_000), options, its)
    server.close()


def test_nobody_at_the_port_is_said(server: Server) -> None:
    server.close()
    refused = pytest.raises(DeliveryError, match=rf"^127\.0\.0\.1:{server.port}: no connection \(Connection refused\)$")
    with kept(server.port) as (options, its), refused:
        ACTION.deliver(event(), options, its)


def test_the_camera_itself_is_not_reached_unless_permitted(server: Server) -> None:
    with kept(server.port) as (options, its), pytest.raises(ConfigError, match="is the camera itself"):
        ACTION.deliver(event(), options, replace(its, network=Network(lambda: ())))


@pytest.mark.parametrize("wrong", [{"host": "a b"}, {"host": ""}, {"port": 0}, {"format": "YAML"}, {"framing": "x"}, {"ca": "no"}])
def test_wrong_options_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        check(SocketClientOptions, wrong)
