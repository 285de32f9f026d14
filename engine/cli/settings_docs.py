"""`engine settings`: every setting and every action's options as the reference page docs/settings.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from board.camera import CameraSettings
from board.kit.settings import Settings
from engine.actions import find_kinds
from engine.settings import GeneralSettings, LprSettings
from engine.settings.lane import LaneSettings

HEAD = """# Settings

Printed from the settings themselves by `python -m engine settings --markdown`; a test keeps this page current. "Restart"
settings take effect after "Restart service".
"""
LIMITS = {
    "ge": "at least {}",
    "gt": "above {}",
    "le": "at most {}",
    "lt": "below {}",
    "min_length": "not shorter than {}",
    "max_length": "not longer than {}",
    "pattern": "must match `{}`",
}
KINDS = {bool: "yes or no", int: "whole number", float: "number", str: "text"}
WIDGETS = {"countries": "country codes", "roi": "four fractions or none", "lane": "four fractions or none"}


def main(arguments: Sequence[str]) -> int:
    """Prints the page; 0."""
    parser = argparse.ArgumentParser(prog="python -m engine settings", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="the page docs/settings.md (without it the names and defaults)")
    chosen = parser.parse_args(arguments)
    print(markdown() if chosen.markdown else names(), end="")
    return 0


def sections() -> tuple[tuple[str, type[Settings]], ...]:
    """(heading, settings class) of every tab and every kind of action."""
    kinds = tuple((f"Action {kind.label} (`{name}`)", kind.options) for name, kind in find_kinds().items())
    tabs: tuple[tuple[str, type[Settings]], ...] = (
        ("LPR configuration", LprSettings),
        ("Camera", CameraSettings),
        ("Lane", LaneSettings),
        ("General configuration", GeneralSettings),
    )
    return (*tabs, *kinds)


def names() -> str:
    """One line for each setting: section, name, default."""
    return "".join(
        f"{heading}: {name} = {_default(field.get_default(call_default_factory=True))}\n"
        for heading, kind in sections()
        for name, field in kind.model_fields.items()
    )


def markdown() -> str:
    """The page docs/settings.md."""
    page = HEAD
    for heading, kind in sections():
        page += f"\n## {heading}\n\n| setting | what it does | values | default | restart |\n| --- | --- | --- | --- | --- |\n"
        for name, field in kind.model_fields.items():
            extra: dict[str, Any] = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
            default = _default(field.get_default(call_default_factory=True))
            cells = (
                f"**{field.title}** `{name}`",
                field.description or "",
                _values(field, extra),
                f"`{default}`",
                "yes" if extra.get("restart") else "",
            )
            page += "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
    return page


def _values(field: Any, extra: dict[str, Any]) -> str:
    """What a field takes, in words: choices, or its kind with its limits and unit."""
    if extra.get("choices"):
        return ", ".join(f"`{choice}`" for choice in extra["choices"])
    limits = [
        words.format(getattr(limit, name))
        for limit in field.metadata
        for name, words in LIMITS.items()
        if getattr(limit, name, None) is not None
    ]
    said = KINDS.get(field.annotation) or WIDGETS.get(extra.get("widget", ""), "")
    unit = f" ({extra['unit']})" if extra.get("unit") else ""
    return ", ".join([f"{said}{unit}", *limits])


def _default(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
