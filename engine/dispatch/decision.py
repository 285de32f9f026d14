"""Decision: what intake decided about a car, and why, stored as a fact with the passage."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

from board.kit.words import Text, mark
from engine.actions import Kinds
from engine.dispatch.rules import OTHER_WAY, unmet
from engine.dispatch.starts import STARTS, begins, insists, only_ends, opens
from engine.lists import Finding, Lapsed
from engine.types import FIXED_ROLES, ON_MATCH, ActionRule, Decision, Delivery, ListEntry, Match, Passage
from engine.week import in_force

NEAR_SEVERAL = mark("one character off {plates}: it is not clear which one is meant")
NEAR_ONE = mark("one character off {plate} on {list}")
NEAR = frozenset({NEAR_SEVERAL, NEAR_ONE})
"""Reasons of those whose plate is on no list, but may be a misread of one that is."""
NOT_MEANT = mark("{action} of {list} is not meant for it: {why}")
"""The reason for a car that meets no action's conditions."""

UNLICENSED = Decision("refused", Text("there is no licence"))


def is_for_the_other_way(reason: Text) -> bool:
    """Whether its direction alone is what keeps the barrier from opening: nobody refused it."""
    why = reason.values.get("why")
    return reason.key == NOT_MEANT and isinstance(why, Text) and why.key == OTHER_WAY


def decide(
    passage: Passage,
    finding: Finding,
    rules: Iterable[ActionRule],
    deliveries: Sequence[Delivery],
    kinds: Kinds,
    zone: ZoneInfo,
) -> Decision:
    """`deliveries`: those of the rules (engine/dispatch/rules.py). An action opens if its kind does and its list may; on a list
    that refuses or reports, it sounds a siren or lights a lamp, unless it says that it may open."""
    openers = {rule.id: rule for rule in rules if rule.enabled and _opens(rule, passage, finding, kinds)}
    asked = [each for each in deliveries if each.rule_id in openers]
    begun = [openers[each.rule_id] for each in asked if each.state == "pending"]
    if _refusing(finding):
        begun = [rule for rule in begun if insists(rule) and finding.barriers.get(rule.list_id) == "refuse"]
    if begun:
        return Decision("opened", _opened(passage, finding, begun))
    for state, outcome in (("withheld", "withheld"), ("failed", "refused"), ("expired", "refused")):
        stopped = next((each for each in asked if each.state == state), None)
        if stopped is not None:
            return Decision(outcome, stopped.note)
    reason = _reason(passage, finding, openers.values(), zone)
    return Decision("refused" if openers else "reported", reason)


def decide_event(happened: Text, rules: Iterable[ActionRule], deliveries: Iterable[Delivery], kinds: Kinds) -> Decision:
    """For events without a car: nobody is let in or turned away, but a rule may open (an exit loop, a timer)."""
    openers = {rule.id for rule in rules if _may_let_in(rule, kinds)}
    begun = any(each.state == "pending" and each.rule_id in openers for each in deliveries)
    return Decision("opened" if begun else "reported", happened)


def spending(
    passage: Passage, finding: Finding, rules: Iterable[ActionRule], deliveries: Iterable[Delivery], kinds: Kinds
) -> list[tuple[ListEntry, tuple[str, ...]]]:
    """The counted entries by which the gate opens, each with the ids of the deliveries that open it: each entry is counted down
    by one."""
    lists = {rule.id: rule.list_id for rule in rules if _opens(rule, passage, finding, kinds)}
    return visits(finding.matches, lists, deliveries)


def visits(
    matches: Iterable[Match], lists: Mapping[int, int], deliveries: Iterable[Delivery]
) -> list[tuple[ListEntry, tuple[str, ...]]]:
    """As `spending`, for rules that open; `lists`: {rule: its list}."""
    opening: dict[int, list[str]] = {}
    for each in deliveries:
        if each.state == "pending" and each.rule_id in lists:
            opening.setdefault(lists[each.rule_id], []).append(each.id)
    counted = [match.entry for match in matches if match.entry is not None and match.entry.entries_left is not None]
    return [(entry, tuple(opening[entry.list_id])) for entry in counted if entry.list_id in opening]


def _refusing(finding: Finding) -> list[str]:
    return [match.list.name for match in finding.matches if match.list.barrier == "refuse"]


def _may_let_in(rule: ActionRule, kinds: Kinds) -> bool:
    """Whether its action opens something: one that switches an output off does not."""
    kind = kinds.get(rule.kind)
    return kind is not None and opens(kind) and not only_ends(kinds, rule)


def _opens(rule: ActionRule, passage: Passage, finding: Finding, kinds: Kinds) -> bool:
    """Whether the rule might let this car in."""
    if not _may_let_in(rule, kinds):
        return False
    listed = any(match.list.id == rule.list_id for match in finding.matches)
    if rule.start.on != ON_MATCH.on and not begins(rule, passage, listed):
        return False
    policy = finding.barriers.get(rule.list_id)
    if policy == "open" or (policy == "refuse" and insists(rule)):
        return True
    return not (listed or rule.start.on == ON_MATCH.on)


