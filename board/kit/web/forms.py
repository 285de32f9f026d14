"""Forms: a settings or options class as form fields, and what a form sent checked against it, every problem at once."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Collection, Mapping, Sequence
from typing import Any, TypeVar, get_args, get_origin
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.dependent import dependent_problems
from board.kit.errors import ConfigError
from board.kit.secrets import merged, public
from board.kit.settings import Problem, Settings, SettingsError, problems
from board.kit.words import NOTHING, Text

S = TypeVar("S", bound=Settings)

Choices = Mapping[str, tuple[tuple[str, str], ...]]
"""(value, label) pairs by widget name: what there is to choose from."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a form. `control`: what the template draws; `value`: what stands in it; limits as text, "" for none."""

    name: str
    title: str
    help: str
    unit: str
    group: str
    control: str
    value: Any
    choices: tuple[tuple[str, str], ...]
    lowest: str
    highest: str
    step: str
    longest: str
    restart: bool
    optional: bool
    """May be left empty: sent as null."""
    kept: bool
    """There is a stored password, which does not reach the browser."""
    when: str
    """The values of other fields with which it is shown, as JSON; "": always."""
    zero: str
    """What an empty number field says and is sent as 0; "": 0 is a number like others."""


def fields(kind: type[Settings], values: Mapping[str, Any], choices: Choices) -> tuple[Field, ...]:
    """The fields of `kind` in their order. Stored passwords do not reach the browser."""
    return tuple(_field(kind, name, values, choices) for name in kind.model_fields)


def groups(form: Sequence[Field]) -> list[tuple[str, list[Field]]]:
    """(group title, its fields) in order of first appearance."""
    found: dict[str, list[Field]] = {}
    for field in form:
        found.setdefault(field.group, []).append(field)
    return list(found.items())


def filled(kind: type[S], body: Mapping[str, Any], stored: Mapping[str, Any], choices: Choices, lost: Collection[str] = ()) -> S:
    """What a form sent as settings. Names it did not send and passwords left empty keep the `stored` value, as long as the password
    stays with those it was typed for (board/kit/secrets.py). `lost`: passwords that may be missing though they are needed.

    Raises SettingsError with every problem."""
    values, moved = merged(kind, body, stored)
    found = (*problems(kind, values), *_widget_problems(kind, values, choices), *moved)
    if found:
        raise SettingsError(*found)
    found = dependent_problems(kind, body, stored, values, lost)
    if found:
        raise SettingsError(*found)
    settings = kind.model_validate(values).completed(stored)
    found = settings.conflicts()
    if found:
        raise SettingsError(*found)
    return settings


def _field(kind: type[Settings], name: str, values: Mapping[str, Any], choices: Choices) -> Field:
    info = kind.model_fields[name]
    pairs = choices.get(info.widget, ()) or tuple((each, info.label(each)) for each in info.choices)
    if pairs and info.widget and info.widget not in BY_LINE and info.default == "" and pairs[0][0]:
        pairs = (("", "–"), *pairs)  # one need not be chosen
    control, step = _control(kind, name, info.widget, bool(pairs))
    value = values.get(name, info.default)
    if control == "lines":
        value = "\n".join(map(str, value or ()))
    if value is None or (info.zero and value == 0):
        value = ""
    least, most = info.within or (info.ge, info.le)
    return Field(
        name=name,
        title=info.title or name,
        help=info.help,
        unit=info.unit,
        group=info.group,
        control=control,
        value=_by_line(value, pairs) if info.widget in BY_LINE else public(kind, {name: value})[name],
        choices=pairs,
        lowest=_said(least),
        highest=_said(most),
        step=step,
        longest=_said(info.max_length),
        restart=info.restart,
        kept=control == "password" and bool(value),
        optional=type(None) in get_args(kind.type_of(name)),
        when=json.dumps(dict(info.when)) if info.when else "",
        zero=info.zero,
    )


WIDGET_CONTROLS = {
    "password": "password",
    "textarea": "textarea",
    "roi": "drawn",
    "lane": "drawn",
    "masks": "drawn",
    "corners": "drawn",
    "mask_corners": "drawn",
    "region": "region",
    "countries": "countries",
    "moment": "moment",
    "time": "time",
    "colour": "colour",
    "week": "week",
}
"""Widgets that say by themselves how they are edited."""

BY_LINE = {"output_seconds": "by_line", "input_seconds": "by_line", "output_pulses": "pulse_by_line"}
"""Widgets of texts with a number for each line of the board, "DO1=60 DO2=5": a number field for each."""

MOST_KNOWN = 12
"""What a choice could have been, where it was none."""

TYPE_CONTROLS: tuple[tuple[Any, str, str], ...] = (
    (bool, "switch", ""),
    (int, "number", "1"),
    (float, "number", "any"),
    (str, "text", ""),
)
"""Type -> control and step, for fields whose widget says nothing."""


def _control(kind: type[Settings], name: str, widget: str, chosen: bool) -> tuple[str, str]:
    annotation = kind.type_of(name)
    if widget in WIDGET_CONTROLS:
        return WIDGET_CONTROLS[widget], ""
    if widget in BY_LINE:
        return BY_LINE[widget], "1" if widget.endswith("seconds") else "any"
    if chosen:
        return "select", ""
    if get_origin(annotation) in (types.UnionType, typing.Union):
        annotation = next(each for each in get_args(annotation) if each is not type(None))
    if get_origin(annotation) in (tuple, list):
        return "lines", ""
    for type_, control, step in TYPE_CONTROLS:
        if annotation is type_:
            return control, step
    raise ConfigError("{settings}.{name}: no form control edits a {type}", settings=kind.__name__, name=name, type=annotation)


def _by_line(text: str, lines: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    """(line, what the text says of it, "" for nothing) of every line of the board, and of others that the text names."""
    said = dict(part.partition("=")[::2] for part in text.replace(",", " ").split())
    return [(line, said.get(line, "")) for line in dict.fromkeys((*(name for name, _ in lines), *said))]


def _said(limit: float | None) -> str:
    return "" if limit is None else f"{limit:.12g}"


def _widget_problems(kind: type[Settings], values: Mapping[str, Any], choices: Choices) -> tuple[Problem, ...]:
    found = []
    for name, info in kind.model_fields.items():
        text = _widget_problem(info.widget, values.get(name, info.default), choices)
        if text:
            found.append(Problem(name, info.title or name, text))
    return tuple(found)


def _widget_problem(widget: str, value: Any, choices: Choices) -> Text:
    if widget == "time_zone" and not (isinstance(value, str) and (not value or _is_zone(value))):
        return Text("is not a time zone this camera knows")
    four = list(value) if isinstance(value, (list, tuple)) and len(value) == 4 else []
    if widget == "lane" and four and not (_inside(four) and four[1] < four[3]):
        return Text("draw the top point, then the bottom point")
    if widget == "region" and not value:
        return Text("choose the region of the world")
    known = {each for each, _ in choices.get(widget, ())} if widget != "time_zone" else set()
    if widget in BY_LINE:
        value = [line for line, _ in _by_line(str(value), ())]
    strange = [str(each)[:20] for each in (value if isinstance(value, (list, tuple)) else [value]) if str(each) not in known]
    if not known or not value or not strange:
        return NOTHING
    few = [*sorted(known)[:MOST_KNOWN], *(["…"] if len(known) > MOST_KNOWN else [])]
    return Text("this camera has no {strange}; it has {known}", {"strange": strange, "known": few})


def _inside(values: Sequence[Any]) -> bool:
    return all(isinstance(each, (int, float)) and 0 <= each <= 1 for each in values)


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True
