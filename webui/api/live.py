"""Live: the camera's state and its newest picture, asked for or pushed (manual 4.2, Live tab)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, Query, Refused, api, data, number, said, text
from board.kit.web.streams import stream
from webui.focus import focus_region
from webui.live.pictures import CONTENT_TYPE
from webui.portal import Portal
from webui.view import shapes, status
from webui.view.live import missed


class PicturesQuery(Query):
    width: int = number(960, 1, 4096, "About so many pixels wide.")
    focus: str = text(1, "1: with its X-Sharpness.")


class FrameQuery(PicturesQuery):
    seq: int = number(-1, -1, 2**62, "204 when this is still its number.")
    max_age_s: int = number(0, 0, 86_400, "503 when it is older; 0: however old it is.")


class EventsQuery(Query):
    after: int = number(-1, -1, 2**62, "First the passages over this row, the newest 100 at most; -1: none.")


def _frame(portal: Portal, call: Call[FrameQuery]) -> Answer:
    focus = focus_region(portal.lpr()) if call.query.focus == "1" else None
    picture = portal.picture.newest(call.query.width, focus)
    age_s = 0.0 if picture is None else picture.age_s(portal.clock.monotonic_ns())
    if picture is None or (call.query.max_age_s and age_s > call.query.max_age_s):
        raise _no_picture()
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


def _no_picture() -> Refused:
    return Refused(503, "No picture yet: the engine has not delivered one. Is its camera there? Logs > Engine says more.")


def _pictures(portal: Portal, call: Call[PicturesQuery]) -> Answer:
    width, focus = call.query.width, call.query.focus == "1"
    if portal.picture.newest(width) is None:
        raise _no_picture()
    return stream(call.environ, portal.pictures.join(width, focus), CONTENT_TYPE)


def _status(portal: Portal, call: Call) -> Answer:
    return data(said(status.shown(portal, *portal.feed.status()), call.language))


def _events(portal: Portal, call: Call[EventsQuery]) -> Answer:
    last = call.header("Last-Event-ID")
    after = int(last) if last.isdecimal() and len(last) < 19 else call.query.after
    events = portal.feed.join(call.language, call.may("audit"))
    answer = stream(call.environ, events, "text/event-stream; charset=utf-8")
    events.begin(missed(portal, after, call.language))
    return answer


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
    api(
        "GET",
        "api/pictures",
        "view",
        _pictures,
        "The live picture as multipart/x-mixed-replace, as `api/frame` gives it: part after part, as fast as they are taken.",
        query=PicturesQuery,
        reply="multipart/x-mixed-replace",
    ),
    api(
        "GET",
        "api/events",
        "view",
        _events,
        "Server-sent events: `status`, `reads`, `passage`, `delivery`. With Last-Event-ID or `after`: first the passages since, "
        "the newest 100 at most; `api/passages` gives all of them. With `audit` of all actions, else of outputs alone.",
        query=EventsQuery,
        reply="text/event-stream",
    ),
)
