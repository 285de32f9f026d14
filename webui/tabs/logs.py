"""Logs tab: the newest lines of each process's log, and all of it as a zip for support (manual 4.8)."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path

from webui.portal import Answer, Call, Portal, Refused, Route, Tab, data

TITLES = {"manager": "Manager", "service": "Service", "engine": "Engine", "pins": "Pins", "hostd": "Host"}
"""Shown in this order; other logs follow under their own name."""

LOG_NAME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
OLDER = ("", ".1", ".2")
TAIL_BYTES = 200_000


def _names(portal: Portal) -> list[str]:
    found = {path.stem for path in portal.state.logs.glob("*.log") if LOG_NAME.fullmatch(path.stem) and not path.is_symlink()}
    order = [name for name in TITLES if name in found]
    return order + sorted(found - set(order))


def _log_file(portal: Portal, name: str) -> Path:
    if name not in _names(portal):
        raise Refused(404, "There is no such log.")
    return portal.state.logs / f"{name}.log"


def _page(portal: Portal, call: Call) -> Answer:
    names = _names(portal)
    chosen = call.query.get("log", "")
    return portal.pages.answer(
        portal,
        call,
        "logs",
        "Logs",
        tab="logs",
        logs=[(name, TITLES.get(name, name)) for name in names],
        chosen=chosen if chosen in names else next(iter(names), ""),
    )


def _tail(portal: Portal, call: Call) -> Answer:
    path = _log_file(portal, call.path["name"])
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError as why:
        raise Refused(404, "{name} cannot be read: {strerror}", name=path.name, strerror=why.strerror) from why
    if size > TAIL_BYTES:
        lines = lines[1:]  # the first one is cut
    return data({"lines": lines[-call.number("lines", 400, 1, 2000) :]})


def _zip(portal: Portal, call: Call) -> Answer:
    """The chosen log with its older parts."""
    path = _log_file(portal, call.path["name"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in OLDER:
            part = path.with_name(path.name + suffix)
            if part.is_file() and not part.is_symlink():
                archive.write(part, f"{part.name}.txt")
    headers = (("Content-Disposition", f'attachment; filename="{path.stem}-log.zip"'),)
    return Answer(packed.getvalue(), "application/zip", 200, headers)


TAB = Tab(
    "logs",
    "Logs",
    8,
    "admin",
    (
        Route("GET", "logs", "admin", _page),
        Route("GET", "logs/<name>/zip", "admin", _zip),
        Route("GET", "api/logs/<name>", "admin", _tail, "The newest `lines` (2000) of a log: manager, service, engine, pins ..."),
    ),
)
