"""Triggers: by HTTP, and by hand on the inputs of a simulated board."""

from __future__ import annotations

import dataclasses

from board.kit.web.routes import Answer, Call, Refused, api, data
from engine.messages import FireTrigger, TriggerAnswer
from webui.portal import Portal

MAX_WAIT_S = 30.0


def _trigger(portal: Portal, call: Call) -> Answer:
    wait_s = call.body.get("wait_s", 0)
    if isinstance(wait_s, bool) or not isinstance(wait_s, (int, float)) or not 0 <= wait_s <= MAX_WAIT_S:
        raise Refused(422, "wait_s: a number from 0 to {max_wait_s:.0f}", max_wait_s=MAX_WAIT_S)
    answer = portal.service.ask(FireTrigger(f"http {call.user}", float(wait_s)), TriggerAnswer, wait_s + 5)
    if not answer.accepted:
        return data({"accepted": False, "why": answer.why, "error": f"Trigger refused: {answer.why}"}, 409)
    passage = dataclasses.asdict(answer.passage) if answer.passage else None
    if answer.passage and passage:
        passage["at"] = answer.passage.at.isoformat()
    return data({"accepted": True, "why": "", "trigger_id": answer.trigger_id, "passage": passage})


def _set_input(portal: Portal, call: Call) -> Answer:
    from board.gpio.sim import set_input

    active = call.body.get("active")
    if not isinstance(active, bool):
        raise Refused(422, "active: true or false")
    line = next((each for each in portal.profile.inputs if each.name == call.path["name"]), None)
    if line is None or not portal.profile.simulated:
        raise Refused(404, "Only inputs of a simulated board can be set here.")
    set_input(portal.state, line.name, int(active == line.active_high))
    return data({"name": line.name, "active": active})


ROUTES = (
    api(
        "POST",
        "api/trigger",
        "open",
        _trigger,
        "Fires a trigger; `wait_s` (0 to 30): the answer waits for the passage. 409: refused, `why` says why.",
    ),
    api("POST", "api/board/inputs/<name>", "open", _set_input, 'Drives an input of a simulated board, {"active": true}.'),
)
