"""Accounts: first password, new password, roles, what is stored and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from board.kit.kept import Kept
from firmware.people.accounts import Accounts
from firmware.people.passwords import COST, EARLIER_COST, Cost, Hasher, cost_of
from tests.recorder import Recorder
from tests.unit.firmware.people.conftest import CountingHasher

pytestmark = pytest.mark.usefixtures("quick_hashes")


def test_a_new_camera_has_an_admin_whose_random_password_must_be_changed(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path / "host")
    password = accounts.initial_file.read_text().strip()
    assert len(password) == 12
    assert accounts.initial_file.stat().st_mode & 0o777 == 0o600
    admin = accounts.check("admin", password)
    assert admin is not None and (admin.role, admin.must_change) == ("admin", True)
    assert Accounts(tmp_path / "other").initial_file.read_text().strip() != password


def test_the_password_itself_is_nowhere_in_the_file(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.set_password("admin", "correct horse")
    stored = (tmp_path / "accounts.json").read_text()
    assert "correct horse" not in stored
    assert (tmp_path / "accounts.json").stat().st_mode & 0o777 == 0o600


def test_a_new_password_replaces_the_first_and_survives_a_restart(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    first = accounts.initial_file.read_text().strip()
    assert accounts.check("admin", first) is not None  # also remembered now
    accounts.set_password("admin", "correct horse")
    assert not accounts.initial_file.exists()
    for each in (accounts, Accounts(tmp_path)):
        assert each.check("admin", first) is None
        found = each.check("admin", "correct horse")
        assert found is not None and not found.must_change


@pytest.mark.parametrize(("password", "said"), [("1234567", "at least 8 characters"), ("x" * 201, "at most 200 characters")])
def test_a_bad_new_password_is_refused(tmp_path: Path, password: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Accounts(tmp_path).set_password("admin", password)


def test_the_present_password_is_no_new_password(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    with pytest.raises(ConfigError, match="must differ from the present one"):
        accounts.set_password("admin", accounts.initial_file.read_text().strip())


def test_wrong_names_and_passwords_are_refused(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    password = accounts.initial_file.read_text().strip()
    for name, word in [
        ("admin", ""),
        ("admin", password + "x"),
        ("Admin", password),
        ("", ""),
        ("admin", "x" * 10_000),
        ("\ud800", "\ud800"),
    ]:
        assert accounts.check(name, word) is None


def test_accounts_are_added_with_a_role_and_removed(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.add("guard", "operator", "gatehouse")
    guard = Accounts(tmp_path).check("guard", "gatehouse")
    assert guard is not None and (guard.role, guard.must_change) == ("operator", True)
    accounts.remove("guard")
    assert accounts.check("guard", "gatehouse") is None
    assert [account.name for account in accounts.all()] == ["admin"]


@pytest.mark.parametrize(
    ("name", "role", "password", "said"),
    [
        ("", "viewer", "gatehouse", "user name"),
        ("a b", "viewer", "gatehouse", "user name"),
        ("guard\n", "viewer", "gatehouse", "user name"),
        ("guard", "root", "gatehouse", "role: must be one of admin, operator, viewer"),
        ("guard", "viewer", "short", "at least 8"),
        ("admin", "viewer", "gatehouse", "user admin exists already"),
    ],
)
def test_a_bad_account_is_refused(tmp_path: Path, name: str, role: str, password: str, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        Accounts(tmp_path).add(name, role, password)


def test_the_last_administrator_stays(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    with pytest.raises(ConfigError, match="admin is the only administrator"):
        accounts.remove("admin")
    with pytest.raises(ConfigError, match="there is no user guard"):
        accounts.remove("guard")


def test_a_forgotten_password_is_replaced_at_the_camera(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.set_password("admin", "forgotten one")
    password = accounts.reset_admin()
    assert accounts.initial_file.read_text().strip() == password
    assert accounts.check("admin", "forgotten one") is None
    admin = accounts.check("admin", password)
    assert admin is not None and admin.must_change


FILES = ("accounts.json", "accounts.json.copy")


@pytest.mark.parametrize("damaged", FILES)
@pytest.mark.parametrize(
    "content", [b"", b"[{", b"[]", b"null", b"\xff\xfe", b"[" * 100_000, b'[{"name": "admin"}]', b"x" * 2_000_000]
)
def test_one_damaged_file_costs_no_account_and_is_mended(tmp_path: Path, damaged: str, content: bytes) -> None:
    accounts = Accounts(tmp_path)
    accounts.set_password("admin", "correct horse")
    accounts.add("guard", "viewer", "gatehouse")
    (tmp_path / damaged).write_bytes(content)
    again = Accounts(tmp_path)
    assert [account.name for account in again.all()] == ["admin", "guard"]
    assert again.check("admin", "correct horse") is not None
    assert (tmp_path / FILES[0]).read_bytes() == (tmp_path / FILES[1]).read_bytes()
    if damaged == FILES[0]:
        assert "accounts.json was damaged" in str(again.damage) and "restored from its copy" in str(again.damage)
        assert (tmp_path / "accounts.json.damaged").read_bytes() == content
        assert Accounts(tmp_path).damage is None


def test_a_removed_account_does_not_come_back_with_a_damaged_file(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.add("guard", "viewer", "gatehouse")
    accounts.remove("guard")
    (tmp_path / "accounts.json").write_bytes(b"")
    assert Accounts(tmp_path).get("guard") is None


def test_with_both_files_damaged_only_a_new_random_password_of_the_camera_opens_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    accounts = Accounts(tmp_path)
    first = accounts.initial_file.read_text().strip()
    accounts.set_password("admin", "correct horse")
    for name in FILES:
        (tmp_path / name).write_bytes(b"")
    again = Accounts(tmp_path)
    fresh = again.initial_file.read_text().strip()
    assert len(fresh) == 12 and fresh != first
    assert again.check("admin", "correct horse") is None and again.check("admin", first) is None
    admin = again.check("admin", fresh)
    assert admin is not None and admin.must_change
    assert "all accounts are lost, and admin has a new first password" in str(again.damage)
    assert any("all accounts are lost" in line.message and line.levelname == "ERROR" for line in caplog.records)


def test_with_both_damaged_and_a_full_disk_the_host_starts_and_nobody_can_log_in(tmp_path: Path, recorder: Recorder) -> None:
    accounts = Accounts(tmp_path)
    first = accounts.initial_file.read_text().strip()
    for name in FILES:
        (tmp_path / name).write_bytes(b"")
    recorder.refuse = lambda what, name: what == "sync"
    again = Accounts(tmp_path)
    assert again.all() == () and again.check("admin", first) is None and again.check("admin", "") is None
    assert "nobody can log in until the camera starts again" in str(again.damage)
    recorder.refuse = lambda what, name: False
    later = Accounts(tmp_path)
    assert later.check("admin", later.initial_file.read_text().strip()) is not None


def test_a_file_that_may_not_be_read_is_replaced_by_its_copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    Accounts(tmp_path).add("guard", "viewer", "gatehouse")
    opened = Path.open

    def refused(self: Path, *how: Any, **more: Any) -> Any:
        if self.name == FILES[0] and not (tmp_path / f"{FILES[0]}.damaged").exists():
            raise PermissionError(13, "Permission denied")
        return opened(self, *how, **more)

    monkeypatch.setattr(Path, "open", refused)
    again = Accounts(tmp_path)
    assert again.get("guard") is not None and "Permission denied" in str(again.damage)


def test_a_state_folder_without_the_copy_gets_one(tmp_path: Path) -> None:
    Accounts(tmp_path)
    (tmp_path / "accounts.json.copy").unlink()
    again = Accounts(tmp_path)
    assert again.damage is None
    assert (tmp_path / "accounts.json.copy").read_bytes() == (tmp_path / "accounts.json").read_bytes()


ORDER = [
    ("sync", "accounts.json.copy.new"),
    ("sync", "accounts.json.new"),
    ("rename", "accounts.json.copy"),
    ("rename", "accounts.json"),
]


def test_a_change_is_in_force_only_after_it_is_on_disk(tmp_path: Path, recorder: Recorder) -> None:
    accounts = Accounts(tmp_path)
    folder = f"{tmp_path.name}/"

    def shown() -> list[str]:
        return [f"{account.name} {account.role} {account.must_change}" for account in accounts.all()]

    steps = (
        lambda: accounts.set_password("admin", "correct horse"),
        lambda: accounts.add("guard", "viewer", "gatehouse"),
        lambda: accounts.set_role("guard", "operator"),
        lambda: accounts.remove("guard"),
    )
    for step in steps:
        recorder.events.clear()
        before, seen = shown(), []

        def watch(what: str, name: str, seen: list[list[str]] = seen) -> bool:
            seen.append(shown())
            return False

        recorder.refuse = watch
        step()
        assert recorder.events == [*ORDER, ("sync", folder)]
        assert seen == [before] * 5
        assert shown() != before


@pytest.mark.parametrize("at", ORDER[:2])
def test_a_change_that_the_disk_refuses_is_not_in_force_and_not_after_a_restart(
    tmp_path: Path, recorder: Recorder, at: tuple[str, str]
) -> None:
    accounts = Accounts(tmp_path)
    first = accounts.initial_file.read_text().strip()
    recorder.refuse = lambda what, name: (what, name) == at
    for change in (
        lambda: accounts.set_password("admin", "correct horse"),
        lambda: accounts.add("guard", "viewer", "gatehouse"),
    ):
        with pytest.raises(ConfigError, match="cannot be stored: No space left on device"):
            change()
    recorder.refuse = lambda what, name: False
    for each in (accounts, Accounts(tmp_path)):
        assert each.get("guard") is None
        assert each.check("admin", "correct horse") is None and each.check("admin", first) is not None
    (tmp_path / "accounts.json").write_bytes(b"")
    assert Accounts(tmp_path).get("guard") is None


def test_an_unknown_name_costs_as_many_hashes_as_a_known_one(tmp_path: Path, hasher: CountingHasher) -> None:
    accounts = Accounts(tmp_path, hasher)
    counts = []
    for name, password in (
        ("admin", "wrong one"),
        ("nobody", "wrong one"),
        ("", "wrong one"),
        ("admin", "x" * 300),
        ("x", "x" * 300),
    ):
        hasher.salts.clear()
        assert accounts.check(name, password) is None
        counts.append(len(hasher.salts))
    assert counts == [1, 1, 1, 0, 0]


def with_an_earlier_hash(folder: Path, password: str) -> str:
    """Accounts as an earlier release left them: admin and guard; the hash of guard."""
    Accounts(folder).add("guard", "viewer", "gatehouse")
    stored = json.loads((folder / "accounts.json").read_text())
    for each in stored:
        each["hash"] = Hasher().hash(password, each["salt"], cost=EARLIER_COST)
    for name in ("accounts.json", "accounts.json.1"):
        (folder / name).unlink(missing_ok=True)
    (folder / "accounts.json").write_text(json.dumps(stored))
    return str(stored[1]["hash"])


def test_a_hash_of_an_earlier_release_counts_and_is_made_anew_at_the_next_log_in(tmp_path: Path, hasher: CountingHasher) -> None:
    earlier = with_an_earlier_hash(tmp_path, "gatehouse")
    accounts = Accounts(tmp_path, hasher)
    assert accounts.damage is None
    assert accounts.check("guard", "gatehousf") is None and accounts.get("guard").hash == earlier  # type: ignore[union-attr]
    found = accounts.check("guard", "gatehouse")
    assert found is not None and found == accounts.get("guard") == Accounts(tmp_path).get("guard")
    assert (cost_of(found.hash), found.salt) == (COST, Accounts(tmp_path).get("guard").salt)  # type: ignore[union-attr]
    assert accounts.remembered("guard", "gatehouse") == found
    assert Accounts(tmp_path).check("guard", "gatehouse") is not None


def test_while_any_hash_is_of_an_earlier_release_every_name_costs_the_same(tmp_path: Path, hasher: CountingHasher) -> None:
    with_an_earlier_hash(tmp_path, "gatehouse")
    accounts = Accounts(tmp_path, hasher)
    accounts.check("guard", "gatehouse")
    counts = []
    for name in ("guard", "admin", "nobody"):
        hasher.salts.clear()
        assert accounts.check(name, "wrong one") is None
        counts.append(len(hasher.salts))
    assert counts == [2, 2, 2]


def test_a_right_password_is_right_though_the_account_is_changed_while_it_is_looked_at(tmp_path: Path) -> None:
    """By another log-in, which makes the hash anew, or by an administrator; but not when the password itself is another then."""
    with_an_earlier_hash(tmp_path, "gatehouse")
    meanwhile: list[Callable[[], object]] = []

    class Slow(Hasher):
        def hash(self, password: str, salt: str, known: bool = True, cost: Cost = COST) -> str:
            while meanwhile:
                meanwhile.pop()()
            return super().hash(password, salt, known, cost)

    accounts = Accounts(tmp_path, Slow())
    for change in (lambda: accounts.check("guard", "gatehouse"), lambda: accounts.set_role("guard", "operator")):
        meanwhile.append(change)
        found = accounts.check("guard", "gatehouse")
        assert found is not None and found == accounts.get("guard")
    assert found.role == "operator"
    for change in (lambda: accounts.give_password("guard", "another house"), lambda: accounts.remove("guard")):
        meanwhile.append(change)
        assert accounts.check("guard", "gatehouse") is None


def test_a_log_in_does_not_fail_because_the_new_hash_cannot_be_stored(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    earlier = with_an_earlier_hash(tmp_path, "gatehouse")
    accounts = Accounts(tmp_path)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Kept, "write", full)
    found = accounts.check("guard", "gatehouse")
    assert found is not None and found.hash == earlier and accounts.get("guard") == found


def test_a_right_password_is_remembered_for_300_s_and_forgotten_with_any_change(tmp_path: Path, hasher: CountingHasher) -> None:
    clock = TestClock()
    accounts = Accounts(tmp_path, hasher, clock)
    accounts.set_password("admin", "correct horse")
    assert accounts.remembered("admin", "correct horse") is None
    assert accounts.check("admin", "correct horse") is not None
    clock.advance(299)
    hasher.salts.clear()
    assert accounts.remembered("admin", "correct horse") is not None
    assert accounts.remembered("admin", "correct horsf") is None and accounts.remembered("nobody", "correct horse") is None
    assert hasher.salts == []
    clock.advance(1)
    assert accounts.remembered("admin", "correct horse") is None
    accounts.check("admin", "correct horse")
    accounts.set_password("admin", "battery staple")
    assert accounts.remembered("admin", "correct horse") is None


def test_a_role_is_changed_but_an_administrator_stays(tmp_path: Path) -> None:
    accounts = Accounts(tmp_path)
    accounts.add("guard", "viewer", "gatehouse")
    accounts.set_role("guard", "operator")
    guard = Accounts(tmp_path).get("guard")
    assert guard is not None and guard.permissions == {"view", "review", "open", "lists", "actions"}
    for name, role, said in (
        ("admin", "viewer", "only administrator"),
        ("x", "viewer", "no user x"),
        ("guard", "root", "role: must be"),
    ):
        with pytest.raises(ConfigError, match=said):
            accounts.set_role(name, role)
