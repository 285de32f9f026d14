"""Lanes: which lane a plate is in and whether it lies in the region of interest.

Sources: manual 4.2, Live tab; manual 4.5, LPR configuration tab.
"""

from __future__ import annotations

from engine.types import Box, LaneLine, Roi


def lane_of(box: Box, line: LaneLine | None, size: tuple[int, int]) -> int:
    """1: the plate's centre is left of the line (drawn on beyond its ends), 2: right of it or on it, 0: no line.

    `size`: the frame's (width, height). Which of the line's points was drawn first does not matter."""
    if line is None:
        return 0
    (top_x, top_y), (bottom_x, bottom_y) = sorted((line.top, line.bottom), key=lambda point: (point[1], point[0]))
    x, y, width, height = box
    from_top_x = (x + width / 2) / size[0] - top_x
    from_top_y = (y + height / 2) / size[1] - top_y
    # The cross product's sign says on which side of the downward line the centre lies.
    return 1 if (bottom_x - top_x) * from_top_y - (bottom_y - top_y) * from_top_x > 0 else 2


def inside(box: Box, roi: Roi | None, size: tuple[int, int]) -> bool:
    """Whether the plate lies wholly inside the region of interest, or the picture's left and right edge where there is none; of a
    polygon inside the rectangle around it, and with its centre in the polygon.

    A plate is only looked for inside that rectangle: one that reaches its edge is cut off there, and so is its text. Hence a plate
    keeps a tenth of its height away from every edge of the rectangle that is not an edge of the picture."""
    x, y, width, height = box
    if roi is None:
        roi = Roi(0.0, 0.0, 1.0, 1.0)
    gap = max(1.0, height * 0.1)
    left, right = roi.left * size[0] + (gap if roi.left > 0 else 0), roi.right * size[0] - (gap if roi.right < 1 else 0)
    top = roi.top * size[1] + gap if roi.top > 0 else -float(size[1])
    bottom = roi.bottom * size[1] - gap if roi.bottom < 1 else 2.0 * size[1]
    if not (x >= left and x + width <= right and y >= top and y + height <= bottom):
        return False
    return not roi.corners or roi.holds((x + width / 2) / size[0], (y + height / 2) / size[1])
