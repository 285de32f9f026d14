"""Settings base: a field is declared once (type, default, range, unit, label, help, restart) and everything else reads that."""

from __future__ import annotations

import hashlib
import json
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import replace
from types import MappingProxyType
from typing import Any, ClassVar, NoReturn, Self, TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError
from board.kit.fields import Conditions, Field, Read, bare, reader
from board.kit.words import Text, joined

FORBID, IGNORE, ALLOW = "forbid", "ignore", "allow"
"""What becomes of names that are not declared: an error, nothing, or a value as it came."""

V = TypeVar("V")

Decorator = Callable[[Any], Any]


@typing.dataclass_transform(kw_only_default=True, frozen_default=True)
class Settings:
    """Base of all settings and option classes: frozen, made with named values, which are checked; SettingsError lists all that are
    wrong. Every annotated name is a field: `votes: int = option(3, ...)`. Blanks at the ends of texts are cut off."""

    key: ClassVar[str] = ""
    """The name under which they are stored, of what is stored by itself; it never changes, whatever the class is called."""

    model_fields: ClassVar[Mapping[str, Field]] = {}
    """{name: what is declared}, in order."""

    _extra: ClassVar[str] = FORBID
    _checks: ClassVar[Mapping[str, _Check]] = {}
    _ready: ClassVar[_Built]

    def __init_subclass__(cls, extra: str = "") -> None:
        super().__init_subclass__()
        declared = {
            name: _declared(cls, name)
            for name, kind in vars(cls).get("__annotations__", {}).items()
            if not _is_class_variable(name, kind)
        }
        checks = {name: each for name, each in vars(cls).items() if isinstance(each, _Check)}
        bases = [base for base in reversed(cls.__bases__) if issubclass(base, Settings)]
        cls.model_fields = {**_together(base.model_fields for base in bases), **declared}
        cls._checks = {**_together(base._checks for base in bases), **checks}
        cls._extra = extra or cls._extra
        for name, each in checks.items():
            setattr(cls, name, each.function)

    def __init__(self, /, **values: Any) -> None:
        kind = type(self)
        found, wrong = _read(kind, values)
        if wrong:
            raise SettingsError(*wrong)
        self.__dict__.update(found)
        for name, each in kind._checks.items():
            if not each.fields:
                _call(kind, "", getattr(self, name))

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen: make another with model_copy")

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and vars(other) == vars(self)

    def __hash__(self) -> int:
        return hash((type(self), *vars(self).values()))

    def __repr__(self) -> str:
        """Without passwords."""
        hidden = {name for name, field in self.model_fields.items() if field.widget == "password"}
        shown = (f"{name}={'...' if name in hidden else repr(value)}" for name, value in vars(self).items())
        return f"{type(self).__name__}({', '.join(shown)})"

    @classmethod
    def model_validate(cls, values: Mapping[str, Any]) -> Self:
        """`values` as settings; SettingsError lists every problem at once, each with the field's title."""
        return cls(**values)

    @classmethod
    def type_of(cls, field: str) -> Any:
        """The type that the field is declared with, without what Annotated adds."""
        return bare(cls._built().types[field])

    @classmethod
    def _built(cls) -> _Built:
        """Made when it is first used: no process uses all classes."""
        if "_ready" not in vars(cls):
            types = typing.get_type_hints(cls, include_extras=True)
            cls._ready = _Built(types, {name: reader(types[name], field) for name, field in cls.model_fields.items()})
        return cls._ready

    def model_dump(self, mode: str = "python") -> dict[str, Any]:
        """{name: value}; with the mode "json" of JSON types only: tuples are lists."""
        return {name: as_json(value) if mode == "json" else value for name, value in vars(self).items()}

    def model_dump_json(self) -> str:
        return json.dumps(self.model_dump(mode="json"), ensure_ascii=False, separators=(",", ":"))

    def model_copy(self, update: Mapping[str, object]) -> Self:
        """The same with other values, which are not checked."""
        made = object.__new__(type(self))
        made.__dict__.update({**vars(self), **update})
        return made

    def conflicts(self) -> tuple[Problem, ...]:
        """Combinations that are wrong although each value alone is acceptable (a minimum above its maximum). Checked when settings
        are sent or stored, not when they are read: an earlier release may have stored them."""
        return ()

    def completed(self, stored: Mapping[str, Any]) -> Self:
        """With those values that follow from others that were changed since `stored`. Asked when settings are sent."""
        return self

    def changed(self) -> dict[str, str]:
        """{name: title} of every field that differs from its default."""
        default = type(self)()
        fields = type(self).model_fields.items()
        return {name: info.title or name for name, info in fields if getattr(self, name) != getattr(default, name)}

    @classmethod
    def conflict(cls, field: str, text: str, **values: object) -> Problem:
        """One of them, about `field`."""
        return Problem(field, cls.model_fields[field].title or field, Text(text, values))

    @classmethod
    def title_of(cls, field: str) -> Text:
        """The field's title for people."""
        return Text(cls.model_fields[field].title or field)


