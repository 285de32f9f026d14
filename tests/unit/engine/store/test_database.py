"""Database: migrations, several processes, damaged and newer files."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from board.kit.errors import StoreError
from engine.store import database, migrations
from engine.store.database import Database
from tests.samples import NOW, new_store, passage


def test_the_file_is_its_owners_only_in_wal_with_foreign_keys(tmp_path: Path) -> None:
    db = Database(tmp_path / "anpr" / "anpr.db")
    assert (tmp_path / "anpr" / "anpr.db").stat().st_mode & 0o777 == 0o600
    pragmas = {name: db.pragma(name) for name in ("journal_mode", "synchronous", "foreign_keys", "user_version")}
    assert pragmas == {"journal_mode": "wal", "synchronous": 1, "foreign_keys": 1, "user_version": migrations.COMPATIBLE}


def test_a_damaged_file_is_named_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "anpr.db"
    path.write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match=r"database anpr.db is damaged .*left as it is"):
        Database(path)
    assert path.read_bytes() == b"no database at all" * 100


def test_damage_in_the_middle_of_the_file_is_named_when_it_is_read(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    with store.transaction():
        for number in range(500):
            store.add_passage(passage(id=f"p{number}"), ())
    store.close()
    content = bytearray((tmp_path / "anpr.db").read_bytes())
    content[8192:] = b"\xa5" * (len(content) - 8192)
    (tmp_path / "anpr.db").write_bytes(content)
    with pytest.raises(StoreError, match=r"database anpr.db is damaged"):
        broken = new_store(tmp_path)
        broken.lookup("AB12", NOW, True)
        broken.db.rows("SELECT * FROM passages")


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
