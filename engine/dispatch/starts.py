"""Starts: the events that a rule may start on, the kinds of action that may do so, and the fields that each start needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.settings import Problem, SettingsError
from board.kit.words import Text, mark
from engine.actions import ActionKind, Kinds, Lane, options_of
from engine.events import EVENTS, PLATE
from engine.types import ON_MATCH, ActionRule, Passage

MOST_TIMES = 48
LEAST_AGE_S, MOST_AGE_S = 5, 30 * 86_400
"""Fields of a rule that limit how long a message is retried."""

TITLES = {
    "max_age_s": mark("Tries for at most"),
    "start": mark("Starts on"),
    "start_input": mark("Input"),
    "start_edge": mark("Becomes"),
    "start_times": mark("Times"),
    "start_every_min": mark("Every"),
    "start_opens": mark("May open"),
    "lane": mark("Lane"),
    "direction": mark("Direction"),
    "min_confidence": mark("Minimum confidence"),
    "countries": mark("Countries"),
}
"""Field of a rule's form -> its name for people."""


@dataclass(frozen=True, slots=True)
class StartKind:
    """`begins(rule, passage, listed)`: whether the rule starts on this passage; `listed`: its list is among those of the plate.
    `needs`: fields of the rule's form that it requires; `offers`: optional fields; `has_plate`: there is always a plate that
    was read with certainty."""

    label: str
    begins: Callable[[ActionRule, Passage, bool], bool]
    has_plate: bool = False
    needs: tuple[str, ...] = ()
    offers: tuple[str, ...] = ()


CAR = ("lane", "direction", "min_confidence", "countries")
"""Conditions that only a car can meet."""


def _is_plate(rule: ActionRule, passage: Passage, listed: bool) -> bool:
    return passage.what == PLATE


def _on_event(name: str) -> Callable[[ActionRule, Passage, bool], bool]:
    return lambda rule, passage, listed: passage.what == name


def _on_input(rule: ActionRule, passage: Passage, listed: bool) -> bool:
    return passage.what == "input" and passage.trigger_cause == input_cause(rule.start.input, rule.start.active)


def _on_timer(rule: ActionRule, passage: Passage, listed: bool) -> bool:
    return passage.what == "timer" and passage.trigger_cause == timer_cause(rule.id)


def input_cause(line: str, active: bool) -> str:
    """The cause of an input's event, by which its rules recognise it."""
    return f"input {line} {'active' if active else 'inactive'}"


def timer_cause(rule_id: int) -> str:
    """The cause of a timer's event, by which the rule recognises it."""
    return f"timer {rule_id}"


STARTS: Mapping[str, StartKind] = {
    "match": StartKind(
        mark("Plate on this list"), lambda rule, passage, listed: listed and passage.what == PLATE, True, offers=CAR
    ),
    "no_match": StartKind(
        mark("Plate not on this list"), lambda rule, passage, listed: not listed and passage.what == PLATE, True, offers=CAR
    ),
    "direction": StartKind(mark("Any car in a direction"), _is_plate, True, ("direction",), CAR),
    "lane": StartKind(mark("Any car in a lane"), _is_plate, True, ("lane",), CAR),
    "input": StartKind(EVENTS["input"].label, _on_input, needs=("start_input",), offers=("start_edge",)),
    "timer": StartKind(EVENTS["timer"].label, _on_timer, offers=("start_times", "start_every_min")),
    **{
        name: StartKind(kind.label, _on_event(name), offers=("lane",))
        for name, kind in EVENTS.items()
        if name not in (PLATE, "input", "timer")
    },
}
"""The values of Start.on: plates first, then every event of engine/events.py."""


def begins(rule: ActionRule, passage: Passage, listed: bool) -> bool:
    """Whether the rule starts on this passage; never for a start of another release."""
    kind = STARTS.get(rule.start.on)
    return kind is not None and kind.begins(rule, passage, listed)


