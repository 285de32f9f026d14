"""Judge, tried with random lists: no combination of lists, policies and entries lets in a car that a list refuses, none of a list
that reports opens, and entries left count openings exactly."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from engine.store import DeliveryQuery
from engine.types import POLICIES, Delivery, ListEntry, PlateList, WeekSchedule
from tests.dispatch_camera import Camera
from tests.samples import NOW, entry, passage, rule

PLATES = ("AB8", "ABB", "A88", "A08", "AO8", "ABS", "XY1")
"""Some are one confusion apart, some are look-alikes."""
WILD = ("A*", "AB?", "*8", "X*1")
NOT_NOW = WeekSchedule(((),) * 7)

limits = st.sampled_from(
    (
        {},
        {"valid_until": NOW},
        {"valid_from": NOW + timedelta(seconds=1)},
        {"week": NOT_NOW},
        {"entries_left": 0},
        {"entries_left": 1},
        {"valid_until": NOW + timedelta(days=1), "entries_left": 2},
    )
)


@dataclass(frozen=True)
class Drawn:
    """A list with its entries, and whether an action of it opens."""

    policy: str
    fuzzy: bool
    entries: tuple[tuple[str, dict[str, object]], ...]
    opens: bool


lists = st.lists(
    st.builds(
        Drawn,
        st.sampled_from(POLICIES),
        st.booleans(),
        st.lists(st.tuples(st.sampled_from((*PLATES, *WILD)), limits), max_size=4, unique_by=lambda each: each[0]).map(tuple),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
)


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Camera]:
    made = Camera(tmp_path_factory.mktemp("judge"))
    yield made
    made.store.close()


def fill(camera: Camera, drawn: list[Drawn]) -> list[PlateList]:
    store = camera.store
    for table in ("deliveries", "passages", "entries", "rules", "changes"):
        store.db.execute(f"DELETE FROM {table}")
    store.db.execute("DELETE FROM lists WHERE id > 5")
    made = []
    for number, each in enumerate(drawn):
        saved = store.lists.save(PlateList(0, f"L{number}", "custom", "", each.policy, each.fuzzy), "anna")
        made.append(saved)
        for plate, changes in each.entries:
            store.entries.save(replace(entry(plate, saved.id), **changes), "anna")  # type: ignore[arg-type]
        if each.opens:
            store.rules.save(rule(saved.id, name=f"Gate {number}"), "anna")
    return made


def holds(listed: ListEntry) -> bool:
    """Whether nothing but the entries left is against it."""
    return listed.week != NOT_NOW and listed.valid_from <= NOW < listed.valid_until


def fits(listed: ListEntry, plate: str) -> bool:
    pattern, text = (each.replace("O", "0").replace("I", "1") for each in (listed.plate, plate))
    return fnmatch.fnmatchcase(text, pattern)


@settings(max_examples=150, deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck))
@given(drawn=lists, plate=st.sampled_from(PLATES), times=st.integers(1, 3))
def test_no_combination_of_lists_lets_in_a_car_that_one_of_them_refuses(
    camera: Camera, drawn: list[Drawn], plate: str, times: int
) -> None:
    made = fill(camera, drawn)
    store = camera.store
    listed = {each.id: store.entries(each.id) for each in made}
    refused = any(
        each.barrier == "refuse" and any(holds(one) and fits(one, plate) and one.plate in (plate, *WILD) for one in listed[each.id])
        for each in made
    )
    opened = 0
    for number in range(times):
        one = passage(plate, id=f"p{number}")
        assert camera.intake.take(one)
        stored = store.passages.get(one.id)
        assert stored is not None
        opened += stored.decision.outcome == "opened"
    pulses = [each.rule_id for each in _pending(camera)]
    by_rule = {each.id: next(one for one in made if one.id == each.list_id) for each in store.rules()}
    for rule_id in pulses:
        assert by_rule[rule_id].barrier != "report"  # one that only reports opens nothing
    if refused:
        assert opened == 0
        assert {by_rule[rule_id].barrier for rule_id in pulses} <= {"refuse"}  # its own siren
    for each in made:
        for now in store.entries(each.id):
            before = next(one for one in listed[each.id] if one.id == now.id)
            if before.entries_left is None:
                assert now.entries_left is None
            else:
                assert now.entries_left is not None
                assert 0 <= now.entries_left <= before.entries_left
                assert before.entries_left - now.entries_left <= opened
    counted = sum(one.entries_left or 0 for each in listed.values() for one in each)
    left = sum(one.entries_left or 0 for each in made for one in store.entries(each.id))
    assert opened or counted == left


def _pending(camera: Camera) -> list[Delivery]:
    return [one.delivery for one in camera.store.deliveries(DeliveryQuery(state="pending"))]
