"""The shipped detector on the drawn street: a tilted plate comes back with its tilt and is set upright for the OCR."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from engine.recognise.pipeline import Recogniser
from engine.types import PlateBox

CLIP = Path(__file__).resolve().parents[2] / "firmware" / "demo" / "street.mp4"
WAITING_S = 5.0
"""The first car stands before the barrier."""


@pytest.fixture(scope="module")
def recogniser() -> Recogniser:
    return Recogniser()


@pytest.fixture(scope="module")
def street() -> Image.Image:
    av = pytest.importorskip("av")
    with av.open(str(CLIP)) as clip:
        frame = next(f for f in clip.decode(video=0) if f.time is not None and f.time >= WAITING_S)
        return Image.fromarray(frame.to_ndarray(format="rgb24"))


def roll_deg(plate: PlateBox) -> float:
    (ax, ay), (bx, by), (cx, cy), (dx, dy) = plate.corners
    return math.degrees(math.atan2(by - ay + cy - dy, bx - ax + cx - dx))


def turned(street: Image.Image, degrees: float) -> NDArray[np.uint8]:
    """The street as a camera sees it that hangs askew: the plate's right end goes down by so many degrees."""
    return np.asarray(street.rotate(-degrees, Image.Resampling.BICUBIC, fillcolor=(90, 90, 90)))


@pytest.mark.parametrize("degrees", [-16, -8, 0, 8, 16])
def test_the_corners_of_a_tilted_plate_tell_its_tilt(recogniser: Recogniser, street: Image.Image, degrees: float) -> None:
    plate = recogniser.find(turned(street, degrees))[0]
    assert roll_deg(plate) == pytest.approx(degrees, abs=5)


@pytest.mark.parametrize("degrees", [-12, 0, 12])
def test_a_tilted_plate_is_read(recogniser: Recogniser, street: Image.Image, degrees: float) -> None:
    assert "BL482KD" in [read.text for read in recogniser.read(turned(street, degrees))]
