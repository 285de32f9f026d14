"""Imports: all or nothing, with every wrong row named; the gate opens meanwhile, for those who are listed then."""

from __future__ import annotations

import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.clock import Clock, TestClock
from board.kit.errors import ConfigError
from engine.store import Store, imports
from engine.store.database import Database
from engine.store.upkeep import FORSAKEN_S, Upkeep
from engine.types import ListEntry, PlateList
from tests.recorder import Recorder
from tests.samples import ALL, NOW, WHITE, WISH, entry, new_store, passage, rule

Row = tuple[int, ListEntry]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


@pytest.fixture(autouse=True)
def anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists are written anew, as long ones are (engine/store/imports.py)."""
    monkeypatch.setattr(imports, "FEW", 0)


def lines(*plates: str) -> list[Row]:
    return [(number, entry(plate, ALL)) for number, plate in enumerate(plates, 1)]


def plates(store: Store, list_id: int = WHITE) -> list[str]:
    return [one.plate for one in store.entries(list_id)]


def is_listed(store: Store, plate: str) -> bool:
    return any(match.list.id == WHITE for match in store.lookup(plate, NOW, True))


def test_an_import_replaces_the_list_and_no_other_and_says_who_did_it(store: Store) -> None:
    store.entries.save(entry("OLD 1"), "admin")
    store.entries.save(entry("WISH 1", WISH), "admin")
    assert store.imports.replace(WHITE, lines("NEW 2", "NEW 1"), "anna") == 2
    assert (plates(store), plates(store, WISH), store.entries.count(WHITE)) == (["NEW 1", "NEW 2"], ["WISH 1"], 2)
    assert (is_listed(store, "NEW1"), is_listed(store, "OLD1")) == (True, False)
    change = store.changes("import")[0]
    assert (change.user, change.item_id, change.before) == ("anna", WHITE, {"entries": 1})
    assert change.after == {"generation": 1, "entries": 2, "added": 2, "changed": 0, "removed": 1}
    assert store.imports.replace(WHITE, [], "anna") == 0
    assert (plates(store), [tuple(row) for row in store.db.rows("SELECT * FROM imports")]) == ([], [])


def test_every_wrong_row_is_named_and_the_list_stays(store: Store) -> None:
    store.entries.save(entry("OLD 1"), "admin")
    wrong = [
        (1, entry("--")),
        (2, entry("AB 1")),
        (3, entry("A B-1")),
        (4, entry("CD 1", description="x" * 201)),
    ]
    with pytest.raises(ConfigError) as why:
        store.imports.replace(WHITE, wrong, "anna")
    assert str(why.value) == (
        "nothing was imported; "
        "line 1: Plate: must be 1 to 20 letters and digits; spaces, hyphens and dots do not count; "
        "line 3: A B-1 stands in line 2 already; "
        "line 4: Description: must be at most 200 printable characters"
    )
    assert (plates(store), store.changes("import")) == (["OLD 1"], [])


def test_at_most_twenty_wrong_rows_are_named(store: Store) -> None:
    with pytest.raises(ConfigError) as why:
        store.imports.replace(WHITE, lines(*["-"] * 1000), "anna")
    assert str(why.value).count("line ") == 20


def test_numbers_that_an_action_of_the_list_can_never_send_are_named(store: Store) -> None:
    store.rules.save(rule(WHITE, "wiegand", "Door", layout="w26"), "admin")
    with pytest.raises(ConfigError, match=r"line 1: AB1: the action Door can never send it: .*facility must be 0 to 255, not 300"):
        store.imports.replace(WHITE, [(1, entry("AB1", wiegand_facility=300, wiegand_card=5))], "anna")


@pytest.mark.parametrize("list_id", [ALL, 99])
def test_a_list_that_holds_no_plates_or_is_gone_takes_no_import(store: Store, list_id: int) -> None:
    with pytest.raises(ConfigError, match=r"holds no plates|was deleted"):
        store.imports.replace(list_id, lines("AB 1"), "anna")


def test_while_the_rows_come_the_old_list_is_in_force_and_can_be_changed(store: Store) -> None:
    store.entries.save(entry("OLD 1"), "admin")

    def rows() -> Iterator[Row]:
        yield from lines("NEW 1", "NEW 2")
        store.entries.save(entry("OLD 2"), "ben")
        assert (plates(store), is_listed(store, "OLD2"), is_listed(store, "NEW1")) == (["OLD 1", "OLD 2"], True, False)

    store.imports.replace(WHITE, rows(), "anna")
    assert plates(store) == ["NEW 1", "NEW 2"]


def test_between_the_change_of_generation_and_the_end_entries_are_found_changed_and_added(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(60):
        store.entries.save(entry(f"OLD {number:02}"), "admin")
    store.entries.save(entry("BOTH"), "admin")
    settle = imports.settle
    seen = []

    def settle_slowly(*arguments: object) -> bool:
        more = settle(*arguments)  # type: ignore[arg-type]
        seen.append((plates(store), store.entries.count(WHITE), is_listed(store, "BOTH"), is_listed(store, "OLD01")))
        if len(seen) == 1:
            store.entries.save(entry("OLD 55"), "ben")  # again, though what the import left behind holds its place
            (both,) = (one for one in store.entries(WHITE) if one.plate == "BOTH")
            store.entries.save(ListEntry(both.id, WHITE, "BOTH", "changed", both.valid_from, both.valid_until), "ben")
            with pytest.raises(ConfigError, match="NEW 1 is in WHITELIST already"):
                store.entries.save(entry("NEW 1"), "ben")
            with pytest.raises(ConfigError, match="is being imported already"):
                store.imports.replace(WHITE, lines("X 1"), "eve")
        return more

    monkeypatch.setattr(imports, "settle", settle_slowly)
    store.imports.replace(WHITE, lines("NEW 1", "BOTH"), "anna")
    assert seen[0] == (["BOTH", "NEW 1"], 2, True, False)
    assert set(map(str, seen[1:])) == {str((["BOTH", "NEW 1", "OLD 55"], 3, True, False))}
    assert [(one.plate, one.description) for one in store.entries(WHITE)] == [("BOTH", "changed"), ("NEW 1", ""), ("OLD 55", "")]
    assert {row["list_id"] for row in store.db.rows("SELECT list_id FROM entries")} == {WHITE}


def test_a_list_that_is_deleted_during_its_import_is_gone_and_leaves_nothing(store: Store) -> None:
    vip = store.lists.save(PlateList(0, "VIP", "custom"), "admin").id

    def rows() -> Iterator[Row]:
        yield from lines("NEW 1")
        store.lists.delete(vip, "ben")

    with pytest.raises(ConfigError, match="this list was deleted"):
        store.imports.replace(vip, rows(), "anna")
    while Upkeep(store.db, TestClock()).turn():
        pass
    assert (store.db.rows("SELECT * FROM imports"), store.db.rows("SELECT * FROM entries")) == ([], [])


def test_a_deleted_list_leaves_no_match_at_once_and_no_row_in_the_end(store: Store) -> None:
    for number in range(100):
        store.entries.save(entry(f"AB {number}"), "admin")
    store.lists.delete(WHITE, "anna")
    assert [match.list.name for match in store.lookup("AB1", NOW, True)] == ["ALL PLATES", "NOT IN LIST"]
    assert store.entries.get(1) is None
    while Upkeep(store.db, TestClock()).turn():
        pass
    assert store.db.rows("SELECT count(*) FROM entries")[0][0] == 0


IMPORTER = """
import sys
from pathlib import Path
from tests.samples import WHITE, entry, new_store
from board.kit.clock import Clock
store = new_store(Path(sys.argv[1]), Clock())
store.imports.replace(WHITE, ((number, entry(f"AB{number:05}")) for number in range(int(sys.argv[2]))), "anna")
"""


def test_the_gates_commits_go_on_while_another_process_imports(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4]
    store = new_store(tmp_path, Clock())
    store.entries.save(entry("OLD1"), "admin")
    committed, seen = 0, set()
    with subprocess.Popen([sys.executable, "-c", IMPORTER, str(tmp_path), "20000"], cwd=root) as importer:
        while importer.poll() is None:
            store.add_passage(passage("OLD1", id=f"p{committed}"), [], store.lookup("OLD1", NOW, True))
            committed += 1
            seen |= {row["steps"] for row in store.db.rows("SELECT steps FROM imports WHERE phase = 'loading'")}
            time.sleep(0.005)  # two hundred cars in a second are enough
    assert importer.returncode == 0
    assert (store.entries.count(WHITE), committed > 20) == (20_000, True)
    assert len(seen) > 5, "commits fall between the steps of the import"


def test_a_killed_import_leaves_the_list_and_the_next_one_can_begin_after_a_minute(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4]
    store = new_store(tmp_path)
    store.entries.save(entry("OLD1"), "admin")
    with subprocess.Popen([sys.executable, "-c", IMPORTER, str(tmp_path), "99000"], cwd=root) as importer:
        while not store.db.rows("SELECT 1 FROM imports WHERE steps > 2"):
            assert importer.poll() is None
            time.sleep(0.01)
        importer.kill()
    assert plates(store) == ["OLD1"]
    with pytest.raises(ConfigError, match="is being imported already"):
        store.imports.replace(WHITE, lines("NEW 1"), "anna")
    clock = TestClock()
    upkeep = Upkeep(store.db, clock)
    upkeep.turn()
    clock.advance(FORSAKEN_S + 1)
    while upkeep.turn():
        pass
    assert store.db.rows("SELECT count(*) FROM entries")[0][0] == 1
    store.imports.replace(WHITE, lines("NEW 1"), "anna")
    assert plates(store) == ["NEW 1"]


def test_a_passage_whose_entry_an_import_replaces_before_its_delivery_has_the_new_entry(store: Store) -> None:
    store.entries.save(entry("B0B 1", wiegand_facility=1, wiegand_card=5), "admin")
    store.entries.save(entry("GONE 1", wiegand_card=7), "admin")
    for number, plate in enumerate(("BOB1", "GONE1")):
        store.add_passage(passage(plate, id=f"p{number}"), [], store.lookup(plate, NOW, True))
    store.imports.replace(WHITE, [(1, entry("B0B 1", wiegand_facility=1, wiegand_card=6))], "anna")
    found = [match.entry for number in range(2) for match in store.passages.matches(f"p{number}") if match.list.id == WHITE]
    assert [(one.plate, one.wiegand_card) if one else None for one in found] == [("B0B 1", 6), None]


def test_an_import_that_the_disk_refuses_leaves_the_list_and_the_next_can_begin_at_once(store: Store, recorder: Recorder) -> None:
    store.entries.save(entry("OLD 1"), "admin")
    commits = itertools.count()
    recorder.refuse = lambda kind, name: kind == "commit" and next(commits) == 1  # of the rows
    with pytest.raises(OSError, match="No space left"):
        store.imports.replace(WHITE, lines("NEW 1"), "anna")
    assert (plates(store), store.changes("import")) == (["OLD 1"], [])
    while Upkeep(store.db, TestClock()).turn():
        pass
    assert store.imports.replace(WHITE, lines("NEW 1"), "anna") == 1
    assert plates(store) == ["NEW 1"]


@pytest.mark.parametrize("rows", [2, 60])
def test_an_import_that_was_given_up_while_it_paused_changes_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    store.entries.save(entry("OLD 1"), "admin")
    clock = TestClock()
    upkeep = Upkeep(store.db, clock)
    pauses: list[float] = []

    class Time:
        monotonic = staticmethod(time.monotonic)

        @staticmethod
        def sleep(seconds: float) -> None:
            pauses.append(seconds)
            if len(pauses) == 1:  # after the first rows
                upkeep.turn()
                clock.advance(FORSAKEN_S + 1)
                while upkeep.turn():
                    pass

    monkeypatch.setattr("engine.store.steps.time", Time)
    with pytest.raises(ConfigError, match="took a pause that was too long; nothing was imported"):
        store.imports.replace(WHITE, lines(*(f"NEW {number}" for number in range(rows))), "anna")
    while upkeep.turn():
        pass
    assert (plates(store), is_listed(store, "OLD1")) == (["OLD 1"], True)
    assert [row["plate"] for row in store.db.rows("SELECT plate FROM entries")] == ["OLD 1"]
    assert store.db.rows("SELECT * FROM imports") == []


def test_an_import_that_goes_on_at_the_last_moment_is_not_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    store.db.execute("INSERT INTO imports VALUES (?, 1, 'loading', 3)", (WHITE,))
    clock = TestClock()
    upkeep = Upkeep(store.db, clock)
    upkeep.turn()
    clock.advance(FORSAKEN_S + 1)
    seen = imports.unsettled

    def then_it_goes_on(db: Database) -> dict[int, tuple[str, int]]:
        found = seen(db)
        db.execute("UPDATE imports SET steps = 4")
        return found

    monkeypatch.setattr("engine.store.upkeep.unsettled", then_it_goes_on)
    upkeep.turn(0)
    assert [tuple(row) for row in store.db.rows("SELECT phase, steps FROM imports")] == [("loading", 4)]


def test_an_import_that_takes_long_but_goes_on_is_not_given_up(store: Store) -> None:
    store.db.execute("INSERT INTO imports VALUES (?, 1, 'loading', 0)", (WHITE,))
    clock = TestClock()
    upkeep = Upkeep(store.db, clock)
    for _ in range(5):
        upkeep.turn()
        clock.advance(FORSAKEN_S - 20)
        store.db.execute("UPDATE imports SET steps = steps + 1")
        upkeep.turn()
    assert [tuple(row) for row in store.db.rows("SELECT phase, steps FROM imports")] == [("loading", 5)]
    clock.advance(FORSAKEN_S + 1)
    while upkeep.turn():
        pass
    assert store.db.rows("SELECT * FROM imports") == []


def test_a_plate_that_an_older_release_has_twice_in_two_alphabets_stays_twice_and_the_log_says_so(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    cyrillic = "\u0410\u0412 77"
    for plate in ("AB 77", cyrillic):
        key = plate.replace(" ", "")
        sql = (
            "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until) VALUES (?, ?, ?, ?, '', ?, ?)"
        )
        store.db.execute(sql, (WHITE, plate, key, key, "2000-01-01T00:00:00+00:00", "3000-01-01T00:00:00+00:00"))
    while Upkeep(store.db, TestClock()).turn():
        pass
    assert [(one.plate, is_listed(store, one.plate)) for one in store.entries(WHITE)] == [("AB 77", True), (cyrillic, True)]
    assert [record.getMessage() for record in caplog.records] == [
        f"plate {cyrillic!r} stands in its list twice, written in two ways: change or delete one"
    ]


def test_an_import_keeps_the_write_ahead_log_short(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.database.SHORT_WAL", 30_000)
    monkeypatch.setattr("engine.store.database.LONG_WAL", 300_000)
    longest, wal = 0, store.db.path.with_name(f"{store.db.path.name}-wal")

    def rows() -> Iterator[Row]:
        for number in range(3_000):
            yield number, entry(f"AB{number:05d}", ALL, description="x" * 100)

    settle = imports.settle

    def watched(*given: object) -> bool:
        nonlocal longest
        longest = max(longest, wal.stat().st_size)
        return settle(*given)  # type: ignore[arg-type]

    monkeypatch.setattr(imports, "settle", watched)
    store.imports.replace(WHITE, rows(), "anna")
    assert 300_000 < longest < 1_500_000, "without checkpoints: more than 3 MB"
    assert store.entries.count(WHITE) == 3_000


def test_a_plate_that_stands_twice_is_named_with_both_lines_also_on_one_line(store: Store) -> None:
    with pytest.raises(ConfigError) as refused:
        store.imports.replace(
            WHITE, [(7, entry("AB 1")), (8, entry("")), (7, entry("ab1")), (9, entry("CD 2")), (9, entry("AB-1"))], "a"
        )
    assert [(line, str(why)) for line, why in refused.value.rows] == [  # type: ignore[attr-defined]
        (7, "AB1 stands in line 7 already"),
        (8, "Plate: must be 1 to 20 letters and digits; spaces, hyphens and dots do not count"),
        (9, "AB-1 stands in line 7 already"),
    ]
