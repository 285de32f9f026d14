"""`engine settings`: every setting and every action's options as the reference page docs/settings.md."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

from board.camera import CameraSettings
from board.kit.fields import Field
from board.kit.settings import Settings
from engine.actions import find_kinds
from engine.exchange.kinds import find_jobs
from engine.settings import GeneralSettings, LprSettings, RecorderSettings
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
WIDGETS = {
    "countries": "country codes",
    "roi": "four fractions or none",
    "lane": "four fractions or none",
    "masks": "lists of four fractions",
    "corners": "3 to 8 pairs of fractions or none",
    "mask_corners": "lists of 3 to 8 pairs of fractions",
}


def main(arguments: Sequence[str]) -> int:
    """Prints the page; 0."""
    parser = argparse.ArgumentParser(prog="python -m engine settings", description=__doc__)
    parser.add_argument("--markdown", action="store_true", help="the page docs/settings.md (without it the names and defaults)")
    chosen = parser.parse_args(arguments)
    print(markdown() if chosen.markdown else names(), end="")
    return 0


def sections() -> tuple[tuple[str, type[Settings]], ...]:
    """(heading, settings class) of every tab, every kind of action and every kind of export and import."""
    kinds = tuple((f"Action {kind.label} (`{name}`)", kind.options) for name, kind in find_kinds().items())
    tabs: tuple[tuple[str, type[Settings]], ...] = (
        ("LPR configuration", LprSettings),
        ("Camera", CameraSettings),
        ("Lane", LaneSettings),
        ("General configuration", GeneralSettings),
        ("Recorders", RecorderSettings),
    )
    titles = {"export": "Export", "import": "Import"}
    jobs = tuple((f"{titles[kind.direction]} {kind.label} (`{name}`)", kind.options) for name, kind in find_jobs().items())
    return (*tabs, *kinds, *jobs)


def names() -> str:
    """One line for each setting: section, name, default."""
    return "".join(
        f"{heading}: {name} = {_default(field.default)}\n"
        for heading, kind in sections()
        for name, field in kind.model_fields.items()
    )


def markdown() -> str:
    """The page docs/settings.md."""
    page = HEAD
    for heading, kind in sections():
        page += f"\n## {heading}\n\n| setting | what it does | values | default | restart |\n| --- | --- | --- | --- | --- |\n"
        for name, field in kind.model_fields.items():
            default = _default(field.default)
            cells = (
                f"**{field.title}** `{name}`",
                field.help,
                _values(field, kind.type_of(name)),
                f"`{default}`",
                "yes" if field.restart else "",
            )
            page += "| " + " | ".join(cell.replace("|", "\\|").replace("\n", " ") for cell in cells) + " |\n"
    return page


def _values(field: Field, kind: Any) -> str:
    """What a field of the type `kind` takes, in words: choices, or the type with its limits and unit."""
    if field.choices:
        labels = {choice: field.label(choice) for choice in field.choices}
        return ", ".join(f"`{choice}`" if label == choice else f"`{choice}` ({label})" for choice, label in labels.items())
    limits = [LIMITS[name].format(limit) for name, limit in field.limits.items()]
    said = KINDS.get(kind) or WIDGETS.get(field.widget, "")
    unit = f" ({field.unit})" if field.unit else ""
    return ", ".join([f"{said}{unit}", *limits])


def _default(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)
