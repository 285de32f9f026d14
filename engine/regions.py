"""Regions: parts of the picture, each a rectangle or a polygon, as the settings hold them, and what corners make a polygon.

The settings keep rectangles, which every release reads; corners beside them count while a rectangle is the one that they span.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Protocol

from board.kit.errors import ConfigError
from board.kit.words import Text
from engine.types import Box, Point, Roi

Rectangle = tuple[float, float, float, float]
"""left, top, right, bottom in fractions 0..1 of width and height."""
Corners = tuple[Point, ...]
"""Of a polygon, in their order around it, in fractions 0..1 of width and height."""

FEWEST_CORNERS, MOST_CORNERS = 3, 8
LEAST_PCT = 0.1
"""Of the picture: a smaller region holds no plate that can be read, nor a text that must be masked."""

GRID = 50
"""Points across and down."""
WHOLE = Roi(0.0, 0.0, 1.0, 1.0)


class Drawn(Protocol):
    """What of the LPR settings is drawn on the picture (engine/settings/lpr.py), or their plain values (board/kit/values.py)."""

    @property
    def roi(self) -> Rectangle | None: ...
    @property
    def roi_corners(self) -> Corners: ...
    @property
    def masks(self) -> tuple[Rectangle, ...]: ...
    @property
    def mask_corners(self) -> tuple[Corners, ...]: ...


def region_of(settings: Drawn) -> Roi | None:
    """The region of interest; None: the whole picture."""
    if settings.roi is None:
        return None
    return next(_with_corners([settings.roi], [settings.roi_corners]))


def masks_of(settings: Drawn) -> list[Roi]:
    """Where no plate is looked for."""
    return list(_with_corners(settings.masks, settings.mask_corners))


def is_covered(settings: Drawn) -> bool:
    """Whether the masks leave nothing of the region of interest (looked at in points of a grid): no plate could be read."""
    masks, region = masks_of(settings), region_of(settings) or WHOLE
    across, down = (region.right - region.left) / GRID, (region.bottom - region.top) / GRID
    points = ((region.left + (x + 0.5) * across, region.top + (y + 0.5) * down) for x in range(GRID) for y in range(GRID))
    return bool(masks) and all(any(each.holds(*point) for each in masks) for point in points if region.holds(*point))


def corners_of(region: Roi) -> Corners:
    """Of a rectangle too, from the top left one clockwise."""
    return region.corners or _around((region.left, region.top, region.right, region.bottom))


def area_pct(region: Roi) -> float:
    """Of the picture, 0 to 100."""
    return 100 * abs(_twice_area(corners_of(region))) / 2


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, 0..1."""
    across = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    down = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    shared = max(across, 0) * max(down, 0)
    return shared / (a[2] * a[3] + b[2] * b[3] - shared) if shared else 0.0


def span(corners: Corners) -> Rectangle:
    """The rectangle around them."""
    across, down = [x for x, _ in corners], [y for _, y in corners]
    return min(across), min(down), max(across), max(down)


def check_rectangle(rectangle: Rectangle, why: Text) -> None:
    """Raises ConfigError(why) for one that is empty, turned round or reaches out of the picture."""
    left, top, right, bottom = rectangle
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ConfigError(why)


def check_size(corners: Corners) -> None:
    """Raises ConfigError for a region in which nothing can be read."""
    pct = 100 * abs(_twice_area(corners)) / 2
    if pct < LEAST_PCT:
        raise ConfigError("is too small: {pct:.2f} % of the picture, at least {least} % are needed", pct=pct, least=LEAST_PCT)


def check_rectangle_size(rectangle: Rectangle) -> None:
    """As `check_size`."""
    check_size(_around(rectangle))


def check_polygon(corners: Corners) -> None:
    """Raises ConfigError with what keeps the corners from being a polygon in the picture."""
    if not FEWEST_CORNERS <= len(corners) <= MOST_CORNERS:
        raise ConfigError("must have {fewest} to {most} corners", fewest=FEWEST_CORNERS, most=MOST_CORNERS)
    for number, (x, y) in enumerate(corners, 1):
        if not (0 <= x <= 1 and 0 <= y <= 1):
            raise ConfigError("corner {number} lies outside the picture", number=number)
    crossing = _crossing(corners)
    if crossing is not None:
        raise ConfigError(
            "the sides from corner {first} and from corner {second} cross: go once around the region",
            first=crossing[0] + 1,
            second=crossing[1] + 1,
        )
    check_size(corners)


