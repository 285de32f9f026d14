"""Kinds: the order of the actions in a menu."""

from __future__ import annotations

from engine.actions import Kinds

USUAL = (
    "io", "wiegand", "http", "email", "display", "ftp", "mqtt", "onvif", "milestone", "vast2", "socket_client", "socket_server",
    "trigger_server", "syslog", "ask", "camera", "osdp", "two_n", "wiegand_vivotek",
)  # fmt: skip
"""Those most often wanted first; others follow by their names."""


def in_order(kinds: Kinds) -> list[str]:
    """Names of the kinds as a menu has them."""
    known = [name for name in USUAL if name in kinds]
    return [*known, *(name for name in kinds if name not in known)]
