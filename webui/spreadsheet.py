"""Spreadsheet: rows as a workbook (.xlsx), in which every text stays what it is, and as CSV for programs.

A spreadsheet that opens a CSV file guesses: the plate 12E4 becomes 120000, MAR12 a date, and where a comma is the decimal sign all
columns are one. So people get a workbook: SpreadsheetML (ECMA-376) with one sheet, written row by row; only a few lines of it are
needed here.
"""

from __future__ import annotations

import csv
import io
import itertools
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from board.kit.cells import safe_cell
from board.kit.web.routes import Answer
from engine.formats.workbook import workbook

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_PIECE_CHARACTERS = 1 << 16


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    """A workbook `name` to download; sent as it is made, so that its length takes neither memory nor patience."""
    return Answer(workbook(head, rows), WORKBOOK, 200, (("Content-Disposition", f'attachment; filename="{name}"'),))


def attachment(name: str, instead: str = "-") -> str:
    """A Content-Disposition (RFC 6266) for a file of that name; what could lead out of a folder or a header is `instead`."""
    safe = "".join(each if each.isalnum() or each in "-_." else instead for each in name).lstrip(".")[:120] or "file"
    plain = safe.encode("ascii", "replace").decode().replace("?", instead)
    return f'attachment; filename="{plain}"' + ("" if safe.isascii() else f"; filename*=UTF-8''{quote(safe)}")


def comma_separated(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    """A CSV file `name` to download (RFC 4180), in UTF-8 with byte order mark; sent as it is made."""
    headers = (("Content-Disposition", f'attachment; filename="{name}"'),)
    return Answer(_lines(head, rows), "text/csv; charset=utf-8", 200, headers)


def _lines(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[bytes]:
    out = io.StringIO("\ufeff")
    out.seek(0, io.SEEK_END)
    writer = csv.writer(out)
    for row in itertools.chain([head], rows):
        writer.writerow([safe_cell(value) for value in row])
        if out.tell() > _PIECE_CHARACTERS:
            yield out.getvalue().encode("utf-8", "replace")
            out.seek(0)
            out.truncate()
    yield out.getvalue().encode("utf-8", "replace")
