"""Serial text: messages for serial lines as people write them: `{plate}` for a value, `\\r` `\\n` `\\t` `\\x02` for a byte."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from board.kit.errors import ConfigError

PLACE = re.compile(r"\{(\w*)\}")
ESCAPE = re.compile(r"\\(x[0-9a-fA-F]{2}|.|$)", re.DOTALL)
BYTES = {"r": "\r", "n": "\n", "t": "\t", "\\": "\\"}


def check_places(template: str, known: Collection[str]) -> str:
    """The template as it is; ConfigError names a `{place}` that is not known."""
    wrong = [name for name in PLACE.findall(template) if name not in known]
    if wrong:
        raise ConfigError(
            "there is no {place}; there are {places}", place=f"{{{wrong[0]}}}", places=[f"{{{name}}}" for name in known]
        )
    return template


def fill(template: str, values: Mapping[str, str]) -> str:
    """The template with its places filled; a value is never looked into for more places or escapes."""
    return PLACE.sub(lambda place: values.get(place[1], place[0]), template)


def unescape(text: str) -> bytes:
    """The bytes that a text with escapes means. ConfigError: an unknown escape, or a character beyond one byte."""

    def byte(escape: re.Match[str]) -> str:
        name = escape[1]
        if name == "x":
            raise ConfigError("{message!r}: \\x must be followed by two hexadecimal digits", message=text)
        if name.startswith("x"):
            return chr(int(name[1:], 16))
        if name not in BYTES:
            raise ConfigError(
                "{escape!r} is not a byte: use \\r, \\n, \\t, \\\\ or \\x followed by two hexadecimal digits", escape=escape[0]
            )
        return BYTES[name]

    try:
        return ESCAPE.sub(byte, text).encode("latin-1")
    except UnicodeEncodeError as why:
        raise ConfigError(
            "{character!r} is not a single byte: serial messages are Latin-1 text", character=why.object[why.start]
        ) from why
