"""The OCR's picture: crop geometry and the contrast stretch that training uses too."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recognise.rectify import Margin, rectify, stretch_contrast, whole
from engine.types import PlateBox


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
