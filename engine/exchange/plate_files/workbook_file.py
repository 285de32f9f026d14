"""Workbook file: the cells of the first sheet that is shown of an .xlsx file (ECMA-376), read as a stream within bounds."""

from __future__ import annotations

import posixpath
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping, Sized
from contextlib import closing
from pathlib import Path
from typing import NamedTuple
from xml.parsers import expat

from board.kit.words import Text, mark
from engine.exchange.plate_files.dates import SheetDay, SheetPower, Unknown, day_number
from engine.exchange.plate_files.rows import MOST_BYTES, FileRefused, FileRow, Head
from engine.exchange.plate_files.table import Cells, rows_of

MOST_UNPACKED = 4 * MOST_BYTES
"""Bytes of all parts that are read, together."""
MOST_PARTS = 2_000
MOST_TEXTS = 32 << 20
"""Characters of the shared strings."""
MOST_COLUMNS = 256
MOST_TEXT_COUNT = 4 << 20
MOST_TOLD = 65_536
"""Of sheets, relations, styles and merged cells each: more than Excel takes, and few enough to be kept in memory."""
MOST_CELL = 32_767
MOST_NAME = 255
"""Characters of a format, of a relation and of the part that it leads to."""
MOST_DEEP = 64
MOST_UNFINISHED = 1 << 20
"""Bytes of one tag or comment."""

_PIECE = 1 << 16
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_DAYS = frozenset((*range(14, 23), *range(27, 37), 45, 46, 47, *range(50, 59)))
"""Ids of the built-in formats that show a number as a date or a time (ECMA-376 part 1, 18.8.30)."""
_TIMES = frozenset((*range(18, 23), 32, 33, 45, 46, 47))
"""Those of them that show the time of the day, in every language."""
_POWERS = frozenset((11, 48))
"""Those that show it with a power of ten."""
_DAMAGED = mark("the workbook is damaged, packed in another way or protected by a password")


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
        raise FileRefused(_DAMAGED) from why


class _Shown(NamedTuple):
    """How a cell's format shows a number: as a day, with a power of ten, with at least so many digits; as a day with its time."""

    day: bool = False
    power: bool = False
    digits: int = 0
    time: bool = False


class _Merged(NamedTuple):
    """Cells of one column that are shown as one; the first of them has the value."""

    first: int
    last: int
    column: int


