"""`engine evaluate`: accuracy of the whole chain over labelled pictures, per set and together."""

from __future__ import annotations

import argparse
import json
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path

from engine.cli.breakdowns import (
    by_char_height,
    by_country,
    by_light,
    by_shape,
    by_tilt,
    by_width,
    calibration,
    confusions,
    details,
)
from engine.cli.comparison import compared
from engine.cli.failures import Failures
from engine.cli.labels import COLUMNS, CORRECTIONS, read_set, tables_in
from engine.cli.neighbours import NEIGHBOURS, chosen_with, with_neighbours
from engine.cli.read import add_model_options, recogniser_of
from engine.cli.scoring import Tally, evaluate, together

HEADINGS = {
    "set": "set",
    "images": "images",
    "plates": "plates",
    "exact_pct": "exact %",
    "folded_pct": "folded %",
    "folded_within_pct": "at 95 %",
    "corrected_pct": "corrected %",
    "boxes": "boxes",
    "recall_50_pct": "recall %",
    "false_boxes_per_image": "false boxes",
    "false_plates_per_image": "false plates",
    "country_plates": "countries",
    "country_pct": "country %",
    "settled_country_pct": "settled %",
    "reads_90_pct": "sure %",
    "right_at_90_pct": "right of sure %",
    "corrected_at_90_pct": "corrected of sure %",
    "ms_per_image": "ms",
    "rule": "rule",
}
"""Column of the table: its heading."""
MOST_CONFUSIONS = 40
LEFT_OUT = "Not trained: countries that these readers never saw (leave-one-out):"
NONE_LEFT_OUT = "No country was left out of these readers' training, so none of this says how an unseen country is read:"
RIGHT_TO_LEFT = ("R", "AL", "AN")
DESCRIPTION = f"""Accuracy over labelled pictures. A label file has the columns {",".join(COLUMNS)}; pictures lie
beside it; a folder stands for its labels.csv. Rows with a box are scenes (own detector), rows without are crops. Recall:
label boxes found at IoU 0.5 by the detector's first looks, or as a plate that is read; false: per picture, touching no
label (boxes of the detector, plates that are reported); folded, and right wherever nothing else is said: O = 0 and
I = 1; at 95 %: where the true share lies; corrected: the same where labels that are known to be wrong
({CORRECTIONS.name}) say what the picture shows; country: labels that are alpha-2 codes or EU (any country of Europe
whose formats the text fits), an unread plate has none; settled: where label or format leave one country; sure: reads at
confidence 90 or more, of the plates read."""


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m engine evaluate", description=DESCRIPTION)
    parser.add_argument("tables", nargs="*", type=Path, metavar="LABELS.csv", help="label files, or folders of them")
    parser.add_argument("--sets", type=Path, metavar="DIR", help="every set (sub-folder with a labels.csv) of this folder")
    parser.add_argument("--held-out", action="store_true", help="only texts and scenes that are held out of training")
    parser.add_argument("--json", action="store_true", help="one JSON object with everything instead of tables")
    parser.add_argument("--misses", action="store_true", help="list what was read wrong")
    parser.add_argument("--failures", type=Path, metavar="DIR", help="write what was read wrong as pictures, with an index.html")
    parser.add_argument(
        "--against", type=Path, metavar="MODELS", help="a second folder of models: plates won and lost against it, set by set"
    )
    parser.add_argument(
        "--neighbours", action="store_true", help="read each plate once more with its country and three neighbours chosen"
    )
    add_model_options(parser)
    options = parser.parse_args(arguments)
    tables = [*options.tables, *(tables_in(options.sets) if options.sets else ())]
    if not tables:
        parser.error("name a label file, a folder of pictures with its labels.csv, or --sets DIR")
    sets = [read_set(table, options.held_out) for table in tables]
    failures = Failures(options.failures) if options.failures else None
    recogniser = recogniser_of(options)
    unseen = recogniser.untrained
    tallies = evaluate(recogniser, sets, failures.take if failures else None)
    others = evaluate(recogniser_of(options, options.against), sets) if options.against else []
    near = with_neighbours(lambda codes: recogniser_of(options, countries=codes), sets) if options.neighbours else {}
    total = together(tallies)
    if failures:
        failures.close()
    if options.json:
        against = {"against": compared(tallies, others)} if others else {}
        chosen = {"neighbours": neighbour_rows(near)} if near else {}
        print(json.dumps({**described(tallies, total, options.misses, unseen), **against, **chosen}, ensure_ascii=False))
        return 0
    print(*report(tallies, total, unseen), sep="\n")
    if near:
        print("", "With its country and three neighbours chosen, plates whose country label or format settle:", sep="\n")
        print(*table(neighbour_rows(near)), sep="\n")
    if others:
        print("", f"Against {options.against}:", *table(compared(tallies, others)), sep="\n")
    if options.misses:
        print("", *misses(tallies), sep="\n")
    return 0


