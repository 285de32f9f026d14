"""Visits: an entry of a guest is counted when the gate opens, and is there again, once, when it did not open after all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from engine.dispatch.outbox import Outbox
from tests.dispatch_camera import Camera
from tests.samples import WHITE, entry, passage, rule


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    made.store.rules.save(rule(WHITE), "anna")
    made.store.entries.save(replace(entry("HK55EVB"), entries_left=2), "anna")
    yield made
    made.store.close()


def left(camera: Camera) -> int | None:
    (one,) = camera.store.entries(WHITE)
    return one.entries_left


def away(camera: Camera) -> None:
    camera.pins.errors = ["the interlock of DO1 is active"] * 99


def too_late(camera: Camera) -> None:
    """Until what opens is given up."""
    camera.clock.advance(11)
    while camera.turn():
        pass


def test_an_opening_that_pins_refused_until_it_was_too_late_gives_the_entry_back(camera: Camera) -> None:
    away(camera)
    camera.intake.take(passage())
    assert (camera.turn(), left(camera)) == (True, 1)
    too_late(camera)
    assert ([state for state, _, _ in camera.states()], left(camera)) == (["expired"], 2)


def test_the_gate_that_opened_keeps_it(camera: Camera) -> None:
    camera.intake.take(passage())
    assert (camera.turn(), left(camera)) == (True, 1)
    too_late(camera)
    assert (left(camera), camera.store.visits.open()) == (1, [])


@pytest.mark.parametrize("fails", ["first", "second"])
def test_of_two_actions_one_that_opened_is_enough(camera: Camera, fails: str) -> None:
    camera.store.rules.save(rule(WHITE, output="DO2"), "anna")
    camera.intake.take(passage())
    for each, ends in zip(camera.store.deliveries.pending_of("p1"), ("first", "second"), strict=True):
        if ends == fails:
            camera.outbox.give_up(each, "failed", each.note)
        else:
            camera.outbox.done(each, each.note)
    assert (left(camera), camera.store.visits.open()) == (1, [])


def test_of_two_actions_that_both_failed_the_last_one_gives_it_back(camera: Camera) -> None:
    camera.store.rules.save(rule(WHITE, output="DO2"), "anna")
    camera.intake.take(passage())
    seen = []
    for each in camera.store.deliveries.pending_of("p1"):
        camera.outbox.give_up(each, "failed", each.note)
        seen.append(left(camera))
    assert seen == [1, 2]


def test_it_is_given_back_once_whenever_the_process_dies(camera: Camera) -> None:
    away(camera)
    camera.intake.take(passage())
    for _ in range(3):
        camera.turn()
        camera.crash()
        camera.clock.advance(1)
    too_late(camera)
    camera.crash()
    too_late(camera)
    assert left(camera) == 2


def test_a_process_that_dies_in_the_midst_of_giving_up_has_given_nothing_back(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    away(camera)
    camera.intake.take(passage())

    def dies(*given: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(camera.store.rules, "failed", dies)
        camera.clock.advance(11)
        with pytest.raises(KeyboardInterrupt):
            camera.turn()
    assert left(camera) == 1
    camera.crash()
    too_late(camera)
    assert left(camera) == 2


@pytest.mark.parametrize(("asked", "expected"), [(False, 2), (True, 1)])
def test_after_a_power_cut_it_is_given_back_unless_the_gate_may_have_opened(camera: Camera, asked: bool, expected: int) -> None:
    _boot(camera, "one")
    camera.intake.take(passage())
    if asked:
        assert camera.claim() is not None
    camera.crash()
    _boot(camera, "two")
    assert ([state for state, _, _ in camera.states()], left(camera)) == (["expired"], expected)
    assert camera.store.visits.open() == []


def test_an_import_meanwhile_loses_no_entry(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.imports.FEW", 0)
    away(camera)
    camera.intake.take(passage())
    camera.store.imports.replace(WHITE, [(1, replace(entry("HK55EVB"), entries_left=1))], "anna")
    too_late(camera)
    assert left(camera) == 2


def _boot(camera: Camera, boot: str) -> None:
    Outbox(camera.store, camera.clock, camera.told.append).recover(boot, ("io",))
