"""Calibration: from how sure the slots of a read are to the share of such reads that are right, by the map of the model's card."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable
from itertools import pairwise
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ModelError


def certainty(confidences: Iterable[float]) -> float:
    """The raw certainty of a read, 0..1: the product of what its slots say, characters and empty ones alike.

    On photographs of the training side it ranks right reads before wrong ones better than the least sure slot does
    (docs/training.md)."""
    return math.prod(confidences)


@dataclass(frozen=True, slots=True)
class Calibration:
    """A piecewise linear map: `raw` certainties, growing, and for each the share of reads that are `right`, never falling."""

    raw: tuple[float, ...] = (0.0, 1.0)
    right: tuple[float, ...] = (0.0, 1.0)

    def __call__(self, raw: float) -> float:
        """0..1 for a raw certainty; beyond the ends of the map what stands at its ends."""
        after = bisect_right(self.raw, raw)
        if after == 0:
            return self.right[0]
        if after == len(self.raw):
            return self.right[-1]
        low, high = self.raw[after - 1], self.raw[after]
        return self.right[after - 1] + (self.right[after] - self.right[after - 1]) * (raw - low) / (high - low)


def calibration_of(card: dict[str, Any], name: str) -> Calibration:
    """The map of a model's card; without one the raw certainty itself. ModelError says what is wrong with it."""
    told = card.get("calibration")
    if told is None:
        return Calibration()
    raw, right = (told.get("raw"), told.get("right")) if isinstance(told, dict) else (None, None)
    if not (isinstance(raw, list) and isinstance(right, list) and len(raw) == len(right) >= 2):
        raise ModelError("{name}: the calibration of its card must hold two lists of one length, raw and right", name=name)
    if not all(isinstance(value, int | float) and 0 <= value <= 1 for value in [*raw, *right]):
        raise ModelError("{name}: the calibration of its card may hold only numbers from 0 to 1", name=name)
    if any(a >= b for a, b in pairwise(raw)) or any(a > b for a, b in pairwise(right)):
        raise ModelError("{name}: the calibration of its card is not monotone: raw must grow and right must not fall", name=name)
    return Calibration(tuple(map(float, raw)), tuple(map(float, right)))
