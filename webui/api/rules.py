"""Rules: the actions of a list with their weekly schedule, and TEST (manual 4.4, List tab)."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any

from board.kit.errors import ConfigError
from board.kit.fields import StrictBool, StrictInt
from board.kit.settings import Settings, SettingsError, field_validator, option, problems, unfit
from board.kit.typed import is_printable, typed
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Partial, Refused, api, data
from engine.dispatch.starts import MOST_AGE_S, STARTS, TITLES
from engine.messages import RulesChanged, TestAction
from engine.types import ActionRule, Conditions, Start, WeekSchedule
from engine.week import DAY_MINUTES, schedule
from webui.choices import board_choices
from webui.order_age import ordered_ns
from webui.portal import Portal
from webui.view import shapes
from webui.view.checklist import TESTED
from webui.view.notes import note_data
from webui.view.rules import EDGES, conditions_data, kind_of, rule_data, start_data, stored_rule
from webui.view.stored_options import stored_options

TEST_TIMEOUT_S = 55.0
"""The host gives up on an answer after 60 s."""


def starts_with(field: str) -> dict[str, tuple[object, ...]]:
    """The starts that have something to do with the field."""
    return {"start": tuple(name for name, kind in STARTS.items() if field in (*kind.needs, *kind.offers))}


class ConditionsForm(Settings):
    """Which cars an action is meant for."""

    lane: StrictInt = option(
        0, TITLES["lane"], "Acts in this lane only; 0: in any.", zero="any lane", ge=0, le=2, when=starts_with("lane")
    )
    direction: str = option(
        "any",
        TITLES["direction"],
        "Acts for cars that come near or go away only.",
        choices={"any": "any direction", "approach": "approach", "away": "away"},
        when=starts_with("direction"),
    )
    min_confidence: StrictInt = option(
        0, TITLES["min_confidence"], "Acts for plates that were read with at least this certainty.", unit="%", zero="any",
        ge=0, le=100, when=starts_with("min_confidence"),
    )  # fmt: skip
    countries: str = option(
        "", TITLES["countries"], "Acts for plates of these countries only, such as DE PL (ISO 3166-1); empty: of any.",
        max_length=200, when=starts_with("countries"),
    )  # fmt: skip

    @field_validator("countries")
    @classmethod
    def _are_codes(cls, text: str) -> str:
        codes = text.replace(",", " ").upper().split()
        wrong = next((code for code in codes if len(code) != 2 or not code.isascii() or not code.isalpha()), None)
        if wrong is not None:
            raise ConfigError("{code!r} is no country code of two letters", code=wrong[:20])
        return " ".join(dict.fromkeys(codes))


class StartForm(Settings):
    """What an action starts on."""

    start: str = option(
        "match",
        TITLES["start"],
        "What has to happen for the action to begin.",
        choices={name: kind.label for name, kind in STARTS.items()},
        widget="start",
    )
    start_input: str = option(
        "", TITLES["start_input"], "Which input of the board.", widget="input", max_length=8, when=starts_with("start_input")
    )
    start_edge: str = option(
        "active", TITLES["start_edge"], "What the input has to become.", choices=tuple(EDGES.values()),
        when=starts_with("start_edge"),
    )  # fmt: skip
    start_times: str = option(
        "",
        TITLES["start_times"],
        "Times of the day such as 07:30 18:00, on the days of the schedule below. Leave it empty to act every so many minutes.",
        max_length=300,
        when=starts_with("start_times"),
    )
    start_every_min: StrictInt = option(
        0, TITLES["start_every_min"], "Counted from midnight, while the schedule below holds; 0: at the times above.",
        unit="min", zero="at the times above", ge=0, le=DAY_MINUTES, when=starts_with("start_every_min"),
    )  # fmt: skip
    start_opens: StrictBool = option(
        False,
        TITLES["start_opens"],
        "What opens a gate needs this when it starts on anything but a plate on its list: it then opens for anybody who is there. "
        "On a list that refuses, what drives an output of the barrier needs it too, else it is withheld.",
        when={"start": tuple(each for each in STARTS if each != "match")},
    )

    @field_validator("start_times")
    @classmethod
    def _are_times(cls, text: str) -> str:
        return " ".join(f"{each // 60:02}:{each % 60:02}" for each in times_of(text))


def times_of(text: str) -> tuple[int, ...]:
    """Minutes since midnight from "7:30, 18:00", sorted; ConfigError names what is no time."""
    found = set()
    for part in text.replace(",", " ").split():
        time = re.fullmatch(r"(\d{1,2}):(\d{2})", part, re.ASCII)
        if time is None or int(time[1]) > 23 or int(time[2]) > 59:
            raise ConfigError("{text!r} is no time of the day such as 07:30", text=part[:20])
        found.add(int(time[1]) * 60 + int(time[2]))
    return tuple(sorted(found))


class AgeForm(Settings):
    max_age_s: StrictInt = option(
        0,
        TITLES["max_age_s"],
        "A message that could not be delivered for so long is given up; 0: after a day, or as is usual for the kind of action.",
        unit="s",
        zero="as usual",
        ge=0,
        le=MOST_AGE_S,
    )


class RuleForm(StartForm, ConditionsForm, AgeForm):
    name: str = option("", "Action name", "1 to 60 printable characters; shown in Audit and logs.", max_length=60)
    enabled: StrictBool = option(True, "Enabled", "Whether it acts at all.")
    week: list[list[tuple[StrictInt, StrictInt]]] = option(
        [[(0, DAY_MINUTES)]] * 7,
        "Schedule",
        "For each day from Monday on the spans of minutes in which it acts; one that ends before it starts is a night.",
        min_length=7,
        max_length=7,
    )
    options: dict[str, Any] = option({}, "Options", "Those of the kind (docs/settings.md); a password left empty stays.")

    @field_validator("name")
    @classmethod
    def _is_printable(cls, name: str) -> str:
        name = typed(name)
        if not name or not is_printable(name):
            raise ConfigError("must be 1 to 60 printable characters")
        return name

    @field_validator("week")
    @classmethod
    def _lies_in_its_days(cls, week: list[list[tuple[int, int]]]) -> list[list[tuple[int, int]]]:
        schedule(week)
        return week


class NewRule(RuleForm):
    kind: str = option(..., "Kind", "The kind of action, such as io or http.", max_length=40)


class TestSent(Settings):
    __test__ = False  # a name that starts with Test is no test class

    kind: str = option(..., "Kind", "The kind of action, such as io or http.", max_length=40)
    plate: str = option(..., "Plate", "Whose event it is carried out for.", min_length=1, max_length=20)
    start: str = option(
        "match", TITLES["start"], "What is taken to have happened: with a start that has no plate, the event has none.",
        choices={name: kind.label for name, kind in STARTS.items()},
    )  # fmt: skip
    rule_id: StrictInt = option(0, "Action", "Whose stored password is used where none is sent.", ge=0, lt=2**63)
    list_id: StrictInt = option(0, "List", "In which the plate is taken to stand.", ge=0, lt=2**63)
    options: dict[str, Any] = option({}, "Options", "Those of the kind (docs/settings.md).")


def _get_rules(portal: Portal, call: Call) -> Answer:
    return data(shapes.Rules(rules=[rule_data(portal, rule) for rule in portal.store.rules(call.id("id"))]))


def _add_rule(portal: Portal, call: Call) -> Answer:
    kind = kind_of(portal, call.body.get("kind", ""))
    sent = {name: value for name, value in call.body.items() if name != "kind"}
    fresh = ActionRule(0, call.id("id"), kind.label, kind.name, True, WeekSchedule(), "{}")
    return _saved(portal, call, portal.store.rules.save(rule_of(portal, sent, fresh), call.user))


def _put_rule(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        saved = portal.store.rules.save(rule_of(portal, call.body, stored_rule(portal, call.id("id"))), call.user)
    return _saved(portal, call, saved)


def rule_of(portal: Portal, sent: Mapping[str, Any], stored: ActionRule, lost: Collection[str] = ()) -> ActionRule:
    """What was sent over what is stored; SettingsError lists every problem of name, schedule and options. `lost`: as `filled`."""
    values = {
        "name": stored.name,
        "enabled": stored.enabled,
        "week": stored.week.days,
        "max_age_s": stored.max_age_s,
        **_fitting(str(sent.get("start", stored.start.on)), {**start_data(stored.start), **conditions_data(stored.conditions)}),
        **sent,
    }
    found, options = list(problems(RuleForm, values)), stored.options
    try:
        body = sent.get("options", {})
        if isinstance(body, dict):  # else the form says so
            options = _filled(portal, stored, body, lost)
    except SettingsError as why:
        found += why.below("options").problems
    if found:
        raise SettingsError(*found)
    form = RuleForm.model_validate(values)
    inputs = [line.name for line in portal.profile.inputs]
    if form.start_input and form.start_input not in inputs:
        raise unfit("start_input", TITLES["start_input"], "this camera has the inputs {inputs}", inputs=inputs)
    direction = "" if form.direction == "any" else form.direction
    conditions = Conditions(form.lane, direction, form.min_confidence, tuple(form.countries.split()))
    start = Start(
        form.start,
        form.start_input,
        form.start_edge == EDGES[True],
        form.start_every_min,
        times_of(form.start_times),
        form.start_opens,
    )
    return replace(
        stored,
        name=form.name,
        enabled=form.enabled,
        week=schedule(form.week),
        options=options,
        conditions=conditions,
        start=start,
        max_age_s=form.max_age_s,
    )


def _saved(portal: Portal, call: Call, saved: ActionRule) -> Answer:
    outcome = portal.service.outcome(RulesChanged())
    return data({**rule_data(portal, saved), "in_force": outcome.ok, **note_data(outcome.note, call.language)})


def _fitting(start: str, stored: Mapping[str, Any]) -> dict[str, Any]:
    """What of the stored start and conditions goes with a start that may be another one."""
    kind = STARTS.get(start)
    opens = () if start == "match" != stored["start"] else ("start_opens",)
    fits = ("start", *opens, *kind.needs, *kind.offers) if kind else ()
    return {name: value for name, value in stored.items() if name in fits}


def _delete_rule(portal: Portal, call: Call) -> Answer:
    portal.store.rules.delete(stored_rule(portal, call.id("id")).id, call.user)
    portal.service.outcome(RulesChanged())
    return data(shapes.Nothing())


def _test(portal: Portal, call: Call[object, TestSent]) -> Answer:
    """Carries out the action as it stands in the form, saved or not."""
    sent = call.body
    kind = kind_of(portal, sent.kind)
    stored = portal.store.rules.get(sent.rule_id) if sent.rule_id else None
    if stored is None or stored.kind != kind.name:
        stored = ActionRule(0, sent.list_id, kind.label, kind.name, True, WeekSchedule(), "{}")
    if sent.options and not call.may("actions"):
        raise Refused(403, "You may test an action as it is stored, but not with other options.")
    try:
        options = _filled(portal, stored, sent.options)
    except SettingsError as why:
        raise why.below("options") from why
    order = TestAction(kind.name, options, sent.list_id, sent.plate, sent.start, call.user, call.visitor.address, ordered_ns(call))
    outcome = portal.service.outcome(order, TEST_TIMEOUT_S)
    if outcome.ok:
        portal.store.counters.add(TESTED)
    return data({"ok": outcome.ok, **note_data(outcome.note, call.language)})


def _filled(portal: Portal, stored: ActionRule, body: Mapping[str, Any], lost: Collection[str] = ()) -> str:
    """The options that were sent as JSON text; passwords left empty keep the stored ones."""
    kind = kind_of(portal, stored.kind)
    return str(filled(kind.options, body, stored_options(stored), board_choices(portal.profile), lost).model_dump_json())


ROUTES = (
    api("GET", "api/lists/<id>/rules", "actions", _get_rules, "Actions of a list; passwords are left out.", reply=shapes.Rules),
    api("POST", "api/lists/<id>/rules", "actions", _add_rule, "Adds an action.", body=Partial(NewRule), reply=shapes.SavedRule),
    api(
        "PUT",
        "api/rules/<id>",
        "actions",
        _put_rule,
        "Changes an action; what is left out stays.",
        body=Partial(RuleForm),
        reply=shapes.SavedRule,
    ),
    api("DELETE", "api/rules/<id>", "actions", _delete_rule, "Deletes an action.", reply=shapes.Nothing),
    api(
        "POST",
        "api/rules/test",
        "open",
        _test,
        "Carries out an action now, stored or not. Other options than the stored ones need the permission `actions` too.",
        body=TestSent,
        reply=shapes.Outcome,
    ),
)
