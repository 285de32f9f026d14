"""`engine evaluate` as another program sees it: label files, errors, tables, JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from engine.__main__ import main
from engine.cli import labels
from engine.cli.bench_read import drawn_frame
from engine.cli.evaluate import columns, report, shown, table
from engine.cli.labels import Label, picture_held_out, read_labels, read_set
from engine.cli.scoring import evaluate, together
from engine.lists.alphabet import READABLE
from engine.recognise.pipeline import Recogniser
from tests.unit.engine.cli.fake_reader import FakeReader, labelled, picture, read_of

NAMES = tuple(f"{number:02}.png" for number in range(20))


def test_labels_are_boxes_crops_and_plate_free_pictures(tmp_path: Path) -> None:
    for name in ("frame.png", "crop.png", "empty.png"):
        picture(tmp_path, name, 1)
    rows = ("frame.png,1,2,30,9.6,ab12,XX", "frame.png,5,5,20,8,,XX", "crop.png,,,,,CD34,XX", "empty.png,,,,,,")
    assert read_labels(labelled(tmp_path, *rows)) == {
        tmp_path / "frame.png": [Label((1, 2, 30, 10), "AB12", "XX"), Label((5, 5, 20, 8), "", "XX")],
        tmp_path / "crop.png": [Label(None, "CD34", "XX")],
        tmp_path / "empty.png": [],
    }


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("gone.png,1,2,3,4,A,X", "row 2: there is no picture 'gone.png'"),
        (",1,2,3,4,A,X", "row 2: there is no picture ''"),
        ("frame.png,1,2,three,4,A,X", "row 2: x,y,w,h must be four numbers or empty, not 1,2,three,4"),
        ("frame.png,1,2,inf,4,A,X", "row 2: x,y,w,h must be four numbers or empty, not 1,2,inf,4"),
        ("frame.png,1,,3,4,A,X", "row 2: x,y,w,h must be four numbers or empty"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, row: str, told: str, capfd: pytest.CaptureFixture[str]) -> None:
    picture(tmp_path, "frame.png", 1)
    assert main(["evaluate", str(labelled(tmp_path, row))]) == 2
    assert told in capfd.readouterr().err


def test_a_missing_column_a_missing_table_and_a_folder_without_sets_are_named(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    picture(tmp_path, "frame.png", 1)
    assert main(["evaluate", str(labelled(tmp_path, "frame.png,A", head="file,text"))]) == 2
    assert "column x, y, w, h, country is missing" in capfd.readouterr().err
    for head, missing in (("plate\n", "file, x, y, w, h, text, country"), ("", "file, x, y, w, h, text, country")):
        (tmp_path / "rowless.csv").write_text(head)
        assert main(["evaluate", str(tmp_path / "rowless.csv")]) == 2
        assert f"column {missing} is missing" in capfd.readouterr().err
    assert main(["evaluate", str(tmp_path / "none.csv")]) == 2
    assert "cannot be read" in capfd.readouterr().err
    assert main(["evaluate", "--sets", str(tmp_path)]) == 2
    assert "holds no set: a set is a folder" in capfd.readouterr().err


def test_evaluate_counts_what_was_read_and_found(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    drawn = drawn_frame()
    Image.fromarray(drawn).save(tmp_path / "frame.bmp")
    Image.fromarray(np.full((90, 120, 3), 90, np.uint8)).save(tmp_path / "empty.png")
    box = ",".join(str(side) for side in Recogniser().find(drawn)[0].box)
    labelled(tmp_path, f"frame.bmp,{box},NOSUCHTEXT,XX", "empty.png,,,,,,")
    assert main(["evaluate", "--json", "--misses", "--failures", str(tmp_path / "failures"), str(tmp_path)]) == 0
    told = json.loads(capfd.readouterr().out)
    (one,) = told["sets"]
    assert (one["images"], one["plates"], one["boxes"], one["recall_50_pct"], one["exact_pct"]) == (2, 1, 1, 100.0, 0.0)
    assert told["together"]["images"] == 2
    assert {"by_width_px", "by_char_height_px", "confusions", "calibration", "rule"} <= set(one)
    assert told["misses"][tmp_path.name][0][:2] == ["frame.bmp", "NOSUCHTEXT"]
    assert (tmp_path / "failures" / "index.html").is_file()
    assert main(["evaluate", "--json", "--failures", str(tmp_path / "failures"), str(tmp_path)]) == 2
    assert "is not empty" in capfd.readouterr().err


def test_labels_that_are_known_to_be_wrong_count_with_and_without_their_correction(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = tmp_path / "corrections.csv"
    table.write_text(
        "set,file,label,shown\nmine,sub/a.png,AB12,AB13\nmine,b.png,XY99,XY98\nother,b.png,CD34,CD33\n", encoding="utf-8"
    )
    monkeypatch.setattr(labels, "CORRECTIONS", table)
    labels.corrections.cache_clear()
    try:
        picture(tmp_path / "mine" / "sub", "a.png", 1)
        picture(tmp_path / "mine", "b.png", 2)
        labelled(tmp_path / "mine", "sub/a.png,,,,,AB12,SK", "b.png,,,,,CD34,SK")
        one = read_set(tmp_path / "mine")
    finally:
        labels.corrections.cache_clear()
    assert one.pictures == {
        tmp_path / "mine" / "sub" / "a.png": [Label(None, "AB12", "SK", "AB13")],
        tmp_path / "mine" / "b.png": [Label(None, "CD34", "SK")],
    }
    (tally,) = evaluate(FakeReader({1: [read_of("AB13")], 2: [read_of("CD34")]}), [one])
    told = tally.as_json()
    assert (told["folded_pct"], told["corrected_labels"], told["corrected_pct"]) == (50.0, 1, 100.0)


def test_the_list_of_corrections_names_each_label_once_with_another_text() -> None:
    listed = labels.CORRECTIONS.read_text("utf-8").splitlines()
    known = labels.corrections()
    assert listed[0] == "set,file,label,shown"
    assert sum(len(plates) for plates in known.values()) == len(listed) - 1
    for plates in known.values():
        assert all(shown and shown != label and set(shown) <= READABLE for (_, label), shown in plates.items())


def test_held_out_leaves_plates_of_training_away_and_says_so(tmp_path: Path) -> None:
    # AB009CD is held out, AB001CD and AB002CD are not
    scenes, crops, never, boxes = (tmp_path / name for name in ("scenes", "crops", "openalpr-eu", "boxes"))
    for folder in (scenes, crops, never, boxes):
        for number, name in enumerate(NAMES):
            picture(folder, name, number)
    rows = [f"{name},1,1,60,15,AB001CD,SK" for name in NAMES[1:]]
    labelled(scenes, f"{NAMES[0]},1,1,60,15,AB009CD,SK", f"{NAMES[0]},100,100,60,15,AB002CD,SK", *rows)
    labelled(crops, f"{NAMES[0]},,,,,AB001CD,SK", f"{NAMES[1]},,,,,AB009CD,SK")
    labelled(never, f"{NAMES[0]},1,1,60,15,AB001CD,SK", f"{NAMES[1]},1,1,60,15,AB009CD,SK")
    labelled(boxes, *(f"{name},1,1,60,15,,SK" for name in NAMES))
    kept = {one.name: one for one in (read_set(folder, True) for folder in (scenes, crops, never, boxes))}
    unseen = [name for name in NAMES if picture_held_out("scenes", name)]
    assert unseen == ["08.png"]
    assert kept["scenes"].pictures == {
        scenes / NAMES[0]: [Label((1, 1, 60, 15), "AB009CD", "SK"), Label((100, 100, 60, 15), "")],
        **{scenes / name: [Label((1, 1, 60, 15), "")] for name in unseen},
    }
    assert kept["scenes"].trained_on == {scenes / name for name in NAMES if name not in unseen}
    assert kept["crops"].pictures == {crops / NAMES[1]: [Label(None, "AB009CD", "SK")]}
    seen_boxes = {boxes / name: [Label((1, 1, 60, 15), "", "SK")] for name in NAMES if picture_held_out("boxes", name)}
    assert kept["boxes"].pictures == seen_boxes
    assert {name: one.rule for name, one in kept.items()} == {
        "scenes": "held-out texts, boxes of held-out pictures",
        "crops": "held-out texts",
        "openalpr-eu": "whole: never trained on",
        "boxes": "boxes of held-out pictures",
    }


def test_boxes_count_only_in_scenes_that_the_detector_does_not_know(tmp_path: Path) -> None:
    folder = tmp_path / "scenes"
    for name in NAMES:
        picture(folder, name, 1)
    labelled(folder, *(f"{name},10,10,60,15,AB009CD,SK" for name in NAMES))
    reads = {1: [read_of("AB009CD", box=(10, 10, 60, 15)), read_of("XY12", box=(200, 200, 60, 15))]}
    (tally,) = evaluate(FakeReader(reads), [read_set(folder, True)])
    assert (tally.images, tally.exact, tally.scenes, tally.boxes, tally.found, tally.false_plates) == (20, 20, 1, 1, 1, 1)


def test_of_the_plate_free_pictures_every_fourth_of_the_first_is_held_out(tmp_path: Path) -> None:
    folder = tmp_path / "negatives-openalpr"
    for name in NAMES:
        picture(folder, name, 1)
    kept = read_set(labelled(folder, *(f"{name},,,,,," for name in NAMES)), True)
    assert [file.name for file in kept.pictures] == list(NAMES[::4])
    assert kept.rule == "boxes of held-out pictures"


def test_a_table_of_some_plates_knows_the_others_beside_it(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 1)
    labelled(tmp_path, "a.png,10,10,60,15,,RO?", "a.png,100,100,60,15,,RO?")
    agreed = labelled(tmp_path, "a.png,10,10,60,15,AB001CD,RO?", name="agreed.csv")
    reads = {1: [read_of("AB001CD", box=(10, 10, 60, 15)), read_of("XY12", box=(100, 100, 60, 15))]}
    (tally,) = evaluate(FakeReader(reads), [read_set(agreed)])
    assert (tally.name, tally.boxes, tally.exact, tally.false_plates) == (f"{tmp_path.name}/agreed", 1, 1, 0)


def test_the_report_for_people_shows_every_table(tmp_path: Path) -> None:
    picture(tmp_path, "a.png", 1)
    labelled(tmp_path, "a.png,,,,,٣٤جب,EG")
    tallies = evaluate(FakeReader({1: [read_of("٣٥جب", 91)]}), [read_set(tmp_path)])
    lines = report(tallies, together(tallies))
    assert lines[0].split("  ")[0] == "set" and lines[1].endswith("whole")
    headings = [line for line in lines if line.endswith(":")]
    assert [line.split()[1] for line in headings] == ["width", "height", "tilt", "shape", "country,", "light", "confidence,", "in"]
    assert lines[-1] == f"{shown('٤')}       {shown('٥')}         1"


def test_texts_are_shown_left_to_right_and_columns_fit() -> None:
    assert shown("AB12") == "AB12"
    assert shown("٣٤جب") == "\u202d٣٤جب\u202c"
    assert shown("A\x1b[2J") == "A\\x1b[2J"
    assert (columns("京A8"), columns(shown("٣٤جب"))) == (4, 4)
    assert table([{"text": "京A", "count": 3}, {"text": "ABCDE", "count": None}]) == [
        "text   count",
        "京A        3",
        "ABCDE      -",
    ]


def test_without_any_table_the_call_is_refused(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["evaluate"])
    assert "--sets DIR" in capfd.readouterr().err
