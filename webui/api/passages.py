"""Passages: what was read, with its pictures, and as a table to download (manual 4.3, Review tab)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import PurePosixPath
from zoneinfo import ZoneInfo

from board.kit.web.routes import Answer, Call, Query, Refused, api, data, download, number, said, text
from board.kit.words import ENGLISH, Language, mark
from engine.formats.sheet_pictures import Picture
from engine.store import PassageQuery
from engine.types import PassageImages
from webui.downloads import Download
from webui.noted import noted
from webui.portal import Portal
from webui.spreadsheet import WORKBOOK, attachment, comma_separated, sheet
from webui.thumbnail import thumbnail
from webui.view import shapes
from webui.view.passages import HEADINGS, asked_for, cells, passage_query, reads, shown

PICTURE = mark("Picture")

IMAGE_TYPES = {".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".png": "image/png"}


class PassagesQuery(Query):
    after: int = number(0, 0, 2**62, "What came next after this `newest`: asked again and again, none is missed.")
    limit: int = number(20, 1, 100, "At most so many.")


class ImageQuery(Query):
    download: str = text(1, "1: to be stored under its name and not shown.")


def _passages(portal: Portal, call: Call[PassagesQuery]) -> Answer:
    after, zone = call.query.after, portal.zone()
    kept, limit = portal.store.passages, call.query.limit
    found = kept.after(after, limit)[::-1] if after else kept.last_stored(limit)
    newest = max((each.rowid for each in found), default=after)
    passages = [shown(portal, each, zone) for each in found]
    return data(said(shapes.Passages(newest=newest, passages=passages), call.language))


def _passage(portal: Portal, call: Call) -> Answer:
    found = portal.store.passages.get(call.path["id"])
    if found is None:
        raise Refused(404, "There is no such passage.")
    zone = portal.zone()
    with_reads = shapes.PassageWithReads(**shown(portal, found, zone), reads=reads(portal, found.passage, zone))
    return data(said(with_reads, call.language))


def _rows(
    portal: Portal, call: Call, language: Language, pictures: bool = False, for_programs: bool = False
) -> Iterator[list[object]]:
    """All that the search finds, said in `language`, read part by part."""
    zone = portal.zone()
    with noted(call.user, "a download of passages"):
        portal.store.searches.add(call.user, "download", asked_for(portal, call, zone))
    query = passage_query(portal, call, zone)
    rows = _read(portal, query, zone, language, pictures, for_programs)
    name = call.query.get("progress", "")
    return portal.downloads.follow(name, Download(call.user, *portal.store.passages.count(query)), rows) if name else rows


def _read(
    portal: Portal, query: PassageQuery, zone: ZoneInfo, language: Language, pictures: bool, for_programs: bool
) -> Iterator[list[object]]:
    while found := portal.store.passages(query):
        for each in found:
            row = cells(shown(portal, each, zone), language, for_programs)
            yield [_picture(portal, each.passage.images), *row] if pictures else row
        query = replace(query, older_than=found[-1].place)


def _picture(portal: Portal, images: PassageImages) -> object:
    """That of the plate, or else the whole one, small."""
    name = images.plate or images.full
    return Picture(partial(thumbnail, portal.stored_pictures, name)) if name else ""


def _workbook(portal: Portal, call: Call) -> Answer:
    """With the address's `pictures` that of each plate in its row."""
    with_pictures = bool(call.query.get("pictures"))
    headings = [call.language.translate(each) for each in ((PICTURE, *HEADINGS) if with_pictures else HEADINGS)]
    return sheet("passages.xlsx", headings, _rows(portal, call, call.language, with_pictures))


def _csv(portal: Portal, call: Call) -> Answer:
    return comma_separated("passages.csv", HEADINGS, _rows(portal, call, ENGLISH, for_programs=True))


def _image(portal: Portal, call: Call[ImageQuery]) -> Answer:
    """A stored image; only files of the image folders are given out, whatever the address says."""
    path = PurePosixPath(call.path["name"])
    kind = IMAGE_TYPES.get(path.suffix.lower(), "")
    if not kind:
        raise Refused(404, "There is no such picture.")
    try:
        content = portal.stored_pictures.read(call.path["name"])
    except ValueError as why:  # half a character
        raise Refused(404, "There is no such picture.") from why
    if not content:
        raise Refused(404, "This picture is not stored any more.")
    # A browser shows what it keeps to nobody but who fetched it: with the log-in's cookie, its copy is out of use, too.
    headers = [("Cache-Control", "private, max-age=86400"), ("Vary", "Cookie")]
    if call.query.download:
        headers.append(("Content-Disposition", attachment(_name(portal, path))))
    return Answer(content, kind, 200, tuple(headers))


def _name(portal: Portal, path: PurePosixPath) -> str:
    """Plate and time, for people; the picture's own name when its passage is gone."""
    passage_id, _, which = path.stem.rpartition("-")
    found = portal.store.passages.get(passage_id)
    if found is None:
        return path.name
    at = portal.local(found.passage.at).replace(" ", "_").replace(":", "-")
    return f"{found.passage.plate or 'no-plate'}_{at}_{which}{path.suffix}"


ROUTES = (
    api("GET", "api/passages", "view", _passages, "Passages, newest first.", query=PassagesQuery, reply=shapes.Passages),
    api(
        "GET", "api/passages/<id>", "view", _passage, "One passage, with the last reads of its car.", reply=shapes.PassageWithReads
    ),
    download(
        "review/passages.xlsx",
        "review",
        _workbook,
        "The passages that a search finds, as a workbook; with `progress` api/downloads tells how far it has come.",
        reply=WORKBOOK,
    ),
    download("review/passages.csv", "review", _csv, "The same as CSV, for programs.", reply="text/csv"),
    download("images/<name:path>", "view", _image, "A picture of a passage.", query=ImageQuery, reply="image/jpeg"),
)
