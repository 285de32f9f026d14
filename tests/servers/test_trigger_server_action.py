"""TRIGGER SERVER action with the service as a real process: the client that triggers gets the plate on its own connection."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

from board.kit.clock import Clock
from board.kit.servers import read_servers
from board.kit.wire import Codec, connect
from board.kit.words import NOTHING
from engine.messages import SERVICE_MESSAGES, EngineHello, EngineStatus, PassageReport, PassageStored, StartTrigger, TriggerTaken
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from tests.daemons import free_port
from tests.samples import ALL, passage, rule
from tests.servers.test_vms import PATIENCE_S, Stack, until


def read_cars(stack: Stack) -> None:
    """An engine that reads HK55EVB at the first trigger."""
    channel = connect(stack.state.service_socket, Codec(SERVICE_MESSAGES))
    channel.send(EngineHello(1))
    channel.send(EngineStatus("TRIGGER", 0, 10.0, 1.0, 0.0, NOTHING, NOTHING, None, (1280, 960)))
    clock = Clock()
    while not isinstance(message := channel.receive(PATIENCE_S), PassageStored):
        if isinstance(message, StartTrigger):
            channel.send(TriggerTaken(message.trigger.id, NOTHING))
            by = {"trigger_id": message.trigger.id, "trigger_cause": message.trigger.cause}
            one = passage(at=clock.now(), monotonic_ns=clock.monotonic_ns(), **by)
            channel.send(PassageReport(one))
    channel.close()


def test_the_client_that_triggers_gets_the_plate(tmp_path: Path) -> None:
    stack, port = Stack(tmp_path), free_port()
    store = Store(stack.state.database, Clock())
    store.settings.put(GeneralSettings(trigger_port=port), "admin")
    store.settings.put(LprSettings(mode="TRIGGER"), "admin")
    store.rules.save(rule(ALL, "trigger_server", format="SIMPLE"), "admin")
    store.close()
    stack.start("service")
    until(lambda: read_servers(stack.state).get("trigger"), "the trigger socket")
    engine = threading.Thread(target=read_cars, args=(stack,))
    engine.start()

    def answer() -> list[bytes]:
        with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as client:
            client.sendall(b"TRIGGER\r\n")
            lines = client.makefile("rb")
            first = lines.readline()
            return [first, lines.readline()] if first.startswith(b"OK") else []  # the engine is not there yet

    first, second = until(answer, "an accepted trigger")
    assert (first[:3], second) == (b"OK ", b"HK55EVB\r\n")
    engine.join()
    stack.processes["service"].terminate()
    assert stack.processes["service"].wait(PATIENCE_S) == 0
