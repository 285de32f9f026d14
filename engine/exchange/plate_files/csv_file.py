"""CSV file: reads the cells of a text file with any separator and any character set; writes the manual's own."""

from __future__ import annotations

import codecs
import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO
from zoneinfo import ZoneInfo

from board.kit.cells import read_cell, safe_cell
from board.kit.words import Text
from engine.exchange.plate_files.columns import FURTHER, MANUAL
from engine.exchange.plate_files.rows import NO_STAMP, FileRefused, FileRow, Head, Sink, Stamp, at_line
from engine.exchange.plate_files.table import CUT_OFF, ENTRY_BLOCK, LIST_BLOCK, Cells, rows_of
from engine.formats.event import clean
from engine.types import ListEntry, PlateList

SEPARATORS = ";,\t"

MOST_LINE = 100_000
"""Characters."""

_PIECE = 1 << 16
_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1f\x7f]")
_WESTERN_PLATE = re.compile("[\x20-\x7eÄÖÜäöüßÅåØøŠšŽž·]*")
"""The characters on plates of the countries that use Latin-1. In a file without a declared character set, anything else more
likely means another character set, in which somebody else's plate would be listed."""
_OTHER_HEADING = re.compile("[\x80-\uffff]{3}|[\xa1-\xbf](?<![§°²·º])")
"""What a heading in another character set looks like in such a file ("wa¿ny do", "µ½ÆÚ"): it may be the end that plates are
valid to, and nobody knows it."""


def read(path: Path, head: Head) -> Iterator[FileRow]:
    """The rows of the file; `head` is filled before the first. FileRefused: it is not a table of plates."""
    encoding = encoding_of(path)
    rows = rows_of(_cells(path, encoding), head, is_text=True)
    return _certain(rows, head) if encoding == "cp1252" else rows


def _certain(rows: Iterator[FileRow], head: Head) -> Iterator[FileRow]:
    headings: list[str] | None = None
    for row in rows:
        if headings is None:
            headings = [each for each in head.unread if _OTHER_HEADING.search(each)]
        plate = str(row.values.get("plate", ""))
        for text in headings if _WESTERN_PLATE.fullmatch(plate) else (plate,):
            said = {"text": text[:40]}
            raise at_line(row.line, Text("{text!r}: the file's character set is not certain; save it as UTF-8", said))
        yield row


def _cells(path: Path, encoding: str) -> Iterator[Cells]:
    with path.open(encoding=encoding, newline="") as file:
        try:
            line = _first_line(file)
            lines = _Lines(file)
            reader = csv.reader(lines, delimiter=_separator(line), strict=True)
            before = reader.line_num
            columns = 0
            for row in reader:
                if before == 0 and len(row) <= 2 and row and row[0].lower().startswith("sep="):
                    before = reader.line_num
                    continue
                if row == ["\x1a"]:  # the end of a file, as DOS wrote it
                    break
                if not columns or "".join(row[:1]).strip().lower() == ENTRY_BLOCK:
                    columns = len(row)
                if len(row) < columns and not lines.ended and any(each.strip() for each in row):
                    raise at_line(before + 1, Text(CUT_OFF, {"found": len(row), "count": columns}))
                yield before + 1, [read_cell(each) for each in row]
                before = reader.line_num
        except UnicodeDecodeError as why:
            raise FileRefused("its character set is not certain, or it is no text: save it as UTF-8") from why
        except csv.Error as why:
            raise at_line(reader.line_num, Text("not CSV: {reason}", {"reason": Text(str(why))})) from why


class _Lines:
    """The lines of the file. `ended`: the last one that was given has its end. One without is the last of the file, and where it
    is short too, the file was cut off there: what is missing may be the end that the plate is valid to."""

    def __init__(self, file: IO[str]) -> None:
        self._file = file
        self.ended = True

    def __iter__(self) -> Iterator[str]:
        for line in iter(lambda: self._file.readline(MOST_LINE + 1), ""):
            if len(line) > MOST_LINE:
                raise FileRefused("a line has more than {most} characters: this is no table of plates", most=MOST_LINE)
            self.ended = line.endswith(("\n", "\r"))
            yield line


def _first_line(file: IO[str]) -> str:
    """The first non-empty line; the file is rewound to its beginning."""
    found = ""
    for line in iter(lambda: file.readline(_PIECE), ""):
        found = line
        if line.strip():
            break
    if _CONTROLS.search(found):
        raise FileRefused("this is no text: choose an XML or CSV file, or a workbook (.xlsx)")
    file.seek(0)
    return found


def _separator(line: str) -> str:
    said = re.match(r"sep=([^\"\r\n])", line, re.IGNORECASE)  # what csv takes for a separator
    if said:
        return said[1]
    bare = re.sub(r'"[^"]*"', "", line)
    return max(SEPARATORS, key=bare.count)


def encoding_of(path: Path) -> str:
    """The encoding by the byte order mark, else UTF-8 if the whole file is valid, UTF-16 if every other byte of its beginning
    is 0, else Windows-1252, a superset of Latin-1."""
    with path.open("rb") as file:
        start = file.read(_PIECE)
        marked = next((name for mark, name in _BOMS if start.startswith(mark)), "")
        if marked:
            return marked
        for at, name in ((1, "utf-16-le"), (0, "utf-16-be")):
            if len(start) > 3 and start[at : 200 + at : 2].count(0) > 0.8 * len(start[at : 200 + at : 2]):
                return name
        decoder = codecs.getincrementaldecoder("utf-8")()
        try:
            decoder.decode(start)
            while piece := file.read(_PIECE):
                decoder.decode(piece)
            decoder.decode(b"", True)
        except UnicodeDecodeError:
            return "cp1252"
    return "utf-8"


# --- writing ----------------------------------------------------------------------------------------------------------


def write(
    out: Sink,
    lists: Sequence[tuple[PlateList, Iterable[ListEntry]]],
    zone: ZoneInfo,
    stamp: Stamp = NO_STAMP,
) -> int:
    """Writes the lists with their entries in the manual's two blocks; returns the number of entries. Fields of `stamp.columns`
    become columns after the manual's own; its generation and zone are cells of the first list."""
    writer = csv.writer(Encoded(out), delimiter=";", lineterminator="\n")
    followed = (stamp.generation, stamp.zone) if stamp.generation else ()
    writer.writerow((LIST_BLOCK, "description", "color", *(("generation", "zone") if followed else ())))
    for number, (each, _) in enumerate(lists):
        writer.writerow((each.id, safe_cell(clean(each.name)), each.colour, *(followed if number == 0 else [""] * len(followed))))
    further = tuple(each for each in FURTHER if each.name in stamp.columns)
    writer.writerow(
        (ENTRY_BLOCK, "numberplate", "listid", "timestamp", "description", "startvaliditydate", "endvaliditydate",
         *(each.written for each in further))
    )  # fmt: skip
    count = 0
    for each, entries in lists:
        for entry in entries:
            count += 1
            plate, *others = (safe_cell(clean(one.write(getattr(entry, one.name), zone))) for one in MANUAL)
            more = (safe_cell(clean(one.write(getattr(entry, one.name), zone))) for one in further)
            writer.writerow((count, plate, each.id, "", *others, *more))
    return count


class Encoded:
    """A binary file as csv.writer needs it."""

    def __init__(self, out: Sink) -> None:
        self._out = out

    def write(self, text: str) -> int:
        return self._out.write(text.encode("utf-8", "replace"))
