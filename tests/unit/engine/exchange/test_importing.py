"""Importing: a list becomes what a file says, or gets its plates besides, all or nothing and within the terms."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import canonicalize
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from engine.exchange.exporting import write_lists
from engine.exchange.importing import Order, Result, import_lists
from engine.store import Store, imports
from engine.store.coming import ImportRefused
from engine.store.difference import ANY_TERMS, Terms
from engine.store.imports import TooMuchRemoved
from engine.types import ListEntry, PlateList, WeekSchedule
from tests.samples import ALL, BLACK, DEVICE, NOW, UNLISTED, WHITE, WISH, entry, new_store
from tests.unit.engine.exchange.manual import MANUAL_CSV, MANUAL_XML

ZONE = ZoneInfo("Europe/Berlin")
MERGE = Terms(removes=False)
GUARDED = Terms(may_empty=False, most_removed_pct=50)


@pytest.fixture(params=[200, 0], ids=["in-place", "anew"])
def store(tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """Imports change a few entries in place and write many anew; both must come to the same."""
    monkeypatch.setattr(imports, "FEW", request.param)
    return new_store(tmp_path)


def bring(store: Store, tmp_path: Path, text: str, list_id: int = WHITE, terms: Terms = ANY_TERMS, **more: Any) -> Result:
    path = tmp_path / "file"
    path.write_text(text)
    dry = more.pop("dry", False)
    result = import_lists(store, store.lists.get(list_id), Order(path, "", terms, **more), ZONE, "anna", dry)
    if not dry:
        result.settle(store)
    return result


def plates(store: Store, list_id: int = WHITE) -> list[str]:
    return [each.plate for each in store.entries(list_id)]


def counts(result: Result) -> list[tuple[str, int, int, int]]:
    return [(each.name, each.effect.added, each.effect.changed, each.effect.removed) for each in result.lists]


def test_a_file_replaces_the_list_and_says_what_it_did(store: Store, tmp_path: Path) -> None:
    for plate in ("AB 1", "AB 2", "AB 3"):
        store.entries.save(entry(plate), "admin")
    kept = store.entries(WHITE)[0].id
    result = bring(store, tmp_path, "plate;description\nAB 1;\nAB-2;new\nAB 4;\n")
    assert plates(store) == ["AB 1", "AB-2", "AB 4"]
    assert counts(result) == [("WHITELIST", 1, 1, 1)]
    assert str(result.note) == "WHITELIST: 1 added, 1 changed, 1 removed, now 3 plates"
    if imports.FEW:
        assert store.entries(WHITE)[0].id == kept
    change = store.changes("import")[0]
    assert (change.user, change.item_id, change.before) == ("anna", WHITE, {"entries": 3})


def test_merging_adds_and_changes_and_removes_nothing(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("AB 1"), "admin")
    assert counts(bring(store, tmp_path, "plate;description\nAB 2;x\n", terms=MERGE)) == [("WHITELIST", 1, 0, 0)]
    assert counts(bring(store, tmp_path, "plate;description\nAB 1;y\nAB 2;x\n", terms=MERGE)) == [("WHITELIST", 0, 1, 0)]
    assert [(each.plate, each.description) for each in store.entries(WHITE)] == [("AB 1", "y"), ("AB 2", "x")]


def test_what_a_file_does_not_tell_stays_as_it_is(store: Store, tmp_path: Path) -> None:
    week = WeekSchedule((((480, 720),), (), (), (), (), (), ()))
    full = entry(
        "AB 1", description="d", wiegand_facility=1, wiegand_card=5, owner="Anna", email="a@example.org", group="G", week=week,
        entries_left=3, valid_until=NOW + timedelta(days=1),
    )  # fmt: skip
    before = store.entries.save(full, "admin")
    assert counts(bring(store, tmp_path, "plate;description\nAB1;new\n")) == [("WHITELIST", 0, 1, 0)]
    (after,) = store.entries(WHITE)
    expected = {"id": after.id, "plate": "AB1", "description": "new"}
    assert after == ListEntry(**{**{name: getattr(before, name) for name in ListEntry.__slots__}, **expected})


def test_only_looking_changes_nothing(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("AB 1"), "admin")
    result = bring(store, tmp_path, "plate;description\nAB 2;x\n", terms=GUARDED, dry=True)
    assert (plates(store), counts(result), store.changes("import")) == (["AB 1"], [("WHITELIST", 1, 0, 1)], [])
    (shown,) = result.lists
    assert [(each.kind, each.line, each.plate) for each in shown.effect.examples] == [("removed", 0, "AB 1"), ("added", 2, "AB 2")]
    gone = bring(store, tmp_path, "plate\nAB 1\n", dry=True).lists[0].effect
    assert gone.changes == 0


def test_what_is_not_read_of_a_file_is_told(store: Store, tmp_path: Path) -> None:
    result = bring(store, tmp_path, "plate;Frist;Farbe\nAB 1;2026-05-31;rot\n")
    assert str(result.note) == "WHITELIST: 1 added, 0 changed, 0 removed, now 1 plate; columns that are not read: Frist, Farbe"


def test_a_file_that_would_empty_the_list_is_refused_unless_told_so(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("AB 1"), "admin")
    empty = '<grouplist><nllists><nllist id="1" description="WHITELIST"/></nllists><nlelemlists/></grouplist>'
    with pytest.raises(TooMuchRemoved) as why:
        bring(store, tmp_path, empty, terms=GUARDED)
    assert str(why.value) == "nothing was imported; it would empty the list WHITELIST, which has 1 plate"
    assert plates(store) == ["AB 1"]
    assert str(bring(store, tmp_path, empty, terms=GUARDED, dry=True).lists[0].objection).startswith("it would empty")
    bring(store, tmp_path, empty)
    assert plates(store) == []


def test_a_file_that_would_remove_more_than_its_share_is_refused(store: Store, tmp_path: Path) -> None:
    for number in range(12):
        store.entries.save(entry(f"AB {number:02}"), "admin")
    five, six, seven = ("plate\n" + "".join(f"AB {number:02}\n" for number in range(left)) for left in (7, 6, 5))
    with pytest.raises(
        TooMuchRemoved, match=r"it would remove 7 of the 12 plates of the list WHITELIST; at most 50 % may go at once"
    ):
        bring(store, tmp_path, seven, terms=GUARDED)
    assert counts(bring(store, tmp_path, six, terms=GUARDED, dry=True)) == [("WHITELIST", 0, 0, 6)]
    bring(store, tmp_path, five, terms=Terms(most_removed_pct=0))
    assert len(plates(store)) == 7


def test_every_wrong_row_is_named_and_nothing_changes(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("OLD 1"), "admin")
    rows = (
        "plate,valid until,description\nAB1,2026-02-30,\n-,,\nAB 2,,\nA B2,,\nAB3,2026-05-31,"
        + "x" * 201
        + "\nAB4,1999-01-01,\nAB 5/6,,\n"
    )
    with pytest.raises(ImportRefused) as why:
        bring(store, tmp_path, rows)
    assert [(line, str(text)) for line, text in why.value.rows] == [
        (2, "valid until: '2026-02-30' is no date; write it as 2026-05-31T18:00 or 31.05.2026 18:00"),
        (3, "Plate: must be 1 to 20 letters and digits; spaces, hyphens and dots do not count"),
        (5, "A B2 stands in line 4 already"),
        (6, "Description: must be at most 200 printable characters"),
        (7, "Valid until: must be later than Valid from"),
        (8, "Plate: '/' is neither a letter nor a digit"),
    ]
    assert why.value.count == 6
    assert plates(store) == ["OLD 1"]


def test_a_change_that_makes_an_entry_impossible_is_refused(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("AB 1", valid_from=NOW), "admin")
    with pytest.raises(ImportRefused, match="line 2: Valid until: must be later than Valid from"):
        bring(store, tmp_path, "plate,valid until\nAB1,2025-01-01\n")


def test_a_file_of_another_list_is_refused_unless_told_so(store: Store, tmp_path: Path) -> None:
    text = '<grouplist><nllists><nllist id="1" description="STAFF"/></nllists><nlelemlists>{}</nlelemlists></grouplist>'
    text = text.format('<nlelemlist id="1" numberplate="AB1" listid="1"/>')
    with pytest.raises(ConfigError, match="the file is of the list STAFF, not of WHITELIST: "):
        bring(store, tmp_path, text)
    bring(store, tmp_path, text, any_list=True)
    assert plates(store) == ["AB1"]
    bring(store, tmp_path, text.replace("STAFF", "whitelist").replace("AB1", "AB2"))
    assert plates(store) == ["AB2"]


def test_all_plates_takes_every_list_of_a_file_and_makes_those_that_are_missing(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("W 1"), "admin")
    store.entries.save(entry("WISH 1", WISH), "admin")
    text = (
        '<grouplist><nllists><nllist id="7" description="WHITELIST"/><nllist id="8" description="STAFF" color="#123456"/>'
        '<nllist id="9" description="EMPTY" color="blue"/></nllists><nlelemlists><nlelemlist numberplate="W2" listid="7"/>'
        '<nlelemlist numberplate="S1" listid="8"/></nlelemlists></grouplist>'
    )
    dry = bring(store, tmp_path, text, ALL, dry=True)
    assert [(each.name, each.is_new) for each in dry.lists] == [("WHITELIST", False), ("STAFF", True), ("EMPTY", True)]
    assert len(store.lists()) == 5
    result = bring(store, tmp_path, text, ALL)
    assert counts(result) == [("WHITELIST", 1, 0, 1), ("STAFF", 1, 0, 0), ("EMPTY", 0, 0, 0)]
    made = {each.name: each for each in store.lists()}
    assert (made["STAFF"].role, made["STAFF"].colour, made["EMPTY"].colour) == ("custom", "#123456", "")
    assert (plates(store), plates(store, made["STAFF"].id), plates(store, WISH)) == (["W2"], ["S1"], ["WISH 1"])


def test_lists_that_were_made_for_an_import_that_fails_are_gone_again(store: Store, tmp_path: Path) -> None:
    store.entries.save(entry("W 1"), "admin")
    text = '<grouplist><nllists><nllist id="7" description="WHITELIST"/><nllist id="8" description="STAFF"/></nllists></grouplist>'
    with pytest.raises(TooMuchRemoved):
        bring(store, tmp_path, text, ALL, GUARDED)
    assert len(store.lists()) == 5


def test_a_table_for_all_plates_must_say_the_list(store: Store, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 2: it says not which list it belongs to"):
        bring(store, tmp_path, "plate\nAB1\n", ALL)
    with pytest.raises(ConfigError, match="NOT IN LIST holds no plates"):
        bring(store, tmp_path, "plate\nAB1\n", UNLISTED)


def test_an_entry_that_is_changed_while_a_file_comes_in_is_looked_at_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest = store.entries.save(entry("AB 1", entries_left=3), "admin")
    difference, seen = imports.Imports._difference, []

    def meanwhile(*arguments: Any) -> Any:
        found = difference(*arguments)
        seen.append(1)
        if len(seen) == 1:
            store.entries.save(entry("AB 9"), "ben")
        if len(seen) == 2:  # as the gate does
            store.db.execute("UPDATE entries SET entries_left = 2 WHERE id = ?", (guest.id,))
        return found

    monkeypatch.setattr(imports.Imports, "_difference", meanwhile)
    result = bring(store, tmp_path, "plate,description\nAB1,x\nAB2,\n", terms=MERGE)
    assert counts(result) == [("WHITELIST", 1, 1, 0)]
    assert [(each.plate, each.entries_left) for each in store.entries(WHITE)] == [("AB1", 2), ("AB2", None), ("AB 9", None)]
    assert len(seen) == 3
    assert store.db.rows("SELECT count(*) FROM entries")[0][0] == 3


def test_entries_left_that_two_cameras_count_go_down_with_both(store: Store, tmp_path: Path) -> None:
    follows = Terms(follows=True)

    def file(left: object) -> str:
        return f"plate,entries left\nAB1,{left}\n"

    def left() -> int | None:
        return store.entries(WHITE)[0].entries_left

    bring(store, tmp_path, file(3), terms=follows)
    store.db.execute("UPDATE entries SET entries_left = 2")  # a car came here
    bring(store, tmp_path, file(3), terms=follows)
    assert left() == 2
    bring(store, tmp_path, file(2), terms=follows)  # and one at the other camera
    assert left() == 1
    bring(store, tmp_path, file(5), terms=follows)  # which gives it three more
    assert left() == 4
    bring(store, tmp_path, file(0), terms=follows)
    assert left() == 0
    bring(store, tmp_path, file(""), terms=follows)
    assert left() is None
    bring(store, tmp_path, file(2), terms=follows)
    assert left() == 2
    bring(store, tmp_path, file(2))
    assert left() == 2


def test_an_export_is_imported_as_the_same_lists(store: Store, tmp_path: Path) -> None:
    vip = store.lists.save(PlateList(0, 'V&P "1" ; <x>', "custom"), "admin").id
    week = WeekSchedule((((480, 720), (780, 1020)), (), (), (), (), ((1320, 1440),), ((0, 360),)))
    store.entries.save(
        entry(
            "MÜ-AB 1", vip, description='=a;"b"\n<&>', owner="+Anna", email="a@example.org", group="'=G", week=week, entries_left=3,
            wiegand_facility=1, wiegand_card=5, valid_from=NOW, valid_until=NOW + timedelta(seconds=1, microseconds=5),
        ),
        "admin",
    )  # fmt: skip
    store.entries.save(entry("AB *", vip), "admin")
    store.entries.save(entry("12E4", BLACK), "admin")
    wanted = {each.id: store.entries(each.id) for each in store.lists()}
    for number, name in enumerate(("XML", "CSV", "XLSX")):
        path, other = tmp_path / f"export{number}", new_store(tmp_path / str(number))
        written = write_lists(path, store, store.lists.get(ALL), name, DEVICE)
        assert written.entries == 3
        import_lists(other, other.lists.get(ALL), Order(path, name), ZONE, "anna").settle(other)
        found = {each.id: other.entries(each.id) for each in other.lists()}
        assert {key: [_plain(one) for one in value] for key, value in found.items()} == {
            key: [_plain(one) for one in value] for key, value in wanted.items()
        }, name
        assert write_lists(tmp_path / "again", other, other.lists.get(ALL), name, DEVICE).digest == written.digest


def canonical(text: str) -> str:
    """XML without what is between elements; the list's number is each camera's own."""
    return re.sub(r'(<nllist [^>]*\bid|listid)="\d+"', r'\1="N"', canonicalize(text, strip_text=True))


def test_the_manuals_samples_come_out_as_they_went_in(store: Store, tmp_path: Path) -> None:
    employees = store.lists.save(PlateList(0, "EMPLOYEES", "custom", "#123456"), "admin")
    bring(store, tmp_path, MANUAL_XML, employees.id)
    write_lists(tmp_path / "out.xml", store, employees, "XML", replace(DEVICE, columns=()))
    assert canonical((tmp_path / "out.xml").read_text()) == canonical(MANUAL_XML)

    store.lists.save(PlateList(BLACK, "BLACKLIST", "black", "#000000"), "admin")
    bring(store, tmp_path, MANUAL_CSV, BLACK)
    write_lists(tmp_path / "out.csv", store, store.lists.get(BLACK), "CSV", DEVICE)
    written = (tmp_path / "out.csv").read_text().splitlines()
    expected = [line.strip() for line in MANUAL_CSV.replace("; Desc", ";Desc").splitlines()]
    assert [written[0], *written[2:]] == [expected[0], *(line.replace("123;1;;", "123;3;;") for line in expected[2:])]
    assert written[1] == "3;BLACKLIST;#000000"


def _plain(found: ListEntry) -> list[Any]:
    return [getattr(found, name) for name in ListEntry.__slots__ if name != "id"]
