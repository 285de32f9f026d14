"""Told: the values that changes and searches keep, as people know them: under the titles and labels that their forms have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from itertools import groupby
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.dependent import holds
from board.kit.fields import Field
from board.kit.settings import Settings
from board.kit.web.forms import Choices
from board.kit.words import Text, joined, mark
from engine.actions import Kinds
from engine.exchange.kinds import JobKinds
from engine.lists import EARLIEST, LATEST
from engine.plates import EntryForm
from webui.api.jobs import JobForm
from webui.api.rules import RuleForm
from webui.api.settings import GROUPS
from webui.choices import settings_choices
from webui.portal import Portal
from webui.view.list_forms import LIST_CHOICES, ListForm
from webui.view.rules import EDGES

Forms = Mapping[str, type[Settings]]
"""What holds the fields of a group of values; "" of those in none."""

NOT_SHOWN = ("list_id", "generation")
OWN_TITLES = {
    "kind": mark("Type"),
    "entries": mark("Plates"),
    "added": mark("Added"),
    "changed": mark("Changed"),
    "removed": mark("Removed"),
    "capacity": mark("Places"),
    "inside": mark("Inside"),
    "reset": mark("Begun anew"),
    "before": mark("Came in before"),
    "accepted": mark("Accepted"),
    "exported": mark("Exported"),
    "imported": mark("Imported"),
    "reverted": mark("Taken back"),
    "deleted": mark("Deleted"),
    "passages": mark("Passages"),
    "logo": mark("Logo"),
}
"""Of values that stand in no form."""
OWN_LABELS = {
    "with passwords": mark("with passwords"),
    "without passwords": mark("without passwords"),
    "changed": mark("changed"),
    "removed": mark("removed"),
    "reverted": mark("taken back"),
}
DAYS = (mark("Mon"), mark("Tue"), mark("Wed"), mark("Thu"), mark("Fri"), mark("Sat"), mark("Sun"))
NONE = Text("–")
MOST = 12
"""Values that are told of one change."""


def flat(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values by the names of their form's fields; "group.name" of those in a group."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        if name == "conditions":
            found |= {**value, "direction": value.get("direction") or "any"}
        elif name == "start":
            found |= _start(value)
        elif isinstance(value, Mapping):
            found |= {f"{name}.{inner}": each for inner, each in value.items()}
        elif name not in NOT_SHOWN:
            found[name] = value
    return found


def _start(value: Mapping[str, Any]) -> dict[str, Any]:
    times = " ".join(f"{each // 60:02}:{each % 60:02}" for each in value.get("times", ()))
    named = {"start": value.get("on"), "start_edge": EDGES[bool(value.get("active", True))], "start_times": times}
    return {**named, **{f"start_{name}": value.get(name) for name in ("input", "every_min", "opens")}}


class Teller:
    """Says values of one kind of subject ("settings", "rule", ...) by the forms in which people set them."""

    def __init__(self, portal: Portal, zone: ZoneInfo) -> None:
        self._choices: Choices = {**settings_choices(portal.profile), **LIST_CHOICES}
        self._kinds: Kinds = portal.kinds
        self._jobs: JobKinds = portal.jobs
        self._zone = zone

    def differences(self, subject: str, before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> tuple[Text, Text]:
        """What was, and what is instead. Of what was added or deleted what its form does not have by itself."""
        forms = self._forms(subject, after or before or {})
        was, now = flat(before or {}), flat(after or {})
        both = {**was, **now}
        names = [name for name in both if was.get(name) != now.get(name) and _makes_sense(forms, name, both)]
        if before is None or after is None:
            names = [name for name in names if not _is_usual(_field(forms, name), name, both[name])]
        return self._said(forms, was, names) if before else Text(""), self._said(forms, now, names) if after else Text("")

    def one(self, subject: str, kind: str, name: str, *values: Any) -> tuple[Text, ...]:
        """The title of one value, and each of `values` as it is said there; Text("") for none."""
        forms = self._forms(subject, {"kind": kind})
        said = [self._value(forms, name, each) for each in values]
        return self._title(forms, name), *(Text("") if each == NONE else Text("{texts}", {"texts": each}) for each in said)

    def _forms(self, subject: str, values: Mapping[str, Any]) -> Forms:
        kind = str(values.get("kind", ""))
        if subject == "rule":
            return {"": RuleForm, **({"options": self._kinds[kind].options} if kind in self._kinds else {})}
        if subject == "job":
            return {"": JobForm, **({"options": self._jobs[kind].options} if kind in self._jobs else {})}
        if subject == "settings":
            return GROUPS
        own: dict[str, type[Settings]] = {"list": ListForm, "entry": EntryForm}
        return {"": own[subject]} if subject in own else {}

    def _said(self, forms: Forms, values: Mapping[str, Any], names: list[str]) -> Text:
        told = [
            Text("{title}: {value}", {"title": self._title(forms, name), "value": self._value(forms, name, values[name])})
            for name in names
            if name in values
        ]
        return joined([*told[:MOST], *([Text("…")] if len(told) > MOST else [])])

    def _title(self, forms: Forms, name: str) -> Text:
        field = _field(forms, name)
        return Text(field.title if field and field.title else OWN_TITLES.get(name, name))

    def _value(self, forms: Forms, name: str, value: Any) -> Any:
        field = _field(forms, name)
        if isinstance(value, bool):
            return Text("on" if value else "off")
        if name == "week":
            return week(value)
        if field and field.widget == "moment":
            at = _moment(str(value))
            return f"{at.astimezone(self._zone):%Y-%m-%d %H:%M:%S}" if at else NONE
        if value is None or value in ("", [], {}):
            return self._label(field, name, "") if "" in self._labels(field) else NONE
        if isinstance(value, list):
            return [self._label(field, name, each) for each in value] if not isinstance(value[0], list | float) else Text("drawn")
        if field and field.zero and value == 0:
            return Text(field.zero)
        said = self._label(field, name, value)
        return Text("{value} {unit}", {"value": said, "unit": Text(field.unit)}) if field and field.unit else said

    def _label(self, field: Field | None, name: str, value: Any) -> Any:
        """Text in the reader's language for a choice, the value itself for what somebody typed."""
        text = str(value)
        if name == "kind":
            kind = self._kinds.get(text) or self._jobs.get(text)
            return Text(kind.label) if kind else text
        if field is None:
            return Text(OWN_LABELS[text]) if text in OWN_LABELS else text[:100]
        labels = self._labels(field)
        return Text(labels[text]) if text in labels else Text(text) if text in field.choices else text[:100]

    def _labels(self, field: Field | None) -> Mapping[str, str]:
        """What people call the choices of a field."""
        return {**field.labels, **dict(self._choices.get(field.widget, ()))} if field else {}


