"""JPEG size: width and height of a JPEG from its header, without decoding it (ITU-T T.81, B.2.2)."""

from __future__ import annotations

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
"""Markers that begin a frame; the three left out mean something else."""


def jpeg_size(content: bytes) -> tuple[int, int] | None:
    """(width, height) in pixels; None for what is no JPEG."""
    if content[:2] != b"\xff\xd8":
        return None
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        marker, length = content[at + 1], int.from_bytes(content[at + 2 : at + 4], "big")
        if marker in _FRAMES:
            height, width = int.from_bytes(content[at + 5 : at + 7], "big"), int.from_bytes(content[at + 7 : at + 9], "big")
            return (width, height) if width and height else None
        at += 2 + max(2, length)
    return None
