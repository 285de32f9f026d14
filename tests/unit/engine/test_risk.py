"""Risk: the figures are what the judge itself would say to the same strangers, and the same each time."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.errors import ConfigError
from engine import risk as risks
from engine.lists import variants
from engine.risk import Near, Pattern, risk, strangers
from engine.store import Store
from tests.samples import BLACK, NOW, WHITE, WISH, entry, new_store

GERMAN = ("DE",)
NUMBER = 1500


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Lists that admit strangers in every way, some of them near plates of two lists."""
    made = new_store(tmp_path)
    some = strangers(GERMAN, NUMBER)
    neighbours = [other for key in some[200:300] for other in variants(key)[:1]]
    listed = {
        WHITE: [*some[:40], "B*", "M?1*", *neighbours[:60]],
        BLACK: [*some[20:60], *neighbours[40:], "HH*7"],
        WISH: [other for key in some[200:230] for other in variants(key)[1:2]],
    }
    for list_id, plates in listed.items():
        known = {}
        for plate in plates:
            known.setdefault(plate.replace("O", "0").replace("I", "1"), plate)
        made.imports.replace(list_id, [(plate, entry(plate)) for plate in known.values()], "anna")
    return made


def test_strangers_have_the_forms_of_their_countries_and_are_the_same_each_time() -> None:
    first = strangers(GERMAN, 50)
    assert first == strangers(GERMAN, 50)
    assert len(set(first)) > 45
    assert all(3 <= len(plate) <= 9 and plate.isalnum() for plate in first)
    assert len(strangers((), 5)) == 5
    with pytest.raises(ConfigError, match="country 'XX' is not known"):
        strangers(("XX",), 5)


@pytest.mark.parametrize("list_id", [WHITE, BLACK, WISH])
@pytest.mark.parametrize("fuzzy", [False, True])
def test_the_figures_are_what_the_judge_says_to_each_stranger(store: Store, list_id: int, fuzzy: bool) -> None:
    chosen = store.lists.save(replace(store.lists.get(list_id), fuzzy=fuzzy), "anna")
    found = risk(store, chosen, GERMAN, NUMBER)
    seen = [store.lookup(plate, NOW, True) for plate in strangers(GERMAN, NUMBER)]
    taken = [match for matches in seen for match in matches if match.list.id == list_id]
    assert found.admitted == len(taken) > 0
    assert found.exact == sum(not match.distance and bool(match.entry) and not match.entry.is_wildcard for match in taken)  # type: ignore[union-attr]
    assert found.wildcards == sum(bool(match.entry) and match.entry.is_wildcard for match in taken)  # type: ignore[union-attr]
    assert found.fuzzy >= sum(match.distance for match in taken)
    assert (found.admitted == found.exact + found.wildcards + found.fuzzy) is (fuzzy or found.fuzzy == 0)


def test_the_widest_wildcards_come_first(store: Store) -> None:
    found = risk(store, store.lists.get(WHITE), GERMAN, NUMBER)
    coming = strangers(GERMAN, NUMBER)
    assert found.patterns[0] == Pattern("B*", sum(plate.startswith(("B", "8B")) for plate in coming))
    assert [each.plate for each in found.patterns] == ["B*", "M?1*"]


def test_listed_plates_that_are_one_confusion_apart_are_named_once_with_the_other_s_list(tmp_path: Path) -> None:
    store = new_store(tmp_path)
    for one in (entry("AB 8"), entry("ABB"), entry("A8B", WISH), entry("XY1"), entry("XYI", BLACK)):
        store.entries.save(one, "anna")
    found = risk(store, store.lists.get(WHITE), GERMAN, 10)
    assert set(found.near) == {Near("AB 8", "ABB", "WHITELIST"), Near("ABB", "A8B", "WISH LIST")}
    assert found.looked_at == 3


def test_of_a_long_list_some_plates_all_over_it_are_compared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = new_store(tmp_path)
    store.imports.replace(WHITE, [(f"{n}", entry(f"AB{n:04}")) for n in range(1000)], "anna")
    monkeypatch.setattr(risks, "MOST_LOOKED_AT", 100)
    found = risk(store, store.lists.get(WHITE), GERMAN, 10)
    assert 90 <= found.looked_at <= 100
    assert {each.plate[3] for each in found.near} > {"0", "9"}
