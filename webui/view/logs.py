"""Logs: the log files that the portal shows, by name."""

from __future__ import annotations

import re
from pathlib import Path

from board.kit.web.routes import Refused
from board.kit.words import mark
from webui.portal import Portal

TITLES = {
    "manager": mark("Manager"),
    "service": mark("Service"),
    "engine": mark("Engine"),
    "pins": mark("Pins"),
    "hostd": mark("Host"),
}
"""Shown in this order; other logs follow under their own name."""

LOG_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")


def log_names(portal: Portal) -> list[str]:
    found = {path.stem for path in portal.state.logs.glob("*.log") if LOG_NAME.fullmatch(path.stem) and not path.is_symlink()}
    order = [name for name in TITLES if name in found]
    return order + sorted(found - set(order))


def log_file(portal: Portal, name: str) -> Path:
    if name not in log_names(portal):
        raise Refused(404, "There is no such log.")
    return portal.state.logs / f"{name}.log"
