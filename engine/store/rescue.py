"""Rescue: a database that is damaged, emptied or gone is set aside and begun anew with the lists of its copy; or people ask for it.

SQLite's files must not be exchanged under an open connection: whoever has the database open holds PATH-open shared (`Hold`), and
who exchanges it holds that file alone. What is wrong or wanted while others have it open is written down (`ask`); all processes
look for that (`is_asked`) and end, so that the next one to open the file does it (`prepare`).
"""

from __future__ import annotations

import fcntl
import gc
import json
import logging
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import StoreDamaged, StoreError
from board.kit.files import private_in, read_again, set_aside, sync_folder, write_whole
from board.kit.from_json import from_json
from board.kit.words import Text, from_stored, to_stored
from engine.store import backup, damage
from engine.store.migrations import MIGRATIONS, carry_out, layout_version
from engine.store.refusals import problem, refused
from engine.store.salvage import salvage

log = logging.getLogger("store")

CHECK, RESET, RESTORE, EXCHANGE = "check", "reset", "restore", "exchange"
"""check: a process was told that the file is damaged; reset: a person wants an empty one; restore: the lists of a copy; exchange:
the database of a backup, with its passages."""

KEPT, UNDO = "kept", "undo"

UNSEEN = "unseen"
"""Of damage that no check finds."""

UNREAD = "unread"
"""Of a file that the card does not read."""

OTHERS_END_WITHIN_S = 15.0
AGAIN_S = 900.0
"""Damage that is told of again so soon after a check that found none is looked for in the indexes, too."""

UNREAD_S = 60.0
"""For so long it has not been read, and its copy can be: the card will not read it any more."""
FORGOTTEN_S = 600.0
"""After so long without it, a card that did not read is right again: what it never reads is asked for more often, and one that
stalls now and then must not cost a restart of all processes."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What was done to the database, for people; until somebody has taken note of it."""

    at: datetime
    text: Text


def is_asked(database: Path) -> bool:
    """Something is to be done with the file: whoever has it open ends, and is started again."""
    return _order_file(database).exists()


def ask(database: Path, what: str, name: str = "", by: str = "") -> None:
    """Writes down what the next process to open the database does before. `name`: the copy to restore; `by`: the user who wants
    it. StoreError: it cannot be written."""
    try:
        write_whole(_order_file(database), json.dumps({"do": what, "name": name, "by": by}).encode(), private_in(database.parent))
    except OSError as why:
        raise problem(database.name, why) from why


def unread(database: Path, of_rows: bool) -> None:
    """The card did not read it, just now and once more. A page in which a check finds that is damage; where not even that begins,
    this process and the next ones would try for ever. Rows that were only looked for (`of_rows`) cost nothing but themselves,
    unless the gate needs such: whoever searches old passages must not lose all of them for one that is not read. Nor does such a
    search begin the time anew in which nothing else was read either."""
    now_s = time.monotonic()
    since_s, last_s = _unread_s.get((database, of_rows), (now_s, now_s))
    if now_s - last_s > FORGOTTEN_S:
        since_s = now_s
    _unread_s[database, of_rows] = since_s, now_s
    if now_s - since_s >= UNREAD_S and not is_asked(database) and not _is_checked(database):
        _unread_s.pop((database, of_rows), None)
        if of_rows and not damage.keeps_gate_shut(database):
            return
        with suppress(StoreError):
            ask(database, CHECK, UNREAD)


_unread_s: dict[tuple[Path, bool], tuple[float, float]] = {}
"""When this process could not read them, rows or more than these: for the first time, and the last."""


def notice(database: Path) -> Notice | None:
    """What was done last, while nobody has taken note of it."""
    try:
        said = from_json(_notice_file(database).read_bytes())
        return Notice(datetime.fromisoformat(said["at"]), from_stored(said["text"]))
    except (OSError, ValueError, TypeError, LookupError):
        return None


def take_note(database: Path) -> None:
    """Somebody has read the notice."""
    with suppress(OSError):
        _notice_file(database).unlink(missing_ok=True)


def aside_of(database: Path) -> Path:
    """Where the last damaged file lies, for whoever wants to look into it."""
    return database.with_name(f"{database.name}.damaged")


def aside_files(database: Path) -> list[Path]:
    """What SQLite needs of it; only one of them may be there."""
    return [Path(f"{aside_of(database)}{suffix}") for suffix in ("", "-wal")]


