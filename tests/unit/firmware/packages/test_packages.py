"""Packages: from upload to good or rolled back, with small real packages and processes."""

from __future__ import annotations

import base64
import errno
import json
import os
import shutil
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit import files as files_module
from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.files import write_beside
from board.kit.state import State
from board.kit.web.routes import Call, Refused
from board.kit.words import Text
from firmware.packages import install as install_module
from firmware.packages import management as packages_module
from firmware.packages import running as running_module
from firmware.packages import slots as slots_module
from firmware.packages import trial as trial_module
from firmware.packages.checker import NotChecked
from firmware.packages.keys import TrustedKeys, fingerprint, keep_copies, public_of, public_pem
from firmware.packages.licence import licence_bytes
from firmware.packages.management import Packages
from firmware.packages.records import CAMERA, SD, Slot
from firmware.packages.schedules import Schedule
from firmware.packages.slots import Slots
from firmware.packages.trusted import Trusted
from firmware.packages.versions import NEVER, Unconfirmed
from firmware.pages.packages import upload
from firmware.processes import supervisor as supervisor_module
from tests.checked_here import checked_here
from tests.recorder import Recorder
from tests.tiny_package import KEY, OTHER_KEY, TRUST, contents, only, trust_file, write
from tests.waiting import until


@pytest.fixture(scope="module", autouse=True)
def checks() -> Iterator[None]:
    with checked_here():
        yield


class Camera:
    """A camera's state folder and card; `boot` is what the host does at start."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder / "state")
        self.state.run.mkdir(parents=True)
        (self.state.host / "trust").mkdir(parents=True)
        trust_file(self.state.host / "trust")
        self.card = folder / "card"
        self.folder = folder
        self.booted: list[Packages] = []

    def begin_as(self, other: Camera) -> None:
        """With what that one had installed when it was switched off."""
        shutil.copytree(other.state.host, self.state.host, symlinks=True, dirs_exist_ok=True)

    def boot(self, *addresses: Any) -> Packages:
        slots = Slots(self.state.host / "packages", self.card, self.card.is_dir)
        packages = Packages(self.state, slots, TrustedKeys(self.state.host / "trust"), lambda: None, "serial-1", Clock())
        self.booted.append(packages)
        packages.boot(*addresses)
        return packages

    def upload(self, packages: Packages, storage: str = CAMERA, **changes: object) -> list[str]:
        archive = write(self.folder / "upload.tar.gz", contents(**changes))  # type: ignore[arg-type]
        return [str(step) for step in packages.install(archive, storage)]

    def kill(self, packages: Packages, name: str) -> None:
        pid = next(process.pid for process in only(packages).processes if process.name == name)
        os.kill(pid, signal.SIGKILL)
        until(lambda: next(process.pid for process in only(packages).processes if process.name == name) != pid)


class Prepared:
    """Cameras to begin as, each made once: a version is checked by three processes before it is installed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @cached_property
    def one(self) -> Camera:
        """Version 1.0.0 is installed, and off."""
        camera = Camera(self._folder / "one")
        packages = camera.boot()
        camera.upload(packages)
        packages.close()
        return camera

    @cached_property
    def two(self) -> Camera:
        """Versions 1.0.0 and 2.0.0 are, and off."""
        camera = Camera(self._folder / "two")
        camera.begin_as(self.one)
        packages = camera.boot()
        camera.upload(packages, version="2.0.0")
        packages.close()
        return camera

    @cached_property
    def good(self) -> Camera:
        """Version 1.0.0 has passed its trial, and is on."""
        camera = Camera(self._folder / "good")
        camera.begin_as(self.one)
        packages = camera.boot()
        packages.start("TINY")
        until(lambda: only(packages).slot_state == "good")
        packages.close()
        return camera

    @cached_property
    def two_good(self) -> Camera:
        """So has 2.0.0 after it, and is on."""
        camera = Camera(self._folder / "two_good")
        camera.begin_as(self.good)
        packages = camera.boot()
        camera.upload(packages, version="2.0.0")
        until(lambda: only(packages).slot_state == "good")
        packages.close()
        return camera


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Prepared:
    return Prepared(tmp_path_factory.mktemp("prepared"))


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    """Everybody looks ten times as often as on a board."""
    monkeypatch.setattr(supervisor_module, "TICK_S", 0.1)
    monkeypatch.setattr(packages_module, "LOOK_EVERY_S", 0.1)
    made = Camera(tmp_path)
    yield made
    for packages in made.booted:
        packages.close()


def told(camera: Camera) -> list[str]:
    """A line for every process that began."""
    return (camera.state.root / "told.txt").read_text().splitlines()


def up(packages: Packages) -> bool:
    return only(packages).status == "on" and packages.portals_ready()


def test_an_uploaded_package_is_off_until_it_is_started_and_good_after_its_window(camera: Camera) -> None:
    packages = camera.boot()
    steps = camera.upload(packages)
    assert steps == ["TINY 1.0.0: signature and contents are right", "stored on the camera", "checked", "TINY"]
    assert (only(packages).status, only(packages).slot_state, str(only(packages).message)) == ("off", "trial", "")
    packages.start("TINY")
    until(lambda: only(packages).slot_state == "good")
    assert (only(packages).status, only(packages).slot, str(only(packages).message)) == ("on", "A", "")
    packages.stop("TINY")
    assert (only(packages).status, only(packages).enabled, str(only(packages).message)) == ("off", False, "")


