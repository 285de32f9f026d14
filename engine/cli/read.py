"""`engine read`: the plates in pictures, one line each, as JSON or for people."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from board.kit.errors import ImageError
from board.pictures import load_rgb, pictures_in
from engine.countries import select
from engine.recognise.pipeline import MODELS, Recogniser
from engine.types import PlateRead


def add_model_options(parser: argparse.ArgumentParser) -> None:
    """The options that `read` and `evaluate` share."""
    parser.add_argument("--country", default="", help="codes of the countries whose formats settle look-alikes: AT,DE,US-TX")
    parser.add_argument("--threads", type=int, default=1, help="threads of the networks (default 1)")
    parser.add_argument(
        "--models", type=Path, default=MODELS, help="folder of the networks and their cards: two detectors, two readers"
    )


def recogniser_of(options: argparse.Namespace, models: Path | None = None, countries: Sequence[str] | None = None) -> Recogniser:
    """With the options' models and countries, or others; ConfigError for an unknown country, ModelError for a missing or wrong
    model."""
    if countries is None:
        countries = [code.strip().upper() for code in options.country.split(",") if code.strip()]
    select(countries)
    return Recogniser(models or options.models, max(1, options.threads), countries)


def as_json(read: PlateRead) -> dict[str, object]:
    return {
        "plate": read.text,
        "confidence": read.confidence,
        "country": read.country,
        "box": list(read.box),
        "char_height_px": read.char_height_px,
    }


def as_text(read: PlateRead) -> str:
    country = f" {read.country}" if read.country else ""
    return f"{read.text or '-'}{country} {read.confidence:.0f} %"


def main(arguments: list[str]) -> int:
    """0 when every picture was read, 1 when one was unreadable or a folder is or has none (the others are read all the same)."""
    parser = argparse.ArgumentParser(prog="python -m engine read", description="Reads the plates in pictures.")
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture, or a folder: all pictures in it, by name")
    parser.add_argument("--json", action="store_true", help="one JSON object per picture and line")
    parser.add_argument("--crop", action="store_true", help="each picture is one plate: the detector is not used")
    add_model_options(parser)
    options = parser.parse_args(arguments)
    recogniser = recogniser_of(options)
    failed = False
    for path in options.paths:
        try:
            files = pictures_in(Path(path))
        except ImageError as why:
            print(f"engine read: {why}", file=sys.stderr)
            failed = True
            continue
        if not files:
            print(f"engine read: {path}: no picture lies in this folder", file=sys.stderr)
            failed = True
        for file in files:
            # a file keeps the very spelling it was given by
            name = path if file == Path(path) else str(file)
            failed |= not read_one(recogniser, name, options.crop, options.json)
    return 1 if failed else 0


def read_one(recogniser: Recogniser, name: str, crop: bool, json_lines: bool) -> bool:
    """Reads and prints one picture; False when it is unreadable. `ms` is recognition without decoding the file."""
    try:
        rgb = load_rgb(Path(name))
    except ImageError as why:
        print(f"engine read: {why}", file=sys.stderr)
        if json_lines:
            print(json.dumps({"file": name, "error": str(why), "reads": []}), flush=True)
        return False
    begun = time.perf_counter()
    reads = [recogniser.read_crop(rgb)] if crop else recogniser.read(rgb)
    ms = (time.perf_counter() - begun) * 1000
    if json_lines:
        shown = [as_json(read) for read in reads if read.text]
        print(json.dumps({"file": name, "ms": round(ms, 2), "reads": shown}), flush=True)
    else:
        found = ", ".join(as_text(read) for read in reads if read.text) or "no plate"
        print(f"{name}: {found} ({ms:.1f} ms)", flush=True)
    return True
