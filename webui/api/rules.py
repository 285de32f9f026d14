"""Rules: the actions of a list with their weekly schedule, and TEST (manual 4.4)."""

from __future__ import annotations

from dataclasses import replace

from board.kit.errors import ConfigError
from board.kit.settings import Problem, SettingsError, unfit
from board.kit.web.forms import filled
from board.kit.web.routes import Answer, Call, Refused, api, data
from board.kit.words import Text
from engine.messages import Outcome, RulesChanged, TestAction
from engine.types import ActionRule, WeekSchedule
from engine.week import DAYS, schedule
from webui.choices import board_choices
from webui.portal import Portal
from webui.view.rules import kind_of, options_of, rule_data, stored_rule

TEST_TIMEOUT_S = 55.0
"""The host gives up on an answer after 60 s."""


def _get_rules(portal: Portal, call: Call) -> Answer:
    return data({"rules": [rule_data(portal, rule) for rule in portal.store.rules(call.id("id"))]})


def _add_rule(portal: Portal, call: Call) -> Answer:
    kind = kind_of(portal, call.body.get("kind", ""))
    return _save(portal, call, ActionRule(0, call.id("id"), kind.label, kind.name, True, WeekSchedule(), "{}"))


def _put_rule(portal: Portal, call: Call) -> Answer:
    return _save(portal, call, stored_rule(portal, call.id("id")))


def _save(portal: Portal, call: Call, stored: ActionRule) -> Answer:
    """Saves what was sent over what was stored; every problem of name, schedule and options is listed."""
    found: list[Problem] = []
    body = call.body
    name, enabled, week = body.get("name", stored.name), body.get("enabled", stored.enabled), stored.week
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 60 or not name.isprintable():
        found.append(Problem("name", "Action name", Text("must be 1 to 60 printable characters")))
    if not isinstance(enabled, bool):
        found.append(Problem("enabled", "Enabled", Text("must be true or false")))
    if "week" in body:
        try:
            week = _week(body["week"])
        except ConfigError as why:
            found.append(Problem("week", "Schedule", why.text))
    options = stored.options
    try:
        options = _filled(portal, stored, body.get("options", {}))
    except SettingsError as why:
        found += why.problems
    if found:
        raise SettingsError(*found)
    changed = replace(stored, name=name, enabled=enabled, week=week, options=options)
    saved = portal.store.rules.save(changed, call.user)
    outcome = portal.service.outcome(RulesChanged())
    return data({**rule_data(portal, saved), "in_force": outcome.ok, "note": outcome.note})


def _delete_rule(portal: Portal, call: Call) -> Answer:
    portal.store.rules.delete(stored_rule(portal, call.id("id")).id, call.user)
    portal.service.outcome(RulesChanged())
    return data({})


def _test(portal: Portal, call: Call) -> Answer:
    """Carries out the action as it stands in the form, saved or not."""
    kind = kind_of(portal, call.body.get("kind", ""))
    rule_id, list_id, plate = call.body.get("rule_id", 0), call.body.get("list_id", 0), call.body.get("plate", "")
    if not isinstance(plate, str) or not 1 <= len(plate.strip()) <= 20:
        raise unfit("plate", "Plate", "must be 1 to 20 characters")
    if not all(isinstance(number, int) and 0 <= number < 2**63 for number in (list_id, rule_id)):
        raise Refused(422, "list_id and rule_id are numbers")
    stored = portal.store.rules.get(rule_id) if rule_id else None
    if stored is None or stored.kind != kind.name:
        stored = ActionRule(0, list_id, kind.label, kind.name, True, WeekSchedule(), "{}")
    options = _filled(portal, stored, call.body.get("options", {}))
    outcome: Outcome = portal.service.outcome(TestAction(kind.name, options, list_id, plate.strip()), TEST_TIMEOUT_S)
    return data({"ok": outcome.ok, "note": outcome.note})


def _filled(portal: Portal, stored: ActionRule, body: object) -> str:
    """The options that were sent as JSON text; passwords left empty keep the stored ones."""
    if not isinstance(body, dict):
        raise unfit("options", "Options", "must be an object")
    kind = kind_of(portal, stored.kind)
    return str(filled(kind.options, body, options_of(stored), board_choices(portal.profile)).model_dump_json())


def _week(days: object) -> WeekSchedule:
    """What was sent as seven lists of [from, until]."""
    if not isinstance(days, list) or not all(isinstance(day, list) for day in days):
        raise ConfigError("must have seven days, from Monday to Sunday")
    return schedule([[_span(DAYS[min(number, 6)], span) for span in day] for number, day in enumerate(days)])


def _span(day: str, span: object) -> tuple[int, int]:
    if not isinstance(span, list) or len(span) != 2 or any(isinstance(n, bool) or not isinstance(n, int) for n in span):
        raise ConfigError("{day}: write spans as 08:00-17:30", day=Text(day))
    return span[0], span[1]


ROUTES = (
    api("GET", "api/lists/<id>/rules", "actions", _get_rules, "Actions of a list; passwords are left out."),
    api(
        "POST",
        "api/lists/<id>/rules",
        "actions",
        _add_rule,
        "Adds an action: kind, name, enabled, week (seven lists of [from, until] minutes; a night ends before it starts), options.",
    ),
    api("PUT", "api/rules/<id>", "actions", _put_rule, "Changes an action; what is left out stays."),
    api("DELETE", "api/rules/<id>", "actions", _delete_rule, "Deletes an action."),
    api(
        "POST",
        "api/rules/test",
        "actions",
        _test,
        "Carries out an action now: kind, options, list_id, plate, rule_id (for its stored password).",
    ),
)
