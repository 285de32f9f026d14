"""Scoring on the dev sets and held-out pictures: recall (by plate width too), false boxes, tightness, corners of tilted plates."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from engine.cli.labels import picture_held_out
from engine.recognise.detect import INPUT_HEIGHT, INPUT_WIDTH, UPRIGHT, Placement, boxes_of, letterbox, quadrangle
from scripts.training.detector.material import (
    CROP_SHARES,
    DEV_SETS,
    NEGATIVES,
    TIGHT_SETS,
    WORLD,
    Material,
    crop_files,
    negative_names,
    read_grey,
    read_scene,
    rows_of,
)
from scripts.training.detector.scenes import WindowMaker, WindowPlan

Maps = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
"""A network's outputs for the pictures of a set: heat (n, 36, 48), wh (n, 36, 48, 2), xy (n, 36, 48, 2), corners (n, 36, 48, 8)."""
Network = Callable[[np.ndarray], Maps]
"""Grey (n, 288, 384) uint8 to maps."""
WIDTHS_PX = (0, 14, 17, 20, 25, 30, 40, 60, 100, 400)
"""Recall is counted between these widths of the label in the network's input."""
TILTED = 300
LEGIBLE_PX = 30
STEEP_DEG = 8


@dataclass(frozen=True)
class Picture:
    grey: np.ndarray
    placement: Placement
    boxes: list[tuple[float, float, float, float]]


@dataclass(frozen=True)
class CornerScore:
    """Of plates at least LEGIBLE_PX wide pasted at known corners into held-out pictures: how many; recall at IoU 0.5 in percent.
    Then over the found ones, median and 90 % point: mean distance of the four corners from the truth in percent of the plate's
    height, the same with every plate called upright, and the error of the roll in degrees."""

    plates: int
    recall_50: float
    corners: tuple[float, float]
    corners_if_upright: tuple[float, float]
    roll_deg: tuple[float, float]

    def card(self) -> dict[str, object]:
        return asdict(self)


@dataclass(frozen=True)
class Score:
    """Of one set at one threshold. `recall_50`, `recall_30`: percent; `false_boxes`: per picture,
    those with IoU < 0.1 to every label.

    `excess`: median of how far the best boxes reach beyond the label (left, top, right, bottom), percent of its size."""

    pictures: int
    recall_50: float
    recall_30: float
    false_boxes: float
    mean_iou: float
    excess: tuple[float, float, float, float]

    def card(self) -> dict[str, object]:
        return asdict(self)


def scored_sets(data: Path) -> dict[str, list[Picture]]:
    """The dev sets, the held-out scenes (of sets with tight boxes) and plate-free pictures, letterboxed as the product does it."""
    sets = {name: list(rows_of(data / name)) for name in DEV_SETS}
    sets["scenes"] = [
        (f"{name}/{file}", boxes)
        for name in TIGHT_SETS
        for file, boxes in rows_of(data / name)
        if boxes and picture_held_out(name, file)
    ]
    sets["world"] = [(f"{WORLD}/{file}", boxes) for file, boxes in rows_of(data / WORLD) if boxes and picture_held_out(WORLD, file)]
    sets["negatives"] = [(name, []) for name in negative_names(data)[1]]
    folders = {"negatives": NEGATIVES, "scenes": ".", "world": "."}
    return {
        name: [Picture(*letterbox(read_grey(data / folders.get(name, name) / file)), boxes) for file, boxes in rows]
        for name, rows in sets.items()
    }


def iou(a: np.ndarray, b: np.ndarray) -> float:
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(across, 0.0) * max(down, 0.0)
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def look(sets: dict[str, list[Picture]], network: Network) -> dict[str, Maps]:
    """The network's outputs for every set: scored at as many thresholds as one likes."""
    return {name: network(np.stack([picture.grey for picture in pictures])) for name, pictures in sets.items()}


def score_set(pictures: list[Picture], maps: Maps, threshold: float) -> Score:
    heat, wh, xy, _ = maps
    best_ious, false_boxes, excess = [], 0, []
    for i, picture in enumerate(pictures):
        place = picture.placement
        boxes, _, _ = boxes_of(heat[i], wh[i], xy[i], threshold)
        found = [np.array([*place.to_frame(b[0], b[1]), *place.to_frame(b[2], b[3])]) for b in boxes]
        labels = [np.array([x, y, x + w, y + h]) for x, y, w, h in picture.boxes]
        false_boxes += sum(all(iou(box, label) < 0.1 for label in labels) for box in found)
        for label in labels:
            best = max(found, key=lambda box: iou(box, label), default=None)
            best_ious.append(0.0 if best is None else iou(best, label))
            if best is not None and best_ious[-1] >= 0.3:
                size = np.array([label[2] - label[0], label[3] - label[1]] * 2)
                excess.append((best - label) * (-1, -1, 1, 1) / size * 100)
    ious = np.array(best_ious or [0.0])
    sides = np.median(excess, axis=0) if excess else np.zeros(4)
    return Score(
        len(pictures),
        round(100 * float((ious >= 0.5).mean()), 1),
        round(100 * float((ious >= 0.3).mean()), 1),
        round(false_boxes / len(pictures), 2),
        round(float(ious[ious >= 0.3].mean()), 3) if (ious >= 0.3).any() else 0.0,
        tuple(round(float(side), 1) for side in sides),  # type: ignore[arg-type]
    )


