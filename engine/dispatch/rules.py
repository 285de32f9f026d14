"""Rules: the deliveries of a passage, from the lists it matched, their rules and the schedule in the camera's time zone."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from board.kit.words import Text, mark
from engine.actions import Kinds, options_of
from engine.dispatch.age import left_ns
from engine.dispatch.barrier import may_open
from engine.dispatch.starts import begins, insists
from engine.types import ActionRule, Conditions, Delivery, Match, Passage, PlateList
from engine.week import in_force

DIRECTIONS = {"": mark("not known"), "approach": mark("approach"), "away": mark("away")}
"""A passage's direction as messages give it."""

OTHER_WAY = mark("its direction is {direction}")


def unmet(conditions: Conditions, passage: Passage) -> Text | None:
    """Why a rule with these conditions does not apply to the passage, its direction before all else; None: it applies. What is
    unknown meets no condition."""
    if conditions.direction and passage.direction != conditions.direction:
        return Text(OTHER_WAY, {"direction": Text(DIRECTIONS[passage.direction])})
    if conditions.lane and passage.lane != conditions.lane:
        return Text("it came in lane {lane}", {"lane": passage.lane})
    if passage.confidence < conditions.min_confidence:
        values = {"confidence": round(passage.confidence, 1), "least": conditions.min_confidence}
        return Text("its plate was read with {confidence:g} %, and {least} are asked for", values)
    country = passage.country.partition("-")[0]
    if conditions.countries and country not in conditions.countries:
        return Text("its country is {country}", {"country": country or Text("not known")})
    return None


def due(
    passage: Passage,
    matches: Sequence[Match],
    rules: Iterable[ActionRule],
    kinds: Kinds,
    zone: ZoneInfo,
    now: datetime,
    now_ns: int,
    gates: Collection[str] = (),
) -> list[Delivery]:
    """One delivery per enabled rule that starts on the passage, whose schedule holds at its time and whose conditions it meets.

    Its maximum age counts from the capture, not from now (engine/dispatch/age.py): a passage that was held up opens no gate.
    What a list's barrier policy forbids is "withheld", with the reason, so that the audit shows it. Invalid options make it
    "failed". `gates`: outputs that open the barrier (engine/dispatch/barrier.py).
    """
    matched = {match.list.id: match.list for match in matches}
    refusing = [each.name for each in matched.values() if each.barrier == "refuse"]
    deliveries = []
    for rule in rules:
        if not rule.enabled or not begins(rule, passage, rule.list_id in matched):
            continue
        if not in_force(rule.week, passage.at, zone) or unmet(rule.conditions, passage):
            continue
        try:
            kind, options = options_of(kinds, rule.kind, rule.options)
            kind.check_usable()
        except ConfigError as why:
            deliveries.append(_delivery(passage, rule, now, passage.at, "failed", why.text))
            continue
        not_after = passage.at + timedelta(seconds=rule.max_age_s or kind.max_age_s)
        plate_list = matched.get(rule.list_id)
        forbidden = _forbidden(plate_list, refusing) if kind.withheld(options) else None
        if forbidden is None and may_open(kind, options, gates):
            forbidden = _refused(rule, plate_list, refusing)
        if forbidden is not None:
            deliveries.append(_delivery(passage, rule, now, not_after, "withheld", forbidden))
        elif left_ns(passage, kind, not_after, now, now_ns) < 0:
            deliveries.append(_delivery(passage, rule, now, not_after, "expired", Text("the plate was read too long ago")))
        else:
            deliveries.append(_delivery(passage, rule, now, not_after, "pending", Text("")))
    return deliveries


def _forbidden(plate_list: PlateList | None, refusing: Sequence[str]) -> Text | None:
    """Why an action that is no siren must not act; None: it may. `plate_list`: its list, if the plate is on it. An action of a
    list that refuses is a siren."""
    if refusing and not (plate_list and plate_list.barrier == "refuse"):
        return Text("the plate is on {lists}", {"lists": ", ".join(refusing)})
    if plate_list and plate_list.barrier == "report":
        return Text("{list} opens nothing: it only reports", {"list": plate_list.name})
    return None


def _refused(rule: ActionRule, plate_list: PlateList | None, refusing: Sequence[str]) -> Text | None:
    """Why an action that opens the barrier must not do so, even if meant as a siren; None: it may."""
    if refusing and not (insists(rule) and plate_list and plate_list.barrier == "refuse"):
        return Text("it opens the barrier, and the plate is on {lists}", {"lists": ", ".join(refusing)})
    if plate_list and plate_list.barrier == "report":
        return Text("it opens the barrier, and {list} only reports", {"list": plate_list.name})
    return None


def delivery_id(passage_id: str, rule_id: int) -> str:
    """The id is the same each time: pins never begins a passage's pulse twice, even if the store has lost the passage or never
    had it."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"gatewright:{passage_id}/{rule_id}"))


def _delivery(passage: Passage, rule: ActionRule, now: datetime, not_after: datetime, state: str, note: Text) -> Delivery:
    return Delivery(
        id=delivery_id(passage.id, rule.id),
        passage_id=passage.id,
        rule_id=rule.id,
        kind=rule.kind,
        state=state,
        created_at=now,
        not_after=not_after,
        attempts=0,
        next_try_at=now,
        finished_at=None if state == "pending" else now,
        note=note,
    )