def week(days: Any) -> Text:
    """ "Mon–Fri 08:00-17:30, Sat 09:00-12:00"; "always" for a week without limits, which is kept as none."""
    if not days or all([list(span) for span in day] == [[0, 1440]] for day in days):
        return Text("always")
    spans = [" ".join(f"{_clock(begin)}-{_clock(end)}" for begin, end in day) for day in days[: len(DAYS)]]
    said = []
    for text, same in groupby(enumerate(spans), key=lambda each: each[1]):
        numbers = [number for number, _ in same]
        first, last = Text(DAYS[numbers[0]]), Text(DAYS[numbers[-1]])
        span = first if len(numbers) == 1 else Text("{first}–{last}", {"first": first, "last": last})
        said += [Text("{day} {spans}", {"day": span, "spans": text})] if text else []
    return Text("{texts}", {"texts": said})


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _moment(text: str) -> datetime | None:
    """None for no limit."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return None if at in (EARLIEST, LATEST) else at


def _field(forms: Forms, name: str) -> Field | None:
    group, _, own = name.rpartition(".")
    kind = forms.get(group)
    return kind.model_fields.get(own) if kind else None


def _makes_sense(forms: Forms, name: str, values: Mapping[str, Any]) -> bool:
    """Whether the form shows the field with these values of the others of its group."""
    field, (group, dot, _) = _field(forms, name), name.rpartition(".")
    if field is None or not field.when or group in GROUPS:  # of settings only what was changed is kept
        return True
    within = {each.removeprefix(group + dot): value for each, value in values.items() if each.startswith(group + dot)}
    return holds(field.when, {**{each: known.default for each, known in forms[group].model_fields.items()}, **within})


def _is_usual(field: Field | None, name: str, value: Any) -> bool:
    """Says nothing of what was added: nothing at all, or what the form has by itself. Options are told all."""
    if name == "week":
        return week(value) == Text("always")
    if field is None or "." in name:
        return value in ("", None, [], {})
    return value in ("", None, [], field.default) or (field.widget == "moment" and _moment(str(value)) is None)
