"""The OCR's picture: crop geometry and the contrast stretch that training uses too."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from engine.recognise.rectify import Margin, convex, cut_upright, leans, rectify, square_to, stretch_contrast, through, whole
from engine.types import PlateBox, Point

TILTED = ((300.0, 400.0), (520.0, 330.0), (530.0, 385.0), (304.0, 470.0))


def plate(left: float, top: float, right: float, bottom: float) -> PlateBox:
    return PlateBox(((left, top), (right, top), (right, bottom), (left, bottom)), 0.9)


def test_the_contrast_stretch_sends_the_1_and_99_percent_points_to_0_and_255() -> None:
    grey = np.repeat(np.arange(50, 150, dtype=np.uint8), 10).reshape(50, 20)
    stretched = stretch_contrast(grey)
    # the 1 % point is level 50, the 99 % point level 148: 98 levels become 255
    assert stretched[0, 0] == 0
    assert stretched[grey == 99][0] == int(49 * 255 / 98 + 0.5)
    assert stretched[grey == 148][0] == stretched[grey == 149][0] == 255


def test_a_flat_picture_is_stretched_over_24_levels_and_no_more() -> None:
    grey = np.full((64, 128), 100, np.uint8)
    grey[0] = 101
    assert sorted(np.unique(stretch_contrast(grey)).tolist()) == [int(12 * 255 / 24 + 0.5), int(13 * 255 / 24 + 0.5)]


def test_the_crop_is_the_box_and_its_margin() -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    crop = rectify(frame, plate(100, 200, 300, 250), Margin(0.1, 0.2, 0.05, 0.0))
    assert (crop.left, crop.top, crop.width, crop.height) == pytest.approx((80, 190, 230, 60))
    assert crop.picture.shape == (64, 128) and crop.picture.dtype == np.uint8


def test_a_box_that_leaves_the_frame_is_cut_to_it() -> None:
    frame = np.zeros((400, 600, 3), np.uint8)
    crop = rectify(frame, plate(-50, 380, 90, 430), Margin())
    assert (crop.left, crop.top, crop.width, crop.height) == pytest.approx((0, 380, 90, 20))
    outside = rectify(frame, plate(700, 500, 800, 520), Margin())
    assert outside.picture.shape == (64, 128)


def test_only_the_boxed_pixels_reach_the_picture() -> None:
    frame = np.full((400, 600, 3), 255, np.uint8)
    frame[200:264, 100:228] = np.arange(128, dtype=np.uint8)[None, :, None]
    crop = rectify(frame, plate(100, 200, 228, 264), Margin())
    expected = stretch_contrast(np.broadcast_to(np.arange(128, dtype=np.uint8), (64, 128)).copy())
    assert np.array_equal(crop.picture, expected)


def test_a_whole_picture_is_its_own_crop() -> None:
    crop = whole(np.zeros((30, 90, 3), np.uint8))
    assert (crop.left, crop.top, crop.width, crop.height) == (0, 0, 90, 30)


def frame_with_plate(corners: tuple[Point, Point, Point, Point]) -> tuple[np.ndarray, np.ndarray]:
    """A grey plate of 16 x 8 flat fields, and a frame of 1280x960 that shows it at these corners."""
    fields = np.random.default_rng(3).integers(0, 256, (8, 16)).astype(np.uint8)
    plate_picture = np.kron(fields, np.ones((40, 40), np.uint8))
    forward = np.append(square_to(corners), 1).reshape(3, 3)
    back = np.diag([640, 320, 1]) @ np.linalg.inv(forward)
    numbers = tuple((back / back[2, 2]).ravel()[:8])
    seen = Image.fromarray(plate_picture).transform((1280, 960), Image.Transform.PERSPECTIVE, numbers, Image.Resampling.BILINEAR)
    return fields, np.repeat(np.asarray(seen)[:, :, None], 3, axis=2)


def test_the_unit_square_goes_to_the_four_corners() -> None:
    plane = square_to(TILTED)
    for point, corner in zip(((0, 0), (1, 0), (1, 1), (0, 1)), TILTED, strict=True):
        assert through(plane, point) == pytest.approx(corner)


@pytest.mark.parametrize("scale", [1.0, 1.7])
def test_a_plate_that_is_tilted_by_18_degrees_is_set_upright(scale: float) -> None:
    a, b, c, d = ((scale * (x - 400) + 400, scale * (y - 400) + 400) for x, y in TILTED)
    corners = (a, b, c, d)
    fields, frame = frame_with_plate(corners)
    crop = rectify(frame, PlateBox(corners, 0.9), Margin())
    # the middle of each 8x8 field, where no neighbour is mixed in
    middles = crop.picture.reshape(8, 8, 16, 8)[:, 3:5, :, 3:5].mean((1, 3))
    assert np.corrcoef(middles.ravel(), fields.ravel())[0, 1] > 0.99
    assert (crop.width, crop.height) == pytest.approx((236.2 * scale, 63.0 * scale), abs=0.1)


def test_the_margin_of_a_tilted_plate_is_taken_along_its_own_sides() -> None:
    _, frame = frame_with_plate(TILTED)
    crop = rectify(frame, PlateBox(TILTED, 0.9), Margin(left=0.5, right=0.5))
    # half a plate's width of the black frame on either side
    assert crop.picture[:, :24].max() == crop.picture[:, -24:].max() == 0
    assert crop.picture[:, 40:88].max() > 200


def test_an_upright_plate_and_a_hardly_tilted_one_are_cut_as_they_are() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (400, 600, 3)).astype(np.uint8)
    for corners in (
        ((100.0, 200.0), (300.0, 200.0), (300.0, 250.0), (100.0, 250.0)),
        ((100.0, 203.0), (300.0, 200.0), (300.0, 247.0), (100.0, 250.0)),
    ):
        assert not leans(corners)
        crop, upright = rectify(frame, PlateBox(corners, 0.9), Margin(left=0.04)), cut_upright(frame, corners, Margin(left=0.04))
        assert np.array_equal(crop.picture, upright.picture)
        assert (crop.left, crop.top, crop.width, crop.height) == pytest.approx((92, 200, 208, 50))


@pytest.mark.parametrize(
    "corners",
    [
        ((100.0, 200.0), (300.0, 240.0), (250.0, 210.0), (90.0, 260.0)),  # an arrowhead
        ((300.0, 200.0), (100.0, 240.0), (120.0, 290.0), (310.0, 250.0)),  # in the mirror
        ((100.0, 200.0), (300.0, 240.0), (100.0, 250.0), (300.0, 290.0)),  # crossed
        ((100.0, 200.0), (101.0, 260.0), (102.0, 260.0), (101.0, 201.0)),  # without width
    ],
)
def test_corners_that_are_no_plates_fall_back_to_the_upright_box(corners: tuple[Point, Point, Point, Point]) -> None:
    frame = np.random.default_rng(1).integers(0, 256, (400, 600, 3)).astype(np.uint8)
    assert not convex(corners)
    assert np.array_equal(rectify(frame, PlateBox(corners, 0.9), Margin()).picture, cut_upright(frame, corners, Margin()).picture)


def test_a_tilted_plate_whose_margin_leaves_the_frame_falls_back_to_the_upright_box() -> None:
    frame = np.random.default_rng(1).integers(0, 256, (400, 600, 3)).astype(np.uint8)
    corners = ((2.0, 200.0), (200.0, 260.0), (190.0, 310.0), (-5.0, 250.0))
    crop = rectify(frame, PlateBox(corners, 0.9), Margin(left=0.04, right=0.04))
    assert np.array_equal(crop.picture, cut_upright(frame, corners, Margin(left=0.04, right=0.04)).picture)
