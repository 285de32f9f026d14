"""Portals: the addresses of the installed packages, which their own processes answer, and what is shown while they do not."""

from __future__ import annotations

from dataclasses import replace

from board.kit.web.app import shows_page
from board.kit.web.routes import KNOWN, PUBLIC, STREAM, Answer, Call, Elsewhere, Refused, Route
from board.kit.web.visitor import BASIC, NO_ONE, TOKEN
from board.kit.words import Text, mark
from firmware.gateway.admission import admit, guard
from firmware.gateway.proxy import MAX_BODY_BYTES, PortalDown
from firmware.host import Host
from firmware.packages.manifest import CGIS, HOST, NOBODY, PACKAGE


def forward(host: Host, call: Call, body: bytes | None = None) -> Answer:
    """To the package whose address it is, `call.path`. `body`: of the request, where it has been read already."""
    here = f"/{call.path['path']}"
    found = host.packages.route(here)
    authenticates = found.route.authenticates if found is not None else HOST
    if authenticates == HOST:
        call = replace(call, visitor=admit(host, call, FOR_PEOPLE))
        if call.method not in ("GET", "HEAD"):
            guard(host, call)
    if found is None:
        raise Refused(404, "There is no such page on this camera. If a package should show it, install that package first.")
    if "/" not in here[1:]:
        raise Elsewhere(f"{here}/")
    # The package itself looks at what is not for people alone; of a session the host knows more than it does.
    visitor = call.visitor if authenticates != NOBODY else replace(NO_ONE, address=call.visitor.address)
    try:
        reply = host.proxy.forward(
            found.socket,
            replace(visitor, is_program=_is_program(host, call)),
            lambda: not visitor.by or host.auth.still(visitor),
            with_log_in=authenticates == PACKAGE,
            body=body,
        )
    except PortalDown:
        return _down(host, call, found.package)
    kept = tuple((header, value) for header, value in reply.headerlist if header.lower() != "content-type")
    return Answer(reply.body, reply.content_type, reply.status_code, kept)


def package_parameters(host: Host, call: Call, body: bytes) -> bytes | None:
    """What the package that has CGIs answers to this getparam.cgi, with the form `body`; None when there is none, or it does not
    want to tell."""
    found = host.packages.route(CGIS)
    if found is None:
        return None
    try:
        reply = host.proxy.forward(found.socket, call.visitor, lambda: True, packed=False, body=body)
    except PortalDown:
        return None
    told = b"".join(reply.body)
    return told if reply.status_code == 200 else None


def _is_program(host: Host, call: Call) -> bool:
    """Whether a program sends this by a password or token of its own, and no page can have made a browser do it."""
    if call.visitor.by == BASIC:
        try:
            guard(host, call)
        except Refused:
            return False
    return call.visitor.by in (BASIC, TOKEN)


def _down(host: Host, call: Call, name: str) -> Answer:
    status = next((package for package in host.packages.listing() if package.name == name), None)
    starting = status is not None and status.enabled and status.status == "on"
    rests = host.packages.rests(name)
    broken = status is not None and status.enabled and not starting and not rests
    template = mark("{name} is starting") if starting else mark("{name} is in trouble") if broken else mark("{name} is stopped")
    state = Text(template, {"name": name})
    again = (("Retry-After", "2"),)
    if not shows_page(call, ROUTES[0]):
        raise Refused(503, state, headers=again)
    page = host.page(
        call,
        "down",
        state,
        status=503,
        refresh_s=2 if starting else 5 if broken else 0,
        name=name,
        text=status.message if status is not None else "",
        starting=starting,
        broken=broken,
    )
    return Answer(page.body, page.type, page.status, again)


FOR_PEOPLE: Route[Host] = Route("GET", "<path:path>", KNOWN, forward, is_page=True)
"""What is asked of whoever uses a route that the host authenticates."""

ROUTES: tuple[Route[Host], ...] = tuple(
    Route(
        method, "<path:path>", PUBLIC, forward, is_page=True, changes=method != "GET", takes=STREAM, max_body_bytes=MAX_BODY_BYTES
    )
    for method in ("GET", "POST", "PUT", "PATCH", "DELETE")
)
