"""Actions: what a list does with a car; one file per kind, found by the registry.

A new kind is one file here that offers `ACTION` and one test: menu entry, form, validation, outbox and audit follow by themselves.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.registry import find
from board.kit.settings import Settings, check
from board.kit.words import Text
from engine.actions._kind import ActionEnv, ActionKind, Lane, Pins, Taken
from engine.types import PlateEvent

__all__ = ["ActionEnv", "ActionKind", "Kinds", "Lane", "Pins", "Taken", "find_kinds", "options_of"]

Kinds = Mapping[str, ActionKind[Any]]


class KnownKinds(dict[str, ActionKind[Any]]):
    """Every kind once; looked up, also by a name that it had in an earlier release."""

    def __init__(self, kinds: Kinds) -> None:
        super().__init__(kinds)
        self._former = {name: kind for kind in kinds.values() for name in kind.former}

    def __missing__(self, name: str) -> ActionKind[Any]:
        return self._former[name]

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name) or name in self._former

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name) or self._former.get(name, default)


class AnyOptions(Settings, extra="allow"):
    """Options of a kind that cannot say which it has: whatever was stored stays."""


def find_kinds() -> Kinds:
    """{name: kind} of every file in this folder. A kind whose library is missing is among them and says so (`missing`), even
    when its file cannot be imported without it."""
    return KnownKinds(find(sys.modules[__name__], "ACTION", ActionKind, _without_library))


def _without_library(name: str, library: str) -> ActionKind[Any]:
    def refuse(event: PlateEvent, options: AnyOptions, env: ActionEnv) -> Text:
        raise ConfigError("{label} needs {library}, which this package does not bring", label=name.upper(), library=library)

    return ActionKind(name=name, label=name.upper(), options=AnyOptions, deliver=refuse, needs=(library,))


def options_of(kinds: Kinds, kind: str, options: str) -> tuple[ActionKind[Any], Settings]:
    """The kind of that name and its options from their JSON text; ConfigError says what is wrong with either."""
    if kind not in kinds:
        raise ConfigError("there is no action {kind!r}; there are {kinds}", kind=kind[:40], kinds=tuple(kinds))
    return kinds[kind], check_json(kinds[kind].options, options)


def check_json(kind: type[Settings], text: str) -> Settings:
    """A JSON object's text as options; ConfigError when it is none or a value is wrong."""
    return _checked(kind, text)  # type: ignore[arg-type]  # mypy takes no class for hashable


@lru_cache(maxsize=512)
def _checked(kind: type[Settings], text: str) -> Settings:
    """Remembered: those of every action are wanted for every car, before its gate opens, and they are frozen."""
    try:
        values = from_json(text or "{}")
    except ValueError as why:
        raise ConfigError("the options are not JSON: {why}", why=why) from why
    if not isinstance(values, dict):
        raise ConfigError("the options are not a JSON object")
    return check(kind, values)
