"""Decision: for each way in which a car may end before the gate, what was decided and why."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from board.kit.words import Text
from engine.dispatch.rules import unmet
from engine.service.passage_source import StoredPassages
from engine.store import DeliveryQuery, Store
from engine.types import Conditions, Decision, WeekSchedule
from tests.dispatch_camera import Camera
from tests.samples import ALL, BLACK, NOW, WHITE, entry, passage, rule

NEVER = WeekSchedule(((),) * 7)
DAY = timedelta(days=1)


@pytest.fixture
def camera(tmp_path: Path) -> Iterator[Camera]:
    made = Camera(tmp_path)
    made.store.rules.save(rule(WHITE), "anna")
    yield made
    made.store.close()


def decided(camera: Camera, plate: str = "HK55EVB", **changes: object) -> Decision:
    one = passage(plate, **changes)  # type: ignore[arg-type]
    assert camera.intake.take(one)
    stored = camera.store.passages.get(one.id)
    assert stored is not None
    return stored.decision


def listed(camera: Camera, plate: str = "HK55EVB", list_id: int = WHITE, **changes: object) -> None:
    camera.store.entries.save(entry(plate, list_id, **changes), "anna")


def test_a_listed_plate_opens(camera: Camera) -> None:
    listed(camera)
    assert decided(camera) == Decision("opened", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]}))


def test_a_blacklisted_plate_is_withheld_from_what_would_open(camera: Camera) -> None:
    listed(camera)
    listed(camera, list_id=BLACK)
    assert decided(camera) == Decision("withheld", Text("the plate is on {lists}", {"lists": "BLACKLIST"}))


def test_a_blacklisted_plate_on_no_other_list_is_refused_though_its_siren_sounds(camera: Camera) -> None:
    camera.store.rules.save(rule(BLACK, name="Siren", even_if_blacklisted=True), "anna")
    listed(camera, list_id=BLACK)
    assert decided(camera) == Decision("refused", Text("the plate is on {lists}", {"lists": ["BLACKLIST"]}))
    assert [state for state, _, _ in camera.states()] == ["pending"]


def test_a_plate_on_no_list_is_refused(camera: Camera) -> None:
    assert decided(camera) == Decision("refused", Text("{plate} is on no list", {"plate": "HK55EVB"}))


def test_an_entry_that_ended_is_the_reason(camera: Camera) -> None:
    listed(camera, valid_until=NOW)
    assert decided(camera) == Decision(
        "refused", Text("its entry on {list} ended at {at}", {"list": "WHITELIST", "at": "2026-01-02 03:04"})
    )


def test_an_entry_that_has_not_begun_is_the_reason(camera: Camera) -> None:
    listed(camera, valid_from=NOW + DAY)
    assert decided(camera) == Decision(
        "refused", Text("its entry on {list} holds from {at} on", {"list": "WHITELIST", "at": "2026-01-03 03:04"})
    )


def test_a_schedule_that_is_not_in_force_is_the_reason(tmp_path: Path) -> None:
    camera = Camera(tmp_path)
    camera.store.rules.save(rule(WHITE, week=NEVER), "anna")
    listed(camera)
    assert decided(camera) == Decision("refused", Text("no action of {lists} is in force at this time", {"lists": ["WHITELIST"]}))


def test_a_list_whose_actions_open_nothing_is_the_reason(camera: Camera) -> None:
    listed(camera, list_id=5)
    assert decided(camera) == Decision("refused", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WISH LIST"]}))


def test_nothing_read_is_the_reason(camera: Camera) -> None:
    assert decided(camera, "") == Decision("refused", Text("no plate was read"))


def test_a_passage_that_was_held_up_is_refused(camera: Camera) -> None:
    listed(camera)
    assert decided(camera, at=NOW - DAY) == Decision("refused", Text("the plate was read too long ago"))


def test_wrong_options_are_the_reason(camera: Camera) -> None:
    listed(camera)
    camera.store.db.execute("""UPDATE rules SET options = '{"pulse_ms": "x"}'""")
    made = decided(camera)
    assert made.outcome == "refused"
    assert str(made.reason) == "pulse_ms: there is no such setting"


def test_a_camera_without_anything_that_opens_reports(tmp_path: Path) -> None:
    camera = Camera(tmp_path)
    camera.store.rules.save(rule(ALL, "http"), "anna")
    listed(camera)
    assert decided(camera) == Decision("reported", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]}))


def test_it_is_told_with_the_passage_its_deliveries_and_to_its_actions(camera: Camera, tmp_path: Path) -> None:
    listed(camera)
    made = decided(camera)
    source = StoredPassages(lambda: Store(tmp_path / "anpr.db", camera.clock))
    assert [each.decision for each in source.after(0, 9)] == [made]
    source.close()
    (audit,) = camera.store.deliveries(DeliveryQuery())
    assert audit.decision == made
    seen = []
    kind = camera.kinds["io"]
    camera.performer._kinds = {**camera.kinds, "io": replace(kind, deliver=lambda event, *rest: seen.append(event) or Text("x"))}
    assert camera.turn()
    assert [event.decision for event in seen] == [made]


@pytest.mark.parametrize(
    ("conditions", "changes", "why"),
    [
        (Conditions(lane=2), {"lane": 1}, "it came in lane 1"),
        (Conditions(direction="approach"), {"direction": "away"}, "its direction is away"),
        (Conditions(direction="approach"), {"direction": ""}, "its direction is not known"),
        (Conditions(min_confidence=95), {"confidence": 93.42}, "its plate was read with 93.4 %, and 95 are asked for"),
        (Conditions(countries=("PL", "CZ")), {"country": "DE"}, "its country is DE"),
        (Conditions(countries=("PL",)), {"country": ""}, "its country is not known"),
    ],
)
def test_a_condition_that_the_car_does_not_meet_is_the_reason(
    tmp_path: Path, conditions: Conditions, changes: dict[str, object], why: str
) -> None:
    camera = Camera(tmp_path)
    camera.store.rules.save(replace(rule(WHITE), conditions=conditions), "anna")
    listed(camera)
    reason = Text("{action} of {list} is not meant for it: {why}")
    said = decided(camera, id="p2", **changes)
    assert (said.outcome, said.reason.key, str(said.reason)) == (
        "refused", reason.key, f"Gate of WHITELIST is not meant for it: {why}",
    )  # fmt: skip
    assert decided(camera, id="p3", lane=2, confidence=95.0, country="PL", direction="approach").outcome == "opened"
    camera.store.close()


def test_a_state_of_a_country_counts_as_the_country() -> None:
    assert unmet(Conditions(countries=("US",)), passage(country="US-TX")) is None
