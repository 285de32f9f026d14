"""Plate detector: a frame in, plates with their four corners in frame pixels out (letterbox, int8 network, decode, suppression);
small plates are looked at again in a close-up."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from board.kit.dataclass import dataclass
from board.kit.errors import ModelError
from engine.recognise.interpreter import Network
from engine.types import PlateBox, Roi

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Edges = tuple[float, float, float, float]

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
ROWS_RATIO = 1.5
"""Frames at least this many times as high as the input are shrunk by rows first."""
GREEN = 1
"""The channel that the detector sees: half of a colour sensor's pixels are green, and taking one costs a third of weighing all."""
UPRIGHT = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
"""The corners of a box in shares of its width and height: top left, top right, bottom right, bottom left."""
SMALL_PX = 46.0
"""A plate narrower than this in the network's input is looked for again in a close-up, and dropped when the close-up shows none."""
MOST_SCALE = 0.7
"""A close-up of a frame that was shrunk by less than this would show nothing new."""
CLOSE_UP_WIDTHS = 4.5
"""Width of the close-up window, in plate widths; its height is three quarters of that."""
NEAR_WIDTHS = 3.0
"""The same for the network that is for close-ups alone: its input is half as wide, so that the plate is 64 pixels wide in it. On
540 scenes of the training side it finds plates as well as the whole network, at a quarter of the cost (docs/training.md, "The
close-up")."""
FAINT = 0.25
"""Lowest score of a small plate in the whole frame; in the close-up the threshold of the model's card applies."""
FAINTEST = 0.1
"""The same while nothing was found in the frame. Of 891 training-side scenes, shrunk so that their plates are small, 89.4 % of the
plates are found so instead of 87.9 at 0.3 close-ups a frame more, and no more boxes are false plates; looking at all of these in
every frame finds 90.5 %, at 5 close-ups more and half as many false plates again."""
LARGE = 0.5
"""Lowest score of a plate in the frame's picture made smaller. Of 27 plates that fill the frame, on the training side, 25 are found
at a quarter of the size of the first look, and none was before; in 145 frames without a plate nothing is read there. At half the
size, where nothing was read, 475 instead of 471 of 515 plates of the training side are read right, and no more boxes that are
none."""
OTHER_BOX_IOU = 0.9
"""Boxes that share at least this are the same."""
MOST_CLOSE_UPS = 8
"""Close-ups per frame, best boxes first: bounds the time that a frame full of fences can cost."""
SAME_CLOSE_UP_IOU = 0.2
"""A box in the close-up is the same plate when its IoU with the first box is at least this."""
LEAST_SPAN = 0.2
"""Corners that span less of the box than this are not believed: the plate counts as upright."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the read part of the frame lies in the network's input: input = (frame - origin) * scale + offset, per axis."""

    origin_x: float
    origin_y: float
    scale_x: float
    scale_y: float
    left: float
    top: float

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


def mean(a: U8, b: U8, up: bool) -> U8:
    """The mean of two pictures, halves rounded down or up, in eight bits; overwrites `a`."""
    half = a ^ b
    half >>= 1
    if up:
        a |= b
        a -= half
    else:
        a &= b
        a += half
    return a


def green(picture: U8) -> U8:
    """What the detector sees of RGB (H, W, 3), as (H, W): a view, no copy; grey (H, W) as it is."""
    return picture if picture.ndim == 2 else picture[:, :, GREEN]


def pick_rows(picture: U8, height: int) -> U8:
    """A higher picture, RGB (H, W, 3) or grey (H, W), as grey (height, W).

    Each row is the mean of 2, 4, 8 ... rows spread evenly over its place: nearly an area average at less than a third of its
    cost. Of RGB only the green of these rows is copied, which takes a third of the memory of whole rows."""
    grey = green(picture)
    ratio = grey.shape[0] / height
    count = 2 ** max(int(math.log2(ratio)), 1)
    first = np.arange(height) * ratio
    rows = [grey[(first + (k + 0.5) / count * ratio).astype(np.intp)] for k in range(count)]
    up = False
    while len(rows) > 1:
        rows = [mean(rows[k], rows[k + 1], up) for k in range(0, len(rows), 2)]
        up = not up
    mixed: U8 = rows[0]
    return mixed


def shrink_to_grey(picture: U8, width: int, height: int) -> U8:
    """RGB (H, W, 3), of which the green is seen, or grey (H, W) as (height, width): area filter where it shrinks, else bilinear."""
    image = Image.fromarray(np.ascontiguousarray(green(picture)))
    if image.size != (width, height):
        shrinks = image.width >= width and image.height >= height
        image = image.resize((width, height), Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR)
    return np.asarray(image)


