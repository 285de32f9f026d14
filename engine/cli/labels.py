"""Label files of plate pictures (columns file,x,y,w,h,text,country): reads them, and says which plates are held out of training."""

from __future__ import annotations

import csv
import hashlib
from dataclasses import dataclass
from pathlib import Path

from board.kit.errors import ConfigError
from engine.types import Box

COLUMNS = ("file", "x", "y", "w", "h", "text", "country")
HELD_OUT_OF_256 = 32


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled plate. `box` None: the whole picture is the plate; `text` "": only its place is known; `country` as written."""

    box: Box | None
    text: str
    country: str = ""


def held_out(text: str) -> bool:
    """Whether a plate with this text is kept out of training, in every set: one text in eight, by its SHA-256.

    By text and not by file, because sets hold several pictures of one plate."""
    return hashlib.sha256(text.encode()).digest()[0] < HELD_OUT_OF_256


def read_labels(path: Path) -> dict[Path, list[Label]]:
    """Picture file: its plates (none for a plate-free picture), in the order of the table; ConfigError names file and row."""
    found: dict[Path, list[Label]] = {}
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
            fields = rows[0].keys() if rows else COLUMNS
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        raise ConfigError(f"{path}: the label file cannot be read ({why})") from why
    missing = [column for column in COLUMNS if column not in fields]
    if missing:
        raise ConfigError(f"{path}: column {', '.join(missing)} is missing: the first row must name {','.join(COLUMNS)}")
    for number, row in enumerate(rows, start=2):
        picture = path.parent / (row["file"] or "")
        if not row["file"] or not picture.is_file():
            raise ConfigError(f"{path}, row {number}: there is no picture {row['file']!r}")
        sides = [row[side] or "" for side in ("x", "y", "w", "h")]
        text = (row["text"] or "").strip().upper()
        country = (row["country"] or "").strip()
        labels = found.setdefault(picture, [])
        if any(sides):
            try:
                x, y, w, h = (round(float(side)) for side in sides)
            except ValueError as why:
                raise ConfigError(f"{path}, row {number}: x,y,w,h must be four numbers or empty, not {','.join(sides)}") from why
            labels.append(Label((x, y, w, h), text, country))
        elif text:
            labels.append(Label(None, text, country))
    return found
