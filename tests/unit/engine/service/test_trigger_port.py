"""Trigger port: where the socket listens, what happens while its port is taken, and what others are told about it."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.devices import DeviceBook
from board.kit.clock import TestClock
from board.kit.errors import TriggerRefused
from board.kit.servers import announce, bind_address, read_servers, url_of
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.serial import SerialLines
from engine.messages import LineState
from engine.service.inputs import Inputs
from engine.settings import GeneralSettings, LprSettings
from engine.types import Trigger

pytestmark = pytest.mark.usefixtures("leak_free")


class Bench:
    def __init__(self, folder: Path, port: int) -> None:
        self.state = State(folder)
        self.state.run.mkdir()
        self.clock = TestClock()
        self.problem = NOTHING
        self.reports: list[Text] = []
        serial = SerialLines(self.state, DeviceBook(self.state, "service"))
        self.inputs = Inputs(
            self.clock,
            self,
            serial,
            self.fire,
            1.0,
            self.reports.append,
            "127.0.0.1",
            lambda url: announce(self.state, "trigger", url),
        )
        self.inputs.open(LprSettings(), GeneralSettings(trigger_port=port))

    def lines(self) -> tuple[LineState, ...]:
        return ()

    def fire(self, cause: str, wait_taken_s: float) -> Trigger:
        raise TriggerRefused("not now")

    def answer(self) -> bytes:
        """What the announced address answers to the message."""
        host, _, port = read_servers(self.state)["trigger"].removeprefix("tcp://").rpartition(":")
        with socket.create_connection((host, int(port)), timeout=10) as peer:
            peer.sendall(b"TRIGGER\n")
            return peer.recv(100)


@pytest.fixture
def taken() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as made:
        yield made


def test_the_real_address_is_told_while_the_socket_is_open(tmp_path: Path, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    taken.close()
    bench = Bench(tmp_path, port)
    bench.inputs.turn()
    assert read_servers(bench.state) == {"trigger": f"tcp://127.0.0.1:{port}"}
    assert bench.answer() == b"ERROR not now\r\n"
    bench.inputs.close()
    assert read_servers(bench.state) == {}


def test_a_port_that_is_taken_is_moved_said_and_taken_back_when_it_is_free(tmp_path: Path, taken: socket.socket) -> None:
    port = taken.getsockname()[1]
    bench = Bench(tmp_path, port)
    bench.inputs.turn()
    moved = int(read_servers(bench.state)["trigger"].rpartition(":")[2])
    assert port < moved < port + 100
    assert [str(each) for each in bench.reports] == [
        f"the trigger socket cannot listen on {port}: Address already in use; port {moved} is used until it is free"
    ]
    assert bench.answer() == b"ERROR not now\r\n"
    bench.clock.advance(11)
    bench.inputs.turn()
    taken.close()
    bench.clock.advance(11)
    bench.inputs.turn()
    assert read_servers(bench.state) == {"trigger": f"tcp://127.0.0.1:{port}"}
    assert bench.answer() == b"ERROR not now\r\n"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", moved), timeout=10)
    assert len(bench.reports) == 1
    bench.inputs.close()


def test_the_address_follows_the_hosts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GATEWRIGHT_BIND", raising=False)
    assert bind_address() == ""
    monkeypatch.setenv("GATEWRIGHT_BIND", "127.0.0.1")
    assert bind_address() == "127.0.0.1"


@pytest.mark.parametrize(
    ("host", "url"),
    [
        ("", "tcp://127.0.0.1:7"),
        ("0.0.0.0", "tcp://127.0.0.1:7"),
        ("::", "tcp://[::1]:7"),
        ("fd00::2", "tcp://[fd00::2]:7"),
        ("10.0.0.2", "tcp://10.0.0.2:7"),
    ],
)
def test_an_address_is_one_that_this_machine_reaches(host: str, url: str) -> None:
    assert url_of("tcp", host, 7) == url


def test_several_processes_share_the_file(tmp_path: Path) -> None:
    state = State(tmp_path)
    state.run.mkdir()
    announce(state, "trigger", "tcp://127.0.0.1:1")
    announce(state, "nvr", "tcp://127.0.0.1:2")
    announce(state, "trigger", "")
    assert read_servers(state) == {"nvr": "tcp://127.0.0.1:2"}
    state.servers_file.write_text("[]")
    assert read_servers(state) == {}
    announce(State(tmp_path / "away"), "nvr", "tcp://127.0.0.1:2")
