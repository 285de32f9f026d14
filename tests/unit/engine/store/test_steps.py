"""Steps: they grow while they are quick and shrink at once when they are slow."""

from __future__ import annotations

import pytest

from board.camera import CameraSettings
from engine.settings import GeneralSettings, LprSettings
from engine.store import steps
from engine.store.steps import FEWEST, FIRST, MOST, STEP_S, Steps


def after(monkeypatch: pytest.MonkeyPatch, *took: float) -> tuple[list[int], list[float]]:
    """How many rows each step may take, and how long the rests are."""
    now = [0.0]
    rests: list[float] = []
    monkeypatch.setattr(steps.time, "monotonic", lambda: now[0])
    monkeypatch.setattr(steps.time, "sleep", rests.append)
    work = Steps()
    most = []
    for seconds in took:
        with work.step() as rows:
            most.append(rows)
            now[0] += seconds
    return [*most, work.most], rests


def test_quick_steps_grow_by_half_to_the_most(monkeypatch: pytest.MonkeyPatch) -> None:
    most, _ = after(monkeypatch, *[STEP_S / 10] * 12)
    assert most[:3] == [FIRST, FIRST * 3 // 2, round(FIRST * 2.25)]
    assert most[-1] == MOST


def test_slow_steps_shrink_to_the_fewest_and_every_rest_is_twice_as_long_as_its_step(monkeypatch: pytest.MonkeyPatch) -> None:
    most, rests = after(monkeypatch, STEP_S * 100, STEP_S, STEP_S * 1000, STEP_S * 1000)
    assert most == [FIRST, FIRST // 2, FIRST // 2, 12, FEWEST]
    assert rests == pytest.approx([STEP_S * 200, STEP_S * 2, 0.5, 0.5])


def test_the_names_under_which_settings_are_stored_never_change() -> None:
    assert [kind.key for kind in (LprSettings, GeneralSettings, CameraSettings)] == ["lpr", "general", "camera"]
