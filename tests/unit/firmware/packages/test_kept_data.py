"""Kept data: what a version stored that a later one migrates is saved before, and is there again after the way back: real packages
with a real database of their own, which an older version cannot read once it was migrated."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.state import State
from firmware.packages import kept_data as kept_module
from firmware.packages import management as packages_module
from firmware.packages import running as running_module
from firmware.packages.keys import TrustedKeys
from firmware.packages.management import Packages
from firmware.packages.records import CAMERA, Slot
from firmware.packages.slots import Slots
from firmware.packages.versions import Unconfirmed
from firmware.processes import supervisor as supervisor_module
from tests.checked_here import checked_here
from tests.recorder import Recorder
from tests.tiny_package import contents, only, trust_file, write
from tests.waiting import until

KEEPER = """
import os, pathlib, signal, sqlite3, sys, threading
from keeper import FAILS, LAYOUT
state = pathlib.Path(sys.argv[sys.argv.index("--state") + 1])
stop = threading.Event()
signal.signal(signal.SIGTERM, lambda *_: stop.set())
(state / "tiny").mkdir(exist_ok=True)
store = sqlite3.connect(state / "tiny" / "rows.db", isolation_level=None)
found = store.execute("PRAGMA user_version").fetchone()[0]
if found > LAYOUT:
    sys.exit(f"the database has layout {found}")
if found < LAYOUT:
    store.execute("BEGIN")
    store.execute("CREATE TABLE IF NOT EXISTS rows (row TEXT)")
    store.execute("INSERT INTO rows VALUES (?)", (f"migrated to {LAYOUT}",))
    store.execute(f"PRAGMA user_version = {LAYOUT}")
    store.execute("COMMIT")
if FAILS:
    sys.exit("it works with nothing")
while not stop.wait(0.02):
    (state / "run" / "keeper.beat").touch()
"""

SCRIPT = """
import json, os, pathlib, shutil, sqlite3, struct, sys
words = sys.argv[1:]
def part(name, data):
    head = json.dumps({"name": name, "size": len(data)}).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(head)) + head + data)
if words[:1] == ["data"] and KNOWS:
    verb, folder = words[1], pathlib.Path(words[-1])
    state = pathlib.Path(words[words.index("--state") + 1]) if "--state" in words else None
    if verb == "save" and (state / "talks").exists():
        sys.stderr.write("a line of its log\\n" * 20_000)
    if verb == "save":
        if (state / "refuses").exists():
            print("the card is gone", file=sys.stderr, flush=True)
            code = int((state / "refuses").read_text())
            os.kill(os.getpid(), -code) if code < 0 else sys.exit(code)
        part("about.json", b"{}")
        part("rows.db", (state / "tiny" / "rows.db").read_bytes())
        sys.stdout.buffer.write(struct.pack(">I", 0))
    if verb == "check":
        assert sqlite3.connect(folder / "rows.db").execute("PRAGMA integrity_check").fetchone() == ("ok",)
    if verb == "take" and int((state / "kills").read_text()):
        (state / "kills").write_text(str(int((state / "kills").read_text()) - 1))
        os.kill(os.getpid(), 9)
    if verb == "take" and (folder / "rows.db").exists():
        (folder / "rows.db").replace(state / "tiny" / "rows.db")
