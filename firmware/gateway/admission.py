"""Admission: finds out who asks, before a route's permission is checked."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from board.kit.web.app import shows_page
from board.kit.web.origin import check
from board.kit.web.routes import PUBLIC, Call, Elsewhere, Refused, Route
from board.kit.web.visitor import NO_ONE, Visitor
from firmware.host import Host

CHOOSES_PASSWORD = ("password", "api/password")
"""All that a first password opens."""


def admit(host: Host, call: Call, route: Route[Any]) -> Visitor:
    """Whoever is not logged in is led to the log-in or asked for a password; who must choose a password can do nothing else."""
    if route.permission == PUBLIC:
        return stranger(host, call)
    visitor = host.auth.visitor(call)
    as_page = shows_page(call, route)
    if visitor is None:
        if as_page:
            raise Elsewhere(f"/login?next={quote(call.address, safe='/')}")
        raise Refused(401, "Log in first.", headers=() if _is_of_a_page(call) else host.auth.challenge)
    if visitor.must_change and route.path not in CHOOSES_PASSWORD:
        if as_page:
            raise Elsewhere("/password")
        raise Refused(403, "Choose a password of your own first.")
    return visitor


def _is_of_a_page(call: Call) -> bool:
    """Sent by a page that is open: to a challenge a browser shows a box of its own, and sends the password typed there with every
    request until it is closed, whoever logs out. An address that a person types, and a program, send none of these."""
    by_page = ("X-Requested-With", "Origin", "Referer")
    return any(call.header(each) for each in by_page) or call.header("Sec-Fetch-Dest") not in ("", "document")


def stranger(host: Host, call: Call) -> Visitor:
    """The visitor's session, else nobody: no password is asked for or checked."""
    visitor = host.auth.by_session(call)
    return visitor if visitor is not None else replace(NO_ONE, address=host.auth.addresses.of(call.environ))


def guard(host: Host, call: Call) -> None:
    """Refuses what another web site made a browser send."""
    check(call, call.visitor, host.auth.front)
