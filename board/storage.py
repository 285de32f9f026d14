"""Storage: whether the SD card is in its place."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from board.board_file import read_board
from board.kit.errors import ConfigError
from board.kit.state import State

log = logging.getLogger("storage")


def card_present(folder: Path | None, simulated: bool) -> bool:
    """Whether `folder` can be written and is a card: on a real board one must be mounted there, else the folder lies on the
    camera's own storage. On a simulated board any folder is a card."""
    return folder is not None and folder.is_dir() and os.access(folder, os.W_OK) and (simulated or folder.is_mount())


def card_of(state: State) -> Callable[[], Path | None]:
    """Returns the SD card's folder while the card is there; STATE/board.json says where that is."""
    from board.profiles import load

    try:
        simulated = load(state).simulated
        sd = read_board(state).sd
    except ConfigError as why:
        log.info("no SD card: %s", why)
        return lambda: None
    folder = Path(sd) if sd else None
    return lambda: folder if card_present(folder, simulated) else None
