"""Places: what processes keep comes along when each becomes a user of its own, and goes back with them; nothing is lost between."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from types import SimpleNamespace

import pytest

from board.kit.files import private_in, write_whole
from board.kit.state import State
from firmware.processes import places
from firmware.processes.card import CardFolder
from firmware.processes.launch import launch_alike
from firmware.processes.places import OWN, Beside, clear_the_way, settle_alike, settle_apart
from firmware.processes.users import Users
from tests.recorder import Recorder


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> State:
    """Of a camera that has run as one user; every group is this user's own."""
    monkeypatch.setattr(places.grp, "getgrnam", lambda name: SimpleNamespace(gr_gid=os.getgid()))
    made = State(tmp_path / "state")
    for folder in (made.root, made.run, made.host, made.images / "2026-11-28", made.logs):
        folder.mkdir(mode=0o700, parents=True)
    made.polarity_file.write_text("{}")
    made.polarity_file.with_name("polarity.json.copy").write_text("{}")
    made.sights_file.write_text("seen")
    made.database.write_text("rows")
    (made.images / "2026-11-28" / "a.jpg").write_text("a car")
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_the_processes_keep_comes_along_and_goes_back(state: State) -> None:
    before = {name: (state.root / name).read_text() for name in ("polarity.json", "polarity.json.copy", "sights.json")}
    settle_apart(state, {"pins": os.getuid()})
    assert (state.polarity_file, state.sights_file) == (state.own / "pins" / "polarity.json", state.own / "engine" / "sights.json")
    assert not [name for name in before if (state.root / name).exists()]
    write_whole(state.polarity_file, b'{"DO1": true}', private_in(state.polarity_file.parent))
    settle_alike(state)
    assert not state.own.exists()
    assert {name: (state.root / name).read_text() for name in before} == {**before, "polarity.json": '{"DO1": true}'}


