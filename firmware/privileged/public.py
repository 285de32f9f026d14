"""Public: what root writes here is for everybody to read, though the helper makes nothing so by itself (UMask in its unit): time
servers, names and mounts are looked up by users of their own."""

from __future__ import annotations

from pathlib import Path

from board.kit.files import put_in_place, write_beside


def make(folder: Path) -> None:
    """With those above it."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir()
            each.chmod(0o755)


def write(path: Path, text: str) -> None:
    """As a whole, or not at all; bytes that were no text stay what they were."""
    fresh = write_beside(path, text.encode("utf-8", "surrogateescape"))
    fresh.chmod(0o644)
    put_in_place(fresh, path)
