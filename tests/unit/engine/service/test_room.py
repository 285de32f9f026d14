"""Room on a full storage: which pictures go, what is said, and when it is over."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from board.kit.errors import StorageFull, StoreError
from board.kit.words import NOTHING
from engine.service import room as module
from engine.service.room import Room
from engine.store import Store
from engine.types import Delivery, PassageImages
from tests.samples import NOW, new_store, passage

FULL = StorageFull("storage is full")


class Disk:
    """Three passages, a day apart, each with a picture of 100 bytes; the oldest one's message still waits."""

    def __init__(self, folder: Path) -> None:
        self.images = folder / "images"
        self.store: Store = new_store(folder)
        self.room = Room(folder / "anpr.db", self.images)
        for day in range(3):
            at = NOW + timedelta(days=day)
            name = f"{at:%Y/%m/%d}/p{day}-full.jpg"
            (self.images / name).parent.mkdir(parents=True)
            (self.images / name).write_bytes(bytes(100))
            waits = [Delivery("d", "p0", 1, "http", "pending", at, at, 0, at, None, NOTHING)] if day == 0 else []
            self.store.add_passage(passage(id=f"p{day}", at=at, images=PassageImages(full=name)), waits)

    def left(self) -> list[str]:
        return sorted(path.stem.removesuffix("-full") for path in self.images.rglob("*.jpg"))


@pytest.fixture
def disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Disk]:
    monkeypatch.setattr(module, "ENOUGH_BYTES", 100)
    made = Disk(tmp_path)
    yield made
    made.store.close()


def test_pictures_that_a_message_waits_for_go_last(disk: Disk) -> None:
    left = []
    while disk.room.refused(FULL, disk.store):
        left.append(disk.left())
    assert left == [["p0", "p2"], ["p0"], []]
    assert str(disk.room.problem) == "storage is full", "there is nothing left to delete"


def test_before_the_database_is_open_the_oldest_of_all_go(disk: Disk) -> None:
    assert disk.room.refused(FULL, None)
    assert disk.left() == ["p1", "p2"]


def test_a_storage_that_is_broken_costs_no_picture(disk: Disk) -> None:
    assert not disk.room.refused(StoreError("the storage is read-only"), disk.store)
    assert (disk.left(), str(disk.room.problem)) == (["p0", "p1", "p2"], "the storage is read-only")


def test_the_problem_is_over_once_the_storage_can_be_written(disk: Disk, monkeypatch: pytest.MonkeyPatch) -> None:
    disk.room.refused(FULL, disk.store)
    assert disk.room.problem.key == "it is full: pictures are deleted, so that passages and messages are kept"
    with monkeypatch.context() as still:
        still.setattr(module, "refusal", lambda path: OSError("no space left"))
        disk.room.look()
        assert disk.room.problem
    disk.room.look()
    assert disk.room.problem == NOTHING
    assert [path.name for path in disk.images.parent.glob("*probe*")] == []
