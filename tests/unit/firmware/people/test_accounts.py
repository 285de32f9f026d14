"""Accounts: first password, new password, roles, what is stored and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.errors import ConfigError
from firmware.people.accounts import Accounts


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


def test_a_damaged_file_is_an_error_that_names_it_and_no_open_door(tmp_path: Path) -> None:
    Accounts(tmp_path)
    (tmp_path / "accounts.json").write_text("[{")
    with pytest.raises(ConfigError, match=r"accounts\.json is damaged"):
        Accounts(tmp_path)
