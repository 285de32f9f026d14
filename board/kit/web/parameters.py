"""Parameters: the line format of VIVOTEK's getparam.cgi, for the host's CGIs and the portal's alike."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from board.kit.web.routes import Call
from board.kit.words import one_line

TYPE = "text/plain; charset=utf-8"


def wanted_names(call: Call) -> list[str]:
    """The groups and names that a query asks for, as "?vadp_module&system_info_modelname"; none: all."""
    return [name for name in (unquote(part.partition("=")[0]) for part in call.address.partition("?")[2].split("&")) if name]


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Whether this parameter is asked for: by its name, by its group's, or with all."""
    return not wanted or any(name == each or name.startswith(f"{each}_") for each in wanted)


def lines(values: Mapping[str, str], wanted: Sequence[str] = ()) -> str:
    """`name='value'` and CR LF for each that is wanted; nothing else, as strict parsers break at any other line."""
    return "".join(f"{name}='{_quotable(value)}'\r\n" for name, value in values.items() if is_wanted(name, wanted))


def _quotable(text: str) -> str:
    # Parsers take what stands between the first and the last quote of a line.
    return one_line(text).replace("'", "\u2019")
