"""Families of rendered plates and how often each is drawn: `draw_plate` gives one random plate."""

from __future__ import annotations

import random
from collections.abc import Callable

from scripts.plates.fonts import FontSet
from scripts.plates.national import national_plate
from scripts.plates.render import (
    DrawnPlate,
    Painter,
    americas_plate,
    any_plate,
    dated_plate,
    eu_plate,
    two_row_plate,
    us_plate,
)
from scripts.training.ocr.alphabet import MOST_CHARACTERS

FAMILIES: tuple[tuple[Callable[[Painter], DrawnPlate], float], ...] = (
    (national_plate, 0.46),
    (us_plate, 0.24),
    (eu_plate, 0.09),
    (two_row_plate, 0.06),
    (americas_plate, 0.03),
    (dated_plate, 0.05),
    (any_plate, 0.07),
)
"""A plate's family and its share. The national one knows its country; the others keep the reader open for what no table has."""


def draw_plate(rng: random.Random, fonts: FontSet, left_out: frozenset[str] = frozenset()) -> DrawnPlate:
    """One random plate with at most MOST_CHARACTERS characters; none of a country that is left out."""
    while True:
        family = rng.choices([f for f, _ in FAMILIES], [share for _, share in FAMILIES])[0]
        plate = family(Painter(rng, fonts))
        if len(plate.text) <= MOST_CHARACTERS and plate.country not in left_out:
            return plate