def matched(rectangles: Sequence[Rectangle], polygons: Sequence[Corners]) -> tuple[Corners, ...]:
    """Those of the polygons that one of the rectangles, each for one, is spanned by."""
    return tuple(region.corners for region in _with_corners(rectangles, polygons) if region.corners)


def follow_change(new: Drawn, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What of the regions follows from what was changed since `stored`: new corners set their rectangle, a rectangle that was
    changed alone (by a program that knows of no corners) loses its corners."""
    roi, corners = new.roi, new.roi_corners
    if corners and corners != stored.get("roi_corners"):
        roi = span(corners)
    elif not corners or roi != span(corners):
        corners = ()
    masks, before = new.masks, tuple(stored.get("mask_corners") or ())
    if masks == stored.get("masks"):
        gone = [span(each) for each in before if each not in new.mask_corners]
        masks = tuple(each for each in masks if each not in gone)
    masks += tuple(span(each) for each in new.mask_corners if each not in before and span(each) not in masks)
    return {"roi": roi, "roi_corners": corners, "masks": masks, "mask_corners": matched(masks, new.mask_corners)}


def _with_corners(rectangles: Sequence[Rectangle], polygons: Sequence[Corners]) -> Iterator[Roi]:
    left = [each for each in polygons if each]
    for rectangle in rectangles:
        corners: Corners = next((each for each in left if span(each) == tuple(rectangle)), ())
        if corners:
            left.remove(corners)
        yield Roi(*rectangle, corners)


def _around(rectangle: Rectangle) -> Corners:
    left, top, right, bottom = rectangle
    return (left, top), (right, top), (right, bottom), (left, bottom)


def _twice_area(corners: Corners) -> float:
    return sum(a[0] * b[1] - b[0] * a[1] for a, b in _sides(corners))


def _sides(corners: Corners) -> list[tuple[Point, Point]]:
    return list(zip(corners, (*corners[1:], corners[0]), strict=True))


def _crossing(corners: Corners) -> tuple[int, int] | None:
    """The numbers of two sides that have more in common than the corner between them; None: there are none."""
    sides = _sides(corners)
    for (one, first), (other, second) in itertools.combinations(enumerate(sides), 2):
        if other == one + 1:
            meets = _turns_back(*first, second[1])
        elif one == 0 and other == len(sides) - 1:
            meets = _turns_back(*second, first[1])
        else:
            meets = _meet(first, second)
        if meets:
            return one, other
    return None


def _side_of(a: Point, b: Point, point: Point) -> float:
    """Positive on one side of the line from a to b, negative on the other, 0 on it."""
    return (b[0] - a[0]) * (point[1] - a[1]) - (b[1] - a[1]) * (point[0] - a[0])


def _turns_back(a: Point, b: Point, c: Point) -> bool:
    """Whether the way on from b to c lies on the one from a to b."""
    return _side_of(a, b, c) == 0 and (b[0] - a[0]) * (c[0] - b[0]) + (b[1] - a[1]) * (c[1] - b[1]) <= 0


def _meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Whether the two have a point in common."""
    ends = (_side_of(*one, other[0]), _side_of(*one, other[1]), _side_of(*other, one[0]), _side_of(*other, one[1]))
    if ends[0] * ends[1] < 0 and ends[2] * ends[3] < 0:
        return True
    points = ((one, other[0], ends[0]), (one, other[1], ends[1]), (other, one[0], ends[2]), (other, one[1], ends[3]))
    return any(side == 0 and _between(*line, point) for line, point, side in points)


def _between(a: Point, b: Point, point: Point) -> bool:
    """Of a point on the line through a and b."""
    return min(a[0], b[0]) <= point[0] <= max(a[0], b[0]) and min(a[1], b[1]) <= point[1] <= max(a[1], b[1])
