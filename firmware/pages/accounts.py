"""Accounts: who may log in, and what they may do, with the API behind the page."""

from __future__ import annotations

from board.kit.errors import ConfigError
from board.kit.permissions import PERMISSIONS, ROLES
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, api, data, page
from board.kit.words import Text
from firmware.host import Host
from firmware.menu import SECURITY
from firmware.people import shapes
from firmware.people.accounts import Account
from firmware.people.forms import GivenPassword, NewAccount, NewRole
from firmware.people.guesses import ACCOUNT_TRIES, FREE_TRIES, LONGEST_WAIT_S, TOTAL_TRIES
from firmware.people.passwords import MAX_PASSWORD, MIN_PASSWORD, Busy

NAME = "setup/security/accounts.html"
_ONE = "api/accounts/<name:re:[A-Za-z0-9._-]+>"


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
        most=MAX_PASSWORD,
        free_tries=FREE_TRIES,
        longest_wait_s=round(LONGEST_WAIT_S),
        account_tries=ACCOUNT_TRIES,
        total_tries=TOTAL_TRIES,
    )


def _add(host: Host, call: Call) -> Answer:
    user = call.body.get("user", "").strip()
    try:
        host.auth.administration.add_account(call.visitor, user, call.body.get("role", ""), call.body.get("password", ""))
    except (ConfigError, Busy) as why:
        return _page(host, call, Text("not added: {reason}", {"reason": why}), user[:32], 400)
    raise Elsewhere(f"/{NAME}")


def _change(host: Host, call: Call) -> Answer:
    try:
        host.auth.administration.set_role(call.visitor, call.body.get("user", ""), call.body.get("role", ""))
    except ConfigError as why:
        return _page(host, call, Text("not changed: {reason}", {"reason": why}), "", 400)
    raise Elsewhere(f"/{NAME}")


def _give(host: Host, call: Call) -> Answer:
    try:
        host.auth.administration.give_password(call.visitor, call.body.get("user", ""), call.body.get("password", ""))
    except (ConfigError, Busy) as why:
        return _page(host, call, Text("not changed: {reason}", {"reason": why}), "", 400)
    raise Elsewhere(f"/{NAME}")


def _remove(host: Host, call: Call) -> Answer:
    try:
        host.auth.administration.remove_account(call.visitor, call.body.get("user", ""))
    except ConfigError as why:
        return _page(host, call, Text("not removed: {reason}", {"reason": why}), "", 400)
    raise Elsewhere(f"/{NAME}")


# --- API --------------------------------------------------------------------------------------------------------------


def _listing(host: Host, call: Call) -> Answer:
    return data(
        {
            "accounts": [_account(each) for each in host.auth.accounts.all()],
            "roles": {role: sorted(permissions) for role, permissions in ROLES.items()},
            "permissions": dict(PERMISSIONS),
            "damage": [str(each) for each in host.auth.damage()],
        }
    )


def _account(account: Account) -> dict[str, object]:
    permissions = sorted(account.permissions)
    return {"name": account.name, "role": account.role, "permissions": permissions, "must_change": account.must_change}


def _post(host: Host, call: Call[object, NewAccount]) -> Answer:
    form = call.body
    host.auth.administration.add_account(call.visitor, form.name, form.role, form.password)
    return data({"name": form.name, "role": form.role}, 201)


def _put(host: Host, call: Call[object, NewRole]) -> Answer:
    form = call.body
    host.auth.administration.set_role(call.visitor, call.path["name"], form.role)
    return data({"name": call.path["name"], "role": form.role})


def _put_password(host: Host, call: Call[object, GivenPassword]) -> Answer:
    host.auth.administration.give_password(call.visitor, call.path["name"], call.body.password)
    return data({"name": call.path["name"]})


def _delete(host: Host, call: Call) -> Answer:
    host.auth.administration.remove_account(call.visitor, call.path["name"])
    return data({"removed": call.path["name"]})


TAB = Tab(
    NAME,
    "Accounts",
    1,
    "people",
    (
        page(NAME, "people", _show),
        page("setup/security/accounts/add", "people", _add, method="POST"),
        page("setup/security/accounts/role", "people", _change, method="POST"),
        page("setup/security/accounts/password", "people", _give, method="POST"),
        page("setup/security/accounts/remove", "people", _remove, method="POST"),
        api(
            "GET",
            "api/accounts",
            "people",
            _listing,
            "The accounts, the roles and what each permission allows.",
            reply=shapes.Accounts,
        ),
        api(
            "POST",
            "api/accounts",
            "people",
            _post,
            "Adds an account, which has to choose another password.",
            body=NewAccount,
            reply=shapes.NamedRole,
        ),
        api("PUT", _ONE, "people", _put, "Changes the role; the account's sessions end.", body=NewRole, reply=shapes.NamedRole),
        api(
            "PUT",
            f"{_ONE}/password",
            "people",
            _put_password,
            "Gives another account a password, which it has to replace; its sessions end.",
            body=GivenPassword,
            reply=shapes.Named,
        ),
        api("DELETE", _ONE, "people", _delete, "Removes an account with its sessions and tokens.", reply=shapes.Removed),
    ),
    SECURITY,
)
