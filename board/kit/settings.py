"""Settings base: a field is declared once (type, default, range, unit, label, help, restart) and everything else reads that."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from board.kit.errors import ConfigError, GatewrightError
from board.kit.words import Text, joined


class Settings(BaseModel):
    """Base of all settings and option classes: frozen, unknown names are errors."""

    # built when they are first used: no process uses all of them
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, defer_build=True)

    key: ClassVar[str] = ""
    """The name under which they are stored, of what is stored by itself; it never changes, whatever the class is called."""

    def conflicts(self) -> tuple[Problem, ...]:
        """Combinations that are wrong although each value alone is acceptable (a minimum above its maximum). Checked when settings
        are sent or stored, not when they are read: an earlier release may have stored them."""
        return ()

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
    choices: tuple[str, ...] = (),
    widget: str = "",
    restart: bool = False,
    group: str = "",
    belongs_to: tuple[str, ...] = (),
    **limits: Any,
) -> Any:
    """A pydantic Field with what a form needs. `limits` are pydantic's (ge, le, max_length, pattern ...).

    `choices`: the allowed texts, in order; `widget`: "password", "textarea", "output", "input", "wiegand_port" ... when
    the type alone does not say how to edit it; `restart`: takes effect after "Restart service" (manual 4.5, LPR configuration
    tab); `belongs_to`: of a
    password, the options that say to whom it is sent: when one of them changes, it has to be typed again (board/kit/secrets.py).
    """
    extra: JsonDict = {
        "unit": unit, "choices": list(choices), "widget": widget, "restart": restart, "group": group,
        "belongs_to": list(belongs_to),
    }  # fmt: skip
    return Field(default, title=title, description=help_text, json_schema_extra=extra, **limits)


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


def unfit(field: str, title: str, text: str, **values: object) -> SettingsError:
    """The error for one value: unfit("card", "Wiegand card", "must be 0 to {most}", most=65535)."""
    return SettingsError(Problem(field, title, Text(text, values)))


def problems(kind: type[Settings], values: dict[str, Any]) -> tuple[Problem, ...]:
    """Everything wrong with `values`, in no particular order; empty when they are acceptable."""
    found: list[Problem] = []
    try:
        kind.model_validate(values)
    except ValidationError as why:
        found += [_problem(kind, error) for error in why.errors(include_url=False)]
    for name, field in kind.model_fields.items():
        extra = field.json_schema_extra
        choices = extra.get("choices") if isinstance(extra, dict) else None
        value = values.get(name, field.default)
        if isinstance(choices, list) and choices and isinstance(value, str) and value.strip() not in choices:
            found.append(Problem(name, field.title or name, Text("must be one of {choices}", {"choices": choices})))
    return tuple(found)


def check(kind: type[S], values: dict[str, Any]) -> S:
    """`values` as settings; SettingsError lists every problem at once, each with the field's title."""
    found = problems(kind, values)
    if found:
        raise SettingsError(*found)
    return kind.model_validate(values)


def fingerprints(*groups: Settings) -> dict[str, str]:
    """{"lpr.votes": a short hash} of every setting that takes effect after a restart: what a process says that it runs with."""
    alike = [type(each).model_validate(each.model_dump()) for each in groups]  # a default of 10 is stored and read as 10.0
    return {
        f"{each.key}.{name}": hashlib.sha256(repr(getattr(each, name)).encode()).hexdigest()[:8]
        for each in alike
        for name, info in type(each).model_fields.items()
        if isinstance(info.json_schema_extra, dict) and info.json_schema_extra.get("restart")
    }


def restart_due(stored: Sequence[Settings], running: Mapping[str, str]) -> list[str]:
    """Titles of the `stored` settings that a process does not use yet; `running`: the fingerprints that it reports."""
    now = fingerprints(*stored)
    late = {name for name, print_ in running.items() if now.get(name, print_) != print_}
    return [info.title or name for each in stored for name, info in type(each).model_fields.items() if f"{each.key}.{name}" in late]


SAYINGS = {
    "greater_than_equal": Text("must be {ge} or more"),
    "less_than_equal": Text("must be {le} or less"),
    "greater_than": Text("must be more than {gt}"),
    "less_than": Text("must be less than {lt}"),
    "int_parsing": Text("must be a whole number"),
    "int_type": Text("must be a whole number"),
    "int_from_float": Text("must be a whole number"),
    "int_parsing_size": Text("is too large a number"),
    "float_parsing": Text("must be a number"),
    "float_type": Text("must be a number"),
    "finite_number": Text("must be a number"),
    "bool_parsing": Text("must be true or false"),
    "bool_type": Text("must be true or false"),
    "string_type": Text("must be a text"),
    "string_unicode": Text("must be a text"),
    "string_too_short": Text("must have at least {min_length} characters"),
    "string_too_long": Text("must have at most {max_length} characters"),
    "string_pattern_mismatch": Text("does not have the right form"),
    "list_type": Text("must be a list"),
    "tuple_type": Text("must be a list"),
    "too_short": Text("must have at least {min_length} entries"),
    "too_long": Text("must have at most {max_length} entries"),
    "literal_error": Text("must be one of {expected}"),
    "missing": Text("is missing"),
    "extra_forbidden": Text("there is no such setting"),
}
"""Pydantic's error type -> what people are told; others keep pydantic's words."""


def _problem(kind: type[Settings], error: Any) -> Problem:
    context = error.get("ctx", {})
    raised = context.get("error")  # what a validator of ours raised
    name = str(error["loc"][0]) if error["loc"] else raised.field if isinstance(raised, GatewrightError) else ""
    field = kind.model_fields.get(name)
    title = (field.title if field else None) or name
    if isinstance(raised, GatewrightError):
        return Problem(name, title, raised.text)
    saying = SAYINGS.get(error["type"])
    if saying is None:
        return Problem(name, title, Text(str(error["msg"]).removeprefix("Value error, ")))
    return Problem(name, title, Text(saying.key, {each: value for each, value in context.items() if f"{{{each}}}" in saying.key}))
