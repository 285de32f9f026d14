"""Words: what is said to a person, as a key with its values, so that it can be said in another language later."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

Translate = Callable[[str], str]
"""The English template -> that of another language; what a catalogue does not know comes back as it is (gettext)."""


def english(template: str) -> str:
    return template


@dataclass(frozen=True, slots=True)
class Language:
    """`code` as in HTML's `lang` and Accept-Language ("de"), `name` in itself ("Deutsch")."""

    code: str
    name: str
    translate: Translate


ENGLISH = Language("en", "English", english)


@dataclass(frozen=True, slots=True)
class Text:
    """One thing to say. `key`: the English template, as `str.format` takes it ("{host} answers {status}"); without values it is
    plain text, braces and all. A value may be a Text or an error of ours, which is then said in the same language."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def __str__(self) -> str:
        return self.said(english)

    def said(self, translate: Translate) -> str:
        """The sentence in the language of `translate`; in English when a translation names values that are not there."""
        template = translate(self.key) if self.key else ""
        if not self.values:
            return template
        values = {
            name: value.said(translate) if isinstance(value, Text | Sayable) else value for name, value in self.values.items()
        }
        try:
            return template.format(**values)
        except (LookupError, ValueError, AttributeError):
            return self.key.format(**values)


class Sayable:
    """What carries a `text` of its own and can be a value of another: every error of ours."""

    text: Text

    def said(self, translate: Translate) -> str:
        return self.text.said(translate)


def to_stored(text: Text) -> str:
    """The text as JSON, for the database and for messages between processes: {"key": ..., "values": {...}}; values other than
    numbers, texts and Texts become their English."""
    return json.dumps(_plain(text), ensure_ascii=False, separators=(",", ":"))


def from_stored(stored: str) -> Text:
    """What `to_stored` wrote; anything else (a row of an older release) is a plain text of its own."""
    if not stored.startswith('{"key":'):
        return Text(stored)
    try:
        return _text(json.loads(stored))
    except (ValueError, LookupError, TypeError, AttributeError):
        return Text(stored)


def _plain(text: Text) -> dict[str, object]:
    values: dict[str, object] = {}
    for name, value in text.values.items():
        if isinstance(value, Sayable):
            value = value.text
        if isinstance(value, Text):
            values[name] = _plain(value)
        else:
            values[name] = value if isinstance(value, bool | int | float | str) else str(value)
    return {"key": text.key, "values": values}


def _text(document: Mapping[str, object]) -> Text:
    values = document["values"]
    if not isinstance(values, dict):
        raise TypeError("values")
    said = {str(name): _text(value) if isinstance(value, dict) else value for name, value in values.items()}
    return Text(str(document["key"]), said)
