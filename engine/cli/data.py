"""`engine data`: what people have entered, and by choice passages and pictures, for a backup of the whole camera, and back.

The host asks by the package's init script. `save` prints a parcel (board/kit/parcel.py): about.json ({"lists", "entries",
"passages"}), lists.db (a copy as engine/store/backup.py makes them) or, with passages, database.db, the logo, and pictures below
images/. `support` prints JSON without secrets. `check` and `take` get a folder with these files; `take` may be called again after
a power cut.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from board.kit.clock import Clock
from board.kit.errors import StoreError
from board.kit.files import space, sync_folder
from board.kit.from_json import from_json
from board.kit.parcel import NAME, Writer
from board.kit.passing import passing_folder
from board.kit.secrets import for_strangers
from board.kit.state import State
from board.kit.web.logo import logo_file
from engine.exchange.local_files import drop_others
from engine.store import backup, rescue
from engine.store.migrations import COMPATIBLE
from engine.store.refusals import problem

ABOUT, LISTS, DATABASE, LOGO, IMAGES = "about.json", "lists.db", "database.db", "logo.png", "images"
SPARE_BYTES = 8_000_000


def main(arguments: Sequence[str]) -> int:
    """0, or a GatewrightError says why not."""
    parser = argparse.ArgumentParser(prog="python -m engine data", description=__doc__)
    verbs = parser.add_subparsers(dest="verb", required=True)
    saves = verbs.add_parser("save", help="print a parcel of what is stored")
    saves.add_argument("--passages", action="store_true")
    saves.add_argument("--pictures", action="store_true", help="those of the passages, which go with them")
    checks = verbs.add_parser("check", help="say whether a folder holds what `take` takes")
    takes = verbs.add_parser("take", help="put what a folder holds in the place of what is stored")
    takes.add_argument("--by", default="", help="the user who wants it")
    for each in (saves, takes):
        each.add_argument("--state", type=Path, required=True)
    for each in (checks, takes):
        each.add_argument("folder", type=Path)
    verbs.add_parser("support", help="print what is set, without secrets, for those who help").add_argument(
        "--state", type=Path, required=True
    )
    chosen = parser.parse_args(arguments)
    if chosen.verb == "save":
        save(State(chosen.state), chosen.passages, chosen.passages and chosen.pictures)
    elif chosen.verb == "support":
        print(json.dumps(support(State(chosen.state)), default=str))
    elif chosen.verb == "check":
        print(json.dumps(check(chosen.folder)))
    else:
        os.umask(0o007)  # the host's is stricter, and what is restored belongs to the processes of the package too
        take(State(chosen.state), chosen.folder, chosen.by)
    return 0


def save(state: State, passages: bool, pictures: bool) -> None:
    """Prints the parcel, while the camera works. StoreError says why not; what was printed before is then not whole."""
    writer = Writer(sys.stdout.buffer.write)
    if not state.database.exists():
        writer.add(ABOUT, json.dumps({"lists": 0, "entries": 0, "passages": 0}).encode())
    else:
        with _copied(state.database, passages) as copy:
            writer.add(ABOUT, json.dumps(check_file(copy)).encode())
            writer.add_file(copy.name, copy)
        for name, opened in _files(state, pictures):
            try:
                file = opened()
            except OSError:
                continue  # purged meanwhile, or none
            with file:
                writer.add_read(name, file.read, os.fstat(file.fileno()).st_size)
    writer.end()
    sys.stdout.buffer.flush()


def check(folder: Path) -> dict[str, int]:
    """What the folder holds, {"lists", "entries", "passages"}; StoreError when it is damaged or of a newer release."""
    found = [folder / name for name in (LISTS, DATABASE) if (folder / name).exists()]
    if not found:
        return {"lists": 0, "entries": 0, "passages": 0}  # of a camera that was never set up
    return check_file(found[-1])


def check_file(path: Path) -> dict[str, int]:
    """The same of one file."""
    if not backup.is_whole_file(path):
        raise StoreError("{name} is damaged", name=path.name)
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro&immutable=1", uri=True)) as copy:
            version = copy.execute("PRAGMA user_version").fetchone()[0]
            if version > COMPATIBLE:
                raise StoreError("{name} is of a newer release: install that first", name=path.name)
            tables = ("lists", "entries", "passages") if path.name == DATABASE else ("lists", "entries")
            return {"passages": 0} | {name: copy.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}
    except sqlite3.Error as why:
        raise problem(path.name, why) from why


def support(state: State) -> dict[str, object]:
    """What is set and stored: numbers, switches and choices, never a text that could be a secret, no plate."""
    from board.camera import CameraSettings  # only here: a backup needs none of these, and memory is short
    from engine.actions import find_kinds
    from engine.exchange.kinds import find_jobs
    from engine.settings import GeneralSettings, LprSettings, RecorderSettings
    from engine.settings.lane import LaneSettings
    from engine.store import Store

    if not state.database.exists():
        return {}  # it was never started
    groups = (LprSettings, CameraSettings, LaneSettings, GeneralSettings, RecorderSettings)
    store = Store(state.database, Clock())
    try:
        kinds, jobs, results = find_kinds(), find_jobs(), store.rules.results()
        told = rescue.notice(state.database)
        first, last = store.passages.ends()
        return {
            "settings": {kind.key: for_strangers(kind, store.settings(kind).model_dump()) for kind in groups},
            "lists": [{"id": each.id, "role": each.role, "entries": store.count_entries(each.id)} for each in store.lists()],
            "rules": [
                {
                    "id": each.id, "list": each.list_id, "kind": each.kind, "enabled": each.enabled,
                    "options": for_strangers(kinds[each.kind].options, from_json(each.options)) if each.kind in kinds else {},
                    "last_error_at": results[each.id].error_at if each.id in results else None,
                }
                for each in store.rules()
            ],
            "jobs": [
                {
                    "id": each.id, "list": each.list_id, "kind": each.kind, "enabled": each.enabled, "interval": each.interval,
                    "options": for_strangers(jobs[each.kind].options, from_json(each.options)) if each.kind in jobs else {},
                }
                for each in store.jobs()
            ],
            "passages": {"first": first, "last": last},
            "database": {"size_bytes": store.db.size_bytes(), "notice": str(told.text) if told else ""},
        }  # fmt: skip
    finally:
        store.close()


def take(state: State, folder: Path, by: str) -> None:
    """While no process of the package runs. The files go over by their names, and the next one to open the database exchanges it
    (engine/store/rescue.py): whatever is cut off in between, a second call does the rest."""
    database = state.database
    try:
        _clear(state, folder)
        _folder(backup.folder_of(database))
        for name, kept, order in ((LISTS, backup.NEWEST, rescue.RESTORE), (DATABASE, backup.WHOLE, rescue.EXCHANGE)):
            if (folder / name).exists():
                _put(folder / name, backup.file_of(database, kept))
                sync_folder(backup.folder_of(database))
                rescue.ask(database, order, kept if order == rescue.RESTORE else "", by)
                sync_folder(database.parent)
        for path in sorted((folder / IMAGES).rglob("*.jpg")):
            target = state.images / path.relative_to(folder / IMAGES)
            _folder(target.parent)
            _put(path, target)
        if (folder / LOGO).exists():
            _folder(logo_file(state).parent)
            _put(folder / LOGO, logo_file(state))
    except OSError as why:
        raise problem(database.name, why) from why


def _clear(state: State, folder: Path) -> None:
    """What the backup knows nothing of goes: another logo, and files that an export has left here whose number is another's there,
    or nobody's. A second call has no database in the folder any more, and leaves what the first has put here."""
    copies = [folder / name for name in (LISTS, DATABASE) if (folder / name).exists()]
    if not copies:
        return
    if not (folder / LOGO).exists():
        with suppress(OSError):  # it is no reason to restore nothing
            logo_file(state).unlink(missing_ok=True)
    drop_others(state.exchange, {number for number, *_ in _jobs(copies[-1]) & _jobs(state.database)})


