"""SOCKET SERVER action with service and vms as real processes: a client gets the events of cars, whichever process starts again."""

from __future__ import annotations

import json
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.clock import Clock
from board.kit.servers import read_servers
from engine.store import DeliveryQuery, Store
from tests.daemons import free_port
from tests.samples import ALL, passage, rule
from tests.servers.test_vms import PATIENCE_S, Stack, until


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    made = Stack(tmp_path)
    yield made
    for process in made.processes.values():
        process.terminate()
    assert [process.wait(PATIENCE_S) for process in made.processes.values()] == [0, 0]


def report(stack: Stack, id: str) -> None:
    now = Clock()
    until(lambda: stack._stored(passage(id=id, at=now.now(), monotonic_ns=now.monotonic_ns())), "the passage")


def test_clients_of_the_port_get_cars_over_a_restart_of_the_vms_process(stack: Stack) -> None:
    port = free_port()
    store = Store(stack.state.database, Clock())
    store.rules.save(rule(ALL, "socket_server", port=port, format="JSON"), "admin")
    stack.start("service")
    stack.start("vms")
    name = f"socket server {port}"
    until(lambda: read_servers(stack.state).get(name) == f"tcp://127.0.0.1:{port}", "the port")
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
        report(stack, "p1")
        assert json.loads(client.makefile("rb").readline())["event_id"] == "p1"
        until(lambda: store.deliveries(DeliveryQuery(state="done")), "the end of p1, which would come again otherwise")

    stack.processes["vms"].send_signal(signal.SIGKILL)
    stack.processes["vms"].wait(PATIENCE_S)
    report(stack, "p2")
    until(lambda: store.deliveries(DeliveryQuery(state="pending")), "an event that waits")
    stack.start("vms")
    with until(lambda: connected(port), "a connection") as client:
        assert json.loads(client.makefile("rb").readline())["event_id"] == "p2"
    until(lambda: not store.deliveries(DeliveryQuery(state="pending")), "everything done")
    store.close()


def connected(port: int) -> socket.socket | None:
    try:
        return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)
    except OSError:
        return None
