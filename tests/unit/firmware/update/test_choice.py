"""Choice: the uploaded host runs while it is right; else the one before it, else the one that is built in. Always one of them."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

import firmware.__main__
from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.words import NOTHING
from firmware import VERSION
from firmware.packages import checker
from firmware.packages.keys import TrustedKeys
from firmware.packages.manifest import HOST_NAME
from firmware.packages.records import CAMERA, FAILED, GOOD, TRIAL, Records, Slot
from firmware.packages.verify import verify, verify_tree
from firmware.update import choice, versions
from firmware.update.switch import Switch
from tests.recorder import Recorder
from tests.tiny_package import TRUST, contents, trust_file, write

CONF = (Path(__file__).parents[4] / "vadp_package" / "host.conf").read_text()


def host(version: str, program: bytes = b"") -> dict[str, bytes]:
    """A firmware file whose host is this program."""
    files = {"lib/firmware/__init__.py": b"", "lib/firmware/__main__.py": program}
    return contents(processes={}, conf=lambda _: CONF.replace("{version}", version), files=files)


class Camera:
    """Slots of a host in a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(folder / "state")
        (self.state.host / "trust").mkdir(parents=True)
        trust_file(folder).rename(self.state.host / "trust" / "tiny.pub")
        self.slots = versions.slots_of(self.state)

    def update(self, version: str, state: str = TRIAL, program: bytes = b"") -> Slot:
        """The version is installed and current; then its state is this."""
        found = verify(archive := write(self.folder / "host.tar.gz", host(version, program)), TRUST)
        slot = self.slots.stage(archive, found, CAMERA, self.slots.reserve(found, CAMERA))
        return self.slots.mark(HOST_NAME, self.slots.activate(HOST_NAME, slot), state)

    def choose(self) -> str:
        """The version that runs; "" for the one that is built in."""
        slot = choice.choose(self.state, versions.slots_of(self.state), TrustedKeys(self.state.host / "trust"))
        return slot.version if slot is not None else ""

    def damage(self, slot: Slot) -> None:
        (self.slots.path(HOST_NAME, slot) / "LICENSE").write_bytes(b"not free")


@pytest.fixture
def camera(tmp_path: Path) -> Camera:
    return Camera(tmp_path)


def test_without_an_upload_the_built_in_host_runs(camera: Camera) -> None:
    assert firmware.__main__.LETTER == versions.LETTER
    assert camera.choose() == ""


def test_a_version_on_trial_is_started_three_times_and_then_the_one_before_it_runs_for_good(camera: Camera) -> None:
    camera.update("2.0.0", GOOD)
    camera.update("3.0.0")
    assert [camera.choose() for _ in range(5)] == ["3.0.0", "3.0.0", "3.0.0", "2.0.0", "2.0.0"]
    record = camera.slots.record(HOST_NAME)
    assert {slot.version: slot.state for slot in record.slots} == {"2.0.0": GOOD, "3.0.0": FAILED}
    current = camera.slots.current(HOST_NAME)
    assert current is not None and current.version == "2.0.0"
    notice = json.loads(record.notice)
    assert notice["values"]["failed"] == "3.0.0" and notice["values"]["previous"] == "2.0.0"


def test_without_a_version_before_it_the_built_in_host_comes_back(camera: Camera) -> None:
    camera.update("3.0.0")
    assert [camera.choose() for _ in range(4)] == ["3.0.0", "3.0.0", "3.0.0", ""]
    assert json.loads(camera.slots.record(HOST_NAME).notice)["values"]["previous"] == VERSION


def test_a_good_version_runs_as_often_as_it_is_started(camera: Camera) -> None:
    camera.update("3.0.0", GOOD)
    assert [camera.choose() for _ in range(6)] == ["3.0.0"] * 6


@pytest.mark.parametrize("state", [TRIAL, GOOD])
def test_a_version_that_is_not_what_was_signed_never_runs(camera: Camera, state: str) -> None:
    camera.update("2.0.0", GOOD)
    camera.damage(camera.update("3.0.0", state))
    assert [camera.choose(), camera.choose()] == ["2.0.0", "2.0.0"]


def test_if_both_versions_are_damaged_the_built_in_host_runs(camera: Camera) -> None:
    camera.damage(camera.update("2.0.0", GOOD))
    camera.damage(camera.update("3.0.0", GOOD))
    assert camera.choose() == ""


def test_without_its_key_no_uploaded_host_runs(camera: Camera) -> None:
    camera.update("3.0.0", GOOD)
    (camera.state.host / "trust" / "tiny.pub").unlink()
    assert camera.choose() == ""


