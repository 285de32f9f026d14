"""Rules: the actions of a list as pages and API show them."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from board.kit.secrets import public
from board.kit.web.routes import Refused
from board.kit.words import Text
from engine.actions import ActionKind
from engine.dispatch.starts import STARTS
from engine.types import ON_MATCH, ActionRule, Conditions, Start
from webui.portal import Portal
from webui.view import shapes
from webui.view.stored_options import stored_options

EDGES = {True: "active", False: "inactive"}
"""What an input becomes, as the form of an action says it."""


def rule_data(portal: Portal, rule: ActionRule) -> shapes.Rule:
    """For the API; passwords are left out."""
    kind = portal.kinds.get(rule.kind)
    return {
        "id": rule.id,
        "list_id": rule.list_id,
        "name": rule.name,
        "kind": rule.kind,
        "enabled": rule.enabled,
        "week": [list(day) for day in rule.week.days],
        **start_data(rule.start),
        **conditions_data(rule.conditions),
        "max_age_s": rule.max_age_s,
        "options": public(kind.options, stored_options(rule)) if kind else {},
    }


def start_data(start: Start) -> shapes.Start:
    """As the form of an action has it."""
    return {
        "start": start.on,
        "start_input": start.input,
        "start_edge": EDGES[start.active],
        "start_times": " ".join(f"{each // 60:02}:{each % 60:02}" for each in start.times),
        "start_every_min": start.every_min,
        "start_opens": start.opens,
    }


def conditions_data(conditions: Conditions) -> shapes.Conditions:
    """As the form of an action has them."""
    return {
        "lane": conditions.lane,
        "direction": conditions.direction or "any",
        "min_confidence": conditions.min_confidence,
        "countries": " ".join(conditions.countries),
    }


def rule_row(portal: Portal, rule: ActionRule, result: Any, zone: ZoneInfo) -> dict[str, Any]:
    """A row of the Lists tab: with what it did last and what went wrong last."""
    return {
        "id": rule.id,
        "name": rule.name,
        "kind": rule.kind,
        "label": portal.kinds[rule.kind].label if rule.kind in portal.kinds else rule.kind,
        "enabled": rule.enabled,
        "start": "" if rule.start == ON_MATCH or rule.start.on not in STARTS else Text(STARTS[rule.start.on].label),
        "always": all(day == ((0, 1440),) for day in rule.week.days),
        "done_at": portal.local(result.done_at, zone) if result else "",
        "done_note": result.done_note if result else "",
        "error_at": portal.local(result.error_at, zone) if result else "",
        "error": result.error if result else "",
        "failing": bool(result and result.is_failing),
    }


def stored_rule(portal: Portal, rule_id: int) -> ActionRule:
    """Refused 404 when it is not there."""
    found = portal.store.rules.get(rule_id)
    if found is None:
        raise Refused(404, "There is no such action; perhaps it was deleted.")
    return found


def kind_of(portal: Portal, name: object) -> ActionKind[Any]:
    """Refused 404 when this package has no such kind."""
    found = portal.kinds.get(str(name))
    if found is None:
        raise Refused(404, "There is no action {name!r}; there are {kinds}.", name=str(name)[:40], kinds=", ".join(portal.kinds))
    return found
