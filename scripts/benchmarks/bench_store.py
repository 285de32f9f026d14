"""Store: how long the gate's commit takes, alone and while a list is imported; look-ups, Review and collisions in full tables.

The data is drawn at random and written straight into the tables, without their triggers and indexes, which are made again after it.
"""

from __future__ import annotations

import gc
import random
import sqlite3
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from board.kit.clock import Clock
from engine.actions import Lane, find_kinds
from engine.dispatch.intake import Intake
from engine.lists import EARLIEST, LATEST, fold, variants
from engine.lists.collisions import numbers
from engine.risk import risk
from engine.store import PassageQuery, Store
from engine.store.database import Database
from engine.store.migrations import MIGRATIONS, folded_of, kind_of, place_of
from engine.store.rows import stamp
from engine.store.upkeep import Upkeep
from engine.types import ActionRule, ListEntry, Passage, PassageImages, WeekSchedule

IMPORTED = 110_000
ENTRIES = 1_000_000
PASSAGES = 1_000_000
COLLIDING = 100_000
OLD_PASSAGES = 200_000
IDLE_COMMITS = 1_500
LOOKUPS = 20_000
FEWER = 5_000
WILDCARDS = (100, 1000)
PAGES = 40
LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
ALL, UNLISTED, BLACK, WHITE = 1, 2, 3, 4
NEWEST = datetime(2026, 11, 1, tzinfo=UTC)
EVERY_S = 30
"""Between two passages."""

INSERT_PASSAGE = (
    "INSERT INTO passages (id, plate, key, confidence, country, region, lane, direction, char_height_px, at, monotonic_ns, "
    "trigger_id, trigger_cause, votes, box, size, image_full, image_plate) "
    "VALUES (?, ?, ?, 93.4, 'DE', '', 0, 'approach', 31.5, ?, 1, '', '', 2, '[512, 430, 178, 50]', '[1280, 960]', '', '')"
)

Say = Callable[[str], None]

IMPORTER = """
import sys
from pathlib import Path
from board.kit.clock import Clock
from engine.store import Store
from scripts.benchmarks.bench_store import WHITE, rows
store = Store(Path(sys.argv[1]), Clock(), checkpoints=False)
print("ready", flush=True)
sys.stdin.readline()
store.imports.replace(WHITE, rows(int(sys.argv[2])), "bench")
"""


def measure(say: Say) -> dict[str, object]:
    """All figures; `say` gets what is being done."""
    figures: dict[str, object] = {}
    with TemporaryDirectory() as folder:
        figures |= _commits(Path(folder) / "commits.db", say)
    with TemporaryDirectory() as folder:
        figures |= _upgrade(Path(folder) / "old.db", say)
    with TemporaryDirectory() as folder:
        figures |= entries(Path(folder) / "entries.db", say)
    with TemporaryDirectory() as folder:
        figures |= _pages(Path(folder) / "passages.db", say)
    return figures


# --- the gate's commit ------------------------------------------------------------------------------------------------


