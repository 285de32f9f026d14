"""Settings base: a field is declared once (type, default, range, unit, label, help, restart) and everything else reads that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.config import JsonDict

from board.kit.errors import ConfigError


class Settings(BaseModel):
    """Base of all settings and option classes: frozen, unknown names are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


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
    **limits: Any,
) -> Any:
    """A pydantic Field with what a form needs. `limits` are pydantic's (ge, le, max_length, pattern ...).

    `choices`: the allowed texts, in order; `widget`: "password", "textarea", "output", "input", "wiegand_port" ... when
    the type alone does not say how to edit it; `restart`: takes effect after "Restart service" (manual 4.5).
    """
    extra: JsonDict = {"unit": unit, "choices": list(choices), "widget": widget, "restart": restart, "group": group}
    return Field(default, title=title, description=help_text, json_schema_extra=extra, **limits)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with given values. `field`: the field's name, "" when it concerns several; `title`: for people."""

    field: str
    title: str
    text: str

    def __str__(self) -> str:
        return f"{self.title}: {self.text}"


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
            found.append(Problem(name, field.title or name, f"must be one of {', '.join(map(str, choices))}"))
    return tuple(found)


def check(kind: type[S], values: dict[str, Any]) -> S:
    """`values` as settings; ConfigError lists every problem at once, each with the field's title."""
    found = problems(kind, values)
    if found:
        raise ConfigError("; ".join(map(str, found)))
    return kind.model_validate(values)


SAYINGS = {
    "greater_than_equal": "must be {ge} or more",
    "less_than_equal": "must be {le} or less",
    "greater_than": "must be more than {gt}",
    "less_than": "must be less than {lt}",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_parsing": "must be a number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "extra_forbidden": "there is no such setting",
}
"""Pydantic's error type -> what people are told; others keep pydantic's words."""


def _problem(kind: type[Settings], error: Any) -> Problem:
    name = str(error["loc"][0]) if error["loc"] else ""
    field = kind.model_fields.get(name)
    title = (field.title if field else None) or name or kind.__name__
    saying = SAYINGS.get(error["type"])
    text = saying.format(**error.get("ctx", {})) if saying else str(error["msg"]).removeprefix("Value error, ")
    return Problem(name, title, text)
