"""Lines that a camera writes into its picture are told from plates by how evenly their box is filled, and where it lies."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.recognise.overlay import is_overlay
from engine.recognise.pipeline import Recogniser
from engine.types import Box

U8 = NDArray[np.uint8]
BOX = (20, 0, 120, 34)


def frame_with(top: int, ground: tuple[int, int, int], ink: tuple[int, int, int], noise: float = 0.0) -> tuple[U8, Box]:
    """A street with a box of writing whose upper edge is at `top`."""
    street = np.random.default_rng(3).integers(60, 180, (480, 640, 3)).astype(np.uint8)
    image = Image.fromarray(street)
    x, _, w, h = BOX
    draw = ImageDraw.Draw(image)
    draw.rectangle((x, top, x + w - 1, top + h - 1), fill=ground)
    draw.text((x + w / 2, top + h / 2), "CAM03", fill=ink, font=ImageFont.load_default(24), anchor="mm")
    seen = np.asarray(image) + np.random.default_rng(4).normal(0, noise, street.shape) if noise else np.asarray(image)
    return np.clip(seen, 0, 255).astype(np.uint8), (x, top, w, h)


@pytest.mark.parametrize("top", [4, 440])
@pytest.mark.parametrize(
    ("ground", "ink"), [((0, 0, 0), (255, 255, 255)), ((255, 255, 255), (0, 0, 0)), ((30, 60, 160), (250, 250, 250))]
)
def test_a_box_of_one_colour_at_the_upper_or_lower_edge_is_the_cameras_own(
    top: int, ground: tuple[int, int, int], ink: tuple[int, int, int]
) -> None:
    assert is_overlay(*frame_with(top, ground, ink))


def test_white_on_black_without_noise_is_the_cameras_own_anywhere() -> None:
    assert is_overlay(*frame_with(220, (0, 0, 0), (255, 255, 255)))


@pytest.mark.parametrize(
    ("ground", "ink"), [((240, 240, 235), (20, 20, 20)), ((16, 16, 18), (240, 240, 240)), ((0, 0, 0), (120, 120, 120))]
)
def test_a_drawn_plate_amid_the_picture_is_a_plate(ground: tuple[int, int, int], ink: tuple[int, int, int]) -> None:
    assert not is_overlay(*frame_with(220, ground, ink))


@pytest.mark.parametrize("top", [4, 220, 440])
def test_what_a_lens_shows_has_noise_and_is_a_plate_everywhere(top: int) -> None:
    assert not is_overlay(*frame_with(top, (230, 230, 230), (20, 20, 20), noise=4.0))
    assert not is_overlay(*frame_with(top, (14, 14, 14), (235, 235, 235), noise=4.0))


@pytest.mark.parametrize("box", [(0, 0, 0, 0), (-50, -50, 20, 20), (700, 500, 30, 30), (0, 0, 640, 480)])
def test_a_box_of_nothing_or_of_all_is_none(box: Box) -> None:
    rgb, _ = frame_with(4, (0, 0, 0), (255, 255, 255))
    assert not is_overlay(rgb, box)


def test_the_recogniser_reports_no_line_of_the_cameras_own() -> None:
    rgb, (x, y, w, h) = frame_with(8, (0, 0, 0), (255, 255, 255))
    assert [read.text for read in Recogniser().read(rgb) if read.box[1] < y + h and read.box[0] < x + w] == []
