"""Images: a passage's pictures as JPEG below STATE/anpr/images/YYYY/MM/DD (UTC)."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from board.kit.errors import StorageFull, StoreError
from board.kit.words import Text
from engine.types import Box, Passage, PassageImages

KEPT_FREE_BYTES = 8_000_000

MARGIN = 0.15
"""The plate's crop shows this much more on each side, in parts of the plate's height."""


class ImageStore:
    """Stores what the settings ask for. `quality_pct`: JPEG quality."""

    def __init__(self, folder: Path, full: bool, plate: bool, quality_pct: int) -> None:
        self._folder = folder
        self._full = full
        self._plate = plate
        self._quality_pct = quality_pct

    def save(self, passage: Passage, rgb: NDArray[np.uint8]) -> PassageImages:
        """The names of the stored pictures, relative to the image folder. `rgb`: the winning frame, uint8 (H, W, 3).

        StoreError: full disk or no permission; then nothing of this passage is left behind. A passage without a box has no crop."""
        self._check_room(passage)
        names, crop = self.names(passage, rgb), self._crop(passage, rgb)
        try:
            (self._folder / _day(passage)).mkdir(parents=True, exist_ok=True)
            if crop is not None:
                self._write(names.plate, crop)
            if names.full:
                self._write(names.full, rgb)
        except OSError as why:
            for name in filter(None, (names.full, names.plate)):
                with contextlib.suppress(OSError):
                    (self._folder / name).unlink(missing_ok=True)
            raise StoreError(
                "the pictures of {plate} cannot be stored in {folder}: {why}",
                plate=passage.plate or Text("a passage without plate"),
                folder=self._folder,
                why=why,
            ) from why
        return names

    def names(self, passage: Passage, rgb: NDArray[np.uint8]) -> PassageImages:
        """What `save` returns."""
        start = f"{_day(passage)}/{passage.id}"
        has_crop = self._crop(passage, rgb) is not None
        return PassageImages(f"{start}-full.jpg" if self._full else "", f"{start}-plate.jpg" if has_crop else "")

    def _crop(self, passage: Passage, rgb: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
        return crop_of(rgb, passage.box) if self._plate and passage.box[2] > 0 else None

    def _check_room(self, passage: Passage) -> None:
        """The last room is for passages and messages."""
        try:
            disk = os.statvfs(self._folder)
        except OSError:
            return  # the folder is not there yet
        if disk.f_bavail * disk.f_frsize < KEPT_FREE_BYTES:
            raise StorageFull(
                "the pictures of {plate} are not stored: the storage is full, and its last {kept} MB are for passages",
                plate=passage.plate or Text("a passage without plate"),
                kept=KEPT_FREE_BYTES // 1_000_000,
            )

    def _write(self, name: str, rgb: NDArray[np.uint8]) -> None:
        from PIL import Image

        path = self._folder / name
        fresh = path.with_name(f".{path.name}")
        try:
            Image.fromarray(rgb).save(fresh, "JPEG", quality=self._quality_pct)
            fresh.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise


def _day(passage: Passage) -> str:
    return passage.at.strftime("%Y/%m/%d")


def crop_of(rgb: NDArray[np.uint8], box: Box) -> NDArray[np.uint8] | None:
    """The plate with a small margin, cut at the frame's edge; None when the box lies outside the frame."""
    x, y, width, height = box
    margin = round(height * MARGIN)
    part = rgb[max(0, y - margin) : max(0, y + height + margin), max(0, x - margin) : max(0, x + width + margin)]
    return np.ascontiguousarray(part) if part.size else None
