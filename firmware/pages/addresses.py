"""Addresses: the board's network devices and its name; a change is tried for a minute before it stays. With the API behind it."""

from __future__ import annotations

import re
import socket
from dataclasses import asdict
from typing import Any, TypedDict

from board.identity import camera_id
from board.kit.errors import BoardError, ConfigError
from board.kit.settings import Settings, option
from board.kit.web.menu import Tab
from board.kit.web.routes import PUBLIC, Answer, Call, Elsewhere, api, data, page
from board.kit.words import Text, mark
from firmware.host import Host
from firmware.menu import NETWORK
from firmware.network.addresses import Device, Wish, checked, devices, mdns
from firmware.pages.https import came_by, moved

NAME = "setup/network/addresses.html"
KEEP = "setup/network/addresses/keep"
_HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


class AddressSent(Settings):
    """Address of a device"""

    device: str = option(..., "Device", "As the list names it, such as eth0.", max_length=15)
    dhcp: bool = option(..., "By DHCP", "A router gives the address.")
    address: str = option("", "Address", "IPv4 with its prefix, such as 192.168.1.20/24.", max_length=18)
    gateway: str = option("", "Gateway", "Of the same network; empty: none.", max_length=15)
    servers: str = option("", "Name servers", "Up to three IPv4 addresses, separated by blanks.", max_length=60)


class Kept(Settings):
    """Keeping what is tried"""

    code: str = option(..., "Code", "As the answer to the change told it.", max_length=40)


class NameSent(Settings):
    """Name of the camera"""

    name: str = option(..., "Name", "1 to 63 small letters, digits or '-'.", max_length=63)


class Addresses(TypedDict):
    """`can_change`: the helper for it is there; `problem`: why the last change could not be tried; `mdns`: NAME.local is
    answered."""

    name: str
    mdns: bool
    can_change: bool
    problem: str
    devices: list[Device]


class Tried(TypedDict):
    """`code`: sent to api/addresses/keep within `within_s`, else the settings of before are back."""

    code: str
    within_s: int


class KeptAddress(TypedDict):
    device: str


class NameOfCamera(TypedDict):
    name: str


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(
    host: Host,
    call: Call,
    status: int = 200,
    error: object = "",
    sent: dict[str, str] | None = None,
    field: str = "",
    code: str = "",
) -> Answer:
    """`sent`, `field`: what was sent and is not right; `code`: of the change that was just begun."""
    trial = host.trial.now()
    wish = trial[0] if trial else None
    return host.page(
        call,
        "addresses",
        Text("Addresses"),
        status=status,
        here=f"/{NAME}",
        error=error,
        sent=sent or {},
        field=field,
        devices=devices(),
        can=host.trial.can_change,
        problem=host.trial.problem,
        name=socket.gethostname(),
        id=camera_id(host.state),
        mdns=mdns(),
        wish=wish,
        left_s=round(trial[1]) if trial else 0,
        code=code,
        there=_there(host, wish, code) if wish is not None and code else "",
    )


def _there(host: Host, wish: Wish, code: str) -> str:
    """Where it is kept: at the new address, if that is known."""
    port = host.https.http_port
    place = wish.address.partition("/")[0]
    return f"http://{place}{'' if port == 80 else f':{port}'}/{KEEP}?code={code}" if place else f"/{KEEP}?code={code}"


def _wish(host: Host, form: AddressSent) -> Wish:
    known = {each.name: each for each in devices()}
    if form.device not in known:
        raise ConfigError("there is no {device}", device=form.device, field="device")
    if not known[form.device].managed:
        raise ConfigError("{device} is not managed by NetworkManager", device=form.device, field="device")
    servers = tuple(form.servers.replace(",", " ").split())
    return checked(Wish(form.device, form.dhcp, form.address, form.gateway, servers))


def _begin(host: Host, call: Call[Any, Any], form: AddressSent) -> str:
    if not host.trial.can_change:
        raise ConfigError("this board cannot do it: firmware/install puts the helper for it in its place")
    wish = _wish(host, form)
    code = host.trial.begin(wish)
    about = f"{wish.device}: {'DHCP' if wish.dhcp else wish.address}"
    host.record(call, mark("address tried"), about)
    return code