class _Workbook:
    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._left = MOST_UNPACKED
        self._texts: list[str] = []
        self._since_1904 = False
        self._sheets: list[tuple[str, bool]] = []
        """(relation, whether it is shown) of each sheet."""
        self._shown: list[_Shown] = []
        self._names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        """Part -> its name in the archive: parts are the same in capitals (ECMA-376 part 2), and some programs write \\ for /."""

    def rows(self) -> Iterator[Cells]:
        book = self._related(self._relations(""), "officedocument", "xl/workbook.xml")
        if not book:
            raise FileRefused("this is a packed file, but no workbook (.xlsx): unpack it first")
        self._read(book, self._workbook_part)
        relations = self._relations(book)
        sheet = self._sheet(relations)
        if texts := self._related(relations, "sharedstrings", "xl/sharedstrings.xml"):
            self._read_texts(texts)
        if styles := self._related(relations, "styles", "xl/styles.xml"):
            self._read_styles(styles)
        merged = self._merged(sheet)
        return _Sheet(self._texts, self._shown, self._since_1904, merged).rows(self._pieces(sheet))

    def _workbook_part(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "workbookPr":
            self._since_1904 = attributes.get("date1904", "0") in ("1", "true")
        if name == "sheet":
            relation = next((value for key, value in attributes.items() if key.endswith("id") and ":" in key), "")
            relation = (relation or attributes.get("id", ""))[:MOST_NAME]
            self._sheets.append((relation, attributes.get("state", "visible") == "visible"))
            _bound(self._sheets)

    def _relations(self, part: str) -> dict[str, tuple[str, str]]:
        """{id: (kind, part)} of what `part` refers to; "" is the archive itself."""
        folder, _, name = part.rpartition("/")
        targets: dict[str, tuple[str, str]] = {}

        def relation(name: str, attributes: Mapping[str, str]) -> None:
            if name == "Relationship":
                to = attributes.get("Target", "")[:MOST_NAME].replace("\\", "/")
                target = posixpath.normpath(posixpath.join("/", folder, to)).lstrip("/").lower()
                kind = attributes.get("Type", "").rpartition("/")[2].lower()[:MOST_NAME]
                targets[attributes.get("Id", "")[:MOST_NAME]] = (kind, target)
                _bound(targets)

        relations = f"{folder}/_rels/{name}.rels".lstrip("/")
        if relations in self._names:
            self._read(relations, relation)
        return targets

    def _related(self, relations: Mapping[str, tuple[str, str]], kind: str, usual: str) -> str:
        """The first part of this kind, else the one with the usual name; "" if there is none."""
        told = [target for its, target in relations.values() if its == kind]
        return next((each for each in (*told, usual) if each in self._names), "")

    def _sheet(self, relations: Mapping[str, tuple[str, str]]) -> str:
        """The first sheet that is shown and has cells (a sheet may be a chart)."""
        sheets = [
            (relations.get(each, ("", "xl/worksheets/sheet1.xml")), shown)
            for each, shown in self._sheets or [("", True)]
        ]  # fmt: skip
        found = [(target, shown) for (kind, target), shown in sheets if kind in ("", "worksheet") and target in self._names]
        if not found:
            raise FileRefused("the workbook has no sheet")
        return next((target for target, shown in found if shown), found[0][0])

    def _merged(self, sheet: str) -> list[_Merged]:
        """Cells that are merged downwards, by their first line. The sheet names them after its rows."""
        found: list[_Merged] = []

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name != "mergeCell":
                return
            first, _, last = attributes.get("ref", "").partition(":")
            above, below = (_int(each.lstrip(_LETTERS)) for each in (first, last))
            if below > above:
                found.append(_Merged(above, below, _column_of(first, 1)))
                _bound(found)

        left = self._left
        if self._holds(sheet, "mergeCell"):
            self._left = left
            self._read(sheet, start)
        self._left = left  # the same part is read once more
        return sorted(found)

    def _read_texts(self, part: str) -> None:
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
                if len(self._texts) > MOST_TEXT_COUNT:
                    raise FileRefused("the workbook holds too much text")
            state["inside"] -= name == "t"
            state["phonetic"] -= name == "rPh"

        def said(text: str) -> None:
            if state["inside"] and not state["phonetic"]:
                state["length"] += len(text)
                if state["length"] > MOST_TEXTS:
                    raise FileRefused("the workbook holds too much text")
                parts.append(text)

        self._read(part, start, end, said)

    def _read_styles(self, part: str) -> None:
        formats: dict[int, _Shown] = {}
        state = {"cells": 0}

        def start(name: str, attributes: Mapping[str, str]) -> None:
            if name == "numFmt":
                formats[_int(attributes.get("numFmtId"))] = _shown_by(attributes.get("formatCode", "")[:MOST_NAME])
                _bound(formats)
            state["cells"] += name == "cellXfs"
            if name == "xf" and state["cells"]:
                number = _int(attributes.get("numFmtId"))
                self._shown.append(formats.get(number) or _Shown(number in _DAYS, number in _POWERS, 0, number in _TIMES))
                _bound(self._shown)

        def end(name: str) -> None:
            state["cells"] -= name == "cellXfs"

        self._read(part, start, end)

    def _read(
        self,
        part: str,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] | None = None,
        said: Callable[[str], None] | None = None,
    ) -> None:
        parser = _Parser(start, end, said)
        for piece in self._pieces(part):
            parser.feed(piece)
        parser.feed(b"", True)

    def _holds(self, part: str, text: str) -> bool:
        """Whether the text may be in it, which takes a tenth of the time that it takes to parse it."""
        wanted, before = (text.encode(), text.encode("utf-16-le")), b""  # what holds the last as utf-16-be holds it as -le, too
        for piece in self._pieces(part):
            if any(each in before + piece for each in wanted):
                return True
            before = piece[-2 * len(text) :]
        return False

    def _pieces(self, part: str) -> Iterator[bytes]:
        with self._archive.open(self._names[part]) as file:
            while piece := file.read(_PIECE):
                self._left -= len(piece)
                if self._left < 0:
                    raise FileRefused("the workbook unpacks to more than {most} MB", most=MOST_UNPACKED >> 20)
                yield piece


