"""Integration: who uses the camera's servers, what recorders need to know, and a test that goes to all of them."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, Refused, api, data, said
from engine.messages import Outcome, SendTest, TestAction
from webui.api.rules import TEST_TIMEOUT_S
from webui.portal import Portal
from webui.view import shapes
from webui.view.integration import is_message, shown
from webui.view.notes import note_data
from webui.view.rules import stored_rule

WITHIN_S = 5.0
PLATE = "TEST"


def _show(portal: Portal, call: Call) -> Answer:
    return data(said(shown(portal, call), call.language))


def _test(portal: Portal, call: Call) -> Answer:
    outcome = portal.service.ask(SendTest(), Outcome, WITHIN_S)
    return data({"ok": outcome.ok, **note_data(outcome.note, call.language)})


def _test_action(portal: Portal, call: Call) -> Answer:
    rule = stored_rule(portal, call.id("id"))
    if not is_message(portal, rule):
        raise Refused(409, "{name} may open something: press its own TEST in the list.", name=rule.name)
    order = TestAction(rule.kind, rule.options, rule.list_id, PLATE)
    outcome = portal.service.outcome(order, TEST_TIMEOUT_S)
    return data({"ok": outcome.ok, **note_data(outcome.note, call.language)})


ROUTES = (
    api(
        "GET",
        "api/integration",
        "configure",
        _show,
        "Servers with their clients, addresses for common recorders, ports for a firewall.",
        reply=shapes.Integration,
    ),
    api(
        "POST",
        "api/integration/test",
        "open",
        _test,
        "Tells all connected recorders a passage that is a test (plate TEST). Nothing is stored, nothing opens.",
        reply=shapes.Outcome,
    ),
    api(
        "POST",
        "api/integration/test/<id>",
        "open",
        _test_action,
        "Carries out a stored action with the plate TEST, if it only tells somebody something. 409: it may open something.",
        reply=shapes.Outcome,
    ),
)