def test_a_running_package_is_upgraded_into_the_other_slot_and_runs_on(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0")
    assert (only(packages).version, only(packages).slot, only(packages).previous) == ("2.0.0", "B", "1.0.0")
    until(lambda: up(packages) and only(packages).slot_state == "good")
    camera.upload(packages, version="3.0.0")
    assert (only(packages).version, only(packages).slot, only(packages).previous) == ("3.0.0", "C", "2.0.0")
    home = camera.state.host / "packages" / "TINY"
    assert sorted(path.name for path in home.iterdir() if path.is_dir() and not path.is_symlink()) == ["B", "C"]
    assert sorted(path.name for path in home.glob("*.conf")) == ["B.conf", "C.conf"]
    until(lambda: only(packages).slot_state == "good")
    camera.upload(packages, version="4.0.0")
    assert (only(packages).slot, only(packages).previous) == ("A", "3.0.0")


def test_the_same_version_again_changes_nothing_but_repairs_damage(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    assert camera.upload(packages)[1] == "this version is installed already"
    assert only(packages).slot == "A"
    (camera.state.host / "packages" / "TINY" / "A" / "LICENSE").write_bytes(b"")
    assert camera.upload(packages)[1] == "stored on the camera"
    assert only(packages).slot == "B"


def test_a_package_whose_own_check_fails_leaves_the_old_one_as_it_was(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    with pytest.raises(PackageError, match="TINY does not work on this camera: checked"):
        camera.upload(packages, version="2.0.0", check=1)
    assert (only(packages).version, only(packages).slot, only(packages).previous) == ("1.0.0", "A", "")


def test_a_refused_upload_leaves_the_version_that_a_roll_back_needs(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.two)
    packages = camera.boot()
    with pytest.raises(PackageError, match="TINY does not work on this camera"):
        camera.upload(packages, version="3.0.0", check=1)
    assert (only(packages).version, only(packages).previous) == ("2.0.0", "1.0.0")
    packages.rollback("TINY")
    packages.start("TINY")
    until(lambda: up(packages))
    assert only(packages).version == "1.0.0"


def test_an_upload_that_was_cut_off_leaves_the_version_that_a_roll_back_needs(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.two)
    packages = camera.boot()
    steps = packages.install(write(camera.folder / "third.tar.gz", contents(version="3.0.0")), CAMERA)
    next(steps)
    assert str(next(steps)) == "stored on the camera"
    packages.close()  # the host ends here
    home = camera.state.host / "packages" / "TINY"
    (home / "C.new").mkdir()
    packages = camera.boot()
    assert sorted(path.name for path in home.iterdir() if path.is_dir()) == ["A", "B", "current"], "nothing takes room for nothing"
    assert (only(packages).version, only(packages).previous) == ("2.0.0", "1.0.0")
    camera.upload(packages, version="4.0.0")
    assert (only(packages).version, only(packages).previous) == ("4.0.0", "2.0.0")
    folders = {path.name for path in (camera.state.host / "packages" / "TINY").iterdir() if path.is_dir()}
    assert folders == {"B", "C", "current"}


def test_a_storage_that_refuses_while_a_package_is_opened_for_its_check_leaves_nothing(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(folder: Path) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(install_module, "open_tree", refuses)
    packages = camera.boot()
    with pytest.raises(PackageError, match="TINY: its check cannot be started: Input/output error"):
        camera.upload(packages)
    assert packages.listing() == ()


def test_a_first_package_whose_check_fails_is_not_installed(camera: Camera) -> None:
    packages = camera.boot()
    with pytest.raises(PackageError, match="does not work on this camera"):
        camera.upload(packages, check=1)
    assert packages.listing() == ()


def test_a_version_that_crashes_on_trial_is_rolled_back_with_the_reason(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.05))
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0", processes={"pins": "live", "manager": "crash"})
    until(lambda: only(packages).version == "1.0.0")
    until(lambda: up(packages))
    told = "2.0.0 was rolled back to 1.0.0: manager: exit code 1 (the lens fell off)"
    assert (str(only(packages).message), only(packages).slot_state, only(packages).status) == (told, "good", "on")


def test_after_a_version_that_was_never_good_the_one_before_it_is_what_a_failure_goes_back_to(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the manual says it: stopped, uploaded, once more because it was the wrong file, started."""
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.05))
    camera.begin_as(prepared.good)
    packages = camera.boot()
    packages.stop("TINY")
    camera.upload(packages, version="2.0.0")
    camera.upload(packages, version="3.0.0", processes={"pins": "live", "manager": "crash"})
    assert (only(packages).version, only(packages).previous) == ("3.0.0", "1.0.0")
    packages.start("TINY")
    until(lambda: up(packages) and only(packages).version == "1.0.0")


@pytest.mark.parametrize("runmode", ["once", "never"])
def test_a_version_whose_process_is_not_started_again_fails_its_trial_with_the_first_crash(
    camera: Camera, prepared: Prepared, runmode: str
) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(
        packages,
        version="2.0.0",
        conf=lambda text: text.replace("respawn", runmode),
        processes={"pins": "live", "manager": "crash"},
    )
    until(lambda: up(packages) and only(packages).version == "1.0.0")


@pytest.mark.parametrize("mode", ["hang", "beats_once"])
def test_a_version_with_a_process_that_does_not_go_on_beating_never_gets_good(
    camera: Camera, prepared: Prepared, mode: str
) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0", processes={"pins": "live", "manager": "http", "engine": mode})
    until(lambda: len(told(camera)) == 5)
    time.sleep(3)  # three windows
    assert (only(packages).version, only(packages).slot_state) == ("2.0.0", "trial")
    assert all(process.pid for process in only(packages).processes)


def test_a_version_whose_process_never_beats_is_rolled_back_when_its_grace_is_over(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    silent = {"pins": "live", "manager": "hang"}
    camera.upload(packages, version="2.0.0", processes=silent, conf=lambda text: text.replace("grace_s = 30", "grace_s = 1"))
    until(lambda: str(only(packages).message).startswith("2.0.0 was rolled back to 1.0.0: "))
    assert "manager: hung: no heartbeat; killed" in str(only(packages).message)
    assert only(packages).version == "1.0.0"


def test_a_package_is_ready_when_its_processes_beat_and_not_when_its_portal_alone_answers(camera: Camera) -> None:
    packages = camera.boot()
    camera.upload(packages, processes={"manager": "http", "engine": "hang"})
    packages.start("TINY")
    until(lambda: any(process.name == "manager" and process.state == "up" for process in only(packages).processes))
    assert not packages.portals_ready()
    assert str(only(packages).message) == "on trial; waiting for the first heartbeat of engine"
    first = [process.pid for process in only(packages).processes]
    packages.start("TINY")  # it is on its way: pressing Start again must not begin anew
    assert [process.pid for process in only(packages).processes] == first
    camera.state.beat("engine").touch()
    until(packages.portals_ready)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        ("not_here", "not on this board: no encoder"),
        ("no_library", "not on this board: ModuleNotFoundError: No module named 'a_library_of_other_boards'"),
    ],
)
def test_an_optional_process_that_is_not_for_this_board_ends_for_good_and_the_package_gets_good(
    camera: Camera, mode: str, said: str
) -> None:
    packages = camera.boot()
    camera.upload(packages, processes={"manager": "http", "video": mode}, optional=["video"])
    packages.start("TINY")
    until(lambda: only(packages).slot_state == "good")
    (video,) = (process for process in only(packages).processes if process.name == "video")
    assert (video.state, str(video.error), video.restarts, str(video.ill)) == ("absent", said, 0, "")
    assert (only(packages).status, str(only(packages).message), packages.portals_ready()) == ("on", "", True)


def test_an_optional_process_that_crashes_is_started_again_and_fails_no_trial(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.0, 0.0, 3600.0))
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    crashing = {"manager": "http", "video": "crash"}  # more often than a trial allows
    camera.upload(packages, version="2.0.0", processes=crashing, optional=["video"], window_s=3)
    until(lambda: next((process.restarts for process in only(packages).processes if process.name == "video"), 0) == 3)
    until(lambda: (only(packages).version, only(packages).slot_state) == ("2.0.0", "good"))
    assert (only(packages).status, packages.ill(), packages.portals_ready()) == ("on", "", True)
    assert str(only(packages).message) == "video: exit code 1 (the lens fell off)"


@pytest.mark.parametrize("mode", ["not_here", "no_library"])
def test_a_process_that_must_run_cannot_say_that_it_is_not_for_this_board(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0,))
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0", processes={"manager": "http", "video": mode})
    until(lambda: only(packages).version == "1.0.0")


def test_a_disk_that_refuses_a_roll_back_leaves_running_what_works(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.05))
    monkeypatch.setattr(trial_module, "AGAIN_S", 600.0)  # longer than a machine under load takes
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    refused: list[Path] = []

    def full_for_failures(path: Path, data: bytes, mode: int) -> Path:
        if b'"failed"' in data:
            refused.append(path)
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_beside(path, data, mode)

    monkeypatch.setattr(files_module, "write_beside", full_for_failures)
    camera.upload(packages, version="2.0.0", processes={"pins": "live", "manager": "crash"})
    until(lambda: len(refused) > 1)
    pins = until(lambda: next((process.pid for process in only(packages).processes if process.name == "pins"), 0))
    assert only(packages).version == "2.0.0"
    until(lambda: next(process.restarts for process in only(packages).processes if process.name == "manager") > 4)
    assert [process.pid for process in only(packages).processes if process.name == "pins"] == [pins], "the gate's process ran on"
    assert told(camera)[-1].split()[0] == "manager"
    assert len(refused) == 2, "the disk was asked once more than it is for one roll-back"


@pytest.mark.parametrize("times", [1, 2], ids=["at once", "when the disk takes it"])
def test_a_roll_back_that_is_cut_off_is_made_good(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    """The power goes when the version is known to have failed and is still the current one; the first start after it may not be
    able to change that."""
    monkeypatch.setattr(trial_module, "AGAIN_S", 0.0)
    camera.begin_as(prepared.two_good)
    left = [times]
    activate = Slots.activate

    def refuses(slots: Slots, name: str, slot: Slot) -> Slot:
        left[0] -= 1
        if left[0] > 0:
            raise PackageError("the disk is full")
        return activate(slots, name, slot)

    slots = Slots(camera.state.host / "packages", None, lambda: False)
    failed = slots.current("TINY")
    assert failed is not None
    slots.mark("TINY", failed, "failed", "manager: exit code 1")
    monkeypatch.setattr(Slots, "activate", refuses)
    packages = camera.boot()
    until(lambda: only(packages).version == "1.0.0" and str(only(packages).message))  # the one that failed runs until it is said
    until(lambda: up(packages))
    assert str(only(packages).message) == "2.0.0 was rolled back to 1.0.0: manager: exit code 1"
    assert left == [0]


def test_a_version_that_never_gets_good_over_several_boots_is_rolled_back(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0", window_s=600)
    for _ in range(3):  # the host dies without stopping: what close() would reset stays counted
        slot = packages._slots.current("TINY")
        assert slot is not None
        packages.close()
        packages._slots.mark("TINY", slot, slot.state, tries=slot.tries)
        packages = camera.boot()
    assert only(packages).version == "1.0.0"
    assert str(only(packages).message) == "2.0.0 was rolled back to 1.0.0: started 3 times without getting good"


def test_a_new_version_that_people_start_again_and_again_is_not_rolled_back(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0", window_s=600)
    for _ in range(4):
        packages.restart("TINY")
    assert (only(packages).version, only(packages).slot_state) == ("2.0.0", "trial")


def test_a_first_version_that_crashes_is_tried_again_and_says_why(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.0, 3600.0))
    packages = camera.boot()
    camera.upload(packages, processes={"pins": "live", "manager": "crash"})
    packages.start("TINY")
    until(lambda: str(only(packages).message) == "manager: exit code 1 (the lens fell off)")
    assert (only(packages).status, only(packages).enabled, only(packages).slot_state) == ("off", True, "trial")


def test_rollback_by_hand_goes_back_and_forth(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    with pytest.raises(PackageError, match="no previous version"):
        packages.rollback("TINY")
    camera.upload(packages, version="2.0.0")
    packages.rollback("TINY")
    assert (only(packages).version, only(packages).status) == ("1.0.0", "off")
    assert str(only(packages).message) == "went back from 2.0.0 to 1.0.0 by hand"
    packages.rollback("TINY")
    assert only(packages).version == "2.0.0"


def test_what_ran_starts_again_with_the_host_and_what_was_stopped_does_not(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    packages.stop("TINY")
    packages.close()
    assert only(camera.boot()).status == "off"


def test_runmode_never_waits_for_a_hand_after_a_boot(camera: Camera) -> None:
    packages = camera.boot()
    camera.upload(packages, conf=lambda text: text.replace("respawn", "never"))
    packages.start("TINY")
    packages.close()
    assert only(camera.boot()).status == "off"


def test_whatever_one_package_raises_the_watch_over_all_goes_on(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    tried = []

    def refuses(name: str) -> None:
        tried.append(name)
        raise OSError(28, "No space left on device")

    packages._running.try_again = refuses  # type: ignore[method-assign]
    packages._running._again["TINY"] = 0.0, 10.0
    until(lambda: len(tried) > 2)
    assert packages._keeper.is_alive()


def test_whatever_keeps_a_package_from_starting_ends_no_host_and_it_is_tried_again(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "AGAIN_S", 0.1)
    camera.begin_as(prepared.good)
    refused: list[int] = []
    start = supervisor_module.Supervisor.start

    def refuses(supervisor: supervisor_module.Supervisor) -> None:
        refused.append(1)
        if len(refused) < 2:
            raise RuntimeError("can't start new thread")
        start(supervisor)

    monkeypatch.setattr(supervisor_module.Supervisor, "start", refuses)
    packages = camera.boot()
    until(lambda: up(packages))
    assert len(refused) == 2


def test_who_looks_what_is_put_off_may_do_so_while_another_one_is(camera: Camera) -> None:
    running = camera.boot()._running

    class Due(float):
        """Meanwhile another thread has put off one more."""

        def __le__(self, now: float) -> bool:
            running._again["OTHER"] = now + 10, 10.0
            return True

    running._again["TINY"] = Due(), 10.0
    assert running.put_off() == ["TINY"]


def test_a_package_on_a_missing_card_is_off_and_says_so(camera: Camera) -> None:
    packages = camera.boot()
    with pytest.raises(PackageError, match="there is no SD card in the camera"):
        camera.upload(packages, SD)
    assert packages.listing() == ()
    camera.card.mkdir()
    camera.upload(packages, SD)
    assert (camera.card / "gatewright" / "packages" / "TINY" / "A" / "package.conf").is_file()
    packages.start("TINY")
    until(lambda: up(packages))
    packages.close()
    camera.card.rename(camera.folder / "pulled")
    packages = camera.boot()
    assert (only(packages).status, str(only(packages).message), only(packages).enabled) == ("off", "storage missing", True)
    (camera.folder / "pulled").rename(camera.card)
    packages.start("TINY")
    until(lambda: up(packages))


def test_a_card_that_is_pulled_while_its_package_runs_is_said_and_the_package_comes_back_with_it(camera: Camera) -> None:
    packages = camera.boot()
    camera.card.mkdir()
    camera.upload(packages, SD)
    packages.start("TINY")
    until(lambda: up(packages) and only(packages).slot_state == "good")
    camera.card.rename(camera.folder / "pulled")
    for process in only(packages).processes:
        os.kill(process.pid, signal.SIGKILL)  # as when a page of its program is to be read from the card
    until(lambda: "storage missing" in str(only(packages).message))
    (camera.folder / "pulled").rename(camera.card)
    until(lambda: up(packages))
    assert not str(only(packages).message)


def damage(camera: Camera, letter: str, file: str = "lib/tiny/__main__.py") -> None:
    (camera.state.host / "packages" / "TINY" / letter / file).write_bytes(b"evil")


@pytest.mark.parametrize(
    "wrong", ['{"paths": [], "components": {"schemas": {}}}', '{"paths": {}, "components": {"schemas": ["x"]}}', "[]"]
)
def test_what_a_package_says_about_its_api_wrongly_or_from_a_card_that_is_away_is_left_out(camera: Camera, wrong: str) -> None:
    camera.card.mkdir()
    packages = camera.boot()
    right = '{"paths": {"/tiny/api": {}}, "components": {"schemas": {"A": {}}}}'
    files = {"lib/tiny/openapi.json": right.encode(), "lib/wrong/openapi.json": wrong.encode()}
    camera.upload(packages, SD, files=files)
    assert packages.documents() == [json.loads(right)]
    camera.card.rename(camera.folder / "pulled")
    assert packages.documents() == []


def test_a_damaged_version_is_made_anew_from_its_package_and_runs(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    for file in ("lib/tiny/__main__.py", "LICENSE", "package.sig"):
        packages.stop("TINY")
        damage(camera, "A", file)
        packages.start("TINY")
        until(lambda: up(packages))
        assert (only(packages).version, only(packages).slot_state) == ("1.0.0", "good")
        assert str(only(packages).message).startswith("1.0.0 was damaged and is made anew from its package: ")
    packages.stop("TINY")
    shutil.rmtree(camera.state.host / "packages" / "TINY" / "A")  # the power went while it was put in its place
    packages.start("TINY")
    until(lambda: up(packages))


def test_a_version_that_is_made_anew_is_preferred_to_the_one_before_it(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0")
    packages.stop("TINY")
    damage(camera, "B")
    packages.start("TINY")
    assert only(packages).version == "2.0.0"


def test_another_version_of_the_same_vendor_in_its_place_is_not_run_for_it(camera: Camera, prepared: Prepared) -> None:
    """As a card that was changed with another camera's brings it, or whoever has an old version with a hole at hand."""
    camera.begin_as(prepared.two_good)
    home = camera.state.host / "packages" / "TINY"
    shutil.rmtree(home / "B")
    shutil.copytree(home / "A", home / "B")
    packages = camera.boot()
    until(lambda: up(packages))
    assert b"version = 2.0.0" in (home / "current" / "package.conf").read_bytes()
    assert "2.0.0 was damaged and is made anew from its package" in str(only(packages).message)
    packages.close()
    for each in ("B", "B.tar.gz"):
        shutil.rmtree(home / each) if (home / each).is_dir() else (home / each).unlink()
    shutil.copytree(home / "A", home / "B")
    packages = camera.boot()
    until(lambda: up(packages))
    assert only(packages).version == "1.0.0"
    assert "what lies there is another signed version, not 2.0.0, which was installed here" in str(only(packages).message)


def test_a_damaged_version_is_not_made_anew_from_another_or_a_changed_package(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    archive = camera.state.host / "packages" / "TINY" / "A.tar.gz"
    damage(camera, "A")
    for data in (archive.read_bytes()[:-40], write(camera.folder / "other.tar.gz", contents(version="0.9.0")).read_bytes(), b""):
        archive.write_bytes(data)
        with pytest.raises(PackageError, match=r"lib/tiny/__main__.py: damaged or changed"):
            packages.start("TINY")


def test_without_room_for_its_package_a_version_runs_all_the_same(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    copied = shutil.copyfile

    def full(source: Path, target: Path) -> Path:
        if str(target).endswith(".tar.gz.new"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return copied(source, target)

    monkeypatch.setattr(slots_module.shutil, "copyfile", full)
    packages = camera.boot()
    camera.upload(packages)
    packages.start("TINY")
    until(lambda: up(packages))
    assert not list((camera.state.host / "packages" / "TINY").glob("*.tar.gz*"))


def test_a_damaged_slot_whose_package_is_lost_does_not_start_and_the_previous_version_takes_over(
    camera: Camera, prepared: Prepared
) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    camera.upload(packages, version="2.0.0")
    packages.stop("TINY")
    for archive in (camera.state.host / "packages" / "TINY").glob("*.tar.gz"):
        archive.unlink()
    damage(camera, "B")
    packages.start("TINY")
    assert only(packages).version == "1.0.0"
    assert "lib/tiny/__main__.py: damaged or changed" in str(only(packages).message)
    packages.stop("TINY")
    damage(camera, "A")
    with pytest.raises(PackageError, match=r"lib/tiny/__main__.py: damaged or changed"):
        packages.start("TINY")
    assert only(packages).status == "off"


def test_a_full_disk_refuses_the_upload_and_keeps_the_old_version(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    monkeypatch.setattr(slots_module.shutil, "disk_usage", lambda path: SimpleNamespace(free=1000))
    with pytest.raises(PackageError, match="not enough space: TINY needs 9 MB, 1 MB are free"):
        camera.upload(packages, version="2.0.0")
    assert (only(packages).version, only(packages).slot_state) == ("1.0.0", "trial")


def test_a_disk_that_refuses_the_switch_leaves_the_old_version_running(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))

    def full(self: Path, target: str) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "symlink_to", full)
    with pytest.raises(PackageError, match=r"TINY: 2\.0\.0 cannot be made the current version: No space left on device"):
        camera.upload(packages, version="2.0.0")
    assert (only(packages).version, only(packages).slot_state) == ("1.0.0", "good")
    until(lambda: up(packages))


def test_a_second_package_may_not_take_the_pages_or_processes_of_the_first(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    with pytest.raises(PackageError, match="OTHER: /tiny/ or its socket belongs to TINY; remove TINY first"):
        camera.upload(packages, conf=lambda text: text.replace("TINY", "OTHER"))

    def other(text: str) -> str:
        return text.replace("TINY", "OTHER").replace("url = /tiny/", "url = /other/\nsocket = other.sock")

    with pytest.raises(PackageError, match="TINY runs a process manager too"):
        camera.upload(packages, conf=other)

    def starts_manager(text: str) -> str:
        route = "[route.portal]\npath = /other/\nsocket = other.sock\n"
        return (
            text.replace("TINY", "OTHER").replace("format = 1", "format = 3").replace("url = /tiny/\n", "")
            + f"starts = manager\n{route}"
        )

    with pytest.raises(PackageError, match="TINY runs a process manager too"):
        camera.upload(packages, conf=starts_manager, processes={"watcher": "live"})
    camera.upload(packages, conf=other, processes={"watcher": "live"})
    assert [package.name for package in packages.listing()] == ["OTHER", "TINY"]
    assert packages.name_of(1) == "TINY"


def test_there_is_no_way_back_to_a_version_whose_process_another_package_runs_by_now(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both would write the same heartbeat, log and socket."""
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.05))
    camera.begin_as(prepared.good)
    packages = camera.boot()
    camera.upload(packages, version="2.0.0", processes={"pins": "live", "portal": "http"})
    until(lambda: only(packages).slot_state == "good")

    def other(text: str) -> str:
        return text.replace("TINY", "OTHER").replace("url = /tiny/", "url = /other/\nsocket = other.sock")

    camera.upload(packages, conf=other, processes={"manager": "live"})
    with pytest.raises(PackageError, match="OTHER runs a process manager too; remove OTHER first"):
        packages.rollback("TINY")
    assert packages.listing()[1].version == "2.0.0"
    slot = packages._slots.current("TINY")
    assert slot is not None and packages._running.spare("TINY") is None
    packages.remove("OTHER")
    assert packages._running.spare("TINY") is not None
    packages.rollback("TINY")
    assert only(packages).version == "1.0.0"


def test_the_package_that_drives_the_outputs_starts_before_the_others(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each is hashed before it starts, and some are large: no gate waits for that."""
    camera.begin_as(prepared.good)
    packages = camera.boot()

    def other(text: str) -> str:
        return text.replace("TINY", "OTHER").replace("url = /tiny/", "url = /other/\nsocket = other.sock")

    camera.upload(packages, conf=other, processes={"watcher": "live"})
    packages.start("OTHER")
    packages.close()
    started: list[str] = []
    monkeypatch.setattr(packages_module.Running, "start", lambda running, name: started.append(name))
    assert [package.name for package in camera.boot().listing()] == ["OTHER", "TINY"]
    assert started == ["TINY", "OTHER"]


def test_a_package_that_fails_beside_the_one_that_drives_the_outputs_has_the_board_reset_by_nobody(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (60.0,))
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: packages.ill() == "")

    def other(text: str) -> str:
        return text.replace("TINY", "OTHER").replace("url = /tiny/", "url = /other/\nsocket = other.sock")

    camera.upload(packages, conf=other, processes={"watcher": "crash"})
    packages.start("OTHER")
    until(lambda: packages.listing()[0].processes[0].state == "waiting")
    assert (packages.ill(), packages.portals_ready()) == ("", False)
    packages.stop("TINY")
    assert packages.ill() == "OTHER: watcher is not running: exit code 1 (the lens fell off)"


def test_routes_lead_to_their_sockets_and_none_is_shared_between_packages(camera: Camera) -> None:
    def with_lpr(text: str) -> str:
        return text + "[route.lpr]\npath = /LPR/\nsocket = vms.sock\nauthenticates = package\n"

    packages = camera.boot()
    camera.upload(packages, processes={"manager": "http", "vms": "live"}, optional=["vms"], conf=with_lpr)
    found = packages.route("/LPR/1.jpg")
    assert found is not None
    assert (found.package, found.route.name, found.route.authenticates) == ("TINY", "lpr", "package")
    assert found.socket == camera.state.run / "vms.sock"
    portal = packages.route("/tiny")
    assert portal is not None and portal.socket == camera.state.run / "manager.sock"
    assert (packages.route("/LPRX/"), packages.route("/lpr/1.jpg"), packages.route("/")) == (None, None, None)

    def other(text: str) -> str:
        return text.replace("TINY", "OTHER").replace("url = /tiny/", "url = /lpr/\nsocket = other.sock")

    with pytest.raises(PackageError, match="OTHER: /lpr/ or its socket belongs to TINY; remove TINY first"):
        camera.upload(packages, conf=other, processes={"watcher": "live"})


def test_a_name_that_no_package_can_have_is_not_installed(camera: Camera) -> None:
    packages = camera.boot()
    for act in packages.commands().values():
        with pytest.raises(PackageError, match="is not installed"):
            act("x" * 300)


def test_who_starts_what_is_not_installed_leaves_no_error_in_the_log(camera: Camera, caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PackageError, match="TINY is not installed"):
        camera.boot().start("TINY")
    assert caplog.records == []


def test_remove_deletes_both_versions_and_keeps_the_data(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.two)
    packages = camera.boot()
    packages.start("TINY")
    (camera.state.root / "anpr").mkdir()
    packages.remove("TINY")
    assert packages.listing() == ()
    assert not (camera.state.host / "packages" / "TINY").exists()
    assert (camera.state.root / "anpr").is_dir()
    with pytest.raises(PackageError, match="TINY is not installed"):
        packages.start("TINY")


def test_two_uploads_at_once_are_refused(camera: Camera) -> None:
    packages = camera.boot()
    first = packages.install(write(camera.folder / "one.tar.gz", contents()), CAMERA)
    next(first)
    with pytest.raises(PackageError, match="another package is being installed right now"):
        next(packages.install(write(camera.folder / "two.tar.gz", contents()), CAMERA))
    assert str(list(first)[-1]) == "TINY"


OF_NO_TYPE = json.dumps(
    {
        "enabled": True,
        "notice": "",
        "slots": [{"letter": "A", "storage": 5, "state": 5, "version": 5, "manifest_sha256": 5, "signed_by": 5, "tries": 0}],
    }
)


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"enabled": true}', OF_NO_TYPE, None])
def test_a_damaged_record_is_restored_from_its_copy_and_the_package_runs_again(
    camera: Camera, prepared: Prepared, damage: str | None
) -> None:
    camera.begin_as(prepared.two_good)
    record = camera.state.host / "packages" / "TINY" / "record.json"
    before = record.read_bytes()
    record.unlink() if damage is None else record.write_text(damage)
    packages = camera.boot()
    until(lambda: up(packages))
    assert (only(packages).version, only(packages).previous, only(packages).slot_state) == ("2.0.0", "1.0.0", "good")
    assert record.read_bytes() == before


def test_a_record_without_a_copy_as_older_hosts_left_it_gets_one(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    record = camera.state.host / "packages" / "TINY" / "record.json"
    copy = record.with_name("record.json.copy")
    copy.unlink()
    packages.close()
    assert only(camera.boot()).version == "1.0.0"
    assert copy.read_bytes() == record.read_bytes()


def test_a_record_that_is_damaged_with_its_copy_is_told_and_an_upload_repairs_it(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.one)
    packages = camera.boot()
    packages.enable("TINY")
    record = camera.state.host / "packages" / "TINY" / "record.json"
    for path in (record, record.with_name("record.json.copy")):
        path.write_text("{")
    for _ in range(2):
        assert str(only(packages).message) == f"TINY: its record {record} is damaged; upload the package again"
    assert (packages.route("/tiny/"), packages.portals_ready()) == (None, False)
    camera.upload(packages)
    until(lambda: up(packages) and only(packages).slot_state == "good")  # it was to run
    assert (only(packages).version, str(only(packages).message)) == ("1.0.0", "")
    for path in (record, record.with_name("record.json.copy")):
        path.write_text("{")
    packages.remove("TINY")
    assert packages.listing() == ()


@pytest.mark.parametrize("works", [True, False])
def test_an_upload_over_a_damaged_record_costs_no_camera_the_package_that_runs(
    camera: Camera, prepared: Prepared, works: bool
) -> None:
    """It is what people are told to do. Its check fails, or it runs, and does so after the next start."""
    camera.begin_as(prepared.good)
    packages = camera.boot()
    until(lambda: up(packages))
    for path in (camera.state.host / "packages" / "TINY").glob("record.json*"):
        path.write_bytes(b"{")
    with nullcontext() if works else pytest.raises(PackageError, match="does not work on this camera"):
        camera.upload(packages, version="2.0.0", check=0 if works else 1)
    assert (only(packages).version, only(packages).status) == ("2.0.0" if works else "1.0.0", "on")
    packages.close()
    assert only(camera.boot()).enabled


def test_a_record_that_is_damaged_with_its_copy_costs_no_camera_its_package(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.two_good)
    before = Slots(camera.state.host / "packages", None, lambda: False).current("TINY")
    assert before is not None
    record = camera.state.host / "packages" / "TINY" / "record.json"
    for path in (record, record.with_name("record.json.copy")):
        path.write_bytes(b"")
    packages = camera.boot()
    until(lambda: up(packages))
    after = only(packages)
    assert (after.version, after.previous, after.slot, after.manifest_sha256) == (
        "2.0.0",
        "1.0.0",
        before.letter,
        before.manifest_sha256,
    )
    assert str(after.message) == "its record was damaged and is made anew from what is installed"


def test_with_its_record_and_its_files_damaged_a_version_stays_off_and_says_so(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    home = camera.state.host / "packages" / "TINY"
    for path in (home / "record.json", home / "record.json.copy", home / "current" / "LICENSE"):
        path.write_bytes(b"")
    packages = camera.boot()
    assert only(packages).status == "off"
    assert str(only(packages).message) == f"TINY: its record {home / 'record.json'} is damaged; upload the package again"


def test_a_licence_that_ends_while_the_package_runs_stops_its_reading_and_a_new_one_starts_it(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "LICENCE_EVERY_S", 0.0)
    packages = camera.boot()
    camera.upload(packages, conf=lambda text: text.replace("mechanism = none", "mechanism = file"))
    packages.start("TINY")
    until(lambda: told(camera)[-1].endswith("licensed=0"))
    fields = {"package": "TINY", "serial": "serial-1", "expires": "2026-06-30"}
    signature = base64.b64encode(KEY.sign(licence_bytes(**fields))).decode()
    now = [datetime(2026, 6, 30, 23, 59, tzinfo=UTC)]
    monkeypatch.setattr(Clock, "now", lambda clock: now[0])
    packages.store_licence("TINY", json.dumps({"licence": fields, "signature": signature}).encode())
    until(lambda: told(camera)[-1].endswith("licensed=1"))
    now[0] = datetime(2026, 7, 1, tzinfo=UTC)
    until(lambda: told(camera)[-1].endswith("licensed=0"))
    assert (only(packages).license, str(only(packages).license_message)) == ("none", "the licence ended on 2026-06-30")
    until(lambda: up(packages))
    now[0] = datetime(2026, 6, 1, tzinfo=UTC)  # the clock was wrong
    until(lambda: told(camera)[-1].endswith("licensed=1"))


def test_a_check_that_failed_by_itself_starts_nothing_and_costs_no_version_its_place(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.begin_as(prepared.two_good)

    def fails(*_: object) -> None:
        raise NotChecked("no memory")

    with monkeypatch.context() as patched:
        patched.setattr(running_module, "check_slot", fails)
        packages = camera.boot()
        found = only(packages)
        assert (found.version, found.slot_state, str(found.message)) == ("2.0.0", "good", "no memory")
        assert not up(packages)
        packages.close()
    packages = camera.boot()
    until(lambda: up(packages))
    assert only(packages).version == "2.0.0"


def test_a_damaged_key_stops_the_packages_of_its_vendor_only_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    ours = trust_file(tmp_path)
    for name, data in (("empty.pub", b""), ("half.pub", ours.read_bytes()[:40]), ("folder.pub", None)):
        (tmp_path / name).mkdir() if data is None else (tmp_path / name).write_bytes(data)
    trust = TrustedKeys(tmp_path)
    assert list(trust()) == list(TRUST)
    trust()
    assert [str(why).partition(": ")[0] for why in trust.damage()] == [
        "public key empty.pub", f"public key {tmp_path / 'folder.pub'}", "public key half.pub"
    ]  # fmt: skip
    assert len(caplog.records) == 3  # not again each time
    with pytest.raises(PackageError, match=r"public key empty\.pub: not a PEM public key"):
        TrustedKeys(tmp_path, [tmp_path / "empty.pub"])


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN PUBLIC KEY-----\nMC", b"\xff" * 113], ids=["empty", "half", "noise"])
def test_for_a_damaged_key_its_copy_counts_and_is_put_back_at_the_next_start(tmp_path: Path, damage: bytes) -> None:
    path = trust_file(tmp_path)
    right = path.read_bytes()
    keep_copies(tmp_path)
    path.write_bytes(damage)
    trust = TrustedKeys(tmp_path)
    assert (trust(), trust.damage()) == (dict(TRUST), ())
    keep_copies(tmp_path)
    assert [path.read_bytes(), (tmp_path / "tiny.pub.copy").read_bytes()] == [right, right]


def test_a_key_that_was_taken_away_or_replaced_comes_back_from_no_copy(tmp_path: Path) -> None:
    path = trust_file(tmp_path)
    keep_copies(tmp_path)
    path.write_bytes(public_pem(public_of(OTHER_KEY)))
    keep_copies(tmp_path)
    path.write_bytes(b"")
    assert list(TrustedKeys(tmp_path)().values()) == [public_of(OTHER_KEY)]
    path.unlink()
    assert TrustedKeys(tmp_path)() == {}
    keep_copies(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_key_that_is_added_and_removed_by_a_person_has_and_leaves_no_second_file(tmp_path: Path, recorder: Recorder) -> None:
    trusted = Trusted(TrustedKeys(tmp_path), lambda: [])
    trust_file(tmp_path)
    key = trusted.add(public_pem(public_of(OTHER_KEY)), "other")
    assert (tmp_path / "other.pub.copy").read_bytes() == (tmp_path / "other.pub").read_bytes()
    (tmp_path / "other.pub").write_bytes(b"")
    assert key.fingerprint in [each.fingerprint for each in trusted.all()]
    recorder.events.clear()
    trusted.remove(key.fingerprint, key.fingerprint[:8])
    assert [each.name for each in tmp_path.iterdir()] == ["tiny.pub"]
    assert recorder.events == [("sync", f"{tmp_path.name}/")]  # a power cut does not bring it back


@pytest.mark.parametrize("link", [None, "C", "nowhere"])
def test_a_camera_that_lost_what_names_its_current_version_runs_the_newest_good_one(
    camera: Camera, prepared: Prepared, link: str | None
) -> None:
    camera.begin_as(prepared.two_good)
    current = camera.state.host / "packages" / "TINY" / "current"
    current.unlink()
    if link is not None:
        current.symlink_to(link)
    packages = camera.boot()
    until(lambda: up(packages))
    assert (only(packages).version, only(packages).previous) == ("2.0.0", "1.0.0")


def test_processes_are_told_where_the_camera_listens(camera: Camera) -> None:
    packages = camera.boot("0.0.0.0", 8443)
    camera.upload(packages, processes={"manager": "live"})
    packages.start("TINY")
    until(lambda: only(packages).processes[0].state == "up")
    given = json.loads((camera.state.root / "manager.env").read_text())
    assert (given["GATEWRIGHT_BIND"], given["GATEWRIGHT_PORT"]) == ("0.0.0.0", "8443")


def test_another_vendors_package_of_the_same_name_asks_and_says_that_the_licence_is_lost(
    camera: Camera, prepared: Prepared
) -> None:
    """Whoever is trusted may sign any name; with a vendor's new key it is the same vendor, and the camera cannot know."""
    camera.begin_as(prepared.good)
    packages = camera.boot()
    packages.trusted.add(public_pem(public_of(OTHER_KEY)), "other")
    keys = {name: fingerprint(public_of(key))[:16] for name, key in (("ours", KEY), ("theirs", OTHER_KEY))}
    licensed: dict[str, Any] = {"conf": lambda text: text.replace("mechanism = none", "mechanism = file")}
    with pytest.raises(Unconfirmed, match=r"^TINY 2.0.0 has no licence on this camera \(no licence for the camera with serial num"):
        camera.upload(packages, version="2.0.0", **licensed)
    archive = write(camera.folder / "2.tar.gz", contents(version="2.0.0", **licensed))
    assert str(list(packages.install(archive, CAMERA, confirmed=True))[-1]) == "TINY"
    fields = {"package": "TINY", "serial": "serial-1", "expires": ""}
    signature = base64.b64encode(KEY.sign(licence_bytes(**fields))).decode()
    packages.store_licence("TINY", json.dumps({"licence": fields, "signature": signature}).encode())
    camera.upload(packages, version="2.1.0", **licensed)
    with pytest.raises(Unconfirmed) as asked:
        camera.upload(packages, version="3.0.0", key=OTHER_KEY, **licensed)
    assert str(asked.value) == (
        f"TINY 3.0.0 is signed with the key {keys['theirs']}, and 2.1.0, which is installed, with {keys['ours']}: confirm that you "
        "trust its owner with this package; TINY 3.0.0 has no licence on this camera (the licence is not signed by the package's "
        "vendor, or was changed): confirm that you want it without"
    )
    assert (only(packages).version, only(packages).license) == ("2.1.0", "valid")
    archive = write(camera.folder / "3.tar.gz", contents(version="3.0.0", key=OTHER_KEY, **licensed))
    list(packages.install(archive, CAMERA, confirmed=True))
    assert (only(packages).version, only(packages).license) == ("3.0.0", "none")
    camera.upload(packages, version="3.1.0", key=OTHER_KEY, **licensed)


def test_a_version_that_nobody_signed_takes_a_signed_ones_place_only_when_that_is_confirmed(
    camera: Camera, prepared: Prepared
) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    packages.unsigned.allow(True)
    with pytest.raises(Unconfirmed) as asked:
        camera.upload(packages, version="2.0.0", key=OTHER_KEY)
    assert str(asked.value) == (
        f"TINY 2.0.0 is signed by nobody whom this camera trusts, and 1.0.0, which is installed, with the key "
        f"{fingerprint(public_of(KEY))[:16]}: confirm that you trust whoever made it with this package"
    )
    assert (only(packages).version, only(packages).signed) == ("1.0.0", True)
    archive = write(camera.folder / "2.tar.gz", contents(version="2.0.0", key=OTHER_KEY))
    list(packages.install(archive, CAMERA, confirmed=True))
    camera.upload(packages, version="2.1.0", key=OTHER_KEY)  # who tries versions of his own is asked once
    assert (only(packages).version, only(packages).signed) == ("2.1.0", False)
    camera.upload(packages, version="3.0.0")
    assert (only(packages).version, only(packages).signed) == ("3.0.0", True)


def test_a_card_of_another_camera_keeps_what_that_one_has_on_it(tmp_path: Path, camera: Camera) -> None:
    """Of two that were serviced together: one tidied the other's card at its start, and that one did not run any more."""
    other = Camera(tmp_path / "other")
    camera.card.mkdir()
    other.card.mkdir()
    for each, versions in ((camera, ("1.0.0", "2.0.0")), (other, ("1.0.0",))):
        packages = each.boot()
        for version in versions:
            each.upload(packages, SD, version=version)
        packages.enable("TINY")
        packages.close()
    camera.card.rename(tmp_path / "card")
    other.card.rename(tmp_path / "other card")
    (tmp_path / "card").rename(other.card)
    packages = other.boot()
    other.upload(packages, version="3.0.0")
    packages.close()
    other.card.rename(camera.card)
    packages = camera.boot()
    until(lambda: up(packages))
    assert (only(packages).version, only(packages).previous) == ("2.0.0", "1.0.0")


def test_of_two_who_go_back_at_once_the_second_does_not_go_forth_again(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor does a client that asks again as the answer does not come in its time."""
    camera.begin_as(prepared.two)
    packages = camera.boot()
    asked, previous = [], packages._slots.previous
    monkeypatch.setattr(packages._slots, "previous", lambda name: asked.append(name) or previous(name))
    both = [threading.Thread(target=packages.rollback, args=("TINY",)) for _ in range(2)]
    with packages._lock:
        for each in both:
            each.start()
        until(lambda: len(asked) == 2)
    for each in both:
        each.join(20)
    assert (only(packages).version, only(packages).previous) == ("1.0.0", "2.0.0")
    packages.rollback("TINY")
    assert only(packages).version == "2.0.0"


def test_nobody_is_asked_about_a_licence_that_comes_along(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    licensed: dict[str, Any] = {"conf": lambda text: text.replace("mechanism = none", "mechanism = file")}
    archive = write(camera.folder / "2.tar.gz", contents(version="2.0.0", **licensed))

    def licence(serial: str) -> bytes:
        fields = {"package": "TINY", "serial": serial, "expires": ""}
        return json.dumps({"licence": fields, "signature": base64.b64encode(KEY.sign(licence_bytes(**fields))).decode()}).encode()

    with pytest.raises(Unconfirmed, match="has no licence on this camera"):
        list(packages.install(archive, CAMERA, licence=licence("another camera's")))
    list(packages.install(archive, CAMERA, licence=licence("serial-1")))
    assert only(packages).version == "2.0.0"


def test_a_version_that_is_signed_anew_lives_on_without_the_key_of_before(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.good)
    packages = camera.boot()
    other = packages.trusted.add(public_pem(public_of(OTHER_KEY)), "other")
    archive = write(camera.folder / "anew.tar.gz", contents(key=OTHER_KEY))
    assert "this version is installed already" not in map(str, packages.install(archive, CAMERA, confirmed=True))
    before = next(key for key in packages.trusted.all() if key.fingerprint != other.fingerprint)
    packages.trusted.remove(before.fingerprint, before.fingerprint[:8])
    packages.restart("TINY")
    until(lambda: up(packages))


def test_an_older_version_asks_and_the_one_that_runs_runs_on(camera: Camera, prepared: Prepared) -> None:
    camera.begin_as(prepared.two_good)
    packages = camera.boot()
    before = only(packages).processes[0].pid
    archive = write(camera.folder / "older.tar.gz", contents(version="1.9.0"))
    with pytest.raises(Unconfirmed, match=r"TINY 1.9.0 is older than 2.0.0"):
        list(packages.install(archive, CAMERA))
    assert (only(packages).version, only(packages).processes[0].pid) == ("2.0.0", before)
    list(packages.install(archive, CAMERA, confirmed=True))
    assert (only(packages).version, only(packages).previous) == ("1.9.0", "2.0.0")
    packages.versions.decide(NEVER)
    with pytest.raises(PackageError, match="takes no older versions"):
        list(packages.install(write(camera.folder / "oldest.tar.gz", contents(version="1.0.0")), CAMERA, confirmed=True))


@pytest.mark.parametrize("left", [None, b"", b"[package]\nformat = 9\n"], ids=["gone", "emptied", "damaged"])
def test_a_damaged_copy_of_a_manifest_keeps_nothing_from_starting(camera: Camera, prepared: Prepared, left: bytes | None) -> None:
    camera.begin_as(prepared.good)
    (copy,) = (camera.state.host / "packages" / "TINY").glob("?.conf")
    copy.unlink()
    if left is not None:
        copy.write_bytes(left)
    assert only(camera.boot()).status == "on"


class PowerCut(BaseException):
    """Whoever it meets does nothing more."""


@pytest.mark.parametrize("lasts", [-1, 0, 1, 2, 6], ids=["with the licence", "0", "1", "2", "6"])
def test_a_removal_that_is_cut_off_is_done_by_the_next_start(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch, lasts: int
) -> None:
    camera.begin_as(prepared.two_good)
    packages = camera.boot()
    until(lambda: up(packages))
    (camera.state.host / "licences").mkdir()
    (camera.state.host / "licences" / "TINY.json").touch()
    left, rmtree = [lasts], shutil.rmtree

    def cut(path: Path, **options: Any) -> None:
        if not left[0]:
            raise PowerCut
        left[0] -= 1
        rmtree(path, **options)

    with monkeypatch.context() as power, pytest.raises(PowerCut):
        if lasts < 0:
            left[0] = 0
            power.setattr(packages._licences, "remove", cut)
        else:
            power.setattr(slots_module.shutil, "rmtree", cut)
        packages.remove("TINY")
    packages = camera.boot()
    assert packages.listing() == () and packages.portals_ready()
    assert not any((camera.state.host / "licences").iterdir())
    assert [path.name for path in (camera.state.host / "packages").iterdir()] == ["reserve"]


def test_a_full_disk_keeps_no_package_with_hours_from_being_removed(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    camera.begin_as(prepared.two_good)
    packages = camera.boot()
    packages.schedule("TINY", Schedule(True, "07:00", "08:00"))
    kept = packages.schedules._file
    write_schedules, home = kept.write, camera.state.host / "packages" / "TINY"

    def full(value: Any) -> None:
        if (home / "A").exists() or (home / "B").exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        write_schedules(value)

    monkeypatch.setattr(kept, "write", full)
    packages.remove("TINY")
    assert packages.listing() == () and packages.schedules.of("TINY") == Schedule()


@pytest.mark.parametrize("damaged", [False, True], ids=["first", "over a damaged one"])
def test_a_first_installation_that_is_cut_off_leaves_nothing_but_what_was_there(
    camera: Camera, prepared: Prepared, damaged: bool
) -> None:
    """Licence and hours may be of a backup, or of the package that was there."""
    if damaged:
        camera.begin_as(prepared.good)
    packages = camera.boot()
    if damaged:
        packages.stop("TINY")
        home = camera.state.host / "packages" / "TINY"
        for file in (home / "record.json", home / "record.json.copy", home / "current" / "LICENSE"):
            file.write_bytes(b"")
    (camera.state.host / "licences").mkdir(parents=True)
    (camera.state.host / "licences" / "TINY.json").touch()
    packages.schedules.put("TINY", Schedule(True, "07:00", "08:00"))
    steps = packages.install(write(camera.folder / "first.tar.gz", contents(version="3.0.0")), CAMERA)
    assert [str(next(steps)) for _ in range(2)][1] == "stored on the camera"
    packages = camera.boot()
    assert packages.listing() == ()
    assert [path.name for path in (camera.state.host / "packages").iterdir()] == ["reserve"]
    assert (camera.state.host / "licences" / "TINY.json").exists()
    assert packages.schedules.of("TINY").begin == "07:00"


def test_what_is_lost_of_the_version_before_keeps_the_current_one_from_nothing(camera: Camera, prepared: Prepared) -> None:
    """As a removal leaves it that the power cut off."""
    camera.begin_as(prepared.two_good)
    home = camera.state.host / "packages" / "TINY"
    shutil.rmtree(home / "A")
    (home / "A.conf").unlink()
    packages = camera.boot()
    until(lambda: up(packages))
    assert (only(packages).version, str(only(packages).message)) == ("2.0.0", "")


def test_what_works_of_a_version_runs_on_while_the_card_with_the_one_before_it_is_away(
    camera: Camera, prepared: Prepared, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor_module, "BACK_OFF_S", (0.0, 0.05))
    camera.begin_as(prepared.good)
    camera.card.mkdir()
    packages = camera.boot()
    camera.upload(packages, SD)
    until(lambda: (only(packages).storage, only(packages).slot_state) == ("sd", "good"))
    camera.card.rename(camera.folder / "pulled")
    camera.upload(packages, version="2.0.0", processes={"pins": "live", "manager": "crash"})
    until(lambda: next(process.restarts for process in only(packages).processes if process.name == "manager") > 3)
    assert (only(packages).version, next(process.pid > 0 for process in only(packages).processes)) == ("2.0.0", True)
    (camera.folder / "pulled").rename(camera.card)
    until(lambda: up(packages) and only(packages).version == "1.0.0")


def test_an_upload_whose_package_somebody_removes_at_once_says_so() -> None:
    packages = SimpleNamespace(install=lambda *order: iter([Text("TINY")]), listing=tuple)
    host: Any = SimpleNamespace(packages=packages, uploads=SimpleNamespace(package=lambda call: nullcontext(())))
    with pytest.raises(Refused, match="TINY is not installed") as refused:
        upload(host, Call())
    assert refused.value.status == 409
