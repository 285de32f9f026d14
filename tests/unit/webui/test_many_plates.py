"""Many plates: one change for all that are selected, each audited, in short steps, without losing what is not possible."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta
from typing import Any

import pytest

from engine.lists import EARLIEST, LATEST
from engine.store import Store
from engine.types import ListEntry
from tests.samples import ALL, BLACK, NOW, WHITE, WISH, entry
from tests.unit.webui.portal_caller import Caller
from webui import many_plates

PLATES = ("AA1", "BB2", "CC3")


@pytest.fixture
def ids(caller: Caller) -> list[int]:
    return [caller.portal.store.entries.save(entry(plate, group="Old"), "admin").id for plate in PLATES]


def send(caller: Caller, role: str = "admin", list_id: int = WHITE, **body: Any) -> Any:
    return caller.send("PUT", f"api/lists/{list_id}/many", body, role)


def stored(caller: Caller, list_id: int = WHITE) -> dict[str, ListEntry]:
    return {each.plate: each for each in caller.portal.store.entries(list_id)}


def test_only_what_is_sent_is_changed_in_all_of_them_and_each_stands_in_audit(caller: Caller, ids: list[int]) -> None:
    reply = send(caller, ids=ids[:2], do="change", valid_until="2027-01-01", entries_left=3)
    assert (reply.status, reply.json) == (200, {"done": 2, "kept": []})
    found = stored(caller)
    assert [(found[plate].entries_left, found[plate].group, found[plate].valid_from) for plate in PLATES] == [
        (3, "Old", EARLIEST), (3, "Old", EARLIEST), (None, "Old", EARLIEST),
    ]  # fmt: skip
    assert found["AA1"].valid_until.isoformat() == "2027-01-02T00:00:00+00:00"
    changes = caller.portal.store.changes("entry", limit=2)
    assert [(each.user, each.item_id, each.before["entries_left"], each.after["entries_left"]) for each in changes] == [  # type: ignore[index]
        ("anna", ids[1], None, 3), ("anna", ids[0], None, 3),
    ]  # fmt: skip
    assert send(caller, ids=ids[:2], do="change", entries_left=None, group="").json["done"] == 2
    assert [(each.entries_left, each.group) for each in stored(caller).values()] == [(None, ""), (None, ""), (None, "Old")]


def test_all_that_is_wrong_is_said_at_its_field_and_nothing_is_changed(caller: Caller, ids: list[int]) -> None:
    reply = send(caller, ids=ids, do="change", valid_until="tomorrow", entries_left=10_000)
    assert {each["field"] for each in reply.json["problems"]} == {"valid_until", "entries_left"}
    for body, field in (
        ({"do": "change", "ids": ids}, "do"),
        ({"do": "erase", "ids": ids}, "do"),
        ({"do": "delete"}, "ids"),
        ({"do": "delete", "search": "  "}, "ids"),
        ({"do": "delete", "search": "\u200b\u00a0"}, "ids"),
        ({"do": "delete", "ids": ["x"]}, "ids"),
        ({"do": "change", "ids": ids, "valid_from": "2027-01-01", "valid_until": "2026-01-01"}, "valid_until"),
    ):
        reply = send(caller, **body)
        assert (reply.status, [each["field"] for each in reply.json["problems"]]) == (422, [field]), body
    assert send(caller, ids=ids, do="move", to_list=99).status == 422
    assert send(caller, ids=ids, do="move", to_list=ALL).status == 422
    assert send(caller, list_id=99, ids=ids, do="delete").status == 404
    assert send(caller, "viewer", ids=ids, do="delete").status == 403
    assert [each.group for each in stored(caller).values()] == ["Old"] * 3


def test_plates_are_moved_and_one_that_is_there_already_stays_with_the_reason(caller: Caller, ids: list[int]) -> None:
    caller.portal.store.entries.save(entry("BB2", BLACK), "admin")
    reply = send(caller, ids=ids, do="move", to_list=BLACK).json
    assert reply == {"done": 2, "kept": [{"plate": "BB2", "why": "Plate: BB2 is in BLACKLIST already"}]}
    assert (sorted(stored(caller)), sorted(stored(caller, BLACK))) == (["BB2"], ["AA1", "BB2", "CC3"])
    assert [match.list.id for match in caller.portal.store.lookup("AA1", NOW, True)] == [BLACK, ALL]
    assert stored(caller, BLACK)["AA1"].id == ids[0]


def test_plates_are_disabled_from_now_on_and_enabled_again(caller: Caller, ids: list[int]) -> None:
    now = caller.portal.clock.now()
    coming = caller.portal.store.entries.save(entry("DD4", valid_from=now + timedelta(days=1)), "admin")
    reply = send(caller, ids=[*ids, coming.id], do="stop").json
    assert (reply["done"], [each["plate"] for each in reply["kept"]]) == (3, ["DD4"])
    assert [match.list.id for match in caller.portal.store.lookup("AA1", caller.portal.clock.now(), True)] == [ALL, 2]
    assert send(caller, ids=ids, do="stop").json == {"done": 0, "kept": []}
    assert send(caller, ids=ids, do="resume").json == {"done": 3, "kept": []}
    assert [stored(caller)[plate].valid_until for plate in PLATES] == [LATEST] * 3


def test_plates_are_deleted_and_those_of_another_list_or_gone_are_passed_over(caller: Caller, ids: list[int]) -> None:
    other = caller.portal.store.entries.save(entry("EE5", WISH), "admin")
    assert send(caller, ids=[ids[0], ids[0], other.id, 999], do="delete").json == {"done": 1, "kept": []}
    assert (sorted(stored(caller)), sorted(stored(caller, WISH))) == (["BB2", "CC3"], ["EE5"])
    change = caller.portal.store.changes("entry", limit=1)[0]
    assert (change.item_id, change.before is not None, change.after) == (ids[0], True, None)


def test_all_that_a_search_finds_are_changed_but_not_more_than_so_many(
    caller: Caller, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert send(caller, search="BB", do="change", group="New").json["done"] == 1
    assert [each.group for each in stored(caller).values()] == ["Old", "New", "Old"]
    monkeypatch.setattr(many_plates, "MOST", 2)
    reply = send(caller, search="Old", do="delete")
    assert reply.json["done"] == 2
    for plate in ("FF1", "FF2", "FF3"):
        caller.portal.store.entries.save(entry(plate), "admin")
    reply = send(caller, search="FF", do="delete")
    assert (reply.status, "At most 2 plates" in reply.json["error"]) == (409, True)
    assert len(stored(caller)) == 4


def test_a_car_is_looked_up_and_others_write_between_the_steps(
    caller: Caller, ids: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """No transaction holds more than a few plates: what a passage waits for is one step at most."""
    store = caller.portal.store
    many = [store.entries.save(entry(f"GG{number}"), "admin").id for number in range(40)]
    with closing(Store(caller.state.database, caller.portal.clock)) as gate:
        seen: list[int] = []

        def rest(_rest_s: float) -> None:
            gate.counters.add("results")  # waits for nobody: no transaction is open
            seen.append(gate.entries.count(WHITE, "New"))

        monkeypatch.setattr("engine.store.steps.time.sleep", rest)
        assert send(caller, ids=many, do="change", group="New").json["done"] == 40
    assert len(seen) >= 4 and seen == sorted(set(seen))
    assert (seen[0], seen[-1]) == (4, 40)
