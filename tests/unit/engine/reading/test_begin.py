"""What the process that becomes the engine hands over to it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from board.camera import CameraSettings
from board.camera._setup import TURNING, left_out
from board.kit.clock import Clock
from board.kit.settings import Settings
from board.kit.state import State
from board.kit.values import Values, packed
from board.kit.words import Text
from engine.reading.begin import begin, received, sent
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from tests.samples import passage

CORNERS = ((0.1, 0.2), (0.9, 0.2), (0.5, 0.8))
LPR = LprSettings(
    region="Europe", countries=("DE", "FR"), roi=(0.1, 0.2, 0.9, 0.8), roi_corners=CORNERS, motion_threshold=7, motion_queue=3
)
CAMERA = CameraSettings(frame_rate=30, vflip=True, night="schedule", night_from="21:15")


@pytest.fixture
def state(tmp_path: Path) -> State:
    state = State(tmp_path)
    state.run.mkdir()
    return state


def store(state: State, *groups: Settings) -> None:
    opened = Store(state.database, Clock())
    for group in groups:
        opened.settings.put(group, "test")
    opened.close()


def test_the_engine_gets_every_stored_setting_as_it_is(state: State) -> None:
    store(state, LPR, GeneralSettings(image_quality_pct=55), CAMERA)
    before = begin(state, Clock())
    after = received(sent(before))
    for read, got in ((before.lpr, after.lpr), (before.general, after.general), (before.camera, after.camera)):
        names = list(type(read).model_fields)
        assert {name: getattr(got, name) for name in names} == {name: getattr(read, name) for name in names}
    assert (before.lpr, before.camera) == (LPR, CAMERA)
    assert (after.problem, after.running, after.known) == ("", before.running, before.known)
    assert after.running["lpr.motion_queue"]


def test_what_was_seen_last_is_known_though_passages_of_a_clock_that_was_ahead_are_newer(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A car that stood there as the engine started again was let in once more."""
    monkeypatch.setattr("engine.reading.begin.MOST_SIGHTS", 3)
    clock = Clock()
    opened = Store(state.database, clock)
    for number in range(3):
        opened.add_passage(passage(f"OLD{number}", f"p{number}", clock.now() + timedelta(days=3_650), 1), ())
    opened.add_passage(passage("HERE1", "here", clock.now(), clock.monotonic_ns()), ())
    opened.close()
    known = begin(state, clock).known
    assert known.accepted == ("OLD1", "OLD2", "HERE1") and "HERE1" in known.sights


def test_a_database_that_cannot_be_read_is_said_and_nothing_counts_as_running(state: State) -> None:
    state.database.parent.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(state.database)) as of_a_newer_release:
        of_a_newer_release.execute("PRAGMA user_version=1000")
    got = received(sent(begin(state, Clock())))
    assert got.problem.startswith("settings: ") and got.running == {}
    assert (got.lpr.region, got.lpr.motion_queue) == ("", 1)


def test_values_are_copied_with_changes_and_name_what_differs_from_the_defaults() -> None:
    values = Values(packed(CAMERA))
    copy = values.model_copy({"vflip": False})
    assert (vars(copy)["vflip"], vars(values)["vflip"], vars(copy)["frame_rate"]) == (False, True, 30)
    assert CAMERA.changed() == values.changed() == copy.changed()
    notes = left_out(values, Text("why"), TURNING)  # type: ignore[arg-type]
    assert notes == left_out(CAMERA, Text("why"), TURNING)
    assert [str(note) for note in notes] == ["Frame rate, Night preset: why"]
