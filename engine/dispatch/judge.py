"""Judge: what a rule means to the store that keeps it: its options, polarities, numbers that can be sent, secrets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from typing import Any

from board.kit.errors import ConfigError
from board.kit.secrets import without_secrets
from engine.actions import Kinds, find_kinds, options_of
from engine.dispatch import starts
from engine.dispatch.polarity import wanted_polarities
from engine.types import ActionRule, ListEntry


class RuleJudge:
    """Answers what engine.store.judge.Judge asks, by the kinds of actions; None: those of engine.actions."""

    def __init__(self, kinds: Kinds | None = None) -> None:
        self._kinds = kinds

    def check_rule(self, rule: ActionRule, others: Sequence[ActionRule]) -> ActionRule:
        kinds = self._known()
        kind, options = options_of(kinds, rule.kind, rule.options)
        starts.check(rule, kind)
        if rule.enabled:
            kind.check_usable()
        wanted_polarities([*others, rule], kinds)
        return replace(rule, kind=kind.name if rule.kind in kind.former else rule.kind, options=options.model_dump_json())

    def check_entry(self, entry: ListEntry, rules: Sequence[ActionRule]) -> None:
        for rule in rules:
            if not rule.enabled:
                continue
            try:
                kind, options = options_of(self._known(), rule.kind, rule.options)
            except ConfigError:
                continue  # options of another release: its deliveries fail with that reason
            why = kind.unsendable(entry, options)
            if why is not None:
                raise ConfigError("{plate}: the action {name} can never send it: {why}", plate=entry.plate, name=rule.name, why=why)

    def shown(self, rule: ActionRule) -> Mapping[str, Any]:
        values: Mapping[str, Any] = {}
        try:
            kind, options = options_of(self._known(), rule.kind, rule.options)
            values = without_secrets(kind.options, options.model_dump(mode="json"))
        except ConfigError:
            pass  # options of another release: which of them are secrets is not known
        return {
            "list_id": rule.list_id,
            "name": rule.name,
            "kind": rule.kind,
            "enabled": rule.enabled,
            "week": rule.week.days,
            "conditions": asdict(rule.conditions),
            "start": asdict(rule.start),
            "max_age_s": rule.max_age_s,
            "options": values,
        }

    def _known(self) -> Kinds:
        if self._kinds is None:
            self._kinds = find_kinds()
        return self._kinds
