"""Logs: the newest lines of each process's log, and all of it as a zip for support (manual 4.8, Logs tab)."""

from __future__ import annotations

import io
import zipfile

from board.kit.web.routes import Answer, Call, Query, Refused, api, data, download, number
from webui.portal import Portal
from webui.view import shapes
from webui.view.logs import log_file

OLDER = ("", ".1", ".2")
TAIL_BYTES = 200_000


class LogQuery(Query):
    lines: int = number(400, 1, 2000, "The newest so many.")


def _tail(portal: Portal, call: Call[LogQuery]) -> Answer:
    path = log_file(portal, call.path["name"])
    try:
        with path.open("rb") as file:
            size = file.seek(0, io.SEEK_END)
            file.seek(max(0, size - TAIL_BYTES))
            lines = file.read().decode("utf-8", "replace").splitlines()
    except OSError as why:
        raise Refused(404, "{name} cannot be read: {reason}", name=path.name, reason=why.strerror) from why
    if size > TAIL_BYTES:
        lines = lines[1:]  # the first one is cut
    return data(shapes.LogLines(lines=lines[-call.query.lines :]))


def _zip(portal: Portal, call: Call) -> Answer:
    """The chosen log with its older parts."""
    path = log_file(portal, call.path["name"])
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for suffix in OLDER:
            part = path.with_name(path.name + suffix)
            if part.is_file() and not part.is_symlink():
                archive.write(part, f"{part.name}.txt")
    headers = (("Content-Disposition", f'attachment; filename="{path.stem}-log.zip"'),)
    return Answer(packed.getvalue(), "application/zip", 200, headers)


ROUTES = (
    api(
        "GET",
        "api/logs/<name>",
        "logs",
        _tail,
        "The newest lines of a log: manager, service, engine, pins ...",
        query=LogQuery,
        reply=shapes.LogLines,
    ),
    download("logs/<name>-log.zip", "logs", _zip, "A log with its older parts.", reply="application/zip"),
)
