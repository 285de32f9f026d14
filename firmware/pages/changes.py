"""Changes: who changed which account, token, key or setting of the host, and from where; filtered, and as a table to keep."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import asdict
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from board.kit.cells import safe_cell
from board.kit.settings import Problem, Settings, SettingsError
from board.kit.typed import folded
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Query, api, data, download, page, text
from board.kit.words import Text, mark
from firmware.ftp.settings import FtpSettings
from firmware.host import Host
from firmware.https.settings import HttpsSettings
from firmware.menu import SECURITY
from firmware.people.changes import Change
from firmware.people.shapes import Changes

NAME = "setup/security/changes.html"
MOST = 500
MOST_IN_FILE = 5_000


class ChangesQuery(Query):
    """Which changes."""

    find: str = text(80, "Only those with this text: in who, what, about or the address, in English or the reader's language.")
    since: str = text(32, "Only those from this day or moment on, by the camera's clock: 2027-01-31, 2027-01-31T18:00.")
    until: str = text(32, "Only those up to this day or moment, with it.")


FORMS: dict[str, type[Settings]] = {"FTP server changed": FtpSettings, "HTTPS changed": HttpsSettings}
"""What Changes calls a change of settings, and their class; `about` is then "option value, option value" (server_settings.py)."""
ABOUTS = (mark("with pictures"), mark("with passages"), mark("settings"), mark("accounts stay"), mark("programs"), mark("board"))
"""What else stands there and is not a name that somebody gave."""


def about_said(change: Change) -> Text:
    """What was changed, by the titles of its form."""
    kind = FORMS.get(change.what)
    if kind is not None:
        return Text("{texts}", {"texts": [_option_said(kind, part) for part in change.about.split(", ")]})
    return Text(change.about) if change.about in ABOUTS else Text("{about}", {"about": change.about})


def _option_said(kind: type[Settings], part: str) -> Text:
    name, _, value = part.partition(" ")
    field = kind.model_fields.get(name)
    if field is None:  # cut off, or of another release
        return Text("{about}", {"about": part})
    known = {"True": Text("on"), "False": Text("off"), **{each: Text(field.label(each)) for each in field.choices}}
    return Text("{title}: {value}", {"title": Text(field.title), "value": known.get(value, value)})


def _found(host: Host, call: Call[ChangesQuery, object], most: int) -> list[Change]:
    """The newest first."""
    query, say, zone = call.query, call.language.translate, host.zone()
    wanted = folded(query.find)
    since, until = bound(query.since, zone, "since"), bound(query.until, zone, "until")

    def fits(each: Change) -> bool:
        said = f"{each.who}\n{each.what}\n{say(each.what)}\n{each.about}\n{about_said(each).said(say)}\n{each.address}"
        if wanted not in folded(said):
            return False
        at = _moment(each.at)
        if at is None:  # as a damaged file may have it
            return since is until is None
        return (since is None or at >= since) and (until is None or at < until)

    return [each for each in host.auth.changes.newest(MOST_IN_FILE) if fits(each)][:most]


TITLES = {"since": mark("From day"), "until": mark("Up to day")}


def bound(text: str, zone: ZoneInfo, name: str) -> datetime | None:
    """The moment from which (`since`) or before which (`until`) changes are looked for: what was written, a day, a minute or a
    second, belongs to them as a whole, and so does an hour that comes twice. By the camera's clock unless it has an offset. None
    for "" and past the calendar's ends; SettingsError for what is no date."""
    text = text.strip()
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError as why:
        raise SettingsError(Problem(name, TITLES[name], Text("must be a date and time such as 2026-05-31T18:00:00"))) from why
    clock = re.split("[T ]", text.upper(), maxsplit=1)[1:]
    lasts = timedelta(days=1) if not clock else timedelta(seconds=1 if re.match(r"\d\d:?\d\d:?\d\d", clock[0]) else 60)
    try:
        at += lasts if name == "until" else timedelta()
        folds = (0, 1) if at.time() != time() else (0,)  # a day begins once, also where its first hour comes twice or is skipped
        both = [(at if at.tzinfo else at.replace(tzinfo=zone, fold=fold)).astimezone(UTC) for fold in folds]
    except OverflowError:
        return None
    return max(both) if name == "until" else min(both)


def _moment(at: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(at)
        return found.astimezone(UTC) if found.tzinfo else found.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _show(host: Host, call: Call) -> Answer:
    given = {name: call.query.get(name, "")[:80] for name in ChangesQuery.model_fields}
    query = ChangesQuery(**given)
    found = _found(host, _with(call, query), MOST)
    return host.page(
        call,
        "changes",
        Text("Changes"),
        here=f"/{NAME}",
        changes=[(each, about_said(each)) for each in found],
        query=given,
        most=MOST,
    )


def _with(call: Call, query: ChangesQuery) -> Call[ChangesQuery, object]:
    from dataclasses import replace

    return replace(call, query=query)  # type: ignore[arg-type, return-value]


def _listing(host: Host, call: Call[ChangesQuery, object]) -> Answer:
    return data({"changes": [asdict(each) for each in _found(host, call, MOST)]})


def _table(host: Host, call: Call[ChangesQuery, object]) -> Answer:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(("at", "who", "address", "what", "about"))
    for each in _found(host, call, MOST_IN_FILE):
        rows.writerow([safe_cell(value) for value in (each.at, each.who, each.address, each.what, each.about)])
    name = ("Content-Disposition", 'attachment; filename="changes.csv"')
    return Answer(file.getvalue().encode("utf-8-sig"), "text/csv; charset=utf-8", headers=(name,))


TAB = Tab(
    NAME,
    "Changes",
    5,
    "audit",
    (
        page(NAME, "audit", _show),
        download(
            "setup/security/changes.csv",
            "audit",
            _table,
            "The changes as a table for a spreadsheet, at most 5,000, the newest first.",
            query=ChangesQuery,
            reply="text/csv",
        ),
        api(
            "GET",
            "api/changes",
            "audit",
            _listing,
            "What was changed of accounts, tokens, device passwords, keys and the host's settings; at most 500, the newest first.",
            query=ChangesQuery,
            reply=Changes,
        ),
    ),
    SECURITY,
)
