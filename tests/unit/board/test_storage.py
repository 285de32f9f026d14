"""Storage: a card is a folder that can be written, and on a real board something is mounted there."""

from __future__ import annotations

from pathlib import Path

from board.storage import card_present


def test_any_folder_is_a_card_on_a_simulated_board(tmp_path: Path) -> None:
    assert card_present(tmp_path, simulated=True) is True


def test_a_folder_of_the_cameras_own_storage_is_no_card_on_a_real_board(tmp_path: Path) -> None:
    assert card_present(tmp_path, simulated=False) is False


def test_no_folder_and_a_file_are_no_card(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert [card_present(folder, simulated=True) for folder in (None, tmp_path / "gone", tmp_path / "file")] == [False] * 3
