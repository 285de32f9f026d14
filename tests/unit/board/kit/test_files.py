"""Files: replaced as a whole, with the wanted permissions, or left as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.files import sync_folder, write_whole
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
