"""Changes: who changed which account, token or device password, and from where."""

from __future__ import annotations

from dataclasses import asdict

from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, api, data, page
from board.kit.words import Text
from firmware.host import Host
from firmware.menu import SECURITY
from firmware.people.shapes import Changes

NAME = "setup/security/changes.html"
MOST = 500


def _show(host: Host, call: Call) -> Answer:
    return host.page(call, "changes", Text("Changes"), changes=host.auth.changes.newest(MOST))


def _listing(host: Host, call: Call) -> Answer:
    return data({"changes": [asdict(each) for each in host.auth.changes.newest(MOST)]})


TAB = Tab(
    NAME,
    "Changes",
    5,
    "audit",
    (
        page(NAME, "audit", _show),
        api(
            "GET",
            "api/changes",
            "audit",
            _listing,
            "What was changed of accounts, tokens and device passwords.",
            reply=Changes,
        ),
    ),
    SECURITY,
)