def letterbox(picture: U8, roi: Roi | None = None, size: tuple[int, int] = (INPUT_HEIGHT, INPUT_WIDTH)) -> tuple[U8, Placement]:
    """A frame (H, W, 3) or (H, W) as a network's grey input of this (height, width), its aspect kept, 114 where it ends."""
    part, origin_x, origin_y = crop_to_roi(picture, roi)
    height, width = part.shape[:2]
    full_height, full_width = size
    scale = min(full_width / width, full_height / height)
    new_width = min(max(round(width * scale), 1), full_width)
    new_height = min(max(round(height * scale), 1), full_height)
    if height >= ROWS_RATIO * new_height:
        part = pick_rows(part, new_height)
    small = shrink_to_grey(part, new_width, new_height)
    left, top = (full_width - new_width) // 2, (full_height - new_height) // 2
    placement = Placement(origin_x, origin_y, new_width / width, new_height / height, left, top)
    if small.shape == size:
        return small, placement
    canvas = np.full(size, FILL, np.uint8)
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


def boxes_of(heat: F32, wh: F32, xy: F32, threshold: float) -> tuple[F32, F32, NDArray[np.intp]]:
    """Output maps (36, 48), (36, 48, 2), (36, 48, 2) as boxes (n, 4) in input pixels, scores (n,) and cells (n, 2), best first."""
    rows, columns = np.nonzero(heat >= logit(threshold))
    boxes = decode(rows, columns, xy[rows, columns], wh[rows, columns])
    scores = (1.0 / (1.0 + np.exp(-heat[rows, columns]))).astype(np.float32)
    kept = suppress(boxes, scores)
    return boxes[kept], scores[kept], np.stack([rows, columns], axis=1)[kept]


def quadrangle(box: F32, moved: F32) -> F32:
    """Corners (4, 2) of a box (4,) in the same pixels: clockwise from the plate's top left.

    `moved` (8,): how far each corner lies from the box's, in shares of its width and height. The corners are stretched to
    touch all four sides of the box: the box head is the surer of the two. The box's own corners where they make no sense."""
    shares = UPRIGHT + moved.reshape(4, 2)
    low, span = shares.min(0), np.ptp(shares, axis=0)
    if not (span > LEAST_SPAN).all():
        shares, low, span = UPRIGHT, UPRIGHT[0], UPRIGHT[2]
    corners: F32 = box[:2] + (shares - low) / span * (box[2:] - box[:2])
    return corners


def to_plate_box(corners: F32, score: float, placement: Placement) -> PlateBox:
    """Corners (4, 2) in input pixels as a plate in frame pixels."""
    top_left, top_right, bottom_right, bottom_left = (placement.to_frame(float(x), float(y)) for x, y in corners)
    return PlateBox((top_left, top_right, bottom_right, bottom_left), score)


def edges(plate: PlateBox) -> Edges:
    """Left, top, right, bottom of the upright box around a plate, in frame pixels, not rounded."""
    xs, ys = [x for x, _ in plate.corners], [y for _, y in plate.corners]
    return min(xs), min(ys), max(xs), max(ys)


def overlap(a: Edges, b: Edges) -> float:
    """Intersection over union of two boxes."""
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    return shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared)


def same_box(a: PlateBox, b: PlateBox) -> bool:
    """Whether nothing more would be read in one than in the other."""
    return overlap(edges(a), edges(b)) >= OTHER_BOX_IOU


class Eye:
    """A network of this decoder: its picture in, plates out."""

    def __init__(self, network: Network) -> None:
        """ModelError when the card's decode constants or output names are not those of this decoder."""
        constants = {"stride": STRIDE, "log_width": LOG_WIDTH, "log_height": LOG_HEIGHT}
        decoded = network.card.get("decode")
        if not isinstance(decoded, dict) or any(decoded.get(key) != value for key, value in constants.items()):
            raise ModelError(
                "{path}: its card decodes by {decoded}, this engine by {known}: install a fitting model",
                path=network.path,
                decoded=decoded,
                known=constants,
            )
        self._network = network
        self._heat, self._wh, self._xy, self._corners = (network.output(name) for name in ("heat", "wh", "xy", "corners"))
        self.size = network.input_shape

    def find(self, small: U8, placement: Placement, threshold: float) -> list[PlateBox]:
        """The plates of a letterboxed frame with at least this score, best first, in frame pixels.

        Only cells above the threshold leave int8."""
        raw = self._network.run(small)
        heat, scale, zero = self._network.quantised(raw, self._heat)
        rows, columns = np.nonzero(heat[..., 0] >= math.ceil(logit(threshold) / scale + zero))
        if not rows.size:
            return []
        xy, wh, moved = (self._network.values(raw, index, (rows, columns)) for index in (self._xy, self._wh, self._corners))
        scores = (1.0 / (1.0 + np.exp((zero - heat[rows, columns, 0].astype(np.float32)) * scale))).astype(np.float32)
        boxes = decode(rows, columns, xy, wh)
        return [to_plate_box(quadrangle(boxes[i], moved[i]), float(scores[i]), placement) for i in suppress(boxes, scores)]


