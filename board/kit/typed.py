"""Typed: names and notes as people type or paste them, brought to the one form in which they are kept, looked for and compared.

The same name comes in several forms: a Mac's files take letters and their marks apart (NFD), web pages and spreadsheets bring
blanks of other kinds, and marks that nobody sees."""

from __future__ import annotations

import re
import unicodedata

JOINERS = "\u200c\u200d"
"""Invisible, but a part of what is written: in Persian and Indic words, and of emoji made of several."""

_LINE_ENDS = re.compile("\r\n|[\r\u2028\u2029]")


def typed(text: str) -> str:
    """In NFC, with line ends as LF and any blank as a space, without other marks that nobody sees (soft hyphens, byte order marks,
    marks of direction), and without blanks at its ends."""
    if text.isascii() and text.isprintable():
        return text.strip()
    plain = "".join(_plain(each) for each in _LINE_ENDS.sub("\n", text))
    return unicodedata.normalize("NFC", plain).strip(f" \n\v\f{JOINERS}")


def folded(text: str) -> str:
    """The form in which two names are the same for people: also in capitals."""
    return unicodedata.normalize("NFC", typed(text).casefold())


def is_printable(text: str) -> bool:
    """Of what `typed` has made."""
    return all(each.isprintable() or each in JOINERS for each in text)


def _plain(character: str) -> str:
    if character == "\t" or unicodedata.category(character) == "Zs":
        return " "
    return "" if unicodedata.category(character) == "Cf" and character not in JOINERS else character
