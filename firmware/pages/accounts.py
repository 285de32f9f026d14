"""Accounts: who may log in, and what they may do."""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, page
from firmware.host import Host
from firmware.people.accounts import MIN_PASSWORD, ROLES

NAME = "setup/system/accounts.html"


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call, "", "", 200)


def _page(host: Host, call: Call, error: object, user: str, status: int) -> Answer:
    accounts = host.auth.accounts.all()
    return host.page(
        call, "accounts", "Accounts", status=status, accounts=accounts, roles=ROLES, error=error, user=user, least=MIN_PASSWORD
    )


def _add(host: Host, call: Call) -> Answer:
    user = call.body.get("user", "").strip()
    try:
        host.auth.accounts.add(user, call.body.get("role", ""), call.body.get("password", ""))
    except ConfigError as why:
        return _page(host, call, f"Not added: {why}.", user[:32], 400)
    raise Elsewhere(f"/{NAME}")


def _remove(host: Host, call: Call) -> Answer:
    user = call.body.get("user", "")
    try:
        host.auth.accounts.remove(user)
    except ConfigError as why:
        return _page(host, call, f"Not removed: {why}.", "", 400)
    host.auth.sessions.close_all(user)
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
