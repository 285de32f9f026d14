"""Breakdowns: readings by width, height, shape, tilt, light, country and confidence, and what was read for what."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence

from engine.cli.scoring import Place, Reading, Tally, names_country, percent, real_countries, sureness

WIDTHS_PX = (50, 75, 100, 150, 250)
HEIGHTS_PX = (15, 20, 25, 40, 80)
SHAPES = (2, 3, 4)
TILTS_DEG = (2, 4, 8)
LIGHTS = (40, 80, 120, 160)
BANDS_PCT = (0, 50, 60, 70, 80, 90, 95, 100)


def details(tally: Tally, unseen: Collection[str]) -> dict[str, object]:
    """All of them of one tally, for JSON. `unseen`: countries that the reader was trained without."""
    return {
        "by_width_px": by_width(tally.texts, tally.places),
        "by_char_height_px": by_char_height(tally.texts),
        "by_shape": by_shape(tally.texts),
        "by_tilt_deg": by_tilt(tally.texts),
        "by_light": by_light(tally.texts),
        "by_country": by_country(tally.readings, unseen),
        "confusions": [{"wanted": a, "read": b, "count": count} for (a, b), count in confusions(tally.texts).most_common()],
        "calibration": calibration(tally.texts),
    }


def class_of(value: float, edges: Sequence[int]) -> int:
    """Index of the class that a value falls into: below the first edge 0, from the last edge on len(edges)."""
    return sum(value >= edge for edge in edges)


def class_names(edges: Sequence[int]) -> list[str]:
    between = [f"{low}-{high}" for low, high in itertools.pairwise(edges)]
    return [f"<{edges[0]}", *between, f">={edges[-1]}"]


def by_width(texts: Iterable[Reading], places: Iterable[Place]) -> list[dict[str, object]]:
    """Accuracy and recall by the labelled plate's width in px (a crop's is its picture's)."""
    read: list[list[Reading]] = [[] for _ in range(len(WIDTHS_PX) + 1)]
    seen: list[list[Place]] = [[] for _ in read]
    for reading in texts:
        read[class_of(reading.width_px, WIDTHS_PX)].append(reading)
    for place in places:
        seen[class_of(place.width_px, WIDTHS_PX)].append(place)
    return [
        {
            "width_px": name,
            **_accuracy(readings),
            "boxes": len(boxes),
            "recall_50_pct": percent(sum(place.found for place in boxes), len(boxes)),
        }
        for name, readings, boxes in zip(class_names(WIDTHS_PX), read, seen, strict=True)
    ]


def by_char_height(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by the height of the characters in px as the engine measured it; plates that were not read have none."""
    return _by("char_height_px", HEIGHTS_PX, ((reading.char_height_px, reading) for reading in texts if reading.read))


def by_shape(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by the plate's width over its height: below 2 two rows, squares and motorcycles."""
    return _by("shape", SHAPES, ((reading.width_px / reading.height_px, reading) for reading in texts if reading.height_px))


def by_country(readings: Iterable[Reading], unseen: Collection[str]) -> list[dict[str, object]]:
    """Accuracy, and how often the country is right, by the country that label or format settles; "EU" where they leave several."""
    found: dict[str, list[Reading]] = defaultdict(list)
    for reading in readings:
        if names_country(reading.wanted_country):
            among = real_countries(reading.wanted_country, reading.wanted)
            found[min(among) if len(among) == 1 else reading.wanted_country].append(reading)
    return [
        {
            "country": code,
            "trained": "no" if code in unseen else "yes",
            **_accuracy([each for each in some if each.wanted]),
            "country_pct": percent(
                sum(each.country in real_countries(each.wanted_country, each.wanted) for each in some), len(some)
            ),
        }
        for code, some in sorted(found.items())
    ]


def by_tilt(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by how far a plate in a scene is turned, in degrees, as the engine measured it: plates that were read."""
    return _by("tilt_deg", TILTS_DEG, ((abs(reading.tilt_deg), reading) for reading in texts if reading.read and reading.place))


def by_light(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Accuracy by the mean grey of the plate, 0..255."""
    return _by("light", LIGHTS, ((reading.light, reading) for reading in texts))


def _by(name: str, edges: Sequence[int], measured: Iterable[tuple[float, Reading]]) -> list[dict[str, object]]:
    classes: list[list[Reading]] = [[] for _ in range(len(edges) + 1)]
    for value, reading in measured:
        classes[class_of(value, edges)].append(reading)
    return [{name: which, **_accuracy(some)} for which, some in zip(class_names(edges), classes, strict=True)]


def _accuracy(readings: Sequence[Reading]) -> dict[str, object]:
    total, read = len(readings), [reading for reading in readings if reading.read]
    return {
        "plates": total,
        "exact_pct": percent(sum(reading.exact for reading in readings), total),
        "folded_pct": percent(sum(reading.right for reading in readings), total),
        **sureness(read),
    }


def calibration(texts: Iterable[Reading]) -> list[dict[str, object]]:
    """Reads by their confidence: how many, and the share that is right (O as 0, I as 1). The last band includes 100."""
    bands: list[list[Reading]] = [[] for _ in BANDS_PCT[1:]]
    for reading in texts:
        if reading.read:
            bands[class_of(reading.confidence, BANDS_PCT[1:-1])].append(reading)
    return [
        {
            "confidence_pct": f"{low}-{high}",
            "reads": len(band),
            "right_pct": percent(sum(reading.right for reading in band), len(band)),
            "corrected_pct": percent(sum(reading.right_corrected for reading in band), len(band)),
        }
        for (low, high), band in zip(itertools.pairwise(BANDS_PCT), bands, strict=True)
    ]


def confusions(texts: Iterable[Reading]) -> Counter[tuple[str, str]]:
    """(wanted, read) characters that differ in plates that were read: ("O", "0"); ("O", "") missing, ("", "I") phantom."""
    pairs: Counter[tuple[str, str]] = Counter()
    for reading in texts:
        if reading.read and not reading.exact:
            pairs.update(pair for pair in align(reading.wanted, reading.read) if pair[0] != pair[1])
    return pairs


def align(wanted: str, read: str) -> list[tuple[str, str]]:
    """The two texts character by character, by fewest edits (Levenshtein); "" stands where one has nothing."""
    rows = [list(range(len(read) + 1))]
    for i, a in enumerate(wanted, 1):
        row = [i]
        for j, b in enumerate(read, 1):
            row.append(min(rows[i - 1][j - 1] + (a != b), rows[i - 1][j] + 1, row[j - 1] + 1))
        rows.append(row)
    pairs: list[tuple[str, str]] = []
    i, j = len(wanted), len(read)
    while i or j:
        if i and j and rows[i][j] == rows[i - 1][j - 1] + (wanted[i - 1] != read[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((wanted[i], read[j]))
        elif i and rows[i][j] == rows[i - 1][j] + 1:
            i -= 1
            pairs.append((wanted[i], ""))
        else:
            j -= 1
            pairs.append(("", read[j]))
    return pairs[::-1]
