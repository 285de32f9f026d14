"""Label files of plate pictures: reads labels.csv / agreed.csv of a set, cuts its plates out as grey crops, reads countries."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from engine.cli import labels
from engine.countries import countries
from engine.types import Box
from scripts.training.ocr.alphabet import COUNTRIES

DEV_SETS = ("openalpr-us", "openalpr-eu", "openalpr-br")
"""Scored on, never trained on; nor is any plate with one of their texts, or with a text that is held out (engine/cli/labels.py)."""


@dataclass(frozen=True, slots=True)
class PlateLabel:
    """One labelled plate with its picture: box in pixels (None: the whole picture), text as printed, country as the set writes it
    (ISO alpha-2, "EU", or anything else for unknown)."""

    picture: Path
    box: Box | None
    text: str
    country: str = ""


def read_labels(table: Path) -> Iterator[PlateLabel]:
    """The plates of a label file that carry a text, by what they show where the label is known to be wrong; ConfigError names what
    is wrong in it. A plate whose label or true text is held out keeps its label, so that it stays out."""
    known = labels.corrections().get(table.parent.name, {})
    for picture, found in labels.read_labels(table).items():
        for label in found:
            if label.text:
                shown = known.get((picture.relative_to(table.parent).as_posix(), label.text), label.text)
                out = labels.held_out(label.text) or labels.held_out(shown)
                yield PlateLabel(picture, label.box, label.text if out else shown, label.country)


def cut(label: PlateLabel, *, margin: float) -> NDArray[np.uint8]:
    """The plate's grey pixels (H, W): its box widened by `margin` of its size on every side, within the picture."""
    with Image.open(label.picture) as picture:
        grey = np.asarray(picture.convert("L"))
    if label.box is None:
        return grey
    x, y, w, h = label.box
    height, width = grey.shape
    left, right = max(0, round(x - margin * w)), min(width, round(x + w + margin * w))
    top, bottom = max(0, round(y - margin * h)), min(height, round(y + h + margin * h))
    return grey[top:bottom, left:right]


def possible_countries(country: str) -> NDArray[np.bool_]:
    """Which of COUNTRIES a label's country may be: itself, any of Europe for "EU", all where it is not known."""
    if country in COUNTRIES:
        return np.array([code == country for code in COUNTRIES])
    if country == "EU":
        described = countries()
        return np.array([code in described and described[code].region == "Europe" for code in COUNTRIES])
    return np.ones(len(COUNTRIES), np.bool_)
