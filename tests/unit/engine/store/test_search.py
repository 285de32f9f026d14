"""Search: pages of passages by time, list and part of the plate, each row once, whatever the clock did."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.words import Text
from engine.store import MAX_COUNTED, PassageQuery, Store, search
from engine.store.upkeep import Upkeep
from engine.types import Decision
from tests.samples import ALL, NOW, UNLISTED, WHITE, entry, new_store, passage


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def add(store: Store, plate: str, number: int, at: datetime | None = None) -> None:
    when = at or NOW + timedelta(minutes=number)
    store.add_passage(passage(plate, id=f"p{number}", at=when), [], store.lookup(plate, when, True))


def ids(store: Store, **query: Any) -> list[str]:
    return [one.passage.id for one in store.passages(PassageQuery(**query))]


@pytest.mark.parametrize("few", [0, 10**9])
def test_a_text_is_found_anywhere_in_the_plate_through_its_trigrams_and_by_looking_through(
    store: Store, monkeypatch: pytest.MonkeyPatch, few: int
) -> None:
    monkeypatch.setattr(search, "FEW", few)
    for number, plate in enumerate(("ABC123", "BC12", "ABCX123", "XABC12", "12ABC", "", "A\"B-C'1", "부산02가1234", "AB"), 1):
        add(store, plate, number)
    assert ids(store, plate="abc") == ["p5", "p4", "p3", "p1"]
    assert ids(store, plate="BC12") == ["p4", "p2", "p1"]  # not p3, which has all its trigrams but one
    assert ids(store, plate="ABC12") == ["p4", "p1"]
    assert ids(store, plate="ABC1234") == []
    assert ids(store, plate='"B') == ["p7"]
    assert ids(store, plate="ABC\0") == ids(store, plate="\0ABC") == []
    assert ids(store, plate="가12") == ["p8"]
    assert ids(store, plate="AB") == ["p9", "p5", "p4", "p3", "p1"]
    assert ids(store, plate="ABCABC") == []


def test_trigrams_that_stand_apart_are_no_match(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "FEW", 0)
    add(store, "ABCDXBCDE", 1)
    add(store, "ABCDE", 2)
    assert ids(store, plate="ABCDE") == ["p2"]


def test_look_alikes_are_found_unless_the_search_says_otherwise(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for few in (0, 10**9):
        monkeypatch.setattr(search, "FEW", few)
        if not few:
            add(store, "B0B1I7", 1)
        for text in ("B0B1I7", "BOB117", "O811", "BOB", "b0-b1"):
            assert ids(store, plate=text) == (["p1"] if text != "O811" else []), text
        assert ids(store, plate="BOB117", fold=False) == []
        assert ids(store, plate="B0B1I7", fold=False) == ["p1"]


def test_lists_and_times_narrow_a_search_to_the_millisecond(store: Store) -> None:
    store.entries.save(entry("AB12"), "admin")
    for number, plate in enumerate(("AB12", "CD34", "AB12", "EF56"), 1):
        add(store, plate, number)
    assert ids(store, list_id=WHITE) == ["p3", "p1"]
    assert ids(store, list_id=UNLISTED, plate="CD3") == ["p2"]
    assert ids(store, list_id=ALL, since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)) == ["p3", "p2"]
    step = timedelta(milliseconds=1)
    assert ids(store, since=NOW + timedelta(minutes=2) + step, until=NOW + timedelta(minutes=4) + step) == ["p4", "p3"]
    assert ids(store, since=datetime(9999, 1, 1, tzinfo=UTC)) == []
    assert ids(store, until=datetime(1, 1, 1, tzinfo=UTC)) == []


@pytest.mark.parametrize("query", [{}, {"plate": "AB1"}, {"list_id": ALL}, {"list_id": ALL, "plate": "AB1"}, {"plate": "1"}])
def test_pages_hold_every_row_once_from_either_end_and_by_cursor(
    store: Store, monkeypatch: pytest.MonkeyPatch, query: dict[str, Any]
) -> None:
    monkeypatch.setattr(search, "FEW", 3)
    for number in range(1, 24):
        add(store, f"AB1{number:02}", number, NOW - timedelta(hours=number % 5, seconds=number))  # the clock goes to and fro
    asked = PassageQuery(**query)
    expected = [one.passage.id for one in sorted(store.passages(PassageQuery()), key=lambda one: one.passage.at, reverse=True)]
    pages = [store.passages.page(asked, number, 5) for number in range(1, 6)]
    assert [one.passage.id for page in pages for one in page.rows] == expected
    assert {(page.total, page.last) for page in pages} == {(23, 5)}
    assert store.passages.page(asked, 99, 5) == pages[4]
    assert [one.passage.id for one in store.passages.oldest(asked, 4)] == expected[-4:]
    forward: list[str] = []
    rows = store.passages(PassageQuery(**query, limit=5))
    while rows:
        forward += [one.passage.id for one in rows]
        last = rows
        rows = store.passages(PassageQuery(**query, limit=5, older_than=rows[-1].place))
    assert forward == expected
    back = [one.passage.id for one in store.passages(PassageQuery(**query, limit=5, newer_than=last[0].place))]
    assert back == expected[15:20]


def test_after_a_row_passages_come_in_the_order_of_their_storing_whatever_the_clock_did(store: Store) -> None:
    for number, hours in enumerate((5, 6, 1, 2), 1):
        add(store, "AB12", number, NOW + timedelta(hours=hours))
    assert ids(store) == ["p2", "p1", "p4", "p3"]
    assert [each.passage.id for each in store.passages.last_stored(3)] == ["p4", "p3", "p2"]
    assert [each.passage.id for each in store.passages.last_stored(100, after_rowid=3)] == ["p4"]
    assert store.passages.ends() == (1, 4)


def test_a_new_passage_moves_no_row_of_a_page_that_is_gone_on_from(store: Store) -> None:
    for number in range(1, 11):
        add(store, "AB12", number)
    first = store.passages(PassageQuery(limit=3))
    add(store, "AB12", 11)
    assert ids(store, limit=3, older_than=first[-1].place) == ["p7", "p6", "p5"]


def test_a_count_ends_after_ten_thousand_and_the_oldest_page_is_still_there(store: Store) -> None:
    with store.transaction():
        for number in range(MAX_COUNTED + 30):
            store.passages.add(passage("AB12", id=f"p{number}", at=NOW + timedelta(seconds=number)), [])
    page = store.passages.page(PassageQuery(), 400, 25)
    assert (page.total, page.last, page.number) == (MAX_COUNTED + 1, 400, 400)
    assert page.rows[-1].passage.id == "p30"
    assert [one.passage.id for one in store.passages.oldest(PassageQuery(), 2)] == ["p1", "p0"]


def test_a_short_text_is_looked_for_in_the_newest_and_this_is_said(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_SCANNED", 10)
    for number in range(1, 31):
        add(store, "XY12" if number % 10 == 0 else "AB12", number)
    page = store.passages.page(PassageQuery(plate="XY"), 1, 25)
    assert ([one.passage.id for one in page.rows], page.partial) == (["p30"], True)
    page = store.passages.page(PassageQuery(plate="XY", until=NOW + timedelta(minutes=11)), 1, 25)
    assert ([one.passage.id for one in page.rows], page.partial) == (["p10"], False)
    assert store.passages.page(PassageQuery(plate="XY1"), 1, 25).partial is True  # so few that they are looked through


def test_a_clock_gone_wild_stores_its_passages_all_the_same(store: Store) -> None:
    for number, year in enumerate((1, 1969, 1970, 2026, 2262, 9999), 1):
        add(store, "AB12", number, datetime(year, 6, 1, tzinfo=UTC))
    assert ids(store) == ["p6", "p5", "p4", "p3", "p2", "p1"]
    assert ids(store, plate="AB1") == ["p6", "p5", "p4", "p3", "p2", "p1"]
    store.passages.delete([1, 6])
    assert ids(store, plate="AB1") == ["p5", "p4", "p3", "p2"]


def test_deleted_passages_leave_nothing_in_the_tables_of_the_search(store: Store) -> None:
    for number in range(1, 6):
        add(store, "AB12", number)
    store.passages.delete([1, 2, 3, 4, 5])
    for table in ("passage_places", "list_places", "passage_lists", "kind_places"):
        assert store.db.rows(f"SELECT count(*) FROM {table}")[0][0] == 0, table
    store.db.execute("INSERT INTO passage_grams (passage_grams) VALUES ('integrity-check')")
    assert store.db.rows("SELECT rowid FROM passage_grams WHERE passage_grams MATCH '\"AB1\"'") == []


def test_an_index_that_is_cleaned_holds_no_part_of_a_deleted_plate_and_finds_all_others(store: Store) -> None:
    """All three of "WXY77J" were left, each with the number of its passage."""

    def left() -> list[bool]:
        blocks = b"".join(row["block"] for row in store.db.rows("SELECT block FROM passage_grams_data"))
        return [part in blocks for part in (b"wxy", b"xy7", b"77j")]

    for number in range(300):
        store.add_passage(passage("WXY77J" if number == 150 else f"AB{number}", f"p{number}"), ())
    store.passages.delete([each.rowid for each in store.passages.of_key("WXY77J")])
    assert left() == [True] * 3
    store.passages.leave_nothing()
    upkeep = Upkeep(store.db, TestClock())
    while upkeep.turn(0):
        store.add_passage(passage("AB299", f"q{store.passages.ends()[1]}"), ())  # cars come meanwhile
    assert left() == [False] * 3 and not store.counters()
    assert [len(store.passages(PassageQuery(plate=f"AB{number}", limit=50))) > 0 for number in (1, 149, 151, 299)] == [True] * 4


def test_passages_of_an_older_database_are_found_while_the_tables_are_filled(store: Store) -> None:
    for number in range(1, 40):
        add(store, f"AB1{number:02}", number)
    expected = ids(store)
    for table in ("passage_places", "list_places"):
        store.db.execute(f"DELETE FROM {table}")
    store.db.execute("INSERT INTO passage_grams (passage_grams) VALUES ('delete-all')")
    store.db.execute("UPDATE passages_due SET until_rowid = 39")
    store.passages.delete([1])
    for _ in range(3):
        assert ids(store) == expected[:-1]
        assert ids(store, plate="B1") == expected[:-1]
        assert ids(store, list_id=ALL, plate="AB13") == expected[:10]
        Upkeep(store.db, TestClock()).turn(0)
    store.passages.delete([2, 39])
    assert ids(store, plate="AB1") == expected[1:-2]


KINDS = [
    (lane, direction, outcome)
    for lane in (0, 1, 2)
    for direction in ("approach", "away", "")
    for outcome in ("opened", "refused", "withheld", "reported", "waiting", "", "of a later release")
]


def add_kinds(store: Store, number: int, first: int = 0) -> list[tuple[int, str, str]]:
    """So many passages, one a minute, of all kinds in turn."""
    kinds = [KINDS[each % len(KINDS)] for each in range(number)]
    with store.transaction():
        for each, (lane, direction, outcome) in enumerate(kinds, first):
            made = passage(f"AB{each:04}", id=f"p{each}", at=NOW + timedelta(minutes=each), lane=lane, direction=direction)
            store.add_passage(made, [], store.lookup(made.plate, made.at, True), Decision(outcome))
    return kinds


@pytest.mark.parametrize(
    "beside", [{}, {"list_id": ALL}, {"plate": "AB"}, {"plate": "AB0"}], ids=["alone", "list", "part", "grams"]
)
@pytest.mark.parametrize(
    "asked",
    [
        {"lane": 2},
        {"outcome": "refused"},
        {"direction": "away", "lane": 1},
        {"lane": 1, "direction": "approach", "outcome": "opened"},
    ],
    ids=["lane", "decision", "two", "three"],
)
def test_lane_direction_and_decision_narrow_a_search_with_all_its_pages(
    store: Store, monkeypatch: pytest.MonkeyPatch, asked: dict[str, Any], beside: dict[str, Any]
) -> None:
    monkeypatch.setattr(search, "FEW", 3)
    kinds = add_kinds(store, 300)
    named = [dict(zip(("lane", "direction", "outcome"), each, strict=True)) for each in kinds]
    expected = [f"p{number}" for number, each in enumerate(named) if all(each[name] == value for name, value in asked.items())][
        ::-1
    ]
    query = PassageQuery(**asked, **beside)
    pages = [store.passages.page(query, number, 4) for number in range(1, store.passages.page(query, 1, 4).last + 1)]
    assert [one.passage.id for page in pages for one in page.rows] == expected
    assert {(page.total, page.partial) for page in pages} == {(len(expected), False)}
    assert [one.passage.id for one in store.passages.oldest(query, 2)] == expected[-2:]
    found = store.passages(replace(query, limit=2))
    assert [one.passage.id for one in store.passages(replace(query, limit=2, older_than=found[-1].place))] == expected[2:4]
    assert [one.passage.id for one in store.passages(replace(query, limit=1, newer_than=found[1].place))] == expected[:1]
    since, until = NOW + timedelta(minutes=100), NOW + timedelta(minutes=200)
    within = store.passages.page(replace(query, since=since, until=until), 1, 250).rows
    assert [one.passage.id for one in within] == [each for each in expected if 100 <= int(each[1:]) < 200]


def test_nothing_is_found_of_a_kind_that_there_is_not(store: Store) -> None:
    add(store, "AB12", 1)
    assert store.passages.page(PassageQuery(lane=2), 1, 25).total == 0
    assert store.passages(PassageQuery(outcome="refused")) == []


def test_what_is_decided_later_is_found_by_that(store: Store) -> None:
    store.add_passage(passage(id="p1"), [], (), Decision("waiting"))
    assert ids(store, outcome="waiting") == ["p1"]
    store.passages.decide("p1", Decision("refused", Text("the lane was not free")))
    assert (ids(store, outcome="waiting"), ids(store, outcome="refused")) == ([], ["p1"])
    assert [(each.lane, each.direction, each.outcome) for each in store.passages.kinds()] == [(0, "approach", "refused")]


def test_of_a_list_all_passages_of_a_kind_are_found_however_many_there_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_SCANNED", 63)
    kinds = add_kinds(store, 126)
    page = store.passages.page(PassageQuery(list_id=ALL, lane=1, direction="approach", outcome="opened"), 1, 25)
    expected = [f"p{number}" for number, each in enumerate(kinds) if each == (1, "approach", "opened")][::-1]
    assert ([one.passage.id for one in page.rows], page.total, page.partial) == (expected, len(expected), False)


def test_what_is_decided_later_moves_in_its_lists_too(store: Store) -> None:
    lists = store.lookup("HK55EVB", NOW, True)
    store.add_passage(passage(id="p1"), [], lists, Decision("waiting"))
    store.passages.decide("p1", Decision("refused", Text("the lane was not free")))
    assert (ids(store, list_id=ALL, outcome="waiting"), ids(store, list_id=ALL, outcome="refused")) == ([], ["p1"])
    store.passages.delete([1])
    assert store.db.rows("SELECT count(*) FROM list_kinds")[0][0] == 0


def test_kinds_of_an_older_database_are_found_while_they_are_filled(store: Store) -> None:
    kinds = add_kinds(store, 200)
    store.db.execute("DELETE FROM kind_places")
    store.db.execute("DELETE FROM list_kinds")
    store.db.execute("UPDATE kinds_due SET until_rowid = 200")
    store.db.execute("UPDATE list_kinds_due SET until_rowid = 200")
    expected = [f"p{number}" for number, each in enumerate(kinds) if each[2] == "refused"][::-1]
    upkeep = Upkeep(store.db, TestClock())
    assert ids(store, outcome="refused") == expected
    while upkeep.turn(0):
        assert ids(store, outcome="refused") == ids(store, outcome="refused", list_id=ALL) == expected
    assert ids(store, outcome="refused") == ids(store, outcome="refused", list_id=ALL) == expected
    assert store.db.rows("SELECT count(*) FROM kind_places")[0][0] == 200
    assert store.db.rows("SELECT count(*) FROM list_kinds")[0][0] == store.db.rows("SELECT count(*) FROM passage_lists")[0][0]


def test_a_page_in_the_middle_takes_as_little_of_many_passages_as_of_few(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the steps of SQLite's machine, which no load of this one changes."""
    steps = [0]

    def counted() -> int:
        steps[0] += 1
        return 0

    def connect(*asked: Any, **options: Any) -> sqlite3.Connection:
        connection = sqlite3.connect(*asked, **options)
        connection.set_progress_handler(counted, 100)
        return connection

    opened = SimpleNamespace(**{**vars(sqlite3), "connect": connect})
    monkeypatch.setattr("engine.store.database.sqlite3", opened)
    taken = []
    with closing(new_store(tmp_path)) as store:
        for first in (0, 2000):
            add_kinds(store, 2000, first)
            steps[0] = 0
            query = PassageQuery(outcome="refused", lane=1, since=NOW + timedelta(minutes=first))
            assert len(store.passages.page(query, 2, 25).rows) == 25
            taken.append(steps[0])
    assert taken[1] <= 1.2 * taken[0]
