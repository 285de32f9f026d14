"""Picture files: any common image file as an RGB array, upright; anything else is an ImageError, never a crash."""

from __future__ import annotations

import os
import struct
import warnings
import zlib
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from board.kit.errors import ImageError

FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "GIF", "PPM")
SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff", ".gif", ".ppm", ".pgm")
MOST_PIXELS = 50_000_000
SMALLEST_SIDE = 8
STRIP_ROWS = 64
DAMAGE = (struct.error, zlib.error)
BROKEN = (OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, MemoryError, *DAMAGE)
"""What Pillow's readers raise over damaged files."""


def load_rgb(source: Path | BinaryIO, most_pixels: int = MOST_PIXELS, longest_px: int = 0) -> NDArray[np.uint8]:
    """An image file as (H, W, 3) uint8, its EXIF rotation applied; palette, grey, alpha, CMYK and 16-bit are converted.

    `longest_px`: a larger picture is shrunk until its long side has this many pixels; 0: it keeps its size.
    ImageError when it is missing, unreadable, smaller than 8 pixels a side or larger than `most_pixels`."""
    name = source if isinstance(source, Path) else getattr(source, "name", "picture")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            with Image.open(source, formats=FORMATS) as image:
                refuse_size(image.size, most_pixels)
                if longest_px:
                    image.draft("RGB", (longest_px, longest_px))  # a JPEG is decoded in a fraction of its size at once
                ImageOps.exif_transpose(image, in_place=True)
                rgb = to_rgb(image)
    except ImageError as why:
        raise ImageError("{name}: {why}", name=name, why=why) from why
    except Image.DecompressionBombError as why:
        raise ImageError(
            "{name}: too large, more than {most_pixels:.0f} million pixels", name=name, most_pixels=most_pixels / 1e6
        ) from why
    except FileNotFoundError as why:
        raise ImageError("{name}: no such file", name=name) from why
    except UnidentifiedImageError as why:
        raise ImageError("{name}: not a readable picture: none of {kinds}", name=name, kinds=", ".join(FORMATS)) from why
    except BROKEN as why:
        raise ImageError("{name}: not a readable picture ({why})", name=name, why=why) from why
    return _shrunk(rgb, longest_px) if longest_px and max(rgb.shape[:2]) > longest_px else rgb


def _shrunk(rgb: NDArray[np.uint8], longest_px: int) -> NDArray[np.uint8]:
    image = Image.fromarray(rgb)
    image.thumbnail((longest_px, longest_px))
    return np.asarray(image)


def refuse_size(size: tuple[int, int], most_pixels: int = MOST_PIXELS) -> None:
    """ImageError for (width, height) that are larger than `most_pixels` together or smaller than 8 pixels a side."""
    width, height = size
    if width * height > most_pixels:
        raise ImageError(
            "too large: {width}x{height}, at most {most_pixels:.0f} million pixels are read",
            width=width,
            height=height,
            most_pixels=most_pixels / 1e6,
        )
    if min(size) < SMALLEST_SIDE:
        raise ImageError(
            "too small: {width}x{height}, at least {smallest_side} pixels a side are needed",
            width=width,
            height=height,
            smallest_side=SMALLEST_SIDE,
        )


def to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    """Any mode as RGB; of 16-bit grey the upper eight bits are kept (Pillow would clip it to white)."""
    if image.mode.startswith("I;16") or image.mode == "I":
        grey = np.clip(np.asarray(image).astype(np.int64) >> 8, 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode == "F":
        grey = np.clip(np.nan_to_num(np.asarray(image)), 0, 255).astype(np.uint8)
        return np.repeat(grey[:, :, None], 3, axis=2)
    if image.mode != "RGB":
        image = image.convert("RGBA" if image.mode == "PA" else "RGB").convert("RGB")
    return _pixels(image)


def _pixels(image: Image.Image) -> NDArray[np.uint8]:
    """A copy of an RGB image, made strip by strip: at once, Pillow takes the memory of two."""
    rgb = np.empty((image.height, image.width, 3), np.uint8)
    image.load()
    for top in range(0, image.height, STRIP_ROWS):
        bottom = min(top + STRIP_ROWS, image.height)
        rgb[top:bottom] = np.asarray(image.crop((0, top, image.width, bottom)))
    return rgb


def pictures_in(path: Path) -> list[Path]:
    """A file as itself; a folder as the image files directly in it, by name; ImageError when it cannot be listed. A file that
    cannot be looked at is one of them: `load_rgb` says why."""
    if not os.path.isdir(path):  # noqa: PTH112  # Path's own raises where the folder above may not be looked into
        return [path]
    try:
        return sorted(file for file in path.iterdir() if file.suffix.lower() in SUFFIXES and _may_be_read(file))
    except OSError as why:
        raise ImageError("{folder} cannot be listed: {why}", folder=path, why=why.strerror) from why


def _may_be_read(file: Path) -> bool:
    try:
        return file.is_file()
    except OSError:
        return True