def test_a_host_that_nobody_signed_never_runs_whatever_its_record_says(camera: Camera) -> None:
    slot = camera.update("2.0.0", GOOD)
    (camera.slots.path(HOST_NAME, slot) / "package.sig").write_bytes(bytes(64))
    camera.slots._put(HOST_NAME, replace(slot, signed_by=""))
    assert camera.choose() == ""


def test_a_start_on_trial_that_cannot_be_counted_is_none(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    camera.update("2.0.0", GOOD)
    camera.update("3.0.0")

    def refuse(*_: object) -> None:
        raise PackageError("a read-only disk")

    monkeypatch.setattr(Records, "edit", refuse)
    assert camera.choose() == "2.0.0"


def test_after_firmware_install_was_run_again_what_it_installed_runs(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    camera.update("3.0.0", GOOD)
    monkeypatch.setattr(choice, "installation", lambda: "before")
    versions.last(camera.state).write(versions.Last("before", True))
    assert camera.choose() == "3.0.0"
    monkeypatch.setattr(choice, "installation", lambda: "after")
    assert camera.choose() == ""


class PowerCut(BaseException):
    """Whoever it meets does nothing more."""


def test_whenever_the_power_goes_during_an_update_the_old_or_the_new_host_runs(
    camera: Camera, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checker, "check_tree", lambda folder, trust, unsigned: verify_tree(folder, trust(), unsigned).signed_by)
    camera.update("2.0.0", GOOD)
    members = host("3.0.0")
    archive = write(camera.folder / "new.tar.gz", members)
    found = verify(archive, TRUST)
    before = camera.state.root
    runs = []
    for moment in itertools.count():
        camera.state = State(camera.folder / f"cut-{moment}")
        shutil.copytree(before, camera.state.root, symlinks=True)
        slots = versions.slots_of(camera.state)
        recorder.events.clear()
        recorder.refuse = cut_at(recorder, moment)
        try:
            slot = slots.stage(archive, found, CAMERA, slots.reserve(found, CAMERA))
            Switch(camera.state, slots, lambda: True).switch(HOST_NAME, slot, NOTHING)
        except PowerCut:
            pass
        done = len(recorder.events) < moment
        recorder.refuse = lambda kind, name: False
        runs.append(camera.choose())
        versions.slots_of(camera.state).tidy(HOST_NAME)
        assert camera.choose() == runs[-1]
        shutil.rmtree(camera.state.root)
        if done:
            break
    assert len(runs) > 20 and runs == ["2.0.0"] * runs.count("2.0.0") + ["3.0.0"] * runs.count("3.0.0")
    assert runs.count("3.0.0") >= 1


def cut_at(recorder: Recorder, moment: int) -> Callable[[str, str], bool]:
    """Before the disk does the next thing when it has done so many."""

    def refuse(kind: str, name: str) -> bool:
        if len(recorder.events) >= moment:
            raise PowerCut
        return False

    return refuse


def start(camera: Camera, prelude: str = "") -> subprocess.CompletedProcess[str]:
    """`python -m firmware --state STATE --port 1`, the module begun by `prelude`."""
    words = ["--state", str(camera.state.root), "--trust", str(camera.state.host / "trust" / "tiny.pub"), "--new-option", "1"]
    program = f"import sys, firmware.__main__ as host\n{prelude}\nsys.exit(host.main({words!r}))"
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GATEWRIGHT_")}
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment)


def test_the_process_becomes_the_uploaded_host_with_arguments_that_only_that_knows(camera: Camera) -> None:
    program = b"import os, sys\nprint(sys.argv[3:], os.environ['GATEWRIGHT_FIRMWARE'], sys.path[0])"
    slot = camera.update("3.0.0", GOOD, program)
    done = start(camera)
    trust = str(camera.state.host / "trust" / "tiny.pub")
    path = camera.slots.path(HOST_NAME, slot) / "lib"
    assert done.stdout.strip() == f"{['--trust', trust, '--new-option', '1']} A {path}"


def test_a_version_on_trial_that_hangs_at_its_start_is_ended_by_the_kernel(camera: Camera) -> None:
    camera.update("3.0.0", TRIAL, b"import time\nwhile True: time.sleep(1)")
    done = start(camera, "import firmware.update.choice as choice; choice.UP_WITHIN_S = 1")
    assert done.returncode == -signal.SIGALRM


def test_whatever_is_wrong_with_the_uploaded_host_the_built_in_one_goes_on(camera: Camera) -> None:
    camera.update("3.0.0", GOOD)
    for name in ("record.json", "record.json.copy"):
        (camera.state.host / "firmware" / HOST_NAME / name).write_bytes(b"\0" * 40)
    done = start(camera)
    assert done.returncode == 2 and "unrecognized arguments: --new-option 1" in done.stderr  # it is the built-in one that says so
    assert "the host that is built in runs" in done.stderr
