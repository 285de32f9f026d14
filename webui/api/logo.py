"""Logo: the picture in the head of every page (manual 4.6, General configuration tab)."""

from __future__ import annotations

from board.kit.web.bodies import length_of
from board.kit.web.routes import STREAM, Answer, Call, Refused, api, data
from webui import logo
from webui.portal import Portal
from webui.view import shapes


def _put(portal: Portal, call: Call) -> Answer:
    if call.content_type.startswith("application/json"):
        raise Refused(422, "Send the file itself as the body, as application/octet-stream.")
    length = length_of(call.environ, logo.MOST_BYTES)
    try:
        upload = call.stream.read(length)
    except OSError as why:
        raise Refused(400, "The request broke off.") from why
    if len(upload) < length:
        raise Refused(400, "The request broke off.")
    logo.change(portal.state, upload)
    return _changed(portal, call, "changed")


def _delete(portal: Portal, call: Call) -> Answer:
    logo.remove(portal.state)
    return _changed(portal, call, "removed")


def _revert(portal: Portal, call: Call) -> Answer:
    logo.revert(portal.state)
    return _changed(portal, call, "reverted")


def _changed(portal: Portal, call: Call, what: str) -> Answer:
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
