"""Comparison: two models over the same labelled plates: who reads which right, and whether that can be chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from engine.cli.scoring import NORMAL_95, Reading, Tally, percent, together


def compared(ours: Sequence[Tally], others: Sequence[Tally]) -> list[dict[str, object]]:
    """A row a set, and one together, from tallies of the same sets: right (O = 0, I = 1), recall, false plates of both.

    `won`, `lost`: plates that only ours, only the other reads right; `difference_pp` of the plates and how far it may be off at
    95 % (`within_pp`, from the plates that differ: McNemar 1947)."""
    pairs = [*zip(ours, others, strict=True), (together(ours), together(others))]
    return [_row(one, other) for one, other in pairs]


def _row(ours: Tally, other: Tally) -> dict[str, object]:
    both = list(zip(ours.texts, other.texts, strict=True))
    won, lost = _only(both, 0), _only(both, 1)
    share = 100 / len(both) if both else 0.0
    # the variance of won - lost among so many plates
    spread = math.sqrt(max(won + lost - (won - lost) ** 2 / len(both), 0.0)) if both else 0.0
    here, there = ours.as_json(), other.as_json()
    return {
        "set": ours.name,
        "plates": ours.plates,
        "folded_pct": here["folded_pct"],
        "other_folded_pct": there["folded_pct"],
        "won": won,
        "lost": lost,
        "difference_pp": round(share * (won - lost), 1) if both else None,
        "within_pp": round(NORMAL_95 * share * spread, 1) if both else None,
        "recall_50_pct": here["recall_50_pct"],
        "other_recall_50_pct": percent(other.found, other.boxes),
        "false_plates_per_image": here["false_plates_per_image"],
        "other_false_plates_per_image": there["false_plates_per_image"],
    }


def _only(both: Iterable[tuple[Reading, Reading]], which: int) -> int:
    """How many plates only one of two reads right."""
    return sum(pair[which].right and not pair[1 - which].right for pair in both)
