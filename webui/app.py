"""App: every tab's routes as one WSGI application: role, body and error handling are here and nowhere else."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import bottle

from board.kit.errors import GatewrightError, StoreError, TriggerRefused, WireError
from webui.auth import allows, caller
from webui.portal import Answer, Call, Portal, Refused, Route, Tab, data

log = logging.getLogger("manager")

STATIC = Path(__file__).parent / "static"
MAX_BODY_BYTES = 1_000_000

HEADERS = (
    (
        "Content-Security-Policy",
        "default-src 'self'; img-src 'self' blob: data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'",
    ),
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
)

STATUS_OF = ((TriggerRefused, 409), (WireError, 503), (StoreError, 507), (GatewrightError, 422))
"""HTTP status of the errors that a handler lets through, first match wins."""


def build(portal: Portal, tabs: Sequence[Tab]) -> Callable[..., Any]:
    """The WSGI application. Every route below /anpr/ needs a role, the static files too."""
    app = bottle.Bottle()
    for tab in tabs:
        for route in tab.routes:
            app.route(f"/anpr/{route.path}", route.method, _callback(portal, route))
    home = Route("GET", "", "viewer", lambda portal, call: _redirect(portal.pages.home(call.role)))
    app.route("/anpr/", "GET", _callback(portal, home))
    app.route("/anpr", "GET", _callback(portal, home))
    app.route("/anpr/static/<name:path>", "GET", _static)
    for status in (404, 405):
        app.error(status)(_not_found(portal))
    return app  # type: ignore[no-any-return]


def _callback(portal: Portal, route: Route) -> Callable[..., Any]:
    is_api = route.path.startswith("api/")

    def answer(**path: str) -> Any:
        environ: Mapping[str, Any] = bottle.request.environ
        user, role = caller(environ)
        call = Call(user, role, path, {}, {})
        try:
            if not allows(role, route.role):
                raise Refused(403, "This needs the role {role}; you are {role2}.", role=route.role, role2=role or "not logged in")
            call = Call(user, role, path, _query(), _body(environ, route.method))
            if not is_api and route.path != "setup" and "/" not in route.path and not portal.lpr().region:
                return _send(_redirect("setup"))  # manual 3.3: region and countries come before anything else
            return _send(route.answer(portal, call))
        except GatewrightError as why:
            return _send(_refusal(portal, call, why, is_api))
        except Exception:
            log.exception("%s %s failed", route.method, route.path)
            return _send(_refusal(portal, call, Refused(500, "The portal failed to do this; the Manager log says why."), is_api))

    return answer


def _query() -> dict[str, str]:
    """What is not UTF-8 counts as not sent."""
    return {str(name): str(bottle.request.query.getunicode(name, "")) for name in bottle.request.query}


def _body(environ: Mapping[str, Any], method: str) -> dict[str, Any]:
    """The JSON object of a request that changes something. A page of another site cannot send this content type unasked."""
    if method in ("GET", "HEAD"):
        return {}
    if str(environ.get("CONTENT_TYPE", "")).split(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Send the request as application/json.")
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > MAX_BODY_BYTES:
        raise Refused(413, "The request is larger than {max_body_bytes} bytes.", max_body_bytes=MAX_BODY_BYTES)
    raw = environ["wsgi.input"].read(int(length)) or b"{}"
    try:
        body = json.loads(raw)
    except ValueError as why:
        raise Refused(400, "The request is not JSON: {why}", why=why) from why
    if not isinstance(body, dict):
        raise Refused(400, "The request is not a JSON object.")
    return body


def _refusal(portal: Portal, call: Call, why: GatewrightError, is_api: bool) -> Answer:
    status = why.status if isinstance(why, Refused) else next(code for kind, code in STATUS_OF if isinstance(why, kind))
    if is_api:
        found = why.problems if isinstance(why, Refused) else ()
        return data(
            {"error": str(why), "problems": [{"field": p.field, "title": p.title, "text": str(p.text)} for p in found]}, status
        )
    try:
        return portal.pages.answer(portal, call, "error", "Not possible", status=status, text=str(why))
    except GatewrightError as also:  # the store itself is broken: then without the page around it
        return Answer(f"{why}\n{also}\n".encode(), "text/plain; charset=utf-8", status)


def _redirect(path: str) -> Answer:
    return Answer(b"", "text/plain", 303, (("Location", f"/anpr/{quote(path)}"),))


def _send(answer: Answer) -> Any:
    headers = dict((*HEADERS, ("Cache-Control", "no-store"), *answer.headers))
    return bottle.HTTPResponse(answer.body, answer.status, {"Content-Type": answer.type, **headers})


def _static(name: str) -> Any:
    if not allows(caller(bottle.request.environ)[1], "viewer"):
        return _send(Answer(b"Log in first.\n", "text/plain", 403))
    response = bottle.static_file(name, root=str(STATIC))
    for header, value in (*HEADERS, ("Cache-Control", "no-cache")):
        response.set_header(header, value)
    return response


def _not_found(portal: Portal) -> Callable[[Any], Any]:
    def handle(error: Any) -> Any:
        _, role = caller(bottle.request.environ)
        is_api = bottle.request.path.startswith("/anpr/api/")
        call = Call("", role or "viewer", {}, {}, {})
        sent = _send(_refusal(portal, call, Refused(error.status_code, "There is no such page."), is_api or not role))
        error.body, error._headers = None, None
        bottle.response.status = sent.status_code
        for header, value in sent.headerlist:
            bottle.response.set_header(header, value)
        return sent.body

    return handle
