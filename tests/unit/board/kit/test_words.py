"""Texts: said in a language, stored as key and values, sent between processes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from board.kit.errors import ConfigError, WireError
from board.kit.wire import Codec
from board.kit.words import Text, from_stored, joined, to_stored

CATALOGUE = {
    "{name} is missing": "{name} fehlt",
    "plate": "Kennzeichen",
    "{a}": "{nobody}",
    "{first}; {others}": "{first} · {others}",
    "{count} plates": ("{count} Kennzeichen", "{count} Kennzeichen (mehrere)"),
}
NESTED = Text("{name} is missing", {"name": Text("plate")})


def german(template: str, one: str = "", count: int = 0) -> str:
    found = CATALOGUE.get(template, (one, template) if one else template)
    return found if isinstance(found, str) else found[count != 1]


def plates(count: int) -> Text:
    return Text("{count} plates", {"count": count}, one="{count} plate")


@dataclass(frozen=True, slots=True)
class Note:
    text: Text


def test_a_text_is_said_with_its_values_and_the_texts_and_errors_in_them() -> None:
    assert str(NESTED) == "plate is missing"
    assert NESTED.said(german) == "Kennzeichen fehlt"
    assert Text("{why}!", {"why": ConfigError("{name} is missing", name="x")}).said(german) == "x fehlt!"


@pytest.mark.parametrize(
    ("count", "english", "said"),
    [
        (0, "0 plates", "0 Kennzeichen (mehrere)"),
        (1, "1 plate", "1 Kennzeichen"),
        (2, "2 plates", "2 Kennzeichen (mehrere)"),
    ],
)
def test_a_text_that_counts_has_the_form_for_its_number_also_when_it_was_stored_or_sent(
    count: int, english: str, said: str
) -> None:
    for text in (plates(count), from_stored(to_stored(plates(count))), Text("{what}", {"what": plates(count)})):
        assert (str(text), text.said(german)) == (english, said)
    error = ConfigError("{name}: {count} plates too many", one="{name}: {count} plate too many", name="gate", count=count)
    assert str(error) == f"gate: {english} too many"
    assert str(Text("{count} plates", {"count": "many"}, one="{count} plate")) == "many plates"


def test_a_text_without_values_is_said_as_it_stands_with_its_braces() -> None:
    assert str(Text("write {plate}")) == "write {plate}"


def test_a_sequence_is_said_with_commas() -> None:
    assert Text("there are {names}", {"names": ("a", Text("plate"), 3)}).said(german) == "there are a, Kennzeichen, 3"


def test_a_translation_that_names_a_value_which_is_not_there_is_said_in_english() -> None:
    assert Text("{a}", {"a": 1}).said(german) == "1"


def test_several_texts_are_one() -> None:
    three = joined([Text("a"), NESTED, Text("c")])
    assert (str(three), three.said(german)) == ("a; plate is missing; c", "a · Kennzeichen fehlt · c")
    assert (joined([NESTED]), bool(joined([]))) == (NESTED, False)


def test_an_error_carries_its_field_and_its_text() -> None:
    error = ConfigError("{name} is missing", field="plate", name="x")
    assert (error.field, error.text, str(error)) == ("plate", Text("{name} is missing", {"name": "x"}), "x is missing")


@pytest.mark.parametrize("text", [Text(""), Text("{"), NESTED, Text("{n}{m}", {"n": ["a", Text("b")], "m": 1.5})])
def test_what_is_stored_comes_back(text: Text) -> None:
    assert from_stored(to_stored(text)) == text
    half = Text("{file} is gone", {"file": b"\xff.jpg".decode(errors="surrogateescape")})  # a name that another system gave
    assert from_stored(to_stored(half).encode().decode()) == Text("{file} is gone", {"file": "?.jpg"})


def test_a_value_of_another_type_is_stored_as_its_english() -> None:
    text = Text("{why}, {error}", {"why": OSError("gone"), "error": ConfigError("{name} is missing", name="x")})
    assert from_stored(to_stored(text)).said(german) == "gone, x fehlt"


@pytest.mark.parametrize("row", ["the line was busy", "", '{"key":', '{"key":1}', '{"key":"a","values":[]}'])
def test_a_row_of_an_older_release_is_a_text_of_its_own(row: str) -> None:
    assert str(from_stored(row)) == row


def test_a_text_travels_between_processes_as_key_and_values() -> None:
    codec = Codec((Note,))
    assert codec.encode(Note(Text("a", {"n": 1}))) == b'{"type":"Note","body":{"text":{"key":"a","values":{"n":1}}}}'
    for text in (NESTED, Text(""), Text("{names}", {"names": ["a", Text("b")]})):
        assert codec.decode(codec.encode(Note(text))) == Note(text)
    assert codec.decode(b'{"type":"Note","body":{"text":"plain"}}') == Note(Text("plain"))


@pytest.mark.parametrize("body", [b"3", b"null", b'{"values":{}}', b'{"key":"a","values":3}', b'{"key":"a","values":{"b":{}}}'])
def test_what_is_no_text_is_refused(body: bytes) -> None:
    with pytest.raises(WireError, match="must be a text"):
        Codec((Note,)).decode(b'{"type":"Note","body":{"text":%s}}' % body)
