"""Accounts: who may log in, and what they may do."""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.permissions import PERMISSIONS, ROLES
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, page
from board.kit.words import Text
from firmware.host import Host
from firmware.people.passwords import MIN_PASSWORD, Busy

NAME = "setup/system/accounts.html"


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call, "", "", 200)


def _page(host: Host, call: Call, error: object, user: str, status: int) -> Answer:
    return host.page(
        call,
        "accounts",
        Text("Accounts"),
        status=status,
        here=f"/{NAME}",
        accounts=host.auth.accounts.all(),
        roles=ROLES,
        permissions=PERMISSIONS,
        error=error,
        user=user,
        least=MIN_PASSWORD,
        damage=host.auth.damage(),
    )


def _add(host: Host, call: Call) -> Answer:
    user = call.body.get("user", "").strip()
    try:
        host.auth.add_account(call.visitor, user, call.body.get("role", ""), call.body.get("password", ""))
    except (ConfigError, Busy) as why:
        return _page(host, call, Text("not added: {why}", {"why": why}), user[:32], 400)
    raise Elsewhere(f"/{NAME}")


def _remove(host: Host, call: Call) -> Answer:
    try:
        host.auth.remove_account(call.visitor, call.body.get("user", ""))
    except ConfigError as why:
        return _page(host, call, Text("not removed: {why}", {"why": why}), "", 400)
    raise Elsewhere(f"/{NAME}")


TAB = Tab(
    NAME,
    "Accounts",
    2,
    "people",
    (
        page(NAME, "people", _show),
        page("setup/system/accounts/add", "people", _add, method="POST"),
        page("setup/system/accounts/remove", "people", _remove, method="POST"),
    ),
)
