"""Slots: what a power cut finds on the disk: a version is there as a whole before its record names it, and before it is current."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from board.kit import files
from board.kit.errors import PackageError
from board.kit.files import write_beside
from board.kit.kept import Kept
from firmware.packages import records
from firmware.packages.records import CAMERA, GOOD, TRIAL, Record, Records, Slot
from firmware.packages.slots import Slots
from firmware.packages.verify import verify
from tests.recorder import Recorder
from tests.tiny_package import TRUST, contents, write

RECORD = [
    ("sync", "record.json.copy.new"),
    ("sync", "record.json.new"),
    ("rename", "record.json.copy"),
    ("rename", "record.json"),
    ("sync", "TINY/"),
]
"""What it takes to keep the package's record."""


@pytest.fixture
def slots(tmp_path: Path) -> Slots:
    return Slots(tmp_path / "packages", None, lambda: False)


def staged(slots: Slots, folder: Path, version: str = "1.0.0") -> Slot:
    archive = write(folder / f"{version}.tar.gz", contents(version))
    found = verify(archive, TRUST)
    return slots.stage(archive, found, CAMERA, slots.reserve(found, CAMERA))


def test_a_staged_version_is_on_the_disk_to_its_last_file_before_its_record_names_it(
    slots: Slots, tmp_path: Path, recorder: Recorder
) -> None:
    archive = write(tmp_path / "p.tar.gz", contents())
    found = verify(archive, TRUST)
    letter = slots.reserve(found, CAMERA)
    recorder.events.clear()
    slots.stage(archive, found, CAMERA, letter)
    unpacked = recorder.events.index(("rename", "A"))
    assert sorted(recorder.events[:unpacked]) == sorted(
        ("sync", name)
        for name in (
            "A.new/", "lib/", "tiny/", "LICENSE", "__init__.py", "__main__.py", "initscr", "package.conf", "package.sha256",
            "package.sig",
        )
    )  # fmt: skip
    assert {name: recorder.synced[Path(name).name] for name in contents()} == contents()
    conf = [("sync", "A.conf.new"), ("rename", "A.conf"), ("sync", "TINY/")]
    assert recorder.events[unpacked:] == [("rename", "A"), *conf, ("sync", "TINY/"), *RECORD]


def test_the_record_says_that_a_version_is_on_trial_before_it_is_the_current_one(
    slots: Slots, tmp_path: Path, recorder: Recorder
) -> None:
    slot = staged(slots, tmp_path)
    recorder.events.clear()
    assert slots.activate("TINY", slot).state == TRIAL
    assert recorder.events == [*RECORD, ("rename", "current"), ("sync", "TINY/")]
    current = slots.current("TINY")
    assert current is not None and (current.letter, current.state) == ("A", TRIAL)


def test_a_disk_that_refuses_leaves_the_current_version_and_no_trace_of_the_other(
    slots: Slots, tmp_path: Path, recorder: Recorder
) -> None:
    first = slots.mark("TINY", slots.activate("TINY", staged(slots, tmp_path)), GOOD)
    recorder.refuse = lambda kind, name: (kind, name) == ("sync", "__main__.py")
    with pytest.raises(PackageError, match="TINY cannot be stored: No space left on device"):
        staged(slots, tmp_path, "2.0.0")
    recorder.refuse = lambda kind, name: False
    assert (slots.current("TINY"), slots.record("TINY").slots) == (first, (first,))
    assert sorted(path.name for path in (tmp_path / "packages" / "TINY").iterdir()) == [
        "A", "A.conf", "current", "record.json", "record.json.copy",
    ]  # fmt: skip
    second = staged(slots, tmp_path, "2.0.0")
    recorder.refuse = lambda kind, name: (kind, name) == ("rename", "current")
    with pytest.raises(PackageError, match=r"2\.0\.0 cannot be made the current version: No space left on device"):
        slots.activate("TINY", second)
    assert slots.current("TINY") == first


@pytest.mark.parametrize("switched", [False, True])
def test_after_an_installation_that_ended_in_the_middle_the_newest_good_version_is_what_a_roll_back_runs(
    slots: Slots, tmp_path: Path, switched: bool
) -> None:
    for version in ("1.0.0", "2.0.0"):
        slots.mark("TINY", slots.activate("TINY", staged(slots, tmp_path, version)), GOOD)
    third = staged(slots, tmp_path, "3.0.0")
    if switched:
        slots.activate("TINY", third)
    else:
        slots.mark("TINY", third, TRIAL)  # what comes before the link is renamed
    slots.tidy("TINY")
    current, previous = slots.current("TINY"), slots.previous("TINY")
    assert current is not None and previous is not None
    wanted = ("3.0.0", "2.0.0", GOOD) if switched else ("2.0.0", "1.0.0", GOOD)
    assert (current.version, previous.version, previous.state) == wanted
    slots.tidy("TINY")
    assert len(slots.record("TINY").slots) == 2


