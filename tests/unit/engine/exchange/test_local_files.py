"""Local files: the newest exports stay, whatever the clock says, and no file of a job takes the last of the storage."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from board.kit.errors import ConfigError
from engine.exchange.local_files import KEPT_FREE, keep, room


def test_an_export_is_kept_though_the_clock_was_set_back(tmp_path: Path) -> None:
    for number in range(4):
        made = tmp_path / "made"
        made.write_text(str(number))
        os.utime(made, (1_800_000_000 + number, 1_800_000_000 + number))
        keep(made, tmp_path / "kept", f"list-{number}", 3)
    made.write_text("late")
    os.utime(made, (0, 0))
    keep(made, tmp_path / "kept", "list-of-1970", 3)
    assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == ["list-2", "list-3", "list-of-1970"]


def test_a_file_leaves_room_for_passages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = KEPT_FREE + 1000
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    assert [room(tmp_path, 500), room(tmp_path, 5000)] == [500, 1000]
    free = KEPT_FREE
    with pytest.raises(ConfigError, match="the storage is nearly full"):
        room(tmp_path, 500)
