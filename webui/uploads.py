"""Uploads: files of plates that people send, kept for an hour; engine/exchange/work.py looks at them and takes them in."""

from __future__ import annotations

import re
import secrets
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import IO

from board.kit.errors import ConfigError
from board.kit.state import State
from board.kit.web.routes import Refused
from board.kit.words import Text
from engine.exchange.hand import READING, HandFolder, HandOrder, HandResult

MOST_BYTES = 64 << 20
MOST_KEPT = 4
KEPT_S = 3600.0
LEAST_FREE = 64 << 20
"""Bytes: with less on the storage nothing is taken, as passages need them."""

ENDS_WITHIN_S = 3.0

_PIECE = 1 << 16
_NAME = re.compile(r"[0-9a-f]{32}")


class Uploads:
    """Safe to use from several threads. Its processes end with this one."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._folder = state.exchange / "uploads"
        self._lock = threading.Lock()
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._coming: set[str] = set()
        """Names of those that are being sent, or given to a process, or deleted."""

    def receive(self, stream: IO[bytes], length: int, order: HandOrder) -> str:
        """Stores a file and looks at it; its name. Refused: there is no room, or it broke off."""
        name = secrets.token_hex(16)
        with self._lock:
            self._clear()
            self._coming.add(name)
        folder = HandFolder(self._folder / name)
        try:
            folder.path.mkdir(mode=0o700, parents=True)
            if shutil.disk_usage(folder.path).free < LEAST_FREE + length:
                raise Refused(507, "The storage is nearly full: the file is not taken.")
            _store(stream, length, folder.file)
            self._start(name, folder, order)
        except BaseException:
            shutil.rmtree(folder.path, ignore_errors=True)
            raise
        finally:
            with self._lock:
                self._coming.discard(name)
        return name

    def order(self, name: str) -> HandOrder:
        """What was ordered last. Refused 404 when there is no such upload."""
        folder = self._of(name)
        try:
            return folder.order()
        except FileNotFoundError as why:  # somebody else has just dropped it
            raise _gone() from why

    def again(self, name: str, order: HandOrder) -> None:
        """Looks at the file again, or takes it in. Refused: it is being worked on."""
        with self._alone(name) as folder:
            self._start(name, folder, order)

    def result(self, name: str) -> HandResult:
        """What has come of it so far. Refused 404 when there is no such upload."""
        folder = self._of(name)
        with self._lock:
            running = self._is_running(name) or name in self._coming
        try:
            result, order = folder.result(), folder.order()
        except FileNotFoundError as why:
            raise _gone() from why
        if result.state == READING and not running:
            nothing_yet = Text("it was broken off; nothing has changed: send the file again")
            perhaps = Text("it was broken off while it was taken in: send the file again to see what is left to change")
            return replace(result, state="failed", error=perhaps if order.apply else nothing_yet)
        return result

    def drop(self, name: str) -> None:
        """Forgets the file. Refused: it is being worked on."""
        with self._alone(name) as folder:
            shutil.rmtree(folder.path, ignore_errors=True)

    def close(self) -> None:
        with self._lock:
            for process in self._running.values():
                process.kill()
                process.wait()
            self._running.clear()

    def _of(self, name: str) -> HandFolder:
        path = self._folder / name
        if not _NAME.fullmatch(name) or not (path / "order.json").is_file():
            raise _gone()
        return HandFolder(path)

    @contextmanager
    def _alone(self, name: str) -> Iterator[HandFolder]:
        """The folder of an upload. Its process ends a moment after it has told its result. Refused: it has told none yet, or
        somebody else is at it."""
        busy = Refused(409, "This file is being worked on already.")
        process = self._running.get(name)
        try:
            if process is not None and process.poll() is None:
                if self.result(name).state == READING:
                    raise busy
                process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired as why:
            raise busy from why
        with self._lock:
            if name in self._coming or self._is_running(name):
                raise busy
            self._running.pop(name, None)
            self._coming.add(name)
        try:
            yield self._of(name)
        finally:
            with self._lock:
                self._coming.discard(name)

    def _start(self, name: str, folder: HandFolder, order: HandOrder) -> None:
        folder.put_order(order)
        command = [sys.executable, "-m", "engine", "exchange", "--state", str(self._state.root), "hand", str(folder.path)]
        with self._lock:
            self._running[name] = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)

    def _is_running(self, name: str) -> bool:
        process = self._running.get(name)
        return process is not None and process.poll() is None

    def clear(self, everything: bool = False) -> None:
        """Forgets what nobody has asked for within an hour, or all that is not worked on: the plates of a list lie in it."""
        with self._lock, suppress(OSError):  # the next round tries it again
            _, idle = self._kept()
            now = time.time()
            for at, each in idle:
                if everything or abs(now - at) > KEPT_S:  # or of a clock that was ahead
                    shutil.rmtree(each, ignore_errors=True)

    def _clear(self) -> None:
        """With the lock held: forgets the oldest of what is too many; ConfigError when all of them are being sent or worked on."""
        busy, idle = self._kept()
        if busy >= MOST_KEPT:
            raise ConfigError("several files are being worked on: wait for them")
        for number, (_, each) in enumerate(idle):
            if busy + len(idle) - number >= MOST_KEPT:
                shutil.rmtree(each, ignore_errors=True)

    def _kept(self) -> tuple[int, list[tuple[float, Path]]]:
        """How many are being sent or worked on, and the others with their times, oldest first."""
        for name in [each for each in self._running if not self._is_running(each)]:
            self._running.pop(name)
        busy = self._coming | self._running.keys()
        folders = list(self._folder.iterdir()) if self._folder.is_dir() else []
        return len(busy), sorted((each.stat().st_mtime, each) for each in folders if each.name not in busy)


def _gone() -> Refused:
    return Refused(404, "There is no such upload; perhaps it was too long ago.")


def _store(stream: IO[bytes], length: int, path: Path) -> None:
    left = length
    with path.open("wb") as file:
        while left:
            try:
                piece = stream.read(min(left, _PIECE))
            except OSError as why:
                raise Refused(400, "The request broke off.") from why
            if not piece:
                raise Refused(400, "The request broke off.")
            file.write(piece)
            left -= len(piece)
