"""Guesses: whoever guesses passwords waits longer and longer, from one address, from many, and many at once."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from firmware.people.guesses import (
    ACCOUNT_REFILL_S,
    ACCOUNT_TRIES,
    MAX_ADDRESSES,
    MAX_NAMES,
    TELL_EVERY_S,
    TOTAL_REFILL_S,
    TOTAL_TRIES,
    Guesses,
)


def test_five_wrong_passwords_are_free_then_the_wait_doubles_up_to_300_s() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    waits = []
    for _ in range(16):
        waits.append(round(guesses.begin("10.0.0.9", "admin")))
        if waits[-1]:
            clock.advance(waits[-1])
            assert guesses.begin("10.0.0.9", "admin") == 0
    assert waits == [0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert guesses.begin("10.0.0.8", "admin") == 0


def test_the_right_password_forgets_the_wrong_ones() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    for _ in range(9):
        clock.advance(guesses.begin("10.0.0.9", "admin"))
    guesses.right("10.0.0.9", "admin")
    assert [guesses.begin("10.0.0.9", "admin") for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_wrong_ones_are_forgotten_after_ten_minutes() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    for _ in range(5):
        guesses.begin("10.0.0.9", "admin")
    clock.advance(601)
    assert [guesses.begin("10.0.0.9", "admin") for _ in range(6)] == [0, 0, 0, 0, 0, 1]


def test_an_account_of_ones_own_does_not_help_to_guess_the_administrators_password() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    looked_at = 0
    for _ in range(3):
        looked_at += sum(guesses.begin("10.0.0.9", "admin") == 0 for _ in range(4))
        if guesses.begin("10.0.0.9", "guard") == 0:
            guesses.right("10.0.0.9", "guard")
    assert looked_at == 5


def test_right_passwords_do_not_prolong_the_wait_for_the_wrong_ones_of_others_at_the_address() -> None:
    """Each renewed it: programs behind one router waited again and again, for as long as they had anything to ask."""
    clock = TestClock()
    guesses = Guesses(clock)
    for number in range(8):
        clock.advance(guesses.begin("10.0.0.9", f"user{number}"))
        guesses.begin("10.0.0.9", f"user{number}")
    clock.advance(60)
    for _ in range(100):
        assert guesses.begin("10.0.0.9", "admin") == 0
        guesses.right("10.0.0.9", "admin")
    assert guesses.begin("10.0.0.9", "guard") == 0
    assert guesses.begin("10.0.0.9", "admin") > 0


def test_of_a_hundred_at_once_five_are_looked_at() -> None:
    guesses = Guesses(TestClock())
    start = threading.Barrier(100)

    def guess(number: int) -> bool:
        start.wait()
        return guesses.begin("10.0.0.9", "admin") == 0

    with ThreadPoolExecutor(100) as threads:
        assert sum(threads.map(guess, range(100))) == 5


def test_what_was_not_looked_at_does_not_count() -> None:
    guesses = Guesses(TestClock())
    for _ in range(20):
        assert guesses.begin("10.0.0.9", "admin") == 0
        guesses.not_looked_at("10.0.0.9", "admin")
    assert sum(guesses.begin(f"10.0.1.{number}", "admin") == 0 for number in range(200)) == ACCOUNT_TRIES


def test_many_addresses_together_have_few_tries_for_one_account_and_its_owner_still_gets_in() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    assert guesses.begin("10.0.0.1", "admin") == 0
    guesses.right("10.0.0.1", "admin")
    assert sum(guesses.begin(f"10.1.{number >> 8}.{number & 255}", "admin") == 0 for number in range(900)) == ACCOUNT_TRIES
    assert guesses.begin("10.2.0.1", "admin") == ACCOUNT_REFILL_S
    assert guesses.begin("10.2.0.1", "guard") == 0
    assert guesses.knows("10.0.0.1", "admin") and not guesses.knows("10.0.0.1", "guard")
    assert [guesses.begin("10.0.0.1", "admin") for _ in range(6)] == [0, 0, 0, 0, 0, 1]
    clock.advance(ACCOUNT_REFILL_S)
    assert guesses.begin("10.2.0.2", "admin") == 0
    assert guesses.begin("10.2.0.3", "admin") > 0


def test_the_owners_place_of_one_account_is_no_place_for_another() -> None:
    guesses = Guesses(TestClock())
    assert guesses.begin("10.0.0.1", "guard") == 0
    guesses.right("10.0.0.1", "guard")
    for number in range(ACCOUNT_TRIES):
        guesses.begin(f"10.1.0.{number}", "admin")
    assert guesses.begin("10.0.0.1", "admin") == ACCOUNT_REFILL_S


def test_many_addresses_and_many_names_have_so_many_tries_in_all() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    looked_at = sum(guesses.begin(f"10.1.{n >> 8}.{n & 255}", f"user{n % 100}") == 0 for n in range(900))
    assert looked_at == TOTAL_TRIES
    clock.advance(10 * TOTAL_REFILL_S)
    assert sum(guesses.begin(f"10.3.0.{n}", f"user{n}") == 0 for n in range(100)) == 10


def test_the_tables_of_addresses_and_names_are_bounded() -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    for number in range(MAX_ADDRESSES + 500):
        clock.advance(TOTAL_REFILL_S)
        guesses.begin(str(number), f"user{number}")
        guesses.right(str(number), f"user{number}")
        guesses.begin(str(number), f"user{number}")
    assert (len(guesses._wrong), len(guesses._accounts), len(guesses._known)) == (MAX_ADDRESSES, MAX_NAMES, MAX_NAMES)


def test_a_flood_of_guesses_writes_one_line_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = TestClock()
    guesses = Guesses(clock)
    for _ in range(10_000):
        guesses.begin("10.0.0.9", "admin")
    assert len(caplog.records) == 1
    clock.advance(TELL_EVERY_S)
    for _ in range(50):
        guesses.begin("10.0.0.9", "admin")
    assert len(caplog.records) == 2 and "9995 more tries" in caplog.records[1].message


def test_a_restart_of_the_host_gives_nobody_new_tries_and_its_owner_stays_known(tmp_path: Path) -> None:
    clock, kept = TestClock(), tmp_path / "guesses.json"
    guesses = Guesses(clock, kept)
    assert guesses.begin("10.0.0.1", "admin") == 0
    guesses.right("10.0.0.1", "admin")
    for _ in range(5):
        guesses.begin("10.0.0.9", "admin")
    for number in range(ACCOUNT_TRIES):
        guesses.begin(f"10.1.0.{number}", "admin")
    guesses.keep()
    again = Guesses(clock, kept)
    assert again.begin("10.0.0.9", "admin") == 1
    assert again.begin("10.0.0.9", "guard") == 1
    assert again.begin("10.2.0.1", "admin") == ACCOUNT_REFILL_S
    assert again.knows("10.0.0.1", "admin") and again.begin("10.0.0.1", "admin") == 0


def test_a_restart_of_the_machine_starts_the_count_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock, kept = TestClock(), tmp_path / "guesses.json"
    guesses = Guesses(clock, kept)
    for _ in range(5):
        guesses.begin("10.0.0.9", "admin")
    guesses.keep()
    monkeypatch.setattr("firmware.people.guesses.boot_id", lambda: "another")
    assert Guesses(clock, kept).begin("10.0.0.9", "admin") == 0


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"{}", b'{"boot": 1}', b"\xff", b"[" * 100_000], ids=range(7))
def test_a_damaged_record_of_guesses_stops_nothing(tmp_path: Path, content: bytes) -> None:
    kept = tmp_path / "guesses.json"
    kept.write_bytes(content)
    guesses = Guesses(TestClock(), kept)
    assert guesses.begin("10.0.0.9", "admin") == 0
    guesses.keep()
    assert json.loads(kept.read_text())["wrong"]["10.0.0.9"]["count"] == 1


def test_a_name_that_nobody_has_is_neither_kept_nor_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """It may be a password that was typed in the wrong place."""
    clock, kept = TestClock(), tmp_path / "guesses.json"
    guesses = Guesses(clock, kept, {"admin"}.__contains__)
    for _ in range(6):
        guesses.begin("10.0.0.9", "correct horse")
        guesses.begin("10.0.0.8", "admin")
    guesses.keep()
    assert "correct" not in kept.read_text() + caplog.text
    assert json.loads(kept.read_text())["wrong"]["10.0.0.8"]["user"] == "admin"
    again = Guesses(clock, kept, {"admin"}.__contains__)
    assert again.begin("10.0.0.9", "admin") == 1  # the address waits all the same


def test_it_is_written_only_when_there_is_something_new_and_a_full_disk_stops_nothing(tmp_path: Path) -> None:
    kept = tmp_path / "run" / "guesses.json"
    guesses = Guesses(TestClock(), kept)
    guesses.begin("10.0.0.9", "admin")
    guesses.keep()  # there is no such folder
    kept.parent.mkdir()
    guesses.keep()
    assert not kept.exists()
    guesses.begin("10.0.0.9", "admin")
    guesses.keep()
    assert kept.exists()