"""


@pytest.fixture(scope="module", autouse=True)
def checks() -> Iterator[None]:
    with checked_here():
        yield


class Camera:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.state = State(folder / "state")
        self.state.run.mkdir(parents=True)
        (self.state.host / "trust").mkdir(parents=True)
        self.kills(0)
        trust_file(self.state.host / "trust")
        self.booted: list[Packages] = []

    def boot(self) -> Packages:
        slots = Slots(self.state.host / "packages", None, lambda: False)
        packages = Packages(self.state, slots, TrustedKeys(self.state.host / "trust"), lambda: None, "serial-1", Clock())
        self.booted.append(packages)
        packages.boot()
        return packages

    def upload(
        self, packages: Packages, version: int, layout: int, oldest: int = 0, knows: bool = True, fails: bool = False
    ) -> list[str]:
        members = self.members(version, layout, oldest, knows, fails)
        steps = packages.install(write(self.folder / "upload.tar.gz", members), CAMERA, confirmed=True)
        return [str(step) for step in steps]

    def members(self, version: int, layout: int, oldest: int = 0, knows: bool = True, fails: bool = False) -> dict[str, bytes]:
        """Of the package."""

        def conf(text: str) -> str:
            text = text[: text.index("[process.")].replace("format = 1", "format = 4").replace("url = /tiny/\n", "")
            text += f"[data]\nlayout = {layout}\noldest = {oldest}\n[route.portal]\npath = /tiny/\nsocket = manager.sock\n"
            return text + "[process.keeper]\norder = 1\ncommand = keeper\n"

        files = {
            "initscr": SCRIPT.replace("KNOWS", str(knows)).encode(),
            "lib/keeper/__init__.py": f"LAYOUT = {layout}\nFAILS = {fails}\n".encode(),
            "lib/keeper/__main__.py": KEEPER.encode(),
        }
        return contents(f"{version}.0.0", conf=conf, files=files)

    def rows(self) -> tuple[int, list[str]]:
        """(layout of the database, its rows)."""
        with closing(sqlite3.connect(self.state.root / "tiny" / "rows.db")) as store:
            layout = store.execute("PRAGMA user_version").fetchone()[0]
            return layout, [row for (row,) in store.execute("SELECT row FROM rows ORDER BY rowid")]

    def store(self, row: str) -> None:
        with closing(sqlite3.connect(self.state.root / "tiny" / "rows.db", isolation_level=None)) as store:
            store.execute("INSERT INTO rows VALUES (?)", (row,))

    def kills(self, times: int) -> None:
        """So often whatever gives the data back is killed in the middle."""
        (self.state.root / "kills").write_text(str(times))

    def saved(self) -> list[str]:
        return sorted(path.name for path in (self.state.host / "kept-data" / "TINY").glob("saved-*"))


def good(packages: Packages, version: int) -> None:
    until(lambda: (only(packages).version, only(packages).slot_state, only(packages).status) == (f"{version}.0.0", "good", "on"))


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    monkeypatch.setattr(supervisor_module, "TICK_S", 0.1)
    monkeypatch.setattr(packages_module, "LOOK_EVERY_S", 0.1)
    made = Camera(tmp_path)
    yield made
    for packages in made.booted:
        packages.close()


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state folder of a camera that was switched off while version 1 ran and was good; its database holds what it made and one
    row. Each test begins with a copy of it: a version is checked by three processes before it is installed."""
    camera = Camera(tmp_path_factory.mktemp("prepared"))
    packages = camera.boot()
    camera.upload(packages, 1, layout=1)
    packages.start("TINY")
    good(packages, 1)
    camera.store("before")
    packages.close()
    shutil.rmtree(camera.state.run)
    return camera.state.root


@pytest.fixture
def first(camera: Camera, prepared: Path) -> Packages:
    """Version 1 runs and is good, as it was prepared."""
    shutil.copytree(prepared, camera.state.root, symlinks=True, dirs_exist_ok=True)
    packages = camera.boot()
    good(packages, 1)
    return packages


def test_what_a_version_migrates_is_saved_before_and_there_again_after_the_way_back(camera: Camera, first: Packages) -> None:
    steps = camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    assert "its data was saved for the way back: 1 MB" in steps
    camera.store("after")
    assert camera.rows() == (2, ["migrated to 1", "before", "migrated to 2", "after"])
    assert str(only(first).way_back).startswith("1.0.0 cannot read what is stored now. Its data becomes that of 2")

    first.rollback("TINY")
    good(first, 1)
    assert camera.rows() == (1, ["migrated to 1", "before"])
    assert "its data is that of" in str(only(first).message)
    assert camera.saved() == []


def test_a_copy_is_on_the_disk_before_it_is_known_and_known_on_the_disk_before_the_version_changes(
    camera: Camera, first: Packages, recorder: Recorder
) -> None:
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    events = recorder.events
    known, changed = events.index(("rename", "data.json")), events.index(("rename", "current"))
    copied = [name for kind, name in events[:known] if kind == "sync"]
    assert {"about.json", "rows.db", "saved-1/", "TINY/"} <= set(copied)
    assert copied.index("saved-1/") > max(copied.index("about.json"), copied.index("rows.db"))
    assert {"TINY/", "kept-data/", "host/"} <= {name for kind, name in events[known:changed] if kind == "sync"}


