"""Texts that come from other programs: blanks of other kinds, line ends, marks that nobody sees, and letters taken apart."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from engine.exchange.importing import Order, import_lists
from engine.exchange.plate_files.hours import read_hours, write_hours
from engine.plates import put
from engine.store import Store
from engine.types import PlateList
from tests.samples import ALL, WHITE, entry, new_store

ZONE = ZoneInfo("Europe/Berlin")
APART = unicodedata.normalize("NFD", "Gäste")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return new_store(tmp_path)


def bring(store: Store, tmp_path: Path, text: str, list_id: int = WHITE) -> None:
    path = tmp_path / "file"
    path.write_bytes(text.encode())
    import_lists(store, store.lists.get(list_id), Order(path), ZONE, "anna").settle(store)


def test_one_pasted_blank_or_line_end_does_not_refuse_a_whole_file(store: Store, tmp_path: Path) -> None:
    bring(
        store,
        tmp_path,
        'plate;description;owner\r\nAB 1;Müller\u00a0GmbH;Jean\u202fPaul\r\nAB 2;"first\r\nsecond";\r\nAB 3;علی\u200cرضا;a\tb\r\n',
    )
    assert [(each.description, each.owner) for each in store.entries(WHITE)] == [
        ("Müller GmbH", "Jean Paul"),
        ("first\nsecond", ""),
        ("علی\u200cرضا", "a b"),
    ]


def test_a_list_is_the_same_list_however_its_name_is_written(store: Store, tmp_path: Path) -> None:
    bring(store, tmp_path, f"plate;list\nAB 1;{APART}\nAB 2;Gäste\nAB 3;GÄSTE\u00a0\n", ALL)
    (made,) = [each for each in store.lists() if each.name.lower().startswith("g")]
    assert (made.name, len(store.entries(made.id))) == ("Gäste", 3)
    saved, done = put(store, APART.upper(), "AB 4", {}, ZONE, "mqtt")
    assert (saved.list_id, done) == (made.id, "added")
    with pytest.raises(ConfigError, match="there is a list GÄSTE already"):
        store.lists.save(PlateList(0, "GÄSTE", "custom"), "anna")


def test_a_list_may_change_its_own_name_to_capitals(store: Store) -> None:
    made = store.lists.save(PlateList(0, "Gäste", "custom"), "anna")
    assert store.lists.save(PlateList(made.id, "GÄSTE", "custom"), "anna").name == "GÄSTE"


def test_a_text_is_found_however_it_was_typed(store: Store) -> None:
    store.entries.save(entry("AB 1", description=unicodedata.normalize("NFD", "Jürgen")), "anna")
    for search in ("Jürgen", unicodedata.normalize("NFD", "Jürgen"), "jü", "JÜRGEN", "Jürgen\u00a0"):
        assert [each.plate for each in store.entries(WHITE, search)] == ["AB 1"], search


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Mon 08:00 – 12:00", "Mon 08:00-12:00"),
        ("Mon–Wed 08:00-17:30, Sat 09:00-12:00", "Mon 08:00-17:30; Tue 08:00-17:30; Wed 08:00-17:30; Sat 09:00-12:00"),
        ("Sat-Mon", "Mon 00:00-24:00; Sat 00:00-24:00; Sun 00:00-24:00"),
        ("Mon, Tue 08:00-09:00 10:00-11:00", "Mon 08:00-09:00 10:00-11:00; Tue 08:00-09:00 10:00-11:00"),
        ("Mon; Tue 08:00-09:00", "Mon 00:00-24:00; Tue 08:00-09:00"),
    ],
)
def test_hours_are_read_as_audit_says_them_and_as_spreadsheets_write_a_dash(text: str, said: str) -> None:
    assert write_hours(read_hours(text)) == said


@pytest.mark.parametrize("text", ["08:00-12:00", "Mon-08:00", "Mon-Xyz 08:00-12:00", ",", "Mon;;", "Mon 08:00-12:00 always"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ConfigError, match="write days and spans"):
        read_hours(text)


@pytest.mark.parametrize("text", ["Mon 08:75-12:00", "Mon 08:00-12:60"])
def test_a_minute_past_59_is_no_time(text: str) -> None:
    """It was taken for one of the next hour."""
    with pytest.raises(ConfigError, match="write days and spans"):
        read_hours(text)
