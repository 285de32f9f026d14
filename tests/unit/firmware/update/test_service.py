"""Service: what counts as a failed start of a host on trial, and what does not."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.kept import Kept
from board.kit.state import State
from firmware.ftp.service import FtpService
from firmware.https.service import HttpsService
from firmware.packages.keys import TrustedKeys
from firmware.packages.manifest import HOST_NAME
from firmware.packages.records import FAILED, GOOD, TRIAL, Slot
from firmware.packages.schedules import Schedules
from firmware.packages.versions import Versions
from firmware.people.accounts import Account, Accounts
from firmware.people.device_passwords import DevicePasswords
from firmware.people.passwords import COST
from firmware.people.tokens import Tokens
from firmware.processes.users import Users
from firmware.restart import Restart
from firmware.update import service
from firmware.update.versions import LETTER, Last, last
from tests.tiny_package import write
from tests.unit.firmware.update.test_choice import Camera
from tests.unit.firmware.update.test_choice import host as firmware_file
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


STORED = {
    "accounts.json": [{"name": "admin", "role": "admin", "salt": "00", "hash": COST.said + "0" * 64, "must_change": False}],
    "tokens.json": [
        {**dict.fromkeys(("name", "maker", "made", "expires", "used"), ""), "id": "0" * 8, "permissions": ["see"], "hash": "0" * 64}
    ],
    "device-passwords.json": [{"use": "onvif", "name": "x", "user": "onvif-nvrs", "sealed": "", "maker": "admin", "made": ""}],
    "schedules.json": {"ANPR": {"enable": True, "begin": "07:00", "end": "19:00"}},
    "ftp.json": {"enabled": False},
    "https.json": {"enabled": False},
}


@pytest.mark.parametrize("name", STORED)
def test_what_a_later_host_has_stored_besides_keeps_nobody_from_reading_the_rest(tmp_path: Path, name: str) -> None:
    """The camera went back from it: without its accounts and tokens nobody would get in."""
    read: dict[str, Callable[[], Kept[Any]]] = {
        "accounts.json": lambda: Accounts(tmp_path / "host")._kept,
        "tokens.json": lambda: Tokens(tmp_path / "host", lambda name: Account(name, "admin", "", "", False), Clock())._kept,
        "device-passwords.json": lambda: DevicePasswords(tmp_path / "host", Clock())._kept,
        "schedules.json": lambda: Schedules(tmp_path / "host", Clock())._file,
        "ftp.json": lambda: FtpService(State(tmp_path), "127.0.0.1")._kept,
        "https.json": lambda: HttpsService(State(tmp_path), "127.0.0.1", Clock())._kept,
    }
    (tmp_path / "host").mkdir()
    stored = STORED[name]
    entries = stored if isinstance(stored, list) else list(stored.values()) if name == "schedules.json" else [stored]
    (tmp_path / "host" / name).write_text(json.dumps(stored))
    expected = read[name]().read()
    assert expected.value and expected.damage is None
    for entry in entries:
        entry["of_a_later_release"] = [1]
    for file in (name, f"{name}.copy"):
        (tmp_path / "host" / file).write_text(json.dumps(stored))
    assert read[name]().read() == expected


def test_a_host_on_trial_from_which_the_next_is_uploaded_keeps_its_files_and_the_last_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It runs on until the restart, and reads what it needs when it needs it."""
    camera = Camera(tmp_path)
    good, running = camera.update("2.0.0", GOOD), camera.update("3.0.0")
    monkeypatch.setenv(LETTER, running.letter)
    update, restart = host(camera)
    steps = [str(step) for step in update.install(write(tmp_path / "next.tar.gz", firmware_file("4.0.0")))]
    assert steps[-1] == "checked" and restart.asked
    assert all((camera.slots.path(HOST_NAME, slot) / "LICENSE").exists() for slot in (good, running))
    monkeypatch.setenv(LETTER, "C")
    update, _ = host(camera)
    update.start()
    update.close(orderly=False)
    assert [slot.version for slot in camera.slots.record(HOST_NAME).slots] == ["2.0.0", "4.0.0"]


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
