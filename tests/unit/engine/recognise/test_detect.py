"""Letterbox, decode and suppression of the detector, on hand-made numbers."""

from __future__ import annotations

import numpy as np
import pytest

from engine.recognise.detect import boxes_of, crop_to_roi, decode, letterbox, logit, pick_rows, suppress, to_plate_box
from engine.types import Roi


def test_a_4_to_3_frame_fills_the_network_input_without_bars() -> None:
    small, placement = letterbox(np.full((960, 1280, 3), 77, np.uint8))
    assert small.shape == (288, 384)
    assert small.min() == small.max() == 77
    assert (placement.left, placement.top) == (0, 0)
    assert placement.scale_x == placement.scale_y == pytest.approx(0.3)


def test_a_wide_frame_gets_bars_of_114_above_and_below() -> None:
    small, placement = letterbox(np.full((360, 1280, 3), 10, np.uint8))
    assert placement.top == 90
    assert set(np.unique(small[:90])) == set(np.unique(small[198:])) == {114}
    assert set(np.unique(small[90:198])) == {10}


def test_a_small_frame_is_enlarged_to_the_network_input() -> None:
    small, placement = letterbox(np.zeros((72, 96, 3), np.uint8))
    assert small.max() == 0
    assert placement.scale_x == pytest.approx(4.0)


@pytest.mark.parametrize(("height", "width"), [(960, 1280), (1080, 1920), (487, 643), (90, 61), (2448, 3264), (1, 1), (5000, 3)])
def test_a_point_keeps_its_place_through_the_letterbox_and_back(height: int, width: int) -> None:
    _, placement = letterbox(np.zeros((height, width, 3), np.uint8))
    x, y = width * 0.3, height * 0.6
    small_x, small_y = x * placement.scale_x + placement.left, y * placement.scale_y + placement.top
    assert 0 <= small_x <= 384 and 0 <= small_y <= 288
    assert placement.to_frame(small_x, small_y) == pytest.approx((x, y))


def test_a_bright_spot_is_where_the_placement_says() -> None:
    frame = np.zeros((720, 1280, 3), np.uint8)
    frame[400:440, 900:980] = 255
    small, placement = letterbox(frame)
    rows, columns = np.nonzero(small > 128)
    left, top = placement.to_frame(columns.min(), rows.min())
    right, bottom = placement.to_frame(columns.max() + 1, rows.max() + 1)
    assert (left, top, right, bottom) == pytest.approx((900, 400, 980, 440), abs=2)


def test_rows_are_averaged_with_rounding_and_without_overflow() -> None:
    rows = np.array([[255, 1], [255, 2], [255, 2], [0, 0], [0, 0], [1, 255]], np.uint8)
    assert pick_rows(rows, 2).tolist() == [[255, 2], [0, 85]]
    assert pick_rows(np.full((500, 2), 255, np.uint8), 1).tolist() == [[255, 255]]


def test_of_ten_rows_for_three_each_takes_the_three_around_its_place() -> None:
    rows = np.arange(0, 100, 10, dtype=np.uint8)[:, None]
    assert pick_rows(rows, 3).ravel().tolist() == [10, 50, 80]


def test_the_roi_is_cut_before_the_letterbox_and_boxes_come_back_in_frame_pixels() -> None:
    frame = np.zeros((960, 1280, 3), np.uint8)
    part, left, top = crop_to_roi(frame, Roi(0.5, 0.25, 1.0, 0.75))
    assert (part.shape, left, top) == ((480, 640, 3), 640, 240)
    assert part.base is not None, "a view, not a copy"
    _, placement = letterbox(frame, Roi(0.5, 0.25, 1.0, 0.75))
    assert placement.to_frame(0, 0) == (640, 240)
    assert placement.to_frame(384, 288) == (1280, 720)


def test_an_empty_roi_still_leaves_a_pixel() -> None:
    part, _, _ = crop_to_roi(np.zeros((10, 10, 3), np.uint8), Roi(1.0, 1.0, 1.0, 1.0))
    assert part.shape == (1, 1, 3)


def test_a_cell_decodes_to_the_box_of_its_numbers() -> None:
    xy = np.array([[0.25, -0.5]], np.float32)
    wh = np.array([[np.log(80) - 3.5, np.log(20) - 2.5]], np.float32)
    box = decode(np.array([10]), np.array([20]), xy, wh)
    # centre ((20.5 + 0.25) * 8, (10.5 - 0.5) * 8) = (166, 80)
    assert box[0].tolist() == pytest.approx([126, 70, 206, 90], abs=1e-3)


def test_wild_sizes_are_bounded() -> None:
    box = decode(np.array([0]), np.array([0]), np.zeros((1, 2), np.float32), np.full((1, 2), 90, np.float32))
    assert np.isfinite(box).all()


def test_the_best_of_overlapping_boxes_stays_and_a_far_one_too() -> None:
    boxes = np.array([[0, 0, 100, 30], [5, 2, 104, 33], [300, 0, 380, 20]], np.float32)
    assert suppress(boxes, np.array([0.7, 0.9, 0.5], np.float32)) == [1, 2]


def test_a_box_inside_a_better_one_is_dropped_though_its_iou_is_small() -> None:
    boxes = np.array([[0, 0, 100, 40], [10, 10, 30, 20]], np.float32)
    assert suppress(boxes, np.array([0.9, 0.8], np.float32)) == [0]


def test_nothing_above_the_threshold_gives_no_boxes() -> None:
    maps = np.zeros((36, 48, 2), np.float32)
    boxes, scores = boxes_of(np.full((36, 48), -9.0, np.float32), maps, maps, 0.4)
    assert boxes.shape == (0, 4) and scores.shape == (0,)


def test_scores_are_compared_as_logits() -> None:
    heat = np.full((36, 48), -9.0, np.float32)
    heat[4, 5], heat[30, 40] = logit(0.41), logit(0.39)
    boxes, scores = boxes_of(heat, np.zeros((36, 48, 2), np.float32), np.zeros((36, 48, 2), np.float32), 0.4)
    assert len(boxes) == 1
    assert scores[0] == pytest.approx(0.41)


def test_a_plate_box_has_its_corners_clockwise_from_top_left_in_frame_pixels() -> None:
    _, placement = letterbox(np.zeros((960, 1280, 3), np.uint8))
    plate = to_plate_box(np.array([30, 60, 90, 75], np.float32), 0.9, placement)
    assert np.allclose(plate.corners, [(100, 200), (300, 200), (300, 250), (100, 250)])
    assert plate.box == (100, 200, 200, 50)
