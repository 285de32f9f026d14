"""Stream: archives that are sent while they are made."""

from __future__ import annotations

from collections.abc import Iterator

PIECE_BYTES = 1 << 15


class Pipe:
    """What a ZipFile writes to. It cannot go back, so that every byte is written once."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def write(self, piece: bytes) -> int:
        self._buffer += piece
        return len(piece)

    def flush(self) -> None: ...

    def taken(self, least: int = PIECE_BYTES) -> Iterator[bytes]:
        """What has come, as soon as it is more than `least` bytes."""
        if len(self._buffer) > least:
            piece = bytes(self._buffer)
            self._buffer.clear()
            yield piece