class Hold:
    """Says that the database is open here, until `close` or the end of this object. `alone`: nobody else has it open, and nobody
    can open it until `share`."""

    def __init__(self, database: Path) -> None:
        """StoreError: it is being exchanged for long. A storage that takes no file of ours exchanges none either."""
        self.alone = False
        self._number = -1
        try:
            self._number = _opened(database)
        except OSError:
            return
        self.alone = _locked(self._number, fcntl.LOCK_EX, 0.0)
        if not self.alone and not _locked(self._number, fcntl.LOCK_SH, OTHERS_END_WITHIN_S):
            self.close()
            raise StoreError("database {name} is being exchanged by another process", name=database.name)

    def share(self) -> None:
        """Others may open it too from here on."""
        self.alone = False
        fcntl.flock(self._number, fcntl.LOCK_SH)

    def close(self) -> None:
        if self._number >= 0:
            os.close(self._number)
            self._number = -1

    __del__ = close


def prepare(database: Path) -> None:
    """Before it is opened: what was asked for, and what is due because the file is gone or empty. StoreError: it cannot be done."""
    try:
        if not _is_due(database):
            return
    except OSError as why:  # a worn card does not even show it
        raise problem(database.name, why) from why
    with _alone(database, _is_due) as alone:
        if not alone:
            if is_asked(database):
                raise StoreError("database {name} is to be exchanged, and another process has it open", name=database.name)
            return  # it is being made
        order = _order(database)
        try:
            for each in _folders(database):
                set_aside(each)
            if order:
                _carry_out(database, order)
                _order_file(database).unlink(missing_ok=True)
            if _is_gone(database):
                _begin_anew(database, Text("the database was gone or empty"))
        except (sqlite3.Error, OSError) as why:
            raise refused(database, why) from why


def _is_due(database: Path) -> bool:
    """Something is to be done before it is opened."""
    return is_asked(database) or _is_gone(database) or bool(_folders(database))


def _carry_out(database: Path, order: Mapping[str, str]) -> None:
    """What a person wanted, and a full storage does not take, is not tried again: the gate would stay shut meanwhile, and the
    database is as it was."""
    try:
        _DO[order["do"]](database, order.get("name", ""), order.get("by", ""))
    except (sqlite3.Error, OSError, StoreError) as why:
        if order["do"] not in (RESTORE, RESET) or _is_new(database):
            raise
        said = why if isinstance(why, StoreError) else refused(database, why)
        _tell(database, Text("not changed: {reason}", {"reason": said.text}))


def begin_anew(database: Path, why: StoreDamaged) -> None:
    """It is damaged, and not open here: it is set aside. StoreError: it cannot be."""
    with _alone(database) as alone:
        if not alone:
            ask(database, CHECK)
            raise why
        try:
            if damage.of_file(database, damage.GATES_TABLES, damage.LOOK_WITHIN_S):  # another process may have been faster
                _begin_anew(database, why.text)
            _order_file(database).unlink(missing_ok=True)
        except (sqlite3.Error, OSError) as not_done:
            raise refused(database, not_done) from not_done


# --- what is done, alone ----------------------------------------------------------------------------------------------


def _check(database: Path, name: str, by: str) -> None:
    """A process was told of damage. What is told of again soon is looked for in the indexes; of what no check finds
    (`name` UNSEEN) it is believed. A card that failed to read for a moment costs nothing."""
    checked, recent = _checked_file(database), _is_checked(database)
    found = damage.of_file(database, ("",), damage.INDEXES_WITHIN_S if recent else damage.LOOK_WITHIN_S * 20, indexes=recent)
    if not found and name == UNREAD:
        found = damage.not_read(database) or _without_wal(database)
    if not found and not (recent and name == UNSEEN):
        with suppress(OSError):  # a storage that takes no file more
            checked.touch()
        log.warning("database %s: nothing damaged is found", database.name)
        return
    checked.unlink(missing_ok=True)
    why = found if found not in ("", damage.NOT_ENDED) else Text("it said so twice")
    _begin_anew(database, Text("the database was damaged ({why})", {"why": why}))


def _reset(database: Path, name: str, by: str) -> None:
    """`name`: KEPT once what was there before is kept, so that a second try after a power cut does not keep the new one."""
    numbers: Mapping[str, int] = {}
    try:
        if name != KEPT:
            backup.make(database, backup.BEFORE, datetime.now(UTC))
        with closing(damage.connected(database)) as old:
            numbers = dict(old.execute("SELECT name, seq FROM sqlite_sequence").fetchall())
    except (sqlite3.Error, OSError) as why:
        log.error("what was there before is not kept: %s", why)
    ask(database, RESET, KEPT, by)
    fresh = _fresh(database, "", numbers)
    with closing(damage.connected(fresh)) as target:
        _note_change(target, by)
    for each in (backup.NEWEST, backup.DAILY):
        backup.file_of(database, each).unlink(missing_ok=True)
    _exchange(database, fresh, aside=False)
    _tell(database, Text("the database was reset: lists, actions, settings and passages are those of a new camera"))


