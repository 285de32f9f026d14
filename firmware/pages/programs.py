"""Programs: what programs, recorders and servers log in with: API tokens and device passwords, with the API behind the page."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from board.kit.errors import ConfigError
from board.kit.people import USES
from board.kit.permissions import PERMISSIONS
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, api, data, page
from board.kit.words import Text
from firmware.host import Host
from firmware.menu import SECURITY
from firmware.people import shapes
from firmware.people.device_passwords import DevicePassword
from firmware.people.forms import DevicePasswordSent, TokenSent
from firmware.people.tokens import Token, end_of

NAME = "setup/security/programs.html"
_TOKEN = "api/tokens/<token_id:re:[0-9a-f]+>"
_DEVICE = "api/device-passwords/<user:re:[a-z0-9-]+>"


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(
    host: Host,
    call: Call,
    status: int = 200,
    error: object = "",
    token: Token | None = None,
    device: DevicePassword | None = None,
    secret: str = "",
) -> Answer:
    """`secret`: that of the `token` or `device` that was just made; it is shown this once."""
    auth = host.auth
    return host.page(
        call,
        "programs",
        Text("Programs"),
        status=status,
        error=error,
        tokens=[(each, sorted(auth.tokens.permissions(each))) for each in auth.tokens.all()],
        devices=[(each, auth.devices.last_use(each.user)) for each in auth.devices.all()],
        permissions=PERMISSIONS,
        uses=USES,
        token=token,
        device=device,
        secret=secret,
    )


def _add_token(host: Host, call: Call) -> Answer:
    wanted = tuple(name for name in PERMISSIONS if call.body.get(f"may_{name}"))
    name, expires = call.body.get("name", "").strip(), call.body.get("expires", "").strip()
    try:
        token, secret = host.auth.administration.make_token(call.visitor, name, wanted, _by_our_clock(expires, host.zone()))
    except ConfigError as why:
        return _page(host, call, 400, Text("Not added: {reason}.", {"reason": why}))
    return _page(host, call, token=token, secret=secret)


def _by_our_clock(day: str, zone: ZoneInfo) -> str:
    """A day that a browser gave ends by the camera's clock; what it is not is refused with the token."""
    try:
        return end_of(day, zone).isoformat()
    except ValueError:
        return day


def _add_device(host: Host, call: Call) -> Answer:
    use, name = call.body.get("use", ""), call.body.get("name", "").strip()
    try:
        device, secret = host.auth.administration.make_device_password(call.visitor, use, name, "view_only" in call.body)
    except ConfigError as why:
        return _page(host, call, 400, Text("Not added: {reason}.", {"reason": why}))
    return _page(host, call, device=device, secret=secret)


def _remove(host: Host, call: Call) -> Answer:
    try:
        if "token" in call.body:
            host.auth.administration.revoke_token(call.visitor, call.body["token"])
        else:
            host.auth.administration.remove_device_password(call.visitor, call.body.get("user", ""))
    except ConfigError as why:
        return _page(host, call, 400, Text("Not removed: {reason}.", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


# --- API --------------------------------------------------------------------------------------------------------------


def _tokens(host: Host, call: Call) -> Answer:
    return data({"tokens": [_token_data(host, each) for each in host.auth.tokens.all()]})


def _post_token(host: Host, call: Call[object, TokenSent]) -> Answer:
    form = call.body
    token, secret = host.auth.administration.make_token(call.visitor, form.name, form.permissions, form.expires or "")
    return data({"token": secret, **_token_data(host, token)}, 201)


def _delete_token(host: Host, call: Call) -> Answer:
    return data({"revoked": host.auth.administration.revoke_token(call.visitor, call.path["token_id"]).name})


def _devices(host: Host, call: Call) -> Answer:
    return data({"device_passwords": [_device_data(host, each) for each in host.auth.devices.all()]})


def _post_device(host: Host, call: Call[object, DevicePasswordSent]) -> Answer:
    form = call.body
    device, password = host.auth.administration.make_device_password(call.visitor, form.use, form.name, form.view_only)
    return data({"password": password, **_device_data(host, device)}, 201)


def _delete_device(host: Host, call: Call) -> Answer:
    return data({"removed": host.auth.administration.remove_device_password(call.visitor, call.path["user"]).name})


def _token_data(host: Host, token: Token) -> dict[str, object]:
    """Without its secret. `in_force`: what it may do now, which is less when its maker may do less."""
    return {
        "id": token.id,
        "name": token.name,
        "maker": token.maker,
        "permissions": list(token.permissions),
        "in_force": sorted(host.auth.tokens.permissions(token)),
        "made": token.made,
        "expires": token.expires or None,
        "used": token.used or None,
    }


def _device_data(host: Host, device: DevicePassword) -> dict[str, object]:
    """Without its password. `used`: since the host's start."""
    used = host.auth.devices.last_use(device.user) or None
    return {
        "use": device.use,
        "name": device.name,
        "user": device.user,
        "view_only": device.view_only,
        "maker": device.maker,
        "made": device.made,
        "used": used,
    }


TAB = Tab(
    NAME,
    "Programs",
    2,
    "people",
    (
        page(NAME, "people", _show),
        page("setup/security/programs/token", "people", _add_token, method="POST"),
        page("setup/security/programs/device", "people", _add_device, method="POST"),
        page("setup/security/programs/remove", "people", _remove, method="POST"),
        api("GET", "api/tokens", "people", _tokens, "The API tokens, without their secrets.", reply=shapes.Tokens),
        api(
            "POST",
            "api/tokens",
            "people",
            _post_token,
            "Makes a token; `token` is told this once: send it as Bearer.",
            body=TokenSent,
            reply=shapes.NewToken,
        ),
        api("DELETE", _TOKEN, "people", _delete_token, "Revokes a token.", reply=shapes.Revoked),
        api(
            "GET",
            "api/device-passwords",
            "people",
            _devices,
            "The device passwords without secrets.",
            reply=shapes.DevicePasswords,
        ),
        api(
            "POST",
            "api/device-passwords",
            "people",
            _post_device,
            "Makes a device password for one use; `password` is told this once.",
            body=DevicePasswordSent,
            reply=shapes.NewDevicePassword,
        ),
        api("DELETE", _DEVICE, "people", _delete_device, "Removes a device password.", reply=shapes.Removed),
    ),
    SECURITY,
)
