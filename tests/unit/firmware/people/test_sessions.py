"""Sessions: they expire, they are bounded, and those of one user never push out another's."""

from __future__ import annotations

from board.kit.clock import TestClock
from firmware.people.accounts import MAX_ACCOUNTS
from firmware.people.sessions import MAX_OF_USER, Sessions

MAX_SESSIONS = MAX_OF_USER * MAX_ACCOUNTS


def test_a_session_belongs_to_its_user_until_it_is_closed() -> None:
    sessions = Sessions(TestClock())
    token = sessions.open("admin")
    assert (len(token), sessions.user(token), sessions.user(token + "x")) == (43, "admin", None)
    sessions.close(token)
    assert sessions.user(token) is None


def test_a_session_ends_after_an_hour_without_a_request_and_after_twelve_in_any_case() -> None:
    clock = TestClock()
    sessions = Sessions(clock)
    idle = sessions.open("admin")
    clock.advance(3601)
    assert sessions.user(idle) is None
    busy = sessions.open("admin")
    for _ in range(12):
        clock.advance(3600)
        assert sessions.user(busy) == "admin"
    clock.advance(1)
    assert sessions.user(busy) is None


def test_the_users_own_longest_unused_session_gives_way_and_nobody_elses() -> None:
    sessions = Sessions(TestClock())
    admin = sessions.open("admin")
    first, second = sessions.open("viewer"), sessions.open("viewer")
    assert sessions.user(first) == "viewer"
    for _ in range(MAX_OF_USER - 1):
        sessions.open("viewer")
    assert (sessions.user(first), sessions.user(second), sessions.user(admin)) == ("viewer", None, "admin")
    for _ in range(5 * MAX_OF_USER):
        sessions.open("viewer")
    assert (sessions.user(first), sessions.user(admin)) == (None, "admin")


def test_all_accounts_together_have_so_many_sessions() -> None:
    sessions = Sessions(TestClock())
    tokens = [sessions.open(f"user{number % MAX_ACCOUNTS}") for number in range(2 * MAX_SESSIONS)]
    assert [sessions.user(token) is not None for token in tokens] == [False] * MAX_SESSIONS + [True] * MAX_SESSIONS


def test_a_new_password_ends_all_sessions_of_its_user_and_nobody_elses() -> None:
    sessions = Sessions(TestClock())
    here, there, other = sessions.open("admin"), sessions.open("admin"), sessions.open("guard")
    sessions.close_all("admin")
    assert [sessions.user(token) for token in (here, there, other)] == [None, None, "guard"]
