"""Field: what is declared of one setting, and how what was sent for it becomes its value, or a clause that says why not.

Libraries that do this take 9 MB in each process that checks anything, and seconds of a small board's start."""

from __future__ import annotations

import math
import re
import types
import typing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Annotated, Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import Text

REQUIRED: Any = ...
"""Default of a field that must be given."""

Read = Callable[[Any], Any]
"""What was sent -> the value; a ConfigError with a clause says why there is none ("must be a whole number")."""

MOST_DIGITS = 19
_UNSEEN = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\xad\u1680\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u202f\u205f\u2060\u2061\u2062\u2063"
    "\u2064\u3000\ufeff"
) + "".join(map(chr, range(0x2000, 0x2010)))
"""Blanks and marks that nobody sees, as they come with an address or a fingerprint that is copied from a page or a dialog."""
_WHOLE = re.compile(r"\s*[+-]?[0-9]+(\.0*)?\s*")
_NUMBER = re.compile(r"\s*[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?\s*", re.IGNORECASE)
_TRUE, _FALSE = ("1", "on", "t", "true", "y", "yes"), ("0", "f", "false", "n", "no", "off")


@dataclass(frozen=True, slots=True)
class AfterValidator:
    """In Annotated: `check` gets the value and gives the one that is kept; it raises a ConfigError."""

    check: Callable[[Any], Any]


STRICT = object()
"""In Annotated: a number or truth value in a text is none."""
AS_TYPED = object()
"""In Annotated: blanks at the ends of the text belong to it."""

StrictInt = Annotated[int, STRICT]
StrictBool = Annotated[bool, STRICT]
Password = Annotated[str, AS_TYPED]
"""One that a person chooses; blanks at its ends belong to it."""

Conditions = Mapping[str, tuple[object, ...]]
"""{option: its values with which another one makes sense}."""


@dataclass(frozen=True, slots=True)
class Field:
    """Title, help and limits of one setting (board/kit/settings.py: `option`). Limits that are None do not hold; `pattern`: the
    regular expression that the whole text must match; `when`, `needed`: with which values of others it makes sense, and must be
    given (board/kit/dependent.py); `within`: of a text with a number for each line of the board ("DO1=60 DO2=5"), its range;
    `labels`: what people call the choices; `zero`: what people call 0, of a number whose 0 stands for something else ("never")."""

    default: Any = REQUIRED
    title: str = ""
    help: str = ""
    unit: str = ""
    choices: tuple[str, ...] = ()
    labels: Mapping[str, str] = field(default_factory=dict)
    widget: str = ""
    restart: bool = False
    group: str = ""
    belongs_to: tuple[str, ...] = ()
    when: Conditions = field(default_factory=dict)
    needed: Conditions = field(default_factory=dict)
    ge: float | None = None
    gt: float | None = None
    le: float | None = None
    lt: float | None = None
    min_length: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    strict: bool = False
    within: tuple[float, float] | None = None
    zero: str = ""

    def label(self, choice: object) -> str:
        """What people call a choice: its label, else the choice itself."""
        return self.labels.get(str(choice), str(choice))

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def limits(self) -> dict[str, Any]:
        """{name: limit} of those that hold."""
        return {name: getattr(self, name) for name in _LIMITS if getattr(self, name) is not None}


_LIMITS = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")


def bare(kind: Any) -> Any:
    """The type without what Annotated adds to it."""
    return typing.get_args(kind)[0] if typing.get_origin(kind) is Annotated else kind


def reader(kind: Any, field: Field) -> Read:
    """Of a field of that type: bool, int, float, str, Literal, Any, tuples and lists of these and mappings, with `| None` or
    Annotated. TypeError for any other type."""
    read = _reader(kind, field.strict, True)
    limits = field.limits
    choices = field.choices

    def checked(sent: Any) -> Any:
        value = read(sent)
        if value is None:
            return value
        for name, limit in limits.items():
            if not _HOLDS[name](value, limit):
                raise ConfigError(_saying(name, value, limit))
        if choices and value not in choices:
            raise ConfigError("must be one of {choices}", choices=list(choices))
        return value

    return checked


_HOLDS: Mapping[str, Callable[[Any, Any], bool]] = {
    "ge": lambda value, limit: value >= limit,
    "gt": lambda value, limit: value > limit,
    "le": lambda value, limit: value <= limit,
    "lt": lambda value, limit: value < limit,
    "min_length": lambda value, limit: len(value) >= limit,
    "max_length": lambda value, limit: len(value) <= limit,
    "pattern": lambda value, limit: re.fullmatch(limit, value) is not None,
}

SAYINGS = {
    "ge": Text("must be {ge} or more"),
    "gt": Text("must be more than {gt}"),
    "le": Text("must be {le} or less"),
    "lt": Text("must be less than {lt}"),
    "min_length": Text("must have at least {min_length} characters"),
    "max_length": Text("must have at most {max_length} characters"),
    "pattern": Text("does not have the right form"),
}
"""What is said of a limit that does not hold."""

SAYINGS_OF_LISTS = {
    "min_length": Text("must have at least {min_length} entries"),
    "max_length": Text("must have at most {max_length} entries"),
}


EMPTY = Text("must not be empty")
"""Instead of: must have at least 1."""


