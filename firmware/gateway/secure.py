"""Secure: leads requests that came by HTTP to HTTPS where that is chosen, and has browsers remember it (HSTS, RFC 6797)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from board.kit.web.exchange import Wsgi
from firmware.host import Host
from firmware.packages.manifest import HOST

HEALTH = "/health"
"""Asked by watchdogs on the camera itself."""


def secured(host: Host, application: Wsgi) -> Wsgi:
    """`application` behind it."""

    def serve(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        if not host.auth.front.is_secure(environ):
            path = str(environ["PATH_INFO"])
            there = "" if path == HEALTH else host.https.elsewhere(environ, _for_programs(host, path))
            if not there:
                return application(environ, start)
            # 307: a browser that kept it would find nobody once HTTPS is off. The method and what is sent stay as they are.
            start("307 Temporary Redirect", [("Location", there), ("Content-Length", "0"), ("Cache-Control", "no-store")])
            return []
        environ["wsgi.url_scheme"] = "https"  # also behind a proxy that encrypts
        hsts = host.https.hsts()
        if not hsts:
            return application(environ, start)
        return application(
            environ, lambda status, headers, *more: start(status, [*headers, ("Strict-Transport-Security", hsts)], *more)
        )

    return serve


def _for_programs(host: Host, path: str) -> bool:
    found = host.packages.route(path)
    return found is not None and found.route.authenticates != HOST
