"""Polarity: the level that is active on each output, as the enabled rules declare it; a property of the wiring."""

from __future__ import annotations

from collections.abc import Iterable

from board.kit.errors import ConfigError
from board.kit.settings import unfit
from board.kit.words import Text
from engine.actions import Kinds, options_of
from engine.types import ActionRule


def wanted_polarities(rules: Iterable[ActionRule], kinds: Kinds) -> dict[str, bool]:
    """{output: active high} of all enabled rules; ConfigError names two that disagree."""
    wanted: dict[str, bool] = {}
    named_by: dict[str, str] = {}
    for rule in rules:
        if not rule.enabled:
            continue
        try:
            kind, options = options_of(kinds, rule.kind, rule.options)
        except ConfigError:
            continue  # options of another release: the rule's deliveries fail with that reason, and it wires nothing
        for output, active_high in kind.polarity(options).items():
            if wanted.setdefault(output, active_high) != active_high:
                raise unfit(
                    "options.polarity",
                    "Polarity",
                    "{output} is {polarity} in the action {other!r} and the opposite in {name!r}; all enabled actions of one "
                    "output must agree: disable the others, change, enable them again",
                    output=output,
                    polarity=Text("active high") if wanted[output] else Text("active low"),
                    other=named_by[output],
                    name=rule.name,
                )
            named_by.setdefault(output, rule.name)
    return wanted
