"""Log-in: guesses are counted before the hash, and the same question asked many times at once is one."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from firmware.people import log_in as module
from firmware.people.accounts import Account, Accounts
from firmware.people.guesses import Guesses
from firmware.people.log_in import LogIn, MustWait
from firmware.people.passwords import Busy, Cost
from tests.unit.firmware.people.conftest import CountingHasher

pytestmark = pytest.mark.usefixtures("quick_hashes")


@pytest.fixture
def accounts(tmp_path: Path, hasher: CountingHasher) -> Accounts:
    made = Accounts(tmp_path, hasher)
    made.set_password("admin", "correct horse")
    hasher.salts.clear()
    return made


def at_once(count: int, ask: Callable[[int], Account | None]) -> list[str]:
    start = threading.Barrier(count)

    def one(number: int) -> str:
        start.wait()
        try:
            found = ask(number)
        except MustWait as why:
            return "busy" if why.busy else "wait"
        return found.name if found else "wrong"

    with ThreadPoolExecutor(count) as threads:
        return sorted(threads.map(one, range(count)))


def test_of_a_hundred_guesses_at_once_from_one_address_five_are_hashed(accounts: Accounts, hasher: CountingHasher) -> None:
    log_in = LogIn(accounts, Guesses(TestClock()))
    said = at_once(100, lambda number: log_in.check("10.0.0.9", "admin", f"guess {number}"))
    assert said == ["wait"] * 95 + ["wrong"] * 5
    assert len(hasher.salts) == 5


def test_the_same_right_password_many_times_at_once_is_one_hash_and_nobody_waits(
    accounts: Accounts, hasher: CountingHasher
) -> None:
    log_in = LogIn(accounts, Guesses(TestClock()))
    assert at_once(40, lambda number: log_in.check("10.0.0.9", "admin", "correct horse")) == ["admin"] * 40
    assert len(hasher.salts) == 1


@pytest.mark.parametrize(("guess", "hashes"), [("guess", 1), ("guess {}", 5)])
def test_wrong_passwords_one_after_the_other_count_each_time(
    guess: str, hashes: int, accounts: Accounts, hasher: CountingHasher
) -> None:
    log_in = LogIn(accounts, Guesses(TestClock()))
    for number in range(5):
        assert log_in.check("10.0.0.9", "admin", guess.format(number)) is None
    with pytest.raises(MustWait, match="too many wrong passwords: try again in 1 s") as told:
        log_in.check("10.0.0.9", "admin", "correct horse")
    assert (told.value.seconds, told.value.busy) == (1, False)
    assert len(hasher.salts) == hashes


def test_a_program_that_keeps_sending_an_old_password_has_others_at_its_address_wait_once(
    accounts: Accounts, hasher: CountingHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It counted each time, and the administrator on the same computer waited five minutes for each of his own tries."""
    clock = TestClock()
    log_in = LogIn(accounts, Guesses(clock))
    waited = 0
    for _ in range(100):
        try:
            assert log_in.check("10.0.0.9", "admin", "the old one") is None
        except MustWait as told:
            waited += told.seconds
            clock.advance(told.seconds)
    assert waited == 1 and len(hasher.salts) == 1, "nor is it hashed again"
    assert log_in.check("10.0.0.9", "admin", "another one") is None
    with pytest.raises(MustWait, match="try again in 2 s"):
        log_in.check("10.0.0.9", "admin", "the old one")
    clock.advance(2)
    assert log_in.check("10.0.0.9", "admin", "correct horse") is not None
    accounts.set_password("admin", "the old one")
    assert log_in.check("10.0.0.9", "admin", "the old one") is not None, "it is right now"
    monkeypatch.setattr(module, "MAX_WRONG", 3)
    for number in range(4):
        log_in.check(f"10.0.0.{number}", "admin", "guess")
    assert len(log_in._wrong) == 3


def test_a_remembered_password_does_not_open_the_door_to_an_address_that_has_to_wait(
    accounts: Accounts, hasher: CountingHasher
) -> None:
    log_in = LogIn(accounts, Guesses(TestClock()))
    assert log_in.check("10.0.0.1", "admin", "correct horse") is not None
    for number in range(5):
        log_in.check("10.0.0.9", "admin", f"guess {number}")
    with pytest.raises(MustWait):
        log_in.check("10.0.0.9", "admin", "correct horse")
    hasher.salts.clear()
    assert log_in.check("10.0.0.1", "admin", "correct horse") is not None
    assert hasher.salts == []


def test_who_finds_too_many_waiting_is_told_so_and_it_does_not_count(
    accounts: Accounts, hasher: CountingHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    log_in = LogIn(accounts, Guesses(TestClock()))
    places: list[bool] = []

    def full(password: str, salt: str, known: bool, cost: Cost) -> str:
        places.append(known)
        raise Busy("too many")

    with monkeypatch.context() as busy:
        busy.setattr(hasher, "hash", full)
        for _ in range(10):
            with pytest.raises(MustWait) as told:
                log_in.check("10.0.0.9", "admin", "correct horse")
            assert told.value.busy
    assert log_in.check("10.0.0.9", "admin", "correct horse") is not None
    accounts.set_password("admin", "battery staple")
    with monkeypatch.context() as busy:
        busy.setattr(hasher, "hash", full)
        with pytest.raises(MustWait):
            log_in.check("10.0.0.9", "admin", "battery staple")
    assert places == [False] * 10 + [True]


def test_an_unknown_name_is_counted_and_hashed_like_a_known_one(accounts: Accounts, hasher: CountingHasher) -> None:
    said = []
    for user in ("admin", "nobody"):
        log_in = LogIn(accounts, Guesses(TestClock()))
        hasher.salts.clear()
        said.append(
            (
                at_once(20, lambda number, user=user, log_in=log_in: log_in.check("10.0.0.9", user, f"guess {number}")),
                len(hasher.salts),
            )
        )
    assert said[0] == said[1] == (["wait"] * 15 + ["wrong"] * 5, 5)


def test_so_many_wait_for_the_answer_to_one_question_and_the_next_is_told_that_all_are_busy(
    accounts: Accounts, hasher: CountingHasher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("firmware.people.log_in.MAX_JOINED", 2)
    log_in = LogIn(accounts, Guesses(TestClock()))
    hashing, go_on = threading.Event(), threading.Event()
    real = hasher.hash

    def slow(password: str, salt: str, known: bool, cost: Cost) -> str:
        hashing.set()
        assert go_on.wait(20)
        return real(password, salt, known, cost)

    monkeypatch.setattr(hasher, "hash", slow)
    said: list[str] = []

    def ask() -> None:
        try:
            said.append("in" if log_in.check("10.0.0.9", "admin", "correct horse") else "wrong")
        except MustWait as why:
            said.append("busy" if why.busy else "wait")
            if said == ["busy"] * 3:
                go_on.set()

    threads = [threading.Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    assert hashing.wait(20)
    for thread in threads:
        thread.join(20)
    assert said == ["busy"] * 3 + ["in"] * 3
    assert len(hasher.salts) == 1