def _best(found: list[PlateBox]) -> list[PlateBox]:
    """Each the best of its neighbourhood, best first."""
    boxes = np.array([edges(plate) for plate in found], np.float32).reshape(-1, 4)
    return [found[i] for i in suppress(boxes, np.array([plate.score for plate in found], np.float32))]


class Detector:
    """The detector model at work. Not for two threads at once."""

    def __init__(self, network: Network, near: Network | None = None) -> None:
        """`near`: the network for close-ups alone, of half the sides; without one the first looks again. ModelError when a card's
        decode constants or output names are not those of this decoder."""
        self._front = Eye(network)
        self._near, self._near_widths = (Eye(near), NEAR_WIDTHS) if near else (self._front, CLOSE_UP_WIDTHS)
        self.threshold = float(network.card.get("threshold", 0.4))

    def look(self, rgb: U8, roi: Roi | None = None, front: tuple[U8, Placement] | None = None) -> list[PlateBox]:
        """The plates of a frame (H, W, 3) or (H, W), or of its part in the ROI, best first, in frame pixels.

        `front`: what `letterbox(rgb, roi)` would give, where the camera has shrunk the frame already."""
        return next(self.looks(rgb, roi, front))

    def looks(self, rgb: U8, roi: Roi | None = None, front: tuple[U8, Placement] | None = None) -> Iterator[list[PlateBox]]:
        """What `look` finds, and, if asked for more, other boxes, for a frame in which none of those is read: plates that were too
        faint to be looked at beside them, and those that are found in the frame's picture at half the size."""
        small, placement = front or letterbox(rgb, roi)
        seen = iter(self._front.find(small, placement, min(FAINTEST, self.threshold)))
        found: list[PlateBox] = []
        fainter: list[PlateBox] = []
        looks = 0
        for plate in seen:
            if found and plate.score < FAINT:
                fainter = [plate, *seen]
                break
            if not self._is_small(plate, placement):
                found += [plate] if plate.score >= self.threshold else []
            elif looks < MOST_CLOSE_UPS:
                looks += 1
                found += self.close_up(rgb, plate)
        taken = _best(found or self._shrunk(small, placement, 4))
        yield taken
        fainter = [plate for plate in fainter if self._is_small(plate, placement)][: MOST_CLOSE_UPS - looks]
        others = [nearer for plate in fainter for nearer in self.close_up(rgb, plate)] + self._shrunk(small, placement, 2)
        yield _best([each for each in others if not any(same_box(each, plate) for plate in taken)])

    def _is_small(self, plate: PlateBox, placement: Placement) -> bool:
        """Whether a close-up would show more of it."""
        return plate.box[2] * placement.scale_x < SMALL_PX and placement.scale_x <= MOST_SCALE

    def _shrunk(self, small: U8, placement: Placement, times: int) -> list[PlateBox]:
        """Plates larger than the networks know them, in the whole frame's picture of the first look made so many times smaller."""
        height, width = self._near.size
        canvas = np.full((height, width), FILL, np.uint8)
        inner_height, inner_width = small.shape[0] // times, small.shape[1] // times
        top, left = (height - inner_height) // 2, (width - inner_width) // 2
        canvas[top : top + inner_height, left : left + inner_width] = shrink_to_grey(small, inner_width, inner_height)
        placed = replace(
            placement,
            scale_x=placement.scale_x / times,
            scale_y=placement.scale_y / times,
            left=placement.left / times + left,
            top=placement.top / times + top,
        )
        return self._near.find(canvas, placed, LARGE)

    def fits_close_up(self, rgb: U8, plate: PlateBox) -> bool:
        """Whether the window of a close-up fits into the frame: a larger plate is no smaller part of it than of the frame."""
        width: int = rgb.shape[1]
        return self._near_widths * plate.box[2] <= width

    def close_up(self, rgb: U8, plate: PlateBox) -> list[PlateBox]:
        """The plate as it is found in a small window around it; nothing where no plate is found there."""
        left, top, right, bottom = edges(plate)
        side = self._near_widths * max(right - left, 1.6 * (bottom - top))
        height, width = min(math.ceil(0.75 * side), rgb.shape[0]), min(math.ceil(side), rgb.shape[1])
        x = min(max(int((left + right - width) / 2), 0), rgb.shape[1] - width)
        y = min(max(int((top + bottom - height) / 2), 0), rgb.shape[0] - height)
        small, placement = letterbox(rgb[y : y + height, x : x + width], size=self._near.size)
        found = self._near.find(small, replace(placement, origin_x=x, origin_y=y), self.threshold)
        return [nearer for nearer in found if overlap(edges(nearer), (left, top, right, bottom)) > SAME_CLOSE_UP_IOU][:1]