def test_a_cut_while_they_are_taken_along_loses_nothing(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    class Cut(Exception):
        pass

    def cut(folder: Path) -> None:
        raise Cut

    with monkeypatch.context() as patched, pytest.raises(Cut):
        patched.setattr(places, "sync_folder", cut)
        settle_apart(state, {})
    assert (state.polarity_file.read_text(), state.sights_file.read_text()) == ("{}", "seen")
    settle_apart(state, {})
    assert (state.polarity_file.read_text(), state.sights_file.read_text()) == ("{}", "seen")
    assert {path.name for path in state.own.iterdir()} == set(OWN)


def test_what_moves_is_on_the_disk_in_its_new_place_before_it_is_gone_from_the_old_one(state: State, recorder: Recorder) -> None:
    settle_apart(state, {"pins": os.getuid()})
    moved = recorder.events.index(("rename", "own"))
    folders = [each for each in recorder.events[:moved] if each[1].endswith("/")]
    assert folders[-len(OWN) - 1 :] == [*(("sync", f"{process}/") for process in OWN), ("sync", "own.new/")]
    assert recorder.events[moved + 1] == ("sync", "state/")
    recorder.events.clear()
    os.chown(state.database, os.getuid() + 1, -1)
    settle_alike(state)
    assert recorder.events[-4:] == [("sync", "state/"), ("rename", "own.gone"), ("sync", "anpr.db.new"), ("rename", "anpr.db")]
    assert state.database.read_text() == "rows"


def test_what_a_process_keeps_is_its_own_again_after_an_installation_that_made_it_everybodys(state: State) -> None:
    settle_apart(state, {})
    state.polarity_file.parent.chmod(0o777)
    state.polarity_file.chmod(0o666)
    settle_apart(state, {})
    assert (mode(state.polarity_file.parent), mode(state.polarity_file)) == (0o2770, 0o660)


def test_folders_and_what_lies_in_them_are_their_groups(state: State) -> None:
    settle_apart(state, {})
    day = state.images / "2026-11-28"
    assert [oct(mode(path)) for path in (state.root, state.run, state.host, state.database.parent, state.images)] == [
        "0o750", "0o3770", "0o710", "0o2771", "0o2770",
    ]  # fmt: skip
    assert [oct(mode(path)) for path in (day, day / "a.jpg", state.database)] == ["0o2770", "0o660", "0o660"]


def test_what_comes_while_all_are_one_user_is_shared_out_afterwards(state: State) -> None:
    settle_apart(state, {})
    settle_alike(state)
    (state.images / "2026-11-29").mkdir(mode=0o700)
    (state.images / "2026-11-29" / "b.jpg").write_text("another")
    (state.images / "2026-11-29" / "b.jpg").chmod(0o600)
    settle_apart(state, {})
    assert mode(state.images / "2026-11-29" / "b.jpg") == 0o660


def test_a_link_is_not_followed(state: State, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("key")
    secret.chmod(0o600)
    (state.images / "link.jpg").symlink_to(secret)
    (state.logs / "x.log").symlink_to(secret)
    settle_apart(state, {})
    assert mode(secret) == 0o600


def test_sockets_and_heartbeats_of_another_user_go_and_what_the_host_listens_on_stays(state: State) -> None:
    for name in ("pins.beat", "pins.sock", "people.sock", "guesses.json", "device_guesses.json", "hostd.beat", "lane.json"):
        (state.run / name).touch()
    settle_apart(state, {"pins": os.getuid() + 1, "ftp": os.getuid() + 1})
    left = sorted(path.name for path in state.run.iterdir() if path.is_file())
    assert left == ["device_guesses.json", "guesses.json", "hostd.beat", "people.sock"]


def test_beside_others_that_are_apart_only_what_is_a_packages_own_is_cleared_away(state: State) -> None:
    """The database that these have open must stay the file that it is, and what they listen on stays there."""
    settle_apart(state, {"pins": os.getuid()})
    for name in ("pins.sock", "frames.ring", "second.beat", "lane.json"):
        (state.run / name).touch()
        os.chown(state.run / name, os.getuid() + 1, -1)
    (state.logs / "pins.log").touch()
    os.chown(state.logs / "pins.log", os.getuid() + 1, -1)
    settle_alike(state, ("second",), Beside(frozenset(("pins", "manager")), apart=True))
    settle_apart(state, {"second": os.getuid() + 2}, Beside(frozenset(("pins", "manager")), apart=True))
    assert sorted(path.name for path in state.run.iterdir() if path.is_file()) == ["frames.ring", "lane.json", "pins.sock"]
    assert state.own.is_dir() and oct(mode(state.database.parent)) == "0o2771"
    assert [path.name for path in state.logs.iterdir()] == ["pins.log"]


def test_what_a_package_beside_listens_on_outlives_the_start_of_one_that_is_apart(state: State) -> None:
    for name in ("second.beat", "second_web.sock", "pins.sock"):
        (state.run / name).touch()
    settle_apart(state, {"pins": os.getuid() + 1}, Beside(frozenset(("second", "second_web"))))
    assert sorted(path.name for path in state.run.iterdir() if path.is_file()) == ["second.beat", "second_web.sock"]


def test_a_disk_on_which_nothing_can_be_taken_back_keeps_no_package_from_starting(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle_apart(state, {})

    def full(path: Path, data: bytes, mode: int = 0o644) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(places, "write_whole", full)
    launch, why = Users(state, None).for_package(("pins",), True, state.root, Beside())
    assert launch is launch_alike and str(why) == "the camera's host was started without the right to change users"


def test_a_card_that_appears_gets_a_folder_for_pictures_once_and_no_link_of_it_is_followed(state: State, tmp_path: Path) -> None:
    card, here = tmp_path / "card", [False]
    folder = CardFolder(card, lambda: here[0])
    folder.turn()
    card.mkdir()
    here[0] = True
    folder.turn()
    assert (mode(card / "gatewright") & 0o011, oct(mode(card / "gatewright" / "pictures"))) == (0o011, "0o2770")
    (card / "gatewright" / "pictures").rmdir()
    folder.turn()
    assert not (card / "gatewright" / "pictures").exists(), "it is looked at when it appears"
    for here[0] in (False, True):
        folder.turn()
    assert (card / "gatewright" / "pictures").is_dir()
    (card / "gatewright" / "pictures").rmdir()
    (card / "gatewright" / "pictures").symlink_to(tmp_path / "state" / "host")
    for here[0] in (False, True):
        folder.turn()
    assert oct(mode(tmp_path / "state" / "host")) == "0o700"


def test_a_file_in_the_place_of_a_folder_is_set_aside_and_a_link_to_one_stays(tmp_path: Path) -> None:
    """The host did not start over it."""
    state = State(tmp_path / "state")
    for folder in (state.host, state.database.parent, tmp_path / "memory"):
        folder.mkdir(parents=True)
    wrong = (state.host / "firmware", state.images, state.logs)
    for path in wrong:
        path.write_bytes(b"x")
    state.run.symlink_to(tmp_path / "memory")
    assert set(clear_the_way(state)) == set(wrong)
    assert not any(path.exists() for path in wrong) and state.run.is_dir()
    assert (state.root / "logs.damaged").read_bytes() == b"x"
    assert clear_the_way(state) == ()
