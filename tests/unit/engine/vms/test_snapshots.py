"""Snapshots: names by time and number, ten of them, and nothing but them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from engine.messages import PassageEvent
from engine.stored_pictures import StoredPictures
from engine.types import PassageImages
from engine.vms.snapshots import Snapshots
from tests.samples import passage

AT = datetime(2018, 5, 15, 6, 19, 34, 900_000, tzinfo=UTC)


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.row = 0
        self.snapshots = Snapshots(StoredPictures(folder))

    def event(self, at: datetime = AT, plate: bool = True, full: bool = True) -> PassageEvent:
        self.row += 1
        images = PassageImages(f"{self.row}-full.jpg" if full else "", f"{self.row}-plate.jpg" if plate else "")
        for name in (images.full, images.plate):
            if name:
                (self.folder / name).write_bytes(f"picture {name}".encode())
        return PassageEvent(self.row, passage(id=f"p{self.row}", at=at, images=images), (), ())

    def take(self, **how: Any) -> None:
        self.snapshots.take(self.event(**how))

    def get(self, path: str) -> bytes | None:
        found = self.snapshots.open(path)
        if found is None:
            return None
        file, length = found
        with file:
            data = file.read()
        assert len(data) == length
        return data


def test_a_picture_is_named_by_its_second_in_utc_and_its_number_in_it(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take()
    bench.take()
    bench.take(at=AT + timedelta(seconds=1))
    assert bench.snapshots.names() == ("2018051506193501", "2018051506193402", "2018051506193401")
    assert bench.get("/LPR/2018051506193402.jpg") == b"picture 2-plate.jpg"


def test_the_whole_picture_stands_in_where_only_that_is_stored_and_none_has_no_name(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    bench.take(plate=False)
    bench.take(plate=False, full=False)
    assert bench.snapshots.names() == ("2018051506193401",)
    assert bench.get("/LPR/2018051506193401.jpg") == b"picture 1-full.jpg"


def test_only_the_ten_newest_are_there(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    for number in range(11):
        bench.take(at=AT + timedelta(minutes=number))
    assert len(bench.snapshots.names()) == 10
    assert bench.get("/LPR/2018051506193401.jpg") is None
    assert bench.get("/LPR/2018051506203401.jpg") == b"picture 2-plate.jpg"


def test_names_within_a_second_are_the_same_after_a_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path)
    events = [bench.event() for _ in range(4)] + [bench.event(at=AT + timedelta(minutes=1)) for _ in range(8)]
    for event in events:
        bench.snapshots.take(event)
    before = bench.snapshots.names()
    assert before[-2:] == ("2018051506193404", "2018051506193403")
    bench.snapshots = Snapshots(StoredPictures(tmp_path))
    for event in [*events[-20:], events[-1]]:  # the last one comes twice
        bench.snapshots.take(event)
    assert bench.snapshots.names() == before


def test_nothing_else_is_served(tmp_path: Path) -> None:
    (tmp_path / "images").mkdir()
    bench = Bench(tmp_path / "images")
    bench.take()
    (tmp_path / "secret.jpg").write_bytes(b"secret")
    for path in ("/LPR/", "/LPR/../secret.jpg", "/LPR/2018051506193401", "/LPR/2018051506193401.jpg/", "/LPR//2018051506193401.jpg",
                 "/lpr/2018051506193401.jpg", "/LPR/1-plate.jpg", "2018051506193401.jpg", "/LPR/٢٠18051506193401.jpg"):  # fmt: skip
        assert bench.get(path) is None, path
    (tmp_path / "images" / "1-plate.jpg").unlink()
    assert bench.get("/LPR/2018051506193401.jpg") is None
    outside = passage(id="p9", at=AT, images=PassageImages("", "../secret.jpg"))
    bench.snapshots.take(PassageEvent(9, outside, (), ()))
    assert bench.get("/LPR/2018051506193402.jpg") is None
