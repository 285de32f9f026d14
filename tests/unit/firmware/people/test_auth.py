"""Auth: how long whoever opened a stream may go on watching."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from threading import Event
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from board.kit.people import CheckPassword, CheckToken
from board.kit.state import State
from board.kit.web.routes import Call
from board.kit.web.visitor import BASIC, COOKIE, TOKEN, Visitor
from firmware.pages import password
from firmware.people.accounts import Account
from firmware.people.auth import SESSION, Auth
from firmware.people.tokens import STORE_USE_EVERY_S
from tests.waiting import until

ADMIN = "Basic YWRtaW46Y29ycmVjdCBob3JzZQ=="

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def auth(tmp_path: Path, clock: TestClock) -> Auth:
    made = Auth(State(tmp_path), clock)
    made.accounts.set_password("admin", "correct horse")
    return made


def visitor(auth: Auth, **headers: str) -> Visitor:
    found = auth.visitor(
        Call(environ={"REMOTE_ADDR": "10.0.0.9", **{f"HTTP_{name.upper()}": said for name, said in headers.items()}})
    )
    assert found is not None
    return found


def test_a_running_stream_is_use_of_its_session_which_ends_after_twelve_hours_all_the_same(auth: Auth, clock: TestClock) -> None:
    watching = visitor(auth, cookie=f"{SESSION}={auth.sessions.open('admin')}")
    assert watching.by == COOKIE
    for _ in range(12):
        clock.advance(3600)
        assert auth.still(watching)
    clock.advance(1)
    assert not auth.still(watching)


def test_a_stream_that_was_opened_with_a_password_lasts_as_long_as_that_password(auth: Auth) -> None:
    basic = visitor(auth, authorization=ADMIN)
    assert (basic.by, basic.address) == (BASIC, "10.0.0.9")
    assert auth.still(basic)
    auth.accounts.set_password("admin", "battery staple")
    assert not auth.still(basic)


def test_whoever_logs_in_while_the_account_is_removed_or_gets_another_password_is_not_in(auth: Auth) -> None:
    """The password was right when it was looked at, and all sessions had ended when this one would have begun."""
    call = Call(environ={"REMOTE_ADDR": "10.0.0.9"})
    for name, change in (
        ("anna", lambda: auth.administration.give_password(visitor(auth, authorization=ADMIN), "anna", "battery staple")),
        ("otto", lambda: auth.administration.remove_account(visitor(auth, authorization=ADMIN), "otto")),
    ):
        auth.accounts.add(name, "operator", "mill-street-17")
        found = auth.check(call, name, "mill-street-17")
        assert found is not None
        change()
        assert auth.enter(call, found) == "" and auth.sessions.all() == []
    auth.accounts.add("otto", "operator", "mill-street-17")
    found = auth.check(call, "otto", "mill-street-17")
    assert found is not None
    auth.accounts.set_role("otto", "viewer")
    assert auth.sessions.user(auth.enter(call, found)) == "otto"


def test_whoever_replaces_the_own_password_just_before_somebody_gives_another_one_is_not_in(auth: Auth) -> None:
    auth.accounts.add("anna", "operator", "mill-street-17")
    anna = auth.administration.set_password(replace(visitor(auth, authorization=ADMIN), name="anna"), "battery staple")
    call = Call(environ={"REMOTE_ADDR": "10.0.0.9"})
    assert auth.sessions.user(auth.enter(call, anna)) == "anna"
    auth.administration.give_password(visitor(auth, authorization=ADMIN), "anna", "correct horse")
    assert auth.enter(call, anna) == "" and auth.sessions.all() == []


def test_of_two_who_choose_a_password_at_once_the_second_does_not_lock_out_the_first(
    auth: Auth, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both know the first password, and it was right when it was looked at."""
    auth.accounts.add("anna", "operator", "mill-street-17")
    host: Any = SimpleNamespace(auth=auth)
    anna = replace(visitor(auth, authorization=ADMIN), name="anna")
    call: Call[Any, Any] = Call(anna, environ={"REMOTE_ADDR": "10.0.0.9"})
    check = auth.check

    def found(*asked: Any) -> Account | None:
        account = check(*asked)
        auth.accounts.set_password("anna", "battery staple")
        return account

    monkeypatch.setattr(auth, "check", found)
    with pytest.raises(ConfigError, match="user anna was changed meanwhile: try again"):
        password._set(host, call, "mill-street-17", "correct horse")
    assert check(call, "anna", "battery staple") is not None


