"""Rows: what a file reader returns: the lists in the file, and one entry at a time with its line number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import NamedTuple, Protocol

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import Text

MOST_BYTES = 64 << 20
"""Bytes of a file of plates; unpacked it may be four times as long."""

MOST_LISTS = 100

MOST_COUNTED = 1 << 23
"""A megabyte of bits."""


class FileRefused(ConfigError):
    """The file is invalid; the text says where and why."""


def at_line(line: int, why: Text | ConfigError) -> FileRefused:
    return FileRefused("line {line}: {why}", line=line, why=why)


class Sink(Protocol):
    """A file opened for writing."""

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class FileList:
    """A list that a file names. `colour`: "#1565c0" or ""."""

    name: str
    colour: str = ""


class Numbers:
    """Numbers of plates already seen. Files count from 1: a bit for each takes a sixtieth of the memory of a set."""

    def __init__(self) -> None:
        self._bits = bytearray()
        self._others: set[int] = set()

    def add(self, number: int) -> bool:
        """False: it was there already. `number`: from 0."""
        if number >= MOST_COUNTED:
            known = len(self._others)
            self._others.add(number)
            return len(self._others) > known
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bits):
            self._bits.extend(bytes(place + 1024 - len(self._bits)))
        if self._bits[place] & bit:
            return False
        self._bits[place] |= bit
        return True


class FileRow(NamedTuple):
    """One plate. `line`: its line number; `list_name`: "" if the file names no list; `values`: {field of ListEntry: cell} for
    what the file gives: texts, from a workbook numbers and dates too."""

    line: int
    list_name: str
    values: Mapping[str, object]


LONGEST_GENERATION = 700
"""Characters."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What our own files add to the manual's for following cameras (manual 5, Camera list synchronization). `generation`: see
    engine/exchange/generation.py; `zone`: of the times; `columns`: fields that the file gives for each plate, even where they
    are empty."""

    generation: str = ""
    zone: str = ""
    columns: tuple[str, ...] = ()


NO_STAMP = Stamp()

LONGEST_HEADING, MOST_UNREAD = 40, 20
"""What is told of headings that nobody knows."""


@dataclass(slots=True)
class Head:
    """What a file says before and beside its rows; filled in while rows are read. `lists`: {name: list}, in the file's order;
    `unread`: headings that say nothing here, so that whoever imports sees that an end of validity is among them;
    `headings`: {field of ListEntry: its heading} where people headed the columns."""

    lists: dict[str, FileList] = field(default_factory=dict)
    stamp: Stamp = NO_STAMP
    headings: dict[str, str] = field(default_factory=dict)
    unread: dict[str, None] = field(default_factory=dict)

    def leave_out(self, heading: object) -> None:
        name = str(heading).strip()[:LONGEST_HEADING]
        if name and len(self.unread) < MOST_UNREAD:
            self.unread[name] = None
