"""Store: what is saved comes back, bad input changes nothing, plates are data and never SQL."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import TestClock
from board.kit.errors import ConfigError
from board.kit.words import Text
from engine.settings import GeneralSettings, LprSettings
from engine.store import DeliveryQuery, PassageQuery, Store
from engine.types import ActionRule, Conditions, Delivery, ListEntry, PassageImages, PlateList, PlateLook, WeekSchedule
from tests.samples import ALL, BLACK, NOW, UNLISTED, WHITE, entry, new_store, passage, rule


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def test_a_new_camera_has_five_lists(store: Store) -> None:
    assert [(one.id, one.name, one.role) for one in store.lists()] == [
        (1, "ALL PLATES", "all"),
        (2, "NOT IN LIST", "unlisted"),
        (3, "BLACKLIST", "black"),
        (4, "WHITELIST", "white"),
        (5, "WISH LIST", "wish"),
    ]


def test_the_conditions_of_a_rule_are_kept_and_stand_in_the_changes(store: Store) -> None:
    conditions = Conditions(2, "approach", 90, ("DE", "PL"))
    saved = store.rules.save(replace(rule(), conditions=conditions), "admin")
    assert [each.conditions for each in store.rules(WHITE)] == [conditions]
    store.rules.save(replace(saved, conditions=Conditions()), "admin")
    assert [each.conditions for each in store.rules(WHITE)] == [Conditions()]


def test_the_newest_passage_with_a_picture_is_the_one_to_try_actions_with(store: Store) -> None:
    assert store.passages.newest_pictured() is None
    store.add_passage(passage("AB1", "p1", images=PassageImages("a.jpg", "")), ())
    assert (store.passages.newest_pictured() or passage()).id == "p1"
    store.add_passage(passage("AB2", "p2", images=PassageImages("b.jpg", "c.jpg")), ())
    store.add_passage(passage("AB3", "p3"), ())
    assert (store.passages.newest_pictured() or passage()).images == PassageImages("b.jpg", "c.jpg")


def test_a_list_is_added_changed_and_deleted_with_its_entries_and_rules(store: Store) -> None:
    vip = store.lists.save(PlateList(0, " VIVOTEK VIP ", "custom", "#112233"), "admin")
    assert vip == PlateList(6, "VIVOTEK VIP", "custom", "#112233")
    store.entries.save(entry("AB12", vip.id), "admin")
    store.rules.save(rule(vip.id), "admin")
    assert store.lists.save(replace(vip, name="Staff", role="white"), "admin") in store.lists()
    store.lists.delete(vip.id, "admin")
    assert (store.entries(vip.id), store.rules(), len(store.lists())) == ([], [], 5)


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (PlateList(0, "", "custom"), "List name: must be 1 to 60 printable characters"),
        (PlateList(0, "x" * 61, "custom"), "List name: must be 1 to 60 printable characters"),
        (PlateList(0, "a\x00b", "custom"), "List name: must be 1 to 60 printable characters"),
        (PlateList(0, "whitelist", "custom"), "List name: there is a list whitelist already"),
        (PlateList(0, "new", "custom", policy="maybe"), "Barrier: must be one of open, refuse, report"),
        (PlateList(0, "new", "gold"), "List role: must be one of all, unlisted, black, white, wish, custom"),
        (PlateList(0, "new", "custom", "red"), "List colour: must be # and six hexadecimal digits"),
        (PlateList(0, "new", "all"), "ALL PLATES and NOT IN LIST exist once; their role cannot be given or taken"),
        (PlateList(ALL, "ALL", "white"), "ALL PLATES and NOT IN LIST exist once; their role cannot be given or taken"),
        (PlateList(99, "gone", "custom"), "this list was deleted"),
    ],
)
def test_a_wrong_list_is_refused_with_the_reason(store: Store, wrong: PlateList, problem: str) -> None:
    before = store.lists()
    with pytest.raises(ConfigError) as why:
        store.lists.save(wrong, "admin")
    assert (str(why.value), store.lists()) == (problem, before)


@pytest.mark.parametrize("list_id", [ALL, UNLISTED])
def test_all_plates_and_not_in_list_can_be_renamed_but_not_deleted_nor_filled(store: Store, list_id: int) -> None:
    named = replace(store.lists()[list_id - 1], name="Renamed")
    assert store.lists.save(named, "admin").name == "Renamed"
    with pytest.raises(ConfigError, match="cannot be deleted"):
        store.lists.delete(list_id, "admin")
    with pytest.raises(ConfigError, match="holds no plates"):
        store.entries.save(entry("AB12", list_id), "admin")


def test_an_entry_comes_back_as_it_was_saved(store: Store) -> None:
    saved = store.entries.save(
        entry(" hk-55 evb ", description="Anna, 2nd floor", wiegand_facility=11, wiegand_card=12345), "admin"
    )
    assert (saved.id, saved.plate) == (1, "HK-55 EVB")
    assert store.entries(WHITE) == [saved]
    changed = store.entries.save(replace(saved, valid_until=NOW, plate="HK55EVC"), "admin")
    assert (store.entries.get(1), store.entries.count(WHITE)) == (changed, 1)
    store.entries.delete(1, "admin")
    assert store.entries.get(1) is None


def test_an_entry_says_whose_it_is_and_when_it_holds(store: Store) -> None:
    nights = WeekSchedule((((1320, 360),), *((),) * 6))
    saved = store.entries.save(
        entry("AB12", owner=" Ánna Ó ", email="anna@example.org", group="Flat 4", week=nights, entries_left=3), "admin"
    )
    assert (saved.owner, saved.email, saved.group, saved.entries_left) == ("Ánna Ó", "anna@example.org", "Flat 4", 3)
    assert saved.week.days == (((1320, 1440),), ((0, 360),), (), (), (), (), ())
    assert store.entries(WHITE) == [saved]
    assert store.entries.get(store.entries.save(entry("CD34", entries_left=0), "admin").id).entries_left == 0  # type: ignore[union-attr]


def test_wildcards_are_kept_as_they_are_compared_and_send_no_number_of_their_own(store: Store) -> None:
    saved = store.entries.save(entry("ab-？ **"), "admin")
    assert (saved.plate, saved.is_wildcard) == ("AB-? *", True)
    assert [tuple(row) for row in store.db.rows("SELECT key, wildcard, number26 FROM entries")] == [("AB?*", 1, None)]
    with pytest.raises(ConfigError, match="is in WHITELIST already"):
        store.entries.save(entry("AB?*"), "admin")


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"plate": "--"}, "Plate: "),
        ({"plate": "*"}, "Plate: "),
        ({"plate": "??"}, "Plate: "),
        ({"plate": "*A*B*C*"}, "Plate: may hold 3 of the character * at most"),
        ({"owner": "x" * 101}, "Owner: must be at most 100 printable characters"),
        ({"owner": "a\x1b[0m"}, "Owner: must be at most 100 printable characters"),
        ({"group": "x" * 61}, "Group: must be at most 60 printable characters"),
        ({"email": "anna"}, "E-mail: must be one address such as anna@example.org"),
        ({"email": "a@b.c, d@e.f"}, "E-mail: must be one address such as anna@example.org"),
        ({"email": "a@b.c\nBcc: d@e.f"}, "E-mail: must be one address such as anna@example.org"),
        ({"entries_left": -1}, "Entries left: must be 0 to 9999, or empty"),
        ({"entries_left": 10_000}, "Entries left: must be 0 to 9999, or empty"),
        ({"week": WeekSchedule(((),))}, "Weekly hours: must have seven days, from Monday to Sunday"),
        ({"week": WeekSchedule((((0, 1441),), *((),) * 6))}, "Weekly hours: Mon: a span runs from 00:00 to 24:00"),
        ({"plate": "A" * 21}, "Plate: "),
        ({"plate": "A'; DROP TABLE entries"}, "Plate: "),
        ({"plate": "<script>"}, "Plate: "),
        ({"description": "x" * 201}, "Description: "),
        ({"valid_until": NOW, "valid_from": NOW}, "Valid until: must be later than Valid from"),
        ({"valid_from": datetime(2026, 1, 1)}, "Valid from: the time zone is missing"),
        ({"wiegand_card": -1}, "Wiegand card: must be 0 to 4294967295"),
        ({"wiegand_card": 2**32}, "Wiegand card: must be 0 to 4294967295"),
        ({"wiegand_facility": 65536, "wiegand_card": 1}, "Wiegand facility: must be 0 to 65535"),
        ({"wiegand_facility": 1}, "Wiegand card: is missing, although a facility is given"),
        ({"list_id": 77}, "this list was deleted"),
        ({"id": 77}, "this plate was deleted"),
    ],
)
def test_a_wrong_entry_is_refused_with_the_reason(store: Store, changes: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError) as why:
        store.entries.save(replace(entry("AB12"), **changes), "admin")
    assert str(why.value).startswith(problem)
    assert store.entries.count(WHITE) == 0


@pytest.mark.parametrize("blank", ["\n", "\r\n", "\t", "\x0b", "\x1c", "\x85", "\u2028", "\xa0", "\u3000"])
def test_a_plate_of_two_rows_is_kept_in_one_line(store: Store, blank: str) -> None:
    """It went on in a new line of logs, exports and what servers are told."""
    assert store.entries.save(entry(f"ab{blank}12"), "admin").plate == "AB 12"


def test_a_plate_stands_once_in_a_list_however_it_is_written(store: Store) -> None:
    store.entries.save(entry("AB-12"), "admin")
    with pytest.raises(ConfigError, match="Plate: AB 12 is in WHITELIST already"):
        store.entries.save(entry("ab 12"), "admin")
    assert store.entries.save(entry("AB12", BLACK), "admin").id == 2


def test_entries_are_searched_by_plate_and_description_and_paged(store: Store) -> None:
    for number in range(30):
        store.entries.save(entry(f"AB{number:03d}", description="100%" if number == 7 else "guest_1"), "admin")
    assert [one.plate for one in store.entries(WHITE, limit=2, offset=10)] == ["AB010", "AB011"]
    assert [one.plate for one in store.entries(WHITE, search="b-00 7")] == ["AB007"]
    assert [one.plate for one in store.entries(WHITE, search="100%")] == ["AB007"]
    assert (store.entries.count(WHITE, "%"), store.entries.count(WHITE, "_"), store.entries.count(WHITE)) == (1, 29, 30)


def test_a_rule_is_saved_with_all_its_options(store: Store) -> None:
    week = WeekSchedule((((480, 1080), (1200, 1440)), *((),) * 6))
    saved = store.rules.save(rule(name=" Gate ", week=week, duration_ms=300), "admin")
    assert store.rules(WHITE) == [saved] == store.rules()
    assert (saved.id, saved.name, saved.week) == (1, "Gate", week)
    assert saved.options == (
        '{"output":"DO1","do":"pulse","duration_ms":300,"on_ms":500,"off_ms":500,"repeat":5,"polarity":"active high","delay_ms":0,'
        '"even_if_blacklisted":false}'
    )


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        (rule(kind="rocket"), "there is no action 'rocket'; there are "),
        (replace(rule(), options="[]"), "the options are not a JSON object"),
        (replace(rule(), options="{"), "the options are not JSON: "),
        (rule(duration_ms=5), "Duration: "),
        (rule(colour="red"), "colour: "),
        (rule(do="explode"), "Do: must be one of pulse, pattern, on, off"),
        (rule(kind="http", url="ftp://host/"), "URL: "),
        (rule(kind="http", url="http://user:secret@host/"), "URL: "),
        (rule(list_id=77), "this list was deleted"),
        (replace(rule(), name=""), "Action name: "),
        (replace(rule(), week=WeekSchedule(((),))), "Schedule: must have seven days"),
        (replace(rule(), week=WeekSchedule((((600, 600),), *((),) * 6))), "Schedule: Mon: a span runs from 00:00 to 24:00"),
        (replace(rule(), week=WeekSchedule((((0, 1441),), *((),) * 6))), "Schedule: Mon: a span runs from 00:00 to 24:00"),
    ],
)
def test_a_wrong_rule_is_refused_with_the_reason(store: Store, wrong: ActionRule, problem: str) -> None:
    with pytest.raises(ConfigError) as why:
        store.rules.save(wrong, "admin")
    assert str(why.value).startswith(problem)
    assert store.rules() == []


def test_enabled_io_rules_of_one_output_agree_on_its_polarity(store: Store) -> None:
    first = store.rules.save(rule(name="Gate"), "admin")
    with pytest.raises(ConfigError, match="DO1 is active high in the action 'Gate' and the opposite in 'Siren'"):
        store.rules.save(rule(BLACK, name="Siren", polarity="active low"), "admin")
    store.rules.save(rule(BLACK, name="Siren", output="DO2", polarity="active low"), "admin")
    other = store.rules.save(replace(rule(BLACK, name="Third", polarity="active low"), enabled=False), "admin")
    with pytest.raises(ConfigError, match="must agree"):
        store.rules.save(replace(other, enabled=True), "admin")
    store.rules.save(replace(first, enabled=False), "admin")
    assert store.rules.save(replace(other, enabled=True), "admin").enabled


def test_a_number_that_an_action_can_never_send_is_said_when_it_is_typed_and_when_the_action_is_saved(store: Store) -> None:
    short = replace(rule(kind="wiegand", name="Door", layout="w26"), enabled=False)
    door = store.rules.save(short, "admin")
    for plate, facility, card in (("AB1", 300, 5), ("AB2", 1, 70000), ("ABCDEFGHIJK", None, None)):
        store.entries.save(entry(plate, wiegand_facility=facility, wiegand_card=card), "admin")
    with pytest.raises(ConfigError, match=r"AB1: the action Door can never send it: .*facility must be 0 to 255, not 300"):
        store.rules.save(replace(door, enabled=True), "admin")
    store.entries.delete(1, "admin")
    with pytest.raises(ConfigError, match=r"AB2: .*card must be 0 to 65535, not 70000"):
        store.rules.save(replace(door, enabled=True), "admin")
    with pytest.raises(ConfigError, match=r"ABCDEFGHIJK: .*takes 1 to 10 characters, not 11"):
        store.rules.save(rule(kind="wiegand", layout="plate64"), "admin")
    store.entries.delete(2, "admin")
    store.rules.save(replace(door, enabled=True), "admin")
    with pytest.raises(ConfigError, match="AB3: the action Door can never send it"):
        store.entries.save(entry("AB3", wiegand_facility=256, wiegand_card=5), "admin")
    assert store.entries.save(entry("AB3", BLACK, wiegand_facility=256, wiegand_card=5), "admin").wiegand_facility == 256


def add(store: Store, plate: str, number: int, at: datetime = NOW) -> None:
    one = passage(plate, id=f"p{number}", at=at)
    store.add_passage(one, (), store.lookup(plate, at, True))


def test_a_passage_comes_back_as_it_was_stored_with_its_lists(store: Store) -> None:
    store.entries.save(entry("HK55EVB"), "admin")
    one = passage(
        images=PassageImages("2026/01/02/p1-full.jpg", "2026/01/02/p1-plate.jpg"),
        trigger_id="t1",
        lane=2,
        region="BY",
        plate_colour="white",
        plate_kind="electric",
        look=PlateLook(-1.5, 8.25, 40, 210, True),
    )
    assert store.add_passage(one, (), store.lookup("HK55EVB", NOW, True)) is True
    assert store.add_passage(one, ()) is False
    stored = store.passages.get("p1")
    assert stored is not None
    assert (stored.rowid, stored.passage) == (1, one)
    assert store.passages.looks(5) == [one]
    assert [one.name for one in stored.lists] == ["ALL PLATES", "WHITELIST"]
    store.lists.delete(WHITE, "admin")
    assert [(match.list.name, match.entry) for match in store.passages.matches("p1")] == [("ALL PLATES", None), ("WHITELIST", None)]
    assert store.passages.get("p2") is None


def test_passages_are_searched_by_time_plate_and_list_newest_first(store: Store) -> None:
    store.entries.save(entry("AB12"), "admin")
    for number, plate in enumerate(["AB12", "CD34", "AB12", "", "A%_\\'"], 1):
        add(store, plate, number, NOW + timedelta(minutes=number))

    def ids(**query: Any) -> list[str]:
        return [one.passage.id for one in store.passages(PassageQuery(**query))]

    assert ids() == ["p5", "p4", "p3", "p2", "p1"]
    assert ids(limit=2) == ["p5", "p4"]
    assert ids(since=NOW + timedelta(minutes=2), until=NOW + timedelta(minutes=4)) == ["p3", "p2"]
    assert ids(plate="b-1") == ["p3", "p1"]
    assert (ids(plate="%"), ids(plate="_"), ids(plate="\\"), ids(plate="'")) == (["p5"], ["p5"], ["p5"], ["p5"])
    assert ids(list_id=WHITE) == ["p3", "p1"]
    assert ids(list_id=UNLISTED) == ["p5", "p2"]
    assert [each.passage.id for each in store.passages.last_stored(100, after_rowid=3)] == ["p5", "p4"]


def test_a_search_gives_1000_rows_at_most(store: Store) -> None:
    with store.transaction():
        for number in range(1001):
            store.add_passage(passage(id=f"p{number}"), ())
    assert len(store.passages(PassageQuery(limit=5000))) == 1000


def test_deliveries_are_stored_with_the_passage_and_searched(store: Store) -> None:
    gate = store.rules.save(rule(), "admin")
    one = Delivery(
        "d1", "p1", gate.id, "io", "withheld", NOW, NOW, 0, NOW, NOW, Text("the plate is on {lists}", {"lists": "BLACKLIST"})
    )
    other = replace(one, id="d2", kind="http", state="pending", finished_at=None, rule_id=9)
    store.add_passage(passage(), (one, other))
    found = store.deliveries(DeliveryQuery())
    assert [(row.delivery, row.plate, row.rule_name, row.list_name) for row in found] == [
        (other, "HK55EVB", "", ""),
        (one, "HK55EVB", "Gate", "WHITELIST"),
    ]
    for query, expected in (
        (DeliveryQuery(state="withheld"), ["d1"]),
        (DeliveryQuery(kind="http"), ["d2"]),
        (DeliveryQuery(passage_id="p2"), []),
        (DeliveryQuery(until=NOW), []),
        (DeliveryQuery(since=NOW, after_rowid=1), ["d2"]),
    ):
        assert [row.delivery.id for row in store.deliveries(query)] == expected


def test_settings_come_back_and_wrong_ones_leave_the_previous(store: Store) -> None:
    assert store.settings(LprSettings) == LprSettings()
    store.settings.put(GeneralSettings(device_name="Gate north", keep_free_pct=20), "admin")
    with pytest.raises(ConfigError, match="Keep free"):
        store.settings.put(GeneralSettings().model_copy(update={"keep_free_pct": 99}), "admin")
    assert store.settings(GeneralSettings) == GeneralSettings(device_name="Gate north", keep_free_pct=20)


@pytest.mark.parametrize("body", ["", '{"mode": "TRIG', "[1]", "null", b"\xff\xfe"])
def test_a_damaged_row_of_settings_gives_the_defaults_and_can_be_stored_anew(store: Store, body: str | bytes) -> None:
    store.db.execute("INSERT INTO settings VALUES ('LprSettings', ?)", (body,))
    assert store.settings(LprSettings) == LprSettings()
    store.settings.put(LprSettings(mode="TRIGGER"), "admin")
    assert store.settings(LprSettings) == LprSettings(mode="TRIGGER")


def test_stored_settings_of_another_release_keep_what_is_still_valid(store: Store) -> None:
    store.db.execute('INSERT INTO settings VALUES (\'LprSettings\', \'{"mode": "TRIGGER", "gone": 1, "votes": 99}\')')
    assert store.settings(LprSettings) == LprSettings(mode="TRIGGER")


def test_counters_add_up_with_the_time_of_the_last_change(tmp_path: Path) -> None:
    clock = TestClock()
    store = new_store(tmp_path, clock)
    store.counters.add("Results")
    clock.advance(60)
    store.counters.add("Results", 2)
    counter = store.counters()["Results"]
    assert (counter.value, counter.changed_at) == (3, NOW + timedelta(seconds=60))


def test_an_entry_type_is_what_the_list_holds(store: Store) -> None:
    assert isinstance(store.entries.save(entry("부산02가1234"), "admin"), ListEntry)
    assert [match.list.name for match in store.lookup("부산 02가 1234", NOW, True)] == ["WHITELIST", "ALL PLATES"]


def test_a_plate_or_list_added_after_one_was_deleted_does_not_stand_for_it_in_earlier_passages(store: Store) -> None:
    vip = store.lists.save(PlateList(0, "VIP", "custom"), "admin")
    gone = store.entries.save(entry("AB12", vip.id, wiegand_card=7), "admin")
    store.add_passage(passage("AB12"), [], store.lookup("AB12", NOW, True))
    store.lists.delete(vip.id, "admin")
    other = store.lists.save(PlateList(0, "Guests", "custom"), "admin")
    added = store.entries.save(entry("CD34", other.id, wiegand_card=8), "admin")
    assert (other.id, added.id) == (vip.id + 1, gone.id + 1)
    assert [(match.list.name, match.entry) for match in store.passages.matches("p1")] == [("ALL PLATES", None), ("VIP", None)]
    assert store.passages(PassageQuery(list_id=other.id)) == []
