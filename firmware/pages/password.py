"""Password: people choose their own password, at the first log-in and whenever they want; also tells who is logged in."""

from __future__ import annotations

from typing import Any

from board.kit.errors import ConfigError
from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, Answer, Call, Elsewhere, Refused, api, data, page
from board.kit.web.visitor import TOKEN
from board.kit.words import Text
from firmware.host import Host
from firmware.pages.log_in import local_path
from firmware.people import shapes
from firmware.people.accounts import Account
from firmware.people.auth import must_wait
from firmware.people.forms import OwnPassword
from firmware.people.log_in import MustWait
from firmware.people.passwords import MIN_PASSWORD, Busy


def _form(host: Host, call: Call) -> Answer:
    if call.visitor.by == TOKEN:
        raise Elsewhere("/login?next=/password")
    return _page(host, call, "", local_path(call.query.get("next", "/")), 200)


def _page(host: Host, call: Call, error: object, target: str, status: int) -> Answer:
    return host.page(call, "password", Text("New password"), status=status, error=error, next=target, least=MIN_PASSWORD)


def _change(host: Host, call: Call) -> Answer:
    if call.visitor.by == TOKEN:
        raise Elsewhere("/login?next=/password")
    new, target = call.body.get("new", ""), local_path(call.body.get("next", "/"))
    try:
        if new != call.body.get("again", ""):
            raise ConfigError("the two new passwords differ", field="again")
        account = _set(host, call, call.body.get("old", ""), new)
    except (ConfigError, MustWait, Busy) as why:
        return _page(host, call, why, target, 400 if isinstance(why, ConfigError) else 429)
    session = host.auth.enter(call, account)
    if not session:
        raise Elsewhere("/login")
    return Answer(b"", status=303, headers=host.auth.entering(call, session, target))


def _set(host: Host, call: Call[Any, Any], old: str, new: str) -> Account:
    account = host.auth.check(call, call.user, old)
    if account is None:
        raise ConfigError("the present password is wrong", field="old")
    return host.auth.administration.set_password(call.visitor, new, account)


# --- API --------------------------------------------------------------------------------------------------------------


def _put(host: Host, call: Call[object, OwnPassword]) -> Answer:
    form = call.body
    if call.visitor.by == TOKEN:
        raise Refused(403, "A token has no password: log in as its maker.")
    try:
        _set(host, call, form.old, form.new)
    except MustWait as why:
        raise must_wait(why) from why
    return data({"name": call.user})


def _me(host: Host, call: Call) -> Answer:
    visitor = call.visitor
    return data({"name": visitor.name, "role": visitor.role, "permissions": sorted(visitor.permissions), "by": visitor.by})


TAB = Tab(
    "password",
    "Password",
    0,
    KNOWN,
    (
        page("password", KNOWN, _form),
        page("password", KNOWN, _change, method="POST"),
        api(
            "POST",
            "api/password",
            KNOWN,
            _put,
            "Replaces your own password; sessions end.",
            body=OwnPassword,
            reply=shapes.Named,
        ),
        api("GET", "api/me", KNOWN, _me, "Who is logged in and what they may do.", reply=shapes.Me),
    ),
)
