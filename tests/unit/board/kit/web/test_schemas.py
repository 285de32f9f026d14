"""Schemas: what the API's document says of types, by examples of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NotRequired, TypedDict

import pytest

from board.kit.settings import Settings, option
from board.kit.web.schemas import Schemas
from board.kit.words import Text


class Car(TypedDict):
    """A car."""

    plate: str
    lane: NotRequired[int]


@dataclass(frozen=True)
class Gate:
    cars: tuple[Car, ...]


class Form(Settings):
    """What is typed."""

    name: str = option(..., "Name", "Which.", min_length=1, max_length=9, pattern="^[a-z]*$")
    card: int | None = option(None, "Card", "Its number.", ge=0, lt=7)
    tags: tuple[str, ...] = option((), "Tags", "What it is.", max_length=3)
    mode: str = option("on", "Mode", "How.", choices=("on", "off"))
    password: str = option("", "Password", "Kept.", widget="password", unit="s")


@pytest.mark.parametrize(
    ("kind", "schema"),
    [
        (int | None, {"anyOf": [{"type": "integer"}, {"type": "null"}]}),
        (str | Text, {"type": "string"}),
        (Literal["a", "b"], {"enum": ["a", "b"]}),
        (
            tuple[int, float],
            {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "number"}], "minItems": 2, "maxItems": 2},
        ),
        (list[bool], {"type": "array", "items": {"type": "boolean"}}),
        (dict[str, list[str]], {"type": "object", "additionalProperties": {"type": "array", "items": {"type": "string"}}}),
        (dict[str, Any], {"type": "object", "additionalProperties": True}),
        (list[Car], {"type": "array", "items": {"$ref": "#/components/schemas/TinyCar"}}),
    ],
    ids=str,
)
def test_a_type_has_the_schema_that_json_schema_gives_it(kind: Any, schema: dict[str, Any]) -> None:
    assert Schemas("Tiny").of(kind) == schema


def test_records_are_components_with_all_that_they_refer_to() -> None:
    schemas = Schemas("")
    schemas.of(Gate)
    assert schemas.components == {
        "Gate": {
            "type": "object",
            "title": "Gate",
            "properties": {"cars": {"type": "array", "items": {"$ref": "#/components/schemas/Car"}}},
            "required": ["cars"],
            "additionalProperties": False,
        },
        "Car": {
            "type": "object",
            "title": "Car",
            "description": "A car.",
            "properties": {"plate": {"type": "string"}, "lane": {"type": "integer"}},
            "required": ["plate"],
            "additionalProperties": False,
        },
    }


def test_a_field_says_its_limits_and_a_password_that_it_never_comes_back() -> None:
    assert Schemas("").settings(Form) == {
        "type": "object",
        "title": "Form",
        "description": "What is typed.",
        "properties": {
            "name": {
                "type": "string", "minLength": 1, "maxLength": 9, "pattern": "^[a-z]*$", "title": "Name", "description": "Which.",
            },
            "card": {
                "anyOf": [{"type": "integer", "minimum": 0, "exclusiveMaximum": 7}, {"type": "null"}],
                "title": "Card", "description": "Its number.", "default": None,
            },
            "tags": {
                "type": "array", "items": {"type": "string"}, "maxItems": 3,
                "title": "Tags", "description": "What it is.", "default": [],
            },
            "mode": {"type": "string", "enum": ["on", "off"], "title": "Mode", "description": "How.", "default": "on"},
            "password": {
                "type": "string", "title": "Password", "description": "Kept.", "x-unit": "s", "writeOnly": True, "default": "",
            },
        },
        "required": ["name"],
        "additionalProperties": False,
    }  # fmt: skip


def test_two_types_of_one_name_and_a_type_that_json_lacks_are_errors_of_the_program() -> None:
    schemas = Schemas("")
    schemas.of(Car)
    with pytest.raises(TypeError, match="two types are called Car"):
        schemas.of(TypedDict("Car", {"plate": str}))
    with pytest.raises(TypeError, match="JSON has no"):
        schemas.of(bytes)
