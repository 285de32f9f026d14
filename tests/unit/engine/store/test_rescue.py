"""Rescue: a damaged, emptied or lost database works again with the lists of its copy, and what a person restores or resets."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import StorageRefused, StoreDamaged, StoreError
from engine.settings import GeneralSettings
from engine.store import Store, backup, damage, rescue
from engine.store.backup import DAY, Backup, abouts
from engine.types import PlateList
from tests.recorder import Recorder
from tests.samples import NOW, WHITE, entry, new_store, passage, rule

PLATES = 300


def filled(folder: Path) -> Store:
    folder.mkdir(exist_ok=True)
    for name, content in files_of_filled().items():
        (folder / name).write_bytes(content)
    return new_store(folder)


@cache
def files_of_filled() -> dict[str, bytes]:
    """{name: content} of a database as it is while it is used: to put in each plate takes longer than most of the tests."""
    with tempfile.TemporaryDirectory() as folder, closing(new_store(Path(folder))) as store:
        with store.transaction():
            for number in range(PLATES):
                store.save_entry(entry(f"AB{number:04}", description="x" * 40), by="ann")
        store.save_rule(rule(output="DO1", name="Gate"))
        store.settings.put(GeneralSettings(device_name="Gate north"), by="ann")
        store.add_passage(passage(), ())
        return {path.name: path.read_bytes() for path in (store.db.path, store.db.path.with_name(f"{store.db.path.name}-wal"))}


def newest_row(store: Store) -> int:
    return int(store.db.rows("SELECT max(rowid) FROM passages")[0][0])


def copied(store: Store, clock: TestClock | None = None) -> None:
    assert Backup(store.db.path, clock or TestClock()).turn(store.changes.newest())


def half(path: Path) -> bytes:
    """What a worn card or a power cut leaves."""
    cut = path.read_bytes()[: path.stat().st_size // 2]
    for suffix in ("-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
    path.write_bytes(cut)
    return cut


def of_middle(path: Path) -> bytes:
    content = bytearray(path.read_bytes())
    content[4096:] = b"\xa5" * (len(content) - 4096)
    path.write_bytes(content)
    return bytes(content)


def of_head(path: Path) -> bytes:
    content = b"no database at all" + path.read_bytes()[18:]
    path.write_bytes(content)
    return content


@pytest.mark.parametrize("damaged", [half, of_middle, of_head], ids=["half", "middle", "head"])
def test_a_damaged_database_is_set_aside_and_begun_anew_with_the_lists_of_the_copy(tmp_path: Path, damaged: object) -> None:
    store = filled(tmp_path)
    copied(store)
    newest = newest_row(store)
    store.close()
    left = damaged(tmp_path / "anpr.db")  # type: ignore[operator]
    again = new_store(tmp_path)
    assert again.count_entries(WHITE) == PLATES
    assert [each.name for each in again.rules()] == ["Gate"]
    assert again.settings(GeneralSettings).device_name == "Gate north"
    assert [match.list.role for match in again.lookup("AB0299", NOW, True)] == ["white", "all"]
    assert (tmp_path / "anpr.db.damaged").read_bytes() == left
    told = rescue.notice(tmp_path / "anpr.db")
    assert told is not None
    assert "was set aside as anpr.db.damaged and begun anew with lists, actions and settings of 2026-01-02 03:04 UTC" in str(
        told.text
    )
    again.add_passage(passage(id="after"), ())
    assert newest_row(again) > newest + 1000, "no number of a lost passage comes again"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm"])
def test_a_folder_in_the_place_of_one_of_its_files_is_set_aside(tmp_path: Path, suffix: str) -> None:
    """Nothing opened the database then, and no page could mend it."""
    store = filled(tmp_path)
    copied(store)
    store.close()
    place = tmp_path / f"anpr.db{suffix}"
    place.unlink(missing_ok=True)
    place.mkdir()
    (place / "inside").touch()
    again = new_store(tmp_path)
    assert again.count_entries(WHITE) == PLATES
    again.save_entry(entry("NEW1"), by="ann")
    assert list(tmp_path.glob(f"anpr.db{suffix}.damaged*/inside"))


def test_what_can_be_read_of_a_damaged_database_without_a_copy_is_kept(tmp_path: Path) -> None:
    filled(tmp_path).close()
    path = tmp_path / "anpr.db"
    with closing(sqlite3.connect(path)) as connection:
        root = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'entries'").fetchone()[0]
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
    content = bytearray(path.read_bytes())
    for page in range(root, pages, 9):  # now and then a page is bad
        content[page * 4096 : (page + 1) * 4096] = bytes(4096)
    path.write_bytes(content)
    again = new_store(tmp_path)
    saved = again.count_entries(WHITE)
    assert 0 < saved <= PLATES
    told = rescue.notice(tmp_path / "anpr.db")
    assert told is not None and f"with {saved} plates that could still be read" in str(told.text)


@pytest.mark.parametrize(("copy", "syncs"), [(True, 1), (False, 2)], ids=["from a copy", "salvaged"])
def test_what_is_begun_anew_is_on_the_disk_before_it_takes_the_place_of_the_damaged_one(
    tmp_path: Path, recorder: Recorder, copy: bool, syncs: int
) -> None:
    store = filled(tmp_path)
    if copy:
        copied(store)
    store.close()
    of_middle(tmp_path / "anpr.db")
    recorder.events.clear()
    new_store(tmp_path).close()
    place = recorder.events.index(("rename", "anpr.db"))
    assert recorder.events[:place].count(("sync", "anpr.db-fresh")) == syncs
    assert recorder.events[place + 1] == ("sync", f"{tmp_path.name}/")


@pytest.mark.parametrize("left", [b"", None], ids=["emptied", "gone"])
def test_an_emptied_or_lost_database_comes_back_from_the_copy(tmp_path: Path, left: bytes | None) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    if left is None:
        (tmp_path / "anpr.db").unlink()
    else:
        (tmp_path / "anpr.db").write_bytes(left)
    assert new_store(tmp_path).count_entries(WHITE) == PLATES
    told = rescue.notice(tmp_path / "anpr.db")
    assert told is not None and str(told.text).startswith("the database was gone or empty")
    rescue.take_note(tmp_path / "anpr.db")
    assert rescue.notice(tmp_path / "anpr.db") is None


def test_a_new_camera_is_told_nothing(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    new_store(tmp_path).close()
    assert rescue.notice(tmp_path / "anpr.db") is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["anpr.db", "anpr.db-open"]


@pytest.mark.parametrize("wrong", [datetime(1970, 1, 1, tzinfo=UTC), datetime(2056, 1, 1, tzinfo=UTC)], ids=["behind", "ahead"])
def test_a_clock_that_is_wrong_for_a_while_takes_the_copy_of_yesterday_away_from_nobody(tmp_path: Path, wrong: datetime) -> None:
    clock = TestClock()
    store = new_store(tmp_path, clock)
    made = Backup(store.db.path, clock)
    made.turn(store.changes.newest())
    store.save_entry(entry("HK55EVB"))
    clock.advance(DAY.total_seconds())
    made.turn(store.changes.newest())
    store.save_entry(entry("BL482KD"))
    clock.advance(3600)
    made.turn(store.changes.newest())
    assert [(each.name, each.entries) for each in abouts(store.db.path)] == [("newest", 2), ("daily", 1)]
    right, clock._now = clock.now(), wrong  # a boot without a battery, or a time server that errs
    made = Backup(store.db.path, clock)
    made.turn(store.changes.newest())
    store.save_entry(entry("AB12CDE"))
    clock._now = right + timedelta(hours=2)
    made.turn(store.changes.newest())
    assert [(each.name, each.entries) for each in abouts(store.db.path)] == [("newest", 3), ("daily", 1)]
    for _ in range(2):
        clock.advance(DAY.total_seconds())
        made.turn(store.changes.newest())
    assert [(each.name, each.entries) for each in abouts(store.db.path)] == [("newest", 3), ("daily", 3)]


def test_a_damaged_copy_is_passed_over_for_the_daily_one(tmp_path: Path) -> None:
    store, clock = filled(tmp_path), TestClock()
    made = Backup(store.db.path, clock)
    assert made.turn(store.changes.newest())
    clock.advance(timedelta(days=2).total_seconds())
    assert made.turn(store.changes.newest())
    store.close()
    newest = backup.file_of(tmp_path / "anpr.db", backup.NEWEST)
    newest.write_bytes(newest.read_bytes()[:5000])
    (tmp_path / "anpr.db").write_bytes(b"")
    assert new_store(tmp_path).count_entries(WHITE) == PLATES


def test_a_copy_is_made_when_something_has_changed_and_not_too_often(tmp_path: Path) -> None:
    store, clock = new_store(tmp_path), TestClock()
    made = Backup(store.db.path, clock)
    assert made.turn(store.changes.newest()), "there is none yet"
    store.save_entry(entry("AB1"))
    assert not made.turn(store.changes.newest()), "too soon"
    clock.advance(601)
    assert made.turn(store.changes.newest())
    clock.advance(601)
    assert not made.turn(store.changes.newest()), "nothing has changed"
    clock.advance(86_400)
    assert made.turn(store.changes.newest()), "a day is over"
    clock.advance(-700_000_000)
    assert made.turn(store.changes.newest()), "the clock was set back: its age is not known"
    assert [(each.name, each.lists, each.entries) for each in abouts(store.db.path)] == [("newest", 5, 1), ("daily", 5, 1)]


def test_a_copy_is_its_owners_only_and_holds_no_passages(tmp_path: Path) -> None:
    store = filled(tmp_path)
    copied(store)
    path = backup.file_of(store.db.path, backup.NEWEST)
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as copy:
        tables = {row[0] for row in copy.execute("SELECT name FROM sqlite_master")}
    assert "passages" not in tables and "entries" in tables


def test_an_import_under_way_is_copied_as_the_list_is_now(tmp_path: Path) -> None:
    store = filled(tmp_path)
    with store.db.transaction(cascade=False):
        store.db.execute("INSERT INTO imports (list_id, generation, phase, steps) VALUES (?, 1, 'loading', 1)", (WHITE,))
        store.db.execute(
            "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until, generation, revision) "
            "VALUES (?, 'ZZ1', 'ZZ1', 'ZZ1', '', '', '', 1, 1)",
            (-WHITE,),
        )
    copied(store)
    store.close()
    (tmp_path / "anpr.db").write_bytes(b"")
    again = new_store(tmp_path)
    assert again.count_entries(WHITE) == PLATES
    assert [match.list.role for match in again.lookup("ZZ1", NOW, True)] == ["all", "unlisted"]


def test_a_person_restores_a_copy_and_the_passages_stay(tmp_path: Path) -> None:
    store = filled(tmp_path)
    copied(store)
    before = store.changes.newest()
    store.lists.save(PlateList(0, "Guests", "white", "#00ff00"), by="ann")
    for each in store.entries(WHITE, limit=PLATES):
        store.entries.delete(each.id, by="ann")
    rescue.ask(store.db.path, rescue.RESTORE, backup.NEWEST)
    assert store.db.is_over()
    store.close()
    again = new_store(tmp_path)
    assert not again.db.is_over()
    assert again.count_entries(WHITE) == PLATES
    assert [each.name for each in again.lists()][-1] == "WISH LIST"
    assert again.passages.has("p1")
    assert again.changes.newest() > before
    assert again.save_entry(entry("NEW1")).id > PLATES
    rescue.ask(store.db.path, rescue.RESTORE, backup.BEFORE)
    again.close()
    undone = new_store(tmp_path)
    assert (undone.count_entries(WHITE), [each.name for each in undone.lists()][-1]) == (0, "Guests")


def counts(store: Store) -> dict[str, tuple[int, int, int]]:
    return {each.name: (each.capacity, each.count, each.drift) for each in store.occupancy() if each.count or each.capacity}


def test_who_is_inside_stays_inside_when_a_person_restores_a_copy(tmp_path: Path) -> None:
    """It was who was inside at the time of the copy: whoever had left since was kept out, the others were free to come in twice."""
    store = filled(tmp_path)
    store.occupancy.put(WHITE, 40, None, "ann", NOW)
    for plate in ("AB0001", "AB0002"):
        store.occupancy.enter(plate, WHITE, NOW)
    copied(store)
    guests = store.lists.save(PlateList(0, "Guests", "white"), by="ann")
    store.occupancy.leave("AB0001", WHITE, NOW + DAY)
    store.occupancy.leave("GONE", WHITE, NOW + DAY)
    store.occupancy.put(WHITE, 50, None, "ann", NOW + DAY)
    for number in range(3):
        store.occupancy.enter(f"AC000{number}", WHITE, NOW + DAY)
    store.occupancy.enter("GG1", guests.id, NOW + DAY)
    store.occupancy.put(guests.id, 9, 4, "ann", NOW + DAY)
    assert counts(store) == {"WHITELIST": (50, 3, 1), "Guests": (9, 4, 0)}
    rescue.ask(store.db.path, rescue.RESTORE, backup.NEWEST)
    store.close()
    again = new_store(tmp_path)
    assert counts(again) == {"WHITELIST": (40, 3, 1), "": (0, 4, 0)}
    assert (again.occupancy.since("AB0001"), again.occupancy.since("AB0002")) == (None, NOW)


def test_who_was_inside_when_the_copy_of_a_lost_database_was_made_is_counted_and_not_kept_out(tmp_path: Path) -> None:
    store = filled(tmp_path)
    store.occupancy.put(WHITE, 40, 5, "ann", NOW)
    for plate in ("AB0001", "AB0002"):
        store.occupancy.enter(plate, WHITE, NOW)
    copied(store)
    store.close()
    half(tmp_path / "anpr.db")
    again = new_store(tmp_path)
    assert (counts(again), again.occupancy.since("AB0001")) == ({"WHITELIST": (40, 7, 2)}, None)
    again.occupancy.leave("AB0001", WHITE, NOW + DAY)
    assert again.occupancy.of(WHITE).count == 6


def test_a_reset_leaves_a_new_camera_whose_lists_can_be_restored(tmp_path: Path) -> None:
    store = filled(tmp_path)
    copied(store)
    newest = newest_row(store)
    rescue.ask(store.db.path, rescue.RESET)
    store.close()
    fresh = new_store(tmp_path)
    assert (fresh.count_entries(WHITE), len(fresh.lists()), fresh.passages.has("p1")) == (0, 5, False)
    assert fresh.settings(GeneralSettings) == GeneralSettings()
    fresh.add_passage(passage(id="after"), ())
    assert newest_row(fresh) == newest + 1
    assert [each.name for each in abouts(store.db.path)] == ["before"]
    fresh.close()
    (tmp_path / "anpr.db").unlink()
    assert new_store(tmp_path).count_entries(WHITE) == 0, "what a person left behind comes back by itself never"


def test_a_reset_that_was_cut_short_keeps_what_was_there_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    rescue.ask(store.db.path, rescue.RESET)
    store.close()

    def cut(database: Path, text: object) -> None:
        raise KeyboardInterrupt  # the power goes after the exchange

    with monkeypatch.context() as patched:
        patched.setattr(rescue, "_tell", cut)
        with pytest.raises(KeyboardInterrupt):
            new_store(tmp_path)
    new_store(tmp_path).close()
    assert [(each.name, each.entries) for each in abouts(tmp_path / "anpr.db")] == [("before", PLATES)]


HOLDER = """
import sys, time
from pathlib import Path
from tests.samples import new_store
store = new_store(Path(sys.argv[1]))
print("open", flush=True)
while not store.db.is_over():
    time.sleep(0.01)
