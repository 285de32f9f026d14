"""Stored pictures: where those of passages lie, in the camera or on its card, and how they are read.

A picture has one name in both places, "2026/11/28/ID-full.jpg"; who reads one looks in the camera, then on the card.

Source: manual 4.6, General configuration tab.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO

from board.board_file import read_board
from board.identity import identity
from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.files import open_below
from board.kit.state import State
from engine.card_files import CardFiles

MOST_BYTES = 32_000_000
"""Of one picture: what is larger on a card is none of ours."""


@dataclass(frozen=True, slots=True)
class StoredPictures:
    """`own`: STATE/anpr/images; `card`: None for a camera without a place for one."""

    own: Path
    card: CardFiles | None = None

    def open(self, name: str) -> BinaryIO:
        """OSError when it is not there, not any more or not just now, or when there can be no such picture."""
        try:
            return open_below(self.own, name)
        except OSError:
            if self.card is None:
                raise
        return self.card.open(name)

    def read(self, name: str) -> bytes:
        """The JPEG; b"" when it was not stored or was purged: an event is worth more than its picture."""
        try:
            with self.open(name) as file:
                content = file.read(MOST_BYTES + 1)
        except OSError:
            return b""
        return content if len(content) <= MOST_BYTES else b""

    def size(self, name: str) -> int:
        """In bytes; 0 as for `read`."""
        try:
            with self.open(name) as file:
                return os.fstat(file.fileno()).st_size
        except OSError:
            return 0


def stored_pictures(state: State) -> StoredPictures:
    """Those of a camera; STATE/board.json says where its card belongs."""
    with suppress(ConfigError):
        card = read_board(state).sd
        if card:
            known = identity(state)  # a board that was replaced leaves its storage and its card to the next one
            return StoredPictures(state.images, CardFiles(Path(card), known.before or known.id))
    return StoredPictures(state.images)
