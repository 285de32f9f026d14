"""Actions of a list: the form of an action with its weekly schedule, made from the kind's options, and its TEST (manual 4.4)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from board.kit.errors import ConfigError
from board.kit.settings import Problem
from engine.actions import ActionKind
from engine.dispatch.rules import rule_check
from engine.messages import Outcome, RulesChanged, TestAction
from engine.types import ActionRule, WeekSchedule
from webui.forms import board_choices, fields, filled, public
from webui.portal import Answer, Call, Portal, Refused, Route, Tab, data

TEST_TIMEOUT_S = 55.0
"""The host gives up on an answer after 60 s."""

DAY_MINUTES = 1440
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


# --- pages ------------------------------------------------------------------------------------------------------------


def _new(portal: Portal, call: Call) -> Answer:
    kind = _kind(portal, call.query.get("kind", ""))
    kind.check_usable()
    return _page(portal, call, ActionRule(0, call.id("id"), kind.label, kind.name, True, WeekSchedule(), "{}"))


def _edit(portal: Portal, call: Call) -> Answer:
    return _page(portal, call, _stored(portal, call.id("id")))


def _page(portal: Portal, call: Call, rule: ActionRule) -> Answer:
    kind = _kind(portal, rule.kind)
    owner = next((each for each in portal.store.lists() if each.id == rule.list_id), None)
    if owner is None:
        raise Refused(404, "There is no such list; perhaps it was deleted.")
    entries = portal.store.entries(owner.id, "", 1)
    result = portal.store.rules.results().get(rule.id)
    return portal.pages.answer(
        portal,
        call,
        "action",
        f"{kind.label} action",
        tab="lists",
        rule=rule,
        kind=kind,
        owner=owner,
        form=fields(kind.options, _options(rule), board_choices(portal.profile)),
        week=json.dumps(rule.week.days),
        days=DAYS,
        zone=portal.general().time_zone,
        sample=entries[0].plate if entries else "TEST123",
        result=result,
        local=portal.local,
    )


# --- API --------------------------------------------------------------------------------------------------------------


def _get_rules(portal: Portal, call: Call) -> Answer:
    return data({"rules": [_rule_data(portal, rule) for rule in portal.store.rules(call.id("id"))]})


def _rule_data(portal: Portal, rule: ActionRule) -> dict[str, Any]:
    kind = portal.kinds.get(rule.kind)
    return {
        "id": rule.id,
        "list_id": rule.list_id,
        "name": rule.name,
        "kind": rule.kind,
        "enabled": rule.enabled,
        "week": rule.week.days,
        "options": public(kind.options, _options(rule)) if kind else {},
    }


def _add_rule(portal: Portal, call: Call) -> Answer:
    kind = _kind(portal, call.body.get("kind", ""))
    return _save(portal, call, ActionRule(0, call.id("id"), kind.label, kind.name, True, WeekSchedule(), "{}"))


def _put_rule(portal: Portal, call: Call) -> Answer:
    return _save(portal, call, _stored(portal, call.id("id")))


def _save(portal: Portal, call: Call, stored: ActionRule) -> Answer:
    """Saves what was sent over what was stored; every problem of name, schedule and options is listed."""
    found: list[Problem] = []
    body = call.body
    name, enabled, week = body.get("name", stored.name), body.get("enabled", stored.enabled), stored.week
    if not isinstance(name, str) or not 1 <= len(name.strip()) <= 60 or not name.isprintable():
        found.append(Problem("name", "Action name", "1 to 60 printable characters"))
    if not isinstance(enabled, bool):
        found.append(Problem("enabled", "Enabled", "true or false"))
    if "week" in body:
        try:
            week = _week(body["week"])
        except ConfigError as why:
            found.append(Problem("week", "Schedule", str(why)))
    options = stored.options
    try:
        options = _filled(portal, stored, body.get("options", {}))
    except Refused as why:
        found += why.problems or (Problem("", "Options", str(why)),)
    if found:
        raise Refused(422, "; ".join(map(str, found)), tuple(found))
    try:
        saved = portal.store.rules.save(
            replace(stored, name=name, enabled=enabled, week=week, options=options), rule_check(portal.kinds), call.user
        )
    except ConfigError as why:
        raise Refused(422, str(why)) from why
    outcome = portal.service.outcome(RulesChanged())
    return data({**_rule_data(portal, saved), "in_force": outcome.ok, "note": outcome.note})


def _delete_rule(portal: Portal, call: Call) -> Answer:
    portal.store.rules.delete(_stored(portal, call.id("id")).id, call.user)
    portal.service.outcome(RulesChanged())
    return data({})


def _test(portal: Portal, call: Call) -> Answer:
    """Carries out the action as it stands in the form, saved or not."""
    kind = _kind(portal, call.body.get("kind", ""))
    rule_id, list_id, plate = call.body.get("rule_id", 0), call.body.get("list_id", 0), call.body.get("plate", "")
    if not isinstance(plate, str) or not 1 <= len(plate.strip()) <= 20:
        raise Refused(422, "Plate: 1 to 20 characters", (Problem("plate", "Plate", "1 to 20 characters"),))
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
        raise Refused(422, "options: an object")
    kind = _kind(portal, stored.kind)
    return str(filled(kind.options, body, _options(stored), board_choices(portal.profile)).model_dump_json())


def _options(rule: ActionRule) -> dict[str, Any]:
    values = json.loads(rule.options or "{}")
    return values if isinstance(values, dict) else {}


def _stored(portal: Portal, rule_id: int) -> ActionRule:
    found = portal.store.rules.get(rule_id)
    if found is None:
        raise Refused(404, "There is no such action; perhaps it was deleted.")
    return found


def _kind(portal: Portal, name: object) -> ActionKind[Any]:
    found = portal.kinds.get(str(name))
    if found is None:
        raise Refused(404, "There is no action {name!r}; there are {kinds}.", name=str(name)[:40], kinds=", ".join(portal.kinds))
    return found


def _week(days: object) -> WeekSchedule:
    """Spans of minutes per day, sorted; those that touch or overlap become one. ConfigError for anything else."""
    if not isinstance(days, list) or len(days) != 7 or not all(isinstance(day, list) for day in days):
        raise ConfigError("seven days from Monday to Sunday")
    return WeekSchedule(tuple(_day(DAYS[number], day) for number, day in enumerate(days)))


def _day(title: str, spans: list[Any]) -> tuple[tuple[int, int], ...]:
    merged: list[tuple[int, int]] = []
    for span in spans:
        if not isinstance(span, list) or len(span) != 2 or any(isinstance(n, bool) or not isinstance(n, int) for n in span):
            raise ConfigError("{title}: write spans as 08:00-17:30", title=title)
        if not 0 <= span[0] < span[1] <= DAY_MINUTES:
            raise ConfigError("{title}: each span runs from 00:00 to 24:00 at most and ends after it starts", title=title)
    for start, end in sorted((span[0], span[1]) for span in spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((start, end))
    return tuple(merged)


TAB = Tab(
    "actions",
    "Actions",
    0,
    "operator",
    (
        Route("GET", "lists/<id>/actions/new", "operator", _new),
        Route("GET", "actions/<id>", "operator", _edit),
        Route("GET", "api/lists/<id>/rules", "operator", _get_rules, "Actions of a list; passwords are left out."),
        Route(
            "POST",
            "api/lists/<id>/rules",
            "operator",
            _add_rule,
            "Adds an action: kind, name, enabled, week (seven lists of [from, until] minutes), options.",
        ),
        Route("PUT", "api/rules/<id>", "operator", _put_rule, "Changes an action; what is left out stays."),
        Route("DELETE", "api/rules/<id>", "operator", _delete_rule, "Deletes an action."),
        Route(
            "POST",
            "api/rules/test",
            "operator",
            _test,
            "Carries out an action now: kind, options, list_id, plate, rule_id (for its stored password).",
        ),
    ),
)
