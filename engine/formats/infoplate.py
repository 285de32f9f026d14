"""Infoplate: what an installer adds to every message, one `name=value` a line (manual 4.6, General configuration tab)."""

from __future__ import annotations

from board.kit.errors import ConfigError

MOST = 20
MOST_NAME = 60
MOST_VALUE = 200


def infoplate(text: str) -> tuple[tuple[str, str], ...]:
    """(("Building No.", "192"), ...) in the order given; empty lines are left out. ConfigError says which line is wrong."""
    found: dict[str, str] = {}
    for line in text.splitlines():
        if not line.strip():
            continue
        name, equals, value = (part.strip() for part in line.partition("="))
        if not name or not equals:
            raise ConfigError("{line!r} is not name=value, such as Building No.=192", line=line.strip()[:40])
        if len(name) > MOST_NAME or len(value) > MOST_VALUE:
            raise ConfigError(
                "{name!r}: a name has at most {most_name} characters, a value {most_value}",
                name=name[:MOST_NAME],
                most_name=MOST_NAME,
                most_value=MOST_VALUE,
            )
        if name in found:
            raise ConfigError("{name!r} is there twice", name=name)
        found[name] = value
    if len(found) > MOST:
        raise ConfigError("there are {count} columns; at most {most}", count=len(found), most=MOST)
    return tuple(found.items())
