"""Gate: opened by hand, with a reason that is kept; and the first steps of a new camera."""

from __future__ import annotations

from board.kit.settings import Settings, option
from board.kit.web.routes import Answer, Call, Refused, api, data
from engine.messages import SwitchOutput
from webui import order_age
from webui.api.outputs import switched
from webui.portal import Portal
from webui.view import shapes
from webui.view.gate import gate


class GateSent(Settings):
    reason: str = option(
        ..., "Reason", "Why the gate is opened by hand; kept in Audit with your name.", min_length=1, max_length=80
    )


def _now(portal: Portal, call: Call) -> Answer:
    return data({"now_ms": order_age.now_ms(portal.clock)})


def _open(portal: Portal, call: Call[object, GateSent]) -> Answer:
    found = gate(portal)
    if not found.output:
        raise Refused(404, "This board has no output that opens a gate.")
    who = call.user, call.visitor.address, "API", call.body.reason
    order = SwitchOutput(found.output, "pulse", found.pulse_ms, *who, order_age.ordered_ns(call))
    return switched(portal, call, order)


ROUTES = (
    api(
        "GET",
        "api/gate",
        "open",
        _now,
        "For orders that must not be carried out late: what needs the permission open and has this as its header X-Ordered-Ms is "
        "refused by 409 where more than 10 s lie between.",
        reply=shapes.OrderTime,
    ),
    api(
        "POST",
        "api/gate",
        "open",
        _open,
        "Opens the gate by hand, by the pulse of its action. 409: refused (an interlock, a vehicle in the safety loop).",
        body=GateSent,
        reply=shapes.Outcome,
    ),
)
