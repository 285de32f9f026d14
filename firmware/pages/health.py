"""Health: whether every enabled portal answers, for those who watch the camera; and the files that all pages use."""

from __future__ import annotations

from pathlib import Path
from typing import TypedDict

from board.kit.web.logo import logo_file
from board.kit.web.menu import Tab
from board.kit.web.routes import PUBLIC, Answer, Call, Refused, api, data, download
from board.kit.web.static_files import file
from firmware.host import STATIC, Host

ICON = Path(__file__).parents[1] / "static" / "icon.svg"


class Health(TypedDict):
    """`status`: ok or starting."""

    status: str


def _health(host: Host, call: Call) -> Answer:
    ready = host.packages.portals_ready()
    return data({"status": "ok" if ready else "starting"}, 200 if ready else 503)


def _logo(host: Host, call: Call) -> Answer:
    try:
        picture = logo_file(host.state).read_bytes()
    except OSError as why:
        raise Refused(404, "There is no such file.") from why
    return Answer(picture, "image/png", 200, (("Cache-Control", "public, max-age=86400"),))


TAB = Tab(
    "health",
    "Health",
    0,
    PUBLIC,
    (
        api("GET", "health", PUBLIC, _health, "200 when every enabled portal answers, else 503.", reply=Health),
        *STATIC.routes("host", PUBLIC),
        download("logo.png", PUBLIC, _logo),
        file("favicon.ico", PUBLIC, ICON),
    ),
)
