"""Workbook: rows as an .xlsx file (SpreadsheetML, ECMA-376), in which every text stays what it is; a cell may hold a picture."""

from __future__ import annotations

import itertools
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from html import escape
from typing import IO

from engine.formats.characters import NOT_XML
from engine.formats.sheet_pictures import HEAD, MOST_PICTURES, OFFICE, RELATIONS, ROW_POINTS, Picture, Placed, drawn
from engine.formats.stream import Pipe

LONGEST_CELL = 32_767
"""Characters; a workbook holds no more."""
_ESCAPE = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
"""What a reader would take for an escaped character (ECMA-376 part 1, 22.9.2.19)."""
_TEXT, _BOLD, _DATE = 1, 2, 3
"""Styles of the file below: text that stays text when somebody edits it, a heading, and date with time."""
_DAY_0 = datetime(1899, 12, 30)
"""From where spreadsheets count days."""
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
MOST_ROWS = 1_048_575
"""Below the headings of one sheet; what is more goes on in the next."""
_STYLES = (
    f'<styleSheet xmlns="{_MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd\\ hh:mm:ss"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs><cellXfs count="4">'
    '<xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="0" fontId="1" fillId="0" borderId="0" xfId="0" applyFont="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/></cellXfs></styleSheet>'
)


def write_workbook(file: IO[bytes], head: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Writes the workbook; its length takes no memory."""
    for piece in workbook(head, rows):
        file.write(piece)


def workbook(head: Sequence[str], rows: Iterable[Sequence[object]], most_rows: int = MOST_ROWS) -> Iterator[bytes]:
    """The workbook piece by piece, as its rows come. A number is a number, a datetime a date, a Picture is shown (the first
    MOST_PICTURES of the workbook), all else text."""
    pipe, left = Pipe(), iter(rows)
    count = 0
    with_pictures: list[int] = []
    room = MOST_PICTURES
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:  # type: ignore[call-overload]  # it only writes
        first = next(left, None)
        while first is not None or not count:
            count += 1
            with archive.open(f"xl/worksheets/sheet{count}.xml", "w", force_zip64=True) as page:
                some = itertools.islice(itertools.chain(() if first is None else (first,), left), most_rows)
                pictures: list[Placed] = []
                for piece in _sheet(head, some, pictures, room):
                    page.write(piece.encode())
                    yield from pipe.taken()
            if pictures:
                with_pictures.append(count)
                room -= len(pictures)
                yield from drawn(archive, pipe, count, pictures)
            first = next(left, None)
        for part, content in _parts(count, with_pictures).items():
            archive.writestr(part, HEAD + content)
    yield from pipe.taken(0)


def _parts(sheets: int, with_pictures: Sequence[int]) -> dict[str, str]:
    """What the file holds beside its sheets: {name: content}."""
    numbers = range(1, sheets + 1)
    kinds = "".join(f'<Override PartName="/xl/worksheets/sheet{n}.xml" ContentType="{_KINDS}.worksheet+xml"/>' for n in numbers)
    drawing = "application/vnd.openxmlformats-officedocument.drawing+xml"
    kinds += "".join(f'<Override PartName="/xl/drawings/drawing{n}.xml" ContentType="{drawing}"/>' for n in with_pictures)
    named = "".join(f'<sheet name="Sheet{n}" sheetId="{n}" r:id="rId{n}"/>' for n in numbers)
    related = "".join(f'<Relationship Id="rId{n}" Type="{OFFICE}/worksheet" Target="worksheets/sheet{n}.xml"/>' for n in numbers)
    return {
        "[Content_Types].xml": (
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
            '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            '<Default Extension="jpg" ContentType="image/jpeg"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
            f'<Override PartName="/xl/styles.xml" ContentType="{_KINDS}.styles+xml"/>{kinds}</Types>'
        ),
        "_rels/.rels": (
            f'<Relationships xmlns="{RELATIONS}">'
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>'
        ),
        "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{OFFICE}"><sheets>{named}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": (
            f'<Relationships xmlns="{RELATIONS}">{related}'
            f'<Relationship Id="rId{sheets + 1}" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>'
        ),
        "xl/styles.xml": _STYLES,
    }


def _sheet(head: Sequence[str], rows: Iterable[Sequence[object]], pictures: list[Placed], room: int) -> Iterator[str]:
    """`pictures` gets those of its cells, as far as there is `room` for them."""
    pane = '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>'
    yield f'{HEAD}<worksheet xmlns="{_MAIN}" xmlns:r="{OFFICE}">'
    yield f'<sheetViews><sheetView workbookViewId="0">{pane}</sheetView></sheetViews>'
    yield f'<cols><col min="1" max="{len(head)}" width="18" customWidth="1"/></cols><sheetData>'
    yield f"<row>{''.join(_text(heading, _BOLD) for heading in head)}</row>"
    for number, row in enumerate(rows, 1):
        found = [Placed(number, column, cell) for column, cell in enumerate(row) if isinstance(cell, Picture)]
        found = found[: room - len(pictures)]
        pictures += found
        high = f' ht="{ROW_POINTS}" customHeight="1"' if found else ""
        yield f"<row{high}>{''.join(map(_cell, row))}</row>"
    yield "</sheetData>"
    yield '<drawing r:id="rId1"/></worksheet>' if pictures else "</worksheet>"


def _cell(value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return f"<c><v>{value!r}</v></c>"
    if isinstance(value, datetime):
        return f'<c s="{_DATE}"><v>{(value.replace(tzinfo=None) - _DAY_0) / timedelta(days=1):.8f}</v></c>'
    if isinstance(value, Picture):
        return "<c/>"
    return _text(str(value), _TEXT)


def _text(text: str, style: int) -> str:
    shown = escape(NOT_XML.sub("\ufffd", _ESCAPE.sub("_x005F_", text[:LONGEST_CELL])), quote=False)
    return f'<c t="inlineStr" s="{style}"><is><t xml:space="preserve">{shown}</t></is></c>'
