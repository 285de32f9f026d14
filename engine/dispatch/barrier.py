"""Barrier: who has a say, beside the lists, in what opens: the logic of a lane (engine/service/lane.py). By default nobody has."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from board.kit.errors import ConfigError
from board.kit.settings import Settings
from board.kit.words import NOTHING, Text
from engine.actions import ActionKind, Kinds, options_of
from engine.types import WAITING, ActionRule, Decision, Delivery, Match, Passage


@dataclass(frozen=True, slots=True)
class Ruling:
    """What becomes of the actions that open: `state` "pending": they go on, if not at once then by `until`; "withheld": never;
    "expired": not now, and the vehicle may be read anew where it stands. `reason`: why."""

    state: str = "pending"
    reason: Text = NOTHING
    until: datetime | None = None


class Barrier(Protocol):
    def opens(self, kind: ActionKind[Any], options: Settings) -> bool:
        """Whether such an action opens this barrier."""
        ...

    def ask(self, passage: Passage, matches: Sequence[Match], decision: Decision) -> Ruling:
        """About a vehicle that is to be let in. It may be asked again about the same passage, until that is stored."""
        ...

    def stored(self, passage: Passage, decision: Decision) -> None:
        """A passage is in the store, decided like this."""
        ...

    def may_begin(self, passage: Passage) -> Text:
        """Why an action that opens must not be carried out any more; NOTHING: it may."""
        ...


def openers(deliveries: Sequence[Delivery], rules: Sequence[ActionRule], kinds: Kinds, barrier: Barrier) -> set[str]:
    """Ids of the deliveries that are still to be carried out and open the barrier."""
    known = {rule.id: rule for rule in rules}
    return {
        each.id
        for each in deliveries
        if each.state == "pending" and each.rule_id in known and rule_opens(known[each.rule_id], kinds, barrier)
    }


def rule_opens(rule: ActionRule, kinds: Kinds, barrier: Barrier) -> bool:
    try:
        kind, options = options_of(kinds, rule.kind, rule.options)
    except ConfigError:
        return False  # options of another release: it is not carried out
    return barrier.opens(kind, options)


def ruled(
    deliveries: Sequence[Delivery], decision: Decision, mine: set[str], ask: Callable[[], Ruling], now: datetime
) -> tuple[list[Delivery], Decision]:
    """The deliveries and the decision as the barrier's ruling leaves them; `mine`: those that open it."""
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
    until = ruling.until  # messages wait too: they tell what was decided
    waiting = [replace(each, next_try_at=until) if each.state == "pending" else each for each in deliveries]
    return waiting, Decision(WAITING, ruling.reason)
