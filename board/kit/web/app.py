"""App: routes as one WSGI application, the only place that checks permissions, reads bodies and turns errors into answers."""

from __future__ import annotations

import errno
import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import bottle

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError, StoreError, TriggerRefused, WireError
from board.kit.settings import SettingsError
from board.kit.web.bodies import body_of, query_of
from board.kit.web.compress import compressed
from board.kit.web.exchange import Wsgi
from board.kit.web.headers import NOT_KEPT, SECURITY
from board.kit.web.routes import KNOWN, PUBLIC, Answer, Call, Elsewhere, Refused, Route, data
from board.kit.web.visitor import Visitor
from board.kit.words import Language, Text, plain

C = TypeVar("C")

STATUS_OF = ((TriggerRefused, 409), (WireError, 503), (StoreError, 507), (GatewrightError, 422))
"""HTTP status of the errors that a handler lets through, first match wins."""

NO_STORAGE = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a storage says that is full, worn or only to be read: somebody can do something about it, and must be told."""


@dataclass(frozen=True, slots=True)
class Site(Generic[C]):
    """What an application is besides its routes.

    `context`: what every handler gets; `root`: the path that its routes lie below, "/" or "/name/"; `admit`: who asks, before the
    permission is looked at (nobody is NO_ONE; may raise Refused or Elsewhere); `guard`: refuses what another web site made a
    browser send, asked for requests that change something; `error_page`: a refusal as a page; `log`: where faults of ours go.
    """

    context: C
    root: str
    admit: Callable[[C, Call, Route[C]], Visitor]
    guard: Callable[[C, Call], None]
    error_page: Callable[[C, Call, GatewrightError, int], Answer]
    log: logging.Logger


def build(site: Site[C], routes: Sequence[Route[C]], *others: tuple[Site[C], Sequence[Route[C]]]) -> Wsgi:
    """The WSGI application. `others`: further sites with their routes; what nobody has is refused as `site` does."""
    app = bottle.Bottle()
    # bottle compiles all addresses of a method anew with each that is added: that was half of an application's start.
    app.router._compile = lambda method: None
    for each, its in ((site, routes), *others):
        for route in its:
            app.route(each.root + route.path, route.method, _callback(each, route))
            if not route.path and each.root != "/":
                app.route(each.root.rstrip("/"), route.method, _callback(each, route))
            elif route.path and route.is_page and route.method == "GET" and not route.path.endswith(":path>"):
                app.route(f"{each.root}{route.path}/", "GET", _to_page)
    del app.router._compile
    for method in app.router.dyna_routes:
        app.router._compile(method)
    for status in (404, 405):
        app.error(status)(_missing(site))
    return app  # type: ignore[no-any-return]


def _callback(site: Site[C], route: Route[C]) -> Callable[..., Any]:
    def answer(**path: str) -> Any:
        call = _call(path)
        site.log.debug("%s %r", call.method, call.address)
        try:
            return _send(_answer(site, route, call))
        except Elsewhere as there:
            return _send(_led_to(there.path))
        except GatewrightError as why:
            return _send(_refusal(site, call, why, shows_page(call, route)))
        except bottle.HTTPResponse:
            raise
        except Exception as why:
            failed = _failure(site, route, why)
            return _send(_refusal(site, call, failed, shows_page(call, route)))

    return answer


def _to_page(**path: str) -> Any:
    """People end the address of a page with a slash, and some programs add one."""
    page, question, asked = _call(path).address.partition("?")
    return _send(_led_to(f"{page.rstrip('/')}{question}{asked}"))


def _led_to(address: str) -> Answer:
    return Answer(b"", "text/plain", 303, (("Location", quote(address, safe="/?=&%+")),))


def _failure(site: Site[C], route: Route[C], why: Exception) -> Refused:
    if isinstance(why, OSError) and why.errno in NO_STORAGE:
        site.log.error("%s %s: %s", route.method, route.path, why)
        return Refused(507, "the storage takes nothing: {reason}", reason=why.strerror)
    site.log.exception("%s %s failed", route.method, route.path)
    return Refused(500, "The camera failed to do this; its log says why.")


def _answer(site: Site[C], route: Route[C], call: Call) -> Answer:
    """The one place where a permission is looked at and a body is read."""
    visitor = site.admit(site.context, call, route)
    if not allowed(visitor, route.permission):
        raise Refused(
            403,
            "This needs the permission {permission}, which {user} does not have.",
            permission=route.permission,
            user=visitor.name or Text("somebody who is not logged in"),
        )
    call = replace(call, visitor=visitor)
    if route.changes:
        if call.method == "HEAD":  # asked for whatever answers GET (RFC 9110, 9.2.1)
            raise Refused(405, "HEAD changes nothing: use GET or POST.")
        site.guard(site.context, call)
    return route.answer(site.context, replace(call, query=query_of(call.environ, route), body=body_of(call.environ, route)))


def allowed(visitor: Visitor, permission: str) -> bool:
    """True when `visitor` may use a route with `permission`."""
    return permission == PUBLIC or (bool(visitor.by) if permission == KNOWN else visitor.may(permission))


def shows_page(call: Call, route: Route[Any]) -> bool:
    """True when errors and the log-in are to be shown as pages: `route` is one, and neither its address nor what was asked for
    says that a program wants data (a picture, a table, /api/, /cgi-bin/)."""
    path = call.address.partition("?")[0]
    name = path.rpartition("/")[2]
    accept = call.header("Accept")
    is_data = "/api/" in path or path.startswith("/cgi-bin/") or ("." in name and not name.endswith((".html", ".htm")))
    wants_page = not accept or "text/html" in accept or "*/*" in accept
    return route.is_page and wants_page and not is_data and not call.header("X-Requested-With")


def _call(path: dict[str, str]) -> Call:
    environ = bottle.request.environ
    query = str(environ.get("QUERY_STRING", ""))
    address = bottle.request.path + (f"?{query}" if query else "")
    return Call(path=path, method=environ["REQUEST_METHOD"], address=address, environ=environ)


def _refusal(site: Site[C], call: Call, why: GatewrightError, is_page: bool) -> Answer:
    status = why.status if isinstance(why, Refused) else next(code for kind, code in STATUS_OF if isinstance(why, kind))
    headers = why.headers if isinstance(why, Refused) else ()
    if not is_page:
        return replace(data(error_document(why, call.language), status), headers=headers)
    try:
        answer = site.error_page(site.context, call, why, status)
    except GatewrightError as also:  # the store itself is broken: then without the page around it
        said = "".join(f"{each.said(call.language.translate)}\n" for each in (why, also))
        return Answer(said.encode(), "text/plain; charset=utf-8", status)
    return replace(answer, headers=(*answer.headers, *headers))


def error_document(why: GatewrightError, language: Language) -> dict[str, object]:
    """What a program or script gets for an error: what to show, in `language`; key and values, to decide by or to say otherwise;
    each wrong field of what was sent."""
    translate = language.translate
    problems = why.problems if isinstance(why, SettingsError) else ()
    found = [
        {"field": each.field, "title": translate(each.title) if each.title else "", "text": each.text.said(translate)}
        for each in problems
    ]
    return {"error": why.said(translate), **plain(why.text), "problems": found}


def _send(answer: Answer) -> Any:
    answer = compressed(answer, str(bottle.request.environ.get("HTTP_ACCEPT_ENCODING", "")))
    response = bottle.HTTPResponse(answer.body, answer.status)
    response.set_header("Content-Type", answer.type)
    for name, value in (*SECURITY, NOT_KEPT):
        response.set_header(name, value)
    given = {name for name, _ in answer.headers}
    for name, value in answer.headers:
        if name in given:
            response.headers.pop(name, None)
            given.discard(name)
        response.add_header(name, value)
    return response


def _missing(site: Site[C]) -> Callable[[Any], Any]:
    def handle(error: Any) -> Any:
        call = _call({})
        is_page = not bottle.request.path.startswith((f"{site.root}api/", "/cgi-bin/"))
        refused = _nowhere(call.method, error.get_header("Allow", ""))
        try:
            call = replace(call, visitor=site.admit(site.context, call, Route("GET", "", PUBLIC, _nothing)))
        except (GatewrightError, Elsewhere):
            is_page = False
        sent = _send(_refusal(site, call, refused, is_page and bool(call.visitor.by)))
        error.body, error._headers = None, None
        error.__traceback__ = None  # it leads to bottle's variables, among which the error is: all of them would stay for a while
        bottle.response.status = sent.status_code
        for header, value in sent.headerlist:
            bottle.response.set_header(header, value)
        return sent.body

    return handle


def _nowhere(method: str, allowed: str) -> Refused:
    """`allowed`: the methods that the address has, "" for none; which would do is said (RFC 9110, 15.5.6)."""
    if not allowed:
        return Refused(404, "There is no such page.")
    headers = (("Allow", allowed),)
    return Refused(405, "{method} is not possible here, but {allowed}.", method=method[:20], allowed=allowed, headers=headers)


def _nothing(context: object, call: Call) -> Answer:
    return Answer(b"", status=404)
