"""Rules: which deliveries a passage gives, from the lists it matched, their rules and the schedule in the camera's time zone."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from board.kit.words import Text, mark
from engine.actions import Kinds, options_of
from engine.dispatch.starts import begins
from engine.types import ActionRule, Conditions, Delivery, Match, Passage, WeekSchedule

DIRECTIONS = {"": mark("not known"), "approach": mark("approach"), "away": mark("away")}
"""A passage's direction as it is told."""


def in_force(week: WeekSchedule, at: datetime, zone: ZoneInfo) -> bool:
    """Whether the schedule holds at `at`: by the wall clock of `zone`, so an hour that a change of summer time skips never
    comes, and one that it repeats comes twice."""
    local = at.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(start <= minute < end for start, end in week.days[local.weekday()])


def unmet(conditions: Conditions, passage: Passage) -> Text | None:
    """Why a rule with these conditions is not meant for the passage; None: it is. What was not found out meets no condition."""
    if conditions.lane and passage.lane != conditions.lane:
        return Text("it came in lane {lane}", {"lane": passage.lane})
    if conditions.direction and passage.direction != conditions.direction:
        return Text("its direction is {direction}", {"direction": Text(DIRECTIONS[passage.direction])})
    if passage.confidence < conditions.min_confidence:
        values = {"confidence": round(passage.confidence, 1), "least": conditions.min_confidence}
        return Text("its plate was read with {confidence:g} %, and {least} are asked for", values)
    country = passage.country.partition("-")[0]
    if conditions.countries and country not in conditions.countries:
        return Text("its country is {country}", {"country": country or Text("not known")})
    return None


def due(
    passage: Passage, matches: Sequence[Match], rules: Iterable[ActionRule], kinds: Kinds, zone: ZoneInfo, now: datetime
) -> list[Delivery]:
    """One delivery per enabled rule that starts on the passage, whose schedule holds at its time and whose conditions it meets.

    Its maximum age counts from the capture, not from now: a passage that was held up opens no gate. What a blacklist forbids
    is "withheld", with the reason, so that the audit shows it. Options that are wrong make it "failed".
    """
    matched = {match.list.id: match for match in matches}
    black = [match.list.name for match in matches if match.list.role == "black"]
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
        not_after = passage.at + timedelta(seconds=kind.max_age_s)
        if black and not _is_black(matched.get(rule.list_id)) and kind.withheld(options):
            deliveries.append(
                _delivery(passage, rule, now, not_after, "withheld", Text("the plate is on {lists}", {"lists": ", ".join(black)}))
            )
        elif not_after <= now:
            deliveries.append(_delivery(passage, rule, now, not_after, "expired", Text("the plate was read too long ago")))
        else:
            deliveries.append(_delivery(passage, rule, now, not_after, "pending", Text("")))
    return deliveries


def _is_black(match: Match | None) -> bool:
    return match is not None and match.list.role == "black"


def delivery_id(passage_id: str, rule_id: int) -> str:
    """The same whenever it is asked for: pins never begins a passage's pulse twice, even if the store has lost or never had it."""
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
