"""Plain: frozen dataclasses as JSON types and back, checked field by field: what crosses a border or lies in a small file."""

from __future__ import annotations

import dataclasses
import types
import typing
from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import Any, TypeVar

from board.kit.words import Text, plain, received, whole_characters

T = TypeVar("T")

Convert = Callable[[Any], Any]

MOST_INT = 1 << 128
"""The value of the longest Wiegand frame; JSON knows no largest number, but a float is one that nobody reckons with."""


class Unfit(ValueError):
    """A value is not of its type; the text says where ("passage.box.2: ..."), "" for the whole."""

    def __init__(self, what: str, where: str = "") -> None:
        self.what = what
        self.where = where
        super().__init__(f"{where}: {what}" if where else what)

    def below(self, name: object) -> Unfit:
        return Unfit(self.what, f"{name}.{self.where}" if self.where else str(name))


def to_plain(value: Any) -> Any:
    """The dataclass as objects, lists, numbers and texts; stamps in ISO 8601. TypeError for a type that has no such form."""
    kind: Any = type(value)
    return _writer(kind)(value)


def from_plain(kind: type[T], value: Any) -> T:
    """A `kind` of what `to_plain` gave. Fields that are not known are left out, missing ones have their default. Unfit says which
    value is wrong."""
    wanted: Any = kind
    converted: T = _reader(wanted)(value)
    return converted


def known(kind: type, document: Mapping[str, Any]) -> dict[str, Any]:
    """What of a stored object the dataclass `kind` has fields for: a later release, from which a camera went back, may have stored
    more."""
    names = {field.name for field in dataclasses.fields(kind)}
    return {name: value for name, value in document.items() if name in names}


@cache
def _writer(kind: Any) -> Convert:
    if kind is Text:
        return plain
    if dataclasses.is_dataclass(kind):
        hints = typing.get_type_hints(kind)
        fields = [(field.name, _writer(hints[field.name])) for field in dataclasses.fields(kind)]
        return lambda value: {name: write(getattr(value, name)) for name, write in fields}
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        if inner[1:] == (Ellipsis,):
            write = _writer(inner[0])
            return lambda value: [write(each) for each in value]
        writers = tuple(map(_writer, inner))
        return lambda value: [write(each) for write, each in zip(writers, value, strict=True)]
    if origin is Mapping:
        write = _writer(inner[1])
        return lambda value: {str(name): write(each) for name, each in value.items()}
    if origin in (types.UnionType, typing.Union):
        (some,) = (each for each in inner if each is not type(None))  # no other unions are needed
        write = _writer(some)
        return lambda value: None if value is None else write(value)
    try:
        return _WRITERS[kind]
    except KeyError as why:
        raise TypeError(f"{kind} has no plain form") from why


@cache
def _reader(kind: Any) -> Convert:
    if kind is Text:
        return _text
    if dataclasses.is_dataclass(kind):
        return _object_reader(kind)
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is tuple:
        return _tuple_reader(inner)
    if origin is Mapping:
        return _mapping_reader(inner[1])
    if origin in (types.UnionType, typing.Union):
        (some,) = (each for each in inner if each is not type(None))
        read = _reader(some)
        return lambda value: None if value is None else read(value)
    try:
        return _READERS[kind]
    except KeyError as why:
        raise TypeError(f"{kind} has no plain form") from why


def _object_reader(kind: Any) -> Convert:
    hints = typing.get_type_hints(kind)
    readers = {field.name: _reader(hints[field.name]) for field in dataclasses.fields(kind)}
    needed = [
        field.name
        for field in dataclasses.fields(kind)
        if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
    ]

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Unfit(f"must be an object, not {type(value).__name__}")
        missing = [name for name in needed if name not in value]
        if missing:
            raise Unfit("is missing", missing[0])
        values = {}
        for name, read_field in readers.items():
            if name in value:
                try:
                    values[name] = read_field(value[name])
                except Unfit as why:
                    raise why.below(name) from why
        return kind(**values)

    return read


def _tuple_reader(inner: tuple[Any, ...]) -> Convert:
    repeated = inner[1:] == (Ellipsis,)
    readers = tuple(map(_reader, inner[:1] if repeated else inner))

    def read(value: Any) -> Any:
        if not isinstance(value, list | tuple):
            raise Unfit(f"must be a list, not {type(value).__name__}")
        if not repeated and len(value) != len(readers):
            raise Unfit(f"must hold {len(readers)} values, not {len(value)}")
        found = []
        for place, each in enumerate(value):
            try:
                found.append(readers[0 if repeated else place](each))
            except Unfit as why:
                raise why.below(place) from why
        return tuple(found)

    return read


def _mapping_reader(inner: Any) -> Convert:
    read_value = _reader(inner)

    def read(value: Any) -> Any:
        if not isinstance(value, Mapping):
            raise Unfit(f"must be an object, not {type(value).__name__}")
        found = {}
        for name, each in value.items():
            try:
                found[str(name)] = read_value(each)
            except Unfit as why:
                raise why.below(name) from why
        return found

    return read


def _text(value: Any) -> Text:
    try:
        return received(value)
    except ValueError as why:
        raise Unfit(str(why)) from why


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise Unfit(f"must be a number, not {type(value).__name__}")
    if not -MOST_INT <= value <= MOST_INT:  # nor is NaN
        raise Unfit("is no number that counts")
    return float(value)


def _int(value: Any) -> int:
    whole: int = _exactly(int)(value)
    if not -MOST_INT <= whole <= MOST_INT:
        raise Unfit("is too large a number")
    return whole


def _str(value: Any) -> str:
    return whole_characters(_exactly(str)(value))


def _stamp(value: Any) -> datetime:
    try:
        return datetime.fromisoformat(value)
    except (TypeError, ValueError) as why:
        raise Unfit("must be a time in ISO 8601") from why


def _exactly(kind: type) -> Convert:
    def read(value: Any) -> Any:
        if type(value) is not kind:
            raise Unfit(f"must be {kind.__name__}, not {type(value).__name__}")
        return value

    return read


_WRITERS: Mapping[Any, Convert] = {
    str: str, int: int, float: float, bool: bool, datetime: datetime.isoformat, object: lambda value: value,
}  # fmt: skip
"""int() and float() take numpy's numbers too."""

_READERS: Mapping[Any, Convert] = {
    str: _str, int: _int, float: _number, bool: _exactly(bool), datetime: _stamp, object: lambda value: value,
}  # fmt: skip
