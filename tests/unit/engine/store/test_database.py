"""Database: migrations, several processes, damaged and newer files."""

from __future__ import annotations

import errno
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.errors import StorageFull, StoreDamaged, StoreError
from engine.store import database, migrations, refusals
from engine.store.database import Database
from tests.samples import new_store, passage


def test_the_file_is_its_owners_only_in_wal_with_foreign_keys(tmp_path: Path) -> None:
    db = Database(tmp_path / "anpr" / "anpr.db")
    assert (tmp_path / "anpr" / "anpr.db").stat().st_mode & 0o777 == 0o600
    pragmas = {name: db.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "user_version": migrations.COMPATIBLE}


def test_nothing_of_what_was_deleted_is_left_in_the_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not every SQLite is built to overwrite by itself, as Debian's is."""

    class NotOverwriting(sqlite3.Connection):
        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **more)
            self.execute("PRAGMA secure_delete=OFF")

    monkeypatch.setattr(database.sqlite3, "connect", partial(sqlite3.connect, factory=NotOverwriting))
    with closing(new_store(tmp_path)) as store:
        for number in range(30):
            store.add_passage(passage(f"AB{number}", f"of-anna-{number}"), ())
        store.db.checkpoint()
        store.passages.delete([each.rowid for each in store.passages.of_key("AB7")])
        store.db.empty_wal()
        left = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert b"of-anna-8" in left and b"of-anna-7" not in left


def test_references_are_looked_after_again_once_a_transaction_without_that_is_over(tmp_path: Path) -> None:
    db = Database(tmp_path / "anpr.db")
    with db.transaction(cascade=False):
        assert db.pragma("foreign_keys") == 0
    assert db.pragma("foreign_keys") == 1
    with pytest.raises(KeyError), db.transaction(cascade=False):
        raise KeyError
    assert db.pragma("foreign_keys") == 1


def test_damage_that_is_found_by_reading_is_named_and_written_down(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.transaction():
        for number in range(500):
            store.add_passage(passage(id=f"p{number}"), ())
    store.db.checkpoint()
    with (tmp_path / "anpr.db").open("r+b") as file:
        file.seek(8192)
        file.write(b"\xa5" * 400_000)
    with pytest.raises(StoreDamaged, match=r"database anpr.db is damaged"):
        store.db.rows("SELECT * FROM passages ORDER BY plate")
    assert store.db.is_over()


def test_a_newer_database_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    new_store(tmp_path).close()
    with sqlite3.connect(tmp_path / "anpr.db") as connection:
        connection.execute("PRAGMA user_version=99")
    with pytest.raises(StoreError, match=rf"newer release .version 99, this one knows {migrations.COMPATIBLE}"):
        new_store(tmp_path)


def test_a_failed_migration_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    new_store(tmp_path).close()

    def broken(db: object) -> None:
        db.execute("CREATE TABLE half (id INTEGER)")  # type: ignore[attr-defined]
        db.execute("INSERT INTO no_such_table VALUES (1)")  # type: ignore[attr-defined]

    monkeypatch.setattr(database, "MIGRATIONS", (*migrations.MIGRATIONS, broken))
    with pytest.raises(StoreError, match="no such table"):
        Database(tmp_path / "anpr.db")
    monkeypatch.undo()
    store = new_store(tmp_path)
    assert len(store.lists()) == 5
    assert store.db.row("SELECT 1 FROM sqlite_master WHERE name = 'half'") is None


def test_a_migration_keeps_the_data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store(tmp_path)
    store.add_passage(passage(), ())
    store.close()
    monkeypatch.setattr(
        database, "MIGRATIONS", (*migrations.MIGRATIONS, lambda db: db.execute("ALTER TABLE lists ADD COLUMN note TEXT"))
    )
    db = Database(tmp_path / "anpr.db")
    assert (db.pragma("user_version"), len(db.rows("SELECT note FROM lists"))) == (migrations.COMPATIBLE, 5)
    assert db.rows("SELECT version FROM layout")[0][0] == len(migrations.MIGRATIONS) + 1
    assert db.rows("SELECT id FROM passages")[0]["id"] == "p1"


def test_an_error_inside_a_transaction_takes_all_of_it_back(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with pytest.raises(KeyError), store.transaction():
        store.add_passage(passage(), ())
        raise KeyError
    assert store.passages.has("p1") is False
    assert store.add_passage(passage(), ()) is True


WRITER = """
import sys
import threading
from pathlib import Path
from tests.samples import new_store, passage
from board.kit.clock import Clock
store = new_store(Path(sys.argv[1]), Clock())
for number in range(50):
    store.add_passage(passage(id=f"{sys.argv[2]}-{number}"), ())
    store.counters.add("Results")
"""


def test_four_processes_start_on_an_empty_folder_and_write_at_once(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4]
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path), str(number)], cwd=root) for number in range(4)]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0, 0]
    store = new_store(tmp_path)
    assert store.counters()["Results"].value == 200
    assert store.db.rows("SELECT count(*) FROM passages")[0][0] == 200


