"""Rows: what a reader of files gives: the lists that the file is about, and one entry a time, with the line that it stands in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from board.kit.errors import ConfigError
from board.kit.words import Text

MOST_BYTES = 64 << 20
"""Of a file of plates; what it unpacks to may be four times as long."""

MOST_LISTS = 100


class FileRefused(ConfigError):
    """The file is not what it should be; the text says where and why."""


def at_line(line: int, why: Text | ConfigError) -> FileRefused:
    return FileRefused("line {line}: {why}", line=line, why=why)


class Sink(Protocol):
    """What a file is written to."""

    def write(self, data: bytes, /) -> int: ...


@dataclass(frozen=True, slots=True)
class FileList:
    """A list that a file names. `colour`: "#1565c0" or ""."""

    name: str
    colour: str = ""


class FileRow(NamedTuple):
    """One plate. `line`: where it stands; `list_name`: "" when the file names no list; `values`: {field of ListEntry: what stands
    there} of what the file says about it: texts, from a workbook numbers and days too."""

    line: int
    list_name: str
    values: Mapping[str, object]


LONGEST_GENERATION = 700
"""Characters."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """What our own files tell besides the manual's, for cameras that follow (manual 5, Camera list synchronization). `generation`:
    of engine/exchange/generation.py; `zone`: of the times; `columns`: fields that the file tells of each plate, also where nothing
    stands."""

    generation: str = ""
    zone: str = ""
    columns: tuple[str, ...] = ()


NO_STAMP = Stamp()


@dataclass(slots=True)
class Head:
    """What a file says before and beside its rows; filled in while they are read. `lists`: {name: list}, in the file's order."""

    lists: dict[str, FileList] = field(default_factory=dict)
    stamp: Stamp = NO_STAMP
