"""Environment: the variables of a package's processes, and the folder of their bytecode."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from board.kit.state import RUN, State
from firmware.packages.slots import Slot, Slots

LOG = logging.getLogger("packages")

IMPORTED = ("lib", "site")
"""Folders of a package that its processes import from: its own modules, and libraries that it may carry."""
COMPILED_WITHIN_S = 300.0
COMPILED = "compiled"
"""A file that says so: what a power cut left of it is finished at the next start."""


class Environment:
    """`bytecode`: the folder for it, STATE/host/bytecode if not given. `addresses`: GATEWRIGHT_BIND and GATEWRIGHT_PORT once the
    host listens."""

    def __init__(self, state: State, slots: Slots, bytecode: Path | None = None) -> None:
        self._state = state
        self._slots = slots
        self._bytecode = bytecode or state.host / "bytecode"
        self.addresses: Mapping[str, str] = {}

    def of(self, slot: Slot, path: Path, licensed: bool) -> Mapping[str, str]:
        """Of the processes that run from `path`."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GATEWRIGHT_"))}
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(str(path / each) for each in IMPORTED if (path / each).is_dir()),
            "PYTHONPYCACHEPREFIX": str(self.bytecode(slot)),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONUNBUFFERED": "1",
            "GATEWRIGHT_STATE": str(self._state.root),
            "GATEWRIGHT_LICENSED": "1" if licensed else "0",
            **{name: os.environ[name] for name in (RUN,) if name in os.environ},
            **self.addresses,
        }

    def bytecode(self, slot: Slot) -> Path:
        """Where that of a version lies, apart from others': two versions' files may agree in time and size."""
        return self._bytecode / slot.manifest_sha256[:16]

    def compile(self, slot: Slot, path: Path) -> None:
        """Unless that is done already: where each process is a user of its own, none may write what another one runs. A
        failure costs time at each start."""
        done = self.bytecode(slot) / COMPILED
        if done.exists():
            return
        command = [sys.executable, "-I", "-X", f"pycache_prefix={self.bytecode(slot)}", "-m", "compileall", "-q"]
        command += [str(path / each) for each in IMPORTED if (path / each).is_dir()]
        try:
            self.bytecode(slot).mkdir(parents=True, exist_ok=True)
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMPILED_WITHIN_S, check=False)
            if ended.returncode >= 0:  # else it was killed, and the next start finishes it
                done.touch()
        except (OSError, subprocess.TimeoutExpired) as why:
            LOG.warning("its Python files are not compiled: %s", why)

    def forget_bytecode(self) -> None:
        """Of versions that are gone."""
        wanted = {slot.manifest_sha256[:16] for slot in self._slots.all()}
        for folder in self._bytecode.glob("*"):
            if folder.name not in wanted:
                shutil.rmtree(folder, ignore_errors=True)
