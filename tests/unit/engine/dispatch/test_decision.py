"""Decision: for each way in which a car may end before the gate, what was decided and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from board.kit.words import Text
from engine.actions import Lane
from engine.dispatch.intake import Intake
from engine.dispatch.rules import unmet
from engine.service.passage_source import StoredPassages
from engine.store import DeliveryQuery, PassageQuery, Store
from engine.types import NO_RULE, Conditions, Decision, Delivery, PlateList, Start, WeekSchedule
from tests.dispatch_camera import Camera
from tests.samples import ALL, BLACK, NOW, NOW_NS, WHITE, WISH, entry, passage, rule

NEVER = WeekSchedule(((),) * 7)
DAY = timedelta(days=1)
DAY_NS = 86_400_000_000_000


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
    camera.store.entries.save(replace(entry(plate, list_id), **changes), "anna")  # type: ignore[arg-type]


def test_a_listed_plate_opens(camera: Camera) -> None:
    listed(camera)
    assert decided(camera) == Decision("opened", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]}))


def test_a_blacklisted_plate_is_withheld_from_what_would_open(camera: Camera) -> None:
    listed(camera)
    listed(camera, list_id=BLACK)
    assert decided(camera) == Decision("withheld", Text("the plate is on {lists}", {"lists": "BLACKLIST"}))


def test_a_blacklisted_plate_on_no_other_list_is_refused_though_its_siren_sounds(camera: Camera) -> None:
    camera.store.rules.save(rule(BLACK, name="Siren", even_if_blacklisted=True, output="DO2"), "anna")
    listed(camera, list_id=BLACK)
    assert decided(camera) == Decision("refused", Text("the plate is on {lists}", {"lists": ["BLACKLIST"]}))
    assert [state for state, _, _ in camera.states()] == ["pending"]


@pytest.mark.parametrize("list_id", [BLACK, ALL])
@pytest.mark.parametrize("even", [False, True])
def test_a_siren_of_a_blacklisted_plate_is_withheld_from_an_output_that_opens(camera: Camera, list_id: int, even: bool) -> None:
    camera.store.rules.save(rule(list_id, name="Siren", even_if_blacklisted=even), "anna")
    listed(camera, list_id=BLACK)
    assert decided(camera).outcome == ("refused" if list_id == BLACK else "withheld")
    (state, _, why), *_ = camera.states()
    plain = list_id == ALL and not even
    assert (state, why) == (
        "withheld",
        "the plate is on BLACKLIST" if plain else "it opens the barrier, and the plate is on BLACKLIST",
    )


def test_a_blacklist_opens_where_its_action_says_that_it_may(camera: Camera) -> None:
    camera.store.rules.save(replace(rule(BLACK, name="Out"), start=Start(opens=True)), "anna")
    listed(camera, list_id=BLACK)
    assert decided(camera) == Decision("opened", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["BLACKLIST"]}))
    assert [state for state, _, _ in camera.states()] == ["pending"]


def test_an_action_for_any_car_in_a_lane_opens_no_barrier_for_a_blacklisted_one_though_its_list_is_that(camera: Camera) -> None:
    start = Start("lane", opens=True)
    camera.store.rules.save(replace(rule(BLACK, name="Out"), start=start, conditions=Conditions(lane=1)), "anna")
    listed(camera, list_id=BLACK)
    assert decided(camera, lane=1).outcome == "refused"
    assert camera.states() == [("withheld", 0, "it opens the barrier, and the plate is on BLACKLIST")]


def test_a_number_of_a_blacklisted_plate_is_sent_to_no_controller_unless_its_action_says_so(camera: Camera) -> None:
    camera.store.rules.save(rule(BLACK, "wiegand", name="Told"), "anna")
    camera.store.rules.save(rule(BLACK, "wiegand", name="Alarm", even_if_blacklisted=True), "anna")
    listed(camera, list_id=BLACK)
    assert decided(camera).outcome == "refused"
    assert [state for state, _, _ in camera.states()] == ["withheld", "pending"]


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


def test_a_plate_of_a_list_that_only_reports_opens_nothing_by_that_list_and_may_open_by_another(camera: Camera) -> None:
    camera.store.rules.save(rule(WISH, name="Lamp"), "anna")
    listed(camera, list_id=WISH)
    assert decided(camera) == Decision("refused", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WISH LIST"]}))
    assert camera.states() == [("withheld", 0, "WISH LIST opens nothing: it only reports")]
    listed(camera)
    assert decided(camera, id="p2") == Decision(
        "opened", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]})
    )


def test_where_every_list_only_reports_the_car_is_reported(tmp_path: Path) -> None:
    camera = Camera(tmp_path)
    camera.store.rules.save(rule(WISH, name="Lamp", even_if_blacklisted=True), "anna")
    listed(camera, list_id=WISH)
    assert decided(camera).outcome == "reported"
    assert [state for state, _, _ in camera.states()] == ["pending"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"week": NEVER}, Text("its entry on {list} does not hold at this time of the week", {"list": "WHITELIST"})),
        ({"entries_left": 0}, Text("its entry on {list} has no entries left", {"list": "WHITELIST"})),
        ({"plate": "HK??EVB", "entries_left": 0}, Text("its entry on {list} has no entries left", {"list": "WHITELIST"})),
    ],
    ids=["out of hours", "spent", "spent wildcard"],
)
def test_an_entry_that_does_not_hold_is_the_reason_also_beside_a_list_that_only_reports(
    camera: Camera, changes: dict[str, Any], reason: Text
) -> None:
    listed(camera, **changes)
    listed(camera, list_id=WISH)
    assert decided(camera) == Decision("refused", reason)


def test_of_two_entries_that_do_not_hold_that_of_the_list_that_opens_is_the_reason(camera: Camera) -> None:
    listed(camera, list_id=WISH, valid_from=NOW + DAY)
    listed(camera, valid_until=NOW)
    assert str(decided(camera).reason) == "its entry on WHITELIST ended at 2026-01-02 03:04"


def test_a_clock_that_is_not_set_is_the_reason(camera: Camera) -> None:
    listed(camera, valid_until=NOW)
    camera.clock.advance((datetime(1970, 1, 1, tzinfo=UTC) - NOW).total_seconds())
    reason = Text("its entry on {list} has limits, and the clock is not set", {"list": "WHITELIST"})
    assert decided(camera, at=camera.clock.now()) == Decision("refused", reason)


def test_one_character_off_is_the_reason_and_names_the_plate_that_was_meant(camera: Camera) -> None:
    listed(camera, "HK55EV8")
    reason = Text("one character off {plate} on {list}", {"plate": "HK55EV8", "list": "WHITELIST"})
    assert decided(camera) == Decision("refused", reason)
    assert camera.states() == []
    camera.store.lists.save(replace(camera.store.lists.get(WHITE), fuzzy=True), "anna")
    assert decided(camera, id="p2") == Decision("opened", reason)
    listed(camera, "HK5SEVB", WISH)
    reason = Text("one character off {plates}: it is not clear which one is meant", {"plates": ["HK55EV8", "HK5SEVB"]})
    assert decided(camera, id="p3") == Decision("refused", reason)


def test_a_camera_without_a_licence_opens_nothing_and_says_so(tmp_path: Path) -> None:
    camera = Camera(tmp_path)
    camera.store.rules.save(rule(WHITE), "anna")
    listed(camera)
    camera.intake._licensed = False
    assert decided(camera) == Decision("refused", Text("there is no licence"))
    assert camera.states() == []


@pytest.mark.parametrize("licensed", [True, False])
def test_what_somebody_switched_stands_in_audit_also_without_a_licence(tmp_path: Path, licensed: bool) -> None:
    camera = Camera(tmp_path)
    camera.intake._licensed = licensed
    switched = Delivery("d1", "p1", NO_RULE, "io", "done", NOW, NOW, 1, NOW, NOW, Text("DO1 switched on"))
    happened = Text("DO1 switched on, by anna at 10.0.0.7 (CGI)")
    for _ in range(2):
        camera.intake.take(passage("", "p1", event="by_hand"), happened, done=(switched,))
    (kept,) = camera.store.deliveries(DeliveryQuery(kind="io"))
    assert (kept.delivery, kept.decision, kept.rule_name) == (switched, Decision("reported", happened), "")


def left(camera: Camera, plate: str = "HK55EVB") -> list[int | None]:
    return [each.entries_left for each in camera.store.entries(WHITE, plate)]


def test_each_opening_takes_one_of_the_entries_that_are_left_and_then_there_are_none(camera: Camera) -> None:
    listed(camera, entries_left=2)
    seen = [(decided(camera, id=f"p{number}").outcome, left(camera)) for number in range(3)]
    assert seen == [("opened", [1]), ("opened", [0]), ("refused", [0])]
    assert not camera.intake.take(passage("HK55EVB", id="p0"))
    assert left(camera) == [0]


def test_what_is_withheld_expired_or_only_told_takes_no_entry(camera: Camera) -> None:
    camera.store.rules.save(rule(WISH, "http", name="Tell", url="http://192.168.1.9/"), "anna")
    listed(camera, entries_left=2)
    listed(camera, list_id=WISH, entries_left=2)
    assert decided(camera, at=NOW - DAY, monotonic_ns=NOW_NS - DAY_NS).outcome == "refused"
    listed(camera, list_id=BLACK)
    assert decided(camera, id="p2").outcome == "withheld"
    assert (left(camera), [each.entries_left for each in camera.store.entries(WISH)]) == ([2], [2])


def test_a_wildcard_s_entries_are_taken_by_all_who_fit(camera: Camera) -> None:
    listed(camera, "HK*", entries_left=2)
    outcomes = [decided(camera, plate, id=plate).outcome for plate in ("HK1", "HK2", "HK3")]
    assert (outcomes, left(camera, "")) == (["opened", "opened", "refused"], [0])


def test_entries_left_never_go_below_zero_however_many_cars_come_at_once(camera: Camera) -> None:
    listed(camera, "HK*", entries_left=3)
    stores = [Store(camera.folder / "anpr.db", camera.clock, checkpoints=False) for _ in range(4)]
    workers: Any = {lane: SimpleNamespace(wake=lambda count: None) for lane in Lane}
    intakes = [Intake(store, camera.kinds, workers, camera.clock) for store in stores]
    with ThreadPoolExecutor(len(intakes)) as pool:
        list(pool.map(lambda n: intakes[n % 4].take(passage(f"HK{n}", id=f"p{n}")), range(24)))
    outcomes = Counter(one.decision.outcome for one in camera.store.passages(PassageQuery()))
    assert (outcomes, left(camera, "")) == ({"opened": 3, "refused": 21}, [0])
    assert len(camera.states()) == 3
    for store in stores:
        store.close()


def test_a_car_whose_last_entry_is_taken_between_look_up_and_commit_is_refused(camera: Camera) -> None:
    listed(camera, entries_left=1)
    find = camera.store.entries.find

    def raced(*asked: Any) -> Any:
        found = find(*asked)
        camera.store.db.execute("UPDATE entries SET entries_left = 0")
        return found

    camera.store.entries.find = raced  # type: ignore[method-assign]
    reason = Text("its entry on {list} has no entries left", {"list": "WHITELIST"})
    assert (decided(camera), left(camera), camera.states()) == (Decision("refused", reason), [0], [])


def test_nothing_read_is_the_reason(camera: Camera) -> None:
    assert decided(camera, "") == Decision("refused", Text("no plate was read"))


def test_a_passage_that_was_held_up_is_refused(camera: Camera) -> None:
    listed(camera)
    assert decided(camera, at=NOW - DAY, monotonic_ns=NOW_NS - DAY_NS) == Decision(
        "refused", Text("the plate was read too long ago")
    )


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


@pytest.mark.parametrize("start", [Start("lane", opens=True), Start("no_match", opens=True)])
@pytest.mark.parametrize("on", [None, WISH])
def test_what_keeps_an_action_that_needs_no_list_from_opening_is_the_reason(tmp_path: Path, start: Start, on: int | None) -> None:
    """It said that the plate is on no list, or on one that has nothing to do with it."""
    camera = Camera(tmp_path)
    saved = camera.store.rules.save(replace(rule(WHITE, name="Out"), start=start, conditions=Conditions(lane=2)), "anna")
    if on:
        listed(camera, list_id=on)
    assert str(decided(camera, lane=1).reason) == "Out of WHITELIST is not meant for it: it came in lane 1"
    camera.store.rules.save(replace(saved, week=NEVER), "anna")
    assert str(decided(camera, lane=2, id="p2").reason) == "no action of WHITELIST is in force at this time"
    listed(camera, valid_until=NOW)
    assert str(decided(camera, lane=2, id="p3").reason) == "its entry on WHITELIST ended at 2026-01-02 03:04"


def test_a_list_that_comes_with_its_action_while_a_car_is_looked_up_stops_nobody(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one that a master camera sends. The reason was to name a list that the look-up did not know: the car got no decision."""
    find = camera.store.entries.find

    def found_before(*given: Any) -> Any:
        found = find(*given)
        new = camera.store.lists.save(PlateList(0, "New", "custom"), "anna")
        needs = replace(rule(new.id, name="Out"), start=Start("lane", opens=True), conditions=Conditions(lane=2))
        camera.store.rules.save(needs, "anna")
        return found

    monkeypatch.setattr(camera.store.entries, "find", found_before)
    assert str(decided(camera, lane=1).reason) == "HK55EVB is on no list"


