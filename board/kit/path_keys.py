"""Path keys: parts of a path that are keys: whoever knows the address of a webhook, or of a recorder's stream, may use it.

Apart from secrets.py, which loads what checks settings: the process that reads plates does without that.
"""

from __future__ import annotations

import re

_LONG = re.compile(r"(?<=/)[\w:~-]{16,}(?=/|$)", re.ASCII)


def without_keys(path: str) -> str:
    """The path with only the beginning of each part that looks like a key."""
    return _LONG.sub(_begun, path)


def _begun(part: re.Match[str]) -> str:
    """Names have a word, perhaps with a number; a key mixes digits and letters, large and small."""
    text = part.group()
    digits = sum(map(str.isdigit, text))
    is_key = digits and any(map(str.isalpha, text)) and (digits > 1 or (text != text.lower() and text != text.upper()))
    return f"{text[:4]}\u2026" if is_key else text