def test_a_stream_of_a_token_lasts_as_long_as_the_token_may_do_all_that_it_could(auth: Auth, clock: TestClock) -> None:
    auth.accounts.add("boss", "admin", "mill-street-17")
    boss = auth.accounts.get("boss")
    assert boss is not None
    _, secret = auth.tokens.make("VMS", ["view", "logs"], boss, "2026-01-03")
    watching = visitor(auth, authorization=f"Bearer {secret}")
    assert (watching.by, watching.permissions) == (TOKEN, {"view", "logs"})
    assert auth.still(watching)
    auth.accounts.set_role("boss", "viewer")
    assert not auth.still(watching)
    later = visitor(auth, authorization=f"Bearer {secret}")
    assert later.permissions == {"view"} and auth.still(later)
    clock.advance(86_400)
    assert auth.still(later)  # through its last day
    clock.advance(86_400)
    assert not auth.still(later)


def test_a_card_that_stalls_holds_up_nobody_who_feeds_the_watchdogs(
    auth: Auth, clock: TestClock, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    admin = auth.accounts.get("admin")
    assert admin is not None
    token, _ = auth.tokens.make("VMS", ["view"], replace(admin, must_change=False))
    answers, sync = Event(), os.fsync

    def stall(number: int) -> None:
        assert answers.wait(20), "whoever waits for the card"
        sync(number)

    monkeypatch.setattr(os, "fsync", stall)
    auth.tokens._used[token.id] = "2026-01-02T04:00:00+00:00"
    clock.advance(STORE_USE_EVERY_S)
    for _ in range(3):
        auth.keep()
    auth.tokens._used[token.id] = "2026-01-02T04:00:01+00:00"  # meanwhile
    answers.set()
    until(lambda: not auth._keeping.is_alive(), "what was to be written")
    kept = State(tmp_path).host / "tokens.json"
    assert "2026-01-02T04:00:00" in kept.read_text()
    auth.keep(last=True)
    assert "2026-01-02T04:00:01" in kept.read_text()


def test_a_first_password_gives_no_permission(auth: Auth) -> None:
    auth.accounts.add("guard", "admin", "mill-street-17")
    guard = visitor(auth, authorization="Basic Z3VhcmQ6bWlsbC1zdHJlZXQtMTc=")
    assert guard.must_change and guard.permissions == frozenset()


def test_only_names_that_there_are_stand_in_the_files_of_wrong_passwords(auth: Auth, tmp_path: Path) -> None:
    """A password that was typed in the wrong place stood in them until the next start of the machine."""
    (tmp_path / "run").mkdir()
    device, _ = auth.devices.make("onvif", "Recorder", "admin", view_only=True)
    for user in ("admin", "battery staple"):
        assert auth.check(Call(environ={"REMOTE_ADDR": "10.0.0.9"}), user, "wrong") is None
    for number, user in enumerate((device.user, "tr0ub4dor")):
        auth.who.answer(CheckPassword("onvif", user, "wrong", f"10.0.0.{number}"))
    auth.who.answer(CheckToken("gw_wrong", "10.0.0.3"))
    auth.keep()
    people, devices = (json.loads(path.read_text()) for path in (State(tmp_path).guesses, State(tmp_path).device_guesses))
    assert [*people["accounts"]] == ["admin"]
    assert [*devices["accounts"]] == [f"onvif/{device.user}", "token"]
    assert "staple" not in str(people) and "dor" not in str(devices)
