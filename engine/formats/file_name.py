"""File name: a path for a passage's file on a server, from an installer's template; what fills it never leaves its folder."""

from __future__ import annotations

from board.kit.errors import ConfigError
from engine.formats.event import Device
from engine.formats.places import check_template, filled
from engine.types import PlateEvent

PLAIN = "-_."

MOST_VALUE = 60
"""Characters of one value: with several of them a name still fits into the 255 bytes of most file systems."""


def check_path(template: str) -> str:
    """The template as it is; ConfigError when it is not a path of plain names, "{date}/{plate}_{time}"."""
    check_template(template)
    parts = template.removeprefix("/").split("/")
    if any(
        not part or part.strip(". ") == "" or any(not each.isprintable() or each in '\\:*?"<>|' for each in part) for part in parts
    ):
        raise ConfigError("is not a path such as {example}", example="{date}/{plate}_{time}")
    return template


def path(template: str, event: PlateEvent, device: Device) -> tuple[list[str], str]:
    """(folders from the first to the last, name without extension). A template that begins with "/" has "/" as its first folder."""
    parts = [_part(filled(each, event, device, _value)) for each in template.removeprefix("/").split("/")]
    return [*(["/"] if template.startswith("/") else []), *parts[:-1]], parts[-1]


def _value(text: str) -> str:
    """Letters and digits of every script and plain signs; anything else becomes "_"."""
    return "".join(each if each.isalnum() or each in PLAIN else "_" for each in text[:MOST_VALUE])


def _part(text: str) -> str:
    """Neither hidden nor a way up."""
    return text.strip(" ").lstrip(".").rstrip(".") or "_"
