"""Passages: what was read, with its pictures, and as a table to download (manual 4.3)."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, Refused, api, data, download
from engine.store import PassageQuery
from webui.portal import Portal
from webui.spreadsheet import sheet
from webui.view.passages import COLUMNS, passage_query, shown

IMAGE_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


def _passages(portal: Portal, call: Call) -> Answer:
    after = call.number("after", 0, 0, 2**62)
    found = portal.store.passages(PassageQuery(after_rowid=after, limit=call.number("limit", 20, 1, 100)))
    zone = portal.zone()
    return data(
        {"newest": max((each.rowid for each in found), default=after), "passages": [shown(portal, each, zone) for each in found]}
    )


def _passage(portal: Portal, call: Call) -> Answer:
    found = portal.store.passages.get(call.path["id"])
    if found is None:
        raise Refused(404, "There is no such passage.")
    return data(shown(portal, found, portal.zone()))


def _sheet(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    rows = []
    for stored in portal.store.passages(passage_query(portal, call, zone)):
        passage = shown(portal, stored, zone)
        passage["lists"] = ", ".join(each["name"] for each in passage["lists"])
        rows.append([passage[field] for _, field in COLUMNS])
    return sheet("passages.csv", [heading for heading, _ in COLUMNS], rows)


def _image(portal: Portal, call: Call) -> Answer:
    """A stored image; only files below STATE/anpr/images are given out, whatever the address says."""
    folder = portal.state.images.resolve()
    try:
        path = (folder / call.path["name"]).resolve()
    except (OSError, ValueError) as why:  # a loop of links, a zero byte
        raise Refused(404, "There is no such picture.") from why
    kind = IMAGE_TYPES.get(path.suffix.lower(), "")
    if not kind or not path.is_relative_to(folder):
        raise Refused(404, "There is no such picture.")
    try:
        content = path.read_bytes()
    except (OSError, ValueError) as why:
        raise Refused(404, "This picture is not stored any more.") from why
    headers = [("Cache-Control", "private, max-age=86400")]
    if call.query.get("download"):
        headers.append(("Content-Disposition", f'attachment; filename="{path.name if path.name.isascii() else "picture"}"'))
    return Answer(content, kind, 200, tuple(headers))


ROUTES = (
    api("GET", "api/passages", "view", _passages, "Passages with a row over `after`, newest first, at most `limit` (100)."),
    api("GET", "api/passages/<id>", "view", _passage, "One passage."),
    download("review/passages.csv", "review", _sheet),
    download("images/<name:path>", "view", _image),
)
