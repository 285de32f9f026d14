"""Scripts: Persian or Arabic digits. The reader knows shapes; seven of the ten digits and two letters look alike in both.

A format describes what the reader gives (shapes): the digits that look alike stand as Arabic-Indic ones (U+0660..), only
۴ ۵ ۶ as Persian ones (U+06F4..). What leaves the recognition is written wholly in one script (`to_script`).
"""

from __future__ import annotations

import unicodedata

PERSIAN_ONLY = frozenset("۴۵۶پچژکگ")
"""Shapes that no plate in Arabic script but an Iranian one has."""

_TO_PERSIAN = str.maketrans("٠١٢٣٤٥٦٧٨٩ھى", "۰۱۲۳۴۵۶۷۸۹هی")
_TO_SHAPES = str.maketrans("۰۱۲۳۷۸۹هی", "٠١٢٣٧٨٩ھى")
_IRANIAN = "99L99999"


def to_script(text: str, country: str = "") -> str:
    """The text as it is written: a text in Arabic script gets Persian digits and letters when `country` is "IR", when it holds a
    shape that only Persian has, or when it is laid out as Iran's are (two digits, a letter, five digits); else it stays."""
    if country == "IR" or not PERSIAN_ONLY.isdisjoint(text) or _layout(text) == _IRANIAN:
        return text.translate(_TO_PERSIAN)
    return text


def to_shapes(text: str) -> str:
    """The text in the reader's symbols: the inverse of `to_script`, for labels and for comparing."""
    return text.translate(_TO_SHAPES)


def _layout(text: str) -> str:
    """ "9" for each Arabic-Indic or Persian digit, "L" for each Arabic letter, "?" for any other character."""
    kinds = []
    for char in text:
        name = unicodedata.name(char, "")
        kinds.append("9" if "ARABIC-INDIC DIGIT" in name else "L" if name.startswith("ARABIC LETTER") else "?")
    return "".join(kinds)
