"""Schemas: the types of what is asked and answered as JSON schemas, as OpenAPI 3.1 has them (JSON Schema 2020-12)."""

from __future__ import annotations

import inspect
import types
import typing
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

from board.kit.fields import Field, bare
from board.kit.settings import ALLOW, IGNORE, Settings, as_json
from board.kit.words import Text

Schema = dict[str, Any]

_TYPES: Mapping[Any, Schema] = {
    str: {"type": "string"}, int: {"type": "integer"}, float: {"type": "number"}, bool: {"type": "boolean"},
    Text: {"type": "string"}, type(None): {"type": "null"}, Any: {}, object: {},
}  # fmt: skip
"""A Text has been said by then."""

_LIMITS = {"ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum", "pattern": "pattern"}
_LENGTHS = {
    "string": {"min_length": "minLength", "max_length": "maxLength"},
    "array": {"min_length": "minItems", "max_length": "maxItems"},
}


class Schemas:
    """`components`: {name: schema} of all that was asked for and has a name; `prefix` begins these names."""

    def __init__(self, prefix: str) -> None:
        self.components: dict[str, Schema] = {}
        self._prefix = prefix
        self._kinds: dict[str, Any] = {}

    def of(self, kind: Any) -> Schema:
        """TypeError for a type that JSON does not have, and for a second one of the same name."""
        kind = bare(kind)
        if (
            isinstance(kind, type)
            and (issubclass(kind, Settings) or typing.is_typeddict(kind) or is_dataclass(kind))
            and kind is not Text
        ):
            return {"$ref": f"#/components/schemas/{self._component(kind)}"}
        if kind in _TYPES:
            return dict(_TYPES[kind])
        origin, inner = typing.get_origin(kind), typing.get_args(kind)
        if origin in (types.UnionType, typing.Union):
            return self._union(inner)
        if origin is typing.Literal:
            return {"enum": list(inner)}
        if origin is tuple and inner[1:] != (Ellipsis,):
            number = len(inner)
            return {"type": "array", "prefixItems": [self.of(each) for each in inner], "minItems": number, "maxItems": number}
        if origin in (tuple, list):
            return {"type": "array", "items": self.of(inner[0])}
        if origin is dict:
            return {"type": "object", "additionalProperties": self.of(inner[1]) or True}
        raise TypeError(f"JSON has no {kind}")

    def properties(self, kind: type[Settings]) -> dict[str, Schema]:
        """{name: schema} of the fields of a settings class."""
        return {name: self._field(kind.type_of(name), field) for name, field in kind.model_fields.items()}

    def settings(self, kind: type[Settings]) -> Schema:
        """The schema of a settings class itself, instead of a reference to it."""
        required = [name for name, field in kind.model_fields.items() if field.required]
        return _object(kind, self.properties(kind), required, kind._extra not in (ALLOW, IGNORE))

    def _component(self, kind: Any) -> str:
        name = f"{self._prefix}{kind.__name__}"
        if self._kinds.setdefault(name, kind) is not kind:
            raise TypeError(f"two types are called {name}")
        if name not in self.components:
            self.components[name] = {}  # it may refer to itself
            self.components[name] = self.settings(kind) if issubclass(kind, Settings) else self._record(kind)
        return name

    def _record(self, kind: Any) -> Schema:
        hints = typing.get_type_hints(kind, include_extras=True)
        if is_dataclass(kind):
            names = required = [field.name for field in fields(kind)]
        else:  # __required_keys__ does not see NotRequired in annotations that are texts
            names = list(hints)
            required = [name for name in kind.__required_keys__ if typing.get_origin(hints[name]) is not typing.NotRequired]
        types_of = typing.get_type_hints(kind)
        return _object(kind, {name: self.of(types_of[name]) for name in names}, [name for name in names if name in required], True)

    def _union(self, kinds: tuple[Any, ...]) -> Schema:
        found: list[Schema] = []
        for schema in map(self.of, kinds):
            if schema not in found:
                found.append(schema)
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _field(self, kind: Any, field: Field) -> Schema:
        schema = self.of(kind)
        limited = schema["anyOf"][0] if "anyOf" in schema else schema  # the limits are of what is not null
        names = {**_LIMITS, **_LENGTHS.get(limited.get("type", ""), {})}
        limited |= {names[name]: limit for name, limit in field.limits.items()}
        if field.choices:
            limited["enum"] = list(field.choices)
        schema |= {"title": field.title} if field.title else {}
        schema |= {"description": field.help} if field.help else {}
        schema |= {"x-unit": field.unit} if field.unit else {}
        schema |= {"writeOnly": True} if field.widget == "password" else {}
        if not field.required and not isinstance(field.default, dict) and not (field.default == "" and field.min_length):
            schema["default"] = as_json(field.default)  # a form may begin empty, but must not be sent so
        return schema


def _object(kind: type, properties: dict[str, Schema], required: list[str], closed: bool) -> Schema:
    schema: Schema = {"type": "object", "title": kind.__name__}
    about = inspect.cleandoc(kind.__doc__ or "")
    if about and not is_dataclass_signature(kind, about):
        schema["description"] = about
    schema["properties"] = properties
    if required:
        schema["required"] = required
    if closed:
        schema["additionalProperties"] = False
    return schema


def is_dataclass_signature(kind: type, about: str) -> bool:
    """Python writes one where a dataclass has no docstring."""
    return is_dataclass(kind) and about.startswith(f"{kind.__name__}(")
