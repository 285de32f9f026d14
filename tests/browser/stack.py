"""Stack: the package's real processes on a state folder, started again when they end by themselves, as the host does."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from board.kit.state import State
from tests.waiting import until

REPOSITORY = Path(__file__).resolve().parents[2]
COMMANDS = {
    "pins": ("board.pins",),
    "service": ("engine", "service"),
    "engine": ("engine", "run"),
    "manager": ("webui",),
}
"""The package's processes in their order of starting."""


class Stack:
    """Runs until `close`; ready when the portal listens."""

    def __init__(self, folder: Path, processes: Sequence[str] = tuple(COMMANDS)) -> None:
        self.state = State(folder)
        self._environment = {**os.environ, "GATEWRIGHT_LICENSED": "1", "PYTHONPATH": str(REPOSITORY)}
        self._stop = threading.Event()
        self._running = {name: self._start(name) for name in COMMANDS if name in processes}
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        until(self.state.manager_socket.exists, "the portal's socket", 60)

    def _start(self, name: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", *COMMANDS[name], "--state", str(self.state.root)]
        return subprocess.Popen(command, cwd=REPOSITORY, env=self._environment, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def _watch(self) -> None:
        while not self._stop.wait(0.2):
            for name, process in list(self._running.items()):
                if process.poll() is not None and not self._stop.is_set():
                    self._running[name] = self._start(name)

    def close(self) -> None:
        """Ends all of them, the last one started first."""
        self._stop.set()
        self._watcher.join(5)
        for process in reversed(self._running.values()):
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)
