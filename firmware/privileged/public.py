"""Public: what root writes here is for everybody to read, though the helper makes nothing so by itself (UMask in its unit): time
servers, names and mounts are looked up by users of their own."""

from __future__ import annotations

import os
from pathlib import Path


def make(folder: Path) -> None:
    """With those above it."""
    for each in (*reversed(folder.parents), folder):
        if not each.exists():
            each.mkdir()
            each.chmod(0o755)


def write(path: Path, text: str) -> None:
    """As a whole, or not at all; bytes that were no text stay what they were."""
    fresh = path.with_name(f"{path.name}.new")
    with fresh.open("w", encoding="utf-8", errors="surrogateescape") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.chmod(0o644)
    fresh.replace(path)