def opens(kind: ActionKind[Any]) -> bool:
    """Whether the kind lets somebody in, or may: FAST kinds exist for that."""
    return kind.lane is Lane.FAST


def only_ends(kinds: Kinds, rule: ActionRule) -> bool:
    """Whether its action switches an output off, and does nothing else."""
    try:
        kind, options = options_of(kinds, rule.kind, rule.options)
    except ConfigError:
        return False  # options of another release: it is not carried out
    return bool(kind.polarity(options)) and not kind.gate_output(options)


def insists(rule: ActionRule) -> bool:
    """Whether the rule declares that it opens for the plates of its list. It then opens even though the list refuses; other
    rules need not declare it."""
    return rule.start.on == ON_MATCH.on and rule.start.opens


def check(rule: ActionRule, kind: ActionKind[Any]) -> None:
    """SettingsError with every contradiction: between the start and the fields it needs, the conditions, and the kind of
    action."""
    start = STARTS.get(rule.start.on)
    if start is None:
        raise SettingsError(_problem("start", Text("must be one of {starts}", {"starts": tuple(STARTS)})))
    given = _given(rule)
    found = [_problem(name, Text("say which, or choose another start")) for name in start.needs if name not in given]
    found += [
        _problem(name, Text("does not go with the start {start!r}", {"start": Text(start.label)}))
        for name in given
        if name not in (*start.needs, *start.offers)
    ]
    found += _timer_problems(rule) if rule.start.on == "timer" else []
    if kind.needs_plate and not start.has_plate:
        said = Text("{kind} sends what a plate stands for, and this start has none", {"kind": Text(kind.label)})
        found.append(_problem("start", said))
    elif opens(kind) and rule.start.on != "match" and not rule.start.opens:
        said = Text(
            "{kind} can open a gate, and no list says that this car may pass: switch this on if that is meant",
            {"kind": Text(kind.label)},
        )
        found.append(_problem("start_opens", said))
    found += _age_problems(rule, kind)
    if found:
        raise SettingsError(*found)


def _given(rule: ActionRule) -> list[str]:
    """The fields of the form that are filled in."""
    start, conditions = rule.start, rule.conditions
    values = {
        "start_input": start.input,
        "start_edge": not start.active,
        "start_every_min": start.every_min,
        "start_times": start.times,
        "lane": conditions.lane,
        "direction": conditions.direction,
        "min_confidence": conditions.min_confidence,
        "countries": conditions.countries,
    }
    return [name for name, value in values.items() if value]


def _timer_problems(rule: ActionRule) -> list[Problem]:
    start = rule.start
    if not 0 <= start.every_min <= 1440:
        return [_problem("start_every_min", Text("must be 1 to 1440 minutes"))]
    if any(not 0 <= each < 1440 for each in start.times):
        return [_problem("start_times", Text("must be times of the day such as 07:30"))]
    if bool(start.times) == bool(start.every_min):
        return [_problem("start_times", Text("give times of the day, or every how many minutes"))]
    if len(start.times) > MOST_TIMES:
        return [_problem("start_times", Text("{most} times at most", {"most": MOST_TIMES}))]
    return []


def _age_problems(rule: ActionRule, kind: ActionKind[Any]) -> list[Problem]:
    if not rule.max_age_s:
        return []
    if opens(kind):
        values = {"kind": Text(kind.label), "most": round(kind.max_age_s)}
        return [_problem("max_age_s", Text("{kind} may open a gate: it acts within {most} s or not at all", values))]
    if not LEAST_AGE_S <= rule.max_age_s <= MOST_AGE_S:
        limits = {"least": LEAST_AGE_S, "most": MOST_AGE_S}
        return [_problem("max_age_s", Text("must be {least} to {most} s, or 0: as usual", limits))]
    return []


def _problem(name: str, text: Text) -> Problem:
    return Problem(name, TITLES[name], text)