def test_a_version_that_fails_its_trial_leaves_the_data_of_before(camera: Camera, first: Packages) -> None:
    camera.upload(first, 2, layout=2, oldest=2, fails=True)
    until(lambda: only(first).version == "1.0.0" and only(first).status == "on", 20)
    assert camera.rows() == (1, ["migrated to 1", "before"])


def test_data_that_the_version_before_reads_too_is_not_copied_and_stays_on_the_way_back(camera: Camera, first: Packages) -> None:
    assert not [step for step in camera.upload(first, 2, layout=1, oldest=1) if "saved" in step]
    good(first, 2)
    camera.store("after")
    assert str(only(first).way_back) == "What it stored stays."
    first.rollback("TINY")
    good(first, 1)
    assert camera.rows() == (1, ["migrated to 1", "before", "after"])


def test_a_disk_that_is_full_while_data_is_saved_refuses_the_version_and_loses_nothing(
    camera: Camera, first: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kept_module, "space", lambda path: (0, kept_module.SPARE_BYTES))
    with pytest.raises(PackageError, match=r"what it stores cannot be saved, .*: 1 MB more are needed; nothing was changed"):
        camera.upload(first, 2, layout=2, oldest=2)
    until(lambda: only(first).status == "on")
    assert (only(first).version, camera.rows(), camera.saved()) == ("1.0.0", (1, ["migrated to 1", "before"]), [])
    monkeypatch.undo()
    camera.upload(first, 2, layout=2, oldest=2)
    until(lambda: only(first).version == "2.0.0" and only(first).status == "on")


def test_a_package_that_says_much_while_it_gives_its_data_waits_for_nobody(camera: Camera, first: Packages) -> None:
    """Nobody read what it said until it had ended, which it did not while that waited in a pipe that was full."""
    (camera.state.root / "talks").touch()
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    (camera.state.root / "refuses").write_text("74")
    with pytest.raises(PackageError, match=r"cannot be saved.*: the card is gone; nothing was changed"):
        camera.upload(first, 3, layout=3, oldest=3)


@pytest.mark.parametrize(("code", "why"), [(74, "the card is gone"), (1, "the card is gone"), (-9, "killed by SIGKILL")])
def test_a_package_that_cannot_give_its_data_says_why_and_runs_on(camera: Camera, first: Packages, code: int, why: str) -> None:
    (camera.state.root / "refuses").write_text(str(code))
    with pytest.raises(PackageError, match=f"cannot be saved, which the way back from the new version would need: {why}"):
        camera.upload(first, 2, layout=2, oldest=2)
    until(lambda: only(first).status == "on" and only(first).version == "1.0.0")


def test_a_power_cut_at_the_way_back_is_made_good_by_the_next_start(camera: Camera, first: Packages) -> None:
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    first.close()
    camera.booted.clear()
    slots = Slots(camera.state.host / "packages", None, lambda: False)
    previous = slots.previous("TINY")
    assert previous is not None
    slots.activate("TINY", previous)  # and here the power goes
    again = camera.boot()
    good(again, 1)
    assert camera.rows() == (1, ["migrated to 1", "before"])


