"""Disks: cards, sticks and the system's own disk with use and health, as the kernel tells of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from firmware.machine.disks import Volume, forecast, volumes

USE = {"/": (16_000_000_000, 9_000_000_000), "/mnt/sd": (31_000_000_000, 30_000_000_000)}


def put(root: Path, name: str, text: str) -> None:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"{text}\n")


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """mmcblk0: the system's eMMC, mmcblk1: an SD card, sda: a stick, loop0: none of them."""
    for name, number, size in (("mmcblk0", "179:0", 31_000_000), ("mmcblk1", "179:32", 62_000_000), ("sda", "8:0", 15_000_000),
                               ("loop0", "7:0", 2_000), ("sdb", "8:16", 0)):  # fmt: skip
        for key, value in (("dev", number), ("size", str(size)), ("removable", "1" if name.startswith("sd") else "0"), ("ro", "0")):
            put(tmp_path, f"sys/class/block/{name}/{key}", value)
    for disk, part, number in (
        ("mmcblk0", "mmcblk0p1", "179:1"),
        ("mmcblk0", "mmcblk0p2", "179:2"),
        ("mmcblk1", "mmcblk1p1", "179:33"),
    ):
        for folder in (f"sys/class/block/{disk}/{part}", f"sys/class/block/{part}"):
            put(tmp_path, f"{folder}/partition", "1")
            put(tmp_path, f"{folder}/dev", number)
            put(tmp_path, f"{folder}/size", "1000000")
    put(tmp_path, "sys/class/block/mmcblk0/device/type", "MMC")
    put(tmp_path, "sys/class/block/mmcblk0/device/life_time", "0x02 0x03")
    put(tmp_path, "sys/class/block/mmcblk1/device/type", "SD")
    put(tmp_path, "sys/class/block/mmcblk1/device/name", "SC32G")
    put(tmp_path, "sys/fs/ext4/mmcblk1p1/errors_count", "0")
    put(tmp_path, "proc/swaps", "Filename Type Size Used Priority")
    lines = (
        "20 1 179:2 / / ro,relatime - ext4 /dev/root rw",
        "21 20 179:1 / /boot/firmware rw - vfat /dev/mmcblk0p1 rw",
        "22 20 179:33 / /mnt/sd rw,nosuid - ext4 /dev/mmcblk1p1 rw",
        "23 20 179:2 /var/lib /var/lib rw - ext4 /dev/root rw",
    )
    put(tmp_path, "proc/self/mountinfo", "\n".join(lines))
    return tmp_path


def listed(board: Path) -> dict[str, Volume]:
    return {each.device: each for each in volumes("/mnt/sd", board, lambda place: USE.get(place, (100, 50)))}


def test_the_systems_disk_is_never_offered_and_a_card_and_a_stick_are(board: Path) -> None:
    found = listed(board)
    assert {name: (each.kind, each.system, each.formats) for name, each in found.items()} == {
        "mmcblk0p1": ("emmc", True, False), "mmcblk0p2": ("emmc", True, False), "mmcblk1p1": ("sd", False, True),
        "sda": ("usb", False, True),
    }  # fmt: skip
    card = found["mmcblk1p1"]
    assert (card.model, card.size_bytes, card.place, card.filesystem) == ("SC32G", 512_000_000, "/mnt/sd", "ext4")
    assert (card.total_bytes, card.free_bytes, card.errors, card.life_pct) == (*USE["/mnt/sd"], 0, None)
    assert found["mmcblk0p2"].life_pct == 30 and not found["mmcblk0p2"].read_only  # its service sees it as read-only, it is not
    assert (found["sda"].place, found["sda"].total_bytes) == ("", 0)


def test_the_disk_below_a_root_in_memory_is_never_offered(board: Path) -> None:
    """overlayroot mounts it at /media/root-ro, where people's cards are, too."""
    put(
        board,
        "proc/self/mountinfo",
        "20 1 0:25 / / rw - overlay overlayroot rw\n21 20 179:33 / /media/root-ro ro - ext4 /dev/mmcblk1p1 ro",
    )
    card = listed(board)["mmcblk1p1"]
    assert (card.place, card.system, card.formats) == ("/media/root-ro", True, False)


def test_a_worn_card_and_one_that_was_pulled_are_told_of(board: Path) -> None:
    put(board, "sys/class/block/mmcblk1/ro", "1")
    put(board, "sys/fs/ext4/mmcblk1p1/errors_count", "7")
    put(board, "sys/class/block/mmcblk0/device/life_time", "0x0b 0x01")

    def pulled(place: str) -> tuple[int, int]:
        raise OSError(5, "Input/output error")

    found = {each.device: each for each in volumes("/mnt/sd", board, pulled)}
    assert (found["mmcblk1p1"].read_only, found["mmcblk1p1"].errors, found["mmcblk1p1"].total_bytes) == (True, 7, 0)
    assert found["mmcblk0p1"].life_pct == 110


def test_a_file_system_that_became_read_only_is_told_of_and_a_card_elsewhere_is_the_systems(board: Path) -> None:
    put(board, "proc/self/mountinfo", "22 20 179:33 / /srv rw - ext4 /dev/mmcblk1p1 ro,errors=remount-ro\nnonsense\n1 2 3")
    card = listed(board)["mmcblk1p1"]
    assert (card.read_only, card.system, card.formats) == (True, True, False)
    put(board, "proc/swaps", "Filename Type\n/dev/sda partition")
    assert not listed(board)["sda"].formats


def test_damaged_or_missing_files_are_no_trouble(tmp_path: Path) -> None:
    assert volumes("/mnt/sd", tmp_path) == []
    put(tmp_path, "sys/class/block/sda/size", "many")
    assert volumes("/mnt/sd", tmp_path) == []


def test_the_forecast_is_the_manuals(board: Path) -> None:
    assert forecast(13_000_000_000) == [(100, 1_000.0, 419.4), (1_000, 100.0, 41.9), (10_000, 10.0, 4.2)]
