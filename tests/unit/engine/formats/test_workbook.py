"""Workbook: pictures in cells, as a reader of the standard finds them."""

from __future__ import annotations

import io
import posixpath
import zipfile
from collections.abc import Callable
from functools import partial
from xml.etree import ElementTree

import pytest
from PIL import Image

from engine.formats import workbook as written
from engine.formats.jpeg_size import jpeg_size
from engine.formats.sheet_pictures import Picture
from engine.formats.workbook import workbook

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing}"
MAIN = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
RELATED = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"


def jpeg(width: int, height: int, **options: object) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height), (width % 256, 9, 9)).save(made, "JPEG", **options)
    return made.getvalue()


def related(book: zipfile.ZipFile, part: str) -> dict[str, str]:
    """{id: part} that a part of the package names (ECMA-376 part 2, 9.3)."""
    folder, name = posixpath.split(part)
    found = ElementTree.fromstring(book.read(f"{folder}/_rels/{name}.rels"))
    return {each.get("Id", ""): posixpath.normpath(posixpath.join(folder, each.get("Target", ""))) for each in found}


def pictures_of(content: bytes, sheet: int = 1) -> list[tuple[int, int, int, int, bytes]]:
    """(row, column, width, height in EMU, JPEG) of each, found as a spreadsheet finds them."""
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        assert book.testzip() is None
        page = ElementTree.fromstring(book.read(f"xl/worksheets/sheet{sheet}.xml"))
        links = [each.get(f"{RELATED}id", "") for each in page if each.tag.endswith("}drawing")]
        if not links:
            return []
        part = related(book, f"xl/worksheets/sheet{sheet}.xml")[links[0]]
        assert f'PartName="/{part}"' in book.read("[Content_Types].xml").decode()
        media, found = related(book, part), []
        for anchor in ElementTree.fromstring(book.read(part)):
            at, size = anchor.find(f"{DRAWING}from"), anchor.find(f"{DRAWING}ext")
            blip = anchor.find(f".//{MAIN}blip")
            assert at is not None and size is not None and blip is not None
            row, column = (int(at.findtext(f"{DRAWING}{name}", "")) for name in ("row", "col"))
            content = book.read(media[blip.get(f"{RELATED}embed", "")])
            found.append((row, column, int(size.get("cx", "")), int(size.get("cy", "")), content))
        return found


def test_a_picture_stands_in_its_cell_in_its_own_proportions() -> None:
    wide, tall = jpeg(160, 40), jpeg(30, 60)
    rows = [(Picture(lambda: wide), "AB12"), ("", "no picture"), (Picture(lambda: tall), "CD34")]
    content = b"".join(workbook(["Picture", "Plate"], rows))
    assert pictures_of(content) == [
        (1, 0, 126 * 9525, 32 * 9525, wide),
        (3, 0, 22 * 9525, 44 * 9525, tall),
    ]
    with zipfile.ZipFile(io.BytesIO(content)) as book:
        page = book.read("xl/worksheets/sheet1.xml").decode()
    assert page.count('ht="36"') == 2 and "no picture" in page


def test_what_is_gone_or_no_picture_or_too_large_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.formats.sheet_pictures.MOST_BYTES", 3_000)
    kept = jpeg(50, 20)
    reads: list[Callable[[], bytes]] = [lambda: b"", lambda: b"GIF89a", lambda: kept[:9], lambda: kept, lambda: jpeg(600, 600)]
    found = pictures_of(b"".join(workbook(["A"], [(Picture(read),) for read in reads])))
    assert [(row, content) for row, _, _, _, content in found] == [(4, kept)]


def test_a_workbook_holds_so_many_pictures_over_all_its_sheets_and_all_its_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(written, "MOST_PICTURES", 5)
    rows = [(Picture(partial(jpeg, 10 + number, 10)), number) for number in range(9)]
    content = b"".join(workbook(["A", "B"], rows, most_rows=3))
    sizes = [[jpeg_size(each[-1]) for each in pictures_of(content, sheet)] for sheet in (1, 2, 3)]
    assert sizes == [[(10, 10), (11, 10), (12, 10)], [(13, 10), (14, 10)], []]


def test_a_picture_is_read_when_it_is_written_and_never_two_at_once() -> None:
    reads: list[int] = []

    def read(number: int) -> bytes:
        reads.append(number)
        return jpeg(400, 100, quality=95)

    pieces = workbook(["A"], ((Picture(partial(read, number)),) for number in range(300)))
    longest = max(len(piece) for piece in pieces)
    assert (reads, longest < 100_000) == (list(range(300)), True)


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"exif": b"Exif\0\0" + b"x" * 500}], ids=["plain", "progressive", "exif"]
)
def test_the_size_of_a_jpeg_is_read_from_its_header(options: dict[str, object]) -> None:
    assert jpeg_size(jpeg(123, 45, **options)) == (123, 45)


@pytest.mark.parametrize(
    "content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x00" * 50, b"\xff\xd8\xff\xc0\x00\x11\x08\x00\x00\x00\x00"]
)
def test_what_is_no_jpeg_has_no_size(content: bytes) -> None:
    assert jpeg_size(content) is None
