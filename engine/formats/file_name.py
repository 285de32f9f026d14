"""File name: a path for a file on a server, from an installer's template; what fills it never leaves its folder."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Mapping

from board.kit.errors import ConfigError
from engine.formats.event import Device
from engine.formats.places import PLACES, check_template
from engine.formats.serial_text import fill
from engine.types import PlateEvent

PLAIN = "-_."

MOST_VALUE = 60
"""Characters of one value."""
MOST_BYTES = 230
"""Of a folder's or file's name: most file systems take 255, and what stores a file adds an ending (".xml.1a2b3c.part")."""


def check_path(template: str, known: Collection[str] = tuple(PLACES), example: str = "{date}/{plate}_{time}") -> str:
    """The template as it is; ConfigError when it is not a path of plain names such as `example` with `known` places."""
    check_template(template, known)
    parts = template.removeprefix("/").split("/")
    if any(
        not part or part.strip(". ") == "" or any(not each.isprintable() or each in '\\:*?"<>|' for each in part) for part in parts
    ):
        raise ConfigError("is not a path such as {example}", example=example)
    return template


def path(template: str, event: PlateEvent, device: Device) -> tuple[list[str], str]:
    """(folders from the first to the last, name without extension). A template that begins with "/" has "/" as its first folder."""
    return path_with(template, {name: said(event, device) for name, said in PLACES.items()})


def path_with(template: str, values: Mapping[str, str]) -> tuple[list[str], str]:
    """The same with values by the names of their places."""
    harmless = {name: _value(text) for name, text in values.items()}
    parts = [_part(each, harmless) for each in template.removeprefix("/").split("/")]
    return [*(["/"] if template.startswith("/") else []), *parts[:-1]], parts[-1]


def _value(text: str) -> str:
    """Letters with their marks and digits of every script and plain signs; anything else becomes "_"."""
    whole = unicodedata.normalize("NFC", text)[:MOST_VALUE]
    return "".join(each if each.isalnum() or each in PLAIN or unicodedata.category(each)[0] == "M" else "_" for each in whole)


def _part(template: str, values: Mapping[str, str]) -> str:
    """Neither hidden nor a way up, and no longer than a name may be: then its long values are cut, so that a time or an event
    behind them still makes it differ from all others."""
    name = ""
    for most in (MOST_BYTES, 120, 80, 60, 40):
        name = fill(template, {each: _cut(value, most) for each, value in values.items()}).strip(" ").lstrip(".").rstrip(".")
        if len(name.encode()) <= MOST_BYTES:
            break
    return _cut(name, MOST_BYTES).rstrip(". ") or "_"


def _cut(text: str, most: int) -> str:
    """So many bytes of it, and no half character."""
    return text.encode()[:most].decode("utf-8", "ignore")