class _Sheet:
    """Yields the rows that each piece completes."""

    def __init__(self, texts: list[str], shown: list[_Shown], since_1904: bool, merged: list[_Merged]) -> None:
        self._texts = texts
        self._formats = shown
        self._since_1904 = since_1904
        self._merged = merged[::-1]
        """Those that are to come, the next one last."""
        self._spans: dict[int, tuple[int, object]] = {}
        """Column -> (last line, value) of the merged cells that the row goes through."""
        self._headed = False
        self._rows: list[Cells] = []
        self._row: list[object] = []
        self._line = 0
        self._column = 0
        self._kind, self._shown = "", _Shown()
        self._formula: list[str] | None = None
        self._in_formula = False
        self._said: list[str] = []
        self._length = 0
        """Characters of the cell so far."""
        self._inside = False
        self._phonetic = False

    def rows(self, pieces: Iterator[bytes]) -> Iterator[Cells]:
        parser = _Parser(self._start, self._end, self._text)
        for piece in pieces:
            parser.feed(piece)
            yield from self._rows
            self._rows = []
        parser.feed(b"", True)
        yield from self._rows

    def _start(self, name: str, attributes: Mapping[str, str]) -> None:
        if name == "c":
            self._column = _column_of(attributes.get("r", ""), self._column + 1)
            self._kind = attributes.get("t", "n")
            style = _int(attributes.get("s"))
            self._shown = self._formats[style] if style < len(self._formats) else _Shown()
            self._said.clear()
            self._formula, self._length = None, 0
        elif name == "f":
            self._formula, self._in_formula = [], True
        elif name in ("v", "t"):
            self._inside = True
        elif name == "rPh":
            self._phonetic = True
        elif name == "row":
            self._line = _int(attributes.get("r")) or self._line + 1
            self._row, self._column = [], 0

    def _text(self, text: str) -> None:
        """Of a cell what fits into one: the rest of a longer text would only take memory."""
        if self._length >= MOST_CELL:
            return
        if self._inside and not self._phonetic:
            self._said.append(text)
            self._length += len(text)
        elif self._in_formula and self._formula is not None:
            self._formula.append(text)
            self._length += len(text)

    def _end(self, name: str) -> None:
        if name in ("v", "t"):
            self._inside = False
        elif name == "rPh":
            self._phonetic = False
        elif name == "f":
            self._in_formula, self._length = False, 0  # the value comes behind it
        elif name == "c":
            if self._formula is not None and not self._said and self._kind != "str":
                self._kind, self._said = "e", ["=", *self._formula]  # a program wrote it that does not calculate
            if self._said and len(self._row) < MOST_COLUMNS:
                self._row += [""] * (self._column - 1 - len(self._row))
                self._row.append(self._value("".join(self._said)[:MOST_CELL]))
        elif name == "row" and self._row:
            if self._headed:
                self._fill()
            else:
                self._merged = [each for each in self._merged if each.first > self._line]
            self._headed = True
            self._rows.append((self._line, self._row))

    def _fill(self) -> None:
        """Merged cells: what is shown beside each of their rows counts for each of them."""
        while self._merged and self._merged[-1].first <= self._line:
            each = self._merged.pop()
            if each.first == self._line and each.column <= len(self._row):
                self._spans[each.column] = (each.last, self._row[each.column - 1])
        for column, (last, value) in list(self._spans.items()):
            if self._line > last:
                del self._spans[column]
                continue
            self._row += [""] * (column - len(self._row))
            if self._row[column - 1] == "":
                self._row[column - 1] = value

    def _value(self, text: str) -> object:
        if self._kind == "s":
            number = _int(text)
            if number >= len(self._texts):
                raise FileRefused(_DAMAGED)
            return self._texts[number]
        if self._kind == "n":
            return self._number(text)
        if self._kind == "d":
            return SheetDay(text)
        if self._kind == "b":
            return "1" if text == "1" else "0"
        return Unknown(text) if self._kind == "e" else _unescaped(text)

    def _number(self, text: str) -> object:
        try:
            number = float(text)
        except ValueError:
            return text
        if self._shown.day and 0 < number < 2_958_466:  # the last day of 9999
            text = day_number(number, self._since_1904)
            midnight = self._shown.time and "T" not in text  # that is what is shown, and not the day as a whole
            return SheetDay(f"{text}T00:00:00" if midnight else text)
        if not number.is_integer() or abs(number) >= 1e15:
            return number
        if self._shown.power:
            return SheetPower(number)
        return f"{int(number):0{self._shown.digits}}" if self._shown.digits else int(number)


