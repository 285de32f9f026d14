"""Reading: reads a file of plates in any supported format as entries with their lists."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from engine.exchange.plate_files import csv_file, workbook_file, xml_file
from engine.exchange.plate_files.columns import COLUMNS, Reading
from engine.exchange.plate_files.rows import MOST_BYTES, FileRefused, FileRow, Head
from engine.lists import EARLIEST, LATEST
from engine.store.coming import Refusals
from engine.types import ListEntry

Reader = Callable[[Path, Head], Iterator[FileRow]]

READERS: Mapping[str, Reader] = MappingProxyType({"XML": xml_file.read, "CSV": csv_file.read, "XLSX": workbook_file.read})
"""Format -> its reader."""

_PACKED = ((b"\x1f\x8b", "gzip"), (b"BZh", "bzip2"), (b"\xfd7zXZ", "xz"), (b"7z\xbc\xaf", "7-Zip"), (b"Rar!", "RAR"))


class ReadEntry(NamedTuple):
    """`values`: {field of ListEntry: value} that the file gives for a plate; `given`: their names."""

    line: int
    list_name: str
    values: Mapping[str, Any]
    given: frozenset[str]


def format_of(path: Path) -> str:
    """ "XML", "CSV" or "XLSX", by the first bytes of the file. FileRefused: empty, packed or too long."""
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise FileRefused("the file has {size} MB; at most {most} are taken", size=size >> 20, most=MOST_BYTES >> 20)
    with path.open("rb") as file:
        start = file.read(512)
    if not start.strip():
        raise FileRefused("the file is empty")
    for mark, name in _PACKED:
        if start.startswith(mark):
            raise FileRefused("the file is packed ({name}): unpack it first", name=name)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        raise FileRefused("this is a workbook of the old kind (.xls) or one with a password: save it as .xlsx without one")
    if start.startswith(b"PK"):
        return "XLSX"
    return "XML" if start.replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").startswith(b"<") else "CSV"


def read(path: Path, zone: ZoneInfo, refusals: Refusals, head: Head, name: str = "", order: str = "") -> Iterator[ReadEntry]:
    """The entries of the file; errors in single rows go to `refusals`. `head` is filled before the first entry; `name`: one of
    READERS, "" to detect it; `order`: one of dates.ORDERS. FileRefused: the file as a whole is invalid."""
    found = format_of(path)
    if name and found != name:
        raise FileRefused("this is no {wanted} file, it looks like {found}", wanted=name, found=found)
    rows = READERS[found](path, head)
    reading = Reading(zone, order)
    sets: dict[tuple[str, ...], frozenset[str]] = {}
    for row in rows:
        if head.stamp.zone and reading.zone.key != head.stamp.zone:
            reading = Reading(_zone(head.stamp.zone), order)
        names = tuple(row.values)
        try:
            yield ReadEntry(row.line, row.list_name, _read(row.values, reading, head), sets.setdefault(names, frozenset(names)))
        except ConfigError as why:
            refusals.add(row.line, why.text)


def head_of(path: Path) -> Head:
    """What the file says before its rows; FileRefused as for `read`."""
    head = Head()
    next(READERS[format_of(path)](path, head), None)
    return head


def _read(values: Mapping[str, object], reading: Reading, head: Head) -> dict[str, Any]:
    said: dict[str, Any] = {}
    for name, value in values.items():
        try:
            said[name] = COLUMNS[name].read(value, reading)
        except ConfigError as why:
            raise ConfigError("{column}: {why}", column=head.headings.get(name) or COLUMNS[name].written, why=why) from why
    return said


def entry_of(list_id: int, values: Mapping[str, Any]) -> ListEntry:
    """The plate as an entry of the list; fields that the file does not give have the defaults of a new plate."""
    return ListEntry(**{**_DEFAULTS, "list_id": list_id, **values})


_DEFAULTS: Mapping[str, Any] = {
    "id": 0,
    "list_id": 0,
    "plate": "",
    "description": "",
    "valid_from": EARLIEST,
    "valid_until": LATEST,
}


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as why:
        raise FileRefused("the file's time zone {name!r} is not known here", name=name) from why