def _opened(passage: Passage, finding: Finding, begun: Sequence[ActionRule]) -> Text:
    opening = {rule.list_id for rule in begun}
    matches = [match for match in finding.matches if match.list.id in opening]
    near = next((match for match in matches if match.distance and match.entry), None)
    if near is not None and near.entry is not None:
        return _off([near.entry.plate], near.list.name)
    return _on(passage, [match.list.name for match in matches]) if matches else _started(begun[0])


def _reason(passage: Passage, finding: Finding, openers: Collection[ActionRule], zone: ZoneInfo) -> Text:
    """Why nothing that opens was due."""
    if not passage.plate:
        values = {"unsure": passage.unsure, "confidence": round(passage.confidence, 1)}
        return Text("{unsure} was read with {confidence:g} % only", values) if passage.unsure else Text("no plate was read")
    matches = finding.matches
    listed = [match for match in matches if match.list.role not in FIXED_ROLES]
    refusing = _refusing(finding)
    if refusing:
        return Text("the plate is on {lists}", {"lists": refusing})
    matched, opening = {match.list.id for match in matches}, {rule.list_id for rule in openers}
    in_his_lane = [rule for rule in openers if rule.conditions.lane in (0, passage.lane)]
    here = in_his_lane or openers  # those of other lanes keep his shut for nobody
    kept = _kept(passage, [rule for rule in here if rule.list_id in matched], finding, zone)
    beside = [rule for rule in here if rule.list_id not in matched and rule.start.on != ON_MATCH.on]
    kept_beside = _kept(passage, beside, finding, zone)
    if kept is not None:
        return kept_beside if is_for_the_other_way(kept) and kept_beside is not None else kept
    lapsed = [each for each in finding.lapsed if each.list.id in opening] or [each for each in finding.lapsed if not listed]
    if lapsed:
        return _LAPSED[lapsed[0].why](lapsed[0], zone)
    if kept_beside is not None:
        return kept_beside
    if listed:
        return _on(passage, [match.list.name for match in listed])
    plates = list(dict.fromkeys(match.entry.plate for match in finding.near if match.entry))
    if plates:
        return _off(plates, finding.near[0].list.name)
    return Text("{plate} is on no list", {"plate": passage.plate})


def _kept(passage: Passage, openers: Iterable[ActionRule], finding: Finding, zone: ZoneInfo) -> Text | None:
    """What keeps these rules from opening: conditions, or their schedules, and its direction only if that does with all of them;
    None: there are none."""
    names = {each.id: each.name for each in finding.lists}
    resting, other_way = [], None
    for rule in (each for each in openers if each.list_id in names):  # not of a list that has come since the look-up
        why = unmet(rule.conditions, passage)
        not_meant = Text(NOT_MEANT, {"action": rule.name, "list": names[rule.list_id], "why": why})
        if is_for_the_other_way(not_meant):
            other_way = other_way or not_meant
        elif why is not None and in_force(rule.week, passage.at, zone):
            return not_meant
        else:
            resting.append(names[rule.list_id])
    return Text("no action of {lists} is in force at this time", {"lists": list(dict.fromkeys(resting))}) if resting else other_way


def _started(rule: ActionRule) -> Text:
    return Text("{action} starts on this: {start}", {"action": rule.name, "start": Text(STARTS[rule.start.on].label)})


def _on(passage: Passage, lists: list[str]) -> Text:
    return Text("{plate} is on {lists}", {"plate": passage.plate, "lists": lists})


def _off(plates: list[str], list_name: str) -> Text:
    if len(plates) > 1:
        return Text(NEAR_SEVERAL, {"plates": plates[:MOST_NEAR]})
    return Text(NEAR_ONE, {"plate": plates[0], "list": list_name})


MOST_NEAR = 5
"""Plates that a reason names."""


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M}"


_LAPSED: Mapping[str, Callable[[Lapsed, ZoneInfo], Text]] = {
    "clock": lambda each, zone: Text("its entry on {list} has limits, and the clock is not set", {"list": each.list.name}),
    "hours": lambda each, zone: Text("its entry on {list} does not hold at this time of the week", {"list": each.list.name}),
    "early": lambda each, zone: Text(
        "its entry on {list} holds from {at} on", {"list": each.list.name, "at": _local(each.entry.valid_from, zone)}
    ),
    "spent": lambda each, zone: Text("its entry on {list} has no entries left", {"list": each.list.name}),
    "expired": lambda each, zone: Text(
        "its entry on {list} ended at {at}", {"list": each.list.name, "at": _local(each.entry.valid_until, zone)}
    ),
}
"""One of STANDINGS."""
