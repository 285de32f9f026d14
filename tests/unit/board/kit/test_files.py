"""Files: replaced as a whole, with the wanted permissions, or left as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from board.kit.files import set_aside, sync_folder, write_unsynced, write_whole
from tests.recorder import Recorder


def test_a_file_is_replaced_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    path = tmp_path / "board.json"
    path.write_bytes(b"old and longer")
    write_whole(path, b"new")
    assert path.read_bytes() == b"new"
    assert [each.name for each in tmp_path.iterdir()] == ["board.json"]


def test_a_secret_is_readable_by_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    write_whole(path, b"[]", 0o600)
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_gone_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        write_whole(tmp_path / "gone" / "board.json", b"{}")


def test_what_is_synced_before_the_rename_is_the_whole_content(tmp_path: Path, recorder: Recorder) -> None:
    write_whole(tmp_path / "board.json", b"new")
    sync_folder(tmp_path)
    assert recorder.events == [("sync", "board.json.new"), ("rename", "board.json"), ("sync", f"{tmp_path.name}/")]
    assert recorder.synced == {"board.json.new": b"new"}


def test_a_file_that_the_disk_does_not_take_is_as_it_was(tmp_path: Path, recorder: Recorder) -> None:
    path = tmp_path / "board.json"
    path.write_bytes(b"old")
    recorder.refuse = lambda kind, name: kind == "sync"
    with pytest.raises(OSError, match="No space left"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"


@pytest.mark.parametrize("write", [write_whole, write_unsynced])
@pytest.mark.parametrize("name", ["board.json", "board.json.new"])
def test_a_folder_in_the_place_of_a_file_keeps_nobody_from_writing_it(tmp_path: Path, write: Any, name: str) -> None:
    """A damaged card leaves such: the host did not start."""
    (tmp_path / name).mkdir()
    (tmp_path / name / "inside").touch()
    write(tmp_path / "board.json", b"new")
    assert (tmp_path / "board.json").read_bytes() == b"new"
    assert (tmp_path / f"{name}.damaged" / "inside").exists()


def test_what_is_set_aside_replaces_an_older_file_and_lies_beside_an_older_folder(tmp_path: Path) -> None:
    path = tmp_path / "accounts.json"
    for content in (b"first", b"second"):
        path.write_bytes(content)
        set_aside(path)
    assert [each.name for each in tmp_path.iterdir()] == ["accounts.json.damaged"]
    for _ in range(2):
        path.mkdir()
        (path / "inside").touch()
        set_aside(path)
    assert sorted(each.name for each in tmp_path.iterdir()) == [f"accounts.json.damaged{end}" for end in ("", ".2", ".3")]
