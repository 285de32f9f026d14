"""Script: runs the init script of an installed package, as its check before a version is switched to, and for what it stores."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.words import Text
from firmware.packages.checker import check_slot
from firmware.packages.environment import Environment
from firmware.packages.keys import TrustedKeys
from firmware.packages.records import Slot
from firmware.packages.slots import Slots
from firmware.packages.verify import INITSCR
from firmware.processes.launch import CHECK, Launch, Order, exit_text, launch_alike, run_to_end

KEEPS_NOTHING = (0, 2)
"""Exit codes of a script that prints no parcel because its package keeps nothing, or because it does not know `data` (wrong
arguments). With any other it has failed: ours says 74 (sysexits.h: EX_IOERR) when it cannot give or take what it knows."""
WITHIN_S = 240.0
TRIES = 3
SAID_BYTES = 1 << 16
HEARD_WITHIN_S = 2.0
"""What it started and left behind may keep the pipe open."""


@dataclass(frozen=True, slots=True)
class Command:
    """A call of the script: what to execute, where, and with which variables."""

    words: Sequence[str]
    folder: Path
    environment: Mapping[str, str]


def command(path: Path, environment: Mapping[str, str], *words: str) -> Command:
    """Of the package in `path`; it ends when this process does."""
    return Command((sys.executable, "-P", str(path / INITSCR), *words), path, environment)


def run(asked: Command, within_s: float = WITHIN_S, launch: Launch = launch_alike) -> tuple[int, str]:
    """(exit code, the end of what it said). TimeoutError: it took longer and was ended; OSError: it cannot be started."""
    return run_to_end(launch, Order(CHECK, tuple(asked.words), asked.folder, asked.environment, tells=True), within_s)


def reason(code: int, said: str) -> str | Text:
    """Why it failed: its last line, if it has ended by itself."""
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return lines[-1][:300] if lines and code >= 0 else exit_text(code)


class Heard:
    """What a script says on stderr, taken as it comes, so that no log of its own holds it up: nobody may read that before it has
    ended. The pipe is closed when its last writer has gone."""

    def __init__(self, pipe: IO[bytes]) -> None:
        self._pipe = pipe
        self._end = b""
        self._listener = threading.Thread(target=self._listen, name="stderr", daemon=True)
        self._listener.start()

    def text(self) -> str:
        """The end of it; the script has been ended."""
        self._listener.join(HEARD_WITHIN_S)
        return self._end.decode("utf-8", "replace")

    def _listen(self) -> None:
        with self._pipe:
            while data := os.read(self._pipe.fileno(), SAID_BYTES):
                self._end = (self._end + data)[-SAID_BYTES:]


class PackageData:
    """What packages store, as their scripts give and take it (`data save`, `data check`, `data take`)."""

    def __init__(self, slots: Slots, trust: TrustedKeys, environment: Environment) -> None:
        self._slots = slots
        self._trust = trust
        self._environment = environment

    def versions(self) -> dict[str, str]:
        """{installed package: version} of those whose code is what was signed."""
        found = {}
        for name in self._slots.names():
            try:
                slot, _ = self._slots.installed(name)
                self._path(name, slot)
            except PackageError:
                continue  # Package Management says why
            found[name] = slot.version
        return found

    def command(self, name: str, *words: str) -> Command:
        """The call of a script with `data` and `words`. PackageError: the package is not there or not what was signed."""
        slot, _ = self._slots.installed(name)
        path = self._path(name, slot)
        return command(path, self._environment.of(path, licensed=False), "data", *words)

    def ask(self, name: str, *words: str) -> str:
        """Runs it, again if it was killed, as when memory is short for a moment; what it printed. PackageError says why not."""
        for _ in range(TRIES):
            try:
                code, said = run(self.command(name, *words))
            except TimeoutError as why:
                raise PackageError("{name} took longer than {limit_s:.0f} s", name=name, limit_s=WITHIN_S) from why
            if code >= 0:
                break
        if code:
            raise PackageError("{name}: {reason}", name=name, reason=reason(code, said))
        return said

    def _path(self, name: str, slot: Slot) -> Path:
        path = self._slots.path(name, slot)
        check_slot(path, slot, self._trust)
        return path
