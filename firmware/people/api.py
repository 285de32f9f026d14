"""People's API: accounts, own password, API tokens, device passwords and what was changed, as JSON below /api/."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from bottle import Bottle, HTTPResponse, request

from board.kit.errors import ConfigError
from board.kit.permissions import PERMISSIONS, ROLES
from firmware.packages.uploads import content_length
from firmware.people.auth import BY_TOKEN, Auth, answer, check_origin, must_wait
from firmware.people.device_passwords import DevicePassword
from firmware.people.log_in import MustWait
from firmware.people.passwords import Busy
from firmware.people.tokens import Token

MAX_BODY_BYTES = 16 << 10
MOST_CHANGES = 500


def routes(app: Bottle, auth: Auth) -> None:
    """Adds all of them to `app`."""
    for method, path, act in (*_own(auth), *_accounts(auth), *_tokens(auth), *_device_passwords(auth), *_changes(auth)):
        app.route(path, method, _answered(act))


Act = Callable[..., tuple[int, object]]
_Routes = tuple[tuple[str, str, Act], ...]


def _own(auth: Auth) -> _Routes:
    def me() -> tuple[int, object]:
        visitor = auth.api()
        return 200, {"name": visitor.name, "role": visitor.role, "permissions": sorted(visitor.permissions), "by": visitor.by}

    def password() -> tuple[int, object]:
        visitor = auth.visitor()
        if visitor is None or visitor.by == BY_TOKEN:
            raise answer(401, "log in with your password first")
        check_origin()
        old, new = _texts(_body(), "old", "new")
        if auth.check(visitor.name, old) is None:
            raise ConfigError("the present password is wrong", field="old")
        auth.set_password(visitor, new)
        return 200, {"name": visitor.name}

    return ("GET", "/api/me", me), ("POST", "/api/password", password)


def _accounts(auth: Auth) -> _Routes:
    def listing() -> tuple[int, object]:
        auth.api("people")
        accounts = [
            {"name": each.name, "role": each.role, "permissions": sorted(each.permissions), "must_change": each.must_change}
            for each in auth.accounts.all()
        ]
        roles = {role: sorted(permissions) for role, permissions in ROLES.items()}
        damage = [str(each) for each in auth.damage()]
        return 200, {"accounts": accounts, "roles": roles, "permissions": dict(PERMISSIONS), "damage": damage}

    def add() -> tuple[int, object]:
        visitor = auth.api("people")
        name, role, password = _texts(_body(), "name", "role", "password")
        auth.add_account(visitor, name, role, password)
        return 201, {"name": name, "role": role}

    def change(name: str) -> tuple[int, object]:
        visitor = auth.api("people")
        (role,) = _texts(_body(), "role")
        auth.set_role(visitor, name, role)
        return 200, {"name": name, "role": role}

    def remove(name: str) -> tuple[int, object]:
        visitor = auth.api("people")
        auth.remove_account(visitor, name)
        return 200, {"removed": name}

    one = "/api/accounts/<name:re:[A-Za-z0-9._-]+>"
    return ("GET", "/api/accounts", listing), ("POST", "/api/accounts", add), ("PUT", one, change), ("DELETE", one, remove)


def _tokens(auth: Auth) -> _Routes:
    def listing() -> tuple[int, object]:
        auth.api("people")
        return 200, {"tokens": [_token(auth, each) for each in auth.tokens.all()]}

    def make() -> tuple[int, object]:
        visitor = auth.api("people")
        body = _body()
        (name,) = _texts(body, "name", others=("permissions", "expires"))
        permissions, expires = body.get("permissions"), body.get("expires") or ""
        if not isinstance(permissions, list) or not all(isinstance(each, str) for each in permissions):
            raise ConfigError("permissions: must be a list of names", field="permissions")
        if not isinstance(expires, str):
            raise ConfigError("expires: must be a text", field="expires")
        token, secret = auth.make_token(visitor, name, permissions, expires)
        return 201, {"token": secret, **_token(auth, token)}

    def revoke(token_id: str) -> tuple[int, object]:
        visitor = auth.api("people")
        return 200, {"revoked": auth.revoke_token(visitor, token_id).name}

    one = "/api/tokens/<token_id:re:[0-9a-f]+>"
    return ("GET", "/api/tokens", listing), ("POST", "/api/tokens", make), ("DELETE", one, revoke)


def _device_passwords(auth: Auth) -> _Routes:
    def listing() -> tuple[int, object]:
        auth.api("people")
        return 200, {"device_passwords": [_device(auth, each) for each in auth.devices.all()]}

    def make() -> tuple[int, object]:
        visitor = auth.api("people")
        use, name = _texts(_body(), "use", "name")
        device, password = auth.make_device_password(visitor, use, name)
        return 201, {"password": password, **_device(auth, device)}

    def remove(user: str) -> tuple[int, object]:
        visitor = auth.api("people")
        return 200, {"removed": auth.remove_device_password(visitor, user).name}

    all_of_them, one = "/api/device-passwords", "/api/device-passwords/<user:re:[a-z0-9-]+>"
    return ("GET", all_of_them, listing), ("POST", all_of_them, make), ("DELETE", one, remove)


def _changes(auth: Auth) -> _Routes:
    def newest() -> tuple[int, object]:
        auth.api("audit")
        return 200, {"changes": [asdict(each) for each in auth.changes.newest(MOST_CHANGES)]}

    return (("GET", "/api/changes", newest),)


def _token(auth: Auth, token: Token) -> dict[str, object]:
    """Without its secret. `in_force`: what it may do now, which is less when its maker may do less."""
    return {
        "id": token.id,
        "name": token.name,
        "maker": token.maker,
        "permissions": list(token.permissions),
        "in_force": sorted(auth.tokens.permissions(token)),
        "made": token.made,
        "expires": token.expires or None,
        "used": token.used or None,
    }


def _device(auth: Auth, device: DevicePassword) -> dict[str, object]:
    """Without its password."""
    used = auth.devices.last_use(device.user) or None
    return {"use": device.use, "name": device.name, "user": device.user, "maker": device.maker, "made": device.made, "used": used}


def _answered(act: Act) -> Callable[..., HTTPResponse]:
    """`act` as a callback of Bottle; what it refuses becomes 422 with the field that is wrong, 429 or 503."""

    def callback(**path: str) -> HTTPResponse:
        try:
            status, document = act(**path)
        except MustWait as why:
            return must_wait(why)
        except Busy as why:
            return answer(503, str(why), {"Retry-After": "1"})
        except ConfigError as why:
            status, document = 422, {"error": str(why), "field": why.field}
        headers = {"Content-Type": "application/json; charset=utf-8", "Cache-Control": "no-store"}
        return HTTPResponse(json.dumps(document), status=status, headers=headers)

    return callback


def _body() -> Mapping[str, Any]:
    """The JSON object that was sent; 400 when it is none, 413 when it is too long."""
    length = content_length(MAX_BODY_BYTES)
    try:
        document = json.loads(request.environ["wsgi.input"].read(length).decode("utf-8"))
    except (ValueError, RecursionError, OSError) as why:
        raise answer(400, "the body is not JSON") from why
    if not isinstance(document, dict):
        raise answer(400, "the body is not a JSON object")
    return document


def _texts(body: Mapping[str, Any], *names: str, others: tuple[str, ...] = ()) -> list[str]:
    """The fields `names`, which must be texts; ConfigError for one that is missing, or of which nothing is known."""
    for name in body:
        if name not in (*names, *others):
            raise ConfigError("there is no field {name}", name=str(name)[:40])
    for name in names:
        if not isinstance(body.get(name), str):
            raise ConfigError("{name}: must be a text", field=name, name=name)
    return [body[name] for name in names]
