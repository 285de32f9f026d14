"""Order: a restore or a reset that was confirmed is carried out at the next start, wholly, however often it is cut off."""

from __future__ import annotations

import errno
import json
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from board.kit import files
from board.kit.errors import PackageError
from board.kit.state import State
from firmware.keeping import order as module
from firmware.keeping.contents import KEYS, LICENCES, PACKAGES, PEOPLE, SETTINGS, WIRING, own_files
from firmware.keeping.order import RESET, RESTORE, Order, carry_out, give, notice, staged
from tests.recorder import Event, Recorder
from tests.waiting import until

HOST = (
    "accounts.json", "accounts.json.copy", "tokens.json", "tokens.json.copy", "device-passwords.key", "ftp.json", "ftp.json.copy",
    "serial", "camera_id.json", "versions.json", "changes.log", "initial-password", "lock", "tls/camera.key", "trust/a.pub",
    "licences/ANPR.json", "packages/ANPR/record.json", "uploads/left", "of_a_later_release.json",
    "token-leads.json", "token-leads.json.copy",
)  # fmt: skip
ROOT = (
    "board.json", "lines.json", "polarity.json", "line_rules.json", "sights.json", "anpr/anpr.db", "anpr/images/2026/a.jpg",
    "ftp/lists/a.xml", "logs/hostd.log", "run/guesses.json", "run/last_trigger.json", "sim/edges.jsonl",
)  # fmt: skip


@pytest.fixture
def state(tmp_path: Path) -> State:
    for name in (*(f"host/{each}" for each in HOST), *ROOT):
        path = tmp_path / "state" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"old {name}")
    return State(tmp_path / "state")


def stage(state: State, **files: str) -> None:
    for name, text in files.items():
        path = staged(state) / name.replace("__", "/").replace("_json", ".json")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def tree(state: State) -> dict[str, str]:
    """What is there, but for what is being deleted and what tells of it."""
    until(lambda: not list((state.host / "keeping").glob("gone-*")))
    found = (path for path in state.root.rglob("*") if path.is_file())
    return {str(path.relative_to(state.root)): path.read_text() for path in sorted(found) if path.name != "notice.json"}


def untaken(name: str, folder: Path, by: str) -> None:
    raise AssertionError(f"{name} is asked to take {folder}")


class Cut(BaseException):
    """The power goes."""


def cuts(monkeypatch: pytest.MonkeyPatch, state: State, run: Callable[[], None]) -> Iterator[int]:
    """Carries it out again and again, cut off at each step that changes something, until it comes to its end."""
    steps = {"left": 0}
    originals = {"replace": Path.replace, "unlink": Path.unlink}

    def counted(name: str) -> Callable[..., object]:
        def act(path: Path, *words: object, **more: object) -> object:
            if state.root in path.parents and threading.current_thread() is threading.main_thread():
                if not steps["left"]:
                    raise Cut
                steps["left"] -= 1
            return originals[name](path, *words, **more)

        return act

    for number in range(1_000):
        steps["left"] = number
        for name in originals:
            monkeypatch.setattr(Path, name, counted(name))
        try:
            run()
            return
        except Cut:
            monkeypatch.undo()
            yield number
        finally:
            monkeypatch.undo()


def test_what_was_not_confirmed_is_gone_at_the_next_start_and_nothing_has_changed(state: State) -> None:
    before = tree(state)
    stage(state, host__ftp_json="new")
    carry_out(state, untaken)
    assert tree(state) == before and notice(state) is None


