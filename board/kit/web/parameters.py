"""Parameters: the line format of VIVOTEK's getparam.cgi and setparam.cgi, for the host's CGIs and the portal's alike."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from urllib.parse import unquote

from board.kit.web.routes import Answer, Call, Elsewhere
from board.kit.words import one_line

TYPE = "text/plain; charset=utf-8"

NOT_PARAMETERS = ("update", "return")
"""Names in a setparam.cgi that set nothing."""
OWN_PAGE = re.compile(r"/(?![/\\])[!-~]*")
"""Where `return` may lead: a page of this camera."""


def wanted_names(call: Call) -> list[str]:
    """The groups and names that a query asks for, as "?vadp_module&system_info_modelname"; none: all."""
    return [name for name in (unquote(part.partition("=")[0]) for part in call.address.partition("?")[2].split("&")) if name]


def said_twice(names: Sequence[str]) -> str:
    """The first name that is there twice, "" for none: which of its values is meant nobody knows, and the last would count."""
    return next((name for name, times in Counter(names).items() if times > 1), "")


def is_wanted(name: str, wanted: Sequence[str]) -> bool:
    """Whether this parameter is asked for: by its name, by its group's, or with all."""
    return not wanted or any(name == each or name.startswith(f"{each}_") for each in wanted)


def lines(values: Mapping[str, str], wanted: Sequence[str] = ()) -> str:
    """`name='value'` and CR LF for each that is wanted; nothing else, as strict parsers break at any other line."""
    return "".join(f"{name}='{_quotable(value)}'\r\n" for name, value in values.items() if is_wanted(name, wanted))


def _quotable(text: str) -> str:
    # Parsers take what stands between the first and the last quote of a line.
    return one_line(text).replace("'", "\u2019")


def done(sent: Mapping[str, str], text: str) -> Answer:
    """What was carried out. `return` of what was sent: the page to go to afterwards."""
    page = sent.get("return", "")
    if page:
        if not OWN_PAGE.fullmatch(page):
            return error(400, "it is done, but return must be a page of this camera, such as /anpr/live", text)
        raise Elsewhere(page)
    return Answer(text.encode(), TYPE)


def error(status: int, text: str, carried_out: str = "") -> Answer:
    """Clients look for the word ERROR, not at the status. `carried_out`: what was done before."""
    return Answer(f"{carried_out}ERROR: {' '.join(text.split())}\r\n".encode(), TYPE, status)
