"""Health: whether every enabled portal answers, for those who watch the camera; and the files that all pages use."""

from __future__ import annotations

from typing import TypedDict

from board.kit.web.menu import Tab
from board.kit.web.routes import PUBLIC, Answer, Call, api, data
from board.kit.web.static_files import SHARED, file, files
from firmware.host import STATIC, Host


class Health(TypedDict):
    """`status`: ok or starting."""

    status: str


def _health(host: Host, call: Call) -> Answer:
    ready = host.packages.portals_ready()
    return data({"status": "ok" if ready else "starting"}, 200 if ready else 503)


TAB = Tab(
    "health",
    "Health",
    0,
    PUBLIC,
    (
        api("GET", "health", PUBLIC, _health, "200 when every enabled portal answers, else 503.", reply=Health),
        *(file(f"host/{name}", PUBLIC, SHARED / name) for name in ("look.css", "ready.js", "words.js")),
        files("host/<name>", PUBLIC, STATIC),
        file("favicon.ico", PUBLIC, STATIC / "icon.svg"),
    ),
)