def recall_by_width(sets: dict[str, list[Picture]], seen: dict[str, Maps], threshold: float) -> dict[str, tuple[int, float]]:
    """Over all sets: "from-to" in input pixels: (labelled plates, percent of them found at IoU 0.5)."""
    found: dict[str, list[bool]] = {}
    for name, pictures in sets.items():
        heat, wh, xy, _ = seen[name]
        for i, picture in enumerate(pictures):
            place = picture.placement
            boxes, _, _ = boxes_of(heat[i], wh[i], xy[i], threshold)
            in_frame = [np.array([*place.to_frame(b[0], b[1]), *place.to_frame(b[2], b[3])]) for b in boxes]
            for x, y, w, h in picture.boxes:
                low, high = next((a, b) for a, b in pairwise(WIDTHS_PX) if w * place.scale_x < b)
                label = np.array([x, y, x + w, y + h])
                found.setdefault(f"{low}-{high}", []).append(any(iou(box, label) >= 0.5 for box in in_frame))
    names = [f"{a}-{b}" for a, b in pairwise(WIDTHS_PX)]
    return {n: (len(found[n]), round(100 * float(np.mean(found[n])), 1)) for n in names if n in found}


def tilted_windows(data: Path, seed: int) -> list[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """TILTED windows: grey, boxes (n, 4) and corners (n, 4, 2) of held-out plate crops pasted into held-out pictures."""
    negatives = [read_scene(data / NEGATIVES, name, []) for name in negative_names(data)[1]]
    crops = {name: [read_grey(data / name / file) for file in crop_files(data / name)[1][:60]] for name in CROP_SHARES}
    plan = WindowPlan(INPUT_WIDTH, INPUT_HEIGHT, plate_free=1, lures=0, widest=330, paste=0, turned=0.8, framed=0.3)
    maker = WindowMaker(Material({}, negatives, crops), plan, seed)
    found: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
    while len(found) < TILTED:
        window = maker.make()
        cells = np.nonzero((window.heat >= 1) & (window.corner_weight > 0))
        if cells[0].size:
            boxes = window.box[cells]
            shares = UPRIGHT + window.corners[cells].reshape(-1, 4, 2)
            corners = boxes[:, None, :2] + shares * (boxes[:, None, 2:] - boxes[:, None, :2])
            found.append((window.grey, boxes, corners))
    return found


def roll_deg(corners: np.ndarray) -> float:
    """The mean direction of a plate's long sides, 0 when they are level."""
    across, down = corners[1] - corners[0] + corners[2] - corners[3]
    return math.degrees(math.atan2(down, across))


def score_corners(
    windows: list[tuple[np.ndarray, np.ndarray, np.ndarray]], network: Network, threshold: float
) -> dict[str, CornerScore]:
    """Over all plates, and over those that roll by more than STEEP_DEG."""
    heat, wh, xy, moved = network(np.stack([grey for grey, _, _ in windows]))
    rows: list[tuple[float, bool, float, float, float]] = []
    for i, (_, boxes, corners) in enumerate(windows):
        found, _, cells = boxes_of(heat[i], wh[i], xy[i], threshold)
        for box, true in zip(boxes, corners, strict=True):
            if np.linalg.norm(true[1] - true[0]) < LEGIBLE_PX:
                continue
            overlaps = [iou(candidate, box) for candidate in found]
            if max(overlaps, default=0.0) < 0.5:
                rows.append((roll_deg(true), False, 0, 0, 0))
                continue
            best = int(np.argmax(overlaps))
            told = quadrangle(found[best], moved[i, cells[best][0], cells[best][1]])
            upright = quadrangle(found[best], np.zeros(8, np.float32))
            height = float(np.linalg.norm(true[3] - true[0]) + np.linalg.norm(true[2] - true[1])) / 2
            away = [float(np.linalg.norm(quad - true, axis=1).mean()) / height * 100 for quad in (told, upright)]
            rows.append((roll_deg(true), True, away[0], away[1], abs(roll_deg(told) - roll_deg(true))))
    table = np.array(rows, float)
    scores: dict[str, CornerScore] = {}
    for name, of in (("all", table), (f"roll over {STEEP_DEG} degrees", table[np.abs(table[:, 0]) > STEEP_DEG])):
        hits = of[of[:, 1] > 0]
        points = [(round(float(a), 1), round(float(b), 1)) for a, b in np.percentile(hits[:, 2:], (50, 90), axis=0).T]
        scores[name] = CornerScore(len(of), round(100 * float(of[:, 1].mean()), 1), *points)
    return scores


def score(sets: dict[str, list[Picture]], seen: dict[str, Maps], threshold: float) -> dict[str, Score]:
    return {name: score_set(pictures, seen[name], threshold) for name, pictures in sets.items()}


def line(scores: dict[str, Score]) -> str:
    """One line: recall 50/30 a set, then false boxes a set."""
    recalls = "  ".join(f"{n[-2:]} {s.recall_50:.1f}/{s.recall_30:.1f} {s.mean_iou:.2f}" for n, s in scores.items() if s.recall_30)
    return f"{recalls}  false " + " ".join(f"{name[-2:]} {s.false_boxes:.2f}" for name, s in scores.items())