def test_a_killed_writer_loses_no_committed_passage(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4]
    endless = WRITER.replace("range(50)", "range(100000)").replace('store.counters.add("Results")', "print(number, flush=True)")
    with subprocess.Popen(
        [sys.executable, "-c", endless, str(tmp_path), "k"], cwd=root, stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        committed = -1
        while committed < 100:
            committed = int(writer.stdout.readline())
        writer.kill()
        rest = [int(line) for line in writer.stdout.read().split()]
    committed = max([committed, *rest])
    stored = [row[0] for row in new_store(tmp_path).db.rows("SELECT id FROM passages ORDER BY rowid")]
    assert stored[: committed + 1] == [f"k-{number}" for number in range(committed + 1)]


READER = """
import sys
import threading
from pathlib import Path
from tests.samples import new_store
store = new_store(Path(sys.argv[1]))
print(store.db.rows("SELECT count(*) FROM passages")[0][0])
store.close()
"""


def test_a_second_connection_of_a_process_leaves_its_locks_in_force(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[4]

    def seen_by_another_process() -> str:
        done = subprocess.run([sys.executable, "-c", READER, str(tmp_path)], cwd=root, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    store = new_store(tmp_path)
    new_store(tmp_path).close()
    assert seen_by_another_process() == "0"  # as the last one to close it would take the WAL away
    store.add_passage(passage(), ())
    assert seen_by_another_process() == "1"


def test_who_comes_while_another_process_holds_the_file_waits_no_longer_than_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = Database(tmp_path / "anpr.db")
    now_s = 0.0

    def sleep(seconds: float) -> None:
        nonlocal now_s
        now_s += seconds

    monkeypatch.setattr(database, "time", SimpleNamespace(monotonic=lambda: now_s, sleep=sleep))

    def waits_s() -> float:
        began_s = now_s
        with pytest.raises(StoreError, match="held by another process"), db.transaction():
            pass
        return now_s - began_s

    for _ in range(2):
        with closing(sqlite3.connect(tmp_path / "anpr.db", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            assert waits_s() > 5
            assert [waits_s() < 0.1 for _ in range(3)] == [True] * 3
        with db.transaction():
            pass


def test_a_long_read_holds_up_no_write_of_the_same_process(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.add_passage(passage(), ())
    reader = store.db._borrow()
    assert reader.execute("SELECT id FROM passages").fetchone()["id"] == "p1"  # one row, and it goes on
    assert store.add_passage(passage(id="p2"), ())
    assert store.passages.has("p2")
    store.db._give_back(reader)
    with store.transaction():
        store.add_passage(passage(id="p3"), ())
        assert store.passages.has("p3")  # inside, what was written is seen
        seen: list[bool] = []
        other = threading.Thread(target=lambda: seen.append(store.passages.has("p3")))
        other.start()
        other.join()
        assert seen == [False]  # outside it is not, and nobody waits


def test_a_reader_can_write_nothing(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with pytest.raises(StoreError, match="readonly database"):
        store.db.rows("DELETE FROM lists")
    assert len(store.lists()) == 5


def test_threads_read_and_write_one_store_at_once(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    problems: list[BaseException] = []

    def work(name: int) -> None:
        try:
            for number in range(30):
                store.add_passage(passage(id=f"{name}-{number}"), ())
                assert store.passages.has(f"{name}-{number}")
        except BaseException as why:  # a thread's own error is seen by nobody else
            problems.append(why)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (problems, store.db.rows("SELECT count(*) FROM passages")[0][0]) == ([], 180)
    assert len(store.db._idle) <= database.IDLE_READERS
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.lists()


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (sqlite3.SQLITE_FULL, "storage is full: anpr.db cannot be written"),
        (sqlite3.SQLITE_BUSY_SNAPSHOT, "is held by another process"),
        (sqlite3.SQLITE_CORRUPT_VTAB, "is damaged"),
        (sqlite3.SQLITE_NOTADB, "is damaged"),
        (sqlite3.SQLITE_IOERR_WRITE, "the storage could not be read or written"),
        (sqlite3.SQLITE_READONLY_ROLLBACK, "the storage is read-only"),
        (sqlite3.SQLITE_ERROR, "database anpr.db: disk is full of locked, malformed words"),
    ],
)
def test_errors_are_told_apart_by_their_code_and_not_by_their_words(code: int, text: str) -> None:
    why = sqlite3.OperationalError("disk is full of locked, malformed words")
    why.sqlite_errorcode = code
    assert text in str(refusals.problem("anpr.db", why))


def test_a_file_system_that_is_full_or_read_only_is_named() -> None:
    assert "storage is full" in str(refusals.problem("anpr.db", OSError(errno.ENOSPC, "x")))
    assert "read-only" in str(refusals.problem("anpr.db", OSError(errno.EROFS, "x")))


def test_a_quota_which_sqlite_calls_an_io_error_is_a_full_storage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    db = Database(tmp_path / "anpr.db")
    why = sqlite3.OperationalError("disk I/O error")
    why.sqlite_errorcode = sqlite3.SQLITE_IOERR_WRITE
    assert not isinstance(db._problem(why), StorageFull), "the storage takes what is written: it is something else"

    def write_bytes(path: Path, data: bytes) -> int:
        raise OSError(errno.EDQUOT, "Disk quota exceeded")

    monkeypatch.setattr(Path, "write_bytes", write_bytes)
    assert isinstance(db._problem(why), StorageFull)
    db.close()
