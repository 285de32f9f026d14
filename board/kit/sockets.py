"""Sockets: addresses of Unix sockets below STATE, whatever the length of its path."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def short_address(path: Path) -> Iterator[str]:
    """An address for `path` that fits a Unix socket, whatever the length of STATE; OSError when its folder is not there."""
    # A Unix socket's address ends at 107 bytes; through an open folder any STATE path is short enough.
    folder = os.open(path.parent, os.O_PATH | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{folder}/{path.name}"
    finally:
        os.close(folder)
