"""Tokens: stored as hashes, limited by what their makers may do, expiring, bounded, and gone with their makers."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from firmware.people.accounts import Account
from firmware.people.tokens import MAX_TOKENS, STORE_USE_EVERY_S, Tokens
from tests.recorder import Recorder

ADMIN = Account("admin", "admin", "00", "00", False)
GUARD = Account("guard", "operator", "00", "00", False)


class People(dict[str, Account]):
    """Accounts by name, as a test changes them."""

    def __init__(self) -> None:
        super().__init__(admin=ADMIN, guard=GUARD)


@pytest.fixture
def people() -> People:
    return People()


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


@pytest.fixture
def tokens(tmp_path: Path, people: People, clock: TestClock) -> Tokens:
    return Tokens(tmp_path, people.get, clock)


def test_a_token_is_told_once_and_stored_as_a_hash(tmp_path: Path, tokens: Tokens, people: People, clock: TestClock) -> None:
    token, secret = tokens.make("VMS", ["view", "open", "view"], ADMIN)
    assert (token.name, token.maker, token.permissions) == ("VMS", "admin", ("open", "view"))
    assert secret.startswith("gw_") and len(secret) == 46
    for name in ("tokens.json", "tokens.json.copy"):
        assert secret not in (tmp_path / name).read_text() and (tmp_path / name).stat().st_mode & 0o777 == 0o600
    for each in (tokens, Tokens(tmp_path, people.get, clock)):
        found = each.find(secret)
        assert found is not None and (found[0].id, found[1]) == (token.id, {"view", "open"})
        assert each.find(secret + "x") is None and each.find("") is None and each.find("\ud800") is None


@pytest.mark.parametrize(
    ("name", "permissions", "expires", "said"),
    [
        ("", ["view"], "", "name: 1 to 40"),
        ("x" * 41, ["view"], "", "name: 1 to 40"),
        ("a\nb", ["view"], "", "name: 1 to 40"),
        (" a", ["view"], "", "name: 1 to 40"),
        ("a", [], "", "permissions: one or more of view, review"),
        ("a", ["fly"], "", "permissions: one or more of view, review"),
        ("a", ["view", "people", "logs"], "", "guard may not give logs, people"),
        ("a", ["view"], "tomorrow", "expires: write it as"),
        ("a", ["view"], "2026-01-02T03:04:05Z", "lies in the past"),
        ("a", ["view"], "0001-01-01T00:00+05:00", "lies in the past"),
        ("VMS", ["view"], "", "there is a token VMS already"),
    ],
)
def test_a_bad_token_is_refused(tokens: Tokens, name: str, permissions: list[str], expires: str, said: str) -> None:
    tokens.make("VMS", ["view"], ADMIN)
    with pytest.raises(ConfigError, match=said):
        tokens.make(name, permissions, GUARD, expires)
    assert len(tokens.all()) == 1


def test_a_token_loses_what_its_maker_loses_and_ends_with_the_last_of_it(tokens: Tokens, people: People) -> None:
    token, secret = tokens.make("gate", ["open", "view"], GUARD)
    people["guard"] = Account("guard", "viewer", "00", "00", False)
    found = tokens.find(secret)
    assert found is not None and found[1] == {"view"}
    assert tokens.lasts(token.id, frozenset({"view"})) and not tokens.lasts(token.id, frozenset({"view", "open"}))
    _, opens = tokens.make("only open", ["open"], GUARD)
    assert tokens.find(opens) is None
    del people["guard"]
    assert tokens.find(secret) is None


def test_a_removed_makers_tokens_do_not_come_back_with_an_account_of_the_same_name(
    tmp_path: Path, tokens: Tokens, people: People, clock: TestClock
) -> None:
    _, secret = tokens.make("gate", ["open"], GUARD)
    _, kept = tokens.make("VMS", ["view"], ADMIN)
    tokens.end_of_makers(["guard"])
    assert tokens.find(secret) is None and tokens.find(kept) is not None
    _, later = tokens.make("gate", ["open"], GUARD)
    del people["guard"]  # while the host was off, or with a damaged file
    again = Tokens(tmp_path, people.get, clock)
    people["guard"] = GUARD
    assert again.find(later) is None and again.find(secret) is None and again.find(kept) is not None
    assert len(Tokens(tmp_path, people.get, clock).all()) == 1


def test_a_token_ends_when_it_expires(tokens: Tokens, clock: TestClock) -> None:
    token, secret = tokens.make("week", ["view"], ADMIN, "2026-01-02T05:04:05+01:00")
    assert token.expires == "2026-01-02T04:04:05+00:00"
    clock.advance(3599)
    assert tokens.find(secret) is not None and tokens.lasts(token.id, frozenset({"view"}))
    clock.advance(1)
    assert tokens.find(secret) is None and not tokens.lasts(token.id, frozenset({"view"}))
    assert tokens.all() == ()


def test_while_nobody_knows_the_time_a_token_with_an_end_neither_holds_nor_has_ended(
    tmp_path: Path, tokens: Tokens, people: People
) -> None:
    ended, secret = tokens.make("week", ["view"], ADMIN, "2026-01-03")
    _, lasting = tokens.make("for ever", ["view"], ADMIN)
    after_a_cut = TestClock(datetime(1970, 1, 1, 0, 1, tzinfo=UTC))
    again = Tokens(tmp_path, people.get, after_a_cut)
    assert again.find(secret) is None and not again.lasts(ended.id, frozenset({"view"})) and again.find(lasting) is not None
    again.make("another", ["view"], ADMIN)
    assert [each.name for each in again.all()] == ["another", "for ever", "week"]


@pytest.mark.parametrize(
    ("expires", "kept"),
    [
        ("2026-01-09", "2026-01-10T00:00:00+00:00"),
        ("20260109", "2026-01-10T00:00:00+00:00"),
        ("2026-01-09T00:00", "2026-01-09T00:00:00+00:00"),
        ("2026-01-09T24:00", "2026-01-10T00:00:00+00:00"),
        ("9999-12-31", "9999-12-31T23:59:59+00:00"),
        ("9999-12-31T23:59:59-05:00", "9999-12-31T23:59:59+00:00"),
    ],
)
def test_a_day_belongs_to_a_token_as_a_whole(tokens: Tokens, expires: str, kept: str) -> None:
    """As it does to an entry of a list and to a licence."""
    assert tokens.make("week", ["view"], ADMIN, expires)[0].expires == kept


def test_a_token_of_today_lasts_until_midnight(tokens: Tokens, clock: TestClock) -> None:
    _, secret = tokens.make("today", ["view"], ADMIN, f"{clock.now():%Y-%m-%d}")
    clock.advance(24 * 3600 - clock.now().hour * 3600 - clock.now().minute * 60 - clock.now().second - 1)
    assert tokens.find(secret) is not None
    clock.advance(1)
    assert tokens.find(secret) is None


def test_a_clock_that_is_years_ahead_as_a_token_is_made_ends_no_other_one_for_good(
    tmp_path: Path, tokens: Tokens, people: People, clock: TestClock
) -> None:
    kept, replaced = (tokens.make(name, ["view"], ADMIN, "2027-01-31")[1] for name in ("VMS", "screen"))
    clock._now += timedelta(days=3_650)
    made = tokens.make("screen", ["view"], ADMIN)[1]
    assert (tokens.find(kept), [each.name for each in tokens.all()]) == (None, ["screen"])
    clock._now -= timedelta(days=3_650)
    for each in (tokens, Tokens(tmp_path, people.get, clock)):
        assert [each.name for each in each.all()] == ["VMS", "screen"]
        assert each.find(kept) is not None and each.find(made) is not None and each.find(replaced) is None
    clock.advance(400 * 86_400)
    for number in range(MAX_TOKENS - 1):  # it gives way where there is no room
        tokens.make(f"token {number}", ["view"], ADMIN)
    clock._now -= timedelta(days=400)
    assert tokens.find(kept) is None and tokens.find(made) is not None


def test_a_revoked_token_is_nobodys(tmp_path: Path, tokens: Tokens, people: People, clock: TestClock) -> None:
    token, secret = tokens.make("VMS", ["view"], ADMIN)
    assert tokens.revoke(token.id).name == "VMS"
    assert tokens.find(secret) is None and Tokens(tmp_path, people.get, clock).find(secret) is None
    with pytest.raises(ConfigError, match="there is no token"):
        tokens.revoke(token.id)


def test_there_are_so_many_tokens_and_no_more(tokens: Tokens) -> None:
    for number in range(MAX_TOKENS):
        tokens.make(f"token {number}", ["view"], ADMIN)
    with pytest.raises(ConfigError, match="there are already 64 tokens"):
        tokens.make("one more", ["view"], ADMIN)
    tokens.revoke(tokens.all()[0].id)
    tokens.make("one more", ["view"], ADMIN)


def test_the_last_use_is_exact_and_seldom_written(
    tmp_path: Path, tokens: Tokens, people: People, clock: TestClock, recorder: Recorder
) -> None:
    _, secret = tokens.make("VMS", ["view"], ADMIN)
    recorder.events.clear()
    for _ in range(50):
        clock.advance(10)
        tokens.find(secret)
        tokens.keep()
    assert recorder.events == []
    assert tokens.all()[0].used == "2026-01-02T03:12:25+00:00"
    clock.advance(STORE_USE_EVERY_S)
    tokens.find(secret)
    assert recorder.events == []
    tokens.keep()
    assert ("rename", "tokens.json") in recorder.events
    assert Tokens(tmp_path, people.get, clock).all()[0].used == "2026-01-02T04:12:25+00:00"
    clock.advance(1)
    tokens.find(secret)
    tokens.keep(at_once=True)
    assert Tokens(tmp_path, people.get, clock).all()[0].used == "2026-01-02T04:12:26+00:00"


def test_a_token_is_in_force_only_after_it_is_on_disk(tokens: Tokens, recorder: Recorder) -> None:
    seen: list[int] = []

    def watch(what: str, name: str) -> bool:
        seen.append(len(tokens.all()))
        return False

    recorder.refuse = watch
    tokens.make("VMS", ["view"], ADMIN)
    assert seen == [0, 0, 0, 0, 0] and len(tokens.all()) == 1
    recorder.refuse = lambda what, name: what == "sync"
    with pytest.raises(ConfigError, match="cannot be stored: No space left"):
        tokens.make("two", ["view"], ADMIN)
    assert len(tokens.all()) == 1


@pytest.mark.parametrize("content", [b"", b"[{}]", b"{", b'[{"id": 1}]', b"7"])
def test_a_damaged_file_costs_nothing_and_two_say_what_to_do(
    tmp_path: Path, tokens: Tokens, people: People, clock: TestClock, content: bytes
) -> None:
    _, secret = tokens.make("VMS", ["view"], ADMIN)
    (tmp_path / "tokens.json").write_bytes(content)
    again = Tokens(tmp_path, people.get, clock)
    assert again.find(secret) is not None and "restored from its copy" in str(again.damage)
    for name in ("tokens.json", "tokens.json.copy"):
        (tmp_path / name).write_bytes(content)
    lost = Tokens(tmp_path, people.get, clock)
    assert lost.find(secret) is None and "make the tokens of programs again" in str(lost.damage)
    lost.make("VMS", ["view"], ADMIN)


def test_an_account_that_was_removed_meanwhile_gets_no_token(tokens: Tokens, people: People) -> None:
    del people["guard"]
    with pytest.raises(ConfigError, match="there is no user guard"):
        tokens.make("gate", ["view"], GUARD)
    assert tokens.all() == ()


def test_a_time_without_its_zone_is_utc_wherever_the_camera_stands(tokens: Tokens, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        token, _ = tokens.make("gate", ["view"], ADMIN, "2027-01-31T18:00:00")
    finally:
        monkeypatch.undo()
        time.tzset()
    assert token.expires == "2027-01-31T18:00:00+00:00"


def test_a_removed_makers_tokens_end_though_the_disk_refuses(tokens: Tokens, recorder: Recorder) -> None:
    _, secret = tokens.make("gate", ["view"], GUARD)
    recorder.refuse = lambda kind, name: kind == "sync"
    tokens.end_of_makers(["guard"])
    assert (tokens.find(secret), tokens.all()) == (None, ())