def test_an_action_that_switches_an_output_off_lets_nobody_in(tmp_path: Path) -> None:
    """It counted as an opening: guests lost entries by it, and vehicles were counted as inside."""
    camera = Camera(tmp_path)
    camera.store.rules.save(rule(WHITE, name="Lamp off", output="DO2", do="off"), "anna")
    listed(camera, entries_left=2)
    assert decided(camera) == Decision("reported", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]}))
    assert (left(camera), [state for state, _, _ in camera.states()]) == ([2], ["pending"])
    down = replace(rule(WHITE, name="Down at night", do="off"), start=Start("input", input="DI1", opens=True))
    camera.store.rules.save(down, "anna")
    happened = Text("DI1 became active")
    camera.intake.take(passage("", "p2", event="input", trigger_cause="input DI1 active"), happened)
    (kept,) = [each for each in camera.store.passages(PassageQuery(plate="")) if each.passage.id == "p2"]
    assert kept.decision == Decision("reported", happened)


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


@pytest.mark.parametrize("other", [False, True], ids=["its own action rests", "another list's action runs"])
def test_conditions_are_the_reason_only_of_an_action_of_the_plates_list_that_is_in_force(tmp_path: Path, other: bool) -> None:
    camera = Camera(tmp_path)
    camera.store.rules.save(replace(rule(WHITE, week=NEVER), conditions=Conditions(lane=2)), "anna")
    if other:
        guests = camera.store.lists.save(PlateList(0, "Guests", "custom"), "anna")
        camera.store.rules.save(replace(rule(guests.id), conditions=Conditions(lane=2)), "anna")
    listed(camera)
    assert str(decided(camera).reason) == "no action of WHITELIST is in force at this time"


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
