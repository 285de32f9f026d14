"""Barrier: what opens it, and who rules on that besides the lists: the logic of a lane (engine/service/lane.py), by default
nobody."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Protocol

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.settings import Settings
from board.kit.words import NOTHING, Text
from engine.actions import ActionKind, Kinds, options_of
from engine.dispatch.starts import insists, opens
from engine.types import WAITING, ActionRule, Decision, Delivery, Match, Passage


@dataclass(frozen=True, slots=True)
class Ruling:
    """The ruling on the actions that open: `state` "pending": they go on, at once or by `until` at the latest; "withheld":
    never; "expired": not now, and the vehicle may be read anew where it stands. `reason`: why."""

    state: str = "pending"
    reason: Text = NOTHING
    until: datetime | None = None


class Barrier(Protocol):
    @property
    def outputs(self) -> frozenset[str]:
        """The outputs declared to open this barrier."""
        ...

    def opens(self, kind: ActionKind[Any], options: Settings) -> bool:
        """Whether such an action opens this barrier."""
        ...

    def lets_in(self, kind: ActionKind[Any], options: Settings) -> bool:
        """Whether it is asked before such an action lets a vehicle in."""
        ...

    def ask(self, passage: Passage, matches: Sequence[Match], decision: Decision) -> Ruling:
        """Rules on a vehicle that is to be let in. It may be called again for the same passage until that is stored."""
        ...

    def stored(self, passage: Passage, decision: Decision) -> None:
        """A passage was stored with this decision."""
        ...

    def may_begin(self, passage: Passage) -> Text:
        """Why an action that opens must no longer be carried out; NOTHING: it may."""
        ...


def gate_outputs(rules: Iterable[ActionRule], policies: Mapping[int, str], kinds: Kinds, barrier: Barrier | None) -> frozenset[str]:
    """The outputs that open a barrier: those declared so, and those with which an action lets cars in. `policies`: {list: its
    barrier policy}."""
    found = set(barrier.outputs if barrier is not None else ())
    for rule in rules:
        if not rule.enabled or not (policies.get(rule.list_id) == "open" or insists(rule)):
            continue
        try:
            kind, options = options_of(kinds, rule.kind, rule.options)
        except ConfigError:
            continue  # options of another release: it is not carried out
        if kind.withheld(options) and kind.gate_output(options):
            found.add(kind.gate_output(options))
    return frozenset(found)


def may_open(kind: ActionKind[Any], options: Settings, gates: Collection[str]) -> bool:
    """Whether the action opens a barrier: it drives one of the outputs `gates` or sends a number to a controller, unless it
    says that it may do so for refused plates."""
    output = kind.gate_output(options)
    return output in gates if output else kind.withheld(options) and not kind.polarity(options)


def opening_rules(rules: Sequence[ActionRule], policies: Mapping[int, str], kinds: Kinds) -> set[int]:
    """The rules that let somebody in: no lamp, and no siren. `policies`: as for `gate_outputs`."""
    gates = gate_outputs(rules, policies, kinds, None)

    def lets_in(rule: ActionRule, kind: ActionKind[Any], options: Settings) -> bool:
        declared = rule.start.opens and kind.withheld(options) and kind.gate_output(options)  # whatever its list means
        return opens(kind) and (bool(declared) or may_open(kind, options, gates))

    return {rule.id for rule in rules if _is_such(rule, kinds, partial(lets_in, rule))}


def openers(deliveries: Sequence[Delivery], rules: Sequence[ActionRule], kinds: Kinds, barrier: Barrier) -> set[str]:
    """Ids of the deliveries that are pending and about which the barrier is asked."""
    known = {rule.id: rule for rule in rules}
    return {
        each.id
        for each in deliveries
        if each.state == "pending" and each.rule_id in known and _is_such(known[each.rule_id], kinds, barrier.lets_in)
    }


def rule_opens(rule: ActionRule, kinds: Kinds, barrier: Barrier) -> bool:
    return _is_such(rule, kinds, barrier.opens)


def _is_such(rule: ActionRule, kinds: Kinds, such: Callable[[ActionKind[Any], Settings], bool]) -> bool:
    try:
        kind, options = options_of(kinds, rule.kind, rule.options)
    except ConfigError:
        return False  # options of another release: it is not carried out
    return such(kind, options)


def ruled(
    deliveries: Sequence[Delivery], decision: Decision, mine: set[str], ask: Callable[[], Ruling], now: datetime
) -> tuple[list[Delivery], Decision]:
    """The deliveries and the decision after the barrier's ruling; `mine`: the deliveries that open it."""
    if not mine:
        return list(deliveries), decision
    ruling = ask()
    if ruling.state != "pending":
        stopped = [
            replace(each, state=ruling.state, finished_at=now, note=ruling.reason) if each.id in mine else each
            for each in deliveries
        ]
        return stopped, Decision("refused", ruling.reason)
    if ruling.until is None:
        return list(deliveries), decision
    until = ruling.until  # messages wait too: they report the decision
    waiting = [replace(each, next_try_at=until) if each.state == "pending" else each for each in deliveries]
    return waiting, Decision(WAITING, ruling.reason)