store.close()
print("closed", flush=True)
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has the database open until something is asked for."""
    new_store(tmp_path).close()
    root = Path(__file__).resolve().parents[4]
    process = subprocess.Popen([sys.executable, "-c", HOLDER, str(tmp_path)], cwd=root, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None and process.stdout.readline() == "open\n"
    yield process
    process.kill()
    process.communicate()


def test_the_file_is_exchanged_when_every_process_has_closed_it(tmp_path: Path, holder: subprocess.Popen[str]) -> None:
    rescue.ask(tmp_path / "anpr.db", rescue.RESET)
    new_store(tmp_path).close()
    assert holder.stdout is not None and holder.stdout.readline() == "closed\n"


def test_who_waits_to_exchange_the_file_goes_on_once_another_has_done_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that was faster has it open from then on: a gate would wait for it in vain."""
    database = tmp_path / "anpr.db"
    new_store(tmp_path).close()
    rescue.ask(database, rescue.RESET)
    faster, waits, sleep = rescue._opened(database), threading.Event(), time.sleep
    fcntl.flock(faster, fcntl.LOCK_SH)
    monkeypatch.setattr(rescue, "OTHERS_END_WITHIN_S", 3600.0)
    monkeypatch.setattr(rescue.time, "sleep", lambda seconds: waits.set() or sleep(seconds))
    slower = threading.Thread(target=rescue.prepare, args=(database,), daemon=True)
    slower.start()
    try:
        assert waits.wait(60)
        rescue._order_file(database).unlink()
        slower.join(60)
        assert not slower.is_alive()
    finally:
        os.close(faster)  # ends the one that waits in any case
        slower.join()


