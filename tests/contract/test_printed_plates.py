"""Printed plates: what a technician holds before the lens is found by the models that ship, with a dark frame around it or none.

Photographs show plates on cars; a detector that learnt from them to leave signs alone may leave these alone too."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from engine.recognise.pipeline import Recogniser
from hil_tests.plate_sheet import PLATES, scene

WHITE, YELLOW, INK = (238, 238, 235), (240, 200, 30), (15, 15, 15)


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


def printed(ground: int, width: int, paper: tuple[int, int, int], framed: bool, text: str) -> NDArray[np.uint8]:
    """A plate of that width in a plain, grainy picture (960, 1280, 3)."""
    grain = np.random.default_rng(3).normal(0, 6, (960, 1280, 1))
    image = Image.fromarray(np.clip(np.full((960, 1280, 3), ground) + grain, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    height, x, y = round(width / 4.7), 480, 500
    if framed:
        draw.rectangle((x - 12, y - 12, x + width + 12, y + height + 12), fill=(25, 25, 28))
    draw.rounded_rectangle((x, y, x + width, y + height), height // 8, fill=paper, outline=INK, width=max(2, height // 25))
    font = ImageFont.load_default(round(0.68 * height))
    draw.text((x + width / 2, y + height / 2), text, fill=INK, font=font, anchor="mm", stroke_width=max(1, height // 40))
    return np.asarray(image)


def test_the_sheet_of_the_bench_is_read(recogniser: Recogniser) -> None:
    assert sorted(read.text for read in recogniser.read(scene())) == [plate.replace(" ", "") for plate in PLATES]


@pytest.mark.parametrize("framed", [False, True], ids=["plain", "framed"])
def test_a_printed_plate_is_found_on_any_ground(recogniser: Recogniser, framed: bool) -> None:
    cases = list(product((60, 110, 170, 225), (130, 220, 360), (WHITE, YELLOW)))
    found = [bool(recogniser.read(printed(ground, width, paper, framed, PLATES[0]))) for ground, width, paper in cases]
    assert [case for case, seen in zip(cases, found, strict=True) if not seen] == []
