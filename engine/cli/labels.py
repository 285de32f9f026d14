"""Label files of plate pictures (columns file,x,y,w,h,text,country): reads them, and says which plates are held out of training."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.types import Box

COLUMNS = ("file", "x", "y", "w", "h", "text", "country")
TABLE = "labels.csv"
CORRECTIONS = Path(__file__).with_name("corrections.csv")
"""Labels of the shared sets that are wrong: set,file,label,shown, `shown` being what a person saw in the picture. Candidates were
plates in which both readers agreed on another text than the label, so they flatter these readers: figures are given with and
without."""
HELD_OUT_OF_256 = 32
NEVER_TRAINED_ON = ("openalpr-us", "openalpr-eu", "openalpr-br")
"""Sets that neither the detector nor the OCR is trained on."""
NEGATIVES = "negatives-openalpr"
HELD_OUT_NEGATIVES = 60


@dataclass(frozen=True, slots=True)
class Label:
    """A labelled plate. `box` None: the whole picture is the plate; `text` "": only its place is known; `country` as written;
    `shown`: what the picture shows where that is known to be another text than the label's, else ""."""

    box: Box | None
    text: str
    country: str = ""
    shown: str = ""


@dataclass(frozen=True, slots=True)
class LabelledSet:
    """`rule`: what of it counts, in words; `known`: further plates of its pictures, which nobody wants read here; `trained_on`:
    scenes that the detector knows, whose boxes do not count."""

    name: str
    rule: str
    pictures: dict[Path, list[Label]]
    known: dict[Path, list[Box]]
    trained_on: frozenset[Path] = frozenset()


def held_out(text: str) -> bool:
    """Whether a plate with this text is kept out of training, in every set: one text in eight, by its SHA-256.

    By text and not by file, because sets hold several pictures of one plate."""
    return hashlib.sha256(text.encode()).digest()[0] < HELD_OUT_OF_256


def picture_held_out(set_name: str, file: str) -> bool:
    """Whether a scene is kept out of the detector's training: one in eight, by the SHA-256 of set/file."""
    return hashlib.sha256(f"{set_name}/{file}".encode(errors="surrogateescape")).digest()[0] < HELD_OUT_OF_256


def tables_in(folder: Path) -> list[Path]:
    """The label files of all sets (sub-folders) of a folder, by name; ConfigError when there is none."""
    tables = sorted(folder.glob(f"*/{TABLE}"))
    if not tables:
        raise ConfigError("{folder} holds no set: a set is a folder of pictures with its {table}", folder=folder, table=TABLE)
    return tables


def read_set(path: Path, held_out_only: bool = False) -> LabelledSet:
    """A set by its label file or its folder, named after the folder ("ro-lucian", "ro-lucian/agreed" for its agreed.csv).

    `held_out_only`: what training never saw: texts that are held out, boxes in scenes that are held out; sets that nobody
    trains on stay whole. ConfigError names file and row."""
    table = path / TABLE if path.is_dir() else path
    folder = table.resolve().parent
    name = folder.name if table.name == TABLE else f"{folder.name}/{table.stem}"
    pictures = read_labels(table)
    for (file, wrong), shown in corrections().get(folder.name, {}).items():
        labels = pictures.get(table.parent / file, [])
        labels[:] = [replace(label, shown=shown) if label.text == wrong else label for label in labels]
    known: dict[Path, list[Box]] = {}
    if table.name != TABLE and (table.parent / TABLE).is_file():
        beside = read_labels(table.parent / TABLE)
        known = {picture: [label.box for label in labels if label.box] for picture, labels in beside.items()}
    if not held_out_only:
        return LabelledSet(name, "whole", pictures, known)
    if folder.name in NEVER_TRAINED_ON:
        return LabelledSet(name, "whole: never trained on", pictures, known)
    scenes = [picture for picture, labels in pictures.items() if not labels or labels[0].box]
    if folder.name == NEGATIVES:
        unseen = set(scenes[::4][:HELD_OUT_NEGATIVES])
    else:
        unseen = {picture for picture in scenes if picture_held_out(folder.name, str(picture.relative_to(table.parent)))}
    kept = {
        picture: [label if _unseen(label, picture in unseen) else replace(label, text="", country="", shown="") for label in labels]
        for picture, labels in pictures.items()
        if picture in unseen or any(label.text and held_out(label.text) for label in labels)
    }
    texts = any(label.text for labels in pictures.values() for label in labels)
    rule = ", ".join([*(["held-out texts"] if texts else []), *(["boxes of held-out pictures"] if scenes else [])])
    return LabelledSet(name, rule, kept, known, frozenset(scenes) - unseen)


@cache
def corrections() -> dict[str, dict[tuple[str, str], str]]:
    """{set: {(file, label): what is shown}} of CORRECTIONS."""
    found: dict[str, dict[tuple[str, str], str]] = {}
    with CORRECTIONS.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["set"], {})[row["file"], row["label"]] = row["shown"]
    return found


def _unseen(label: Label, picture_unseen: bool) -> bool:
    return held_out(label.text) if label.text else picture_unseen


def rows_of(path: Path, columns: Sequence[str]) -> list[dict[str, str]]:
    """The rows of a table that has these columns; ConfigError when it cannot be read or lacks one."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            fields = table.fieldnames or ()
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as why:
        raise ConfigError("{path}: the label file cannot be read ({why})", path=path, why=why) from why
    missing = [column for column in columns if column not in fields]
    if missing:
        raise ConfigError(
            "{path}: the column {missing} is missing: the first row must name {columns}",
            path=path,
            missing=missing,
            columns=",".join(columns),
        )
    return rows


def read_labels(path: Path) -> dict[Path, list[Label]]:
    """Picture file: its plates (none for a plate-free picture), in the order of the table; ConfigError names file and row."""
    found: dict[Path, list[Label]] = {}
    for number, row in enumerate(rows_of(path, COLUMNS), start=2):
        picture = path.parent / (row["file"] or "")
        if not row["file"] or not picture.is_file():
            raise ConfigError("{path}, row {number}: there is no picture {file!r}", path=path, number=number, file=row["file"])
        sides = [row[side] or "" for side in ("x", "y", "w", "h")]
        text = (row["text"] or "").strip().upper()
        country = (row["country"] or "").strip()
        labels = found.setdefault(picture, [])
        if any(sides):
            try:
                x, y, w, h = (round(float(side)) for side in sides)
            except (ValueError, OverflowError) as why:
                raise ConfigError(
                    "{path}, row {number}: x,y,w,h must be four numbers or empty, not {sides}",
                    path=path,
                    number=number,
                    sides=",".join(sides),
                ) from why
            labels.append(Label((x, y, w, h), text, country))
        elif text:
            labels.append(Label(None, text, country))
    return found