def test_damage_found_while_the_camera_runs_is_looked_into_at_the_next_start(tmp_path: Path) -> None:
    store = filled(tmp_path)
    copied(store)
    found = store.db._problem(_corrupt())
    assert isinstance(found, StoreDamaged) and store.db.is_over()
    store.close()
    again = new_store(tmp_path)
    assert again.count_entries(WHITE) == PLATES and rescue.notice(again.db.path) is None, "the file is whole"
    again.db._problem(_corrupt())
    again.close()
    assert new_store(tmp_path).count_entries(WHITE) == PLATES
    told = rescue.notice(tmp_path / "anpr.db")
    assert told is not None and "it said so twice" in str(told.text), "an index that no check looks into"


def test_a_card_that_fails_to_read_now_and_then_costs_no_passages(tmp_path: Path) -> None:
    """SQLite calls what could not be read damaged; two such errors within a quarter of an hour set all passages aside."""
    store = filled(tmp_path)
    copied(store)
    for _ in range(3):
        store.db._problem(_corrupt(sqlite3.SQLITE_CORRUPT))
        store.close()
        store = new_store(tmp_path)
        assert newest_row(store) == 1 and rescue.notice(store.db.path) is None


def test_an_index_that_does_not_hold_what_its_table_does_is_found_when_it_is_told_of_again(tmp_path: Path) -> None:
    store = filled(tmp_path)
    copied(store)
    sql = "SELECT name, rootpage FROM sqlite_master WHERE type = 'index' AND tbl_name = 'passages' AND sql LIKE '%(at%'"
    index, page = store.db.rows(sql)[0]
    size = store.db.pragma("page_size")
    store.close()
    content = (tmp_path / "anpr.db").read_bytes()
    before, its = content[: (page - 1) * size], content[(page - 1) * size : page * size]
    assert b"2026-01-02" in its
    (tmp_path / "anpr.db").write_bytes(before + its.replace(b"2026-01-02", b"2025-01-02") + content[page * size :])
    for _ in range(2):
        store = new_store(tmp_path)
        assert rescue.notice(store.db.path) is None, "no check of a table finds it"
        store.db._problem(_corrupt(sqlite3.SQLITE_CORRUPT))
        store.close()
    assert new_store(tmp_path).count_entries(WHITE) == PLATES
    told = rescue.notice(tmp_path / "anpr.db")
    assert told is not None and index in str(told.text)


