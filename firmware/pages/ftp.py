"""FTP server (manual 5.1, Architecture 1): settings, log-ins and certificate, with the API behind the page."""

from __future__ import annotations

import re
from typing import Any, TypedDict

from board.kit.errors import ConfigError
from board.kit.web.forms import fields
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, Partial, Refused, api, data, download, page, said
from board.kit.words import Text, mark
from firmware.ftp.settings import FtpSettings
from firmware.host import Host
from firmware.menu import NETWORK
from firmware.pages.https import came_by
from firmware.people.device_passwords import DevicePassword
from firmware.server_settings import changed, shown, store

_HERE = re.compile(r"//(?:127\.0\.0\.1|\[::1\]):")
NAME = "setup/network/ftp.html"
USE = "ftp"


class Ftp(TypedDict):
    """`settings`: as the page has them; `url`: where it listens, "" while it does not; `problem`: why it does not though it is on;
    `clients`: logged in now; `sent`, `received`: bytes since its start; `fingerprint`: SHA-256 of its certificate."""

    settings: dict[str, Any]
    url: str
    problem: str
    clients: int
    sent: int
    received: int
    fingerprint: str


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(
    host: Host,
    call: Call,
    status: int = 200,
    error: object = "",
    values: dict[str, Any] | None = None,
    problems: dict[str, Text] | None = None,
    device: DevicePassword | None = None,
    secret: str = "",
) -> Answer:
    """`values`, `problems`: what was sent and is not right; `secret`: of the `device` that was just made, shown this once."""
    stored, status_now = host.ftp.settings.model_dump(), host.ftp.status()
    devices = [each for each in host.auth.devices.all() if each.use == USE]
    return host.page(
        call,
        "ftp",
        Text("FTP server"),
        status=status,
        here=f"/{NAME}",
        error=error,
        problems=problems or {},
        shown=shown(host.ftp),
        fields=fields(FtpSettings, {**stored, **(values or {})}, {}),
        ftp=status_now,
        address=_address(status_now.url, call),
        enabled=host.ftp.settings.enabled,
        devices=[(each, host.auth.devices.last_use(each.user)) for each in devices] if call.may("people") else None,
        device=device,
        secret=secret,
    )


def _address(url: str, call: Call[Any, Any]) -> str:
    """As other machines reach it: by the name or address by which the browser has reached the camera."""
    asked = came_by(call)[0]
    return _HERE.sub(lambda _: f"//{asked}:", url) if asked else url


def _change(host: Host, call: Call) -> Answer:
    return changed(host, call, host.ftp, mark("FTP server changed"), NAME, _page)


def _add(host: Host, call: Call) -> Answer:
    try:
        device, secret = host.auth.administration.make_device_password(call.visitor, USE, call.body.get("name", "").strip())
    except ConfigError as why:
        return _page(host, call, 400, Text("Not added: {reason}.", {"reason": why}))
    return _page(host, call, device=device, secret=secret)


def _remove(host: Host, call: Call) -> Answer:
    user = call.body.get("user", "")
    try:
        if user not in [each.user for each in host.auth.devices.all() if each.use == USE]:
            raise ConfigError("there is no device password of {user}", user=user[:20])
        host.auth.administration.remove_device_password(call.visitor, user)
    except ConfigError as why:
        return _page(host, call, 400, Text("Not removed: {reason}.", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


def _certificate(host: Host, call: Call) -> Answer:
    text = host.ftp.certificate()
    if not text:
        raise Refused(404, "There is no certificate yet: it is made when the FTP server is switched on for the first time.")
    name = ("Content-Disposition", 'attachment; filename="camera.crt"')
    return Answer(text.encode(), "application/x-pem-file", headers=(name,))


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    status = said(host.ftp.status(), call.language)
    assert isinstance(status, dict)
    return data({"settings": host.ftp.settings.model_dump(), **status})


def _put(host: Host, call: Call[object, dict[str, Any]]) -> Answer:
    store(host, call, host.ftp, dict(call.body), mark("FTP server changed"))
    return data({"settings": host.ftp.settings.model_dump()})


class Stored(TypedDict):
    settings: dict[str, Any]


TAB = Tab(
    NAME,
    "FTP server",
    3,
    "configure",
    (
        page(NAME, "configure", _show),
        page("setup/network/ftp/change", "configure", _change, method="POST"),
        page("setup/network/ftp/add", "people", _add, method="POST"),
        page("setup/network/ftp/remove", "people", _remove, method="POST"),
        download(
            "setup/network/ftp/camera.crt",
            "configure",
            _certificate,
            "The camera's certificate in PEM, for cameras and programs that connect to its FTP server.",
            reply="application/x-pem-file",
        ),
        api("GET", "api/ftp", "configure", _get, "The FTP server: its settings, and how it is.", reply=Ftp),
        api(
            "PUT",
            "api/ftp",
            "configure",
            _put,
            "Changes the FTP server's settings; it starts anew, or ends.",
            body=Partial(FtpSettings),
            reply=Stored,
        ),
    ),
    NETWORK,
)
