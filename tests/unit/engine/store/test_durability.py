"""Durability: a kill between any two statements of the outbox, of an import or of a purge loses nothing and does nothing twice."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.words import Text
from engine.dispatch.outbox import Outbox
from engine.exchange.published import EVERY_LIST, publish
from engine.service.retention import Retention
from engine.settings import GeneralSettings
from engine.store import DeliveryQuery, PassageQuery, Store
from engine.store.backup import file_of, make
from engine.store.database import Database
from engine.store.upkeep import FORSAKEN_S, Upkeep
from engine.types import Delivery, PassageImages
from tests.recorder import Recorder, recorded
from tests.samples import DEVICE, NOW, WHITE, entry, new_store, passage, rule


class Killed(BaseException):
    """Nothing in our code catches it, as nothing catches SIGKILL."""


class Killer:
    """Ends the process, so to say, at the statement of a number, of all that are carried out by a database's writer."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 0
        self.count = 0
        killer = self

        class Writer:
            def __init__(self, connection: sqlite3.Connection) -> None:
                self._connection = connection

            def execute(self, *arguments: Any) -> Any:
                killer.statement()
                return self._connection.execute(*arguments)

            def executemany(self, *arguments: Any) -> Any:
                killer.statement()
                return self._connection.executemany(*arguments)

            def rollback(self) -> None:
                if not killer.dead:
                    self._connection.rollback()

            def __getattr__(self, name: str) -> Any:
                return getattr(self._connection, name)

        opened = Database._open
        monkeypatch.setattr(Database, "_open", lambda database, checkpoints: Writer(opened(database, checkpoints)))

    @property
    def dead(self) -> bool:
        return bool(self.at) and self.count >= self.at

    def statement(self) -> None:
        self.count += 1
        if self.dead:
            raise Killed

    def arm(self, at: int) -> None:
        """0: never."""
        self.at, self.count = at, 0


@pytest.fixture
def killer(monkeypatch: pytest.MonkeyPatch) -> Killer:
    return Killer(monkeypatch)


def at_every_statement(
    killer: Killer, folder: Path, prepare: Callable[[Store], None], work: Callable[[Store], None]
) -> Iterator[Store]:
    """For each statement of `work`: a store as a process finds it that starts after a kill just before it. The last one was not
    killed."""
    for number in range(1, 10_000):
        place = folder / str(number)
        place.mkdir()
        store = new_store(place)
        prepare(store)
        killer.arm(number)
        try:
            work(store)
        except Killed:
            killed = True
        else:
            killed = False
        killer.arm(0)
        connection = store.db._writer._connection  # type: ignore[attr-defined]
        connection.close()  # an open transaction is lost with its process
        again = new_store(place)
        yield again
        again.close()
        if not killed:
            return
    raise AssertionError("endless")


def pending(number: int, rule_id: int = 1) -> Delivery:
    at = NOW + timedelta(seconds=number)
    return Delivery(f"d{number}", f"p{number}", rule_id, "io", "pending", at, NOW + timedelta(hours=1), 0, at, None, Text(""))


@pytest.mark.parametrize("end", ["done", "give_up", "retry", "wait_for_peer"])
def test_a_kill_at_any_statement_of_the_end_of_a_try_leaves_it_wholly_ended_or_to_be_tried_again(
    killer: Killer, tmp_path: Path, end: str
) -> None:
    def prepare(store: Store) -> None:
        store.rules.save(rule(), "admin")
        store.add_passage(passage(), [pending(1)])

    def work(store: Store) -> None:
        outbox = Outbox(store, TestClock(NOW + timedelta(minutes=1)), lambda delivery: None)
        item = outbox.claim(outbox.heads(("io",))[0])
        assert item is not None
        note = Text("said")
        {
            "done": lambda: outbox.done(item, note),
            "give_up": lambda: outbox.give_up(item, "failed", note),
            "retry": lambda: outbox.retry(item, note, 1.0, 2.0),
            "wait_for_peer": lambda: outbox.wait_for_peer(item, note),
        }[end]()

    seen = []
    for store in at_every_statement(killer, tmp_path, prepare, work):
        delivery = store.deliveries(DeliveryQuery())[0].delivery
        result = store.rules.results().get(1)
        counted = store.counters().get("Actions")
        seen.append((delivery.state, str(delivery.note), bool(result), counted.value if counted else 0))
    before, after = seen[0], seen[-1]
    assert before == ("pending", "", False, 0)
    assert (
        after
        == {
            "done": ("done", "said", True, 1),
            "give_up": ("failed", "said", True, 0),
            "retry": ("pending", "said", True, 0),
            "wait_for_peer": ("pending", "said", True, 0),
        }[end]
    )
    assert set(seen) == {before, ("sending", "", False, 0), after}
    assert len(seen) > 6


