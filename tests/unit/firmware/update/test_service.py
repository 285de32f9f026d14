"""Service: what counts as a failed start of a host on trial, and what does not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from firmware.packages.keys import TrustedKeys
from firmware.packages.manifest import HOST_NAME
from firmware.packages.slots import FAILED, GOOD, TRIAL, Slot
from firmware.packages.versions import Versions
from firmware.processes.users import Users
from firmware.restart import Restart
from firmware.update import service
from firmware.update.versions import LETTER, Last, last
from tests.unit.firmware.update.test_choice import Camera
from tests.waiting import until


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Camera:
    camera = Camera(tmp_path)
    slot = camera.update("3.0.0")
    camera.slots.mark(HOST_NAME, slot, TRIAL, tries=2)
    last(camera.state).write(Last("", True))
    monkeypatch.setenv(LETTER, slot.letter)
    monkeypatch.setattr(service, "LOOK_EVERY_S", 0.02)
    return camera


def host(camera: Camera, ready: bool = True) -> tuple[service.HostUpdate, Restart]:
    """The host in the slot on trial, as it starts."""
    trust, restart = TrustedKeys(camera.state.host / "trust"), Restart()
    versions, users = Versions(camera.state.host), Users(camera.state, None)
    return service.HostUpdate(camera.state, trust, versions, users, restart, lambda: ready), restart


def slot_of(camera: Camera) -> Slot:
    (slot,) = camera.slots.record(HOST_NAME).slots
    return slot


@pytest.mark.parametrize(("started", "orderly", "tries"), [(True, True, 0), (True, False, 2), (False, True, 2)])
def test_only_an_orderly_end_of_a_host_that_got_so_far_is_no_failed_start(
    camera: Camera, started: bool, orderly: bool, tries: int
) -> None:
    update, _ = host(camera)
    if started:
        update.start()
    update.close(orderly)
    assert (slot_of(camera).state, slot_of(camera).tries) == (TRIAL, tries)


def test_a_host_is_good_after_its_window_with_all_packages(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "WINDOW_S", 0.05)
    update, restart = host(camera)
    update.start()
    until(lambda: slot_of(camera).state == GOOD)
    update.close(orderly=True)
    assert (restart.asked, slot_of(camera).state) == (False, GOOD)


@pytest.mark.parametrize("was_ready", [True, False])
def test_packages_that_did_not_run_before_the_update_need_not_run_after_it(
    camera: Camera, monkeypatch: pytest.MonkeyPatch, was_ready: bool
) -> None:
    monkeypatch.setattr(service, "WINDOW_S", 0.05)
    monkeypatch.setattr(service, "LIMIT_S", 0.5)
    last(camera.state).write(Last("", was_ready))
    update, restart = host(camera, ready=False)
    update.start()
    until(lambda: slot_of(camera).state != TRIAL)
    update.close(orderly=True)
    assert (slot_of(camera).state, restart.asked) == ((FAILED, True) if was_ready else (GOOD, False))


def test_going_back_from_the_only_uploaded_host_leaves_the_built_in_one(camera: Camera) -> None:
    update, restart = host(camera)
    assert update.go_back() == update.status().built_in != ""
    assert restart.asked and slot_of(camera).state == FAILED
    assert LETTER in os.environ and camera.choose() == ""
