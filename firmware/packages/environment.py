"""Environment: the variables of a package's processes, and the bytecode that they run.

It lies where Python looks for it, beside the files of the version, but is none of its signed files: the host makes it, and keeps
apart from it, on the camera, by what it knows it again. What else lies there (a card that was in another computer) is never run."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from board.kit.files import write_whole
from board.kit.state import RUN, State
from firmware.packages.records import Slot
from firmware.packages.slots import Slots
from firmware.packages.verify import BYTECODE

LOG = logging.getLogger("packages")

IMPORTED = ("lib", "site")
"""Folders of a package that its processes import from: its own modules, and libraries that it may carry."""
COMPILER = Path(__file__).with_name("bytecode.py")
COMPILED_WITHIN_S = 300.0


class Environment:
    """`made`: the folder of what is known of bytecode, STATE/host/compiled if not given. `addresses`: GATEWRIGHT_BIND and
    GATEWRIGHT_PORT once the host listens."""

    def __init__(self, state: State, slots: Slots, made: Path | None = None) -> None:
        self._state = state
        self._slots = slots
        self._made = made or state.host / "compiled"
        self._passed_over: set[Path] = set()
        self.addresses: Mapping[str, str] = {}

    def of(self, path: Path, licensed: bool) -> Mapping[str, str]:
        """Of the processes that run from `path`."""
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "GATEWRIGHT_"))}
        return {
            **kept,
            "PYTHONPATH": os.pathsep.join(str(path / each) for each in IMPORTED if (path / each).is_dir()),
            "PYTHONFAULTHANDLER": "1",
            "PYTHONUNBUFFERED": "1",
            "GATEWRIGHT_STATE": str(self._state.root),
            "GATEWRIGHT_LICENSED": "1" if licensed else "0",
            **{name: os.environ[name] for name in (RUN,) if name in os.environ},
            **({"PYTHONPYCACHEPREFIX": os.devnull} if path in self._passed_over else {}),
            **self.addresses,
        }

    def compile(self, slot: Slot, path: Path) -> None:
        """Unless the bytecode in `path` is what was made of this version, by this Python: makes it anew. Where each process is a
        user of its own, none may write what another one runs. A failure costs time at each start, and nothing is run from there."""
        made = self._made / _name(slot)
        self._passed_over.add(path)
        try:
            if made.exists() and made.read_text() == _fingerprint(path):
                self._passed_over.discard(path)
                return
            for folder in [*path.rglob(BYTECODE)]:
                shutil.rmtree(folder)
            self._passed_over.discard(path)
            command = [sys.executable, "-I", "-S", str(COMPILER)]
            command += [str(path / each) for each in IMPORTED if (path / each).is_dir()]
            ended = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, timeout=COMPILED_WITHIN_S, check=False)
            if ended.returncode >= 0:  # else it was killed, and the next start finishes it
                self._made.mkdir(parents=True, exist_ok=True)
                write_whole(made, _fingerprint(path).encode())
        except (OSError, UnicodeError, subprocess.TimeoutExpired) as why:
            LOG.warning("its Python files are not compiled: %s", why)

    def forget_bytecode(self) -> None:
        """Of versions that are gone, and what releases that kept it in a folder of its own left."""
        wanted = {_name(slot) for slot in self._slots.all()}
        for path in self._made.glob("*"):
            if path.name not in wanted:
                path.unlink(missing_ok=True)
        shutil.rmtree(self._made.with_name("bytecode"), ignore_errors=True)


def _name(slot: Slot) -> str:
    return f"{slot.letter}-{slot.manifest_sha256[:16]}"


def _fingerprint(path: Path) -> str:
    """Of all bytecode below `path`, and of the Python that may run it."""
    found = hashlib.sha256(sys.version.encode())
    for file in sorted(path.rglob(f"{BYTECODE}/*")):
        found.update(f"{file.relative_to(path)}\0".encode())
        if file.is_symlink() or not file.is_file():
            continue  # not made by this host: it shows by its name
        with file.open("rb") as opened:
            found.update(hashlib.file_digest(opened, "sha256").digest())
    return found.hexdigest()
