"""Lanes and the region of interest."""

from __future__ import annotations

import pytest

from engine.reading.passages.lanes import inside, lane_of
from engine.types import Box, LaneLine, Roi

SIZE = (1000, 1000)


def test_without_a_line_there_is_no_lane() -> None:
    assert lane_of((10, 10, 100, 30), None, SIZE) == 0


@pytest.mark.parametrize(("centre_x", "lane"), [(100, 1), (499, 1), (501, 2), (900, 2)])
def test_left_of_a_vertical_line_is_lane_1_and_right_of_it_lane_2(centre_x: int, lane: int) -> None:
    line = LaneLine((0.5, 0.0), (0.5, 1.0))
    assert lane_of((centre_x - 50, 600, 100, 30), line, SIZE) == lane
    assert lane_of((centre_x - 50, 600, 100, 30), LaneLine(line.bottom, line.top), SIZE) == lane


def test_a_slanted_line_counts_at_the_plates_height_and_beyond_its_ends() -> None:
    line = LaneLine((0.6, 0.2), (0.4, 0.8))
    assert lane_of((500, 185, 100, 30), line, SIZE) == 1
    assert lane_of((360, 785, 100, 30), line, SIZE) == 2
    assert lane_of((310, 950, 40, 30), line, SIZE) == 1
    assert lane_of((640, 0, 40, 30), line, SIZE) == 1
    assert lane_of((700, 0, 40, 30), line, SIZE) == 2


ROI = Roi(0.1, 0.2, 0.9, 1.0)


@pytest.mark.parametrize(
    ("box", "is_inside"),
    [
        ((300, 300, 200, 50), True),
        ((105, 300, 200, 50), True),
        ((102, 300, 200, 50), False),
        ((50, 300, 200, 50), False),
        ((690, 300, 200, 50), True),
        ((700, 300, 200, 50), False),
        ((300, 203, 200, 50), False),
        ((300, 950, 200, 50), True),
    ],
)
def test_a_plate_must_lie_wholly_inside_and_a_tenth_of_its_height_from_the_edge(box: Box, is_inside: bool) -> None:
    assert inside(box, ROI, SIZE) is is_inside


SLOPE = Roi(0.1, 0.2, 0.9, 1.0, ((0.1, 0.2), (0.9, 0.2), (0.1, 1.0)))


@pytest.mark.parametrize(
    ("box", "is_inside"),
    [
        ((300, 300, 200, 50), True),
        ((300, 700, 200, 50), False),
        ((410, 600, 200, 50), False),
        ((390, 560, 200, 50), True),
        ((102, 300, 200, 50), False),
        ((105, 203, 200, 50), False),
    ],
)
def test_of_a_polygon_the_centre_of_the_plate_counts_within_the_rectangle_that_is_searched(box: Box, is_inside: bool) -> None:
    assert inside(box, SLOPE, SIZE) is is_inside


def test_without_a_region_only_a_plate_cut_off_at_the_side_of_the_picture_is_outside() -> None:
    assert inside((0, 0, 200, 50), None, SIZE)
    assert not inside((-3, 300, 200, 50), None, SIZE)
    assert not inside((801, 300, 200, 50), None, SIZE)
