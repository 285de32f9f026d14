"""Letterbox, decode and suppression of the detector, on hand-made numbers."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from engine.recognise.detect import (
    GREEN,
    MOST_CLOSE_UPS,
    NEAR_WIDTHS,
    UPRIGHT,
    Detector,
    Eye,
    Placement,
    boxes_of,
    crop_to_roi,
    decode,
    letterbox,
    logit,
    mean,
    pick_rows,
    quadrangle,
    suppress,
    to_plate_box,
)
from engine.types import PlateBox, Roi


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


def test_the_mean_of_two_pictures_is_exact_in_eight_bits_rounded_as_told() -> None:
    a, b = (level.ravel().astype(np.uint8) for level in np.meshgrid(np.arange(256), np.arange(256)))
    sums = a.astype(np.uint16) + b
    assert np.array_equal(mean(a.copy(), b, False), sums // 2)
    assert np.array_equal(mean(a.copy(), b, True), (sums + 1) // 2)


def test_of_ten_rows_for_three_each_is_the_mean_of_two_around_its_place() -> None:
    rows = np.arange(0, 200, 20, dtype=np.uint8)[:, None]
    # rows 0 and 2, 4 and 5, 7 and 9
    assert pick_rows(rows, 3).ravel().tolist() == [20, 90, 160]


def test_of_eight_rows_for_one_all_count() -> None:
    rows = np.array([0, 8, 16, 24, 32, 40, 48, 56], np.uint8)[:, None]
    assert pick_rows(rows, 1).tolist() == [[28]]
    assert pick_rows(np.full((5000, 2), 255, np.uint8), 1).tolist() == [[255, 255]]


def test_rows_of_a_colour_picture_are_those_of_its_green() -> None:
    rgb = np.random.default_rng(3).integers(0, 256, (97, 31, 3), dtype=np.uint8)
    assert np.array_equal(pick_rows(rgb, 20), pick_rows(np.ascontiguousarray(rgb[:, :, GREEN]), 20))


def test_a_colour_frame_is_shrunk_within_less_than_half_of_its_own_memory() -> None:
    rgb = np.zeros((1080, 1920, 3), np.uint8)
    tracemalloc.start()
    try:
        letterbox(rgb)
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak_bytes < rgb.nbytes / 2


def test_the_detector_sees_the_green_of_a_colour_frame() -> None:
    frame = np.zeros((960, 1280, 3), np.uint8)
    frame[...] = (10, 130, 250)
    assert set(np.unique(letterbox(frame)[0])) == {130}
    assert set(np.unique(letterbox(frame[:200, :300])[0])) == {114, 130}


def test_a_grey_frame_of_the_input_s_own_size_goes_through_as_it_is() -> None:
    frame = np.random.default_rng(0).integers(0, 256, (288, 384)).astype(np.uint8)
    small, placement = letterbox(frame)
    assert np.array_equal(small, frame)
    assert placement.to_frame(5, 7) == (5, 7)


def test_a_grey_frame_gives_what_the_same_frame_in_colour_gives() -> None:
    grey = np.random.default_rng(0).integers(0, 256, (960, 1280)).astype(np.uint8)
    assert np.array_equal(letterbox(grey)[0], letterbox(np.repeat(grey[:, :, None], 3, axis=2))[0])


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
    boxes, scores, cells = boxes_of(np.full((36, 48), -9.0, np.float32), maps, maps, 0.4)
    assert boxes.shape == (0, 4) and scores.shape == (0,) and cells.shape == (0, 2)


def test_scores_are_compared_as_logits() -> None:
    heat = np.full((36, 48), -9.0, np.float32)
    heat[4, 5], heat[30, 40] = logit(0.41), logit(0.39)
    boxes, scores, cells = boxes_of(heat, np.zeros((36, 48, 2), np.float32), np.zeros((36, 48, 2), np.float32), 0.4)
    assert len(boxes) == 1
    assert scores[0] == pytest.approx(0.41)
    assert cells.tolist() == [[4, 5]]


def test_corners_that_do_not_move_are_the_box_s_own() -> None:
    corners = quadrangle(np.array([30, 60, 90, 75], np.float32), np.zeros(8, np.float32))
    assert corners.tolist() == [[30, 60], [90, 60], [90, 75], [30, 75]]


def test_a_tilted_plate_s_corners_lie_on_the_sides_of_its_box() -> None:
    box = np.array([100, 100, 200, 150], np.float32)
    moved = np.array([[0, 0.5], [-0.1, 0], [0, -0.5], [0.1, 0]], np.float32).ravel()
    assert quadrangle(box, moved).ravel() == pytest.approx([100, 125, 190, 100, 200, 125, 110, 150])


def test_corners_that_do_not_fill_their_box_are_stretched_to_it() -> None:
    box = np.array([100, 100, 200, 150], np.float32)
    inside = np.array([[0.1, 0.4], [-0.2, 0.1], [-0.1, -0.4], [0.2, -0.1]], np.float32)
    corners = quadrangle(box, inside.ravel())
    assert [*corners.min(0), *corners.max(0)] == pytest.approx(box.tolist())


def test_corners_that_all_fall_together_leave_the_plate_upright() -> None:
    box = np.array([100, 100, 200, 150], np.float32)
    assert quadrangle(box, (0.5 - UPRIGHT).ravel()).ravel() == pytest.approx([100, 100, 200, 100, 200, 150, 100, 150])


def test_a_plate_box_has_its_corners_in_frame_pixels() -> None:
    _, placement = letterbox(np.zeros((960, 1280, 3), np.uint8))
    plate = to_plate_box(np.array([[30, 63], [87, 60], [90, 72], [33, 75]], np.float32), 0.9, placement)
    assert np.allclose(plate.corners, [(100, 210), (290, 200), (300, 240), (110, 250)])
    assert plate.box == (100, 200, 200, 50)


def boxed(left: float, top: float, width: float, height: float, score: float) -> PlateBox:
    right, bottom = left + width, top + height
    return PlateBox(((left, top), (right, top), (right, bottom), (left, bottom)), score)


class ScriptedEye(Eye):
    """Finds what a test says, and notes where it looked. `size`: of its input, (height, width)."""

    def __init__(self, found: list[PlateBox], size: tuple[int, int] = (288, 384)) -> None:
        self.found = found
        self.size = size
        self.looks: list[tuple[tuple[int, int], Placement]] = []

    def find(self, small: np.ndarray, placement: Placement, threshold: float) -> list[PlateBox]:
        self.looks.append(((small.shape[0], small.shape[1]), placement))
        return [plate for plate in self.found if plate.score >= threshold]


class Scripted(Detector):
    """Finds `first` in a whole frame and `nearer` in any window of it."""

    def __init__(
        self, first: list[PlateBox], nearer: list[PlateBox], widths: float = 4.5, size: tuple[int, int] = (288, 384)
    ) -> None:
        self.threshold = 0.3
        self._front, self._near, self._near_widths = ScriptedEye(first), ScriptedEye(nearer, size), widths

    @property
    def windows(self) -> list[Placement]:
        assert isinstance(self._near, ScriptedEye)
        assert {size for size, _ in self._near.looks} <= {self._near.size}
        return [placement for _, placement in self._near.looks]


FRAME = np.zeros((960, 1280, 3), np.uint8)


def test_a_wide_plate_is_taken_at_once_when_its_score_reaches_the_threshold() -> None:
    sure, unsure = boxed(100, 100, 200, 50, 0.31), boxed(100, 500, 200, 50, 0.29)
    detector = Scripted([sure, unsure], [])
    assert detector.look(FRAME) == [sure]
    assert detector.windows == []


def test_a_small_plate_is_looked_at_from_nearer_and_taken_as_it_is_seen_there() -> None:
    nearer = boxed(605, 402, 80, 38, 0.8)
    detector = Scripted([boxed(600, 400, 100, 50, 0.26)], [nearer, boxed(480, 400, 60, 30, 0.9)])
    assert detector.look(FRAME) == [nearer]
    (window,) = detector.windows
    # 450 pixels around the plate's middle fill the input's 384
    assert window.scale_x == pytest.approx(384 / 450, rel=0.01)
    assert window.to_frame(192, 144) == pytest.approx((650, 425), abs=1)


def test_the_network_for_close_ups_alone_sees_three_plate_widths_in_its_own_size() -> None:
    nearer = boxed(605, 402, 80, 38, 0.8)
    detector = Scripted([boxed(600, 400, 100, 50, 0.26)], [nearer], NEAR_WIDTHS, (144, 192))
    assert detector.look(FRAME) == [nearer]
    (window,) = detector.windows
    assert window.scale_x == pytest.approx(192 / 300, rel=0.01)
    assert window.to_frame(96, 72) == pytest.approx((650, 425), abs=1)


def test_a_small_box_in_which_nothing_is_found_from_nearer_is_no_plate() -> None:
    assert Scripted([boxed(600, 400, 100, 50, 0.9)], [boxed(800, 400, 60, 30, 0.49)]).look(FRAME) == []


def test_a_faint_plate_is_looked_at_only_while_nothing_better_was_found() -> None:
    nearer = boxed(600, 400, 80, 40, 0.8)
    faint = boxed(595, 395, 90, 50, 0.11)
    detector = Scripted([faint, boxed(100, 100, 90, 50, 0.09)], [nearer])
    assert detector.look(FRAME) == [nearer]
    assert len(detector.windows) == 1
    beside = Scripted([boxed(100, 100, 200, 50, 0.31), faint], [nearer])
    assert beside.look(FRAME) == [boxed(100, 100, 200, 50, 0.31)]
    assert beside.windows == []


def test_asked_for_more_the_faint_ones_are_looked_at_too_as_often_as_a_frame_may_cost() -> None:
    nearer = boxed(600, 400, 80, 40, 0.8)
    taken, faint, large = boxed(100, 100, 200, 50, 0.31), boxed(595, 395, 90, 50, 0.11), boxed(100, 600, 400, 99, 0.2)
    looks = (detector := Scripted([taken, large, faint], [nearer])).looks(FRAME)
    assert next(looks) == [taken]
    assert next(looks) == [nearer]
    assert len(detector.windows) == 2, "the faint one and the whole frame: a large one has nothing more to show"
    assert list(looks) == []
    faints = [boxed(40 * k, 400, 30, 15, 0.2) for k in range(20)]
    assert list((many := Scripted([taken, *faints], [])).looks(FRAME)) == [[taken], []]
    assert len(many.windows) == MOST_CLOSE_UPS + 1


def test_asked_for_more_the_whole_frame_is_looked_at_in_half_the_size() -> None:
    taken, same, other = boxed(100, 100, 200, 50, 0.31), boxed(101, 100, 200, 51, 0.9), boxed(500, 500, 300, 80, 0.5)
    looks = (detector := Scripted([taken], [same, other], NEAR_WIDTHS, (144, 192))).looks(FRAME)
    assert next(looks) == [taken]
    assert next(looks) == [other], "what was found before is not told again"
    (window,) = detector.windows
    assert window.scale_x == pytest.approx(192 / 1280)
    assert window.to_frame(0, 0) == pytest.approx((0, 0), abs=1)


def test_a_close_up_of_a_plate_wider_than_a_third_of_the_frame_shows_no_more_than_the_frame() -> None:
    detector = Scripted([], [], NEAR_WIDTHS, (144, 192))
    assert detector.fits_close_up(FRAME, boxed(10, 10, 426, 90, 0.5))
    assert not detector.fits_close_up(FRAME, boxed(10, 10, 427, 90, 0.5))


def test_where_nothing_is_found_a_plate_that_fills_the_frame_is_looked_for_at_half_the_size() -> None:
    plate = boxed(20, 200, 1240, 600, 0.5)
    detector = Scripted([], [plate, boxed(400, 400, 200, 50, 0.49)], NEAR_WIDTHS, (144, 192))
    assert detector.look(FRAME) == [plate]
    (window,) = detector.windows
    assert window.scale_x == pytest.approx(96 / 1280)
    assert window.to_frame(48, 36) == pytest.approx((0, 0), abs=1)
    assert window.to_frame(144, 108) == pytest.approx((1280, 960), abs=1)


def test_the_look_at_half_the_size_has_the_bars_and_the_region_of_interest_of_the_whole_one() -> None:
    detector = Scripted([], [], NEAR_WIDTHS, (144, 192))
    detector.look(np.zeros((480, 1280, 3), np.uint8), Roi(0.5, 0.0, 1.0, 0.5))
    (window,) = detector.windows
    # 640 x 240 pixels from (640, 0) on, 96 x 36 in the middle of the network's input
    assert window.to_frame(48, 54) == pytest.approx((640, 0), abs=1)
    assert window.to_frame(144, 90) == pytest.approx((1280, 240), abs=1)


def test_a_small_frame_has_nothing_more_to_show_from_nearer() -> None:
    plate = boxed(200, 100, 30, 15, 0.5)
    detector = Scripted([plate], [])
    assert detector.look(FRAME[:300, :400]) == [plate]
    assert detector.windows == []


def test_the_nearer_look_stays_within_the_frame() -> None:
    detector = Scripted([boxed(1250, 5, 30, 15, 0.9)], [])
    detector.look(FRAME)
    assert detector.windows[0].to_frame(384, 0) == pytest.approx((1280, 0), abs=1)


def test_two_small_boxes_that_turn_out_to_be_one_plate_are_one() -> None:
    nearer = boxed(600, 400, 80, 40, 0.8)
    assert Scripted([boxed(600, 400, 100, 50, 0.5), boxed(570, 390, 90, 50, 0.4)], [nearer]).look(FRAME) == [nearer]


def test_a_frame_full_of_fences_is_looked_at_only_so_often() -> None:
    detector = Scripted([boxed(40 * k, 400, 30, 15, 0.9) for k in range(20)], [])
    detector.look(FRAME)
    assert len(detector.windows) == MOST_CLOSE_UPS + 1, "and once for a plate that fills the frame"