S = TypeVar("S", bound=Settings)


def option(
    default: Any,
    title: str,
    help_text: str,
    *,
    unit: str = "",
    choices: tuple[str, ...] | Mapping[str, str] = (),
    widget: str = "",
    restart: bool = False,
    group: str = "",
    belongs_to: tuple[str, ...] = (),
    when: Conditions = MappingProxyType({}),
    needed: Conditions = MappingProxyType({}),
    zero: str = "",
    **limits: Any,
) -> Any:
    """A field with what a form needs. `default`: `...` when it must be given; `limits`: Field's (ge, le, max_length, pattern ...).

    `choices`: the allowed texts, in order, or {what is stored and sent: what people call it}; `widget`: "password", "textarea",
    "output", "input", "wiegand_port" ... when the type alone does not say how to edit it; `restart`: takes effect after "Restart
    service" (manual 4.5, LPR configuration tab); `zero`: what people call 0, where it stands for something else; `belongs_to`: of a
    password, the options that say to whom it is sent: when one of them changes, it has to be typed again (board/kit/secrets.py);
    `when`, `needed`: the options and their values with which this one makes sense, and with which it must be given
    (board/kit/dependent.py).
    """
    labels = choices if isinstance(choices, Mapping) else {}
    return Field(
        default, title, help_text, unit=unit, choices=tuple(choices), labels=labels, widget=widget, restart=restart, group=group,
        belongs_to=belongs_to, when=when, needed=needed, zero=zero, **limits,
    )  # fmt: skip


def field_validator(*fields: str) -> Decorator:
    """A class method that gets the value of one of these fields, once its type and limits are right, and gives the one that is
    kept; it raises a ConfigError."""
    return lambda function: _Check(function, fields)


def model_validator(mode: str = "after") -> Decorator:
    """A method that looks at all values together, once each alone is right; it raises a ConfigError, with its `field`."""
    return lambda function: _Check(function)


@dataclass(frozen=True, slots=True)
class _Check:
    """`fields`: whose values it gets; none: it looks at the whole."""

    function: Any
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Built:
    """Of every field its type, and what reads it."""

    types: Mapping[str, Any]
    readers: Mapping[str, Read]


def _together(parts: Iterable[Mapping[str, V]]) -> dict[str, V]:
    return {name: value for part in parts for name, value in part.items()}


def _is_class_variable(name: str, kind: Any) -> bool:
    return name.startswith("_") or "ClassVar" in str(kind)


def _declared(cls: type, name: str) -> Field:
    """What the class declares; the value of the same name is gone then."""
    value = cls.__dict__.get(name, Field())
    if name in cls.__dict__:
        delattr(cls, name)
    return value if isinstance(value, Field) else Field(value)


