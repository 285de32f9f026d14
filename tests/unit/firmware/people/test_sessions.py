"""Sessions: they end, they are bounded; guessing passwords gets slower."""

from __future__ import annotations

from board.kit.clock import TestClock
from firmware.people.sessions import MAX_ADDRESSES, MAX_SESSIONS, Guesses, Sessions


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


def test_the_longest_unused_session_gives_way() -> None:
    sessions = Sessions(TestClock())
    first, second = sessions.open("a"), sessions.open("b")
    assert sessions.user(first) == "a"
    for _ in range(MAX_SESSIONS - 1):
        sessions.open("c")
    assert (sessions.user(first), sessions.user(second)) == ("a", None)


def test_a_new_password_ends_the_users_other_sessions() -> None:
    sessions = Sessions(TestClock())
    here, there, other = sessions.open("admin"), sessions.open("admin"), sessions.open("guard")
    sessions.close_all("admin", but=here)
    assert [sessions.user(token) for token in (here, there, other)] == ["admin", None, "guard"]


def test_five_wrong_passwords_are_free_then_the_wait_doubles_up_to_300_s() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    waits = []
    for _ in range(16):
        waits.append(round(guesses.wait_s("10.0.0.9")))
        clock.advance(guesses.wait_s("10.0.0.9"))
        guesses.wrong("10.0.0.9", "admin")
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert guesses.wait_s("10.0.0.8") == 0


def test_the_right_password_forgets_the_wrong_ones() -> None:
    guesses = Guesses(TestClock())
    for _ in range(9):
        guesses.wrong("10.0.0.9", "admin")
    guesses.right("10.0.0.9", "admin")
    assert guesses.wait_s("10.0.0.9") == 0


def test_an_account_of_ones_own_does_not_help_to_guess_the_administrators_password() -> None:
    guesses = Guesses(TestClock())
    for _ in range(3):
        for _ in range(4):
            guesses.wrong("10.0.0.9", "admin")
        guesses.wrong("10.0.0.9", "guard")
        guesses.right("10.0.0.9", "guard")
    assert guesses.wait_s("10.0.0.9") == 300


def test_the_table_of_addresses_is_bounded() -> None:
    guesses = Guesses(TestClock())
    for number in range(MAX_ADDRESSES + 50):
        guesses.wrong(str(number), "admin")
    assert len(guesses._wrong) == MAX_ADDRESSES