@pytest.mark.parametrize("limit", ["LOOK_WITHIN_S", "INDEXES_WITHIN_S"])
def test_a_check_of_the_indexes_has_more_time_and_one_that_is_not_ended_does_not_tell_that_nothing_is_damaged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    """It had 20 s, as the one before it that looks into the tables alone: a board on which those of many passages take longer
    lost all of them to a card that failed to read twice within a quarter of an hour."""
    store = filled(tmp_path)
    copied(store)
    for _ in range(2):
        store.db._problem(_corrupt(sqlite3.SQLITE_CORRUPT))
        store.close()
        monkeypatch.setattr(damage, limit, -1.0)
        store = new_store(tmp_path)
    told = rescue.notice(tmp_path / "anpr.db")
    if limit == "LOOK_WITHIN_S":
        assert told is None and newest_row(store) == 1
    else:
        assert told is not None and "it said so twice" in str(told.text)


def test_what_the_card_did_not_read_once_is_read_once_more(tmp_path: Path) -> None:
    store = filled(tmp_path)

    class Failing:
        """A connection whose card fails once."""

        def __init__(self) -> None:
            self.real = store.db._open_reader()
            self.fails = [_corrupt(sqlite3.SQLITE_CORRUPT)]

        def execute(self, *arguments: Any) -> Any:
            if self.fails:
                raise self.fails.pop()
            return self.real.execute(*arguments)

        def close(self) -> None:
            self.real.close()

    failing = Failing()
    store.db._idle[:] = [failing]  # type: ignore[list-item]
    assert store.count_entries(WHITE) == PLATES
    assert not failing.fails and not store.db.is_over()


