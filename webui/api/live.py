"""Live: the newest picture and the camera's state (manual 4.2)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, Refused, api, data
from engine.types import Roi
from webui.focus import WHOLE
from webui.portal import Portal
from webui.view import status


def _frame(portal: Portal, call: Call) -> Answer:
    focus = _focus_region(portal) if call.query.get("focus") == "1" else None
    picture = portal.picture.newest(call.number("width", 960, 1, 4096), focus)
    if picture is None:
        raise Refused(503, "No picture yet: the engine has not delivered one. Is its camera there? Logs > Engine says more.")
    age_s = max(0.0, (portal.clock.monotonic_ns() - picture.monotonic_ns) / 1e9)
    headers: tuple[tuple[str, str], ...] = (
        ("X-Frame-Seq", str(picture.seq)),
        ("X-Frame-Size", f"{picture.size[0]}x{picture.size[1]}"),
        ("X-Frame-Age-S", f"{age_s:.1f}"),
    )
    if picture.sharpness is not None:
        headers += (("X-Sharpness", f"{picture.sharpness:.1f}"),)
    if picture.seq == call.number("seq", -1, -1, 2**62):
        return Answer(b"", "image/jpeg", 204, headers)
    return Answer(picture.data, "image/jpeg", 200, headers)


def _focus_region(portal: Portal) -> Roi:
    roi = portal.lpr().roi
    return Roi(*roi) if roi else WHOLE


def _status(portal: Portal, call: Call) -> Answer:
    return data(status.shown(portal, portal.service.status()))


ROUTES = (
    api("GET", "api/status", "view", _status, "Mode, errors, counters, lines, last Wiegand frame, newest picture's reads."),
    api(
        "GET",
        "api/frame",
        "view",
        _frame,
        "Newest picture as JPEG, `width` px wide; 204 when its number is still `seq`; with `focus=1` its X-Sharpness.",
    ),
)
