"""Sessions: which browsers are logged in now; one or all others are logged out, with the API behind the page."""

from __future__ import annotations

from datetime import timedelta

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, api, data, page
from board.kit.words import Text
from firmware.host import Host
from firmware.menu import SECURITY
from firmware.people import shapes
from firmware.people.browsers import browser_of
from firmware.people.sessions import IDLE_S, LONGEST_S, Shown

NAME = "setup/security/sessions.html"


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, status: int = 200, error: object = "") -> Answer:
    return host.page(
        call,
        "sessions",
        Text("Sessions"),
        status=status,
        here=f"/{NAME}",
        error=error,
        sessions=_told(host, call),
        idle_h=round(IDLE_S / 3600),
        longest_h=round(LONGEST_S / 3600),
    )


def _end(host: Host, call: Call) -> Answer:
    try:
        host.auth.administration.end_session(call.visitor, call.body.get("session", ""))
    except ConfigError as why:
        return _page(host, call, 400, Text("not ended: {reason}", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


def _end_others(host: Host, call: Call) -> Answer:
    host.auth.administration.end_sessions(call.visitor)
    raise Elsewhere(f"/{NAME}")


def _told(host: Host, call: Call) -> list[shapes.Session]:
    own, now = host.auth.sessions.id_of(call.visitor.session), Clock().now()

    def told(each: Shown) -> shapes.Session:
        started, used = ((now - timedelta(seconds=ago)).isoformat(timespec="seconds") for ago in (each.started_s, each.used_s))
        return {
            "id": each.id, "user": each.user, "address": each.address, "agent": each.agent, "browser": browser_of(each.agent),
            "started": started, "used": used, "own": each.id == own,
        }  # fmt: skip

    return [told(each) for each in host.auth.sessions.all()]


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    return data({"sessions": _told(host, call)})


def _delete(host: Host, call: Call) -> Answer:
    return data({"name": host.auth.administration.end_session(call.visitor, call.path["session_id"])})


def _delete_others(host: Host, call: Call) -> Answer:
    return data({"ended": host.auth.administration.end_sessions(call.visitor)})


TAB = Tab(
    NAME,
    "Sessions",
    3,
    "people",
    (
        page(NAME, "people", _show),
        page("setup/security/sessions/end", "people", _end, method="POST"),
        page("setup/security/sessions/others", "people", _end_others, method="POST"),
        api("GET", "api/sessions", "people", _get, "The browsers that are logged in, the last used first.", reply=shapes.Sessions),
        api(
            "DELETE",
            "api/sessions/<session_id:re:[0-9a-f]+>",
            "people",
            _delete,
            "Ends a session; its streams end within a second.",
            reply=shapes.Named,
        ),
        api("DELETE", "api/sessions", "people", _delete_others, "Ends every session but the one that asks.", reply=shapes.Ended),
    ),
    SECURITY,
)
