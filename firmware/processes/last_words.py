"""Last words: what a process that died had said on stderr, and which line of it tells why."""

from __future__ import annotations

import re

LOGGED = re.compile(r"\d{4}-\d\d-\d\dT\S+ (\w+) ")
"""How a line of our logs begins: when, and how bad it is."""
ROUTINE = ("INFO", "DEBUG")
"""Log lines that do not tell why a process died."""


def last_words(tail: bytearray, routine_too: bool = False) -> str:
    """The last line that tells why, without its stamp, at most 200 characters; "" when there is none."""
    for line in reversed(tail.decode("utf-8", "replace").splitlines()):
        logged = LOGGED.match(line)
        if line.strip() and (logged is None or routine_too or logged[1] not in ROUTINE):
            return line[logged.end() if logged else 0 :].strip()[:200]
    return ""