def _restore(database: Path, name: str, by: str) -> None:
    about = backup.about(database, name) if name in backup.ALL else None
    if about is None or not backup.is_whole(database, name):
        _tell(database, Text("the copy of the lists is damaged: nothing was restored"))
        return
    is_new = _is_new(database)
    if not is_new and (found := damage.of_file(database, damage.GATES_TABLES, damage.LOOK_WITHIN_S) or damage.not_begun(database)):
        _begin_anew(database, Text("the database was damaged ({why})", {"why": found}))
    if not is_new:
        backup.make(database, UNDO, datetime.now(UTC))
    with closing(damage.connected(database)) as target:
        target.execute("BEGIN IMMEDIATE")
        carry_out(target, MIGRATIONS[layout_version(target) :])
        target.execute("COMMIT")
        backup.fill(target, database, name, counts_stay=not is_new)
        _note_change(target, by)
    if not is_new:
        backup.file_of(database, UNDO).replace(backup.file_of(database, backup.BEFORE))
    _tell(database, Text("lists, actions and settings are those of {at} again", {"at": _day(about.at)}))


def _take(database: Path, name: str, by: str) -> None:
    """What was there before goes, but for its lists. After a power cut the file may have been taken already."""
    source = backup.file_of(database, backup.WHOLE)
    if not source.exists():
        return
    if not _is_new(database):
        try:
            backup.make(database, backup.BEFORE, datetime.now(UTC))
        except (sqlite3.Error, OSError) as why:
            log.error("what was there before is not kept: %s", why)
    for each in (backup.NEWEST, backup.DAILY):
        backup.file_of(database, each).unlink(missing_ok=True)
    is_own = _name_of(database) == _name_of(source)
    _exchange(database, source, aside=False)
    with closing(damage.connected(database)) as target:
        target.execute("BEGIN IMMEDIATE")
        carry_out(target, MIGRATIONS[layout_version(target) :])
        backup.unname_counts(target)
        if not is_own:
            target.execute("DELETE FROM source")
        _note_change(target, by)
        target.execute("COMMIT")
    _tell(database, Text("lists, actions, settings and passages are those of a backup"))


_DO: Mapping[str, Callable[[Path, str, str], None]] = {CHECK: _check, RESET: _reset, RESTORE: _restore, EXCHANGE: _take}


def _folders(database: Path) -> list[Path]:
    """Those of SQLite's files in whose place a folder lies, as a damaged card leaves them: nothing opens the database then."""
    names = (database.name, f"{database.name}-wal", f"{database.name}-shm")
    return [path for path in map(database.with_name, names) if path.is_dir()]


def _begin_anew(database: Path, why: Text) -> None:
    name = damage.whole_copy(database)
    if not name and not database.exists():
        return  # a new camera
    fresh = _fresh(database, name, {})
    about = backup.about(database, name) if name else None
    saved = 0 if about is not None else _salvaged(fresh, database)
    _exchange(database, fresh, aside=True)
    if about is not None:
        values = {"why": why, "at": _day(about.at), "file": aside_of(database).name}
        text = Text(
            "{why}: it was set aside as {file} and begun anew with lists, actions and settings of {at}; the passages are lost",
            values,
        )
    else:
        values = {"why": why, "file": aside_of(database).name, "count": saved}
        text = Text(
            "{why}: it was set aside as {file} and begun anew with {count} plates that could still be read; there was no copy of "
            "the lists, and the passages are lost",
            values,
            one="{why}: it was set aside as {file} and begun anew with {count} plate that could still be read; there was no copy "
            "of the lists, and the passages are lost",
        )
    _tell(database, text)


def _salvaged(fresh: Path, damaged: Path) -> int:
    with closing(damage.connected(fresh)) as target:
        saved = salvage(target, damaged)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    return saved


def _fresh(database: Path, name: str, numbers: Mapping[str, int]) -> Path:
    """A new database of this release's layout beside the old one, filled from the copy `name`, synced."""
    fresh = database.with_name(f"{database.name}-fresh")
    fresh.unlink(missing_ok=True)
    os.close(os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_EXCL, private_in(database.parent)))
    with closing(sqlite3.connect(fresh, isolation_level=None)) as target:
        target.execute("PRAGMA synchronous=OFF")
        target.execute("BEGIN IMMEDIATE")
        carry_out(target, MIGRATIONS)
        target.execute("COMMIT")
        if name:
            backup.fill(target, database, name, counts_stay=False)
        for table, number in numbers.items():
            backup.keep_number(target, table, number)
    with fresh.open("rb") as file:
        os.fsync(file.fileno())
    return fresh