def test_a_disk_that_refuses_the_switch_gives_the_old_version_its_data(
    camera: Camera, first: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    activate = Slots.activate

    def refusing(slots: Slots, name: str, slot: Slot) -> Slot:
        if slot.version == "2.0.0":
            raise PackageError("no room")
        return activate(slots, name, slot)

    monkeypatch.setattr(Slots, "activate", refusing)
    with pytest.raises(PackageError, match="no room"):
        camera.upload(first, 2, layout=2, oldest=2)
    monkeypatch.undo()
    first.close()
    camera.booted.clear()
    again = camera.boot()
    good(again, 1)
    assert camera.rows() == (1, ["migrated to 1", "before"])
    document = json.loads((camera.state.host / "kept-data" / "TINY" / "data.json").read_text())
    assert document == {"now": {"number": 1, "oldest": 0}, "saved": None}


def test_a_version_that_cannot_read_what_is_stored_is_refused_in_words(camera: Camera, first: Packages) -> None:
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    first.remove("TINY")
    assert camera.saved() == []
    with pytest.raises(PackageError, match=r"TINY 1\.0\.0 cannot read what a later version has stored"):
        camera.upload(first, 1, layout=1)
    assert first.listing() == ()
    camera.upload(first, 3, layout=2, oldest=2)
    first.start("TINY")
    good(first, 3)


def test_a_copy_that_was_lost_forbids_the_way_back_but_not_the_package(camera: Camera, first: Packages) -> None:
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    shutil.rmtree(camera.state.host / "kept-data")
    assert str(only(first).way_back) == "1.0.0 cannot read what is stored now, and no copy of before is kept."
    with pytest.raises(PackageError, match="no copy of before is kept"):
        first.rollback("TINY")
    assert only(first).status == "on"


def test_a_package_without_data_to_give_is_upgraded_and_goes_back_as_it_is(camera: Camera) -> None:
    packages = camera.boot()
    camera.upload(packages, 1, layout=1, knows=False)
    packages.start("TINY")
    good(packages, 1)
    assert "version 1.0.0 keeps nothing that could be saved" in camera.upload(packages, 2, layout=2, oldest=2, knows=False)
    good(packages, 2)
    assert str(only(packages).way_back) == "What it stored stays."


def test_the_way_to_the_later_version_that_was_left_saves_its_data_too(camera: Camera, first: Packages) -> None:
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    first.rollback("TINY")
    good(first, 1)
    camera.store("between")
    first.rollback("TINY")
    good(first, 2)
    assert "went back from 1.0.0 to 2.0.0 by hand; its data was saved for the way back: 1 MB" in str(only(first).message)
    until(lambda: camera.rows() == (2, ["migrated to 1", "before", "between", "migrated to 2"]))
    first.rollback("TINY")
    good(first, 1)
    until(lambda: camera.rows() == (1, ["migrated to 1", "before", "between"]))


def test_the_copy_of_the_last_good_version_stays_until_a_later_one_is_good(camera: Camera, first: Packages) -> None:
    first.stop("TINY")
    camera.upload(first, 2, layout=2, oldest=2)
    camera.upload(first, 3, layout=3, oldest=3, fails=True)
    first.start("TINY")
    good(first, 1)
    assert camera.rows() == (1, ["migrated to 1", "before"])


def test_who_uploads_the_older_version_again_is_told_first_what_is_lost(camera: Camera, first: Packages) -> None:
    older = write(camera.folder / "older.tar.gz", camera.members(1, layout=1))
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    with pytest.raises(Unconfirmed, match=r"1.0.0 is older than 2.0.0.*; 1.0.0 cannot read what is stored now. Its data becomes"):
        list(first.install(older, CAMERA))


def test_a_switch_that_the_disk_refuses_leaves_the_version_before_running_with_its_data(
    camera: Camera, first: Packages, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Slots, name: str, slot: Slot) -> Slot:
        raise PackageError("the card is gone")

    monkeypatch.setattr(Slots, "activate", refuse)
    with pytest.raises(PackageError, match="the card is gone"):
        camera.upload(first, 2, layout=2, oldest=2)
    until(lambda: only(first).status == "on")
    assert (only(first).version, camera.rows()) == ("1.0.0", (1, ["migrated to 1", "before"]))
    assert [path.name for path in (camera.state.host / "packages" / "TINY").glob("[ABC]")] == ["A"]


@pytest.mark.parametrize("times", [1, 4])
def test_data_whose_return_is_killed_comes_back_and_the_version_runs(
    camera: Camera, first: Packages, times: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running_module, "AGAIN_S", 0.1)
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    camera.kills(times)
    try:
        first.rollback("TINY")
    except PackageError as why:
        assert str(why) == "TINY: killed by SIGKILL"
    good(first, 1)
    assert camera.rows() == (1, ["migrated to 1", "before"])


def test_a_copy_that_was_cut_off_goes_at_the_next_start_and_the_one_that_is_needed_stays(camera: Camera, first: Packages) -> None:
    camera.upload(first, 2, layout=2, oldest=2)
    good(first, 2)
    first.close()
    camera.booted.clear()
    [needed] = camera.saved()
    (camera.state.host / "kept-data" / "TINY" / "saved-9").mkdir()
    good(camera.boot(), 2)
    assert camera.saved() == [needed]
