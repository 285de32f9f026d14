"""Database: its copies, and what an administrator does with them (manual 4.6, General configuration tab, Maintenance Options)."""

from __future__ import annotations

import shutil
import threading
from contextlib import suppress

from board.identity import confirmations
from board.kit.settings import Settings, option, unfit
from board.kit.web.routes import Answer, Call, Refused, api, data, said
from engine.exchange.local_files import drop_others
from engine.store import backup, rescue
from webui.portal import Portal
from webui.view import shapes
from webui.view.database import database


class RestoreForm(Settings):
    name: str = option(..., "Stored copy", "Which one: newest, daily or before.", choices=backup.ALL)


class ResetForm(Settings):
    mac: str = option(..., "MAC address", "The camera's MAC address with its colons, as the page shows it.", max_length=40)


def _database(portal: Portal, call: Call) -> Answer:
    return data(said(database(portal), call.language))


def _restore(portal: Portal, call: Call[object, RestoreForm]) -> Answer:
    if backup.about(portal.state.database, call.body.name) is None:
        raise Refused(409, "There is no such copy, or it is damaged.")
    with portal.changing:
        rescue.ask(portal.state.database, rescue.RESTORE, call.body.name, call.user)
    return data({"ok": True})


def _reset(portal: Portal, call: Call[object, ResetForm]) -> Answer:
    if call.body.mac.strip().lower() not in confirmations(portal.state):
        raise unfit("mac", "MAC address", "is not this camera's")
    with portal.changing:
        rescue.ask(portal.state.database, rescue.RESET, by=call.user)
    threading.Thread(target=_forget_files, args=(portal,), name="files", daemon=True).start()
    return data({"ok": True})


def _forget_files(portal: Portal) -> None:
    """Files of exports, which hold plates, and pictures of passages, all of which are gone in a moment; pictures that are left when
    this process ends, or when the card is away, go when the storage is nearly full."""
    drop_others(portal.state.exchange, ())
    card = portal.stored_pictures.card
    if card is not None:
        with suppress(OSError):
            for day in card.days():
                card.delete_day(day)
    for year in sorted(portal.state.images.glob("[0-9]*")):
        shutil.rmtree(year, ignore_errors=True)


def _noted(portal: Portal, call: Call) -> Answer:
    rescue.take_note(portal.state.database)
    return _database(portal, call)


ROUTES = (
    api("GET", "api/database", "configure", _database, "Copies of lists, actions and settings.", reply=shapes.Database),
    api(
        "POST",
        "api/database/restore",
        "configure",
        _restore,
        "Restores a copy; service and portal start again for it. Passages stay.",
        body=RestoreForm,
        reply=shapes.Begun,
    ),
    api(
        "POST",
        "api/database/reset",
        "configure",
        _reset,
        "Resets the database: lists, actions, settings and passages are those of a new camera. Service and portal start again.",
        body=ResetForm,
        reply=shapes.Begun,
    ),
    api(
        "POST",
        "api/database/noted",
        "configure",
        _noted,
        "Takes note of what was done to a damaged database.",
        reply=shapes.Database,
    ),
)
