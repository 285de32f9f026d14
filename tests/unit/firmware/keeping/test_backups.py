"""Backups: what holds of the host's side without a camera around it."""

from __future__ import annotations

import subprocess
import sys

from firmware.keeping.backups import PIECE_BYTES, Making


def test_whoever_has_all_of_a_backup_finds_the_camera_free_for_the_next() -> None:
    """The end of a download is sent when there is no further piece, and closed after that: who opened the backup at once was
    refused because it was still being made."""
    size = 2 * PIECE_BYTES + 1
    program = f"import sys; sys.stdout.write('x' * {size})"
    popen = subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    )
    released: list[bool] = []
    making = Making(popen, lambda: released.append(True))
    pieces = iter(making)
    assert sum(len(next(pieces)) for _ in range(3)) == size and released == []
    assert list(pieces) == [] and released == [True]
    making.close()
    assert released == [True]