@pytest.mark.parametrize("times", [1, 2])
def test_a_check_whose_reading_fails_once_finds_no_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    store = filled(tmp_path)
    copied(store)
    store.db._problem(_corrupt())
    store.close()
    fails, real = ["unable to get the page. error code=10"] * times, damage.of_tables
    monkeypatch.setattr(damage, "of_tables", lambda *arguments: fails.pop() if fails else real(*arguments))
    again = new_store(tmp_path)
    assert (rescue.notice(again.db.path) is None) is (times == 1)


def test_a_card_that_reads_nothing_for_a_moment_as_the_database_is_opened_costs_no_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path).close()
    real, opened, waited = damage.of_tables, Path.open, list[float]()

    def read(path: Path, *arguments: Any, **named: Any) -> Any:
        if path.name == "anpr.db" and not waited:
            raise OSError(errno.EIO, "Input/output error")
        return opened(path, *arguments, **named)

    def found(*arguments: Any, **named: Any) -> str:
        return real(*arguments, **named) if waited else "Page 21: unable to get the page. error code=266"

    monkeypatch.setattr(damage, "of_tables", found)
    monkeypatch.setattr(Path, "open", read)
    monkeypatch.setattr(time, "sleep", waited.append)
    store = new_store(tmp_path)
    assert (newest_row(store), waited) == (1, [damage.MOMENT_S])
    assert rescue.notice(store.db.path) is None