def test_a_restore_puts_back_the_chosen_parts_and_people_as_a_whole(state: State) -> None:
    before = tree(state)
    stage(state, host__accounts_json="new", host__ftp_json="new", polarity_json="new", host__licences__ANPR_json="new")
    give(state, Order(RESTORE, (PEOPLE, SETTINGS), "anna"))
    carry_out(state, untaken)
    gone = {"host/tokens.json", "host/tokens.json.copy", "host/device-passwords.key", "host/initial-password"}
    gone |= {"host/of_a_later_release.json"}  # the backup's camera had none
    wanted = {name: text for name, text in before.items() if name not in gone}
    assert tree(state) == {**wanted, "host/accounts.json": "new", "host/ftp.json": "new"}
    assert (state.host / "accounts.json").stat().st_mode & 0o777 == 0o600
    told = notice(state)
    assert told is not None and (str(told.text), told.good) == ("the backup was restored", True)


def test_an_order_that_the_card_does_not_read_waits_for_the_next_start_with_what_is_to_be_restored(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That was thrown away, and the next start restored nothing: accounts and settings were gone."""
    stage(state, host__accounts_json="new", host__ftp_json="new")
    give(state, Order(RESTORE, (PEOPLE, SETTINGS), "anna"))
    before, real = tree(state), Path.read_bytes

    def read(path: Path) -> bytes:
        if path.name == "order.json":
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    with monkeypatch.context() as worn:
        worn.setattr(Path, "read_bytes", read)
        worn.setattr(files, "READ_AGAIN_S", ())
        carry_out(state, untaken)
    assert tree(state) == before
    carry_out(state, untaken)
    assert (tree(state)["host/accounts.json"], tree(state)["host/ftp.json"]) == ("new", "new")


def test_an_order_that_no_start_could_carry_out_goes_with_what_it_was_for(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next start carried it out with the backup that somebody had opened meanwhile to look at it."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    stage(state, host__accounts_json="wanted")
    give(state, Order(RESTORE, (PEOPLE,), "anna"))
    with monkeypatch.context() as short:
        short.setattr(files, "write_beside", full)
        carry_out(state, untaken)
    module.discard(state)
    stage(state, host__accounts_json="only looked at")
    before = tree(state)["host/accounts.json"]
    carry_out(state, untaken)
    assert tree(state)["host/accounts.json"] == before != "only looked at"
    give(state, Order(RESET, (), "anna"))
    module.discard(state)  # whoever opens a backup in that moment
    carry_out(state, untaken)
    told = notice(state)
    assert told is not None and str(told.text) == "the camera was reset"


def test_settings_that_the_backup_does_not_hold_are_those_of_the_first_day_again(
    state: State, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("https.json", "https.json.copy", "tls/https.pem", "tls/https.pem.copy", "tls/request.key", "tls/camera.crt"):
        (state.host / name).write_text(f"old {name}")
    stage(state, host__https_json="new")
    give(state, Order(RESTORE, (SETTINGS,), "anna"))
    gone = {"ftp.json", "ftp.json.copy", "of_a_later_release.json", "tls/https.pem", "tls/https.pem.copy", "tls/request.key"}
    wanted = {name: text for name, text in tree(state).items() if name.removeprefix("host/") not in gone and "keeping" not in name}
    shutil.copytree(state.root, state.root.with_name("kept"))
    for _ in cuts(monkeypatch, state, lambda: carry_out(state, untaken)):
        carry_out(state, untaken)
        assert tree(state) == {**wanted, "host/https.json": "new"}
        shutil.rmtree(state.root)
        shutil.copytree(state.root.with_name("kept"), state.root)
    assert tree(state) == {**wanted, "host/https.json": "new"}


def test_how_far_clocks_were_ahead_outlives_a_restore(state: State) -> None:
    """A token that was overheard before it must not count again, whatever the backup knew."""
    stage(state, **{"host/token-leads.json": "of another day", "host/accounts.json": "new"})
    give(state, Order(RESTORE, (PEOPLE, SETTINGS), "anna"))
    carry_out(state, untaken)
    for name in ("host/token-leads.json", "host/token-leads.json.copy"):
        assert tree(state)[name] == f"old {name}"
    assert "host/token-leads.json" not in dict(own_files(state)) and "host/accounts.json" in dict(own_files(state))


def test_keys_and_licences_of_a_backup_come_beside_those_of_the_camera(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    """A restore must not keep a package from starting: its vendor's key may have the name of another's, and the licence that is
    here may be a later one."""
    stage(state, host__licences__ANPR_json="new", host__licences__SECOND_json="new")
    stage(state, **{"host/trust/a.pub": "another's", "host/trust/a2.pub": "a third's", "host/trust/b.pub": "new"})
    give(state, Order(RESTORE, (KEYS, LICENCES), "anna"))
    before = {name: text for name, text in tree(state).items() if "keeping" not in name}
    shutil.copytree(state.root, state.root.with_name("kept"))
    keys = {"a2.pub": "another's", "a22.pub": "a third's", "b.pub": "new"}
    licences = {"ANPR.json.copy": "new", "SECOND.json": "new"}
    wanted = {f"host/trust/{name}": text for name, text in keys.items()}
    wanted |= {f"host/licences/{name}": text for name, text in licences.items()}
    for _ in cuts(monkeypatch, state, lambda: carry_out(state, untaken)):
        carry_out(state, untaken)
        found = tree(state)
        assert found.pop("host/licences/SECOND.json.copy", "new") == "new"  # where that of the first try is there already
        assert found == {**before, **wanted}
        shutil.rmtree(state.root)
        shutil.copytree(state.root.with_name("kept"), state.root)
    assert tree(state) == {**before, **wanted}


def test_a_restore_that_is_cut_at_any_step_is_done_by_the_next_start(state: State, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[str] = []
    stage(state, host__accounts_json="new", polarity_json="new", host__licences__ANPR_json="new", packages__ANPR__lists="new")
    give(state, Order(RESTORE, (PEOPLE, WIRING, LICENCES, PACKAGES), "anna"))
    shutil.copytree(state.root, state.root.with_name("kept"))

    def take(name: str, folder: Path, by: str) -> None:
        taken.append((folder / "lists").read_text())

    carry_out(state, take)
    whole = tree(state)
    shutil.rmtree(state.root)
    shutil.copytree(state.root.with_name("kept"), state.root)
    for _ in cuts(monkeypatch, state, lambda: carry_out(state, take)):
        carry_out(state, take)
        assert tree(state) == whole
        shutil.rmtree(state.root)
        shutil.copytree(state.root.with_name("kept"), state.root)
    assert set(taken) == {"new"} and len(taken) > 3
    assert whole["host/accounts.json"] == whole["polarity.json"] == whole["host/licences/ANPR.json.copy"] == "new"
    assert "host/tokens.json" not in whole and whole["host/ftp.json"] == "old host/ftp.json"


def test_a_package_that_does_not_take_its_part_is_told_of_and_the_rest_is_restored(state: State) -> None:
    def take(name: str, folder: Path, by: str) -> None:
        raise PackageError("{name} is not installed", name=name)

    stage(state, host__ftp_json="new", packages__ANPR__lists="new")
    give(state, Order(RESTORE, (SETTINGS, PACKAGES), "anna"))
    carry_out(state, take)
    told = notice(state)
    assert told is not None and not told.good
    assert str(told.text) == "the backup was restored, but for this: ANPR is not installed"
    assert tree(state)["host/ftp.json"] == "new" and not staged(state).exists()


@pytest.mark.parametrize("people", [(), (PEOPLE,)], ids=["dropped", "kept"])
def test_a_reset_leaves_packages_wiring_and_people_by_choice_also_when_it_is_cut(
    state: State, monkeypatch: pytest.MonkeyPatch, people: tuple[str, ...]
) -> None:
    give(state, Order(RESET, people, "anna"))
    lasting = {
        "board.json", "lines.json", "polarity.json", "line_rules.json", "sim/edges.jsonl", "host/serial", "host/camera_id.json",
        "host/versions.json", "host/lock", "host/trust/a.pub", "host/licences/ANPR.json", "host/packages/ANPR/record.json",
    }  # fmt: skip
    theirs = {
        "host/accounts.json", "host/accounts.json.copy", "host/tokens.json", "host/tokens.json.copy", "host/device-passwords.key",
        "host/initial-password", "host/token-leads.json", "host/token-leads.json.copy",
    }  # fmt: skip
    shutil.copytree(state.root, state.root.with_name("kept"))
    for _ in cuts(monkeypatch, state, lambda: carry_out(state, untaken)):
        carry_out(state, untaken)
        assert set(tree(state)) == (lasting | theirs if people else lasting)
        shutil.rmtree(state.root)
        shutil.copytree(state.root.with_name("kept"), state.root)
    assert set(tree(state)) == (lasting | theirs if people else lasting)


@pytest.mark.parametrize("files_taken", range(5))
def test_a_storage_that_becomes_full_leaves_the_camera_as_it_was_and_the_order_for_the_next_start(
    state: State, monkeypatch: pytest.MonkeyPatch, files_taken: int
) -> None:
    """Full after the first files, it left accounts of the backup beside settings of before until the next start."""
    taken: list[Path] = []
    real = files.write_beside

    def fills_up(path: Path, data: bytes, mode: int = 0o644) -> Path:
        if len(taken) == files_taken:
            raise OSError(errno.ENOSPC, "No space left on device")
        taken.append(path)
        return real(path, data, mode)

    stage(
        state, host__accounts_json="new", host__ftp_json="new", polarity_json="new", host__licences__ANPR_json="new",
        **{"host/trust/a.pub": "new"},
    )  # fmt: skip
    give(state, Order(RESTORE, (PEOPLE, SETTINGS, WIRING, KEYS, LICENCES), "anna"))
    before = tree(state)
    with monkeypatch.context() as storage:
        storage.setattr(files, "write_beside", fills_up)
        carry_out(state, untaken)
    assert notice(state) is None and tree(state) == before
    carry_out(state, untaken)
    after = tree(state)
    assert after["host/accounts.json"] == after["host/ftp.json"] == after["polarity.json"] == "new"
    assert "host/tokens.json" not in after


@pytest.mark.parametrize("text", ["", "{}", "[1]", json.dumps({"what": "wipe", "parts": [], "by": "x"})])
def test_an_order_that_is_none_does_nothing(state: State, text: str) -> None:
    before = tree(state)
    (state.host / "keeping").mkdir(exist_ok=True)
    (state.host / "keeping" / "order.json").write_text(text)
    carry_out(state, untaken)
    after = tree(state)
    after.pop("host/keeping/order.json", None)
    assert after == before
    assert module.notice(state) is None


def test_an_order_what_it_has_done_and_its_end_are_on_the_disk_in_this_order(
    state: State, recorder: Recorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module.os, "sync", lambda: recorder.happened("sync", "everything"))

    def ordered(order: Order) -> list[Event]:
        give(state, order)
        assert recorder.events == [
            ("sync", "everything"), ("sync", "order.json.new"), ("rename", "order.json"), ("sync", "keeping/"),
        ]  # fmt: skip
        recorder.events.clear()
        carry_out(state, untaken)
        until(lambda: not list((state.host / "keeping").glob("gone-*")))
        done = [each for each in recorder.events if not each[1].startswith("gone-")]
        recorder.events.clear()
        return done

    told = [("sync", "notice.json.new"), ("rename", "notice.json"), ("sync", "keeping/")]
    stage(state, host__ftp_json="new")
    forgotten = [("sync", "host/"), ("sync", "host/")]  # settings, and people
    restored = [("sync", "ftp.json.new"), ("rename", "ftp.json"), ("sync", "host/")]
    assert ordered(Order(RESTORE, (SETTINGS, PEOPLE), "anna")) == [*restored, *forgotten, *told]
    assert ordered(Order(RESET, (), "anna")) == [("sync", "host/"), ("sync", "state/"), *told]