@pytest.mark.parametrize("state", ["done", "failed"])
def test_a_kill_while_what_was_carried_out_beside_the_store_is_written_down_ends_it_with_its_visit_or_not_at_all(
    killer: Killer, tmp_path: Path, state: str
) -> None:
    def prepare(store: Store) -> None:
        store.rules.save(rule(), "admin")
        guest = store.entries.save(entry("HK55EVB", entries_left=2), "admin")
        store.add_passage(passage(), [pending(1)])
        store.visits.begin("p1", guest, ["d1"])

    seen = []
    for store in at_every_statement(
        killer, tmp_path, prepare, lambda store: store.deliveries.finish("d1", state, NOW, Text("said"))
    ):
        [delivery], [guest] = store.deliveries(DeliveryQuery()), store.entries(WHITE)
        seen.append((delivery.delivery.state, *store.visits.open(), guest.entries_left))
    before, after = ("pending", "d1", 1), (state, 1 if state == "done" else 2)
    assert (seen[0], seen[-1], set(seen)) == (before, after, {before, after})
    assert len(seen) > 3


def test_a_kill_at_any_statement_of_the_first_start_after_another_boot_leaves_no_gate_to_be_opened(
    killer: Killer, tmp_path: Path
) -> None:
    def outbox(store: Store) -> Outbox:
        return Outbox(store, TestClock(NOW + timedelta(minutes=1)), lambda delivery: None)

    def prepare(store: Store) -> None:
        store.rules.save(rule(), "admin")
        outbox(store).recover("first boot", ("io",))
        store.add_passage(passage(), [pending(1)])

    for store in at_every_statement(killer, tmp_path, prepare, lambda store: outbox(store).recover("second boot", ("io",)) or None):
        outbox(store).recover("second boot", ("io",))
        assert [one.delivery.state for one in store.deliveries(DeliveryQuery())] == ["expired"]


def test_a_kill_at_any_statement_of_an_import_leaves_the_old_list_or_the_new_one_and_the_rest_is_cleared_away(
    killer: Killer, tmp_path: Path
) -> None:
    def prepare(store: Store) -> None:
        for plate in ("OLD1", "OLD2", "BOTH"):
            store.entries.save(entry(plate), "admin")

    def work(store: Store) -> None:
        store.imports.replace(WHITE, [(number, entry(plate)) for number, plate in enumerate(("NEW1", "BOTH", "NEW2"))], "anna")

    seen = []
    for store in at_every_statement(killer, tmp_path, prepare, work):
        found = [one.plate for one in store.entries(WHITE)]
        looked_up = [any(match.list.id == WHITE for match in store.lookup(plate, NOW, True)) for plate in ("OLD1", "BOTH", "NEW2")]
        imports = [change.user for change in store.changes("import")]
        seen.append((found, looked_up, imports))
        clock = TestClock()
        upkeep = Upkeep(store.db, clock)
        upkeep.turn(10)
        clock.advance(FORSAKEN_S + 1)
        upkeep.turn(10)
        assert [one.plate for one in store.entries(WHITE)] == found
        assert store.db.rows("SELECT list_id FROM imports") == []
        rows = store.db.rows("SELECT list_id, plate FROM entries ORDER BY key")
        assert [tuple(row) for row in rows] == [(WHITE, plate) for plate in sorted(found)]  # as an older release finds it
    old = (["BOTH", "OLD1", "OLD2"], [True, True, False], [])
    new = (["BOTH", "NEW1", "NEW2"], [False, True, True], ["anna"])
    assert [each for number, each in enumerate(seen) if number == 0 or each != seen[number - 1]] == [old, new]


