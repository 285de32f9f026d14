"""Data: what people have entered goes into a backup and back, with passages and pictures by choice."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from board.kit.clock import Clock
from board.kit.errors import StoreError
from board.kit.parcel import parts
from board.kit.state import State
from board.kit.web.logo import logo_file
from engine.cli import data as module
from engine.cli.data import check, main, take
from engine.store import Store, backup, rescue
from engine.store.jobs import JobOptions
from engine.types import Job, PassageImages
from tests.recorder import recorded
from tests.samples import NOW, entry, passage


@pytest.fixture
def state(tmp_path: Path) -> Iterator[State]:
    state = State(tmp_path / "one")
    store = Store(state.database, Clock())
    store.save_entry(entry("HK55EVB"))
    seen = passage()
    store.add_passage(replace(seen, images=PassageImages("2026/01/02/a-full.jpg", "")), [])
    (state.images / "2026/01/02").mkdir(parents=True)
    (state.images / "2026/01/02/a-full.jpg").write_bytes(b"picture")
    (state.images / "2026/01/02/.half.jpg").write_bytes(b"half")
    logo_file(state).parent.mkdir()
    logo_file(state).write_bytes(b"logo")
    yield state
    store.close()


def saved(state: State, folder: Path, monkeypatch: pytest.MonkeyPatch, *more: str) -> list[str]:
    """What `save` prints, unpacked into `folder`; the names."""
    out = io.BytesIO()
    monkeypatch.setattr(module.sys, "stdout", SimpleNamespace(buffer=out))
    assert main(["save", "--state", str(state.root), *more]) == 0
    monkeypatch.undo()
    out.seek(0)
    names = []
    for part in parts(out.read):
        (folder / part.name).parent.mkdir(parents=True, exist_ok=True)
        (folder / part.name).write_bytes(part.whole(1 << 24))
        names.append(part.name)
    return names


def inside(state: State) -> tuple[int, int]:
    """(plates of the list, passages)."""
    store = Store(state.database, Clock())
    try:
        first, last = store.passages.ends()
        return store.count_entries(4), last - first + 1 if last else 0
    finally:
        store.close()


def test_lists_go_into_a_new_camera_and_its_passages_stay_its_own(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "out", State(tmp_path / "two")
    assert saved(state, folder, monkeypatch) == ["about.json", "lists.db", "logo.png"]
    assert check(folder) == {"lists": 5, "entries": 1, "passages": 0}
    take(other, folder, "anna")
    assert inside(other) == (1, 0)
    assert "lists, actions and settings are those of" in str(rescue.notice(other.database).text)  # type: ignore[union-attr]


def test_passages_and_pictures_come_along_by_choice_and_a_second_call_after_a_cut_does_no_harm(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "out", State(tmp_path / "two")
    assert saved(state, folder, monkeypatch, "--pictures") == ["about.json", "lists.db", "logo.png"]
    (folder / "lists.db").unlink()
    names = saved(state, folder, monkeypatch, "--passages", "--pictures")
    assert names == ["about.json", "database.db", "logo.png", "images/2026/01/02/a-full.jpg"]
    take(other, folder, "anna")
    take(other, folder, "anna")
    assert inside(other) == (1, 1)
    assert (other.images / "2026/01/02/a-full.jpg").read_bytes() == b"picture" and logo_file(other).read_bytes() == b"logo"
    assert not list(state.database.parent.glob("copy-*"))


@pytest.mark.parametrize("more", [(), ("--passages",)])
def test_who_was_inside_at_the_time_of_a_backup_is_counted_and_not_kept_out(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: tuple[str, ...]
) -> None:
    folder, other = tmp_path / "out", State(tmp_path / "two")
    there = Store(state.database, Clock())
    there.occupancy.enter("HK55EVB", 4, NOW)
    there.close()
    saved(state, folder, monkeypatch, *more)
    take(other, folder, "anna")
    here = Store(other.database, Clock())
    assert (here.occupancy.of(4).count, here.occupancy.of(4).drift, here.occupancy.since("HK55EVB")) == (1, 1, None)
    here.close()


def test_a_camera_that_was_restored_from_anothers_backup_is_no_second_one_of_its_name(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cameras that follow lists know them by their database's name: one could never follow the other."""
    folder, other, names = tmp_path / "out", State(tmp_path / "two"), []
    for camera in (state, other):
        store = Store(camera.database, Clock())
        names.append(store.following.source())
        store.close()
        saved(camera, folder, monkeypatch, "--passages")
        take(other, folder, "anna")
    here = Store(other.database, Clock())
    names.append(here.following.source())
    here.close()
    assert names[0] != names[1] == names[2], "what is its own again keeps its name"


