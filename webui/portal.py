"""Portal: what every handler gets, and the types a tab is made of: Call in, Answer out, Route and Tab as data."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.settings import Problem
from board.kit.state import State
from board.kit.words import Text
from board.kit.zones import camera_zone
from board.types import BoardProfile
from engine.settings import GeneralSettings, LprSettings

if TYPE_CHECKING:
    from engine.actions import Kinds
    from engine.store import Store
    from webui.pages import Pages
    from webui.picture import Picture
    from webui.service_client import ServiceClient


class Refused(GatewrightError):
    """A request that is not carried out. `status`: HTTP status; `problems`: what is wrong, for the form's fields."""

    def __init__(self, status: int, text: str, problems: tuple[Problem, ...] = (), **values: object) -> None:
        super().__init__(Text(text, values))
        self.status = status
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Call:
    """One request. `path`: the route's named parts; `query`: the last value of each name; `body`: the JSON object sent."""

    user: str
    role: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Mapping[str, Any]

    def number(self, name: str, default: int, lowest: int, highest: int) -> int:
        """A whole number of the query, moved into the range; anything else is `default`."""
        text = self.query.get(name, "")
        value = int(text) if text.removeprefix("-").isdecimal() and len(text) < 19 else default
        return max(lowest, min(highest, value))

    def id(self, name: str) -> int:
        """A whole number of the path; Refused 404 otherwise."""
        text = self.path[name]
        if not text.isdecimal() or len(text) > 18:
            raise Refused(404, "No such page.")
        return int(text)


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. `type`: the content type."""

    body: bytes
    type: str = "application/json"
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()


def data(value: object, status: int = 200) -> Answer:
    """`value` (only JSON types) as the answer. Half a character (a lone surrogate), quoted from a request, becomes "?"."""
    return Answer(json.dumps(value, ensure_ascii=False).encode("utf-8", "replace"), "application/json", status)


@dataclass(frozen=True, slots=True)
class Route:
    """`path` is below /anpr/; its parts in <angles> reach `answer` as Call.path. `role`: the least role that may use it.

    `help`: one line for docs/api.md (routes below api/ only)."""

    method: str
    path: str
    role: str
    answer: Callable[[Portal, Call], Answer]
    help: str = ""


@dataclass(frozen=True, slots=True)
class Tab:
    """A tab of the portal (manual 4.1): `name` is its path below /anpr/, `role` the least role that sees it, `order` its place.

    A tab with order 0 stands in no menu."""

    name: str
    title: str
    order: int
    role: str
    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class Portal:
    """Everything a handler may use. One object per process; its parts are safe to use from several threads."""

    state: State
    clock: Clock
    profile: BoardProfile
    store: Store
    kinds: Kinds
    service: ServiceClient
    picture: Picture
    pages: Pages
    restart_due: set[str]
    """Titles of settings that were saved and wait for "Restart service"."""

    def general(self) -> GeneralSettings:
        return self.store.settings(GeneralSettings)

    def lpr(self) -> LprSettings:
        return self.store.settings(LprSettings)

    def zone(self) -> ZoneInfo:
        """The camera's time zone; UTC when this system does not know the one that was set."""
        return camera_zone(self.general().time_zone)

    def local(self, at: datetime | None, zone: ZoneInfo | None = None) -> str:
        """`at` for people: "2026-11-21 08:15:02" in the camera's time zone; "" for None."""
        return at.astimezone(zone or self.zone()).strftime("%Y-%m-%d %H:%M:%S") if at else ""
