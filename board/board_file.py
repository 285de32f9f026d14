"""Board file: STATE/board.json, in which the host tells every other process which board it runs on."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.files import write_whole
from board.kit.json_file import object_in
from board.kit.state import State


@dataclass(frozen=True, slots=True)
class BoardFile:
    """`profile`: name of the board; `camera`: its URL, "": the profile's; `sd`: where the SD card is mounted, "": there is none."""

    profile: str = ""
    camera: str = ""
    sd: str = ""


def read_board(state: State) -> BoardFile:
    """Empty while there is none; ConfigError when it is damaged."""
    said = object_in(state.board_file)
    return BoardFile(*(str(said.get(name) or "") for name in ("profile", "camera", "sd")))


def write_board(state: State, board: BoardFile) -> None:
    """Old or new, never half. What it says already is not written again: a camera with a full disk starts. One that cannot be read
    is written anew. ConfigError when it must be written and cannot."""
    data = json.dumps(asdict(board), indent=1).encode()
    with suppress(OSError):
        if state.board_file.is_file() and state.board_file.read_bytes() == data:
            return
    try:
        write_whole(state.board_file, data)
    except OSError as why:
        raise ConfigError("{path} cannot be written: {reason}", path=state.board_file, reason=why.strerror) from why
