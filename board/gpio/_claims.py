"""Claims: one owner per pin between processes, by file locks; the kernel frees the claims of a dead owner."""

from __future__ import annotations

import fcntl
import logging
import os
from pathlib import Path

from board.kit.errors import BoardError, PinBusy
from board.kit.files import open_shared

log = logging.getLogger("board.gpio.claims")


class Claims:
    """The pins that this object holds. Locks belong to open files: two objects in one process exclude each other too."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: dict[int, int] = {}
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as why:
            raise BoardError("pins cannot be claimed in {folder}: {why}", folder=folder, why=why) from why

    def __contains__(self, pin: int) -> bool:
        return pin in self._files

    def take(self, pin: int, name: str, owner: str) -> None:
        """Holds `pin` until `release`; PinBusy names the owner and process that has it."""
        path = self._folder / str(pin)
        try:
            file = open_shared(path, os.O_RDWR)
        except OSError as why:
            raise BoardError("{name} cannot be claimed in {path}: {why}", name=name, path=path, why=why) from why
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as why:
            taker = os.pread(file, 200, 0).decode(errors="replace") or "a process that just took it"
            os.close(file)
            raise PinBusy("{name} (pin {pin}) is taken by {taker}", name=name, pin=pin, taker=taker) from why
        self._files[pin] = file
        try:
            os.ftruncate(file, 0)
            os.pwrite(file, f"{owner} (pid {os.getpid()})".encode(), 0)
        except OSError as why:  # the lock holds; on a full disk only the owner's name is missing
            log.warning("%s is claimed, but its owner is not written down in %s: %s", name, path, why)

    def give_back(self, pin: int) -> None:
        """Frees it: it could not be had after all, and may be tried again."""
        os.close(self._files.pop(pin))

    def release(self) -> None:
        """Frees every pin."""
        while self._files:
            _, file = self._files.popitem()
            os.close(file)


def taker(folder: Path, pin: int) -> str:
    """Who holds `pin` ("pins (pid 12)"), or "" when it is free."""
    try:
        file = os.open(folder / str(pin), os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return os.pread(file, 200, 0).decode(errors="replace")
    finally:
        os.close(file)
    return ""
