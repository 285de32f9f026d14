"""Visitor: who sends a request, and how the host tells the portal behind it."""

from __future__ import annotations

import time
from collections.abc import Mapping

from board.kit.dataclass import dataclass
from board.kit.permissions import PERMISSIONS, ROLES

COOKIE, BASIC, TOKEN, HOST, NOBODY = "cookie", "basic", "token", "host", ""
"""How a visitor proved who he is: a session, HTTP Basic, an API token; HOST: the host's proxy says so."""

_USER, _ROLE, _PERMISSIONS = "X-Gatewright-User", "X-Gatewright-Role", "X-Gatewright-Permissions"
_PROGRAM, _FROM = "X-Gatewright-Program", "X-Forwarded-For"
CAME = "X-Gatewright-Came-Ns"
"""When the host had the request (CLOCK_MONOTONIC ns): whoever sent it does not wait for ever for what it orders."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is there. `role`: for people to read, "" for a token; `by`: COOKIE, BASIC, TOKEN, HOST or NOBODY; `address`: from where,
    also behind a trusted proxy; `must_change`: only a new password may be chosen; `session`: the session's token, "" without one;
    `seal`: what must stay as it is for the visitor to be let in again; `is_program`: a program sends this by a password or token of
    its own, so that no page can have made a browser send it."""

    name: str = ""
    role: str = ""
    permissions: frozenset[str] = frozenset()
    by: str = NOBODY
    address: str = ""
    must_change: bool = False
    session: str = ""
    seal: str = ""
    is_program: bool = False

    def may(self, permission: str) -> bool:
        """True when he may do what stands behind `permission` (a name of board/kit/permissions.py)."""
        return permission in self.permissions


NO_ONE = Visitor()


def headers_of(visitor: Visitor) -> dict[str, str]:
    """What the host tells a portal. A portal that knows roles only gets the widest one that the permissions hold."""
    held = [name for name, needed in ROLES.items() if needed <= visitor.permissions]
    role = visitor.role or max(held, key=lambda name: len(ROLES[name]), default="")
    told = {_USER: visitor.name, _ROLE: role, _PERMISSIONS: ",".join(sorted(visitor.permissions))}
    return told | ({_PROGRAM: "1"} if visitor.is_program else {})


def visitor_of(environ: Mapping[str, object]) -> Visitor:
    """Who the host says is asking; nobody when it did not say. Without permissions (an older host) the role's count.

    Only the host reaches a portal's socket (0600 in a folder of 0700), and it removes copies of these headers that a client sent.
    """
    user, role, listed = (str(environ.get(_key(name), "")) for name in (_USER, _ROLE, _PERMISSIONS))
    told = _key(_PERMISSIONS) in environ
    permissions = frozenset(listed.split(",")) & PERMISSIONS.keys() if told else ROLES.get(role, frozenset())
    if not (user and permissions):
        return NO_ONE
    address, is_program = str(environ.get(_key(_FROM), "")), environ.get(_key(_PROGRAM)) == "1"
    return Visitor(user, role, permissions, HOST, address, is_program=is_program)


def came_ns(said: str) -> int:
    """`said`: what CAME says; now, where an older host says nothing."""
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 20 else time.monotonic_ns()


def _key(header: str) -> str:
    return f"HTTP_{header.upper().replace('-', '_')}"
