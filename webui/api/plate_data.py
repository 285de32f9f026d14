"""Plate data: all that is stored of one plate, exported and deleted when its owner asks for it."""

from __future__ import annotations

from board.kit.web.routes import Answer, Call, api, data, download
from engine.store import notes
from webui import plate_data
from webui.noted import noted
from webui.portal import Portal
from webui.spreadsheet import attachment
from webui.view import shapes


def _export(portal: Portal, call: Call) -> Answer:
    plate = call.path["plate"][:60]
    with noted(call.user, "an export of what is stored of a plate"):
        portal.store.changes.add(call.user, "plate", 0, None, {"exported": notes.masked(plate)})
    headers = (("Content-Disposition", attachment(f"{plate}-data.zip")),)
    return Answer(plate_data.exported(portal, plate), "application/zip", 200, headers)


def _delete(portal: Portal, call: Call) -> Answer:
    plate = call.path["plate"][:60]
    found = plate_data.forget(portal, plate, call.user)
    told = {"deleted": notes.masked(plate), "passages": found["passages"], "entries": found["entries"]}
    portal.store.changes.add(call.user, "plate", 0, None, told)
    return data(found)


ROUTES = (
    download(
        "plates/<plate>/data.zip",
        "configure",
        _export,
        "Everything that is stored of exactly this plate: passages, pictures, deliveries, entries of lists, what Audit tells.",
        reply="application/zip",
    ),
    api(
        "DELETE",
        "api/plates/<plate>/data",
        "configure",
        _delete,
        "Deletes all of it, also from the copies of the lists, with exports on this camera in which it stands (`files`); passages "
        "with messages still to be delivered are told, and go once they are. Audit still says who did what, without the plate, "
        "and its vehicle still counts as inside; logs keep it until newer lines take their place, and what is kept for a way "
        "back to an earlier version does until the next one.",
        reply=shapes.Forgotten,
    ),
)
