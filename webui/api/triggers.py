"""Triggers: by HTTP, and by hand on the inputs of a simulated board."""

from __future__ import annotations

from board.kit.errors import TriggerRefused
from board.kit.fields import StrictBool
from board.kit.settings import Settings, option
from board.kit.web.app import error_document
from board.kit.web.routes import Answer, Call, Refused, api, data, said
from engine.messages import FireTrigger, TriggerAnswer
from engine.store import StoredPassage
from engine.types import Passage
from webui.portal import Portal
from webui.view import shapes
from webui.view.passages import shown

MAX_WAIT_S = 30.0


class TriggerSent(Settings):
    wait_s: float = option(0.0, "Wait", "The answer waits so long for the passage.", unit="s", ge=0, le=MAX_WAIT_S, strict=True)


class InputSent(Settings):
    active: StrictBool = option(..., "Active", "Whether the input is active from now on.")


def _trigger(portal: Portal, call: Call[object, TriggerSent]) -> Answer:
    wait_s = call.body.wait_s
    answer = portal.service.ask(FireTrigger(f"http {call.user}", wait_s), TriggerAnswer, wait_s + 5)
    if not answer.accepted:
        refused = TriggerRefused("Trigger refused: {why}", why=answer.why)
        why = answer.why.said(call.language.translate)
        return data({"accepted": False, "why": why, **error_document(refused, call.language)}, 409)
    passage = _drawn(portal, answer.passage) if answer.passage else None
    return data(said(shapes.Triggered(accepted=True, why="", trigger_id=answer.trigger_id, passage=passage), call.language))


def _drawn(portal: Portal, passage: Passage) -> shapes.Passage:
    stored = portal.store.passages.get(passage.id) or StoredPassage(0, passage, ())
    return shown(portal, stored, portal.zone())


def _set_input(portal: Portal, call: Call[object, InputSent]) -> Answer:
    from board.gpio.sim import set_input

    line = next((each for each in portal.profile.inputs if each.name == call.path["name"]), None)
    if line is None or not portal.profile.simulated:
        raise Refused(404, "Only inputs of a simulated board can be set here.")
    set_input(portal.state, line.name, int(call.body.active == line.active_high))
    return data(shapes.Input(name=line.name, active=call.body.active))


ROUTES = (
    api(
        "POST",
        "api/trigger",
        "open",
        _trigger,
        "Fires a trigger. 409: refused, `why` says why.",
        body=TriggerSent,
        reply=shapes.Triggered,
    ),
    api(
        "POST",
        "api/board/inputs/<name>",
        "open",
        _set_input,
        "Drives an input of a simulated board.",
        body=InputSent,
        reply=shapes.Input,
    ),
)