def test_a_database_that_a_worn_card_does_not_even_show_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(tmp_path).close()
    real = Path.stat

    def stat(path: Path, *arguments: Any, **named: Any) -> Any:
        if path == tmp_path / "anpr.db":
            raise OSError(errno.EIO, "Input/output error")
        return real(path, *arguments, **named)

    with monkeypatch.context() as worn:
        worn.setattr(Path, "stat", stat)
        with pytest.raises(StorageRefused, match="cannot be opened"):
            new_store(tmp_path)
    assert new_store(tmp_path).count_entries(WHITE) == PLATES


def test_an_order_that_a_card_does_not_read_for_a_moment_is_carried_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The copy that a person wanted restored was forgotten."""
    store = filled(tmp_path)
    copied(store)
    for each in store.entries(WHITE, limit=PLATES):
        store.entries.delete(each.id, by="ann")
    rescue.ask(store.db.path, rescue.RESTORE, backup.NEWEST)
    store.close()
    real, refused = Path.read_bytes, list[Path]()

    def read(path: Path) -> bytes:
        if not refused:
            refused.append(path)
            raise OSError(errno.EIO, "Input/output error")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", read)
    assert new_store(tmp_path).count_entries(WHITE) == PLATES
    assert [path.name for path in refused] == ["anpr.db-order"]


class Worn:
    """A card that does not read one file any more, wherever that goes."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, bad: Path) -> None:
        number, connect, opened = bad.stat().st_ino, sqlite3.connect, Path.open
        real, self.now_s, self.stalls = time.monotonic, 0.0, True

        def is_bad(name: str) -> bool:
            path = Path(name)
            return self.stalls and path.exists() and path.stat().st_ino == number

        def connected(name: Any, *arguments: Any, **named: Any) -> Any:
            path = str(name).removeprefix("file:").partition("?")[0]
            if is_bad(path) or ("immutable" not in str(name) and is_bad(f"{path}-wal")):
                raise _corrupt(sqlite3.SQLITE_IOERR_READ)
            return connect(name, *arguments, **named)

        def read(path: Path, *arguments: Any, **named: Any) -> Any:
            if is_bad(str(path)):
                raise OSError(errno.EIO, "Input/output error")
            return opened(path, *arguments, **named)

        monkeypatch.setattr(sqlite3, "connect", connected)
        monkeypatch.setattr(Path, "open", read)
        monkeypatch.setattr(time, "monotonic", lambda: real() + self.now_s)
        monkeypatch.setattr(damage, "MOMENT_S", 0.0)


