"""Failures: a folder of the plates that were read wrong, as pictures with an index.html that shows what was wanted and read.

What a person types beside a picture stands below the table as rows of engine/cli/corrections.csv."""

from __future__ import annotations

import json
import re
from html import escape
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from board.kit.errors import ConfigError
from engine.cli.labels import TABLE
from engine.cli.scoring import Reading
from engine.recognise.pipeline import FIRST_LOOK
from engine.recognise.rectify import rectify, whole
from engine.types import Box, PlateBox

U8 = NDArray[np.uint8]

AROUND = 0.5
"""How far the shown part of the frame reaches beyond the label's box, as a share of its width, on every side."""
HEAD = """<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Plates read wrong</title>
<style>body{font:15px sans-serif;margin:1em}td,th{padding:4px 10px;text-align:left;border-bottom:1px solid #ccc}
img{max-width:320px;max-height:160px}bdo,input{font:20px monospace}textarea{width:100%}</style>
<h1>Plates read wrong</h1>
<table><tr><th>frame</th><th>as the OCR saw it</th><th>wanted</th><th>read</th>
<th>confidence</th><th>country</th><th>picture</th><th>shown, if the label is wrong</th></tr>
"""
TAIL = """</table>
<p>%d plates. Rows for engine/cli/corrections.csv, from what is typed above:</p><textarea rows="8" readonly></textarea>
<script>
const quoted = (text) => /[",]/.test(text) ? '"' + text.replaceAll('"', '""') + '"' : text;
document.addEventListener("input", () => {
  const rows = [...document.querySelectorAll("input")].filter((field) => field.value.trim());
  document.querySelector("textarea").value = rows.map((field) =>
    [...JSON.parse(field.dataset.label), field.value.trim().toUpperCase()].map(quoted).join(",")).join("\n");
});
</script></html>
"""


class Failures:
    """Takes every reading, keeps those that are wrong (O as 0, I as 1). `close` writes the index."""

    def __init__(self, folder: Path) -> None:
        """ConfigError when the folder holds something or cannot be made."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            taken = any(folder.iterdir())
        except OSError as why:
            raise ConfigError("{folder} cannot be made: {reason}", folder=folder, reason=why.strerror or why) from why
        if taken:
            raise ConfigError("{folder} is not empty: name a new folder, as nothing in it is overwritten", folder=folder)
        self._folder = folder
        self._rows: list[str] = []

    def take(self, reading: Reading, rgb: U8, plate: PlateBox | None) -> None:
        """A reading with its picture (H, W, 3) and the detector's box of the read; writes its pictures when it is wrong."""
        if not reading.wanted or reading.right:
            return
        stem = f"{len(self._rows) + 1:05}_{file_part(reading.wanted)}_{file_part(reading.read)}"
        frame = self._save(f"{stem}_frame.png", rgb if reading.place is None else part_of(rgb, reading.place))
        seen = None
        if plate is not None:
            seen = rectify(rgb, plate, FIRST_LOOK).picture
        elif reading.place is None:
            seen = whole(rgb).picture
        ocr = self._save(f"{stem}_ocr.png", seen) if seen is not None else ""
        label = [each.encode(errors="replace").decode() for each in (*self._place(reading.picture), reading.wanted)]
        cells = (
            _shown(frame),
            _shown(ocr) if ocr else "nothing read here",
            _text(reading.wanted),
            _text(reading.read),
            f"{reading.confidence:.0f} %",
            escape(f"{reading.country or '-'} (wanted {reading.wanted_country or '-'})"),
            escape("/".join(label[:2])),
            f'<input size="12" data-label="{escape(json.dumps(label))}" value="{escape(reading.shown)}">',
        )
        self._rows.append("<tr>" + "".join(f"<td>{cell}</td>" for cell in cells) + "</tr>\n")

    def close(self) -> int:
        """Writes index.html; returns how many failures it shows."""
        page = f"{HEAD}{''.join(self._rows)}{TAIL % len(self._rows)}"
        try:
            (self._folder / "index.html").write_text(page, encoding="utf-8")
        except OSError as why:
            raise ConfigError(
                "{folder}/index.html cannot be written: {reason}", folder=self._folder, reason=why.strerror or why
            ) from why
        return len(self._rows)

    def _place(self, picture: Path) -> tuple[str, str]:
        """(set, file within it): the set is the folder with the label file."""
        folder = next((each for each in picture.parents if (each / TABLE).is_file()), picture.parent)
        return folder.name, picture.relative_to(folder).as_posix()

    def _save(self, name: str, pixels: U8) -> str:
        try:
            Image.fromarray(pixels).save(self._folder / name)
        except OSError as why:
            raise ConfigError("{path} cannot be written: {reason}", path=self._folder / name, reason=why.strerror or why) from why
        return name


def file_part(text: str) -> str:
    """An untrusted text as part of a file name: Latin letters and digits stay, everything else is a hyphen."""
    return re.sub("[^A-Za-z0-9]", "-", text)[:20] or "nothing"


def part_of(rgb: U8, box: Box) -> U8:
    """The frame around a label's box, upright, cut to the frame."""
    x, y, width, height = box
    around = round(AROUND * width)
    left, top = min(max(x - around, 0), rgb.shape[1] - 1), min(max(y - around, 0), rgb.shape[0] - 1)
    return rgb[top : max(y + height + around, top + 1), left : max(x + width + around, left + 1)]


def _shown(name: str) -> str:
    return f'<img src="{name}" alt="">'


def _text(text: str) -> str:
    """Left to right as seen on the plate, also Arabic."""
    return f'<bdo dir="ltr">{escape(text) or "&mdash;"}</bdo>'
