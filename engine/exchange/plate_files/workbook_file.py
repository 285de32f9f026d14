"""Workbook file: the cells of the first sheet of an .xlsx file (ECMA-376), read as a stream within bounds."""

from __future__ import annotations

import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any
from xml.parsers import expat

from board.kit.words import Text
from engine.exchange.plate_files.dates import SheetDay, day_number
from engine.exchange.plate_files.rows import MOST_BYTES, FileRefused, FileRow, Head
from engine.exchange.plate_files.table import Cells, rows_of

MOST_UNPACKED = 4 * MOST_BYTES
"""Bytes of all parts that are read, together."""
MOST_PARTS = 2_000
MOST_TEXTS = 32 << 20
"""Characters of the shared strings."""
MOST_COLUMNS = 256
MOST_CELL = 32_767

_PIECE = 1 << 16
_DAYS = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
"""Ids of the built-in formats that show a number as a date or a time (ECMA-376 part 1, 18.8.30)."""


def read(path: Path, head: Head) -> Iterator[FileRow]:
    """The rows of the first sheet; `head` is filled before the first. FileRefused: not a workbook, damaged, or a decompression
    bomb."""
    return rows_of(_cells(path), head)


def _cells(path: Path) -> Iterator[Cells]:
    try:
        with closing(zipfile.ZipFile(path)) as archive:
            if len(archive.infolist()) > MOST_PARTS:
                raise FileRefused("the workbook has too many parts")
            yield from _Workbook(archive).rows()
    except (zipfile.BadZipFile, zipfile.LargeZipFile, EOFError, RuntimeError, ValueError, OSError, zlib.error) as why:
        if isinstance(why, FileRefused):
            raise
        raise FileRefused("the workbook is damaged, packed in another way or protected by a password") from why


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MOST_UNPACKED
        self._texts: list[str] = []
        self._since_1904 = False
        self._first = ""
        self._days: list[bool] = []

    def rows(self) -> Iterator[Cells]:
        names = set(self._archive.namelist())
        if "xl/workbook.xml" not in names:
            raise FileRefused("this is a packed file, but no workbook (.xlsx): unpack it first")
        self._read("xl/workbook.xml", self._workbook_part)
        sheet = self._sheet(names)
        if "xl/sharedStrings.xml" in names:
            self._read_texts()
        if "xl/styles.xml" in names:
            self._read_styles()
        return _Sheet(self._texts, self._days, self._since_1904).rows(self._pieces(sheet))

    def _workbook_part(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "workbookPr":
            self._since_1904 = attributes.get("date1904", "0") in ("1", "true")
        if name == "sheet" and not self._first:
            self._first = next(
                (value for key, value in attributes.items() if key.endswith("id") and ":" in key), ""
            ) or attributes.get("id", "")

    def _sheet(self, names: set[str]) -> str:
        targets: dict[str, str] = {}

        def relation(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        if "xl/_rels/workbook.xml.rels" in names:
            self._read("xl/_rels/workbook.xml.rels", relation)
        target = targets.get(self._first, "worksheets/sheet1.xml")
        found = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if found not in names:
            raise FileRefused("the workbook has no sheet")
        return found

    def _read_texts(self) -> None:
        state = {"inside": 0, "phonetic": 0, "length": 0}
        parts: list[str] = []

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "si":
                parts.clear()
            state["inside"] += name == "t"
            state["phonetic"] += name == "rPh"

        def end(name: str) -> None:
            if name == "si":
                self._texts.append(_unescaped("".join(parts)[:MOST_CELL]))
            state["inside"] -= name == "t"
            state["phonetic"] -= name == "rPh"

        def said(text: str) -> None:
            if state["inside"] and not state["phonetic"]:
                state["length"] += len(text)
                if state["length"] > MOST_TEXTS:
                    raise FileRefused("the workbook holds too much text")
                parts.append(text)

        self._read("xl/sharedStrings.xml", start, end, said)

    def _read_styles(self) -> None:
        formats: dict[int, bool] = {}
        state = {"cells": 0}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "numFmt":
                formats[_int(attributes.get("numFmtId"))] = _shows_day(attributes.get("formatCode", ""))
            state["cells"] += name == "cellXfs"
            if name == "xf" and state["cells"]:
                number = _int(attributes.get("numFmtId"))
                self._days.append(formats.get(number, number in _DAYS))

        def end(name: str) -> None:
            state["cells"] -= name == "cellXfs"

        self._read("xl/styles.xml", start, end)

    def _read(
        self,
        part: str,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] | None = None,
        said: Callable[[str], None] | None = None,
    ) -> None:
        parser = strict_parser(start, end, said)
        for piece in self._pieces(part):
            _feed(parser, piece)
        _feed(parser, b"", True)

    def _pieces(self, part: str) -> Iterator[bytes]:
        with self._archive.open(part) as file:
            while piece := file.read(_PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise FileRefused("the workbook unpacks to more than {most} MB", most=MOST_UNPACKED >> 20)
                yield piece


class _Sheet:
    """Yields the rows that each piece completes."""

    def __init__(self, texts: list[str], days: list[bool], since_1904: bool) -> None:
        self._texts = texts
        self._days = days
        self._since_1904 = since_1904
        self._rows: list[Cells] = []
        self._row: list[object] = []
        self._line = 0
        self._column = 0
        self._kind, self._is_day = "", False
        self._said: list[str] = []
        self._inside = False
        self._phonetic = False

    def rows(self, pieces: Iterator[bytes]) -> Iterator[Cells]:
        parser = strict_parser(self._start, self._end, self._text)
        for piece in pieces:
            _feed(parser, piece)
            yield from self._rows
            self._rows = []
        _feed(parser, b"", True)
        yield from self._rows

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._column = _column_of(attributes.get("r", ""), self._column + 1)
            self._kind = attributes.get("t", "n")
            style = _int(attributes.get("s"))
            self._is_day = style < len(self._days) and self._days[style]
            self._said.clear()
        elif name in ("v", "t"):
            self._inside = True
        elif name == "rPh":
            self._phonetic = True
        elif name == "row":
            self._line = _int(attributes.get("r")) or self._line + 1
            self._row, self._column = [], 0

    def _text(self, text: str) -> None:
        if self._inside and not self._phonetic:
            self._said.append(text)

    def _end(self, name: str) -> None:
        if name in ("v", "t"):
            self._inside = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "c":
            if self._said and len(self._row) < MOST_COLUMNS:
                self._row += [""] * (self._column - 1 - len(self._row))
                self._row.append(self._value("".join(self._said)[:MOST_CELL]))
        elif name == "row" and self._row:
            self._rows.append((self._line, self._row))

    def _value(self, text: str) -> object:
        if self._kind == "s":
            number = _int(text)
            return self._texts[number] if number < len(self._texts) else ""
        if self._kind == "n":
            return self._number(text)
        if self._kind == "d":
            return SheetDay(text)
        if self._kind == "b":
            return "1" if text == "1" else "0"
        return _unescaped(text)

    def _number(self, text: str) -> object:
        try:
            number = float(text)
        except ValueError:
            return text
        if self._is_day and 0 < number < 2_958_466:  # the last day of 9999
            return SheetDay(day_number(number, self._since_1904))
        return int(number) if number.is_integer() and abs(number) < 1e15 else number


def strict_parser(
    start: Callable[[str, Mapping[str, str]], None],
    end: Callable[[str], None] | None = None,
    said: Callable[[str], None] | None = None,
) -> Any:
    """A parser that refuses a DTD; names come without their namespace."""
    parser = expat.ParserCreate(namespace_separator=" ")

    def refuse(*_: object) -> None:
        raise FileRefused("the workbook has a document type definition (DOCTYPE) in it, which is not taken")

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: start(
        name.rpartition(" ")[2], {(f":{key.rpartition(' ')[2]}" if " " in key else key): value for key, value in attributes.items()}
    )
    if end is not None:
        parser.EndElementHandler = lambda name: end(name.rpartition(" ")[2])
    if said is not None:
        parser.CharacterDataHandler = said
    parser.buffer_text = True
    return parser


def _feed(parser: Any, piece: bytes, last: bool = False) -> None:
    try:
        parser.Parse(piece, last)
    except expat.ExpatError as why:
        raise FileRefused("the workbook is damaged: {reason}", reason=Text(expat.ErrorString(why.code))) from why
    except LookupError as why:  # the part names an encoding that Python lacks
        raise FileRefused("its character set is not known: save it as UTF-8") from why


def _column_of(reference: str, following: int) -> int:
    """1 for "A7", 28 for "AB7"; `following` if it is not a reference."""
    letters = reference.rstrip("0123456789")
    number = 0
    for letter in letters[:3].upper():
        number = number * 26 + ord(letter) - 64
    return min(number, MOST_COLUMNS) if letters.isascii() and letters.isalpha() else min(following, MOST_COLUMNS)


def _int(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _shows_day(code: str) -> bool:
    """Whether a custom format shows dates: d, m, y, h or s outside quotes and brackets and not after a backslash."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.', "", code.split(";")[0])
    return bool(re.search("[dmyhs]", bare, re.IGNORECASE)) and bare.lower() != "general"


def _unescaped(text: str) -> str:
    """Decodes _x000D_ and the like, SpreadsheetML's escapes for control characters."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
