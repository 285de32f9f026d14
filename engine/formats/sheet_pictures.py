"""Sheet pictures: small JPEGs in the cells of a workbook's sheet (DrawingML in SpreadsheetML, ECMA-376 part 1, 20.5).

They follow their sheet in the file, one after the other, so that never more than one is in memory; of those waiting only where they
stand and how to read them is kept, which bounds their number."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from board.kit.dataclass import dataclass
from engine.formats.jpeg_size import jpeg_size
from engine.formats.stream import Pipe

MOST_PICTURES = 5_000
"""Of a workbook: a spreadsheet with more is slow to open, and the file hundreds of megabytes long."""
MOST_BYTES = 100_000
"""Of one picture; a larger one is left out."""
HIGH_PX, WIDE_PX = 44, 126
"""What a picture is fitted into: a column of 18 characters."""
ROW_POINTS = 36
"""Height of a row with a picture: 48 px."""
_EMU_PER_PX = 9_525
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


@dataclass(frozen=True, slots=True)
class Picture:
    """The value of a cell. `read` gives the JPEG, b"" when it is gone."""

    read: Callable[[], bytes]


@dataclass(frozen=True, slots=True)
class Placed:
    """A picture at its row and column, from 0."""

    row: int
    column: int
    picture: Picture


def drawn(archive: zipfile.ZipFile, pipe: Pipe, sheet: int, pictures: Sequence[Placed]) -> Iterator[bytes]:
    """Writes the pictures of sheet number `sheet` and what places them there."""
    shown: list[tuple[Placed, int, int]] = []
    for placed in pictures:
        content = placed.picture.read()
        size = jpeg_size(content) if len(content) <= MOST_BYTES else None
        if size is None:
            continue
        scale = min(WIDE_PX / size[0], HIGH_PX / size[1])
        shown.append((placed, max(1, round(size[0] * scale)), max(1, round(size[1] * scale))))
        archive.writestr(zipfile.ZipInfo(f"xl/media/sheet{sheet}-{len(shown)}.jpg"), content)  # stored: it is compressed already
        yield from pipe.taken()
    files = [
        (f"xl/drawings/drawing{sheet}.xml", partial(_anchors, shown)),
        (f"xl/drawings/_rels/drawing{sheet}.xml.rels", partial(_media, sheet, len(shown))),
    ]
    for name, pieces in files:
        with archive.open(zipfile.ZipInfo(name), "w") as part:
            for piece in pieces():
                part.write(piece.encode())
                yield from pipe.taken()
    related = f'<Relationship Id="rId1" Type="{OFFICE}/drawing" Target="../drawings/drawing{sheet}.xml"/>'
    archive.writestr(
        f"xl/worksheets/_rels/sheet{sheet}.xml.rels", f'{HEAD}<Relationships xmlns="{RELATIONS}">{related}</Relationships>'
    )


def _anchors(shown: Sequence[tuple[Placed, int, int]]) -> Iterator[str]:
    yield (f'{HEAD}<xdr:wsDr xmlns:xdr="{_DRAWING}/spreadsheetDrawing" xmlns:a="{_DRAWING}/main" xmlns:r="{OFFICE}">')
    for number, (placed, width, height) in enumerate(shown, 1):
        size = f'cx="{width * _EMU_PER_PX}" cy="{height * _EMU_PER_PX}"'
        yield (
            f"<xdr:oneCellAnchor><xdr:from><xdr:col>{placed.column}</xdr:col><xdr:colOff>19050</xdr:colOff>"
            f"<xdr:row>{placed.row}</xdr:row><xdr:rowOff>19050</xdr:rowOff></xdr:from><xdr:ext {size}/>"
            f'<xdr:pic><xdr:nvPicPr><xdr:cNvPr id="{number + 1}" name="Picture {number}"/><xdr:cNvPicPr/></xdr:nvPicPr>'
            f'<xdr:blipFill><a:blip r:embed="rId{number}"/><a:stretch><a:fillRect/></a:stretch></xdr:blipFill>'
            f'<xdr:spPr><a:xfrm><a:off x="0" y="0"/><a:ext {size}/></a:xfrm>'
            '<a:prstGeom prst="rect"><a:avLst/></a:prstGeom></xdr:spPr></xdr:pic><xdr:clientData/></xdr:oneCellAnchor>'
        )
    yield "</xdr:wsDr>"


def _media(sheet: int, count: int) -> Iterator[str]:
    yield f'{HEAD}<Relationships xmlns="{RELATIONS}">'
    for number in range(1, count + 1):
        yield f'<Relationship Id="rId{number}" Type="{OFFICE}/image" Target="../media/sheet{sheet}-{number}.jpg"/>'
    yield "</Relationships>"
