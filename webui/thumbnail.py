"""Thumbnail: a stored picture, small enough for a cell of a workbook."""

from __future__ import annotations

import io

from engine.stored_pictures import StoredPictures

SMALL_BYTES = 12_000
"""A picture up to this long is taken as it is: that of a plate mostly is."""
WIDE_PX = 240
QUALITY_PCT = 75


def thumbnail(pictures: StoredPictures, name: str) -> bytes:
    """As JPEG; b"" when it is not stored any more or cannot be read."""
    content = pictures.read(name)
    return content if len(content) <= SMALL_BYTES else _shrunk(content)


def _shrunk(content: bytes) -> bytes:
    from PIL import Image

    made = io.BytesIO()
    try:
        with Image.open(io.BytesIO(content), formats=["JPEG"]) as image:
            image.draft("RGB", (WIDE_PX, WIDE_PX))  # decoded at a fraction of its size, which takes little time and memory
            image.thumbnail((WIDE_PX, WIDE_PX))
            image.convert("RGB").save(made, "JPEG", quality=QUALITY_PCT)
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # a damaged file
        return b""
    return made.getvalue()
