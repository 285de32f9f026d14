"""Service camera: the service as a real process, with the real pins process on the simulated chip; a test is engine and portal."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Channel, Codec, connect
from board.kit.words import NOTHING, Text
from engine.messages import SERVICE_MESSAGES, AskStatus, EngineHello, EngineStatus, PassageReport, ServiceStatus
from engine.settings import GeneralSettings, LprSettings
from engine.store import DeliveryQuery, Store
from engine.types import Passage
from tests.daemons import free_port
from tests.samples import WHITE, entry, passage, rule
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[1]
CODEC = Codec(SERVICE_MESSAGES)
PATIENCE_S = 20.0
PULSE_MS = 120


class Camera:
    """STATE with the processes that a test starts, and a channel as their engine."""

    def __init__(self, root: Path) -> None:
        self.state = State(root)
        self.processes: dict[str, subprocess.Popen[bytes]] = {}
        self.engine: Channel | None = None
        self.trigger_port = free_port()
        store = self.store()
        store.settings.put(GeneralSettings(trigger_port=self.trigger_port, keep_free_pct=1, action_addresses="127.0.0.2"), "admin")
        store.settings.put(LprSettings(mode="TRIGGER", trigger_period_s=20.0), "admin")
        store.entries.save(entry("HK55EVB", WHITE), "admin")
        store.rules.save(rule(WHITE, duration_ms=PULSE_MS), "admin")
        store.close()

    def store(self) -> Store:
        return Store(self.state.database, Clock())

    def start(self, name: str) -> None:
        command = {"pins": ["board.pins"], "service": ["engine", "service"]}[name]
        self.processes[name] = subprocess.Popen([sys.executable, "-m", *command, "--state", str(self.state.root)], cwd=ROOT)

    def kill(self, name: str) -> None:
        self.processes[name].kill()
        self.processes[name].wait(PATIENCE_S)

    def channel(self) -> Channel:
        def attempt() -> Channel | None:
            try:
                return connect(self.state.service_socket, CODEC)
            except (WireError, OSError):
                return None

        return until(attempt, "the service's socket")

    def connect_engine(self) -> Channel:
        self.engine = self.channel()
        self.engine.send(EngineHello(os.getpid()))
        self.send_status(0)
        self.send_status()
        until(lambda: self.status().mode == "TRIGGER", "the engine's status")
        return self.engine

    def send_status(self, frames: int = 7, mode: str = "TRIGGER", camera: Text = NOTHING) -> None:
        assert self.engine is not None
        self.engine.send(EngineStatus(mode, frames, 12.5, 41.0, 31.5, camera, NOTHING, None, (1280, 960)))

    def ask(self, request: object) -> Any:
        channel = self.channel()
        try:
            channel.send(request)
            return channel.receive(PATIENCE_S)
        finally:
            channel.close()

    def status(self) -> ServiceStatus:
        answer = self.ask(AskStatus())
        assert isinstance(answer, ServiceStatus)
        return answer

    def frames_processed(self) -> int:
        return {one.name: one.value for one in self.status().counters}["Frames processed"]

    def pins_ready(self) -> None:
        until(lambda: self.status().pins == NOTHING, "the connection to pins")

    def report(self, plate: str = "HK55EVB", **changes: Any) -> Passage:
        assert self.engine is not None
        values = {"at": datetime.now(UTC), "monotonic_ns": time.monotonic_ns(), **changes}
        one = passage(plate, id=uuid.uuid4().hex, **values)
        self.engine.send(PassageReport(one))
        return one

    def edges(self, line: str) -> list[tuple[int, int]]:
        """(ns, level) of each change."""
        path = self.state.sim / "edges.jsonl"
        found = [json.loads(text) for text in path.read_text().splitlines()] if path.exists() else []
        return [(edge["t_ns"], edge["level"]) for edge in found if edge["line"] == line]

    def pulses_ms(self, line: str = "DO1") -> list[float]:
        edges = self.edges(line)
        return [(down - up) / 1e6 for (up, high), (down, low) in itertools.pairwise(edges) if (high, low) == (1, 0)]

    def delivery_states(self) -> list[str]:
        store = self.store()
        try:
            return [one.delivery.state for one in reversed(store.deliveries(DeliveryQuery()))]
        finally:
            store.close()

    def stop(self) -> None:
        """Everything ends as it should, or was killed by the test."""
        if self.engine is not None:
            self.engine.close()
        codes = {}
        for name, process in self.processes.items():
            if process.poll() is None:
                process.terminate()
            codes[name] = process.wait(PATIENCE_S)
        assert not [name for name, code in codes.items() if code not in (0, -signal.SIGKILL)], codes
