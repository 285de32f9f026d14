"""Room: what others may store on the camera: how much together, how large, how many, under which names, and how much stays free."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import IO, Any

LISTS = "lists"
"""Folder of the lists that this camera offers to others: nobody from outside changes it."""

MOST_ENTRIES = 2_000
"""Files and folders together."""
MOST_DEPTH = 8
MOST_NAME = 120
"""Characters of a name."""
LARGEST_FILE = 128 << 20
KEPT_FREE = 200 << 20
"""Bytes of the disk that stay free for the camera itself."""


def bad_name(path: str) -> bool:
    """A path with a name that is too long, too deep, or that no listing could show."""
    parts = [part for part in path.split("/") if part]
    return len(parts) > MOST_DEPTH or any(len(part) > MOST_NAME or not part.isprintable() or "\ufffd" in part for part in parts)


class Room:
    """`home`: the folder as this process sees it. For one thread."""

    def __init__(self, home: str, most_bytes: int, kept_free: int = KEPT_FREE) -> None:
        self._home = Path(home)
        self._most = most_bytes
        self._kept_free = kept_free
        self._used = 0

    def open(self, path: str, mode: str) -> Upload:
        """To write; OSError (EDQUOT, ENOSPC) when there is no room."""
        entries = self._count()
        before = _size(path)
        if before < 0 and entries >= MOST_ENTRIES:
            raise _full(errno.EDQUOT)
        size = 0 if "w" in mode else max(0, before)
        self._used -= max(0, before) - size  # what is replaced gives its room back
        self.take(0)
        file = open(path, mode, buffering=0)  # noqa: PTH123, SIM115  # a buffer would tell of a full disk when it is closed
        return Upload(file, self, size, size if "a" in mode else 0)

    def make_folder(self, path: str) -> None:
        if self._count() >= MOST_ENTRIES:
            raise _full(errno.EDQUOT)
        os.mkdir(path)  # noqa: PTH102

    def take(self, more: int) -> None:
        """`more` bytes will be written; OSError when they may not."""
        if self._used + more > self._most:
            raise _full(errno.EDQUOT)
        disk = os.statvfs(self._home)
        if disk.f_bavail * disk.f_frsize - more < self._kept_free:
            raise _full(errno.ENOSPC)
        self._used += more

    def _count(self) -> int:
        """Entries that there are; looks anew at how much they take."""
        entries = used = 0
        for folder, folders, files in os.walk(self._home):
            if Path(folder) == self._home and LISTS in folders:
                folders.remove(LISTS)
            entries += len(folders) + len(files)
            used += sum(max(0, _size(str(Path(folder, name)))) for name in files)
        self._used = used
        return entries


class Upload:
    """A file that is being stored, as the FTP library uses it: `size` bytes are there, and it goes on at `place`."""

    def __init__(self, file: IO[bytes] | Any, room: Room, size: int, place: int) -> None:
        self._file = file
        self._room = room
        self._size = size
        self._place = place

    @property
    def name(self) -> str:
        return str(self._file.name)

    @property
    def closed(self) -> bool:
        return bool(self._file.closed)

    def seek(self, place: int) -> None:
        self._place = self._file.seek(place)

    def write(self, data: bytes) -> int:
        """All of it, or OSError."""
        self._room.take(max(0, self._place + len(data) - self._size))
        rest = memoryview(data)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._place += len(data)
        self._size = max(self._size, self._place)
        return len(data)

    def close(self) -> None:
        self._file.close()


def _size(path: str) -> int:
    """-1 when there is no such file."""
    try:
        return os.lstat(path).st_size
    except OSError:
        return -1


def _full(number: int) -> OSError:
    return OSError(number, os.strerror(number))
