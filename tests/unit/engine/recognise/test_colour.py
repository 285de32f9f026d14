"""Colour: the plain colours of drawn plates, in daylight, shade, under lamps, tilted, at night."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from engine.countries import PLATE_COLOURS, plain_colour
from engine.recognise.colour import colours, light
from engine.types import PlateBox

WHERE = PlateBox(((200.0, 150.0), (360.0, 150.0), (360.0, 190.0), (200.0, 190.0)), 0.9)
LOOKS = [
    ("white", "black", "white", "black"),
    ("yellow", "black", "yellow", "black"),
    ("blue", "white", "blue", "white"),
    ("red", "white", "red", "white"),
    ("dark red", "white", "red", "white"),
    ("green", "white", "green", "white"),
    ("light green", "black", "green", "black"),
    ("light blue", "black", "blue", "black"),
    ("orange", "black", "orange", "black"),
    ("black", "white", "black", "white"),
    ("black", "yellow", "black", "yellow"),
    ("white", "red", "white", "red"),
    ("white", "green", "white", "green"),
    ("white", "blue", "white", "blue"),
]


def drawn(ground: str, ink: str, light_on_it: tuple[float, float, float] = (1.0, 1.0, 1.0)) -> NDArray[np.uint8]:
    """A frame (480, 640, 3): a street in greys and muted colours, a plate of 160 x 40 pixels at WHERE, seven strokes of ink."""
    rng = np.random.default_rng(7)
    blocks = rng.integers(40, 200, (24, 32, 1)) + rng.integers(-18, 19, (24, 32, 3))
    frame = Image.fromarray(np.repeat(np.repeat(blocks, 20, 0), 20, 1).clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(frame)
    draw.rectangle((200, 150, 360, 190), fill=PLATE_COLOURS[ground])
    for at in range(7):
        draw.rectangle((222 + 19 * at, 158, 229 + 19 * at, 182), fill=PLATE_COLOURS[ink])
    lit = np.asarray(frame, np.float32) * np.array(light_on_it, np.float32)
    return np.clip(lit + rng.normal(0, 4, lit.shape), 0, 255).astype(np.uint8)


def told(frame: NDArray[np.uint8], where: PlateBox = WHERE) -> tuple[str, str]:
    return colours(frame, where, light(frame))


@pytest.mark.parametrize(("ground", "ink", "ground_told", "ink_told"), LOOKS)
def test_ground_and_ink_are_told_in_daylight(ground: str, ink: str, ground_told: str, ink_told: str) -> None:
    assert told(drawn(ground, ink)) == (ground_told, ink_told)


@pytest.mark.parametrize(("ground", "ink", "ground_told", "ink_told"), LOOKS[:12])
@pytest.mark.parametrize("shade", [0.3, 0.55], ids=["deep shade", "shade"])
def test_shade_changes_no_colour(ground: str, ink: str, ground_told: str, ink_told: str, shade: float) -> None:
    assert told(drawn(ground, ink, (shade, shade, shade))) == (ground_told, ink_told)


@pytest.mark.parametrize("lamp", [(1.0, 0.9, 0.76), (0.84, 0.95, 1.0)], ids=["warm", "cold"])
@pytest.mark.parametrize(("ground", "ink"), [("white", "black"), ("yellow", "black"), ("blue", "white"), ("black", "white")])
def test_a_warm_or_cold_light_changes_no_ground(ground: str, ink: str, lamp: tuple[float, float, float]) -> None:
    assert told(drawn(ground, ink, lamp))[0] == ground


def test_a_plate_half_in_shadow_keeps_its_colour() -> None:
    for ground, ink in (("white", "black"), ("yellow", "black"), ("blue", "white"), ("black", "white")):
        frame = drawn(ground, ink)
        frame[150:190, 200:280] = (frame[150:190, 200:280] * 0.5).astype(np.uint8)
        assert told(frame) == (ground, ink)


def test_a_tilted_plate_is_looked_at_inside_its_corners() -> None:
    frame = Image.fromarray(drawn("yellow", "black")).rotate(
        18, Image.Resampling.BILINEAR, center=(280, 170), fillcolor=(90, 94, 96)
    )
    turned = np.deg2rad(-18)
    corners = [
        (
            280 + (x - 280) * np.cos(turned) - (y - 170) * np.sin(turned),
            170 + (x - 280) * np.sin(turned) + (y - 170) * np.cos(turned),
        )
        for x, y in WHERE.corners
    ]
    where = PlateBox((corners[0], corners[1], corners[2], corners[3]), 0.9)
    assert told(np.asarray(frame), where) == ("yellow", "black")


def test_a_grey_frame_tells_nothing() -> None:
    grey = drawn("yellow", "black").mean(axis=2).astype(np.uint8)
    frame = np.repeat(grey[:, :, None], 3, axis=2)
    assert light(frame) is None
    assert told(frame) == ("", "")


def test_a_frame_without_infra_red_filter_tells_nothing() -> None:
    frame = drawn("white", "black", (1.0, 0.55, 0.8))
    assert light(frame) is None


def test_a_plate_without_contrast_tells_nothing() -> None:
    assert told(drawn("light grey", "light grey")) == ("", "")


def test_a_plate_at_the_edge_of_the_frame_and_a_tiny_frame_do_not_fail() -> None:
    frame = drawn("yellow", "black")
    outside = PlateBox(((-50.0, -20.0), (60.0, -20.0), (60.0, 20.0), (-50.0, 20.0)), 0.5)
    assert told(frame, outside) == told(frame, outside)
    assert colours(frame[:8, :8], WHERE, light(frame[:8, :8])) == ("", "")


def test_every_plain_colour_is_a_plate_colour() -> None:
    assert {plain_colour(name) for name in PLATE_COLOURS} <= set(PLATE_COLOURS)