def _change(host: Host, call: Call) -> Answer:
    sent = {name: call.body.get(name, "").strip() for name in ("device", "method", "address", "gateway", "servers")}
    try:
        form = AddressSent(
            device=sent["device"], dhcp=sent["method"] == "dhcp", address=sent["address"], gateway=sent["gateway"],
            servers=sent["servers"],
        )  # fmt: skip
        code = _begin(host, call, form)
    except ConfigError as why:
        return _page(host, call, 400, Text("not changed: {reason}", {"reason": why}), sent, why.field)
    return _page(host, call, code=code)


def _ask_keep(host: Host, call: Call) -> Answer:
    return host.page(call, "keep", Text("Keep this address?"), code=call.query.get("code", "")[:40], error="", kept=False)


def _keep(host: Host, call: Call) -> Answer:
    """The code came from the page of who changed it: whoever has it reaches the camera by the new address, and need not log in."""
    try:
        _kept(host, call, call.body.get("code", ""))
    except ConfigError as why:
        return host.page(call, "keep", Text("Keep this address?"), status=400, code="", error=why, kept=False)
    return host.page(call, "keep", Text("Keep this address?"), code="", error="", kept=True)


def _kept(host: Host, call: Call[Any, Any], code: str) -> Wish:
    wish = host.trial.keep(code)
    about = f"{wish.device}: {'DHCP' if wish.dhcp else wish.address}"
    host.auth.changes.add(call.visitor.name or "-", call.visitor.address, mark("address kept"), about)
    return wish


def _back(host: Host, call: Call) -> Answer:
    try:
        host.trial.back()
    except ConfigError as why:
        return _page(host, call, 400, why)
    raise Elsewhere(f"/{NAME}")


def _named(host: Host, call: Call[Any, Any], name: str) -> None:
    if not _HOST_NAME.fullmatch(name):
        raise ConfigError("must be 1 to 63 small letters, digits or '-'", field="name")
    try:
        host.helper.ask("name", name=name)
    except BoardError as why:
        raise ConfigError("{why}", why=why) from why
    host.record(call, mark("name of the camera changed"), name)


def _rename(host: Host, call: Call) -> Answer:
    before, now = socket.gethostname(), call.body.get("name", "").strip()
    name, port = came_by(call)
    try:
        _named(host, call, now)
    except ConfigError as why:
        return _page(host, call, 400, Text("not changed: {reason}", {"reason": why}), field=why.field)
    found, _, domain = name.partition(".")
    if found.lower() != before.lower() or now == before:
        raise Elsewhere(f"/{NAME}")
    scheme = "https" if host.auth.front.is_secure(call.environ) else "http"
    there = f"{now}.{domain}" if domain else now
    return moved(host, call, Text("Addresses"), f"{scheme}://{there}{f':{port}' if port else ''}/{NAME}")


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    return data(
        {
            "name": socket.gethostname(),
            "mdns": mdns(),
            "can_change": host.trial.can_change,
            "problem": host.trial.problem.said(call.language.translate),
            "devices": [asdict(each) for each in devices()],
        }
    )


def _put(host: Host, call: Call[object, AddressSent]) -> Answer:
    return data({"code": _begin(host, call, call.body), "within_s": 60})


def _post_keep(host: Host, call: Call[object, Kept]) -> Answer:
    return data({"device": _kept(host, call, call.body.code).device})


def _put_name(host: Host, call: Call[object, NameSent]) -> Answer:
    _named(host, call, call.body.name)
    return data({"name": call.body.name})


TAB = Tab(
    NAME,
    "Addresses",
    1,
    "configure",
    (
        page(NAME, "configure", _show),
        page("setup/network/addresses/change", "configure", _change, method="POST"),
        page("setup/network/addresses/back", "configure", _back, method="POST"),
        page("setup/network/addresses/name", "configure", _rename, method="POST"),
        page(KEEP, PUBLIC, _ask_keep),
        page(KEEP, PUBLIC, _keep, method="POST"),
        api(
            "GET",
            "api/addresses",
            "configure",
            _get,
            "The network devices, their addresses, and the camera's name.",
            reply=Addresses,
        ),
        api(
            "PUT",
            "api/addresses",
            "configure",
            _put,
            "Tries another address for a minute; it goes back unless it is kept.",
            body=AddressSent,
            reply=Tried,
        ),
        api(
            "POST", "api/addresses/keep", "configure", _post_keep, "Keeps the address that is tried.", body=Kept, reply=KeptAddress
        ),
        api("PUT", "api/addresses/name", "configure", _put_name, "Names the camera.", body=NameSent, reply=NameOfCamera),
    ),
    NETWORK,
)
