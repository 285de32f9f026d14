"""`engine evaluate-sequence --videos`: real cars: what the first passage of each says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from PIL import Image

from board.kit.errors import ConfigError
from engine.__main__ import main
from engine.cli.bench_read import TEXT, drawn_frame
from engine.cli.videos import VideoTally, judged, passages, read_cars
from engine.settings import LprSettings
from engine.types import Box
from tests.unit.engine.cli.fake_reader import FakeReader, labelled, picture, read_of

PLACE: Box = (120, 100, 160, 40)
SETTINGS = LprSettings(votes=2, min_confidence_pct=80)


def test_each_passage_goes_to_its_car_and_the_first_one_counts() -> None:
    cars = ["AB12CD", "XY987", "KL55MN", "GONE77"]
    tally = judged("a.mp4", cars, ["AB12CD", "XY9B7", "XY987", "KL55MN", "KL55NN", "CAM03"])
    assert tally == VideoTally(
        "a.mp4",
        right=["AB12CD", "KL55MN"],
        wrong=[("XY987", "XY9B7")],
        missed=["GONE77"],
        again=["XY987", "KL55NN"],
        phantoms=["CAM03"],
    )
    assert tally.as_json() == {"video": "a.mp4", "cars": 4, "right": 2, "wrong": 1, "missed": 1, "again": 2, "phantoms": 1}


def test_look_alikes_are_right_and_the_same_car_may_come_twice() -> None:
    assert judged("a", ["AB0", "AB0"], ["ABO", "AB0", "AB0"]) == VideoTally("a", right=["AB0", "AB0"], again=["AB0"])


def test_a_piece_of_a_plate_is_that_car_misread() -> None:
    assert judged("a", ["AB12CD"], ["12CD"]).wrong == [("AB12CD", "12CD")]


def test_a_folder_of_frames_is_read_at_the_pace_that_is_asked_for(tmp_path: Path) -> None:
    for number, shade in enumerate((9, 1, 1, 1, 9, 9, 9, 9, 9, 9, 2, 2, 9)):
        picture(tmp_path, f"{number:03}.png", shade)
    reader = FakeReader({1: [read_of("AB12CD", 96, box=PLACE)], 2: [read_of("XY987", 96, box=PLACE)]})
    found = list(passages(reader, tmp_path, 200, SETTINGS))
    assert [(each.read.text, each.frame.seq, each.frame.monotonic_ns) for each in found] == [
        ("AB12CD", 2, 200_000_000), ("XY987", 11, 2_000_000_000),
    ]  # fmt: skip


def test_a_table_of_cars_names_videos_beside_it(tmp_path: Path) -> None:
    picture(tmp_path / "night", "0.png", 1)
    rows = ("night,ab12cd", "night, XY987", "night,")
    assert read_cars(labelled(tmp_path, *rows, head="video,plate")) == {tmp_path / "night": ["AB12CD", "XY987"]}


@pytest.mark.parametrize(
    ("head", "row", "told"),
    [
        ("video,plate", "gone.mp4,AB12CD", "row 2: there is no video 'gone.mp4'"),
        ("video,plate", ",AB12CD", "row 2: there is no video ''"),
        ("video,text", "a,b", "the column plate is missing: the first row must name video,plate"),
    ],
)
def test_a_wrong_row_is_named(tmp_path: Path, head: str, row: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        read_cars(labelled(tmp_path, row, head=head))


def test_the_command_reads_a_folder_of_frames(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "gate").mkdir()
    for number in range(3):
        Image.fromarray(drawn_frame()).save(tmp_path / "gate" / f"{number}.bmp")
    cars = labelled(tmp_path, f"gate,{TEXT.replace(' ', '')}", "gate,ZZ999ZZ", head="video,plate", name="cars.csv")
    assert main(["evaluate-sequence", "--videos", str(cars), "--json", "--misses"]) == 0
    told = json.loads(capfd.readouterr().out)
    assert told["together"] == {
        "video": "together", "cars": 2, "right": 1, "wrong": 0, "missed": 1, "again": 0, "phantoms": 0,
    }  # fmt: skip
    assert told["misses"] == {"gate": [[], ["ZZ999ZZ"], []]}
    assert main(["evaluate-sequence", "--videos", str(cars), "--misses"]) == 0
    assert "gate: ZZ999ZZ missed" in capfd.readouterr().out
    with pytest.raises(SystemExit):
        main(["evaluate-sequence"])
