"""Settings base: a field is declared once (type, default, range, unit, label, help, restart) and everything else reads that."""

from __future__ import annotations

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


def check(kind: type[S], values: dict[str, Any]) -> S:
    """`values` as settings; ConfigError lists every problem at once, each with the field's title."""
    try:
        settings = kind.model_validate(values)
    except ValidationError as why:
        raise ConfigError("; ".join(_problem(kind, error) for error in why.errors(include_url=False))) from why
    for name, field in kind.model_fields.items():
        extra = field.json_schema_extra
        choices = extra.get("choices") if isinstance(extra, dict) else None
        if isinstance(choices, list) and choices and getattr(settings, name) not in choices:
            raise ConfigError(f"{field.title}: must be one of {', '.join(map(str, choices))}")
    return settings


def _problem(kind: type[Settings], error: Any) -> str:
    name = str(error["loc"][0]) if error["loc"] else ""
    field = kind.model_fields.get(name)
    return f"{field.title if field else name or kind.__name__}: {error['msg']}"
