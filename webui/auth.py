"""Auth: who is asking, as the host's proxy says; the portal itself logs nobody in.

Only the host reaches the portal's socket (0600 in a folder of 0700) and it removes copies of these headers that a
client sent.
"""

from __future__ import annotations

from collections.abc import Mapping

ROLES = ("viewer", "operator", "admin")
"""Lowest first: viewer sees Live and Review, operator also edits lists and fires triggers, admin does everything."""


def caller(environ: Mapping[str, object]) -> tuple[str, str]:
    """(user, role) of a WSGI request; ("", "") when the host did not say or named an unknown role."""
    user = str(environ.get("HTTP_X_GATEWRIGHT_USER", ""))
    role = str(environ.get("HTTP_X_GATEWRIGHT_ROLE", ""))
    return (user, role) if user and role in ROLES else ("", "")


def allows(role: str, needed: str) -> bool:
    """True when `role` is `needed` or higher."""
    return role in ROLES and ROLES.index(role) >= ROLES.index(needed)
