"""Log-in and log-out."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, PUBLIC, Answer, Call, Elsewhere, page
from board.kit.words import Text, mark
from firmware.host import Host
from firmware.people.auth import must_wait
from firmware.people.log_in import MustWait


def _form(host: Host, call: Call) -> Answer:
    return _page(host, call, "", "", local_path(call.query.get("next", "/")), 200)


def _page(host: Host, call: Call, error: object, user: str, target: str, status: int) -> Answer:
    initial = host.auth.accounts.initial_file.exists()
    return host.page(call, "login", Text("Log in"), status=status, error=error, user=user, next=target, initial=initial)


def _enter(host: Host, call: Call) -> Answer:
    user, target = call.body.get("user", "").strip(), local_path(call.body.get("next", "/"))
    try:
        account = host.auth.check(call, user, call.body.get("password", ""))
    except MustWait as why:
        refused = must_wait(why)
        return replace(_page(host, call, why, user, target, refused.status), headers=refused.headers)
    session = host.auth.enter(call, account) if account is not None else ""
    if account is None or not session:
        return _page(host, call, Text("User name or password is wrong."), user, target, 401)
    host.auth.changes.add(account.name, host.auth.addresses.of(call.environ), mark("logged in"))
    if account.must_change:
        target = "/password" if target == "/" else f"/password?next={quote(target, safe='/')}"
    return Answer(b"", status=303, headers=host.auth.entering(call, session, target))


def _leave(host: Host, call: Call) -> Answer:
    host.auth.sessions.close(call.visitor.session)
    return Answer(b"", status=303, headers=host.auth.leaving(call, "/login"))


def _home(host: Host, call: Call) -> Answer:
    first = next((tab.name for group in host.menu for tab in group.tabs if call.may(tab.permission)), "anpr/")
    raise Elsewhere(f"/{first}")


def local_path(text: str) -> str:
    """`text` when it is a path on this camera, else "/": where to go after the log-in."""
    if text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text:
        return text
    return "/"


TAB = Tab(
    "login",
    "Log in",
    0,
    PUBLIC,
    (
        page("", KNOWN, _home),
        page("login", PUBLIC, _form),
        page("login", PUBLIC, _enter, method="POST"),
        page("logout", PUBLIC, _leave, method="POST"),
    ),
)