def test_of_two_versions_before_that_of_one_that_could_not_start_the_good_one_is_gone_back_to_and_kept(
    slots: Slots, tmp_path: Path
) -> None:
    slots.activate("TINY", staged(slots, tmp_path, "2.0.0"))
    slots.mark("TINY", slots.activate("TINY", staged(slots, tmp_path, "1.0.0")), GOOD)
    slots.activate("TINY", staged(slots, tmp_path, "3.0.0"))
    previous = slots.previous("TINY")
    assert previous is not None and previous.version == "1.0.0"
    staged(slots, tmp_path, "4.0.0")
    assert {slot.version for slot in slots.record("TINY").slots} == {"1.0.0", "3.0.0", "4.0.0"}


def test_a_version_that_was_rolled_back_by_hand_stays_where_it_is(slots: Slots, tmp_path: Path) -> None:
    first = slots.mark("TINY", slots.activate("TINY", staged(slots, tmp_path)), GOOD)
    slots.activate("TINY", staged(slots, tmp_path, "2.0.0"))
    slots.activate("TINY", first)
    slots.tidy("TINY")
    previous = slots.previous("TINY")
    assert previous is not None and (previous.version, previous.state) == ("2.0.0", TRIAL)


def test_a_full_disk_keeps_room_for_the_record_of_a_way_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slots = Slots(tmp_path / "packages", None, lambda: False)
    first = slots.mark("TINY", slots.activate("TINY", staged(slots, tmp_path)), GOOD)
    reserve = tmp_path / "packages" / "reserve"
    assert reserve.stat().st_blocks * 512 >= 128 << 10

    def full(path: Path, data: bytes, mode: int) -> Path:
        if reserve.exists():
            raise OSError(errno.ENOSPC, "No space left on device")
        return write_beside(path, data, mode)

    monkeypatch.setattr(files, "write_beside", full)
    assert slots.mark("TINY", first, TRIAL).state == TRIAL
    assert not reserve.exists()
    Slots(tmp_path / "packages", None, lambda: False)
    assert reserve.exists()


def test_a_package_that_is_kept_beside_its_version_is_whole_whenever_the_power_goes(
    slots: Slots, tmp_path: Path, recorder: Recorder
) -> None:
    slot = staged(slots, tmp_path)
    recorder.events.clear()
    slots.keep_archive("TINY", slot, tmp_path / "1.0.0.tar.gz")
    assert recorder.events == [("sync", "A.tar.gz.new"), ("rename", "A.tar.gz"), ("sync", "TINY/")]
    assert recorder.synced["A.tar.gz.new"] == (tmp_path / "1.0.0.tar.gz").read_bytes()


def test_a_package_that_is_removed_while_packages_are_listed_is_not_listed(
    slots: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that asks every two seconds, or anybody at a portal, got an error of the camera."""
    staged(slots, tmp_path)

    def removed_first(name: str, look: Callable[[Any], Any]) -> None:
        def hook(path: Any = ".") -> Any:
            if Path(path).name == "TINY" and Path(path).is_dir():
                Path(path).rename(tmp_path / f"gone by {name}")
            return look(path)

        monkeypatch.setattr(os, name, hook)

    assert slots.names() == ("TINY",)
    removed_first("listdir", os.listdir)
    removed_first("scandir", os.scandir)
    assert slots.names() == ()


def test_nobody_reads_a_record_while_it_is_written(slots: Slots, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its halves looked like a damaged one, and one that was being removed came back from its copy."""
    held, write_record, rmtree = [], Kept.write, records.shutil.rmtree

    def written(kept: Any, value: Any) -> None:
        held.append(slots._records._writing.locked())
        write_record(kept, value)

    def deleted(path: Path, **options: Any) -> None:
        if path.name == "TINY":
            held.append(slots._records._writing.locked())
        rmtree(path, **options)

    monkeypatch.setattr(Kept, "write", written)
    monkeypatch.setattr(records.shutil, "rmtree", deleted)
    slots.drop("TINY", staged(slots, tmp_path))
    assert len(held) >= 4 and all(held)
    assert slots.names() == ()


@pytest.mark.parametrize("worn", ["reserve", "OTHER", "."])
def test_what_a_worn_card_does_not_let_anybody_look_into_costs_no_other_package_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worn: str
) -> None:
    for name in ("TINY", "OTHER"):
        (tmp_path / name).mkdir()
        Records(tmp_path).write(Record(name))
    real_names, real_mkdir = Path.iterdir, Path.mkdir

    def refuse(path: Path) -> None:
        if path == tmp_path / worn:
            raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(Path, "iterdir", lambda path: refuse(path) or real_names(path))
    monkeypatch.setattr(Path, "mkdir", lambda path, **named: refuse(path) or real_mkdir(path, **named))
    found = Records(tmp_path).names()
    assert found == {"reserve": ("OTHER", "TINY"), "OTHER": ("TINY",), ".": ()}[worn]


@pytest.mark.parametrize("worn", ["OTHER", "."])
def test_a_card_that_fails_to_read_a_folder_now_and_then_costs_no_package_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, worn: str
) -> None:
    """Nobody started before the next boot what was not seen at one."""
    for name in ("TINY", "OTHER"):
        (tmp_path / name).mkdir()
        Records(tmp_path).write(Record(name))
    real, failures = Path.iterdir, [tmp_path / worn] * 2

    def iterdir(path: Path) -> Iterator[Path]:
        if path in failures:
            failures.remove(path)
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    assert Records(tmp_path).names() == ("OTHER", "TINY")