def _saying(name: str, value: Any, limit: object) -> Text:
    if name == "min_length" and limit == 1:
        return EMPTY
    said = SAYINGS[name] if isinstance(value, str) else SAYINGS_OF_LISTS.get(name, SAYINGS[name])
    return Text(said.key, {} if name == "pattern" else {name: limit})


def is_number(text: str) -> bool:
    """Whether people would call it a number: to Python "1_000", "nan" and the digits of any script are numbers too."""
    return _NUMBER.fullmatch(text) is not None


# --- types ------------------------------------------------------------------------------------------------------------


def _reader(kind: Any, strict: bool, strip: bool) -> Read:
    origin, inner = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _annotated(inner[0], inner[1:], strict, strip)
    if origin in (types.UnionType, typing.Union):
        (some,) = (each for each in inner if each is not type(None))  # no other unions are needed
        read = _reader(some, strict, strip)
        return lambda sent: None if sent is None else read(sent)
    if origin is typing.Literal:
        return lambda sent: _one_of(sent, inner)
    if origin is tuple and inner[1:] != (Ellipsis,):
        return _fixed([_reader(each, strict, strip) for each in inner])
    if origin in (tuple, list):
        return _many(origin, _reader(inner[0], strict, strip))
    if origin is dict:
        return _mapping
    if kind is str:
        return _stripped if strip else _text
    try:
        return (_STRICT if strict else _LENIENT)[kind]
    except KeyError as why:
        raise TypeError(f"no setting can be of the type {kind}") from why


def _annotated(kind: Any, marks: Sequence[Any], strict: bool, strip: bool) -> Read:
    read = _reader(kind, strict or STRICT in marks, strip and AS_TYPED not in marks)
    checks = [mark.check for mark in marks if isinstance(mark, AfterValidator)]

    def checked(sent: Any) -> Any:
        value = read(sent)
        for check in checks:
            value = check(value)
        return value

    return checked if checks else read


def _fixed(readers: Sequence[Read]) -> Read:
    def read(sent: Any) -> Any:
        if not isinstance(sent, list | tuple):
            raise ConfigError("must be a list")
        if len(sent) < len(readers):
            raise ConfigError("must have at least {min_length} entries", min_length=len(readers))
        if len(sent) > len(readers):
            raise ConfigError("must have at most {max_length} entries", max_length=len(readers))
        return tuple(read_one(each) for read_one, each in zip(readers, sent, strict=True))

    return read


def _many(kind: type, read_one: Read) -> Read:
    def read(sent: Any) -> Any:
        if not isinstance(sent, list | tuple):
            raise ConfigError("must be a list")
        return kind(read_one(each) for each in sent)

    return read


def _mapping(sent: Any) -> Any:
    if not isinstance(sent, Mapping):
        raise ConfigError("must be an object")
    return dict(sent)


def _one_of(sent: Any, expected: Sequence[Any]) -> Any:
    if sent not in expected:
        raise ConfigError("must be one of {choices}", choices=list(expected))
    return sent


def _text(sent: Any) -> str:
    if not isinstance(sent, str):
        raise ConfigError("must be a text")
    try:
        sent.encode()
    except UnicodeEncodeError as why:  # half a character, which no file and no database takes
        raise ConfigError("must be a text") from why
    return sent


def _stripped(sent: Any) -> str:
    text = _text(sent)
    return text.strip() if text.isascii() else text.strip(_UNSEEN)


def _whole(sent: Any) -> int:
    if isinstance(sent, str) and _WHOLE.fullmatch(sent):
        digits = sent.strip().partition(".")[0]
        if len(digits.lstrip("+-0")) > MOST_DIGITS:
            raise ConfigError("is too large a number")
        return int(digits)
    if isinstance(sent, float) and sent.is_integer():
        return int(sent)
    return _strictly_whole(sent)


def _strictly_whole(sent: Any) -> int:
    if not isinstance(sent, int) or isinstance(sent, bool):
        raise ConfigError("must be a whole number")
    return sent


def _number(sent: Any) -> float:
    if isinstance(sent, str):
        if not is_number(sent):
            raise ConfigError("must be a number")
        return _finite(float(sent))
    return _strictly_number(sent)


def _strictly_number(sent: Any) -> float:
    if not isinstance(sent, int | float) or isinstance(sent, bool):
        raise ConfigError("must be a number")
    try:
        return _finite(float(sent))
    except OverflowError as why:
        raise ConfigError("is too large a number") from why


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ConfigError("must be a number")
    return value


def _truth(sent: Any) -> bool:
    word = sent.strip().lower() if isinstance(sent, str) else str(sent) if type(sent) is int else ""
    return word in _TRUE if word in (*_TRUE, *_FALSE) else _strictly_truth(sent)


def _strictly_truth(sent: Any) -> bool:
    if not isinstance(sent, bool):
        raise ConfigError("must be true or false")
    return sent


_LENIENT: Mapping[Any, Read] = {int: _whole, float: _number, bool: _truth, Any: lambda sent: sent, object: lambda sent: sent}
_STRICT: Mapping[Any, Read] = {**_LENIENT, int: _strictly_whole, float: _strictly_number, bool: _strictly_truth}
