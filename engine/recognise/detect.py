"""Plate detector: a frame in, plate boxes in frame pixels out (letterbox, int8 network, decode, suppression)."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from board.kit.errors import ModelError
from engine.recognise.interpreter import Network
from engine.types import PlateBox, Roi

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

INPUT_HEIGHT = 288
INPUT_WIDTH = 384
FILL = 114
STRIDE = 8
LOG_WIDTH = 3.5
"""A cell's box is exp(wh0 + LOG_WIDTH) wide and exp(wh1 + LOG_HEIGHT) high, in pixels of the network's input."""
LOG_HEIGHT = 2.5
SAME_IOU = 0.3
SAME_OVERLAP = 0.6
"""A box is dropped when a better one has IoU >= SAME_IOU with it, or covers SAME_OVERLAP of the smaller of the two."""
MOST_CELLS = 400
MOST_ROWS = 250
"""Rows of 255 that add up in 16 bits."""
ROWS_RATIO = 1.5
"""Frames at least so many times as high as the input are shrunk by rows first."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the read part of the frame lies in the network's input: input = (frame - origin) * scale + offset, per axis."""

    origin_x: int
    origin_y: int
    scale_x: float
    scale_y: float
    left: int
    top: int

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """A point of the network's input in frame pixels."""
        return (x - self.left) / self.scale_x + self.origin_x, (y - self.top) / self.scale_y + self.origin_y


def crop_to_roi(rgb: U8, roi: Roi | None) -> tuple[U8, int, int]:
    """The part of a frame inside the ROI (a view, no copy) and the frame position of its top left pixel."""
    if roi is None:
        return rgb, 0, 0
    height, width = rgb.shape[:2]
    left = min(max(int(roi.left * width), 0), width - 1)
    top = min(max(int(roi.top * height), 0), height - 1)
    right = min(max(math.ceil(roi.right * width), left + 1), width)
    bottom = min(max(math.ceil(roi.bottom * height), top + 1), height)
    return rgb[top:bottom, left:right], left, top


def pick_rows(picture: U8, height: int) -> U8:
    """`height` rows of a taller picture, each the mean of the whole rows around its place.

    An area average but for fractions of rows, at a third of its cost: rows are added as they lie, before any pixel is
    made grey or moved."""
    ratio = picture.shape[0] / height
    count = min(round(ratio), MOST_ROWS)
    centres = (np.arange(height) + 0.5) * ratio
    first = np.clip(np.floor(centres - count / 2 + 0.5).astype(np.intp), 0, picture.shape[0] - count)
    total: NDArray[np.uint16] = picture[first].astype(np.uint16)
    for offset in range(1, count):
        total += picture[first + offset]
    total += count // 2
    total //= count
    return total.astype(np.uint8)


