"""Dependent: options that make sense, or are needed, only with certain values of others (`when` and `needed` of an option).

A form shows only those that make sense. One that is sent all the same is a problem; one that was stored earlier waits for its time.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from board.kit.fields import Conditions
from board.kit.settings import Problem, Settings
from board.kit.words import Text, mark

ANYTHING = "*"
"""In conditions: whatever is not empty. A text that ends with :// stands for every address that begins with it."""

SENSELESS = mark("makes sense only with {conditions}")
NEEDED = mark("is needed with {conditions}")


def holds(conditions: Conditions, values: Mapping[str, Any]) -> bool:
    return all(any(_is(values.get(name), each) for each in allowed) for name, allowed in conditions.items())


def dependent_problems(
    kind: type[Settings],
    sent: Mapping[str, Any],
    stored: Mapping[str, Any],
    values: Mapping[str, Any],
    lost: Collection[str] = (),
) -> tuple[Problem, ...]:
    """What was sent although it makes no sense, and what is needed and missing. `values`: all that are to hold; `lost`: what may be
    missing, as somebody has to type it later."""
    full = {**{name: each.default for name, each in kind.model_fields.items()}, **values}
    found = []
    for name, each in kind.model_fields.items():
        kept = (each.default, stored.get(name, each.default), "")
        if not holds(each.when, full):
            if name in sent and sent[name] not in kept:
                found.append(_problem(kind, name, SENSELESS, each.when, full))
        elif name not in lost and each.needed and holds(each.needed, full) and full[name] in ("", None):
            found.append(_problem(kind, name, NEEDED, each.needed, full))
    return tuple(found)


def _problem(kind: type[Settings], name: str, text: str, conditions: Conditions, values: Mapping[str, Any]) -> Problem:
    """Names the conditions that say most: those that do not hold, or all."""
    unmet = {each: allowed for each, allowed in conditions.items() if not holds({each: allowed}, values)} or conditions
    said = [
        Text("{option}: {values}", {"option": kind.title_of(each), "values": [_said(value) for value in allowed]})
        for each, allowed in unmet.items()
    ]
    return kind.conflict(name, text, conditions=said)


def _is(value: object, allowed: object) -> bool:
    if allowed == ANYTHING:
        return value not in ("", None)
    if isinstance(allowed, str) and allowed.endswith("://"):
        return isinstance(value, str) and value.lower().startswith(allowed)
    return value == allowed


def _said(value: object) -> object:
    if isinstance(value, bool):
        return Text("on") if value else Text("off")
    return Text("not empty") if value == ANYTHING else value