def test_what_another_camera_had_of_its_own_is_not_shown_as_the_restored_ones(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its logo, and files of exports whose numbers are those of other ones in the backup, or of none."""
    other = State(tmp_path / "two")
    for camera, kinds in ((state, ("local_list", "local_list")), (other, ("local_list", "local_matches", "local_list"))):
        store = Store(camera.database, Clock())
        for kind in kinds:
            made = store.jobs.save(Job(0, 4, kind, True, "day", True, "{}"), JobOptions, "anna")
            (camera.exchange / str(made.id)).mkdir(parents=True)
        store.close()
    logo_file(other).parent.mkdir()
    logo_file(other).write_bytes(b"its own")
    logo_file(state).unlink()
    saved(state, tmp_path / "out", monkeypatch)
    take(other, tmp_path / "out", "anna")
    assert [path.name for path in other.exchange.iterdir()] == ["1"] and not logo_file(other).exists()
    logo_file(other).write_bytes(b"restored before the cut")
    take(other, tmp_path / "out", "anna")
    assert logo_file(other).exists()


def test_a_logo_that_may_not_be_taken_away_hinders_no_restore(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    logo_file(state).unlink()
    saved(state, tmp_path / "out", monkeypatch)
    logo_file(other := State(tmp_path / "two")).mkdir(parents=True)  # unlink(2) refuses it, as the logo of another user
    take(other, tmp_path / "out", "anna")
    assert inside(other) == (1, 0)


def test_a_damaged_database_is_no_hindrance_to_a_restore(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, other = tmp_path / "out", State(tmp_path / "two")
    saved(state, folder, monkeypatch)
    other.database.parent.mkdir(parents=True)
    other.database.write_bytes(b"no database" * 900)
    take(other, folder, "anna")
    assert inside(other) == (1, 0)


def test_a_damaged_or_newer_copy_is_refused(state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "out"
    saved(state, folder, monkeypatch, "--passages")
    copy = folder / "database.db"
    whole = copy.read_bytes()
    copy.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(StoreError, match=r"database\.db is damaged"):
        check(folder)
    copy.write_bytes(whole[:60] + b"\0\0\0\x63" + whole[64:])  # user_version (SQLite, Database File Format 1.3)
    with pytest.raises(StoreError, match="of a newer release"):
        check(folder)


def test_what_helps_from_afar_holds_numbers_and_choices_and_no_plate(state: State, tmp_path: Path) -> None:
    said = json.dumps(module.support(state), default=str)
    assert json.loads(said)["settings"]["lpr"]["mode"] == "MOTION" and json.loads(said)["passages"] == {"first": 1, "last": 1}
    assert {each["role"]: each["entries"] for each in json.loads(said)["lists"]}["white"] == 1 and "HK55EVB" not in said
    assert module.support(State(tmp_path / "new")) == {} and not (tmp_path / "new").exists()


def test_what_is_restored_is_shared_with_whom_the_folders_are_shared(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "out", State(tmp_path / "two")
    saved(state, folder, monkeypatch, "--passages", "--pictures")
    for shared in (other.database.parent, other.images):
        shared.mkdir(parents=True)
        shared.chmod(0o2770)
    before = os.umask(0o077)
    try:
        assert main(["take", "--state", str(other.root), "--by", "anna", str(folder)]) == 0
    finally:
        os.umask(before)
    modes = {str(path.relative_to(other.root)): oct(path.stat().st_mode & 0o7777) for path in other.root.rglob("*")}
    assert modes["anpr/backup"] == modes["anpr/images/2026/01/02"] == modes["anpr/portal"] == "0o2770"
    assert modes["anpr/backup/whole.db"] == modes["anpr/images/2026/01/02/a-full.jpg"] == modes["anpr/anpr.db-order"] == "0o660"


def test_what_a_backup_that_was_killed_has_left_goes_with_the_next(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = state.database.parent / "copy-killed"
    left.mkdir()
    (left / "database.db").write_bytes(bytes(1 << 20))
    saved(state, tmp_path / "parcel", monkeypatch)
    assert not list(state.database.parent.glob("copy-*"))


def test_a_restore_names_its_copy_before_it_asks_for_it_and_both_outlive_a_power_cut(
    state: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, other = tmp_path / "out", State(tmp_path / "two")
    saved(state, folder, monkeypatch)
    with recorded(monkeypatch) as recorder:
        take(other, folder, "anna")
    name = backup.file_of(other.database, backup.NEWEST).name
    copies, beside = f"{backup.folder_of(other.database).name}/", f"{other.database.parent.name}/"
    kept = [("rename", name), ("sync", copies)]
    asked = [("sync", "anpr.db-order.new"), ("rename", "anpr.db-order"), ("sync", beside)]
    assert recorder.events[:5] == [*kept, *asked]
