"""Host: what every handler of the host's pages, CGIs and API gets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.state import State
from board.kit.web.logo import logo_mark
from board.kit.web.render import Templates, page_words
from board.kit.web.routes import Answer, Call
from board.kit.web.static_files import SHARED, StaticFiles
from board.kit.words import Text
from board.kit.zones import camera_zone
from firmware.ftp.service import FtpService
from firmware.gateway.proxy import Proxy
from firmware.https.service import HttpsService
from firmware.keeping.backups import Backups
from firmware.machine.root import Helper
from firmware.menu import Group, menu_for
from firmware.network.trial import AddressTrial
from firmware.packages.management import Packages
from firmware.packages.uploads import Uploads
from firmware.people.auth import Auth
from firmware.restart import Restart
from firmware.update.service import HostUpdate

TEMPLATES = Path(__file__).parent / "templates"
STATIC = StaticFiles(Path(__file__).parent / "static", SHARED)
PACKAGES_PAGE = "/setup/application/vadp.html"


@dataclass(frozen=True, slots=True)
class Host:
    """One object per process; its parts are safe to use from several threads. `card_present()`: an SD card is in the camera;
    `menu`: its groups in their order; `card`: where an SD card belongs, "" nowhere."""

    auth: Auth
    packages: Packages
    uploads: Uploads
    card_present: Callable[[], bool]
    templates: Templates
    proxy: Proxy
    menu: tuple[Group, ...]
    ftp: FtpService
    https: HttpsService
    state: State
    backups: Backups
    restart: Restart
    update: HostUpdate
    helper: Helper
    trial: AddressTrial
    profile: str
    simulated: bool
    card: str

    def record(self, call: Call[Any, Any], what: str, about: str = "") -> None:
        """Who did `what` goes into Changes."""
        self.auth.changes.add(call.visitor.name, call.visitor.address, what, about)

    def zone(self) -> ZoneInfo:
        """The time zone of the pages: the system's."""
        return camera_zone("")

    def page(
        self,
        call: Call,
        template: str,
        title: Text,
        *,
        status: int = 200,
        refresh_s: int = 0,
        here: str = "",
        scripts: tuple[str, ...] = (),
        **values: object,
    ) -> Answer:
        """The page `template` inside the frame that all pages share. `refresh_s`: the browser loads it again after this long;
        `here`: its address, where that is not the one asked for; `scripts`: names of firmware/static that it runs."""
        every_page = ("habit", "forms") if call.visitor.by else ("habit",)
        all_scripts = STATIC.scripts(*every_page, *scripts)
        html = self.templates.html(
            template,
            call.language,
            title=title,
            here=here or call.address,
            scripts=scripts,
            static=f"/host/{STATIC.version}",
            all_scripts=all_scripts,
            page_words=page_words(call.language, *all_scripts),
            refresh_s=refresh_s,
            visitor=call.visitor if call.visitor.by else None,
            menu=menu_for(self.menu, call),
            damage=self.auth.damage() if call.may("people") else (),
            logo=logo_mark(self.state),
            path=call.address.partition("?")[0].removeprefix("/"),
            time_zone=self.zone() if call.visitor.by else None,
            **values,
        )
        return Answer(html.encode(), "text/html; charset=utf-8", status)