def test_a_kill_at_any_statement_of_a_purge_loses_no_passage_with_open_deliveries(killer: Killer, tmp_path: Path) -> None:
    images = tmp_path / "images"

    def prepare(store: Store) -> None:
        store.settings.put(GeneralSettings(history_passages=1), "admin")
        for number in range(1, 7):
            name = f"2026/01/02/p{number}-full.jpg"
            (images / name).parent.mkdir(parents=True, exist_ok=True)
            (images / name).write_bytes(b"jpeg")
            deliveries = [pending(number)] if number in (2, 4) else []
            store.add_passage(passage(id=f"p{number}", images=PassageImages(full=name)), deliveries)

    def work(store: Store) -> None:
        Retention(store, images, TestClock(), lambda path: 50.0).bound_database()

    seen = []
    for store in at_every_statement(killer, tmp_path, prepare, work):
        found = store.passages(PassageQuery())
        assert all((images / one.passage.images.full).exists() for one in found if one.passage.id in ("p2", "p4", "p6"))
        assert store.db.rows("SELECT count(*) FROM passage_places")[0][0] == len(found)
        seen.append([one.passage.id for one in found])
    assert seen[0] == ["p6", "p5", "p4", "p3", "p2", "p1"]
    assert seen[-1] == ["p6", "p4", "p2"]
    assert {tuple(each) for each in seen} == {tuple(seen[0]), tuple(seen[-1])}


def test_the_end_of_a_try_is_one_commit_and_what_waits_longest_is_claimed_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = new_store(tmp_path)
    store.rules.save(rule(), "admin")
    for number in (2, 1, 3):
        store.add_passage(passage(id=f"p{number}"), [pending(number)])
    outbox = Outbox(store, TestClock(NOW + timedelta(minutes=1)), lambda delivery: None)
    with recorded(monkeypatch) as recorder:
        claimed = []
        while heads := outbox.heads(("io",)):
            item = outbox.claim(heads[0])
            assert item is not None
            claimed.append(item.id)
            outbox.done(item, Text("done"))
    assert claimed == ["d1", "d2", "d3"]
    assert recorder.events == [("commit", "anpr.db")] * 6  # each try: its claim, its end


def test_a_failed_commit_leaves_the_database_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store(tmp_path)
    with recorded(monkeypatch) as recorder:
        recorder.refuse = lambda kind, name: kind == "commit"
        with pytest.raises(OSError):
            store.entries.save(entry("AB12"), "admin")
    assert (store.entries(WHITE), store.changes()) == ([], [])
    assert store.entries.save(entry("AB12"), "admin").id == 1


def test_what_was_committed_outlives_a_power_cut_once_it_is_synced(tmp_path: Path, recorder: Recorder) -> None:
    store = new_store(tmp_path)
    store.entries.save(entry("AB12"), "admin")
    store.db.sync()
    assert recorder.events[-2:] == [("commit", "anpr.db"), ("sync", "anpr.db-wal")]
    assert b"AB12" in recorder.synced["anpr.db-wal"]


def test_a_copy_is_on_the_disk_before_it_takes_the_place_of_the_one_before(tmp_path: Path, recorder: Recorder) -> None:
    store = new_store(tmp_path)
    copy = file_of(store.db.path, "daily")
    make(store.db.path, "daily", NOW)
    assert recorder.events[-3:] == [("sync", f"{copy.name}.new"), ("rename", copy.name), ("sync", f"{copy.parent.name}/")]


def test_a_list_that_other_cameras_copy_is_on_the_disk_before_it_takes_the_place_of_the_one_before(
    tmp_path: Path, recorder: Recorder
) -> None:
    store, folder = new_store(tmp_path), tmp_path / "lists"
    folder.mkdir()
    recorder.events.clear()
    found = publish(store, folder, DEVICE, {})
    written = [each for each in recorder.events if each[0] != "commit"]
    assert written == [each for name in found for each in (("sync", f"{name}.part"), ("rename", name))]
    assert recorder.synced[f"{EVERY_LIST}.part"] == (folder / EVERY_LIST).read_bytes()
