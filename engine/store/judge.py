"""Judge: what the store must ask about rules: it keeps them without knowing what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from engine.types import ActionRule, ListEntry


class Judge(Protocol):
    """`engine.dispatch.judge` has the one that knows the kinds of actions."""

    def check_rule(self, rule: ActionRule, others: Sequence[ActionRule]) -> ActionRule:
        """The rule as it is stored, with all its options; ConfigError says what is wrong with it beside all the others."""
        ...

    def check_entry(self, entry: ListEntry, rules: Sequence[ActionRule]) -> None:
        """ConfigError when an enabled one of the list's rules can never send this entry."""
        ...

    def shown(self, rule: ActionRule) -> Mapping[str, Any]:
        """The rule as it may be written down in `changes`: by name, without secrets."""
        ...
