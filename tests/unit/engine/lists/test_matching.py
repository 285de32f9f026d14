"""Matching: normalised texts, validity to the microsecond, roles, look-alikes, collisions."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from board.kit.errors import ConfigError
from engine.lists import normalise, variants
from engine.lists.confusions import PAIRS
from engine.store import Store
from engine.types import ListEntry
from tests.samples import ALL, BLACK, NOW, UNLISTED, WHITE, WISH, entry, new_store

UTC = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("written", "compared"),
    [("ab-12 c", "AB12C"), ("M·AB 123", "MAB123"), ("ＡＢ１２", "AB12"), ("부산02가1234", "부산02가1234"), (" - . ", ""), ("", "")],
)
def test_a_plate_is_compared_without_case_width_spaces_hyphens_and_dots(written: str, compared: str) -> None:
    assert normalise(written) == compared


def names(folder: Path, plate: str, at: object = NOW, fold: bool = True, *entries: object) -> list[str]:
    store = new_store(folder)
    for one in entries:
        store.entries.save(one, "admin")  # type: ignore[arg-type]
    return [match.list.name for match in store.lookup(plate, at, fold)]  # type: ignore[arg-type]


def test_an_entry_holds_from_its_first_microsecond_until_before_its_last(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.entries.save(entry("AB12", valid_from=NOW, valid_until=NOW + timedelta(hours=1)), "admin")
    step = timedelta(microseconds=1)

    def in_white(at: object) -> bool:
        return "WHITELIST" in [match.list.name for match in store.lookup("AB12", at, True)]  # type: ignore[arg-type]

    assert [in_white(NOW - step), in_white(NOW), in_white(NOW + timedelta(hours=1) - step), in_white(NOW + timedelta(hours=1))] == [
        False, True, True, False,
    ]  # fmt: skip


def test_an_expired_entry_makes_the_plate_an_unlisted_one(tmp_path: Path) -> None:
    old = entry("AB12", valid_until=NOW)
    assert names(tmp_path, "AB12", NOW, True, old) == ["ALL PLATES", "NOT IN LIST"]


def test_a_listed_plate_is_in_its_lists_and_in_all_plates_only(tmp_path: Path) -> None:
    assert names(tmp_path, "ab 12", NOW, True, entry("AB-12", WHITE), entry("AB12", BLACK)) == [
        "BLACKLIST",
        "WHITELIST",
        "ALL PLATES",
    ]


def test_a_passage_without_plate_is_in_no_list(tmp_path: Path) -> None:
    assert names(tmp_path, "") == []


@pytest.mark.parametrize(("fold", "expected"), [(True, ["WHITELIST", "ALL PLATES"]), (False, ["ALL PLATES", "NOT IN LIST"])])
def test_look_alikes_count_as_the_same_when_the_setting_says_so(tmp_path: Path, fold: bool, expected: list[str]) -> None:
    assert names(tmp_path, "A0I1", NOW, fold, entry("AO1I")) == expected


def test_an_exact_entry_wins_over_a_look_alike_of_another_list(tmp_path: Path) -> None:
    assert names(tmp_path, "AO1", NOW, True, entry("AO1", WHITE), entry("A01", 5)) == ["WHITELIST", "ALL PLATES"]


def test_a_look_alike_on_the_blacklist_counts_even_beside_an_exact_entry(tmp_path: Path) -> None:
    assert names(tmp_path, "AO1", NOW, True, entry("AO1", WHITE), entry("A01", BLACK)) == ["BLACKLIST", "WHITELIST", "ALL PLATES"]


def test_the_matched_entry_is_the_exact_one_of_its_list(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    store.entries.save(entry("A01"), "admin")
    exact = store.entries.save(entry("AO1"), "admin")
    assert store.lookup("AO1", NOW, True)[0].entry == exact


def test_unlisted_is_the_list_without_entry(tmp_path: Path) -> None:
    match = new_store(tmp_path).lookup("AB12", NOW, True)[-1]
    assert (match.list.id, match.entry, match.distance) == (UNLISTED, None, 0)


def test_plates_that_send_one_number_are_collisions_and_one_plate_in_two_lists_is_none(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for one in (
        entry("AB1", wiegand_facility=11, wiegand_card=12345),
        entry("AB2", wiegand_facility=11, wiegand_card=12345),
        entry("HK55EVB"),
        entry("HK55EVB", BLACK),
    ):
        store.entries.save(one, "admin")
    assert [(found.number, [one.plate for one in found.entries]) for found in store.entries.collisions()] == [
        ("11-12345", ["AB1", "AB2"])
    ]


def test_two_plates_with_one_sha1_number_of_24_bits_are_found(tmp_path: Path) -> None:
    # Found by search; docs/sources.md, Wiegand: among 5000 plates such a pair is more likely than not.
    first, second, number = sha1_pair()
    store = new_store(tmp_path)
    store.entries.save(entry(first), "admin")
    store.entries.save(entry(second), "admin")
    assert [found.number for found in store.entries.collisions(WHITE)] == [f"SHA-1 {number:06X}"]
    assert store.entries.collisions(WHITE, bits=34) == []


def sha1_pair() -> tuple[str, str, int]:
    from board.wiegand.codes import plate_number

    seen: dict[int, str] = {}
    for count in range(100_000):
        plate = f"AB{count:05d}"
        number = plate_number(plate, 24)
        if number in seen:
            return seen[number], plate, number
        seen[number] = plate
    raise AssertionError("no pair")


def fuzzy_store(folder: Path, *plates: ListEntry, fuzzy: tuple[int, ...] = (BLACK, WHITE, WISH)) -> Store:
    store = new_store(folder)
    for one in plates:
        store.entries.save(one, "admin")
    for list_id in fuzzy:
        store.lists.save(replace(store.lists.get(list_id), fuzzy=True), "admin")
    return store


def near(folder: Path, read: str, *plates: ListEntry, fold: bool = True, **changes: Any) -> list[tuple[str, int]]:
    store = fuzzy_store(folder, *plates, **changes)
    return [(match.list.name, match.distance) for match in store.entries.lookup(read, NOW, fold)]


NOBODY = [("ALL PLATES", 0), ("NOT IN LIST", 0)]


def test_a_plate_with_one_confused_character_is_found_when_no_other_is_as_close(tmp_path: Path) -> None:
    assert near(tmp_path, "K5IOEA154", entry("KS10EA154")) == [("WHITELIST", 1), ("ALL PLATES", 0)]


def test_look_alikes_are_confusions_like_others_when_the_setting_does_not_make_them_the_same(tmp_path: Path) -> None:
    assert near(tmp_path / "three", "K5IOEA154", entry("KS10EA154"), fold=False) == NOBODY
    assert near(tmp_path / "one", "K510EA154", entry("KS10EA154"), fold=False) == [("WHITELIST", 1), ("ALL PLATES", 0)]
    assert near(tmp_path / "alike", "KS1OEA154", entry("KS10EA154"), fold=False) == [("WHITELIST", 1), ("ALL PLATES", 0)]


@pytest.mark.parametrize(
    ("read", "listed"),
    [
        ("AB8", ("ABB", "A88")),  # two are one confusion away
        ("AB12", ("ABIZ7",)),  # another length
        ("5B12", ("SB1Z",)),  # two confusions
        ("AX12", ("AY12",)),  # characters that nobody confuses
    ],
)
def test_what_is_not_clearly_one_confusion_away_is_not_listed(tmp_path: Path, read: str, listed: tuple[str, ...]) -> None:
    assert near(tmp_path, read, *(entry(plate) for plate in listed)) == NOBODY


@pytest.mark.parametrize("other", [{"list_id": WISH}, {"valid_until": NOW}, {"entries_left": 0}], ids=["list", "expired", "spent"])
def test_another_listed_plate_that_is_as_close_keeps_it_out_whatever_its_list_and_though_it_does_not_hold(
    tmp_path: Path, other: dict[str, Any]
) -> None:
    assert near(tmp_path, "AB8", entry("ABB"), entry("A88", **other), fuzzy=(WHITE,)) == NOBODY


def test_the_same_plate_in_two_lists_is_one_neighbour(tmp_path: Path) -> None:
    assert near(tmp_path / "a", "AB8", entry("ABB"), entry("ABB", WISH)) == [("WHITELIST", 1), ("WISH LIST", 1), ("ALL PLATES", 0)]
    assert near(tmp_path / "b", "AB8", entry("ABB"), entry("ABB", WISH), fuzzy=(WHITE,)) == [("WHITELIST", 1), ("ALL PLATES", 0)]


def test_a_neighbour_that_a_list_refuses_is_refused_also_where_only_the_other_list_is_fuzzy(tmp_path: Path) -> None:
    found = near(tmp_path, "AB8", entry("ABB"), entry("ABB", BLACK), fuzzy=(WHITE,))
    assert found == [("BLACKLIST", 1), ("WHITELIST", 1), ("ALL PLATES", 0)]


def test_what_looks_like_a_refused_plate_and_like_another_one_is_refused(tmp_path: Path) -> None:
    """Where strangers are let in, it drove in as one of them: a second plate on the blacklist opened for both."""
    both = [entry("ABB", BLACK), entry("A88", BLACK)]
    assert near(tmp_path / "a", "AB8", *both) == [("BLACKLIST", 1), ("ALL PLATES", 0)]
    assert near(tmp_path / "b", "AB8", both[0], entry("A88")) == [("BLACKLIST", 1), ("ALL PLATES", 0)]
    assert near(tmp_path / "c", "AB8", both[0], entry("A88"), fuzzy=(WHITE,)) == NOBODY, "its list does not want it"
    assert near(tmp_path / "d", "AB8", entry("ABB", BLACK, valid_until=NOW), entry("A88")) == NOBODY


def test_an_exact_entry_or_a_look_alike_wins_over_a_confused_one_and_one_that_has_expired_stays_itself(tmp_path: Path) -> None:
    assert near(tmp_path / "a", "ABO8", entry("AB08"), entry("ABOB", BLACK)) == [("WHITELIST", 0), ("ALL PLATES", 0)]
    assert near(tmp_path / "b", "AB8", entry("AB8", valid_until=NOW), entry("ABB")) == NOBODY


def test_a_confused_character_does_not_count_unless_the_list_says_so_and_is_told_all_the_same(tmp_path: Path) -> None:
    assert names(tmp_path, "AB8", NOW, True, entry("ABB")) == ["ALL PLATES", "NOT IN LIST"]
    (told,) = new_store(tmp_path).entries.find("AB8", NOW, True, UTC).near
    assert (told.list.name, told.entry.plate if told.entry else "", told.distance) == ("WHITELIST", "ABB", 1)


@pytest.mark.parametrize(
    ("pattern", "read", "fits"),
    [
        ("AB?12", "ABC12", True),
        ("AB?12", "AB12", False),
        ("AB?12", "ABCD12", False),
        ("AB*", "AB", True),
        ("AB*", "ABC 123", True),
        ("AB*", "XAB1", False),
        ("*12*", "A1234", True),
        ("A*1*2", "AXX1Y2", True),
        ("A*1*2", "AXX2Y1", False),
        ("ä?-1*", "AB1", True),
        ("?0?", "AOB", True),  # O and 0 are one
        ("부산*", "부산02가1234", True),
        ("부산??가*", "부산02나1234", False),
    ],
)
def test_a_question_mark_is_one_character_and_a_star_any_number(tmp_path: Path, pattern: str, read: str, fits: bool) -> None:
    expected = ["WHITELIST", "ALL PLATES"] if fits else ["ALL PLATES", "NOT IN LIST"]
    assert names(tmp_path, read, NOW, True, entry(pattern)) == expected


def test_a_wildcard_tells_look_alikes_apart_where_the_setting_says_so(tmp_path: Path) -> None:
    assert names(tmp_path, "AOB", NOW, False, entry("A0*")) == ["ALL PLATES", "NOT IN LIST"]
    assert next(match.list.id for match in new_store(tmp_path).lookup("A0B", NOW, False)) == WHITE


def test_an_exact_entry_wins_over_a_wildcard_of_its_list_also_when_it_does_not_hold(tmp_path: Path) -> None:
    store = fuzzy_store(tmp_path, entry("AB*", owner="all"), entry("AB1", owner="Anna"), entry("AB2", valid_until=NOW))
    owners = {read: [each.entry.owner for each in store.lookup(read, NOW, True) if each.entry] for read in ("AB1", "AB2", "AB3")}
    assert owners == {"AB1": ["Anna"], "AB2": [], "AB3": ["all"]}
    assert [each.why for each in store.entries.find("AB2", NOW, True, UTC).lapsed] == ["expired"]


def test_a_wildcard_that_refuses_counts_beside_an_exact_entry(tmp_path: Path) -> None:
    listed = (entry("AB*", BLACK), entry("AB1"), entry("AB1", BLACK, valid_until=NOW))
    assert names(tmp_path, "AB1", NOW, True, *listed) == ["BLACKLIST", "WHITELIST", "ALL PLATES"]


def test_what_fits_a_wildcard_is_not_taken_for_a_neighbour(tmp_path: Path) -> None:
    assert near(tmp_path, "AB8", entry("ABB"), entry("A*", WISH)) == [("WISH LIST", 0), ("ALL PLATES", 0)]


def test_entries_with_limits_open_nothing_and_go_on_refusing_while_the_clock_is_not_set(tmp_path: Path) -> None:
    unset = datetime(1970, 1, 1, tzinfo=UTC)
    listed = (entry("AB1", valid_until=NOW), entry("AB1", BLACK, valid_until=NOW), entry("AB2"))
    assert names(tmp_path, "AB1", unset, True, *listed) == ["BLACKLIST", "ALL PLATES"]
    store = new_store(tmp_path)
    assert [each.why for each in store.entries.find("AB1", unset, True, UTC).lapsed] == ["clock"]
    assert [each.list.id for each in store.lookup("AB2", unset, True)] == [WHITE, ALL]


def test_no_entries_left_counts_where_the_list_opens(tmp_path: Path) -> None:
    listed = (entry("AB1", entries_left=0), entry("AB1", BLACK, entries_left=0), entry("AB1", WISH, entries_left=0))
    assert names(tmp_path, "AB1", NOW, True, *listed) == ["BLACKLIST", "WISH LIST", "ALL PLATES"]


def test_there_are_so_many_wildcards_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.store.entries.MAX_WILDCARDS", 2)
    store = fuzzy_store(tmp_path, entry("A*"), entry("B*", BLACK))
    with pytest.raises(ConfigError, match=r"Plate: there are at most 2 plates with \? or \* in all lists"):
        store.entries.save(entry("C*"), "admin")
    with pytest.raises(ConfigError, match="at most 2 plates"):
        store.imports.replace(WHITE, [("line 1", entry("D*")), ("line 2", entry("E*"))], "admin")
    store.imports.replace(WHITE, [("line 1", entry("D*")), ("line 2", entry("E1"))], "admin")
    (one,) = [each for each in store.entries(WHITE) if each.is_wildcard]
    assert store.entries.save(replace(one, plate="F*"), "admin").plate == "F*"


def test_every_confusion_goes_both_ways() -> None:
    for pair in PAIRS:
        one, other = pair
        assert (other in variants(one), one in variants(other)) == (True, True)
    assert variants("8") == ("B",)
    assert set(variants("A8")) == {"48", "AB"}
    assert variants("京") == ()


def test_a_plates_own_number_may_be_that_of_another_plate_by_the_sha1_rule(tmp_path: Path) -> None:
    from board.wiegand.codes import plate_number

    store = new_store(tmp_path)
    number = plate_number("HK55EVB", 32)
    store.entries.save(entry("HK55EVB"), "admin")
    store.entries.save(entry("AB1", wiegand_card=number), "admin")
    assert [sorted(one.plate for one in each.entries) for each in store.entries.collisions(bits=34)] == [["AB1", "HK55EVB"]] * 2
    assert store.entries.collisions(bits=26) == [], "it fits no frame of 26 bits: nothing is sent for AB1"


def test_plates_of_an_import_are_compared_once_it_is_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, number = sha1_pair()
    store = new_store(tmp_path)
    monkeypatch.setattr("engine.store.imports.FEW", 0)
    store.imports.replace(WHITE, [(1, entry(first)), (2, entry(second))], "anna")
    assert [found.number for found in store.entries.collisions()] == [f"SHA-1 {number:06X}"]