def shrink_to_grey(picture: U8, width: int, height: int) -> U8:
    """RGB (H, W, 3) or grey (H, W) as grey (height, width): area averaged where it shrinks, else bilinear."""
    image = Image.fromarray(picture)
    if image.mode != "L":
        image = image.convert("L")
    if image.size != (width, height):
        shrinks = image.width >= width and image.height >= height
        image = image.resize((width, height), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    return np.asarray(image)


def letterbox(picture: U8, roi: Roi | None = None) -> tuple[U8, Placement]:
    """A frame (H, W, 3) or (H, W) as the network's grey input (288, 384), its aspect kept, filled with 114 where it ends."""
    part, origin_x, origin_y = crop_to_roi(picture, roi)
    height, width = part.shape[:2]
    scale = min(INPUT_WIDTH / width, INPUT_HEIGHT / height)
    new_width = min(max(round(width * scale), 1), INPUT_WIDTH)
    new_height = min(max(round(height * scale), 1), INPUT_HEIGHT)
    if height >= ROWS_RATIO * new_height:
        part = pick_rows(part, new_height)
    small = shrink_to_grey(part, new_width, new_height)
    left, top = (INPUT_WIDTH - new_width) // 2, (INPUT_HEIGHT - new_height) // 2
    placement = Placement(origin_x, origin_y, new_width / width, new_height / height, left, top)
    if small.shape == (INPUT_HEIGHT, INPUT_WIDTH):
        return small, placement
    canvas = np.full((INPUT_HEIGHT, INPUT_WIDTH), FILL, np.uint8)
    canvas[top : top + new_height, left : left + new_width] = small
    return canvas, placement


def decode(rows: NDArray[np.intp], columns: NDArray[np.intp], xy: F32, wh: F32) -> F32:
    """Cells (n,) with their outputs (n, 2) as boxes (n, 4): left, top, right, bottom in pixels of the network's input."""
    centre_x = (columns + 0.5 + xy[:, 0]) * STRIDE
    centre_y = (rows + 0.5 + xy[:, 1]) * STRIDE
    half_width = np.exp(np.clip(wh[:, 0] + LOG_WIDTH, 0, 7)) / 2
    half_height = np.exp(np.clip(wh[:, 1] + LOG_HEIGHT, 0, 7)) / 2
    edges = (centre_x - half_width, centre_y - half_height, centre_x + half_width, centre_y + half_height)
    return np.stack(edges, axis=1).astype(np.float32)


def suppress(boxes: F32, scores: F32) -> list[int]:
    """The indices of the boxes that stay, best first, each the best of its neighbourhood."""
    order = np.argsort(-scores, kind="stable")[:MOST_CELLS]
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    kept: list[int] = []
    while order.size:
        best, order = order[0], order[1:]
        kept.append(int(best))
        across = np.minimum(boxes[best, 2], boxes[order, 2]) - np.maximum(boxes[best, 0], boxes[order, 0])
        down = np.minimum(boxes[best, 3], boxes[order, 3]) - np.maximum(boxes[best, 1], boxes[order, 1])
        shared = np.maximum(across, 0) * np.maximum(down, 0)
        iou = shared / (area[best] + area[order] - shared)
        overlap = shared / np.minimum(area[best], area[order])
        order = order[(iou < SAME_IOU) & (overlap < SAME_OVERLAP)]
    return kept


def logit(score: float) -> float:
    """The inverse of the sigmoid: scores are compared as logits, so that no cell's exponential is taken in vain."""
    return math.log(score / (1.0 - score))


def boxes_of(heat: F32, wh: F32, xy: F32, threshold: float) -> tuple[F32, F32]:
    """Output maps (36, 48), (36, 48, 2), (36, 48, 2) as boxes (n, 4) in input pixels and scores (n,), best first."""
    rows, columns = np.nonzero(heat >= logit(threshold))
    boxes = decode(rows, columns, xy[rows, columns], wh[rows, columns])
    scores = (1.0 / (1.0 + np.exp(-heat[rows, columns]))).astype(np.float32)
    kept = suppress(boxes, scores)
    return boxes[kept], scores[kept]


def to_plate_box(box: F32, score: float, placement: Placement) -> PlateBox:
    """A box in input pixels as corners in frame pixels: clockwise from top left; upright until the network gives corners."""
    left, top = placement.to_frame(float(box[0]), float(box[1]))
    right, bottom = placement.to_frame(float(box[2]), float(box[3]))
    return PlateBox(((left, top), (right, top), (right, bottom), (left, bottom)), score)


class Detector:
    """The detector model at work. Not for two threads at once."""

    def __init__(self, network: Network) -> None:
        """ModelError when the card's decode constants or output names are not those of this decoder."""
        constants = {"stride": STRIDE, "log_width": LOG_WIDTH, "log_height": LOG_HEIGHT}
        decoded = network.card.get("decode")
        if not isinstance(decoded, dict) or any(decoded.get(key) != value for key, value in constants.items()):
            raise ModelError(f"{network.path}: its card decodes by {decoded}, this engine by {constants}: install a fitting model")
        self._network = network
        self._heat, self._wh, self._xy = (network.output(name) for name in ("heat", "wh", "xy"))
        self.threshold = float(network.card.get("threshold", 0.4))

    def find(self, small: U8, placement: Placement) -> list[PlateBox]:
        """The plates of a letterboxed frame, best first, in frame pixels. Only cells above the threshold leave int8."""
        raw = self._network.run(small)
        heat, scale, zero = self._network.quantised(raw, self._heat)
        rows, columns = np.nonzero(heat[..., 0] >= math.ceil(logit(self.threshold) / scale + zero))
        if not rows.size:
            return []
        xy, wh = (self._network.values(raw, index, (rows, columns)) for index in (self._xy, self._wh))
        scores = (1.0 / (1.0 + np.exp((zero - heat[rows, columns, 0].astype(np.float32)) * scale))).astype(np.float32)
        boxes = decode(rows, columns, xy, wh)
        return [to_plate_box(boxes[i], float(scores[i]), placement) for i in suppress(boxes, scores)]