def test_a_database_that_the_card_never_reads_again_is_begun_anew_from_its_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    worn = Worn(monkeypatch, tmp_path / "anpr.db")
    for worn.now_s in (0.0, 50.0, 100.0):
        with pytest.raises(StorageRefused, match="could not be read"):
            new_store(tmp_path)
    assert new_store(tmp_path).count_entries(WHITE) == PLATES
    assert (tmp_path / "anpr.db.damaged").exists()
    told = rescue.notice(tmp_path / "anpr.db")
    assert told is not None and "Input/output error" in str(told.text)


def test_a_card_that_stalls_now_and_then_ends_no_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store, real = filled(tmp_path), time.monotonic
    for after_s in (0.0, 1.0, 1200.0, 1201.0, 2400.0):
        monkeypatch.setattr(time, "monotonic", lambda after_s=after_s: real() + after_s)
        store.db._problem(_corrupt(sqlite3.SQLITE_IOERR_READ))
    assert not store.db.is_over()


@pytest.mark.parametrize("bad", ["anpr.db", "anpr.db-wal"])
@pytest.mark.parametrize("order", [rescue.CHECK, rescue.RESTORE])
def test_a_card_that_stalls_just_as_the_database_is_looked_through_costs_no_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, order: str, bad: str
) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    with suppress(FileExistsError):
        (tmp_path / bad).touch(exist_ok=False)
    rescue.ask(tmp_path / "anpr.db", order, {rescue.CHECK: rescue.UNREAD, rescue.RESTORE: backup.NEWEST}[order])
    worn = Worn(monkeypatch, tmp_path / bad)
    monkeypatch.setattr(time, "sleep", lambda seconds: setattr(worn, "stalls", False))
    with suppress(StorageRefused):  # what needs the database at once is tried again
        new_store(tmp_path).close()
    worn.stalls = False
    assert newest_row(new_store(tmp_path)) == 1
    assert not (tmp_path / "anpr.db.damaged").exists() and not (tmp_path / "anpr.db.damaged-wal").exists()


