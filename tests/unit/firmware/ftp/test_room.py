"""Room for the files of others: bounded together, by the disk and by their number; what is replaced gives its room back."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from firmware.ftp.room import Room, bad_name


def write(room: Room, path: Path, data: bytes, mode: str = "wb", place: int | None = None) -> None:
    upload = room.open(str(path), mode)
    try:
        if place is not None:
            upload.seek(place)
        upload.write(data)
    finally:
        upload.close()


def refused(room: Room, path: Path, data: bytes, mode: str = "wb") -> int | None:
    with pytest.raises(OSError) as why:
        write(room, path, data, mode)
    return why.value.errno


def test_files_together_stay_within_their_room(tmp_path: Path) -> None:
    room = Room(str(tmp_path), 100, 0)
    write(room, tmp_path / "a", b"x" * 60)
    assert refused(room, tmp_path / "b", b"x" * 41) == errno.EDQUOT
    write(room, tmp_path / "b", b"x" * 40)
    assert refused(room, tmp_path / "a", b"x", "ab") == errno.EDQUOT


def test_what_is_replaced_or_written_over_does_not_count_twice(tmp_path: Path) -> None:
    room = Room(str(tmp_path), 100, 0)
    write(room, tmp_path / "a", b"x" * 90)
    write(room, tmp_path / "a", b"y" * 100)
    write(room, tmp_path / "a", b"z" * 10, "r+b", 90)
    assert (tmp_path / "a").read_bytes() == b"y" * 90 + b"z" * 10
    (tmp_path / "a").unlink()
    write(room, tmp_path / "b", b"x" * 100)


def test_several_uploads_at_once_share_the_room(tmp_path: Path) -> None:
    room = Room(str(tmp_path), 100, 0)
    first, second = room.open(str(tmp_path / "a"), "wb"), room.open(str(tmp_path / "b"), "wb")
    first.write(b"x" * 50)
    second.write(b"x" * 50)
    with pytest.raises(OSError):
        first.write(b"x")
    first.close()
    second.close()


def test_the_camera_s_own_lists_take_none_of_it(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "lists" / "all.xml").write_bytes(b"x" * 1_000)
    write(Room(str(tmp_path), 100, 0), tmp_path / "a", b"x" * 100)


def test_the_disk_keeps_room_for_the_camera(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    room = Room(str(tmp_path), 100, disk.f_bavail * disk.f_frsize * 2)
    assert refused(room, tmp_path / "a", b"x") == errno.ENOSPC


@pytest.mark.parametrize("name", ["lists.xml", "a/b/c", "Kfz-Liste März.csv", "車.xml", "", "x" * 120, "/a/b/c/d/e/f/g/h"])
def test_names_that_people_use_are_taken(name: str) -> None:
    assert not bad_name(name)
