"""Actions of a list: the form of an action with its weekly schedule, made from the kind's options (manual 4.4, List tab)."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from board.kit.web.forms import Field, fields
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Refused, page
from board.kit.words import Text
from engine.actions import ActionKind
from engine.dispatch.starts import STARTS, opens
from engine.types import ActionRule, WeekSchedule
from webui.api.rules import AgeForm, ConditionsForm, StartForm
from webui.choices import board_choices
from webui.portal import Portal
from webui.view.rules import conditions_data, kind_of, start_data, stored_rule
from webui.view.stored_options import stored_options


def _new(portal: Portal, call: Call) -> Answer:
    kind = kind_of(portal, call.query.get("kind", ""))
    kind.check_usable()
    return _page(portal, call, ActionRule(0, call.id("id"), kind.label, kind.name, True, WeekSchedule(), "{}"))


def _edit(portal: Portal, call: Call) -> Answer:
    return _page(portal, call, stored_rule(portal, call.id("id")))


def _page(portal: Portal, call: Call, rule: ActionRule) -> Answer:
    kind = kind_of(portal, rule.kind)
    owner = next((each for each in portal.store.lists() if each.id == rule.list_id), None)
    if owner is None:
        raise Refused(404, "There is no such list; perhaps it was deleted.")
    entries = portal.store.entries(owner.id, "", 1)
    result = portal.store.rules.results().get(rule.id)
    return portal.pages.answer(
        portal,
        call,
        "action",
        Text("{kind} action", {"kind": Text(kind.label)}),
        tab="lists",
        rule=rule,
        kind=kind,
        owner=owner,
        form=fields(kind.options, stored_options(rule), board_choices(portal.profile)),
        starts=_start_fields(portal, kind, rule),
        conditions=fields(ConditionsForm, dict(conditions_data(rule.conditions)), {}),
        age=() if opens(kind) else fields(AgeForm, {"max_age_s": rule.max_age_s}, {}),
        week=json.dumps(rule.week.days),
        sample=entries[0].plate if entries else "TEST123",
        result=result,
    )


def _start_fields(portal: Portal, kind: ActionKind[Any], rule: ActionRule) -> list[Field]:
    """Only the starts that the kind can be used with, in words, and what they need."""
    fitting = tuple((name, each.label) for name, each in STARTS.items() if each.has_plate or not kind.needs_plate)
    choices = {**board_choices(portal.profile), "start": fitting}
    found = {field.name: field for field in fields(StartForm, dict(start_data(rule.start)), choices)}
    if not opens(kind):
        del found["start_opens"]
    elif portal.store.lists.get(rule.list_id).barrier == "refuse":  # also where it starts on a plate of the list
        found["start_opens"] = replace(found["start_opens"], when="")
    return list(found.values())


TAB = Tab(
    "actions",
    "Actions",
    0,
    "actions",
    (page("lists/<id>/actions/new", "actions", _new), page("actions/<id>", "actions", _edit)),
)
