"""Words: what is said to a person, as a key with its values, so that all readers get it in their own language.

The key is the English sentence, which is also the msgid of the catalogues (board/kit/languages.py). Logs are in English."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Any, Protocol

from board.kit.dataclass import dataclass
from board.kit.from_json import from_json


class Translate(Protocol):
    """The English template -> that of another language (gettext); of a text that counts, with its template for exactly `one`, the
    form for `count` (ngettext). What a catalogue does not know comes back in English."""

    def __call__(self, template: str, one: str = "", count: int = 0, /) -> str: ...


def one_line(text: str, most: int | None = None) -> str:
    """The first `most` characters of a stranger's text, each that cannot be printed (line ends, controls) as a space."""
    return "".join(each if each.isprintable() else " " for each in text[:most])


def english(template: str, one: str = "", count: int = 0, /) -> str:
    return one if one and count == 1 else template


def english_form(count: int) -> int:
    """Which of a language's plural forms a number takes, from 0: English has one for exactly one, and one for all others."""
    return int(count != 1)


def mark(template: str) -> str:
    """The template as it is: marks for the catalogues what is said elsewhere, by Text(variable)."""
    return template


@dataclass(frozen=True, slots=True)
class Language:
    """`code` as in HTML's `lang` and in Accept-Language ("de"), `name` in itself ("Deutsch"); `form`: as `english_form`."""

    code: str
    name: str
    translate: Translate
    form: Callable[[int], int] = english_form


ENGLISH = Language("en", "English", english)


@dataclass(frozen=True, slots=True)
class Text:
    """One thing to say. `key`: the English template, as `str.format` takes it ("{host} answers {status}"); without values it is
    plain text, braces and all. A value may be a Text or an error of ours, which is then said in the same language, or a sequence
    of values, which is said with commas ("none" when it is empty). A Text without a key says nothing and is false.

    `one`: the template for exactly one, of a text that counts; its number is the value `count`:
    Text("{count} plates", {"count": 1}, one="{count} plate")."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)
    one: str = ""

    def __str__(self) -> str:
        return self.said(english)

    def __bool__(self) -> bool:
        return bool(self.key)

    def __hash__(self) -> int:
        return hash(self.key)

    def said(self, translate: Translate) -> str:
        """The sentence in the language of `translate`; in English when a translation names values that are not there."""
        template = self._template(translate)
        if not self.values:
            return template
        values = {name: _said(value, translate) for name, value in self.values.items()}
        try:
            return template.format(**values)
        except (LookupError, ValueError, AttributeError):
            return self._template(english).format(**values)

    def _template(self, translate: Translate) -> str:
        count = self.values.get("count")
        if self.one and isinstance(count, int):
            return translate(self.key, self.one, count)
        return translate(self.key) if self.key else ""


NOTHING = Text("")
"""Says nothing: all is well."""


def shortened(text: Text, most: int) -> Text:
    """The text itself, or the first `most` characters of its English: for what others wrote and must fit into a message."""
    english_text = str(text)
    return text if len(english_text) <= most else Text(english_text[:most])


class Sayable:
    """What carries a `text` of its own and can be a value of another: every error of ours."""

    text: Text

    def said(self, translate: Translate) -> str:
        return self.text.said(translate)


def joined(texts: Sequence[Text]) -> Text:
    """Several sentences as one: "a; b; c". None of them is a Text that says nothing."""
    if len(texts) < 2:
        return texts[0] if texts else Text("")
    return Text("{first}; {others}", {"first": texts[0], "others": joined(texts[1:])})


def to_stored(text: Text) -> str:
    """The text as JSON for the database: {"key": ..., "values": {...}}; values other than numbers, texts, Texts and sequences of
    these become their English, and half characters "?", which no database takes."""
    return json.dumps(plain(text), ensure_ascii=False, separators=(",", ":")).encode(errors="replace").decode()


def from_stored(stored: str) -> Text:
    """What `to_stored` wrote; anything else (a row of an older release) is a plain text of its own."""
    if not stored.startswith('{"key":'):
        return Text(stored)
    try:
        return _text(from_json(stored))
    except (ValueError, LookupError, TypeError, AttributeError):
        return Text(stored)


def _said(value: object, translate: Translate) -> object:
    if isinstance(value, Text | Sayable):
        return value.said(translate)
    if isinstance(value, tuple | list):
        return ", ".join(str(_said(each, translate)) for each in value) or translate(mark("none"))
    return value


def plain(text: Text) -> dict[str, object]:
    """{"key": ..., "values": {...}} of JSON types only, and "one" of a text that counts."""
    document: dict[str, object] = {
        "key": text.key,
        "values": {name: _plain_value(value) for name, value in text.values.items()},
    }
    return {**document, "one": text.one} if text.one else document


def _plain_value(value: object) -> object:
    if isinstance(value, Sayable):
        value = value.text
    if isinstance(value, Text):
        return plain(value)
    if isinstance(value, tuple | list):
        return [_plain_value(each) for each in value]
    return value if isinstance(value, bool | int | float | str) else str(value)


def whole_characters(text: str) -> str:
    """The text, with ? for each half of a character: JSON can hold one, but no file, log or database takes it."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _text(document: Mapping[str, Any]) -> Text:
    values = {str(name): _value(value) for name, value in document["values"].items()}
    return Text(whole_characters(str(document["key"])), values, str(document.get("one", "")))


def _value(value: Any) -> object:
    if isinstance(value, dict):
        return _text(value)
    if isinstance(value, str):
        return whole_characters(value)
    return [_value(each) for each in value] if isinstance(value, list) else value


def received(value: object) -> Text:
    """A Text of what `plain` gave, or of a plain text; ValueError for anything else."""
    if isinstance(value, Text):
        return value
    if isinstance(value, str):
        return Text(value)
    try:
        return _text(value)  # type: ignore[arg-type]
    except (LookupError, TypeError, AttributeError) as why:
        raise ValueError("must be a text: a key with its values") from why
