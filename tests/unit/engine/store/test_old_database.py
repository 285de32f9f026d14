"""Old databases: upgraded in place, opened again by the older release after a roll-back, and taken over once more, with everything
in them."""

from __future__ import annotations

import io
import json
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.words import Text
from board.kit.zones import camera_zone
from engine.settings import GeneralSettings, LprSettings
from engine.store import PassageQuery, Store
from engine.store.migrations import MIGRATIONS, carry_out
from engine.store.upkeep import Upkeep
from engine.types import UNDECIDED, Conditions, Decision, PlateList, Start
from tests.samples import NOW, WHITE, entry, new_store, passage, rule

ROOT = Path(__file__).resolve().parents[4]
OLD_RELEASE = "79fe1a0"
REFUSED = Decision("refused", Text("{plate} is on no list", {"plate": "AB13"}))

OLD = """
import json, sys
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from board.kit.clock import TestClock
from engine.settings import GeneralSettings, LprSettings
from engine.store import DeliveryQuery, PassageQuery, Store
from engine.types import ActionRule, Delivery, ListEntry, Passage, PassageImages, WeekSchedule
from engine.lists import EARLIEST, LATEST

NOW = TestClock().now()
store = Store(Path(sys.argv[1]) / "anpr.db", TestClock())

def add(plate, number):
    at = NOW + timedelta(minutes=number)
    box, size = (1, 2, 3, 4), (1280, 960)
    one = Passage(f"p{number}", plate, 93.4, "DE", "", 0, "approach", 31.5, at, 1, "", "", 2, box, size, PassageImages())
    later = at + timedelta(hours=1)
    delivery = Delivery(f"d{number}", one.id, 1, "io", "pending", at, later, 0, at, None, "")
    store.add_passage(one, [delivery], store.lookup(plate, at, True))

def found():
    return {
        "lists": [one.name for one in store.lists()],
        "plates": [one.plate for one in store.entries(4)],
        "rules": [one.name for one in store.rules()],
        "device": store.settings(GeneralSettings).device_name,
        "mode": store.settings(LprSettings).mode,
        "passages": [[one.passage.id, [each.name for each in one.lists]] for one in store.passages(PassageQuery())],
        "deliveries": [one.delivery.id for one in store.deliveries(DeliveryQuery())],
        "looked_up": [one.list.name for one in store.lookup("MUAB1", NOW, True)],
    }
"""

OLD_FILLS = """
for plate in ("M\\u00dc-AB 1", "AB 12", "B0B117"):
    store.save_entry(ListEntry(0, 4, plate, "", EARLIEST, LATEST))
store.save_rule(ActionRule(0, 4, "Gate", "io", True, WeekSchedule(), "{}"))
store.put_settings(GeneralSettings(device_name="Gate north"))
store.put_settings(LprSettings(mode="TRIGGER"))
for number in range(1, 301):
    add("AB12" if number % 3 else "CD34", number)
"""

OLD_WORKS_ON = """
print(json.dumps(found()))
store.save_entry(ListEntry(0, 4, "\\u0410\\u0412 77", "typed in Cyrillic", EARLIEST, LATEST))
store.save_entry(replace(next(one for one in store.entries(4) if "\u00dc" in one.plate), plate="MU-AB 9"))
store.delete_entry(next(one.id for one in store.entries(4) if one.plate == "AB 12"))
store.put_settings(GeneralSettings(device_name="Gate south"))
add("AB77", 1000)
store.db.execute("DELETE FROM passages WHERE rowid <= 10")
"""


