"""Entries: a page of a list and how many there are, read once, however many lists and imports there are."""

from __future__ import annotations

import random
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.clock import TestClock
from engine.lists import EARLIEST, LATEST
from engine.store import Store, entries
from engine.store.rows import stamp
from engine.types import PlateList
from tests.samples import BLACK, WHITE, WISH, entry, new_store

NUMBER = 3_000


def fill(store: Store, list_id: int, plates: list[str]) -> None:
    store.db.execute_many(
        "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until, revision, generation) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, 1, (SELECT generation FROM lists WHERE id = abs(?)))",
        [
            (list_id, plate, plate, plate, f"visitor of house {plate}" * 3, stamp(EARLIEST), stamp(LATEST), list_id)
            for plate in plates
        ],
    )


def bytes_read() -> int:
    """By this thread so far."""
    return int(Path("/proc/thread-self/io").read_text().split("rchar: ")[1].split()[0])


@pytest.mark.parametrize("beside", [0, 6 * NUMBER], ids=["most of the file", "a small part of the file"])
def test_a_search_reads_each_page_of_the_file_about_once_whatever_order_the_plates_came_in(tmp_path: Path, beside: int) -> None:
    plates = [f"AB{number:04}" for number in range(NUMBER)]
    random.Random(1).shuffle(plates)
    with closing(new_store(tmp_path)) as store:
        fill(store, WHITE, plates)
        fill(store, BLACK, [f"XY{number:05}" for number in range(beside)])
    with closing(Store(tmp_path / "anpr.db", TestClock(), cache_kib=64)) as store:
        store.entries.found(WHITE, "nothing")
        before = bytes_read()
        count, found = store.entries.found(WHITE, "AB12")
        assert (count, [each.plate for each in found]) == (100, [f"AB{number}" for number in range(1200, 1300)])
        assert bytes_read() - before < 3_000_000  # this list takes 1 MB; in the order of its plates it would be 12 MB


@pytest.mark.parametrize("times", [0, 4])
def test_a_page_comes_with_the_number_of_all_that_match(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    monkeypatch.setattr(entries, "SCANNED_TIMES", times)
    with closing(new_store(tmp_path)) as store:
        fill(store, WHITE, ["CC1", "AA1", "BB1", "AA2"])
        fill(store, BLACK, ["AA3"])
        for search, limit, offset, expected in (
            ("", 2, 0, (4, ["AA1", "AA2"])),
            ("", 2, 3, (4, ["CC1"])),
            ("", 2, 4, (4, [])),
            ("AA", 1, 1, (2, ["AA2"])),
            ("AA", 5, 2, (2, [])),
            ("house c", 5, 0, (1, ["CC1"])),
            ("ZZ", 5, 0, (0, [])),
            ("ZZ", 5, 5, (0, [])),
        ):
            count, found = store.entries.found(WHITE, search, limit, offset)
            assert (count, [each.plate for each in found]) == expected, (search, limit, offset)
            assert store.entries.count(WHITE, search) == expected[0]
        assert store.entries.found(WISH) == (0, [])


def test_while_an_import_is_under_way_a_page_and_the_number_are_those_of_the_list_in_force(tmp_path: Path) -> None:
    with closing(new_store(tmp_path)) as store:
        fill(store, WHITE, ["AA1", "BB1"])
        with store.db.transaction(cascade=False):
            store.db.execute("INSERT INTO imports VALUES (?, 1, 'loading', 0)", (WHITE,))
            store.db.execute("UPDATE entries SET list_id = -list_id WHERE key = 'BB1'")
            fill(store, -WHITE, ["CC1"])
            store.db.execute("UPDATE entries SET generation = 1 WHERE key = 'CC1'")
        for search in ("", "1"):
            count, found = store.entries.found(WHITE, search)
            assert (count, [each.plate for each in found], store.entries.count(WHITE, search)) == (2, ["AA1", "BB1"], 2)


@pytest.mark.parametrize("search", ["Jörg Müller", "jörg", "JÖRG", "MÜLLER", "müller", "özgür", "ÖZGÜR", "иванов", "ИВАНОВ"])
def test_a_text_is_found_in_capitals_and_without_whatever_its_alphabet(tmp_path: Path, search: str) -> None:
    with closing(new_store(tmp_path)) as store:
        saved = store.entries.save(entry("AB12", description="Jörg Müller", owner="Özgür", group="Иванов"), "anna")
        store.entries.save(entry("CD34", description="Jorg Moller"), "anna")
        assert store.entries.found(WHITE, search) == (1, [saved])


def test_a_search_for_percent_or_underscore_in_another_alphabet_finds_these_alone(tmp_path: Path) -> None:
    with closing(new_store(tmp_path)) as store:
        store.entries.save(entry("AB12", description="Größe 50 % {ä}"), "anna")
        store.entries.save(entry("CD34", description="Größe 500 {ä}"), "anna")
        for search, number in (("größe 50 %", 1), ("GRÖSSE_", 0), ("{Ä}", 2)):
            assert store.entries.count(WHITE, search) == number, search


def test_a_look_up_knows_the_lists_as_they_are_at_its_moment(tmp_path: Path) -> None:
    """It remembers them, whoever changes one, also in another process or in a transaction that is taken back."""
    at = TestClock().now()

    def found(store: Store) -> list[tuple[str, str]]:
        return [(match.list.name, match.list.barrier) for match in store.lookup("AB123", at, True)]

    with closing(new_store(tmp_path)) as store, closing(Store(tmp_path / "anpr.db", TestClock())) as other:
        guests = other.lists.save(PlateList(0, "Guests", "custom"), "eva")
        store.save_entry(entry("AB123", guests.id))
        assert found(store) == [("Guests", "open"), ("ALL PLATES", "open")]
        guests = other.lists.save(replace(guests, name="No guests", policy="refuse"), "eva")
        assert found(store) == [("No guests", "refuse"), ("ALL PLATES", "open")]
        with pytest.raises(ZeroDivisionError), store.transaction():
            store.lists.save(replace(guests, name="Nobody"), "eva")
            assert found(store)[0] == ("Nobody", "refuse")
            _ = 1 // 0
        assert found(store)[0] == ("No guests", "refuse")
        other.lists.delete(guests.id, "eva")
        assert found(store) == [("ALL PLATES", "open"), ("NOT IN LIST", "open")]