def _read(kind: type[Settings], values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """(value of every field, what is wrong)."""
    found: dict[str, Any] = {}
    wrong: list[Problem] = []
    for name, read in kind._built().readers.items():
        if name not in values:
            field = kind.model_fields[name]
            if field.required:
                wrong.append(Problem(name, field.title or name, Text("is missing")))
            else:
                found[name] = deepcopy(field.default)  # a list or a mapping is one of its own
            continue
        try:
            found[name] = _checked(kind, name, read, values[name])
        except SettingsError as why:
            wrong += why.problems
    others = {name: value for name, value in values.items() if name not in kind.model_fields}
    if kind._extra == FORBID:
        wrong += [Problem(name, name, Text("there is no such setting")) for name in others]
    elif kind._extra == ALLOW:
        found.update(others)
    return found, wrong


def _checked(kind: type[Settings], name: str, read: Read, sent: Any) -> Any:
    value = _call(kind, name, read, sent)
    for method, each in kind._checks.items():
        if name in each.fields:
            value = _call(kind, name, getattr(kind, method), value)
    return value


def _call(kind: type[Settings], name: str, check: Callable[..., Any], *values: Any) -> Any:
    """What it gives; what it raises is a SettingsError about the field `name`, or about the one that it names itself."""
    try:
        return check(*values)
    except ValueError as why:
        text = why.text if isinstance(why, GatewrightError) else Text(str(why))
        about = name or getattr(why, "field", "")
        field = kind.model_fields.get(about)
        raise SettingsError(Problem(about, (field.title if field else "") or about, text)) from why


def as_json(value: Any) -> Any:
    """A value of a setting as JSON has it: a tuple is a list."""
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    if isinstance(value, Mapping):
        return {str(name): as_json(each) for name, each in value.items()}
    return value


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with given values. `field`: the field's name, `title` says it to people; both are "" when it
    concerns several."""

    field: str
    title: str
    text: Text

    def __str__(self) -> str:
        return str(self.sentence)

    @property
    def sentence(self) -> Text:
        """The text with its title before it."""
        return Text("{title}: {text}", {"title": Text(self.title), "text": self.text}) if self.title else self.text


class SettingsError(ConfigError):
    """Values that are not acceptable, with everything that is wrong with them."""

    def __init__(self, *problems: Problem) -> None:
        super().__init__(joined([each.sentence for each in problems]), field=problems[0].field)
        self.problems = problems

    def below(self, path: str) -> SettingsError:
        """The same of values that lie within others under that name: "options.name" is not the "name" of what has the options."""
        return SettingsError(*(replace(each, field=f"{path}.{each.field}") if each.field else each for each in self.problems))


def unfit(field: str, title: str, text: str, **values: object) -> SettingsError:
    """The error for one value: unfit("card", "Wiegand card", "must be 0 to {most}", most=65535)."""
    return SettingsError(Problem(field, title, Text(text, values)))


def problems(kind: type[Settings], values: Mapping[str, Any]) -> tuple[Problem, ...]:
    """Everything wrong with `values`, in the order of the fields; empty when they are acceptable."""
    try:
        kind.model_validate(values)
    except SettingsError as why:
        return why.problems
    return ()


def check(kind: type[S], values: Mapping[str, Any]) -> S:
    """`values` as settings; SettingsError lists every problem at once, each with the field's title."""
    return kind.model_validate(values)


def check_stored(kind: type[S], values: Mapping[str, Any]) -> S:
    """As `check`, of what a later release may have stored more, from which a camera went back."""
    return check(kind, {name: values[name] for name in kind.model_fields if name in values})


def fingerprints(*groups: Settings) -> dict[str, str]:
    """{"lpr.votes": a short hash} of every setting that takes effect after a restart: what a process says that it runs with."""
    alike = [type(each).model_validate(each.model_dump()) for each in groups]  # a default of 10 is stored and read as 10.0
    return {
        f"{each.key}.{name}": hashlib.sha256(repr(getattr(each, name)).encode()).hexdigest()[:8]
        for each in alike
        for name, info in type(each).model_fields.items()
        if info.restart
    }


def restart_due(stored: Sequence[Settings], running: Mapping[str, str]) -> list[str]:
    """Titles of the `stored` settings that a process does not use yet; `running`: the fingerprints that it reports."""
    now = fingerprints(*stored)
    late = {name for name, print_ in running.items() if now.get(name, print_) != print_}
    return [info.title or name for each in stored for name, info in type(each).model_fields.items() if f"{each.key}.{name}" in late]
