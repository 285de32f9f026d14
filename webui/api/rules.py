"""Rules: the actions of a list with their weekly schedule, and TEST (manual 4.4, List tab)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from board.kit.errors import ConfigError
from board.kit.fields import StrictBool, StrictInt
from board.kit.settings import Settings, SettingsError, field_validator, option, problems, unfit
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Partial, Refused, api, data
from engine.messages import RulesChanged, TestAction
from engine.types import ActionRule, Conditions, WeekSchedule
from engine.week import DAY_MINUTES, schedule
from webui.choices import board_choices
from webui.portal import Portal
from webui.view import shapes
from webui.view.notes import note_data
from webui.view.rules import conditions_data, kind_of, options_of, rule_data, stored_rule

TEST_TIMEOUT_S = 55.0
"""The host gives up on an answer after 60 s."""


class ConditionsForm(Settings):
    """Which passages of the list an action is meant for."""

    lane: StrictInt = option(0, "Lane", "Acts for plates in this lane only; 0: in any.", ge=0, le=2)
    direction: str = option(
        "any", "Direction", "Acts for cars that come near or go away only.", choices=("any", "approach", "away")
    )
    min_confidence: StrictInt = option(
        0, "Minimum confidence", "Acts for plates that were read with at least this certainty.", unit="%", ge=0, le=100
    )
    countries: str = option(
        "", "Countries", "Acts for plates of these countries only, such as DE PL (ISO 3166-1); empty: of any.", max_length=200
    )

    @field_validator("countries")
    @classmethod
    def _are_codes(cls, text: str) -> str:
        codes = text.replace(",", " ").upper().split()
        wrong = next((code for code in codes if len(code) != 2 or not code.isascii() or not code.isalpha()), None)
        if wrong is not None:
            raise ConfigError("{code!r} is no country code of two letters", code=wrong[:20])
        return " ".join(dict.fromkeys(codes))


class RuleForm(ConditionsForm):
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
        if not name or not name.isprintable():
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
    rule_id: StrictInt = option(0, "Action", "Whose stored password is used where none is sent.", ge=0, lt=2**63)
    list_id: StrictInt = option(0, "List", "In which the plate is taken to stand.", ge=0, lt=2**63)
    options: dict[str, Any] = option({}, "Options", "Those of the kind (docs/settings.md).")


def _get_rules(portal: Portal, call: Call) -> Answer:
    return data(shapes.Rules(rules=[rule_data(portal, rule) for rule in portal.store.rules(call.id("id"))]))


def _add_rule(portal: Portal, call: Call) -> Answer:
    kind = kind_of(portal, call.body.get("kind", ""))
    sent = {name: value for name, value in call.body.items() if name != "kind"}
    return _save(portal, call, sent, ActionRule(0, call.id("id"), kind.label, kind.name, True, WeekSchedule(), "{}"))


def _put_rule(portal: Portal, call: Call) -> Answer:
    return _save(portal, call, call.body, stored_rule(portal, call.id("id")))


def _save(portal: Portal, call: Call, sent: Mapping[str, Any], stored: ActionRule) -> Answer:
    """Saves what was sent over what was stored; every problem of name, schedule and options is listed."""
    values = {
        "name": stored.name,
        "enabled": stored.enabled,
        "week": stored.week.days,
        **conditions_data(stored.conditions),
        **sent,
    }
    found, options = list(problems(RuleForm, values)), stored.options
    try:
        options = _filled(portal, stored, sent.get("options", {}))
    except SettingsError as why:
        found += why.problems
    if found:
        raise SettingsError(*found)
    form = RuleForm.model_validate(values)
    direction = "" if form.direction == "any" else form.direction
    conditions = Conditions(form.lane, direction, form.min_confidence, tuple(form.countries.split()))
    changed = replace(
        stored, name=form.name, enabled=form.enabled, week=schedule(form.week), options=options, conditions=conditions
    )
    saved = portal.store.rules.save(changed, call.user)
    outcome = portal.service.outcome(RulesChanged())
    return data({**rule_data(portal, saved), "in_force": outcome.ok, **note_data(outcome.note, call.language)})


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
    options = _filled(portal, stored, sent.options)
    outcome = portal.service.outcome(TestAction(kind.name, options, sent.list_id, sent.plate), TEST_TIMEOUT_S)
    return data({"ok": outcome.ok, **note_data(outcome.note, call.language)})


def _filled(portal: Portal, stored: ActionRule, body: object) -> str:
    """The options that were sent as JSON text; passwords left empty keep the stored ones."""
    if not isinstance(body, dict):
        raise unfit("options", "Options", "must be an object")
    kind = kind_of(portal, stored.kind)
    return str(filled(kind.options, body, options_of(stored), board_choices(portal.profile)).model_dump_json())


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
