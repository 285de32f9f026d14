"""Scoring: exact counts of a fake reader's answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.cli.breakdowns import (
    align,
    by_char_height,
    by_country,
    by_light,
    by_shape,
    by_tilt,
    by_width,
    calibration,
    confusions,
)
from engine.cli.labels import read_set
from engine.cli.neighbours import NEIGHBOURS, by_real_country, chosen_with, with_neighbours
from engine.cli.scoring import Place, Reading, Tally, evaluate, interval, light_of, real_countries, together
from engine.countries import countries
from engine.regions import iou
from tests.unit.engine.cli.fake_reader import FakeReader, labelled, picture, read_of


def reading(wanted: str, read: str, confidence: float = 95.0, width_px: int = 120, height_px: float = 30.0) -> Reading:
    return Reading(Path("a.png"), wanted, read, confidence if read else 0.0, "", "", width_px, height_px)


def test_every_count_of_a_set_of_scenes(tmp_path: Path) -> None:
    right, folded, stranger = (10, 10, 100, 25), (200, 100, 60, 15), (300, 200, 50, 20)
    reads = {
        1: [read_of("BA123CD", 97, "SK", right), read_of("XY987", 91, "SK", stranger)],
        2: [read_of("0B1", 60, "", folded)],
    }
    picture(tmp_path, "one.png", 1)
    picture(tmp_path, "two.png", 2)
    picture(tmp_path, "empty.png", 3)
    table = labelled(
        tmp_path,
        "one.png,10,10,100,25,BA123CD,EU",
        "one.png,150,10,40,10,,EU",
        "two.png,200,100,60,15,OB1,FR",
        "two.png,10,200,60,15,GONE1,RO?",
        "empty.png,,,,,,",
    )
    (tally,) = evaluate(FakeReader(reads, {3: [(5, 5, 50, 20)]}), [read_set(table)])
    told = tally.as_json()
    assert told.pop("ms_per_image") is not None
    assert told == {
        "set": tmp_path.name,
        "images": 3,
        "plates": 3,
        "exact_pct": 33.3,
        "folded_pct": 66.7,
        "folded_within_pct": "20.8-93.9",
        "corrected_labels": 0,
        "corrected_pct": 66.7,
        "boxes": 4,
        "recall_50_pct": 50.0,
        "false_boxes_per_image": 0.667,
        "false_plates_per_image": 0.333,
        # the two of Europe, one of them unread, and the French one, read without a country
        "country_plates": 3,
        "country_pct": 33.3,
        "settled_country_plates": 1,
        "settled_country_pct": 0.0,
        "reads": 2,
        "reads_90_pct": 50.0,
        "right_at_90_pct": 100.0,
        "corrected_at_90_pct": 100.0,
        "rule": "whole",
    }
    assert [(each.wanted, each.read) for each in tally.misses] == [("GONE1", "")]


def test_a_crop_is_one_plate_and_counts_for_no_recall(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 1, (94, 24))
    (tally,) = evaluate(FakeReader({1: [read_of("京A88731", 88)]}), [read_set(labelled(tmp_path, "a.png,,,,,京A88731,CN"))])
    assert (tally.plates, tally.exact, tally.boxes, tally.scenes, tally.readings[0].width_px) == (1, 1, 0, 0, 94)


def test_overlap_is_intersection_over_union() -> None:
    assert iou((0, 0, 10, 10), (5, 0, 10, 10)) == pytest.approx(1 / 3)
    assert iou((0, 0, 10, 10), (10, 0, 10, 10)) == 0


def test_together_every_plate_counts_the_same() -> None:
    one = Tally("a", images=1, readings=[reading("AB1", "AB1")])
    three = Tally("b", images=3, readings=[reading("AB1", "AB2")] * 3)
    assert (together([one, three]).images, together([one, three]).as_json()["exact_pct"]) == (4, 25.0)


def test_a_label_that_says_eu_is_settled_by_the_format_where_one_country_alone_has_it() -> None:
    # two letters, three digits, two letters: Italy, Slovakia and others; Dutch and Polish texts are theirs alone
    several = real_countries("EU", "BA123CD")
    assert {"SK", "IT"} <= several and not {"BR", "US", ""} & several
    assert real_countries("EU", "1AB2345") == {"CZ"}
    # what fits no format may be from anywhere in Europe
    assert {"SK", "NO", "PT"} <= real_countries("EU", "????") and "BR" not in real_countries("EU", "????")
    assert real_countries("BR", "BA123CD") == {"BR"}


def test_plates_are_counted_by_country_and_what_was_never_trained_is_marked() -> None:
    readings = [
        replace(reading("1AB2345", "1AB2345"), wanted_country="EU", country="CZ"),
        replace(reading("1AB2345", "1AB2346"), wanted_country="CZ", country="SK"),
        replace(reading("ABC1234", "", 0.0), wanted_country="BR"),
        reading("ABC1234", "ABC1234"),
    ]
    rows = by_country(readings, {"BR"})
    assert [(row["country"], row["trained"], row["plates"], row["folded_pct"], row["country_pct"]) for row in rows] == [
        ("BR", "no", 1, 0.0, 0.0),
        ("CZ", "yes", 2, 50.0, 50.0),
    ]


def test_plates_are_counted_by_their_shape() -> None:
    readings = [replace(reading("AB1", "AB1"), height_px=high) for high in (80, 60, 30, 24)]
    assert [(row["shape"], row["plates"]) for row in by_shape([*readings, reading("AB1", "AB1")])] == [
        ("<2", 1), ("2-3", 1), ("3-4", 0), (">=4", 2),
    ]  # fmt: skip


def test_every_country_has_three_neighbours_that_can_be_chosen() -> None:
    assert all(len(set(chosen_with(code))) == 4 and set(chosen_with(code)) <= countries().keys() for code in NEIGHBOURS)


def test_each_plate_is_read_once_more_with_its_country_and_three_neighbours_chosen(tmp_path: Path) -> None:
    for number, name in enumerate(("cz.png", "br.png", "eu.png", "xx.png"), 1):
        picture(tmp_path, name, number)
    rows = ("cz.png,,,,,1AB2345,EU", "br.png,,,,,ABC1234,BR", "eu.png,,,,,BA123CD,EU", "xx.png,,,,,ABC,XX")
    one = read_set(labelled(tmp_path, *rows))
    assert {code: [len(some.pictures) for some in sets] for code, sets in by_real_country([one]).items()} == {"CZ": [1], "BR": [1]}
    asked: list[tuple[str, ...]] = []

    def reader_of(codes: Sequence[str]) -> FakeReader:
        asked.append(tuple(codes))
        return FakeReader({1: [read_of("1AB2345", country="CZ")], 2: [read_of("ABC1234", country="UY")]})

    told = {code: tally.as_json() for code, tally in with_neighbours(reader_of, [one]).items()}
    assert asked == [("BR", "AR", "UY", "PY"), ("CZ", "SK", "PL", "DE")]
    assert {code: (row["plates"], row["settled_country_pct"]) for code, row in told.items()} == {
        "BR": (1, 0.0), "CZ": (1, 100.0), "together": (2, 50.0),
    }  # fmt: skip


def test_confusions_are_aligned_by_fewest_edits() -> None:
    assert align("AB12", "A812") == [("A", "A"), ("B", "8"), ("1", "1"), ("2", "2")]
    assert align("AB12", "AB1") == [("A", "A"), ("B", "B"), ("1", "1"), ("2", "")]
    assert align("AB12", "IAB12")[0] == ("", "I")
    found = confusions([reading("OB12", "0B12"), reading("O1", "01I"), reading("GONE", ""), reading("AB12", "AB12")])
    assert found.most_common() == [(("O", "0"), 2), (("", "I"), 1)]


def test_the_classes_of_width_hold_their_lower_edge() -> None:
    widths = by_width([reading("A1", "A1", width_px=49), reading("A1", "B1", width_px=50)], [Place(250, True), Place(251, False)])
    assert [row["width_px"] for row in widths] == ["<50", "50-75", "75-100", "100-150", "150-250", ">=250"]
    assert [row["plates"] for row in widths] == [1, 1, 0, 0, 0, 0]
    assert (widths[0]["folded_pct"], widths[1]["folded_pct"], widths[2]["folded_pct"]) == (100.0, 0.0, None)
    assert (widths[5]["boxes"], widths[5]["recall_50_pct"]) == (2, 50.0)


def test_plates_that_were_not_read_have_no_height_and_no_confidence() -> None:
    readings = [reading("A1", "A1", 100, height_px=20), reading("A1", "B1", 90), reading("A1", ""), reading("A1", "A1", 49.9)]
    assert [row["plates"] for row in by_char_height(readings)] == [0, 0, 1, 2, 0, 0]
    assert [(row["confidence_pct"], row["reads"], row["right_pct"]) for row in calibration(readings) if row["reads"]] == [
        ("0-50", 1, 100.0),
        ("90-95", 1, 0.0),
        ("95-100", 1, 100.0),
    ]


def test_plates_are_counted_by_their_tilt_and_light() -> None:
    scene = replace(reading("AB1", "AB1"), place=(1, 1, 9, 9))
    readings = [
        replace(scene, tilt_deg=-3.0, light=30.0),
        replace(scene, tilt_deg=9.0, light=40.0, read="AB2"),
        replace(scene, tilt_deg=9.0, light=200.0, place=None),
        replace(scene, read=""),
    ]
    assert [(row["tilt_deg"], row["plates"], row["folded_pct"]) for row in by_tilt(readings)] == [
        ("<2", 0, None), ("2-4", 1, 100.0), ("4-8", 0, None), (">=8", 1, 0.0),
    ]  # fmt: skip
    assert [(row["light"], row["plates"]) for row in by_light(readings)] == [
        ("<40", 2), ("40-80", 1), ("80-120", 0), ("120-160", 0), (">=160", 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "total", "told"), [(0, 0, None), (0, 10, "0.0-27.8"), (10, 10, "72.2-100.0"), (81, 263, "25.5-36.6")]
)
def test_the_interval_is_wilsons(count: int, total: int, told: str | None) -> None:
    assert interval(count, total) == told


def test_the_light_of_a_plate_is_its_mean_grey() -> None:
    rgb = np.zeros((10, 10, 3), np.uint8)
    rgb[2:4, 2:6] = 200
    assert (light_of(rgb, (2, 2, 4, 2)), light_of(rgb, (-4, 2, 8, 2)), light_of(rgb, (50, 50, 4, 4))) == (200.0, 100.0, 0.0)
