"""Spreadsheet: rows as a workbook (.xlsx), in which every text stays what it is, and as CSV for programs.

A spreadsheet that opens a CSV file guesses: the plate 12E4 becomes 120000, MAR12 a date, and where a comma is the decimal sign all
columns are one. So people get a workbook: SpreadsheetML (ECMA-376) with one sheet, written row by row; only a few lines of it are
needed here.
"""

from __future__ import annotations

import csv
import io
import itertools
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from typing import IO

from board.kit.cells import safe_cell
from board.kit.web.routes import Answer
from engine.formats.workbook import write_workbook

WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_KEPT_BYTES = 1 << 20
"""Up to this size a file is sent from memory, beyond it from a temporary file."""

_PIECE_CHARACTERS = 1 << 16


def sheet(name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> Answer:
    """A workbook `name` to download, with one sheet. Written row by row, so that its length takes no memory."""
    file: IO[bytes] = tempfile.SpooledTemporaryFile(max_size=_KEPT_BYTES)  # noqa: SIM115  # closed when it was sent
    write_workbook(file, head, rows)
    return _download(name, WORKBOOK, file)


def _download(name: str, kind: str, file: IO[bytes]) -> Answer:
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    headers = (("Content-Disposition", f'attachment; filename="{name}"'), ("Content-Length", str(size)))
    return Answer(file.read() if size <= _KEPT_BYTES else _pieces(file), kind, 200, headers)


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(1 << 16):
            yield piece


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
