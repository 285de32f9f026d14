"""Password: everybody chooses a password of his own, at the first log-in and whenever he wants."""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.web.menu import Tab
from board.kit.web.people import TOKEN
from board.kit.web.routes import KNOWN, Answer, Call, Elsewhere, page
from board.kit.words import Text
from firmware.host import Host
from firmware.people.log_in import MustWait
from firmware.people.passwords import MIN_PASSWORD, Busy


def _form(host: Host, call: Call) -> Answer:
    if call.visitor.by == TOKEN:
        raise Elsewhere("/login?next=/password")
    return _page(host, call, "", 200)


def _page(host: Host, call: Call, error: object, status: int) -> Answer:
    return host.page(call, "password", Text("New password"), status=status, error=error, least=MIN_PASSWORD)


def _change(host: Host, call: Call) -> Answer:
    if call.visitor.by == TOKEN:
        raise Elsewhere("/login?next=/password")
    try:
        _set(host, call)
    except (ConfigError, MustWait, Busy) as why:
        return _page(host, call, why, 400 if isinstance(why, ConfigError) else 429)
    host.auth.sessions.close_all(call.user)
    host.auth.changed(call.visitor, "password changed", call.user)
    return Answer(b"", status=303, headers=host.auth.entering(call, host.auth.sessions.open(call.user), "/"))


def _set(host: Host, call: Call) -> None:
    if host.auth.check(call, call.user, call.body.get("old", "")) is None:
        raise ConfigError("the present password is wrong", field="old")
    if call.body.get("new", "") != call.body.get("again", ""):
        raise ConfigError("the two new passwords differ", field="again")
    host.auth.accounts.set_password(call.user, call.body.get("new", ""))


TAB = Tab("password", "Password", 0, KNOWN, (page("password", KNOWN, _form), page("password", KNOWN, _change, method="POST")))
