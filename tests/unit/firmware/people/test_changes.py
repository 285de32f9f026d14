"""Changes: who did what and when, readable newest first, bounded, and whole after a torn line."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.clock import TestClock
from firmware.people.changes import MAX_BYTES, Change, Changes
from tests.recorder import Recorder


def test_changes_are_read_newest_first_also_after_a_restart(tmp_path: Path) -> None:
    clock = TestClock()
    changes = Changes(tmp_path, clock)
    changes.add("admin", "10.0.0.9", "account added", "guard (viewer)")
    clock.advance(60)
    changes.add("admin", "", "account removed", "guard")
    found = Changes(tmp_path, clock).newest(10)
    assert found == [
        Change("2026-01-02T03:05:05.000+00:00", "admin", "", "account removed", "guard"),
        Change("2026-01-02T03:04:05.000+00:00", "admin", "10.0.0.9", "account added", "guard (viewer)"),
    ]
    assert Changes(tmp_path, clock).newest(1) == found[:1]
    assert (tmp_path / "changes.log").stat().st_mode & 0o777 == 0o600


def test_the_file_is_bounded_and_the_newest_are_kept(tmp_path: Path) -> None:
    changes = Changes(tmp_path, TestClock())
    changes.add("admin", "10.0.0.9", "x" * 200, "y" * 200)
    (tmp_path / "changes.log").write_bytes((tmp_path / "changes.log").read_bytes() * 2000)
    for number in range(50):
        changes.add("admin", "10.0.0.9", "token made", str(number))
    assert (tmp_path / "changes.log").stat().st_size < MAX_BYTES
    assert [each.about for each in changes.newest(50)] == [str(number) for number in reversed(range(50))]
    assert len(changes.newest(60)) == 60
    assert sorted(path.name for path in tmp_path.iterdir()) == ["changes.log", "changes.log.1"]


def test_a_line_that_a_power_cut_tore_is_left_out(tmp_path: Path) -> None:
    changes = Changes(tmp_path, TestClock())
    changes.add("admin", "", "token made", "one")
    with (tmp_path / "changes.log").open("ab") as file:
        file.write(b'{"at": "2026')
    changes = Changes(tmp_path, TestClock())
    changes.add("admin", "", "token made", "two")
    changes.add("admin", "", "token made", "three")
    assert [each.about for each in changes.newest(9)] == ["three", "two", "one"]


@pytest.mark.parametrize(
    "line", [b"[" * 100_000, b'{"at": 5, "who": 5, "address": 5, "what": 5, "about": 5}', b"7"], ids=["deep", "types", "no"]
)
def test_a_line_that_is_no_change_is_left_out(tmp_path: Path, line: bytes) -> None:
    (tmp_path / "changes.log").write_bytes(line + b"\n")
    changes = Changes(tmp_path, TestClock())
    changes.add("admin", "", "token made", "one")
    assert [each.about for each in changes.newest(9)] == ["one"]


def test_a_disk_that_takes_nothing_stops_no_change(tmp_path: Path) -> None:
    (tmp_path / "changes.log").mkdir()
    Changes(tmp_path, TestClock()).add("admin", "", "token made", "one")


def test_a_change_is_on_the_disk_when_it_was_recorded(tmp_path: Path, recorder: Recorder) -> None:
    changes = Changes(tmp_path, TestClock())
    changes.add("admin", "", "token made", "one")
    assert recorder.events == [("sync", "changes.log"), ("sync", f"{tmp_path.name}/")]
    recorder.events.clear()
    changes.add("admin", "", "token made", "two")
    assert recorder.events == [("sync", "changes.log")]
    assert recorder.synced["changes.log"] == (tmp_path / "changes.log").read_bytes()
    assert recorder.synced["changes.log"].count(b"token made") == 2
