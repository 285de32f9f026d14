"""Local files: the newest exports stay, whatever the clock says, and no file of a job takes the last of the storage."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError, PeerRefused
from board.kit.state import State
from engine.exchange.kind import Done
from engine.exchange.kinds import find_jobs
from engine.exchange.local_files import KEPT_FREE, PIECE_BYTES, holds, keep, naming, room
from engine.exchange.work import run_job
from engine.settings import GeneralSettings
from engine.store.notes import Spelling
from engine.types import Job
from tests.samples import ALL, NOW, new_store, passage


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


def test_exports_of_a_clock_that_was_ahead_leave_the_later_ones_their_places(tmp_path: Path) -> None:
    days = [(f"day-{day}", 1_800_000_000 + day) for day in range(3)]
    for name, at in [("ahead-1", 1_900_000_000), ("ahead-2", 1_900_000_060), *days]:
        made = tmp_path / "made"
        made.write_text(name)
        os.utime(made, (at, at))
        keep(made, tmp_path / "kept", name, 3)
    assert sorted(each.name for each in (tmp_path / "kept").iterdir()) == ["day-0", "day-1", "day-2"]


@pytest.mark.parametrize("kind", ["local_list", "local_matches"])
def test_the_file_of_a_day_has_its_date_though_the_process_begins_after_midnight_now_and_then(tmp_path: Path, kind: str) -> None:
    """A day that began late and the next one that did not had the same name: the second file replaced the first."""
    state, clock = State(tmp_path), TestClock(datetime(2026, 1, 1, 12, tzinfo=UTC))
    store = new_store(tmp_path, clock)
    store.settings.put(GeneralSettings(time_zone="UTC"), "admin")
    kinds, names = find_jobs(), {"local_list": "{list}_{date}", "local_matches": "{list}"}
    options = json.dumps({"name": names[kind], "format": "CSV"})
    made = store.jobs.save(Job(0, ALL, kind, True, "day", False, options), kinds[kind].options, "admin")
    for day, late_s in ((1, 3.0), (2, 0.2), (3, 3.0), (4, 3.0)):
        store.add_passage(passage("AB1", f"p{day}"), [], store.lookup("AB1", NOW, True))
        clock._now = datetime(2026, 1, day, 23, 59, 59, tzinfo=UTC) + timedelta(seconds=late_s)
        run_job(state, store, clock, kinds, made)
    found = sorted(each.name for each in (state.exchange / str(made.id)).iterdir())
    if kind == "local_list":
        assert found == [f"ALL_PLATES_2026-01-0{day}.csv" for day in (1, 2, 3, 4)]
    else:
        assert found == ["ALL_PLATES.csv", *(f"ALL_PLATES_2026-01-0{day}_23-59-59.csv" for day in (2, 3, 4))]


def test_a_server_that_repeats_the_password_does_not_bring_it_into_audit(tmp_path: Path) -> None:
    def run(options: Any, env: Any) -> Done:
        raise PeerRefused("{server} answers {answer}", server=options.host, answer=f"530 {options.user}:{options.password}?")

    store, kind = new_store(tmp_path), find_jobs()["ftp_list"]
    options = json.dumps({"host": "nas", "user": "cam", "password": "deep-secret"})
    made = store.jobs.save(Job(0, ALL, "ftp_list", True, "day", False, options), kind.options, "admin")
    run_job(State(tmp_path), store, TestClock(), {"ftp_list": replace(kind, run=run)}, made)
    assert str(store.jobs.state(made.id).error) == "nas answers 530 cam:(hidden)?"
    store.close()


def test_a_file_leaves_room_for_passages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = KEPT_FREE + 1000
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: SimpleNamespace(free=free))
    assert [room(tmp_path, 500), room(tmp_path, 5000)] == [500, 1000]
    free = KEPT_FREE
    with pytest.raises(ConfigError, match="the storage is nearly full"):
        room(tmp_path, 500)


@pytest.mark.parametrize("at", [-7, -1, 0])
def test_a_plate_is_found_wherever_a_piece_of_a_large_file_ends(tmp_path: Path, at: int) -> None:
    path = tmp_path / "1" / "list.csv"
    path.parent.mkdir()
    path.write_text(f"{';' * (PIECE_BYTES + at)}MÜ-X 12;Anna")
    assert list(naming(tmp_path, Spelling("MUX12", "MÜ-X 12"))) == [path]
    assert not list(naming(tmp_path, Spelling("MUX1")))
    assert holds(path, "X 12") and not holds(path, "X12")