def _jobs(database: Path) -> set[tuple[int, int, str]]:
    """(number, list, kind) of its exports and imports; none of a database that is not there or cannot be read."""
    try:
        with closing(sqlite3.connect(f"{database.absolute().as_uri()}?mode=ro", uri=True)) as opened:
            return set(opened.execute("SELECT id, list_id, kind FROM jobs"))
    except sqlite3.Error:
        return set()


def _folder(path: Path) -> None:
    """Made when it is not there; whoever shares the folder above shares it (firmware/processes/places.py)."""
    if path.is_dir():
        return
    _folder(path.parent)
    path.mkdir()
    _share(path, path.parent, 0o2770, 0o700)


def _put(path: Path, target: Path) -> None:
    """The file under its new name; whoever shares the folder shares it."""
    _share(path, target.parent, 0o660, 0o600)
    path.replace(target)


def _share(path: Path, folder: Path, shared: int, private: int) -> None:
    found = folder.stat()
    if found.st_mode & stat.S_ISGID:
        os.chown(path, -1, found.st_gid)
    path.chmod(shared if found.st_mode & stat.S_ISGID else private)


@contextmanager
def _copied(database: Path, passages: bool) -> Iterator[Path]:
    """A copy of the database as it is at one moment, LISTS or DATABASE; gone at the end."""
    size = sum(each.stat().st_size for each in database.parent.glob(f"{database.name}*") if each.is_file())
    if space(database)[1] < size + SPARE_BYTES:
        raise StoreError("there is too little room for a copy of the database: {size_mb} MB", size_mb=size // 1_000_000 + 1)
    with passing_folder(database.parent, "copy-") as folder:
        copy = folder / (DATABASE if passages else LISTS)
        try:
            if passages:
                with closing(sqlite3.connect(database, isolation_level=None)) as source:
                    source.execute("VACUUM INTO ?", (str(copy),))  # one reader's transaction: nobody who writes waits for it
            else:
                backup.copy_to(copy, database, datetime.now(UTC))
        except (sqlite3.Error, OSError) as why:
            raise problem(database.name, why) from why
        yield copy


def _files(state: State, pictures: bool) -> Iterator[tuple[str, Callable[[], BinaryIO]]]:
    """(name in the parcel, what opens the file): the logo, and pictures day by day, those of the camera, then those of the card."""
    yield LOGO, lambda: logo_file(state).open("rb")
    if not pictures:
        return
    from engine.stored_pictures import stored_pictures

    stored, sent = stored_pictures(state), set()
    days = sorted(stored.own.glob("[0-9]*/[0-9]*/[0-9]*"))
    own = (path.relative_to(stored.own).as_posix() for day in days for path in sorted(day.glob("*.jpg")))
    for name in chain(own, stored.card.all() if stored.card else ()):
        if NAME.fullmatch(f"{IMAGES}/{name}") and name not in sent:  # one may go to the card meanwhile
            sent.add(name)
            yield f"{IMAGES}/{name}", partial(stored.open, name)
