"""Card files: the pictures of this camera on its SD card, or on whatever the host was told is one.

They lie in a folder of this camera, so that a card may go from one to another. No link is followed below the card's root: it was in
others' hands. OSError wherever the card refuses; what is not there is no error.
"""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from board.kit.dataclass import dataclass
from board.kit.files import NO_LINK, folder_below, open_below

FOLDER = "gatewright/pictures"
"""The host shares it out (firmware/processes/places.py)."""

NOT_THERE = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP)


@dataclass(frozen=True, slots=True)
class CardFiles:
    """`root`: where the card belongs; `owner`: this camera's id. Names are "2026/11/28/ID-full.jpg"."""

    root: Path
    owner: str

    def open(self, name: str) -> BinaryIO:
        """OSError when it is not there, or not just now."""
        return open_below(self.root, self._path(name))

    def days(self) -> list[str]:
        """Those with a folder ("2026/11/28"), the oldest first."""
        return [
            f"{year}/{month}/{day}"
            for year in self.names("")
            for month in self.names(year)
            for day in self.names(f"{year}/{month}")
        ]

    def names(self, folder: str) -> list[str]:
        """What lies in a folder, sorted; nothing when it cannot be read."""
        with suppress(OSError), self._folder(folder) as number:
            return sorted(os.listdir(number))  # noqa: PTH208  # a Path is none of a descriptor
        return []

    def all(self) -> Iterator[str]:
        """Names of all pictures, the oldest day first."""
        return (f"{day}/{name}" for day in self.days() for name in self.names(day))

    def has(self, name: str) -> bool:
        inside, _, last = name.rpartition("/")
        with suppress(OSError), self._folder(inside) as folder:
            os.stat(last, dir_fd=folder, follow_symlinks=False)
            return True
        return False

    def put(self, name: str, source: BinaryIO) -> None:
        """Whole and on the card once this returns, or not at all."""
        inside, _, last = name.rpartition("/")
        with self._folder(inside, make=True) as folder:
            part = f".{last}.part"
            with suppress(FileNotFoundError):
                os.unlink(part, dir_fd=folder)
            number = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | NO_LINK, 0o640, dir_fd=folder)
            try:
                with os.fdopen(number, "wb") as file:
                    shutil.copyfileobj(source, file)
                    file.flush()
                    os.fsync(number)
                os.rename(part, last, src_dir_fd=folder, dst_dir_fd=folder)
                os.fsync(folder)
            except OSError:
                with suppress(OSError):
                    os.unlink(part, dir_fd=folder)
                raise

    def delete(self, name: str) -> None:
        """And its day's folder, once that is empty."""
        inside, _, last = name.rpartition("/")
        try:
            with self._folder(inside) as folder, suppress(FileNotFoundError, IsADirectoryError):
                os.unlink(last, dir_fd=folder)
        except OSError as why:
            if why.errno not in NOT_THERE:
                raise
            return
        above, _, day = inside.rpartition("/")
        with suppress(OSError), self._folder(above) as folder:
            os.rmdir(day, dir_fd=folder)  # refuses while something is in it

    def delete_day(self, day: str) -> None:
        for name in self.names(day):
            self.delete(f"{day}/{name}")

    def _path(self, name: str) -> str:
        return f"{FOLDER}/{self.owner}/{name}"

    @contextmanager
    def _folder(self, name: str, make: bool = False) -> Iterator[int]:
        number = folder_below(self.root, self._path(name), make)
        try:
            yield number
        finally:
            os.close(number)
