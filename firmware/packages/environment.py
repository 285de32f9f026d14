"""Environment: the variables of a package's processes, and the folder of their bytecode."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from board.kit.state import RUN, State
from firmware.packages.slots import Slot, Slots


class Environment:
    """`addresses`: GATEWRIGHT_BIND and GATEWRIGHT_PORT once the host listens."""

    def __init__(self, state: State, slots: Slots) -> None:
        self._state = state
        self._slots = slots
        self._bytecode = state.host / "bytecode"
        self.addresses: Mapping[str, str] = {}

    def of(self, slot: Slot, path: Path, licensed: bool) -> Mapping[str, str]:
        """Of the processes that run from `path`."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GATEWRIGHT_"))}
        return {
            **kept,
            "PYTHONPATH": str(path / "lib"),
            "PYTHONPYCACHEPREFIX": str(self._bytecode / slot.manifest_sha256[:16]),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONUNBUFFERED": "1",
            "GATEWRIGHT_STATE": str(self._state.root),
            "GATEWRIGHT_LICENSED": "1" if licensed else "0",
            **{name: os.environ[name] for name in (RUN,) if name in os.environ},
            **self.addresses,
        }

    def forget_bytecode(self) -> None:
        """Of versions that are gone. It lies apart for each version: two versions' files may agree in time and size."""
        wanted = {slot.manifest_sha256[:16] for slot in self._slots.all()}
        for folder in self._bytecode.glob("*"):
            if folder.name not in wanted:
                shutil.rmtree(folder, ignore_errors=True)
