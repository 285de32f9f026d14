"""Parcel: named files as one stream of bytes, written and read in constant memory, from one process to another or into a backup.

Each file is 4 bytes (big-endian: the length of its head), the head {"name", "size"} in JSON, then `size` bytes; a length of 0 ends
the parcel. Names are relative paths of plain parts. A reader believes nothing: who reads a stranger's parcel gets a ValueError.
"""

from __future__ import annotations

import json
import os
import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from board.kit.from_json import from_json

MAX_HEAD_BYTES = 1_024
PIECE_BYTES = 1 << 16
NAME = re.compile(r"(?=.{1,240}\Z)[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*){0,7}")
"""No part begins with a dot or a dash, so that none leads upwards or hides."""
_LENGTH = struct.Struct(">I")


class Writer:
    """`put`: takes the next bytes of the stream."""

    def __init__(self, put: Callable[[bytes], object]) -> None:
        self._put = put

    def add(self, name: str, data: bytes) -> None:
        """A small file."""
        self._begin(name, len(data))
        self._put(data)

    def add_file(self, name: str, path: Path) -> None:
        """A file as it is now. OSError when it cannot be read or becomes shorter meanwhile."""
        with path.open("rb") as file:
            self.add_read(name, file.read, os.fstat(file.fileno()).st_size)

    def add_read(self, name: str, read: Callable[[int], bytes], size: int) -> None:
        """The next `size` bytes of what `read` gives. OSError when it ends before."""
        self._begin(name, size)
        left = size
        while left:
            piece = read(min(PIECE_BYTES, left))
            if not piece:
                raise OSError(f"{name} is {left} bytes shorter than it was")
            left -= len(piece)
            self._put(piece)

    def end(self) -> None:
        self._put(_LENGTH.pack(0))

    def _begin(self, name: str, size: int) -> None:
        if not NAME.fullmatch(name):
            raise ValueError(f"{name!r} is no name of a parcel's file")
        head = json.dumps({"name": name, "size": size}).encode()
        self._put(_LENGTH.pack(len(head)) + head)


class Part:
    """One file of a parcel that is read. `left`: bytes that have not been read yet."""

    def __init__(self, name: str, size: int, read: Callable[[int], bytes]) -> None:
        self.name = name
        self.size = self.left = size
        self._read = read

    def read(self, most: int = -1) -> bytes:
        """The next bytes, b"" at the end; ValueError when the parcel ends before."""
        wanted = self.left if most < 0 else min(most, self.left)
        if not wanted:
            return b""
        piece = self._read(min(wanted, PIECE_BYTES))
        if not piece:
            raise ValueError(f"it ends within {self.name}")
        self.left -= len(piece)
        return piece

    def whole(self, most: int) -> bytes:
        """All that has not been read yet; ValueError when that is more than `most` bytes."""
        if self.left > most:
            raise ValueError(f"{self.name} is larger than {most} bytes")
        return b"".join(iter(lambda: self.read(PIECE_BYTES), b""))


def parts(read: Callable[[int], bytes]) -> Iterator[Part]:
    """The files in their order; what of one is not read is passed over. `read(n)` gives 1 to n bytes, b"" at the end. ValueError:
    the stream is not one parcel from its beginning to its end, or names a file twice."""
    seen: set[str] = set()
    while length := _LENGTH.unpack(_exactly(read, _LENGTH.size))[0]:
        if length > MAX_HEAD_BYTES:
            raise ValueError("the head of a file is too long")
        part = Part(*_head(_exactly(read, length)), read)
        if part.name.casefold() in seen:
            raise ValueError(f"{part.name} is in it twice")
        seen.add(part.name.casefold())
        yield part
        while part.read(PIECE_BYTES):
            pass
    if read(1):
        raise ValueError("it goes on after its end")


def _head(data: bytes) -> tuple[str, int]:
    head = from_json(data)
    if not isinstance(head, dict) or set(head) != {"name", "size"}:
        raise ValueError("the head of a file is not one")
    name, size = head["name"], head["size"]
    if not isinstance(name, str) or not NAME.fullmatch(name):
        raise ValueError(f"{str(name)[:60]!r} is no name of a file")
    if type(size) is not int or not 0 <= size < 1 << 48:
        raise ValueError(f"the size of {name} is none")
    return name, size


def _exactly(read: Callable[[int], bytes], count: int) -> bytes:
    found = b""
    while len(found) < count:
        piece = read(count - len(found))
        if not piece:
            raise ValueError("it ends before its end")
        found += piece
    return found
