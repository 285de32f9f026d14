"""Passwords: the common ones are refused, and hashes are made one at a time for a bounded number of people."""

from __future__ import annotations

import hashlib
import threading

import pytest

from board.kit.errors import ConfigError
from firmware.people import passwords
from firmware.people.passwords import (
    COST,
    EARLIER_COST,
    FOR_KNOWN,
    MAX_WAITING,
    Busy,
    Cost,
    Hasher,
    check_new,
    cost_of,
    is_common,
)


@pytest.mark.parametrize(
    "password",
    [
        "password", "password1", "Password1", "P@ssw0rd!", "passw0rd", "12345678", "123456789", "1234567890", "87654321",
        "qwertyui", "qwerty123", "Qwertz1234", "11111111", "abcabcabc", "abcd1234", "letmein1", "iloveyou", "welcome123",
        "admin123", "administrator", "Sunshine1!", "football", "!trustno1", "1q2w3e4r", "gatewright", "Gatewright1", "changeme",
        "zxcvbnm1", "asdfghjkl", "test1234", "secret!!", "aaaaaaaab"[:8],
    ],
)  # fmt: skip
def test_a_common_password_is_refused(password: str) -> None:
    assert is_common(password)
    with pytest.raises(ConfigError, match="one of the first that are tried"):
        check_new(password, "guard")


@pytest.mark.parametrize(
    "password",
    [
        "correct horse",
        "gatehouse",
        "barrier at the mill",
        "vK7#rt0q",
        "mill-street-17",
        "\u043c\u043e\u0439 \u0441\u0430\u0434 17",
        "x" * 100 + "y" * 100,
    ],
)
def test_any_other_is_taken(password: str) -> None:
    check_new(password, "guard")


@pytest.mark.parametrize("password", ["northgate", "NorthGate!", "northgate2026", "..northgate"])
def test_the_users_own_name_is_refused(password: str) -> None:
    with pytest.raises(ConfigError, match="must not be the name of the user or the camera"):
        check_new(password, "northgate")
    check_new(password, "guard")


def test_the_name_of_the_device_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords.socket, "gethostname", lambda: "millstreet")
    with pytest.raises(ConfigError, match="must not be the name of the user or the camera"):
        check_new("Millstreet1", "guard")


def test_one_hash_at_a_time_and_strangers_leave_room_for_those_who_were_here_before(monkeypatch: pytest.MonkeyPatch) -> None:
    go, running, most = threading.Event(), [], []

    def slow(secret: bytes, salt: bytes, cost: Cost) -> str:
        running.append(secret)
        most.append(len(running))
        assert go.wait(30)
        running.pop()
        return "aa"

    monkeypatch.setattr(passwords, "_scrypt", slow)
    hasher = Hasher()
    answers: list[str] = []
    told = threading.Condition()

    def ask(known: bool) -> None:
        try:
            said = hasher.hash("x", "00", known)
        except Busy:
            said = f"busy known={known}"
        with told:
            answers.append(said)
            told.notify_all()

    def asking(count: int, known: bool) -> list[threading.Thread]:
        threads = [threading.Thread(target=ask, args=(known,)) for _ in range(count)]
        for thread in threads:
            thread.start()
        return threads

    threads = asking(MAX_WAITING + 10, known=False)
    refused = MAX_WAITING + 10 - (MAX_WAITING - FOR_KNOWN)
    try:
        with told:
            assert told.wait_for(lambda: len(answers) == refused, 30)
        threads += asking(FOR_KNOWN + 3, known=True)
        with told:
            assert told.wait_for(lambda: len(answers) == refused + 3, 30)
    finally:
        go.set()  # a test that fails leaves no thread waiting
        for thread in threads:
            thread.join(30)
    assert answers.count("busy known=False") == refused and answers.count("busy known=True") == 3
    assert answers.count("0d080aaa") == MAX_WAITING and set(most) == {1}
    assert hasher.hash("x", "00", known=False) == "0d080aaa"


def test_hashes_of_earlier_releases_are_the_same() -> None:
    earlier = "72f28348847cbc0ff6e044157f5b411928fd56298aa028c0ecdcb502cc3590af"
    assert Hasher().hash("correct horse", "00" * 16, cost=EARLIER_COST) == earlier
    assert cost_of(earlier) == EARLIER_COST


def test_a_hash_says_what_it_cost_and_none_costs_more_than_ours() -> None:
    made = Hasher().hash("correct horse", "00" * 16)
    assert made[:6] == "0d080a" and cost_of(made) == COST
    assert bytes.fromhex(made[6:]) == hashlib.scrypt(b"correct horse", salt=bytes(16), n=8192, r=8, p=10, dklen=32)
    for odd in ("", "aa", "1f080a" + made[6:], "0d08" + made[6:], "0d080a0a" + made[6:]):
        with pytest.raises(ValueError):
            cost_of(odd)
