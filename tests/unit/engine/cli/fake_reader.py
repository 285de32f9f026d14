"""A reader that answers by the shade of the picture's top left pixel: exact counts without a model."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.types import Box, CharRead, PlateBox, PlateRead


def read_of(text: str, confidence: float = 95.0, country: str = "", box: Box = (0, 0, 0, 0), height_px: float = 30.0) -> PlateRead:
    chars = tuple(CharRead(symbol, confidence / 100) for symbol in text)
    return PlateRead(text, chars, confidence, country, box, height_px)


def plate_at(box: Box) -> PlateBox:
    x, y, w, h = box
    return PlateBox(((x, y), (x + w, y), (x + w, y + h), (x, y + h)), 0.9)


class FakeReader:
    """`reads`: shade of a picture -> what it reads there; it finds the boxes that it reads and those in `found`."""

    def __init__(self, reads: Mapping[int, list[PlateRead]], found: Mapping[int, list[Box]] | None = None) -> None:
        self._reads = reads
        self._found = found or {}

    def find(self, rgb: NDArray[np.uint8]) -> list[PlateBox]:
        shade = int(rgb[0, 0, 0])
        return [plate_at(box) for box in [*(read.box for read in self._reads.get(shade, [])), *self._found.get(shade, [])]]

    def read(self, rgb: NDArray[np.uint8]) -> list[PlateRead]:
        return self._reads.get(int(rgb[0, 0, 0]), [])

    def read_crop(self, rgb: NDArray[np.uint8]) -> PlateRead:
        return next(iter(self.read(rgb)), read_of("", 0.0))


def picture(folder: Path, name: str, shade: int, size: tuple[int, int] = (400, 300)) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, (shade, shade, shade)).save(folder / name)
    return folder / name


def labelled(folder: Path, *rows: str, head: str = "file,x,y,w,h,text,country", name: str = "labels.csv") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    table = folder / name
    table.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return table
