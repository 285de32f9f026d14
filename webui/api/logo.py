"""Logo: the picture in the head of every page (manual 4.6, General configuration tab)."""

from __future__ import annotations

from board.kit.web.bodies import file_of
from board.kit.web.routes import STREAM, Answer, Call, api, data
from webui import logo
from webui.noted import noted
from webui.portal import Portal
from webui.view import shapes


def _put(portal: Portal, call: Call) -> Answer:
    sent = file_of(call.environ, logo.MOST_BYTES)
    with portal.changing:
        logo.change(portal.state, sent)
    return _changed(portal, call, "changed")


def _delete(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        logo.remove(portal.state)
    return _changed(portal, call, "removed")


def _revert(portal: Portal, call: Call) -> Answer:
    with portal.changing:
        logo.revert(portal.state)
    return _changed(portal, call, "reverted")


def _changed(portal: Portal, call: Call, what: str) -> Answer:
    with noted(call.user, f"that the logo was {what}"):
        portal.store.changes.add(call.user, "logo", 0, None, {"logo": what})
    return data(shapes.Begun(ok=True))


ROUTES = (
    api(
        "PUT",
        "api/logo",
        "configure",
        _put,
        "Shows a picture of your own (PNG or JPEG, the body) in the head of every page.",
        reply=shapes.Begun,
        takes=STREAM,
        max_body_bytes=logo.MOST_BYTES,
    ),
    api("DELETE", "api/logo", "configure", _delete, "Shows the usual logo again.", reply=shapes.Begun),
    api("POST", "api/logo/revert", "configure", _revert, "Shows the logo of before again.", reply=shapes.Begun),
)