class _Parser:
    """Refuses a DTD, and what no program writes: elements within elements without end, each of which takes memory, and one without
    an end, which is looked through again with each piece. Names come without their namespace."""

    def __init__(
        self,
        start: Callable[[str, Mapping[str, str]], None],
        end: Callable[[str], None] | None,
        said: Callable[[str], None] | None,
    ) -> None:
        self._start = start
        self._end = end or _nothing
        self._depth = 0
        self._fed = 0
        self._parser = parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartDoctypeDeclHandler = self._refuse_dtd
        parser.StartElementHandler = self._started
        parser.EndElementHandler = self._ended
        if said is not None:
            parser.CharacterDataHandler = said
        parser.buffer_text = True

    def feed(self, piece: bytes, last: bool = False) -> None:
        self._fed += len(piece)
        try:
            self._parser.Parse(piece, last)
        except expat.ExpatError as why:
            raise FileRefused("the workbook is damaged: {reason}", reason=Text(expat.ErrorString(why.code))) from why
        except LookupError as why:  # the part names an encoding that Python lacks
            raise FileRefused("its character set is not known: save it as UTF-8") from why
        if self._fed - self._parser.CurrentByteIndex > MOST_UNFINISHED + _PIECE:
            raise FileRefused(_DAMAGED)

    def _refuse_dtd(self, *_: object) -> None:
        raise FileRefused("the workbook has a document type definition (DOCTYPE) in it, which is not taken")

    def _started(self, name: str, attributes: Mapping[str, str]) -> None:
        self._depth += 1
        if self._depth > MOST_DEEP:
            raise FileRefused(_DAMAGED)
        bare = {(f":{key.rpartition(' ')[2]}" if " " in key else key): value for key, value in attributes.items()}
        self._start(name.rpartition(" ")[2], bare)

    def _ended(self, name: str) -> None:
        self._depth -= 1
        self._end(name.rpartition(" ")[2])


def _nothing(name: str) -> None: ...


def _bound(told: Sized) -> None:
    if len(told) > MOST_TOLD:
        raise FileRefused("the workbook has too many parts")


def _column_of(reference: str, following: int) -> int:
    """1 for "A7", 28 for "AB7"; `following` if it is not a reference."""
    letters = reference.rstrip("0123456789")
    number = 0
    for letter in letters[:3].upper():
        number = number * 26 + ord(letter) - 64
    return min(number, MOST_COLUMNS) if letters.isascii() and letters.isalpha() else min(following, MOST_COLUMNS)


def _int(text: str | None) -> int:
    return int(text) if text and text.isdecimal() and len(text) < 10 else 0


def _shown_by(code: str) -> _Shown:
    """What a custom format shows: dates have d, m, y, h or s outside quotes and brackets and not after a backslash."""
    bare = re.sub(r'"[^"]*"|\[[^\]]*\]|\\.|_.|\*.', "", code.split(";")[0])
    is_day = bool(re.search("[dmyhs]", bare, re.IGNORECASE)) and bare.lower() != "general"
    power = bool(re.search("[0#]E[+-]", bare, re.IGNORECASE))
    digits = len(bare) if bare and not bare.strip("0") else 0
    return _Shown(is_day, power, digits, is_day and bool(re.search("[hs]", bare, re.IGNORECASE)))


def _unescaped(text: str) -> str:
    """Decodes _x000D_ and the like, SpreadsheetML's escapes for control characters."""
    return re.sub(r"_x([0-9A-Fa-f]{4})_", lambda found: chr(int(found[1], 16)), text) if "_x" in text else text
