"""Schedules: a package runs at its hours and no others, whatever the clock does."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from board.kit import files as files_module
from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.state import State
from firmware.packages import management as packages_module
from firmware.packages import running as running_module
from firmware.packages.keys import TrustedKeys
from firmware.packages.management import Packages
from firmware.packages.records import CAMERA
from firmware.packages.schedules import Schedule, Schedules
from firmware.packages.slots import Slots
from firmware.processes import supervisor as supervisor_module
from tests.tiny_package import contents, only, trust_file, write
from tests.waiting import until

DAY = Schedule(True, "07:30", "18:00")
NIGHT = Schedule(True, "22:00", "05:30")


class WallClock(Clock):
    """A wall clock that tests set."""

    def __init__(self) -> None:
        self.wall = datetime(2026, 6, 1, 12, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.wall


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [
        (DAY, {"07:29": False, "07:30": True, "17:59": True, "18:00": False, "00:00": False}),
        (NIGHT, {"21:59": False, "22:00": True, "00:00": True, "05:29": True, "05:30": False, "12:00": False}),
        (Schedule(True, "08:00", "08:00"), {"07:59": True, "08:00": True}),
        (Schedule(False, "07:30", "18:00"), {"03:00": True}),
    ],
    ids=["day", "night", "equal", "off"],
)
def test_hours_hold_from_their_first_minute_to_before_their_last(schedule: Schedule, minutes: dict[str, bool]) -> None:
    assert {minute: schedule.holds(minute) for minute in minutes} == minutes


@pytest.mark.parametrize(
    ("begin", "holds"), [("18:00", {"17:59": False, "18:00": True, "23:59": True, "00:00": False}), ("00:00", {"12:00": True})]
)
def test_a_day_may_end_at_24_00(begin: str, holds: dict[str, bool]) -> None:
    schedule = Schedule(True, begin, "24:00")
    assert schedule.end == "00:00"
    assert {minute: schedule.holds(minute) for minute in holds} == holds


@pytest.mark.parametrize("text", ["24:00", "7:30", "07:60", "", "07:30:00", "٠٧:٣٠"])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(PackageError, match="is not a time like 07:30"):
        Schedule(True, text, "18:00")


def test_hours_are_the_cameras_own_and_follow_its_zone(tmp_path: Path, in_utc: None) -> None:
    clock = WallClock()
    clock.wall = datetime(2026, 6, 1, 6, 0, tzinfo=UTC)
    schedules = Schedules(tmp_path, clock)
    schedules.put("TINY", DAY)
    assert not schedules.allows("TINY")
    os.environ["TZ"] = "Europe/Berlin"  # 08:00 there
    assert schedules.allows("TINY")


def test_while_nobody_has_set_the_clock_a_package_runs(tmp_path: Path, in_utc: None) -> None:
    clock = WallClock()
    schedules = Schedules(tmp_path, clock)
    schedules.put("TINY", NIGHT)
    assert not schedules.allows("TINY")
    clock.wall = datetime(1970, 1, 1, 12, 0, tzinfo=UTC)
    assert schedules.allows("TINY")


@pytest.mark.parametrize(
    "damaged",
    [
        '{"TINY": {"enable": 1, "begin": "22:00", "end": "05:30"}}',
        '{"TINY": {"enable": true, "begin": "2:00", "end": "05:30"}}',
        '{"TINY": {"enable": true, "begin": 5, "end": "05:30"}}',
        "[]",
        "7",
    ],
)
def test_schedules_outlive_a_restart_and_a_damaged_file_lets_packages_run(tmp_path: Path, in_utc: None, damaged: str) -> None:
    Schedules(tmp_path, WallClock()).put("TINY", NIGHT)
    assert Schedules(tmp_path, WallClock()).of("TINY") == NIGHT
    for name in ("schedules.json", "schedules.json.copy"):
        (tmp_path / name).write_text(damaged)
    assert Schedules(tmp_path, WallClock()).allows("TINY")


def test_a_full_disk_leaves_the_schedule_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    schedules = Schedules(tmp_path, WallClock())
    schedules.put("TINY", NIGHT)

    def full(*_: object) -> Path:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files_module, "write_beside", full)
    with pytest.raises(PackageError, match="the schedule cannot be stored: No space left on device"):
        schedules.put("TINY", DAY)
    assert schedules.of("TINY") == NIGHT


# --- with a package that runs -----------------------------------------------------------------------------------------


@pytest.fixture
def clock() -> WallClock:
    return WallClock()


@pytest.fixture
def packages(tmp_path: Path, clock: WallClock, in_utc: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Packages]:
    monkeypatch.setattr(supervisor_module, "TICK_S", 0.1)
    monkeypatch.setattr(packages_module, "LOOK_EVERY_S", 0.05)
    monkeypatch.setattr(running_module, "HOLD_S", 0.0)
    state = State(tmp_path / "state")
    state.run.mkdir(parents=True)
    (state.host / "trust").mkdir(parents=True)
    trust_file(state.host / "trust")
    made = Packages(
        state,
        Slots(state.host / "packages", None, lambda: False),
        TrustedKeys(state.host / "trust"),
        lambda: None,
        "serial-1",
        clock,
    )
    made.boot()
    list(made.install(write(tmp_path / "tiny.tar.gz", contents()), CAMERA))
    yield made
    made.close()


def runs(packages: Packages) -> bool:
    return only(packages).status == "on"


def test_a_package_stops_at_its_end_and_starts_at_its_beginning_and_says_so(packages: Packages, clock: WallClock) -> None:
    packages.start("TINY")
    packages.schedule("TINY", DAY)
    until(lambda: runs(packages))
    clock.wall = datetime(2026, 6, 1, 18, 0, tzinfo=UTC)
    until(lambda: not runs(packages))
    until(lambda: str(only(packages).message) == "rests: its schedule starts it at 07:30")
    assert only(packages).enabled and packages.rests("TINY") and packages.portals_ready()
    assert not [line for line in Path("/proc").glob("[0-9]*/cmdline") if b"\0tiny\0" in _read(line) and _mine(packages, line)]
    clock.wall = datetime(2026, 6, 2, 7, 30, tzinfo=UTC)
    until(lambda: runs(packages))
    assert str(only(packages).message) != "rests: its schedule starts it at 07:30"


def test_start_outside_of_the_hours_waits_for_them_and_stop_ends_the_waiting(packages: Packages, clock: WallClock) -> None:
    packages.schedule("TINY", NIGHT)
    packages.start("TINY")
    assert (runs(packages), packages.rests("TINY"), only(packages).enabled) == (False, True, True)
    packages.stop("TINY")
    clock.wall = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
    time.sleep(0.2)
    assert (runs(packages), packages.rests("TINY"), only(packages).enabled) == (False, False, False)


def test_a_package_that_rests_is_upgraded_and_rests_on(tmp_path: Path, packages: Packages, clock: WallClock) -> None:
    packages.schedule("TINY", NIGHT)
    packages.start("TINY")
    list(packages.install(write(tmp_path / "second.tar.gz", contents("2.0.0")), CAMERA))
    assert (only(packages).version, runs(packages), packages.rests("TINY")) == ("2.0.0", False, True)
    clock.wall = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
    until(lambda: runs(packages))


def test_a_package_that_rests_waits_on_when_an_upgrade_is_refused_by_the_disk(
    tmp_path: Path, packages: Packages, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    packages.schedule("TINY", NIGHT)
    packages.start("TINY")

    def full(*_: object) -> None:
        raise PackageError("no room")

    with monkeypatch.context() as patched:
        patched.setattr(Slots, "activate", full)
        with pytest.raises(PackageError, match="no room"):
            list(packages.install(write(tmp_path / "second.tar.gz", contents("2.0.0")), CAMERA))
    assert packages.rests("TINY")
    clock.wall = datetime(2026, 6, 1, 23, 0, tzinfo=UTC)
    until(lambda: runs(packages))


def test_a_clock_that_jumps_back_over_the_end_does_not_start_it_again_at_once(
    packages: Packages, clock: WallClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "HOLD_S", 60.0)
    packages.start("TINY")
    packages.schedule("TINY", DAY)
    until(lambda: runs(packages))
    clock.wall = datetime(2026, 6, 1, 18, 0, tzinfo=UTC)
    until(lambda: packages.rests("TINY"))
    clock.wall = datetime(2026, 6, 1, 17, 59, 58, tzinfo=UTC)
    time.sleep(0.2)
    assert packages.rests("TINY")
    packages.schedule("TINY", Schedule(True, "07:30", "19:00"))  # but a person counts at once
    until(lambda: runs(packages))


def test_a_removed_package_takes_its_schedule_along(packages: Packages) -> None:
    packages.schedule("TINY", NIGHT)
    packages.remove("TINY")
    assert packages.schedules.of("TINY") == Schedule()


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""


def _mine(packages: Packages, line: Path) -> bool:
    return str(packages.schedules._file.file.parent.parent).encode() in _read(line)