def described(tallies: Sequence[Tally], total: Tally, with_misses: bool, unseen: Collection[str] = ()) -> dict[str, object]:
    """Everything as one JSON-able object. `unseen`: countries that the readers were trained without."""
    every = [{**tally.as_json(), **details(tally, unseen)} for tally in (*tallies, total)]
    found: dict[str, object] = {"sets": every[:-1], "together": every[-1]}
    if with_misses:
        found["misses"] = {tally.name: [(each.picture.name, each.wanted, each.read) for each in tally.misses] for tally in tallies}
    return found


def neighbour_rows(tallies: Mapping[str, Tally]) -> list[dict[str, object]]:
    """A row for each country, what was chosen with it, and how many plates got it right."""
    wanted = ("plates", "folded_pct", "corrected_pct", "settled_country_pct")
    rows = []
    for code, tally in tallies.items():
        told = tally.as_json()
        chosen = " ".join(chosen_with(code)[1:]) if code in NEIGHBOURS else ""
        rows.append({"country": code, "chosen beside it": chosen, **{key: told[key] for key in wanted}})
    return rows


def report(tallies: Sequence[Tally], total: Tally, unseen: Collection[str] = ()) -> list[str]:
    """All tables for people: the sets, then what they say together by width, height, confidence and confusion."""
    lines = table([tally.as_json() for tally in (*tallies, total)], HEADINGS)
    lines += ["", "By width of the plate, all sets:"]
    lines += table(by_width(total.texts, total.places))
    if not total.texts:
        return lines
    lines += ["", "By height of the characters as measured, plates that were read:"]
    lines += table(by_char_height(total.texts))
    lines += ["", "By tilt of the plate in scenes as measured, plates that were read:"]
    lines += table(by_tilt(total.texts))
    lines += ["", "By shape of the plate (width over height), all sets:"]
    lines += table(by_shape(total.texts))
    lines += ["", f"By country, as label or format settles it. {LEFT_OUT if unseen else NONE_LEFT_OUT}"]
    lines += table(by_country(total.readings, unseen))
    lines += ["", "By light (mean grey of the plate, 0 to 255), all sets:"]
    lines += table(by_light(total.texts))
    lines += ["", "By confidence, plates that were read:"]
    lines += table(calibration(total.texts))
    found = confusions(total.texts)
    lines += ["", f"Confusions in plates that were read (- is nothing), {sum(found.values())} in all:"]
    rows = [{"wanted": shown(a) or "-", "read": shown(b) or "-", "count": n} for (a, b), n in found.most_common(MOST_CONFUSIONS)]
    return lines + table(rows)


def misses(tallies: Iterable[Tally]) -> list[str]:
    return [
        f"{tally.name} {each.picture.name}: {shown(each.wanted)} read as {shown(each.read) or '-'}"
        for tally in tallies
        for each in tally.misses
    ]


def table(rows: Sequence[dict[str, object]], headings: dict[str, str] | None = None) -> list[str]:
    """Rows of the same keys as lines, the first column to the left, numbers to the right; None is "-"."""
    if not rows:
        return []
    headings = headings or {key: key.replace("_pct", " %").replace("_px", " px").replace("_", " ") for key in rows[0]}
    cells = [list(headings.values())]
    cells += [["-" if row[key] is None else str(row[key]) for key in headings] for row in rows]
    widths = [max(columns(row[i]) for row in cells) for i in range(len(headings))]
    to_left = [not isinstance(rows[0][key], int | float | None) for key in headings]
    return [
        "  ".join(
            cell + " " * (width - columns(cell)) if left else " " * (width - columns(cell)) + cell
            for cell, width, left in zip(row, widths, to_left, strict=True)
        ).rstrip()
        for row in cells
    ]


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: Chinese characters two, marks of direction none."""
    return sum(
        0 if unicodedata.category(each) in ("Cf", "Mn") else 2 if unicodedata.east_asian_width(each) in "WF" else 1 for each in text
    )


def shown(text: str) -> str:
    """A plate's text for a terminal: left to right as seen on the plate, also where it holds Arabic; control characters escaped."""
    text = "".join(each if each.isprintable() else f"\\x{ord(each):02x}" for each in text)
    if any(unicodedata.bidirectional(each) in RIGHT_TO_LEFT for each in text):
        return f"\N{LEFT-TO-RIGHT OVERRIDE}{text}\N{POP DIRECTIONAL FORMATTING}"
    return text
