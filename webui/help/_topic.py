"""Topic: a page of help and what its checks are made of."""

from __future__ import annotations

from collections.abc import Callable

from board.kit.dataclass import dataclass
from board.kit.words import NOTHING, Text
from engine.store import StoredPassage
from webui.portal import Portal
from webui.view import shapes

OK, WARN, BAD, SAID = "ok", "warn", "bad", "info"
"""How what was found is; SAID: for people to judge."""

NEWEST = 10
"""Cars that a check looks at."""


@dataclass(frozen=True, slots=True)
class Topic:
    """`name`: its address; `order`: its place; `permission`: of its page; `checks(portal, plate)`: made now, within some seconds;
    `asks_plate`: they are about one plate, "" for the newest."""

    name: str
    order: int
    title: str
    about: str
    permission: str
    checks: Callable[[Portal, str], list[shapes.HelpCheck]]
    asks_plate: bool = False


def check(title: Text, state: str, found: Text | str, todo: Text = NOTHING, href: str = "") -> shapes.HelpCheck:
    """What was `found`, how that is, what to do about it and where."""
    return {"title": title, "state": state, "found": found, "todo": todo or None, "href": href}


def newest(portal: Portal) -> list[StoredPassage]:
    """The newest cars that were read."""
    return [each for each in portal.store.passages.last_stored(50) if each.passage.plate][:NEWEST]
