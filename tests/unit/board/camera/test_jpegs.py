"""JPEGs are found by their own marks, whatever stands between them and however the bytes are cut."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from board.camera._jpegs import JpegFinder


def jpeg(shade: int, **options: object) -> bytes:
    out = io.BytesIO()
    image = Image.effect_noise((64, 48), 60).point(lambda value: (value + shade) % 256)
    image.save(out, "JPEG", **options)
    return out.getvalue()


def with_thumbnail(picture: bytes, thumbnail: bytes) -> bytes:
    """A whole JPEG inside a segment of another, as EXIF has it."""
    body = b"Exif\0\0" + thumbnail
    return picture[:2] + b"\xff\xe1" + (len(body) + 2).to_bytes(2, "big") + body + picture[2:]


PICTURES = [
    jpeg(0),
    jpeg(50, progressive=True),
    jpeg(90, restart_marker_blocks=2),
    with_thumbnail(jpeg(120), jpeg(7, quality=20)),
]
BETWEEN = {
    "nothing": b"",
    "a proper part": b"\r\n--frame\r\nContent-Type: image/jpeg\r\n\r\n",
    "a boundary without hyphens": b"frame\r\n\r\n",
    "a wrong length": b"\r\n--frame\r\nContent-Length: 7\r\n\r\n",
    "bytes that look like a beginning": b"\xff\xd8\xff\x00 no picture \xff\xd8",
}


@pytest.mark.parametrize("size", [1, 7, 1000, 1 << 20])
@pytest.mark.parametrize("between", BETWEEN.values(), ids=BETWEEN.keys())
def test_every_picture_comes_out_byte_for_byte(between: bytes, size: int) -> None:
    stream = between.join([b"", *PICTURES, b""])
    finder = JpegFinder()
    found = [picture for at in range(0, len(stream), size) for picture in finder.feed(stream[at : at + size])]
    assert found == PICTURES


def test_a_picture_that_the_next_one_interrupts_is_dropped() -> None:
    cut = PICTURES[0][: len(PICTURES[0]) // 2]
    assert list(JpegFinder().feed(cut + PICTURES[1])) == [PICTURES[1]]


def test_a_picture_without_an_end_does_not_fill_the_memory() -> None:
    finder = JpegFinder(most_bytes=10_000)
    endless = PICTURES[0][:-2] + b"\x12" * 5_000
    for _ in range(20):
        assert list(finder.feed(endless)) == []
        assert len(finder._data) < 20_000
    assert list(finder.feed(PICTURES[1])) == [PICTURES[1]]
