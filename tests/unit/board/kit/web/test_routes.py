"""Routes: none is made without a permission that exists, and what is asked is what the function that answers gets."""

from __future__ import annotations

import gc
import io
import logging
import re
import sys
from typing import Any

import pytest

from board.kit.errors import ConfigError
from board.kit.permissions import PERMISSIONS
from board.kit.web.app import Site, build
from board.kit.web.bodies import lenient
from board.kit.web.routes import PUBLIC, Answer, Call, Query, Route, api, download, number, page, text
from board.kit.web.visitor import HOST, NO_ONE, TOKEN, Visitor, headers_of, visitor_of


def nothing(context: object, call: Call) -> Answer:
    return Answer(b"")


@pytest.mark.parametrize("permission", ["", "admin", "Public", "all", "view,review"])
def test_a_route_without_a_permission_that_exists_cannot_be_made(permission: str) -> None:
    for make in (
        lambda: Route("GET", "x", permission, nothing),
        lambda: page("x", permission, nothing),
        lambda: api("GET", "api/x", permission, nothing, "Nothing."),
        lambda: download("x", permission, nothing),
    ):
        with pytest.raises(ConfigError, match="there is no permission"):
            make()
    assert page("x", PUBLIC, nothing).permission == PUBLIC


class Asked(Query):
    after: int = number(5, 0, 10, "Some number.")
    word: str = text(3, "Some word.")


@pytest.mark.parametrize(
    ("sent", "after", "word"),
    [
        ({}, 5, ""),
        ({"after": "7", "word": "ab", "else": "x"}, 7, "ab"),
        ({"after": "-1", "word": "abcdef"}, 0, "abc"),
        ({"after": "9" * 19}, 10, ""),
        ({"after": "9" * 5000}, 5, ""),
        ({"after": "1e3"}, 5, ""),
        ({"after": "٣"}, 5, ""),
        ({"after": ""}, 5, ""),
    ],
)
def test_a_query_is_moved_into_its_ranges(sent: dict[str, str], after: int, word: str) -> None:
    assert lenient(Asked, sent) == Asked(after=after, word=word)


def told(visitor: Visitor) -> Visitor:
    return visitor_of({f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers_of(visitor).items()})


def test_the_host_tells_the_portal_what_a_visitor_may_and_nothing_else_counts() -> None:
    token = Visitor("anna (recorder)", "", frozenset({"view", "review"}), TOKEN)
    assert (told(token).permissions, told(token).by) == (frozenset({"view", "review"}), HOST)
    assert headers_of(token)["X-Gatewright-Role"] == "viewer"
    assert told(Visitor("bob", "admin", frozenset(), TOKEN)) == NO_ONE
    assert visitor_of({"HTTP_X_GATEWRIGHT_USER": "eve", "HTTP_X_GATEWRIGHT_PERMISSIONS": "root,view"}).permissions == {"view"}
    assert visitor_of({"HTTP_X_GATEWRIGHT_USER": "eve", "HTTP_X_GATEWRIGHT_ROLE": "root"}) == NO_ONE
    assert visitor_of({"HTTP_X_GATEWRIGHT_ROLE": "admin"}) == NO_ONE


def test_a_portal_behind_a_host_that_knows_roles_only_takes_the_roles_permissions() -> None:
    old = visitor_of({"HTTP_X_GATEWRIGHT_USER": "anna", "HTTP_X_GATEWRIGHT_ROLE": "admin"})
    assert old.permissions == PERMISSIONS.keys()


def test_a_request_for_what_is_nowhere_is_forgotten_at_once() -> None:
    """Each one stayed, with what its connection had read, till Python's collector came."""
    site = Site[None](
        None, "/", lambda context, call, route: NO_ONE, lambda context, call: None, lambda *_: Answer(b""), logging.getLogger("web")
    )
    application = build(site, [api("GET", "api/x", PUBLIC, nothing, "Nothing.")])
    statuses: list[str] = []

    def asked(method: str, path: str) -> None:
        environ: dict[str, Any] = {
            "REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": "", "wsgi.input": io.BytesIO(), "wsgi.errors": sys.stderr,
        }  # fmt: skip
        application(environ, lambda status, headers, exc_info=None: statuses.append(status[:3]))

    asked("GET", "/nowhere")
    asked("GET", "/nowhere")  # bottle keeps the newest one
    gc.collect()
    gc.disable()
    try:
        for method, path in (("GET", "/nowhere"), ("DELETE", "/api/x"), ("GET", "/nowhere")):
            asked(method, path)
        assert gc.collect() == 0
    finally:
        gc.enable()
    assert statuses == ["404", "404", "404", "405", "404"]


def test_the_addresses_of_an_application_are_put_together_once_and_not_with_each_that_is_added(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def routes(count: int) -> list[Route[None]]:
        return [Route(method, f"api/{place}/<id>", PUBLIC, nothing) for method in ("GET", "PUT") for place in range(count)]

    def branches(count: int) -> int:
        """Of all patterns that are compiled for so many routes of each method."""
        compiled: list[str] = []
        with monkeypatch.context() as patch:
            patch.setattr(re, "compile", lambda pattern, flags=0: compiled.append(pattern) or compile_(pattern, flags))
            build(
                Site(None, "/", lambda *_: NO_ONE, lambda *_: None, lambda *_: Answer(b""), logging.getLogger("x")), routes(count)
            )
        return sum(pattern.count("$") for pattern in compiled)

    compile_ = re.compile
    assert branches(20) == 2 * branches(10) > 0, "twice as many take twice as long"
