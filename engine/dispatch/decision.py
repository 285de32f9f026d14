"""Decision: what intake decided about a car, and why, as a fact that is kept with the passage."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from zoneinfo import ZoneInfo

from board.kit.words import Text
from engine.actions import Kinds
from engine.dispatch.rules import in_force, unmet
from engine.dispatch.starts import STARTS, begins, opens
from engine.types import FIXED_ROLES, ON_MATCH, ActionRule, Decision, Delivery, ListEntry, Match, Passage, PlateList

Lapsed = Callable[[], Sequence[tuple[PlateList, ListEntry]]]
"""Entries of this plate that do not hold now; asked only when they are the reason."""


def decide(
    passage: Passage,
    matches: Sequence[Match],
    rules: Iterable[ActionRule],
    deliveries: Sequence[Delivery],
    kinds: Kinds,
    lapsed: Lapsed,
    zone: ZoneInfo,
) -> Decision:
    """`deliveries`: what the rules gave (engine/dispatch/rules.py). An action opens if its kind is of the lane FAST and its list is
    no blacklist: there it sounds a siren."""
    black = {match.list.id for match in matches if match.list.role == "black"}
    matched = set(_names(matches))
    openers = {
        rule.id: rule
        for rule in rules
        if rule.enabled
        and _opens(rule, kinds)
        and rule.list_id not in black
        and (rule.start == ON_MATCH or begins(rule, passage, rule.list_id in matched))
    }
    asked = [each for each in deliveries if each.rule_id in openers]
    names = _names(matches)
    begun = [openers[each.rule_id] for each in asked if each.state == "pending"]
    if begun:
        lists = [names[rule.list_id] for rule in begun if rule.list_id in names]
        return Decision("opened", _on(passage, list(dict.fromkeys(lists))) if lists else _started(begun[0]))
    for state, outcome in (("withheld", "withheld"), ("failed", "refused"), ("expired", "refused")):
        stopped = next((each for each in asked if each.state == state), None)
        if stopped is not None:
            return Decision(outcome, stopped.note)
    reason = _reason(passage, matches, openers.values(), lapsed, zone)
    return Decision("refused" if openers else "reported", reason)


def decide_event(happened: Text, deliveries: Iterable[Delivery], kinds: Kinds) -> Decision:
    """Of what is no car: nobody is let in or turned away, but a rule may open for it (an exit loop, a timer)."""
    begun = any(each.state == "pending" and opens(kinds[each.kind]) for each in deliveries)
    return Decision("opened" if begun else "reported", happened)


def _names(matches: Iterable[Match]) -> dict[int, str]:
    return {match.list.id: match.list.name for match in matches}


def _opens(rule: ActionRule, kinds: Kinds) -> bool:
    kind = kinds.get(rule.kind)
    return kind is not None and opens(kind)


def _reason(passage: Passage, matches: Sequence[Match], openers: Iterable[ActionRule], lapsed: Lapsed, zone: ZoneInfo) -> Text:
    """Why nothing that opens was due."""
    if not passage.plate:
        return Text("no plate was read")
    listed = [match for match in matches if match.list.role not in FIXED_ROLES]
    black = [match.list.name for match in listed if match.list.role == "black"]
    if black:
        return Text("the plate is on {lists}", {"lists": black})
    openers = list(openers)
    opening = {rule.list_id for rule in openers}
    shut = [match.list.name for match in matches if match.list.id in opening]
    kept = [rule for rule in openers if rule.list_id in _names(matches) and in_force(rule.week, passage.at, zone)]
    for rule in kept:
        why = unmet(rule.conditions, passage)
        if why is not None:
            values = {"action": rule.name, "list": _names(matches)[rule.list_id], "why": why}
            return Text("{action} of {list} is not meant for it: {why}", values)
    if shut:
        return Text("no action of {lists} is in force at this time", {"lists": shut})
    near = next((match for match in listed if match.distance and match.entry), None)
    if near is not None and near.entry is not None:
        return Text("one character off {plate} on {list}", {"plate": near.entry.plate, "list": near.list.name})
    if listed:
        return _on(passage, [match.list.name for match in listed])
    for plate_list, entry in lapsed():
        begins = entry.valid_from > passage.at
        at = f"{(entry.valid_from if begins else entry.valid_until).astimezone(zone):%Y-%m-%d %H:%M}"
        if begins:
            return Text("its entry on {list} holds from {at} on", {"list": plate_list.name, "at": at})
        return Text("its entry on {list} ended at {at}", {"list": plate_list.name, "at": at})
    return Text("{plate} is on no list", {"plate": passage.plate})


def _started(rule: ActionRule) -> Text:
    return Text("{action} starts on this: {start}", {"action": rule.name, "start": Text(STARTS[rule.start.on].label)})


def _on(passage: Passage, lists: list[str]) -> Text:
    return Text("{plate} is on {lists}", {"plate": passage.plate, "lists": lists})
