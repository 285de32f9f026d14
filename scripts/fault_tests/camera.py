"""Camera: the processes that are killed: pins, service and the engine before its played barrier, in one process group."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Collection
from pathlib import Path

from board.kit.clock import Clock
from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Codec, connect
from board.types import PINS_MESSAGES
from engine.messages import SERVICE_MESSAGES
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import ActionRule, WeekSchedule
from scripts.fault_tests.evidence import DELAY_MS, DELAYED, GATE

ROOT = Path(__file__).resolve().parents[2]
PROCESSES = ("pins", "service", "engine")
PULSE_MS = 60
SERVER = "server"
START_S = 300.0
"""An emulated processor on a busy computer takes its time."""
FREE_FLOW = LprSettings(region="Europe", mode="FREEFLOW", lost_after_ms=500)


def prepare(state: State, port: int, lpr: LprSettings = FREE_FLOW) -> None:
    """A new camera: every plate pulses the gate, pulses another output later, and is told to the server on `port`."""
    store = Store(state.database, Clock())
    general = store.settings(GeneralSettings)
    changes = {"trigger_port": 0, "keep_free_pct": 1, "action_addresses": "127.0.0.1", "save_full_image": False}
    store.settings.put(general.model_copy(update=changes), "faults")
    store.settings.put(lpr, "faults")
    every_plate = next(each.id for each in store.lists() if each.role == "all")
    for name, kind, options in (
        (GATE, "io", {"output": GATE, "duration_ms": PULSE_MS}),
        (DELAYED, "io", {"output": DELAYED, "duration_ms": PULSE_MS, "delay_ms": DELAY_MS}),
        (SERVER, "http", {"url": f"http://127.0.0.1:{port}/", "format": "JSON", "timeout_s": 3}),
    ):
        store.save_rule(ActionRule(0, every_plate, name, kind, True, WeekSchedule(), json.dumps(options)), "faults")
    store.close()


class Camera:
    """`car` names the file with the plate before the barrier."""

    def __init__(self, state: State, car: Path) -> None:
        self._state = state
        self._commands = {
            "pins": ["board.pins"],
            "service": ["engine", "service"],
            "engine": ["scripts.fault_tests.barrier", "--car", str(car)],
        }
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._leader: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Camera:
        return self

    def __exit__(self, *why: object) -> None:
        self.close()

    def start(self, names: Collection[str] = PROCESSES) -> None:
        """Those of `names` that do not run."""
        if self._leader is None:
            self._leader = subprocess.Popen(["sleep", "infinity"], process_group=0)
        for name in names:
            command = [sys.executable, "-m", *self._commands[name], "--state", str(self._state.root)]
            self._state.logs.mkdir(parents=True, exist_ok=True)
            with (self._state.logs / f"{name}.stderr").open("ab") as stderr:
                self._running[name] = subprocess.Popen(command, cwd=ROOT, stderr=stderr, process_group=self._leader.pid)

    def kill(self, names: Collection[str]) -> None:
        """SIGKILL, to the whole group at once if all are named."""
        if set(names) == set(PROCESSES) and self._leader is not None:
            os.killpg(self._leader.pid, signal.SIGKILL)
            self._leader.wait()
            self._leader = None
        for name in names:
            self._running[name].kill()
            self._running.pop(name).wait()

    def died(self) -> list[str]:
        """Which ended by themselves, with their exit codes."""
        return [f"{name} ended with {process.returncode}" for name, process in self._running.items() if process.poll() is not None]

    def wait_until_up(self) -> None:
        """Service and pins take connections."""
        until = time.monotonic() + START_S
        for path, messages in ((self._state.pins_socket, PINS_MESSAGES), (self._state.service_socket, SERVICE_MESSAGES)):
            while True:
                try:
                    connect(path, Codec(messages)).close()
                    break
                except (WireError, OSError):
                    if self.died() or time.monotonic() > until:
                        why = ", ".join(self.died()) or "nobody listens"
                        raise SystemExit(f"faults: the camera does not start: {why}; see {self._state.logs}") from None
                    time.sleep(0.01)

    def close(self) -> None:
        for process in self._running.values():
            process.terminate()
        for process in self._running.values():
            process.wait(30)
        self._running.clear()
        if self._leader is not None:
            self._leader.kill()
            self._leader.wait()
            self._leader = None
