"""Exporting: writes lists of the camera to a file: XML or CSV in the manual's layout, or a workbook."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import replace
from os import SEEK_END
from pathlib import Path
from types import MappingProxyType
from typing import IO
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.exchange.generation import DIGEST_DIGITS, Generation, source_of, sources_of
from engine.exchange.plate_files import csv_file, xml_file
from engine.exchange.plate_files.columns import COLUMNS, FURTHER
from engine.exchange.plate_files.rows import NO_STAMP, Stamp
from engine.formats.event import Device
from engine.formats.workbook import write_workbook
from engine.store import Store
from engine.types import FIXED_ROLES, ListEntry, PlateList

UNLISTED = "unlisted"

SIZES = 64
"""The size of a followed XML file equals its generation's number modulo this. A camera that asks for the size alone thus sees a
new file, even if one plate was replaced by another of the same length within a second."""


@dataclass(frozen=True, slots=True)
class Written:
    """`digest`: the same for the same lists; `entries`: number of entries; `generation`: the file's generation, if it is
    followed."""

    digest: str
    entries: int
    generation: Generation | None = None


def lists_of(store: Store, chosen: PlateList) -> list[PlateList]:
    """The lists that a file of `chosen` contains: the list itself, or every list that holds plates for ALL PLATES. ConfigError
    for NOT IN LIST."""
    if chosen.role == UNLISTED:
        raise ConfigError("{list_name} holds no plates: there is nothing to export or import", list_name=chosen.name)
    return [each for each in store.lists() if each.role not in FIXED_ROLES] if chosen.role in FIXED_ROLES else [chosen]


def write_lists(
    path: Path, store: Store, chosen: PlateList, name: str, device: Device, further: bool = True, followed: bool = False
) -> Written:
    """Writes a file of the list. `name`: one of formats.EXTENSIONS; `further`: also writes the fields that the manual does not
    know, where an entry has them; `followed`: adds everything that cameras of ours need to follow the file (rows.Stamp)."""
    lists = lists_of(store, chosen)
    with ExitStack() as stack:
        entries = stack.enter_context(store.entries.snapshot())
        unknown = _generation(store, lists, device) if followed and further else None
        stamp = _stamp(store, lists, device.zone, further, unknown)
        out = stack.enter_context(path.open("w+b"))
        told = [(each, entries(each.id)) for each in lists]
        hashed = _Hashed(out)
        count = _WRITERS[name](hashed, told, device, stamp, further)
        digest = hashed.digest.hexdigest()[:DIGEST_DIGITS]
        if unknown is None:
            return Written(digest, count)
        generation = replace(unknown, digest=digest, number=store.following.number(f"{chosen.id} {name}", digest))
        _put_generation(out, unknown, generation)
        if name == "XML":
            out.write(b"\n" * ((generation.number - out.seek(0, SEEK_END)) % SIZES))
    return Written(digest, count, generation)


def _generation(store: Store, lists: Sequence[PlateList], device: Device) -> Generation:
    """Number and digest are known once the file is written."""
    every = {each.id for each in store.lists() if each.role in FIXED_ROLES}
    return Generation(0, "0" * DIGEST_DIGITS, source_of(store, device), sources_of(store, {each.id for each in lists} | every))


def _stamp(store: Store, lists: Sequence[PlateList], zone: ZoneInfo, further: bool, generation: Generation | None) -> Stamp:
    if not further:
        return NO_STAMP
    used = store.entries.used(each.id for each in lists) if generation is None else tuple(each.name for each in FURTHER)
    columns = tuple(each.name for each in FURTHER if each.name in used)
    return Stamp("", "", columns) if generation is None else Stamp(generation.text, zone.key, columns)


class _Hashed:
    """A file that hashes its content while it is written."""

    def __init__(self, file: IO[bytes]) -> None:
        self.digest = hashlib.sha256()
        self.file = file

    def write(self, data: bytes) -> int:
        self.digest.update(data)
        return self.file.write(data)


def _put_generation(out: IO[bytes], unknown: Generation, known: Generation) -> None:
    out.seek(0)
    at = out.read(4096).find(unknown.text.encode())
    if at >= 0:  # a workbook is compressed and does not carry it
        out.seek(at)
        out.write(known.text.encode())


# --- the formats ------------------------------------------------------------------------------------------------------

Told = Sequence[tuple[PlateList, Iterator[ListEntry]]]


def _xml(out: _Hashed, lists: Told, device: Device, stamp: Stamp, further: bool) -> int:
    return xml_file.write(out, lists, device.zone, stamp, further, device.columns)


def _csv(out: _Hashed, lists: Told, device: Device, stamp: Stamp, further: bool) -> int:
    return csv_file.write(out, lists, device.zone, stamp)


def _xlsx(out: _Hashed, lists: Told, device: Device, stamp: Stamp, further: bool) -> int:
    columns = [each for each in COLUMNS.values() if each.manual or each.name in stamp.columns]
    count = 0

    def rows() -> Iterator[list[str]]:
        nonlocal count
        for each, entries in lists:
            for entry in entries:
                count += 1
                row = [each.name, *(one.write(getattr(entry, one.name), device.zone) for one in columns)]
                out.digest.update(repr(row).encode())  # hashes the rows only: the file itself holds the time at which it was made
                yield row

    write_workbook(out.file, ["list", *(each.name for each in columns)], rows())
    return count


_WRITERS: Mapping[str, Callable[[_Hashed, Told, Device, Stamp, bool], int]] = MappingProxyType({
    "XML": _xml, "CSV": _csv, "XLSX": _xlsx,
})  # fmt: skip
