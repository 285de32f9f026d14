"""XML text: a document of JSON types as XML 1.0 (W3C, fifth edition) that every parser takes, whatever the texts are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

ITEMS = {"lists": "list", "images": "image"}
"""Field that holds several -> the element of one of them; of others it is `item`."""

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
IN_TEXT = str.maketrans({each: ESCAPES[each] for each in "&<>\r\n"})
IN_ATTRIBUTE = str.maketrans(ESCAPES)


def write(root: str, document: Mapping[str, object]) -> str:
    """A whole XML document on one line. Texts hold characters of XML only (engine/formats/event.py cleans them)."""
    return f'<?xml version="1.0" encoding="UTF-8"?><{root}>{_children(document)}</{root}>'


def element_name(name: str) -> str:
    """A legal name for an element: ASCII letters, digits, `_`, `-` and `.`; other characters become `_`, accents go ("Gebäude Nr."
    is "Gebaude_Nr."), and it begins with a letter or `_` but not with "xml"."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    made = re.sub(r"[^A-Za-z0-9_.-]", "_", unicodedata.normalize("NFC", plain))
    return made if re.match(r"(?!xml)[A-Za-z_]", made, re.IGNORECASE) else f"_{made}"


def _children(document: Mapping[str, object]) -> str:
    return "".join(element(name, value) for name, value in document.items())


def element(name: str, value: object) -> str:
    """A field as an element, on one line."""
    tag = element_name(name)
    called = "" if tag == name else f' name="{name.translate(IN_ATTRIBUTE)}"'
    if isinstance(value, Mapping):
        inside = _children(value)
    elif isinstance(value, list):
        inside = "".join(element(ITEMS.get(name, "item"), each) for each in value)
    else:
        inside = _text(value)
    return f"<{tag}{called}>{inside}</{tag}>"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(IN_TEXT)