@pytest.fixture(scope="module")
def old_release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The checkout of the release before version 3 of the layout."""
    command = ["git", "-C", str(ROOT), "archive", OLD_RELEASE, "board", "engine"]
    packed = subprocess.run(command, capture_output=True)
    if packed.returncode:
        pytest.skip(f"the history does not reach back to {OLD_RELEASE}")
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(fileobj=io.BytesIO(packed.stdout)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def run_old(release: Path, state: Path, code: str) -> Any:
    done = subprocess.run([sys.executable, "-c", OLD + code, str(state)], cwd=release, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout else None


def fill(store: Store) -> None:
    while Upkeep(store.db, TestClock()).turn():
        pass


@pytest.mark.parametrize(
    ("stored", "zone"),
    [
        (["LprSettings(region='Europe')"], "UTC"),
        (["LprSettings(region='Europe')", "GeneralSettings(time_zone='Europe/Bratislava')"], "Europe/Bratislava"),
        (["LprSettings(region='Europe')", "GeneralSettings(device_name='Gate north')"], "UTC"),
        ([], "Asia/Tokyo"),
    ],
    ids=["none chosen", "one chosen", "others chosen", "not set up"],
)
def test_an_upgrade_leaves_the_hours_of_a_camera_that_was_set_up(
    old_release: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, stored: list[str], zone: str
) -> None:
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    run_old(old_release, tmp_path, "\n".join(f"store.put_settings({each})" for each in stored))
    store = new_store(tmp_path)
    assert camera_zone(store.settings(GeneralSettings).time_zone).key == zone


@pytest.mark.parametrize("body", ["{}", '{"time_zone": null}', "no JSON", "[1]", '"x"'])
def test_an_upgrade_of_damaged_settings_keeps_the_camera_going(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    with monkeypatch.context() as before:
        before.setattr("engine.store.database.MIGRATIONS", MIGRATIONS[:23])
        store = new_store(tmp_path)
    store.db.execute("INSERT INTO settings VALUES ('general', ?)", (body,))
    store.close()
    assert new_store(tmp_path).settings(GeneralSettings).time_zone in ("", "UTC")


def test_a_release_that_was_rolled_back_finds_everything_and_so_does_the_newer_one_later(old_release: Path, tmp_path: Path) -> None:
    run_old(old_release, tmp_path, OLD_FILLS)

    store = new_store(tmp_path)
    assert [one.plate for one in store.entries(WHITE)] == ["AB 12", "B0B117", "MÜ-AB 1"]
    assert store.settings(GeneralSettings).device_name == "Gate north"
    assert store.settings(LprSettings).mode == "TRIGGER"
    assert store.passages.page(PassageQuery(), 1, 25).total == 300
    assert store.passages.page(PassageQuery(plate="D34", list_id=2), 1, 25).total == 100  # looked through: not filled yet
    assert [match.list.name for match in store.lookup("AB12", NOW, True)] == ["WHITELIST", "ALL PLATES"]
    fill(store)
    assert [match.list.name for match in store.lookup("MUAB1", NOW, True)] == ["WHITELIST", "ALL PLATES"]
    assert store.passages.page(PassageQuery(plate="D34", list_id=2), 1, 25).total == 100
    store.entries.save(entry("ΑΒ 13"), "anna")
    store.imports.replace(5, [(1, entry("EF 56"))], "anna")
    store.settings.put(GeneralSettings(device_name="Gate west"), "anna")
    store.add_passage(passage("AB13", id="p900", at=NOW + timedelta(minutes=900)), [], store.lookup("AB13", NOW, True), REFUSED)
    store.close()

    seen = run_old(old_release, tmp_path, OLD_WORKS_ON)
    assert seen["lists"] == ["ALL PLATES", "NOT IN LIST", "BLACKLIST", "WHITELIST", "WISH LIST"]
    assert seen["plates"] == ["AB 12", "ΑΒ 13", "B0B117", "MÜ-AB 1"]
    assert (seen["rules"], seen["device"], seen["mode"]) == (["Gate"], "Gate west", "TRIGGER")
    assert len(seen["passages"]) == 100  # the most that it shows at once
    assert seen["passages"][:2] == [["p900", ["ALL PLATES", "WHITELIST"]], ["p300", ["ALL PLATES", "NOT IN LIST"]]]
    assert seen["deliveries"][0] == "d300"
    assert seen["looked_up"] == ["WHITELIST", "ALL PLATES"]

    store = new_store(tmp_path)
    fill(store)
    assert [store.passages.get(id).decision for id in ("p300", "p900", "p1000")] == [UNDECIDED, REFUSED, UNDECIDED]
    assert [one.plate for one in store.entries(WHITE)] == ["ΑΒ 13", "АВ 77", "B0B117", "MU-AB 9"]
    for plate, listed in (("AB77", True), ("MUAB9", True), ("AB12", False), ("AB13", True), ("MUAB1", False)):
        assert any(match.list.id == WHITE for match in store.lookup(plate, NOW, True)) is listed, plate
    assert store.settings(GeneralSettings).device_name == "Gate south"
    assert store.passages.page(PassageQuery(), 1, 25).total == 292
    newest = store.passages.page(PassageQuery(plate="B77"), 1, 25)
    assert [(one.passage.id, [each.name for each in one.lists]) for one in newest.rows] == [
        ("p1000", ["ALL PLATES", "NOT IN LIST"])
    ]
    assert store.passages.page(PassageQuery(plate="B77", list_id=2), 1, 25).total == 1
    assert store.passages.page(PassageQuery(until=NOW + timedelta(minutes=11)), 1, 25).total == 0
    assert store.db.rows("SELECT count(*) FROM passage_places")[0][0] == 292
    assert [tuple(row) for row in store.db.rows("SELECT number26 IS NULL, generation FROM entries WHERE list_id = 4")] == [
        (0, 0)
    ] * 4


def test_what_an_older_release_writes_after_an_import_belongs_to_the_list(tmp_path: Path) -> None:
    """In its own words, so that this holds where its code is not at hand."""
    store = new_store(tmp_path)
    store.imports.replace(WHITE, [(1, entry("AB 12")), (2, entry("CD 34"))], "anna")
    values = "'d', '2000-01-01T00:00:00.000000+00:00', '3000-01-01T00:00:00.000000+00:00', 300, 5"
    store.db.execute(
        "INSERT INTO entries (list_id, plate, key, folded, description, valid_from, valid_until, wiegand_facility, wiegand_card) "
        f"VALUES (4, 'ÄB 1', 'ÄB1', 'ÄB1', {values})"
    )
    store.db.execute("UPDATE entries SET list_id=4, plate='CD 99', key='CD99', folded='CD99' WHERE plate = 'CD 34'")
    assert [one.plate for one in store.entries(WHITE)] == ["AB 12", "CD 99", "ÄB 1"]
    fill(store)
    assert [one.plate for one in store.entries(WHITE)] == ["ÄB 1", "AB 12", "CD 99"]
    assert any(match.list.id == WHITE for match in store.lookup("AB1", NOW, True))
    store.db.execute("INSERT INTO settings VALUES ('LprSettings', '{\"mode\": \"TRIGGER\"}')")
    assert store.settings(LprSettings).mode == "TRIGGER"
    store.settings.put(LprSettings(mode="FREEFLOW"), "anna")
    stored = store.db.rows("SELECT body FROM settings WHERE name = 'LprSettings'")[0][0]
    assert json.loads(stored)["mode"] == "FREEFLOW"
    store.settings.put(GeneralSettings(history_passages=0, device_name="West"), "anna")
    store.db.execute("UPDATE settings SET body = '{\"device_name\": \"East\"}' WHERE name = 'GeneralSettings'")
    assert store.settings(GeneralSettings) == GeneralSettings(history_passages=0, device_name="East")
    store.db.execute("UPDATE settings SET body = '{broken' WHERE name = 'GeneralSettings'")
    assert store.settings(GeneralSettings) == GeneralSettings()


def test_an_egyptian_plate_that_a_release_of_the_same_layout_kept_letters_first_is_found(tmp_path: Path) -> None:
    """By its read, and by whoever types it to change or delete it; as often as that release was gone back to."""
    store = new_store(tmp_path)
    plate, old = "ط ب ج ٣٩٤٥", "طبج3945"
    given = store.entries.save(entry(plate, wiegand_facility=300, wiegand_card=5), "anna")
    numbers = tuple(store.db.rows("SELECT number26, number34 FROM entries")[0])
    for _ in range(2):
        store.db.execute("UPDATE entries SET key = ?, folded = ?, number26 = 0, revision = revision + 1", (old, old))
        assert store.entries.at(WHITE, plate) is None
        fill(store)
        assert store.lookup("٣٩٤٥جبط", NOW, True)[0].entry == store.entries.at(WHITE, plate) == given
        assert tuple(store.db.rows("SELECT number26, number34 FROM entries")[0]) == numbers


def test_a_list_keeps_its_barrier_policy_until_an_older_release_changes_its_role(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    vip = store.lists.save(PlateList(0, "VIP", "custom", policy="refuse", fuzzy=True), "anna")
    store.lists.save(replace(vip, role="white", policy="report"), "anna")
    assert store.lists.get(vip.id) == PlateList(vip.id, "VIP", "white", "", "report", True)
    store.db.execute("UPDATE lists SET name='Banned', role='black', colour='' WHERE id=?", (vip.id,))
    assert store.lists.get(vip.id).barrier == "refuse"
    assert [one.barrier for one in store.lists()] == ["open", "open", "refuse", "open", "report", "refuse"]


def test_a_wish_list_that_opened_the_gate_goes_on_opening_it(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "anpr.db")) as before:
        carry_out(before, MIGRATIONS[:6])
        before.execute("INSERT INTO rules VALUES (1, 5, 'Gate', 'wiegand', 1, '[]', '{}', '')")
        before.execute("INSERT INTO lists (name, role, colour) VALUES ('Second wish list', 'wish', '')")
        before.execute("INSERT INTO rules VALUES (2, 6, 'Tell', 'http', 1, '[]', '{}', '')")
        before.commit()
    assert [one.barrier for one in new_store(tmp_path).lists()] == ["open", "open", "refuse", "open", "open", "report"]


def test_a_database_that_is_being_upgraded_takes_passages_and_rules_meanwhile(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.db.execute("UPDATE passages_due SET until_rowid = 0")
    for number in range(200):
        store.add_passage(passage(f"AB{number:03}", id=f"p{number}", at=NOW + timedelta(seconds=number)), [])
    for table in ("passage_places", "list_places"):
        store.db.execute(f"DELETE FROM {table}")
    store.db.execute("INSERT INTO passage_grams (passage_grams) VALUES ('delete-all')")
    store.db.execute("UPDATE passages_due SET until_rowid = 200")
    upkeep = Upkeep(store.db, TestClock())
    while upkeep._step():
        number = store.passages.ends()[1]
        assert store.add_passage(passage(f"XY{number:03}", id=f"q{number}", at=NOW + timedelta(hours=number)), [])
        assert store.passages.page(PassageQuery(plate="AB1"), 1, 250).total == 100
    assert store.passages.page(PassageQuery(plate="AB1"), 1, 250).total == 100
    assert store.passages.page(PassageQuery(), 1, 25).total == store.db.rows("SELECT count(*) FROM passages")[0][0]


def test_a_rule_keeps_its_place_over_an_upgrade(old_release: Path, tmp_path: Path) -> None:
    run_old(old_release, tmp_path, OLD_FILLS)
    store = new_store(tmp_path)
    (gate,) = store.rules()
    assert (gate.name, gate.kind) == ("Gate", rule().kind)
    store.rules.delete(gate.id, "anna")
    assert [(change.subject, change.user, change.after) for change in store.changes()] == [("rule", "anna", None)]


OLD_CARS = """
from engine.actions import find_kinds
from engine.dispatch.rules import due
from zoneinfo import ZoneInfo

