"""Storage: whether the SD card is in its place."""

from __future__ import annotations

import os
from pathlib import Path


def card_present(folder: Path | None, simulated: bool) -> bool:
    """Whether `folder` can be written and is a card: on a real board one must be mounted there, else the folder lies on the
    camera's own storage. On a simulated board any folder is a card."""
    return folder is not None and folder.is_dir() and os.access(folder, os.W_OK) and (simulated or folder.is_mount())