def _commits(path: Path, say: Say) -> dict[str, object]:
    with closing(Store.of_gate(path, Clock())) as store:
        store.save_rule(ActionRule(0, ALL, "gate", "io", True, WeekSchedule(), "{}"), "bench")
        plates = [entry.plate for _, entry in rows(2_000)]
        say("the gate's commit, alone")
        idle = commits_taken(store, plates, lambda count: count < IDLE_COMMITS)
        say(f"the gate's commit while {IMPORTED} entries are imported")
        command = [sys.executable, "-c", IMPORTER, str(path), str(IMPORTED)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as importer:
            assert importer.stdin and importer.stdout
            importer.stdout.readline()
            importer.stdin.write("go\n")
            importer.stdin.flush()
            begun = time.monotonic()
            loaded = commits_taken(store, plates, lambda count: importer.poll() is None)
            took_s = time.monotonic() - begun
        listed = store.entries.count(WHITE)
    return {
        "gate_commit_ms": percentiles(idle, 1e3),
        "gate_commit_during_import_ms": percentiles(loaded, 1e3),
        "commits_during_import": len(loaded),
        "imported": listed,
        "import_s": round(took_s, 1),
    }


class _NoWorkers:
    def wake(self, deliveries: int = 1) -> None:
        pass


def commits_taken(store: Store, plates: Sequence[str], go_on: Callable[[int], bool]) -> list[float]:
    """Seconds that each passage took from its arrival to its commit, a few milliseconds apart."""
    clock = Clock()
    workers: Any = {lane: _NoWorkers() for lane in Lane}
    intake = Intake(store, find_kinds(), workers, clock)
    draw = random.Random(7)
    times: list[float] = []
    while go_on(len(times)):
        passage = _passage(str(uuid.uuid4()), draw.choice(plates), clock.now())
        begun = time.perf_counter()
        intake.take(passage)
        times.append(time.perf_counter() - begun)
        time.sleep(draw.uniform(0.002, 0.01))
    return times


# --- an old database --------------------------------------------------------------------------------------------------


def _upgrade(path: Path, say: Say) -> dict[str, object]:
    """How long the first opening takes, and the gate's commit while the rest is done in the background as the service does it."""
    say(f"an old database with {OLD_PASSAGES} passages and {COLLIDING} entries")
    _old_database(path)
    begun = time.perf_counter()
    store = Store(path, Clock(), checkpoints=False)
    opened_s = time.perf_counter() - begun
    with closing(store), closing(Store(path, Clock(), checkpoints=False)) as keeper:
        upkeep = Upkeep(keeper.db, Clock())
        done = threading.Event()

        def keep() -> None:
            while upkeep.turn():
                time.sleep(0.1)
            done.set()

        begun = time.perf_counter()
        threading.Thread(target=keep, daemon=True).start()
        times = commits_taken(store, [entry.plate for _, entry in rows(2_000)], lambda count: not done.is_set())
        took_s = time.perf_counter() - begun
        pages = store.passages.page(PassageQuery(), 1, 25).total
    return {
        "upgrade_opening_ms": round(opened_s * 1e3, 1),
        "gate_commit_during_upgrade_ms": {**percentiles(times, 1e3), "longest": round(max(times) * 1e3, 1)},
        "upgrade_in_background_s": round(took_s, 1),
        "upgraded": pages > 0,
    }


def _old_database(path: Path) -> None:
    """Version 2 of the layout, as the release before had it."""
    import sqlite_utils

    with closing(sqlite3.connect(path)) as connection:
        for migrate in MIGRATIONS[:2]:
            migrate(sqlite_utils.Database(connection))
        connection.execute("PRAGMA user_version=2")
        connection.execute("PRAGMA journal_mode=WAL")
        limits = stamp(EARLIEST), stamp(LATEST)
        connection.executemany(
            "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until) VALUES (?, ?, ?, ?, '', ?, ?)",
            [(WHITE, entry.plate, entry.plate, fold(entry.plate), *limits) for _, entry in rows(COLLIDING)],
        )
        draw = random.Random(2)
        connection.executemany(INSERT_PASSAGE, _drawn(OLD_PASSAGES, [made_up_plate(draw) for _ in range(OLD_PASSAGES // 5)]))
        for list_id in (ALL, UNLISTED):
            connection.execute(f"INSERT INTO passage_lists SELECT rowid, {list_id}, 'L', 'white', '', NULL, 0 FROM passages")
        connection.commit()


# --- lists ------------------------------------------------------------------------------------------------------------


def entries(path: Path, say: Say) -> dict[str, object]:
    """Look-ups one after the other, each timed by itself, of plates drawn from the whole list, while the system holds the file in
    memory; percentiles of all of them. `cpu`: the processor's time, which other programs of a busy machine lengthen less. `spun`: a
    loop that touches nothing and takes as long as the middle look-up; what its 99th percentile is above that, the machine took.
    `slow_again`: whether the slow ones are slow by themselves."""
    figures: dict[str, Any] = {}
    plates = sorted(entry.plate for _, entry in rows(ENTRIES))
    with closing(Store.of_gate(path, Clock())) as store:
        some = plates[:: ENTRIES // COLLIDING]
        say(f"collisions of {len(some)} plates")
        fill_entries(store.db, some)
        figures["collisions_ms"] = percentiles(_timed(lambda: store.entries.collisions(0, 26), 10), 1e3)
        figures["collisions_found"] = len(store.entries.collisions(0, 26))
        say(f"look-ups among {len(plates)} plates")
        store.db.execute("DELETE FROM entries")
        fill_entries(store.db, plates)
        draw = random.Random(3)
        listed = [draw.choice(plates) for _ in range(LOOKUPS)]
        known = set(plates)
        misread = [text for text in (draw.choice(variants(plate) or (plate,)) for plate in listed) if text not in known]
        gc.freeze()  # no process of the camera holds a million texts, which its collector would walk over
        now = Clock().now()
        for plate in listed[:2_000]:
            store.lookup(plate, now, True)
        for name, asked in (("exact", listed), ("confusion", misread)):
            for shown, clock in (("us", time.perf_counter), ("cpu_us", time.thread_time)):
                times = _each(asked, lambda plate: store.lookup(plate, now, True), clock)
                figures[f"lookup_{name}_{shown}"] = percentiles(times, 1e6)
        figures["lookup_exact_slow_again_pct"] = _slow_again(
            *(_each(listed, lambda plate: store.lookup(plate, now, True)) for _ in "12")
        )
        figures["same_time_spun_us"] = percentiles(_spun(figures["lookup_exact_us"]["50"]), 1e6)
        figures["entries"] = len(plates)
        for number in WILDCARDS:
            say(f"look-ups beside {number} wildcards")
            for _ in range(number - len(store.entries.wildcards())):
                store.entries.save(ListEntry(0, BLACK, _wildcard(draw), "", EARLIEST, LATEST), "bench")
            times = _each(listed[:FEWER], lambda plate: store.lookup(plate, now, True))
            figures[f"lookup_exact_{number}_wildcards_us"] = percentiles(times, 1e6)
        say("the risk of the list")
        figures["risk_s"] = round(_timed(lambda: risk(store, store.lists.get(WHITE), ("DE",)), 1)[0], 1)
    return figures


def _slow_again(first: list[float], second: list[float]) -> float:
    """How many percent of the slowest hundredth of the first times are of that of the second, too; 1 by chance."""
    slow = [
        {place for place, _ in sorted(enumerate(times), key=lambda each: each[1])[-len(times) // 100 :]}
        for times in (first, second)
    ]
    return round(100 * len(slow[0] & slow[1]) / len(slow[0]), 1)


def _spun(middle_us: float) -> list[float]:
    """Seconds of each of LOOKUPS empty loops that take about `middle_us`."""

    def spin(_: object) -> None:
        for _ in turns:
            pass

    turns = range(1_000)
    middle = sorted(_each([None] * FEWER, spin))[FEWER // 2]
    turns = range(round(1_000 * middle_us / 1e6 / middle))
    return _each([None] * LOOKUPS, spin)


def rows(number: int) -> Iterator[tuple[int, ListEntry]]:
    """Entries as an import gives them, the same each time."""
    draw = random.Random(number)
    known: set[str] = set()
    while len(known) < number:
        plate = made_up_plate(draw)
        if plate not in known:
            known.add(plate)
            yield len(known), ListEntry(0, WHITE, plate, "", EARLIEST, LATEST)


def made_up_plate(draw: random.Random) -> str:
    return f"{''.join(draw.choices(LETTERS, k=4))}{draw.randrange(10_000):04}"


def _wildcard(draw: random.Random) -> str:
    """A plate of which some characters are left open; none is there twice."""
    plate = made_up_plate(draw)
    return f"{plate[:5]}*" if draw.random() < 0.5 else f"{plate[:3]}??{plate[5:]}"


def fill_entries(db: Database, plates: Sequence[str]) -> None:
    limits = stamp(EARLIEST), stamp(LATEST)
    with _bare(db, "entries"):
        db.execute_many(
            "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until, number26, number34, revision) "
            "VALUES (?, ?, ?, ?, '', ?, ?, ?, ?, 1)",
            [(WHITE, plate, plate, fold(plate), *limits, *numbers(plate, None, None)) for plate in plates],
        )


# --- passages ---------------------------------------------------------------------------------------------------------


def _pages(path: Path, say: Say) -> dict[str, object]:
    say(f"{PASSAGES} passages are written")
    with closing(Store(path, Clock(), checkpoints=False)) as store:
        plates = fill_passages(store.db, say)
        say("pages of Review")
        draw = random.Random(5)
        since, until = NEWEST - timedelta(seconds=EVERY_S * PASSAGES * 0.8), NEWEST - timedelta(seconds=EVERY_S * PASSAGES * 0.1)
        times: dict[str, list[float]] = {"first": [], "middle": [], "last": []}
        found = []
        for _ in range(PAGES):
            plate = draw.choice(plates)
            start = draw.randrange(len(plate) - 3)
            query = PassageQuery(since=since, until=until, plate=plate[start : start + draw.choice((3, 3, 4))], list_id=WHITE)
            last = store.passages.page(query, 1, 25).last
            found.append(store.passages.page(query, 1, 25).total)
            for name, number in (("first", 1), ("middle", (last + 1) // 2), ("last", last)):
                times[name] += _timed(lambda query=query, number=number: store.passages.page(query, number, 25), 1)  # type: ignore[misc]
        figures: dict[str, object] = {f"review_{name}_page_ms": percentiles(each, 1e3) for name, each in times.items()}
        everything = PassageQuery(since=since, until=until)
        deep = (("first", 1), ("middle", 200), ("last", 400))
        figures["review_without_text_ms"] = {
            name: round(max(_timed(lambda number=number: store.passages.page(everything, number, 25), 5)) * 1e3, 1)  # type: ignore[misc]
            for name, number in deep
        }
        figures["oldest_page_ms"] = percentiles(_timed(lambda: store.passages.oldest(everything, 25), 10), 1e3)
        figures["passages"], figures["passages_found_at_most"] = PASSAGES, max(found)
    return figures


LISTED_PASSAGES = ((ALL, "1"), (WHITE, "rowid % 5 = 0"), (UNLISTED, "rowid % 5 > 0"))
"""Lists, and SQL of the passages that matched them."""


def fill_passages(db: Database, say: Say) -> list[str]:
    draw = random.Random(11)
    known = [made_up_plate(draw) for _ in range(PASSAGES // 5)]
    places = place_of("p")
    with _bare(db, "passages", "passage_lists"):
        db.execute_many(INSERT_PASSAGE, _drawn(PASSAGES, known))
        for list_id, condition in LISTED_PASSAGES:
            sql = f"INSERT INTO passage_lists SELECT rowid, {list_id}, 'L', 'white', '', NULL, 0 FROM passages WHERE {condition}"
            db.execute(sql)
            sql = f"INSERT INTO list_places SELECT {list_id}, {places} FROM passages p WHERE {condition} ORDER BY rowid"
            db.execute(sql)
        db.execute("UPDATE passages SET lane = 1 + rowid % 2, outcome = CASE rowid % 7 WHEN 0 THEN 'refused' ELSE 'opened' END")
        db.execute(f"INSERT INTO kind_places SELECT {kind_of('p')}, {places} FROM passages p ORDER BY 1, 2")
        for list_id, condition in LISTED_PASSAGES:
            sql = (
                f"INSERT INTO list_kinds SELECT {list_id}, {kind_of('p')}, {places} FROM passages p WHERE {condition} ORDER BY 2, 3"
            )
            db.execute(sql)
        say("their trigrams")
        db.execute(f"INSERT INTO passage_places SELECT {places}, rowid FROM passages p ORDER BY rowid")
        db.execute(f"INSERT INTO passage_grams (rowid, folded) SELECT {places}, {folded_of('p')} FROM passages p ORDER BY rowid")
    return known


def _drawn(number: int, plates: Sequence[str]) -> list[tuple[str, str, str, str]]:
    """Values of INSERT_PASSAGE."""
    drawn = random.Random(13).choices(plates, k=number)
    first = NEWEST - timedelta(seconds=EVERY_S * number)
    return [(f"p{place}", plate, plate, stamp(first + timedelta(seconds=EVERY_S * place))) for place, plate in enumerate(drawn)]


@contextmanager
def _bare(db: Database, *tables: str) -> Iterator[None]:
    """One transaction in which the tables have neither triggers nor indexes of their own."""
    marks = ", ".join("?" * len(tables))
    extras = db.rows(
        f"SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN ({marks}) AND type IN ('trigger', 'index') AND sql <> ''",
        tables,
    )
    with db.transaction():
        for extra in extras:
            db.execute(f"DROP {extra['type']} {extra['name']}")
        yield
        for extra in extras:
            db.execute(extra["sql"])
    db.checkpoint()


# --- figures ----------------------------------------------------------------------------------------------------------


def _passage(id: str, plate: str, at: datetime) -> Passage:
    sizes: dict[str, Any] = {"box": (512, 430, 178, 50), "size": (1280, 960)}
    return Passage(id, plate, 93.4, "DE", "", 0, "approach", 31.5, at, 1, "", "", 2, **sizes, images=PassageImages())


def _timed(work: Callable[[], object], times: int) -> list[float]:
    return _each(range(times), lambda _: work())


def _each(values: Sequence[Any], work: Callable[[Any], object], clock: Callable[[], float] = time.perf_counter) -> list[float]:
    """Seconds of `work` for each value, by `clock`."""
    times = []
    for value in values:
        begun = clock()
        work(value)
        times.append(clock() - begun)
    return times


def percentiles(seconds: Sequence[float], factor: float) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))] * factor, 2)
        for name, share in (("50", 0.5), ("99", 0.99))
    }
