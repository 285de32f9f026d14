"""Scoring: recall at IoU 0.5 and 0.3 and false boxes per picture on the dev sets and the held-out plate-free pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from engine.recognise.detect import Placement, boxes_of, letterbox
from scripts.detector.material import DEV_SETS, NEGATIVES, negative_names, read_grey, rows_of

Network = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray, np.ndarray]]
"""Grey (n, 288, 384) uint8 to heat (n, 36, 48), wh (n, 36, 48, 2), xy (n, 36, 48, 2) float."""


@dataclass(frozen=True)
class Picture:
    grey: np.ndarray
    placement: Placement
    boxes: list[tuple[float, float, float, float]]


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
    """The dev sets and the held-out plate-free pictures, letterboxed as the product does it."""
    sets = {name: list(rows_of(data / name)) for name in DEV_SETS}
    sets["negatives"] = [(name, []) for name in negative_names(data)[1]]
    folders = {"negatives": NEGATIVES}
    return {
        name: [Picture(*letterbox(read_grey(data / folders.get(name, name) / file)), boxes) for file, boxes in rows]
        for name, rows in sets.items()
    }


def iou(a: np.ndarray, b: np.ndarray) -> float:
    across = min(a[2], b[2]) - max(a[0], b[0])
    down = min(a[3], b[3]) - max(a[1], b[1])
    shared = max(across, 0.0) * max(down, 0.0)
    return float(shared / ((a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - shared))


def score_set(pictures: list[Picture], network: Network, threshold: float) -> Score:
    heat, wh, xy = network(np.stack([picture.grey for picture in pictures]))
    best_ious, false_boxes, excess = [], 0, []
    for i, picture in enumerate(pictures):
        place = picture.placement
        boxes, _ = boxes_of(heat[i], wh[i], xy[i], threshold)
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


def score(sets: dict[str, list[Picture]], network: Network, threshold: float) -> dict[str, Score]:
    return {name: score_set(pictures, network, threshold) for name, pictures in sets.items()}


def line(scores: dict[str, Score]) -> str:
    """One line: recall 50/30 a set, then false boxes a set."""
    recalls = "  ".join(f"{n[-2:]} {s.recall_50:.1f}/{s.recall_30:.1f} {s.mean_iou:.2f}" for n, s in scores.items() if s.recall_30)
    return f"{recalls}  false " + " ".join(f"{name[-2:]} {s.false_boxes:.2f}" for name, s in scores.items())
