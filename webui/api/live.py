"""Live: the newest picture and the camera's state (manual 4.2)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, Query, Refused, api, data, number, text
from engine.types import Roi
from webui.focus import WHOLE
from webui.portal import Portal
from webui.view import shapes, status


class FrameQuery(Query):
    width: int = number(960, 1, 4096, "About so many pixels wide.")
    seq: int = number(-1, -1, 2**62, "204 when this is still its number.")
    focus: str = text(1, "1: with its X-Sharpness.")


def _frame(portal: Portal, call: Call[FrameQuery]) -> Answer:
    focus = _focus_region(portal) if call.query.focus == "1" else None
    picture = portal.picture.newest(call.query.width, focus)
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
    if picture.seq == call.query.seq:
        return Answer(b"", "image/jpeg", 204, headers)
    return Answer(picture.data, "image/jpeg", 200, headers)


def _focus_region(portal: Portal) -> Roi:
    roi = portal.lpr().roi
    return Roi(*roi) if roi else WHOLE


def _status(portal: Portal, call: Call) -> Answer:
    return data(status.shown(portal, portal.service.status()))


ROUTES = (
    api(
        "GET",
        "api/status",
        "view",
        _status,
        "Mode, errors, counters, lines, last Wiegand frame, newest reads.",
        reply=shapes.Status,
    ),
    api(
        "GET",
        "api/frame",
        "view",
        _frame,
        "Newest picture as JPEG.",
        query=FrameQuery,
        reply="image/jpeg",
    ),
)
