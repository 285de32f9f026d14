"""Review tab: search the stored passages, look at their pictures and download them (manual 4.3)."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from engine.store import PassageQuery
from engine.store.queries import MAX_ROWS
from webui.passages import shown
from webui.portal import Answer, Call, Portal, Refused, Route, Tab
from webui.search import PAGE_SIZES, midnight, moment, page_of
from webui.spreadsheet import sheet

IMAGE_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}

COLUMNS = (
    ("Date and time", "at_local"),
    ("Plate", "plate"),
    ("Confidence", "confidence"),
    ("Country", "country"),
    ("Region", "region"),
    ("Character height (px)", "char_height_px"),
    ("Lane", "lane"),
    ("Direction", "direction"),
    ("Plate colour", "plate_colour"),
    ("Plate type", "plate_kind"),
    ("Trigger", "trigger_cause"),
    ("Lists", "lists"),
)
"""Heading and field of the CSV's columns."""


def _query(portal: Portal, call: Call, zone: ZoneInfo) -> PassageQuery:
    since = call.query.get("from", midnight(portal.clock.now(), zone))
    return PassageQuery(
        since=moment(since, zone),
        until=moment(call.query.get("to", ""), zone),
        plate=call.query.get("plate", "")[:20],
        list_id=call.number("list", 0, 0, 2**62),
        limit=MAX_ROWS,
    )


def _page(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    found = page_of(portal.store.passages(_query(portal, call, zone)), call)
    return portal.pages.answer(
        portal,
        call,
        "review",
        "Review",
        tab="review",
        found=found,
        passages=[shown(portal, each, zone) for each in found.rows],
        limited=found.total == MAX_ROWS,
        limit=MAX_ROWS,
        lists=portal.store.lists(),
        chosen_list=call.number("list", 0, 0, 2**62),
        sizes=PAGE_SIZES,
        since=call.query.get("from", midnight(portal.clock.now(), zone)),
        zone=portal.general().time_zone,
    )


def _sheet(portal: Portal, call: Call) -> Answer:
    zone = portal.zone()
    rows = []
    for stored in portal.store.passages(_query(portal, call, zone)):
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


TAB = Tab(
    "review",
    "Review",
    2,
    "viewer",
    (
        Route("GET", "review", "viewer", _page),
        Route("GET", "review/passages.csv", "viewer", _sheet),
        Route("GET", "images/<name:path>", "viewer", _image),
    ),
)
