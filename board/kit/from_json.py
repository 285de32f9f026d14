"""Reads JSON that comes from outside of the process: a message, a file, what another program printed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

DEEPEST = 100
"""Objects and arrays within each other. Python gives up at a depth of its own, by an error that is no ValueError: a thousand
brackets in one message ended pins."""


class TooDeep(ValueError):
    """It is nested more than DEEPEST deep."""

    def __init__(self) -> None:
        super().__init__(f"nested more than {DEEPEST} deep")


class Twice(ValueError):
    """An object in it has this name twice."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name[:60]!r} stands in it twice")


def from_json(text: str | bytes, parse_constant: Callable[[str], object] | None = None, unique: bool = False) -> Any:
    """The value; a ValueError where the text is no JSON, is not UTF-8 or is nested too deep.
    `parse_constant` is asked for NaN and Infinity, which Python reads though JSON has none. `unique`: Twice where an object has a
    name twice, of which Python takes the last and others the first (RFC 8259, 4)."""
    try:
        value = json.loads(text, parse_constant=parse_constant, object_pairs_hook=_unique if unique else None)
    except RecursionError as why:
        raise TooDeep from why
    opened = text.count(b"[") + text.count(b"{") if isinstance(text, bytes) else text.count("[") + text.count("{")
    if opened > DEEPEST and _is_too_deep(value):
        raise TooDeep
    return value


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise Twice(name)
        found[name] = value
    return found


def _is_too_deep(value: object) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        inner = [each for outer in level for each in (outer.values() if isinstance(outer, dict) else outer)]  # type: ignore[attr-defined]
        level = [each for each in inner if isinstance(each, (dict, list))]
        if not level:
            return False
    return True