def _exchange(database: Path, fresh: Path, aside: bool) -> None:
    """A power cut in between leaves no database, and the copies: the next start begins anew."""
    for suffix in ("", "-wal"):
        old, kept = Path(f"{database}{suffix}"), Path(f"{aside_of(database)}{suffix}")
        if kept.is_dir():  # set aside before as what it was
            set_aside(kept)
        kept.unlink(missing_ok=True)
        if not aside:
            old.unlink(missing_ok=True)
        elif old.exists():
            old.replace(kept)
    Path(f"{database}-shm").unlink(missing_ok=True)
    fresh.replace(database)
    sync_folder(database.parent)


def _note_change(target: sqlite3.Connection, by: str) -> None:
    """Whoever asks what has changed since (exports, cameras that follow) finds that all lists may have."""
    now = datetime.now(UTC).isoformat(timespec="microseconds")
    target.execute(
        "INSERT INTO changes (at, user, subject, item_id, before, after) SELECT ?, ?, 'import', l.id, NULL, "
        "json_object('entries', (SELECT count(*) FROM entries e WHERE e.list_id = l.id)) FROM lists l",
        (now, by),
    )


def _without_wal(database: Path) -> str:
    """A WAL that the card does not read goes aside, and what was stored since the last checkpoint with it. What is wrong with the
    rest."""
    wal = Path(f"{database}-wal")
    why = damage.not_read_to_its_end(wal) if wal.exists() else ""
    if not why:
        return ""
    wal.replace(f"{aside_of(database)}-wal")
    sync_folder(database.parent)
    _tell(database, Text("the database was damaged ({why})", {"why": why}))
    return damage.of_file(database, ("",), damage.LOOK_WITHIN_S * 20)


def _is_new(database: Path) -> bool:
    """There is nothing in it yet."""
    return not database.exists() or database.stat().st_size == 0


def _is_checked(database: Path) -> bool:
    """A check has found nothing a while ago."""
    try:
        return abs(time.time() - _checked_file(database).stat().st_mtime) < AGAIN_S
    except OSError:
        return False


def _is_gone(database: Path) -> bool:
    """There is none, or an empty file, though there was one."""
    try:
        return database.stat().st_size == 0
    except FileNotFoundError:
        return backup.folder_of(database).is_dir() and any(
            backup.file_of(database, name).exists() for name in (backup.NEWEST, backup.DAILY)
        )
    except OSError:
        return False


def _name_of(database: Path) -> str:
    """By which cameras that follow know it (engine/store/following.py); "" for none."""
    with suppress(sqlite3.Error), closing(damage.connected(database)) as connection:
        row = connection.execute("SELECT id FROM source").fetchone()
        return str(row[0]) if row is not None else ""
    return ""


@contextmanager
def _alone(database: Path, is_due: Callable[[Path], bool] = lambda database: True) -> Iterator[bool]:
    """Whether nobody else has the database open, while it lasts; the others are given time to end. Who was faster has done what
    `is_due`, and has it open from then on: nobody waits for that one."""
    try:
        number = _opened(database)
    except OSError:
        yield False  # a storage that takes no file exchanges none
        return
    try:
        if not _locked(number, fcntl.LOCK_EX, 0.0):
            gc.collect()  # a database of this process that nobody uses any more and nobody has closed
        yield _locked(number, fcntl.LOCK_EX, OTHERS_END_WITHIN_S, lambda: is_due(database))
    finally:
        os.close(number)


def _opened(database: Path) -> int:
    database.parent.mkdir(parents=True, exist_ok=True)
    return os.open(database.with_name(f"{database.name}-open"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, private_in(database.parent))


def _locked(number: int, how: int, wait_s: float, is_wanted: Callable[[], bool] = lambda: True) -> bool:
    until = time.monotonic() + wait_s
    while True:
        try:
            fcntl.flock(number, how | fcntl.LOCK_NB)
            return True
        except OSError:
            if time.monotonic() >= until:
                return False
        time.sleep(0.02)
        with suppress(OSError):  # a worn card does not show it just now
            if not is_wanted():
                return False


def _order(database: Path) -> Mapping[str, str]:
    """Of `ask`; one that a power cut has damaged is a check."""
    try:
        order = from_json(read_again(_order_file(database).read_bytes))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError):
        return {"do": CHECK}
    known = isinstance(order, dict) and order.get("do") in _DO and all(isinstance(each, str) for each in order.values())
    return order if known else {"do": CHECK}


def _tell(database: Path, text: Text) -> None:
    log.error("%s", text)
    document = {"at": datetime.now(UTC).isoformat(), "text": to_stored(text)}
    try:
        write_whole(_notice_file(database), json.dumps(document).encode(), private_in(database.parent))
    except OSError as why:
        log.error("the portal will not say it: %s", why)


def _day(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M UTC")


def _checked_file(database: Path) -> Path:
    return database.with_name(f"{database.name}-checked")


def _order_file(database: Path) -> Path:
    return database.with_name(f"{database.name}-order")


def _notice_file(database: Path) -> Path:
    return database.with_name(f"{database.name}-notice")
