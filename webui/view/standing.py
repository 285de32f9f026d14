"""Texts that stand in the picture: read again and again at the very same place, they are a sign, a line that the camera writes or a
parked car, and get a mask by one click."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import timedelta

from engine.regions import iou, masks_of
from engine.types import Passage
from webui.portal import Portal
from webui.view import shapes
from webui.view.passages import image_address

LEAST_READS = 5
LEAST_TIME = timedelta(hours=1)
SAME_PLACE_IOU = 0.8
"""Two stops of one car at a barrier hardly share so much: 4 pixels are too many for a plate of 40 x 20."""
LEAST_SHARE = 0.8
"""Of all reads of a text. One that is also read elsewhere drives."""
AROUND = 0.25
"""How far its mask reaches beyond the plate, in parts of its width and height."""


def standing(portal: Portal, seen: Sequence[Passage]) -> list[shapes.Standing]:
    """Those among `seen`, newest first, that no mask covers; the most frequent first."""
    masks = masks_of(portal.lpr())
    by_text: dict[str, list[Passage]] = defaultdict(list)
    for passage in seen:
        by_text[passage.plate].append(passage)
    found = []
    for text, passages in by_text.items():
        newest = passages[0]
        there = [each for each in passages if each.size == newest.size and iou(each.box, newest.box) >= SAME_PLACE_IOU]
        if len(there) < LEAST_READS or len(there) < LEAST_SHARE * len(passages) or newest.at - there[-1].at < LEAST_TIME:
            continue
        mask = _around(newest)
        if not any(each.holds(*_middle(mask)) for each in masks):
            found.append(
                shapes.Standing(
                    plate=text,
                    times=len(there),
                    since=portal.local(there[-1].at),
                    until=portal.local(newest.at),
                    picture=image_address(newest.images.plate),
                    mask=mask,
                )
            )
    return sorted(found, key=lambda each: each["times"], reverse=True)


def _around(passage: Passage) -> list[float]:
    """The mask of its place: left, top, right, bottom in fractions of the picture."""
    (x, y, width, height), (across, down) = passage.box, passage.size
    beside, above = AROUND * width, AROUND * height
    sides = (x - beside) / across, (y - above) / down, (x + width + beside) / across, (y + height + above) / down
    return [round(min(max(side, 0.0), 1.0), 4) for side in sides]


def _middle(mask: Sequence[float]) -> tuple[float, float]:
    left, top, right, bottom = mask
    return (left + right) / 2, (top + bottom) / 2
