"""Search: whatever filters go together, totals and pages are those of a plain look at every passage."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Any

import pytest

from engine.lists import fold, normalise
from engine.store import PassageQuery, Store, search
from engine.types import Decision, Passage
from tests.samples import ALL, BLACK, NOW, UNLISTED, WHITE, entry, new_store, passage

PLATES = ("BL482KD", "BO1I0XY", "B010IXY", "AB", "", "A", "KV23XTM", "OO0011", "12E4", "\u4eacA12345", "XKV23", "7GTW386")
PASSAGES, SIZE = 400, 7


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, list[tuple[Passage, str, set[int]]]]:
    """A store, and all that was stored in it, newest first: passage, outcome, lists."""
    draw = random.Random(20)
    store = new_store(tmp_path_factory.mktemp("search"))
    for plate, list_id in (("BL482KD", WHITE), ("BO1I0XY", WHITE), ("KV23XTM", BLACK)):
        store.entries.save(entry(plate, list_id), "admin")
    made = []
    for number in range(PASSAGES):
        at = NOW + timedelta(seconds=draw.randrange(PASSAGES), milliseconds=draw.randrange(1000))
        kind = {"lane": draw.randrange(3), "direction": draw.choice(("", "approach", "away"))}
        one = passage(draw.choice(PLATES), f"p{number}", at, **kind)
        outcome = draw.choice(("", "opened", "refused", "withheld", "reported"))
        lists = store.lookup(one.plate, at, True)
        store.add_passage(one, [], lists, Decision(outcome))
        made.append((number, one, outcome, {each.list.id for each in lists}))
    for number in draw.sample(range(PASSAGES), 40):  # what was deleted is found no more
        store.passages.delete([number + 1])
        made = [each for each in made if each[0] != number]
    newest_first = sorted(made, key=lambda each: (int(each[1].at.timestamp() * 1000), each[0]), reverse=True)
    return store, [each[1:] for each in newest_first]


def asked(draw: random.Random) -> PassageQuery:
    """Any filters together, each of them there in one search of two."""
    choices: dict[str, Any] = {
        "since": NOW + timedelta(seconds=draw.randrange(PASSAGES), milliseconds=draw.choice((0, 1, 999))),
        "until": NOW + timedelta(seconds=draw.randrange(PASSAGES), milliseconds=draw.choice((0, 1, 999))),
        "plate": draw.choice(
            ("B", "bl", "O0", "01", "0I0", "482", "KV23", "kv-23 x", "BL482KD", "\u4eac", "\u4eaca1", "ZZZ", "A", "I0X")
        ),
        "list_id": draw.choice((ALL, UNLISTED, WHITE, BLACK, 99)),
        "lane": draw.choice((1, 2, 9)),
        "direction": draw.choice(("approach", "away")),
        "outcome": draw.choice(("opened", "refused", "withheld", "waiting")),
    }
    return PassageQuery(fold=draw.random() < 0.5, **{name: value for name, value in choices.items() if draw.random() < 0.45})


def fits(query: PassageQuery, one: Passage, outcome: str, lists: set[int]) -> bool:
    text, key = normalise(query.plate), normalise(one.plate)
    at = one.at.replace(microsecond=one.at.microsecond // 1000 * 1000)
    return (
        (query.since is None or at >= query.since)
        and (query.until is None or at < query.until)
        and (fold(text) in fold(key) if query.fold else text in key)
        and query.list_id in (0, *lists)
        and query.lane in (0, one.lane)
        and query.direction in ("", one.direction)
        and query.outcome in ("", outcome)
    )


@pytest.mark.parametrize("few", [0, 50, 10**9], ids=["by trigrams", "by either", "looked through"])
@pytest.mark.parametrize("counted", [10_000, 20], ids=["all counted", "more than are counted"])
def test_totals_and_pages_of_any_filters_together_are_those_of_a_look_at_every_passage(
    filled: tuple[Store, list[tuple[Passage, str, set[int]]]], monkeypatch: pytest.MonkeyPatch, few: int, counted: int
) -> None:
    store, stored = filled
    monkeypatch.setattr(search, "FEW", few)
    monkeypatch.setattr(search, "MAX_COUNTED", counted)
    monkeypatch.setattr("engine.store.passages.MAX_COUNTED", counted)
    draw = random.Random(few + counted)
    for _ in range(150):
        query = asked(draw)
        expected = [one.id for one, outcome, lists in stored if fits(query, one, outcome, lists)]
        first = store.passages.page(query, 1, SIZE)
        assert (first.total, first.partial) == (min(len(expected), counted + 1), False), query
        assert first.last == max(1, -(-min(len(expected), counted) // SIZE)), query
        number = draw.randrange(first.last) + 1
        found = [each.passage.id for each in store.passages.page(query, number, SIZE).rows]
        assert found == expected[(number - 1) * SIZE : number * SIZE], query
        assert [each.passage.id for each in store.passages.oldest(query, SIZE)] == expected[-SIZE:], query
        assert store.passages.count(query)[0] in (len(expected), min(len(expected), counted)), query