found = store.lookup("AB12", NOW, True)
car = Passage("p1", "AB12", 93.4, "DE", "", 0, "", 31.5, NOW, 1, "", "", 2, (1, 2, 3, 4), (1, 1), PassageImages())
print(json.dumps([
    [one.name for one in store.rules()],
    [store.rules()[one.rule_id - 1].name for one in due(car, found, store.rules(), find_kinds(), ZoneInfo("UTC"), NOW)],
]))
"""

OLD_RENAMES = """
store.save_rule(replace(store.rules()[1], name="Lane 2 only"))
print("null")
"""


def test_a_rule_that_an_older_release_would_carry_out_for_every_car_is_disabled_there(old_release: Path, tmp_path: Path) -> None:
    run_old(old_release, tmp_path, OLD_FILLS)
    store = new_store(tmp_path)
    in_lane = replace(rule(name="Lane 2"), conditions=Conditions(lane=2))
    button = replace(rule(name="Button"), start=Start("input", "DI1", opens=True))
    given = [store.rules.save(each, "anna") for each in (in_lane, button, replace(button, name="Unused", enabled=False))]
    store.close()

    names, acting = run_old(old_release, tmp_path, OLD_CARS)
    assert (names, acting) == (["Gate", "Lane 2", "Button", "Unused"], ["Gate"])
    run_old(old_release, tmp_path, OLD_RENAMES)

    store = new_store(tmp_path)
    assert store.rules()[1:] == [replace(given[0], name="Lane 2 only"), *given[1:]]


def test_no_other_database_has_the_same_mark_of_its_lists() -> None:
    """One that takes the place of another (rescue, restore) must not pass for it to a process that knows the lists."""
    marks = set()
    for _ in "abc":
        with closing(sqlite3.connect(":memory:")) as database:
            carry_out(database, MIGRATIONS)
            marks.add(database.execute("SELECT value FROM lists_mark").fetchone()[0])
    assert len(marks) == 3
