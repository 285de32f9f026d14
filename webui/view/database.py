"""Database: what the portal shows of its copies, and of what was done to it when it was damaged."""

from __future__ import annotations

from board.identity import confirmations
from board.kit.words import Text, mark
from engine.store import backup, rescue
from webui.portal import Portal
from webui.view import shapes

NAMES = {
    backup.NEWEST: mark("Newest copy"),
    backup.DAILY: mark("Copy of a day before"),
    backup.BEFORE: mark("Before the last reset or restore"),
}


def database(portal: Portal) -> shapes.Database:
    """Read anew each time: the service makes the copies."""
    path = portal.state.database
    told = rescue.notice(path)
    return {
        "copies": [
            {
                "name": each.name,
                "label": Text(NAMES[each.name]),
                "at": each.at.isoformat(),
                "at_local": portal.local(each.at),
                "lists": each.lists,
                "entries": each.entries,
            }
            for each in backup.abouts(path)
        ],
        "notice": told.text if told else None,
        "notice_local": portal.local(told.at) if told else "",
        "mac": confirmations(portal.state)[0],
        "damaged_bytes": _size(portal),
    }


def _size(portal: Portal) -> int:
    try:
        return rescue.aside_of(portal.state.database).stat().st_size
    except OSError:
        return 0
