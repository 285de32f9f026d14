"""Clock and facts: what the system says is shown, what it does not say is left empty."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from board.kit.clock import TestClock
from firmware.machine.clock import status, zones
from firmware.machine.facts import facts


def put(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_a_board_with_systemd_and_a_battery_says_all(tmp_path: Path) -> None:
    clock = TestClock()
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc/localtime").symlink_to("/usr/share/zoneinfo/Europe/Berlin")
    put(tmp_path, "etc/systemd/timesyncd.conf.d/60-gatewright.conf", "[Time]\nNTP=ntp.example 192.0.2.1\n")
    put(tmp_path, "sys/class/rtc/rtc0/since_epoch", f"{int(clock.now().timestamp()) - 3}\n")
    os.utime(put(tmp_path, "run/systemd/timesync/synchronized", ""), (1_767_000_000, 1_767_000_000))

    def ask(*words: str) -> Mapping[str, str]:
        return {"NTP": "yes"} if words == ("show",) else {"ServerName": "ntp.example", "Frequency": "-655360"}

    found = status(clock, tmp_path, ask)
    assert (found.zone, found.synchronised, found.follows, found.server) == ("Europe/Berlin", True, True, "ntp.example")
    assert found.servers == ("ntp.example", "192.0.2.1") and found.synced_at == datetime.fromtimestamp(1_767_000_000, UTC)
    assert (found.drift_ppm, found.rtc_behind_s) == (-10.0, -3.0)


def test_a_board_that_says_nothing_has_nothing(tmp_path: Path) -> None:
    found = status(TestClock(follows=False), tmp_path, lambda *words: {})
    assert (found.zone, found.synchronised, found.follows, found.servers, found.server) == ("UTC", False, None, (), "")
    assert (found.synced_at, found.drift_ppm, found.rtc_behind_s) == (None, None, None)
    said = facts(tmp_path)
    assert (said.board, said.system, said.uptime_s, said.memory_mb, said.temperature_c, said.undervoltage) == (
        "",
        "",
        0.0,
        0,
        None,
        None,
    )


def test_a_clock_that_another_program_keeps_right_is_said_to_follow(tmp_path: Path) -> None:
    """The unit's ProtectClock lets nobody ask the kernel, and chrony makes no file of systemd-timesyncd."""
    for said, follows in (("yes", True), ("no", False)):
        shown = {"NTP": "yes", "NTPSynchronized": said}
        found = status(TestClock(follows=False), tmp_path, lambda *words, shown=shown: shown)
        assert found.synchronised is follows


def test_damaged_answers_are_no_answers(tmp_path: Path) -> None:
    put(tmp_path, "sys/class/rtc/rtc0/since_epoch", "soon")
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "warm")
    found = status(TestClock(), tmp_path, lambda *words: {"NTP": "maybe", "Frequency": "fast"})
    assert (found.follows, found.drift_ppm, found.rtc_behind_s) == (None, None, None)
    assert facts(tmp_path).temperature_c is None


def test_a_pi_says_its_temperature_and_that_its_power_supply_was_too_weak(tmp_path: Path) -> None:
    put(tmp_path, "proc/device-tree/model", "Raspberry Pi 4 Model B Rev 1.5\0")
    put(tmp_path, "proc/meminfo", "MemTotal:  3885396 kB\nMemAvailable:  1048576 kB\n")
    put(tmp_path, "proc/uptime", "3661.25 9000.00\n")
    put(tmp_path, "etc/os-release", 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\n')
    put(tmp_path, "sys/class/thermal/thermal_zone0/temp", "52582\n")
    put(tmp_path, "sys/devices/platform/soc/soc:firmware/get_throttled", "50000\n")
    found = facts(tmp_path)
    assert (found.board, found.memory_mb, found.memory_free_mb) == ("Raspberry Pi 4 Model B Rev 1.5", 3794, 1024)
    assert (found.uptime_s, found.temperature_c, found.undervoltage) == (3661.25, 52.582, True)
    assert found.system == "Debian GNU/Linux 12 (bookworm)"


def test_zones_are_those_that_the_system_knows() -> None:
    assert {"UTC", "Europe/Berlin", "America/New_York"} <= set(zones())
