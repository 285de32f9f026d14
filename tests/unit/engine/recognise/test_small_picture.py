"""Small picture: the size asked of the camera, and that the detector sees the same as of the frame itself, at the same place."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recognise.detect import letterbox
from engine.recognise.small_picture import letterbox_small, small_size
from engine.types import Roi


@pytest.mark.parametrize(
    ("size", "roi", "small"),
    [
        ((1280, 960), None, (384, 288)),
        ((1920, 1440), None, (384, 288)),
        ((1280, 720), None, (384, 216)),
        ((1280, 960), Roi(0.25, 0.25, 0.75, 0.75), (768, 576)),
        ((1920, 1440), Roi(0.5, 0.0, 1.0, 0.25), (768, 576)),
        ((1280, 960), Roi(0.4, 0.4, 0.6, 0.6), None),
        ((640, 480), Roi(0.1, 0.1, 0.9, 0.9), (480, 360)),
        ((400, 300), None, None),
    ],
)
def test_the_region_of_interest_just_fills_the_detectors_input(
    size: tuple[int, int], roi: Roi | None, small: tuple[int, int] | None
) -> None:
    assert small_size(size, roi) == small


@pytest.mark.parametrize("roi", [None, Roi(0.25, 0.25, 0.75, 0.75), Roi(0.1, 0.3, 0.9, 0.8)])
@pytest.mark.parametrize("size", [(1280, 960), (1280, 720)])
def test_a_mark_is_found_at_its_place_in_the_frame(size: tuple[int, int], roi: Roi | None) -> None:
    rgb = np.zeros((size[1], size[0], 3), np.uint8)
    x, y = size[0] * 6 // 10, size[1] * 5 // 10
    rgb[y - 8 : y + 8, x - 8 : x + 8] = 255
    width, height = small_size(size, roi) or size
    rows_at, columns_at = (np.arange(height) + 0.5) * size[1] / height, (np.arange(width) + 0.5) * size[0] / width
    small = np.ascontiguousarray(rgb[rows_at.astype(int)][:, columns_at.astype(int), 1])
    for picture, placement in (letterbox(rgb, roi), letterbox_small(small, size, roi)):
        assert picture.shape == (288, 384)
        rows, columns = np.nonzero(picture > 200)
        found = placement.to_frame(float(columns.mean()) + 0.5, float(rows.mean()) + 0.5)
        assert found == pytest.approx((x, y), abs=6)
