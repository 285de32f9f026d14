"""Page layout: renders the templates with what every page needs; all values are escaped by the template engine."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from board.kit.state import State
from board.kit.web.logo import logo_mark
from board.kit.web.menu import Tab
from board.kit.web.render import Templates, page_words
from board.kit.web.routes import Answer, Call
from board.kit.web.static_files import SHARED, StaticFiles
from board.kit.web.visitor import Visitor
from board.kit.words import Text
from board.kit.zones import camera_zone
from board.types import BoardProfile
from engine.settings import GeneralSettings

TEMPLATES = Path(__file__).parent / "templates"
STATIC = StaticFiles(Path(__file__).parent / "static", SHARED)
_ID = re.compile(r"/\d+(?=/|$)")
EVERY_PAGE = "portal"
"""The script of every page."""


class Camera(Protocol):
    """What every page tells of the camera (webui/portal.py)."""

    @property
    def state(self) -> State: ...

    @property
    def profile(self) -> BoardProfile: ...

    def general(self) -> GeneralSettings: ...

    def restart_due(self) -> Sequence[object]: ...

    def zone(self) -> ZoneInfo: ...


class PageLayout:
    """The templates of webui/templates and the tabs of the menu."""

    def __init__(self, tabs: Sequence[Tab[Any]]) -> None:
        self._tabs = tuple(sorted((tab for tab in tabs if tab.order), key=lambda tab: tab.order))
        self._permissions = {route.path: route.permission for tab in tabs for route in tab.routes if route.is_page}
        self._templates = Templates(TEMPLATES)

    def answer(
        self, portal: Camera, call: Call, template: str, title: str | Text, *, tab: str = "", status: int = 200, **values: object
    ) -> Answer:
        """A whole page. `tab`: the menu entry to mark."""
        html = self._templates.html(
            template,
            call.language,
            here=call.address,
            call=call,
            title=title,
            tab=tab,
            tabs=[each for each in self._tabs if call.may(each.permission)],
            device=portal.general().device_name,
            simulated=portal.profile.simulated,
            board=Text(portal.profile.title),
            static=f"/anpr/static/{STATIC.version}",
            scripts_of=lambda names: STATIC.scripts(EVERY_PAGE, *names),
            words_of=lambda names: page_words(call.language, *STATIC.scripts(EVERY_PAGE, *names)),
            logo=logo_mark(portal.state),
            time_zone=portal.zone(),
            system_zone=str(camera_zone("")),
            restart_due=portal.restart_due() if call.may("configure") else [],
            **values,
        )
        return Answer(html.encode(), "text/html; charset=utf-8", status)

    def home(self, visitor: Visitor) -> str:
        """Path of the first tab that `visitor` may see, below /anpr/."""
        return next((tab.name for tab in self._tabs if visitor.may(tab.permission)), "")

    def opens(self, visitor: Visitor, href: str) -> bool:
        """Whether `visitor` may open the page at `href`, such as "/anpr/lists/4?view=actions"."""
        path = urlsplit(href).path.removeprefix("/anpr/")
        return visitor.may(self._permissions[_ID.sub("/<id>", path)])
