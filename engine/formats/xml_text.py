"""XML text: a document of JSON types as XML 1.0 (W3C, fifth edition) that every parser takes, whatever the texts are."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping

ITEMS = {"lists": "list", "images": "image"}
"""Field that holds several -> the element of one of them; of others it is `item`."""

ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "\r": "&#13;", "\n": "&#10;", "\t": "&#9;"}
IN_TEXT = str.maketrans({each: ESCAPES[each] for each in "&<>\r"})
IN_ATTRIBUTE = str.maketrans(ESCAPES)


def write(root: str, document: Mapping[str, object]) -> str:
    """A whole XML document. Texts hold characters of XML only (engine/formats/event.py cleans them)."""
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<{root}>\n{_children(document, "  ")}</{root}>\n'


def element_name(name: str) -> str:
    """A legal name for an element: ASCII letters, digits, `_`, `-` and `.`; other characters become `_`, accents go ("Gebäude Nr."
    is "Gebaude_Nr."), and it begins with a letter or `_` but not with "xml"."""
    plain = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    made = re.sub(r"[^A-Za-z0-9_.-]", "_", unicodedata.normalize("NFC", plain))
    return made if re.match(r"(?!xml)[A-Za-z_]", made, re.IGNORECASE) else f"_{made}"


def _children(document: Mapping[str, object], indent: str) -> str:
    return "".join(_element(name, value, indent) for name, value in document.items())


def _element(name: str, value: object, indent: str) -> str:
    tag = element_name(name)
    called = "" if tag == name else f' name="{name.translate(IN_ATTRIBUTE)}"'
    if isinstance(value, Mapping):
        inside = _children(value, f"{indent}  ")
    elif isinstance(value, list):
        item = ITEMS.get(name, "item")
        inside = "".join(_element(item, each, f"{indent}  ") for each in value)
    else:
        return f"{indent}<{tag}{called}>{_text(value)}</{tag}>\n"
    return f"{indent}<{tag}{called}>\n{inside}{indent}</{tag}>\n" if inside else f"{indent}<{tag}{called}></{tag}>\n"


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value).translate(IN_TEXT)
