"""Machine: what the kernel's files say about disks and clock chips, read from copies of such files."""

from __future__ import annotations

from pathlib import Path

import pytest

from hil_tests import machine
from hil_tests.machine import ClockChip, Mount, clock_chips, kernel_clock, mount_of, wear_of


def put(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_the_innermost_mount_counts_and_read_only_is_seen(tmp_path: Path) -> None:
    mounts = f"/dev/root / ext4 rw,noatime 0 0\n/dev/mmcblk1p1 {tmp_path} vfat ro,errors=remount-ro 0 0\n"
    put(tmp_path / "sys" / "block" / "mmcblk1" / "mmcblk1p1", partition="1")
    (tmp_path / "sys" / "class" / "block").mkdir(parents=True)
    (tmp_path / "sys" / "class" / "block" / "mmcblk1p1").symlink_to(tmp_path / "sys" / "block" / "mmcblk1" / "mmcblk1p1")
    assert mount_of(tmp_path, mounts, tmp_path / "sys") == Mount("/dev/mmcblk1p1", str(tmp_path), "vfat", True, "mmcblk1", 0)


def test_errors_that_ext4_counted_are_read(tmp_path: Path) -> None:
    put(tmp_path / "sys" / "fs" / "ext4" / "sda9", errors_count="3\n")
    assert mount_of(tmp_path, "/dev/sda9 / ext4 rw 0 0\n", tmp_path / "sys").errors == 3


def test_wear_of_an_emmc_is_told(tmp_path: Path) -> None:
    disk = put(tmp_path / "block" / "mmcblk0", stat="1 2 3 4 5 6 2000000 8 9 10 11")
    put(disk / "device", name="DG4016", serial="0x1a", date="03/2024", life_time="0x01 0x02", pre_eol_info="0x01")
    assert wear_of(Mount("/dev/mmcblk0p2", "/", "ext4", False, "mmcblk0", 0), tmp_path) == (
        "DG4016, made 03/2024, serial 0x1a",
        "1.02 GB written since the start",
        "life used up to 10 %, up to 20 %, spare blocks normal",
    )


def test_a_card_that_tells_no_wear_says_so(tmp_path: Path) -> None:
    put(tmp_path / "block" / "mmcblk0" / "device", name="SR128")
    assert wear_of(Mount("/dev/mmcblk0p2", "/", "ext4", False, "mmcblk0", 0), tmp_path) == (
        "SR128, serial not told",
        "wear not told by this disk (only eMMC tells it)",
    )


def test_a_clock_chip_without_time_and_one_that_stands_still_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine, "RTC_PATIENCE_S", 0.0)
    put(tmp_path / "rtc0", name="rtc-ds1307 1-0068")
    put(tmp_path / "rtc1", name="rpi_rtc", since_epoch="86400")
    lost, still = clock_chips(tmp_path)
    assert (lost.name, lost.problem) == (
        "rtc0 (rtc-ds1307 1-0068)", "it does not tell its time (never set, or its battery is empty)"
    )  # fmt: skip
    assert still.problem == "it stands still at 1970-01-02 00:00:00"


def test_drift_is_told_over_a_minute_or_more_and_not_of_a_broken_chip() -> None:
    before = ClockChip("rtc0", 0.100, read_at_s=1000.0)
    assert ClockChip("rtc0", 0.112, read_at_s=1120.0).drift_ppm(before) == pytest.approx(100.0)
    assert ClockChip("rtc0", 0.112, read_at_s=1059.0).drift_ppm(before) is None
    assert ClockChip("rtc0", problem="it stands still", read_at_s=1120.0).drift_ppm(before) is None


def test_the_kernel_says_whether_its_clock_is_synchronised() -> None:
    assert "ynchronis" in kernel_clock()