def test_a_search_that_meets_rows_which_the_card_does_not_read_costs_no_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless the gate needs such rows."""

    class Unread:
        def execute(self, *_: object) -> None:
            raise _corrupt(sqlite3.SQLITE_IOERR_READ)

        def close(self) -> None:
            pass

    store, real = filled(tmp_path), time.monotonic
    monkeypatch.setattr(store.db, "_borrow", Unread)

    def search_often() -> None:
        for after_s in (0.0, 70.0, 140.0, 210.0):
            monkeypatch.setattr(time, "monotonic", lambda after_s=after_s: real() + after_s)
            with pytest.raises(StorageRefused, match="could not be read"):
                store.db.rows("SELECT * FROM passages")

    search_often()
    assert not store.db.is_over()
    monkeypatch.setattr(damage, "of_tables", lambda *_: "Page 21: unable to get the page. error code=266")
    search_often()
    assert store.db.is_over()


@pytest.mark.parametrize("of_rows", [True, False])
def test_a_database_of_which_nothing_is_read_any_more_is_looked_into_however_often_rows_are_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, of_rows: bool
) -> None:
    """Also where its beginning is read, and what is to be written meets the damage."""
    store = filled(tmp_path)

    def unread(*_: object) -> sqlite3.Connection:
        raise _corrupt(sqlite3.SQLITE_IOERR_READ)

    if of_rows:
        monkeypatch.setattr(damage, "connected", unread)
    for now_s in range(10_000, 10_300, 10):
        monkeypatch.setattr(time, "monotonic", lambda now_s=now_s: float(now_s))
        rescue.unread(store.db.path, of_rows=True)
        if not of_rows and now_s % 50 == 20:
            rescue.unread(store.db.path, of_rows=False)
    assert store.db.is_over()


def test_a_wal_that_the_card_never_reads_again_goes_aside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    (tmp_path / "anpr.db-wal").write_bytes(b"unread")
    worn = Worn(monkeypatch, tmp_path / "anpr.db-wal")
    for worn.now_s in (0.0, 70.0):
        store.db._problem(_corrupt(sqlite3.SQLITE_IOERR_READ))
    assert store.db.is_over()
    again = new_store(tmp_path)
    assert (again.count_entries(WHITE), newest_row(again)) == (PLATES, 1)
    again.db.execute("DELETE FROM passages")
    assert (tmp_path / "anpr.db.damaged-wal").stat().st_size == len(b"unread")


def test_a_person_restores_the_copy_of_a_database_that_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    rescue.ask(tmp_path / "anpr.db", rescue.RESTORE, backup.NEWEST, "anna")
    Worn(monkeypatch, tmp_path / "anpr.db")
    assert new_store(tmp_path).count_entries(WHITE) == PLATES


def test_a_card_that_stalls_as_the_copies_are_looked_for_costs_no_lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    (tmp_path / "anpr.db").write_bytes(b"damaged" * 4096)
    worn = Worn(monkeypatch, backup.file_of(tmp_path / "anpr.db", backup.NEWEST))
    monkeypatch.setattr(time, "sleep", lambda seconds: setattr(worn, "stalls", False))
    assert new_store(tmp_path).count_entries(WHITE) == PLATES


def test_a_person_restores_the_lists_beside_passages_that_are_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = filled(tmp_path)
    copied(store)
    store.close()
    rescue.ask(tmp_path / "anpr.db", rescue.RESTORE, backup.NEWEST, "anna")
    monkeypatch.setattr(damage, "not_read_to_its_end", lambda path: "Input/output error")
    again = new_store(tmp_path)
    assert (again.count_entries(WHITE), newest_row(again)) == (PLATES, 1)


def _corrupt(code: int = sqlite3.SQLITE_CORRUPT_VTAB) -> sqlite3.Error:
    why = sqlite3.DatabaseError("vtable damaged")
    why.sqlite_errorcode = code
    return why


# --- a storage that takes nothing -------------------------------------------------------------------------------------


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB of its own."""
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "gatewright-test", str(tmp_path)], capture_output=True, text=True
    )
    if mounted.returncode:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    try:
        yield tmp_path
    finally:
        subprocess.run(["umount", "-l", str(tmp_path)], check=True)


def remount(folder: Path, how: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{how}", str(folder)], check=True)


def test_a_read_only_storage_is_read_and_written_again_when_it_takes_something(small: Path) -> None:
    filled(small).close()
    remount(small, "ro")
    store = new_store(small)
    assert [match.list.role for match in store.lookup("AB0001", NOW, True)] == ["white", "all"]
    with pytest.raises(StorageRefused, match="read-only"):
        store.add_passage(passage(id="later"), ())
    assert store.passages.has("p1") and not store.passages.has("later")
    remount(small, "rw")
    store.db._tried_s = 0.0
    assert store.add_passage(passage(id="later"), ()) is True
    assert store.passages.has("later")
    store.close()


@pytest.mark.parametrize("what", [rescue.RESTORE, rescue.RESET])
def test_what_a_person_wants_of_a_full_storage_keeps_no_gate_shut(small: Path, what: str) -> None:
    store = filled(small)
    backup.make(store.db.path, backup.NEWEST, NOW)
    store.close()
    rescue.ask(small / "anpr.db", what, backup.NEWEST if what == rescue.RESTORE else "", "anna")
    with suppress(OSError), (small / "full").open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass
    store = new_store(small)
    assert (store.count_entries(WHITE), newest_row(store), store.db.is_over()) == (PLATES, 1, False)
    (small / "full").unlink()
    store.add_passage(passage(id="p2"), ())
    assert newest_row(store) == 2


def test_a_storage_that_is_full_at_the_start_is_read(small: Path) -> None:
    filled(small).close()
    with (small / "fills").open("wb", buffering=0) as file:
        try:
            while file.write(bytes(4096)):
                pass
        except OSError:
            pass
    store = new_store(small)
    assert [match.list.role for match in store.lookup("AB0001", NOW, True)] == ["white", "all"]
    with pytest.raises(StoreError):
        store.add_passage(passage(id="later"), ())
    (small / "fills").unlink()
    store.db._tried_s = 0.0
    assert store.add_passage(passage(id="later"), ()) is True
    store.close()
