"""Outputs: switched by hand."""

from __future__ import annotations

from typing import Any

from board.kit.dependent import SENSELESS
from board.kit.settings import Settings, SettingsError, option
from board.kit.web.routes import Answer, Call, Refused, api, data
from board.kit.words import Text
from engine.actions.io import BY_HAND, LONGEST_MS, ON
from engine.messages import Outcome, SwitchOutput
from webui.order_age import ordered_ns
from webui.portal import Portal
from webui.view import shapes
from webui.view.notes import note_data

PULSE = BY_HAND[0]
USUAL_MS = 500
WITHIN_S = 5.0
"""Longer than pins may take to answer the service."""


class OutputSent(Settings):
    do: str = option(
        PULSE,
        "Do",
        "pulse: on for the duration, then off. on: held until off, until the longest time of this output is over, or until the "
        "service ends.",
        choices=BY_HAND,
    )
    duration_ms: int | None = option(
        None, "Duration", "How long a pulse lasts: 500 ms where it is left out.", unit="ms", ge=10, le=LONGEST_MS
    )
    reason: str = option("", "Reason", "Kept in Audit with your name.", max_length=80)


def _switch(portal: Portal, call: Call[object, OutputSent]) -> Answer:
    name, body = call.path["name"], call.body
    if name not in [line.name for line in portal.profile.outputs]:
        raise Refused(404, "there is no output {name}", name=name[:40])
    if body.do == ON and body.duration_ms is not None:  # who says how long it is to last must not find the gate open for good
        only = Text("{option}: {values}", {"option": OutputSent.title_of("do"), "values": [PULSE]})
        raise SettingsError(OutputSent.conflict("duration_ms", SENSELESS, conditions=[only]))
    who = call.user, call.visitor.address, "API", body.reason
    order = SwitchOutput(name, body.do, body.duration_ms or USUAL_MS, *who, ordered_ns(call))
    return switched(portal, call, order)


def switched(portal: Portal, call: Call[object, Any], order: SwitchOutput) -> Answer:
    """The service switches; 409 when it refuses, with the reason."""
    outcome = portal.service.ask(order, Outcome, WITHIN_S)
    if not outcome.ok:
        raise Refused(409, outcome.note)
    return data({"ok": True, **note_data(outcome.note, call.language)})


ROUTES = (
    api(
        "POST",
        "api/board/outputs/<name>",
        "open",
        _switch,
        "Switches an output: opens the gate by hand. 409: refused (an interlock, a vehicle in the safety loop).",
        body=OutputSent,
        reply=shapes.Outcome,
    ),
)
