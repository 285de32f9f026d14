"""STATE/board.json: what the host tells the others about the board, on a disk that refuses."""

from __future__ import annotations

import errno
from pathlib import Path

import pytest

from board import board_file
from board.board_file import BoardFile, read_board, write_board
from board.kit.errors import ConfigError
from board.kit.state import State


def test_a_full_disk_keeps_the_host_from_starting_only_when_the_board_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path)
    write_board(state, BoardFile("pi4"))
    before = state.board_file.read_bytes()

    def full(path: Path, data: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(board_file, "write_whole", full)
    write_board(state, BoardFile("pi4"))
    with pytest.raises(ConfigError, match=r"board\.json cannot be written: No space left on device"):
        write_board(state, BoardFile("pi5"))
    assert state.board_file.read_bytes() == before


def test_what_the_board_is_is_written_anew_where_a_worn_card_does_not_give_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = State(tmp_path)
    write_board(state, BoardFile("pi4", "replay:/cars", "/mnt/sd"))
    written = state.board_file.read_bytes()

    def worn(path: Path) -> bytes:
        raise OSError(errno.EIO, "Input/output error")

    with monkeypatch.context() as broken:
        broken.setattr(Path, "read_bytes", worn)
        state.board_file.unlink()
        state.board_file.touch()
        write_board(state, BoardFile("pi4", "replay:/cars", "/mnt/sd"))
    assert state.board_file.read_bytes() == written
    assert read_board(state) == BoardFile("pi4", "replay:/cars", "/mnt/sd")
