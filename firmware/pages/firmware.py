"""Firmware: versions of host, packages and board, how long it has run, and a restart of its programs or of the whole board."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

from board.kit.errors import BoardError
from board.kit.settings import Settings, option, unfit
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, api, data, page
from board.kit.words import Text, mark
from firmware import platform_text
from firmware.host import Host
from firmware.machine.facts import facts
from firmware.menu import SYSTEM

NAME = "setup/system/firmware.html"
PROGRAMS, BOARD = "programs", "board"


class RestartForm(Settings):
    what: str = option(
        ..., "What", "programs: host and packages; board: the whole board is switched off and on.", choices=(PROGRAMS, BOARD)
    )
    confirmed: bool = option(False, "Confirmed", "No gate opens until it runs again.")


class Firmware(TypedDict):
    """`host`: its version; `packages`: {name: version}; `can_reboot`: the helper for it is there, or the board is simulated."""

    host: str
    packages: dict[str, str]
    machine: dict[str, Any]
    simulated: bool
    can_reboot: bool


class Restarting(TypedDict):
    restarts: str


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, code: int = 200, error: object = "") -> Answer:
    return host.page(
        call, "firmware", Text("Firmware and restart"), status=code, here=f"/{NAME}", error=error, host=platform_text(),
        packages=host.packages.listing(), machine=facts(), profile=host.profile, can=_can(host),
    )  # fmt: skip


def _can(host: Host) -> bool:
    return host.helper.is_there or host.simulated


def _restart(host: Host, call: Call) -> Answer:
    try:
        _begin(host, call, call.body.get("what", ""), "confirmed" in call.body)
    except (BoardError, ValueError) as why:
        return _page(host, call, 400, Text("not restarted: {reason}", {"reason": why}))
    return host.page(call, "going", Text("The camera starts again"), here=f"/{NAME}", scripts=("going",))


def _begin(host: Host, call: Call[Any, Any], what: str, confirmed: bool) -> None:
    if what not in (PROGRAMS, BOARD):
        raise unfit("what", "What", "must be one of {choices}", choices=[PROGRAMS, BOARD])
    if not confirmed:
        raise unfit("confirmed", "Confirmed", "confirm it: no gate opens until the camera runs again")
    if what == BOARD and not host.simulated:
        host.helper.ask("reboot")
    else:
        host.restart.ask()
    host.record(call, mark("camera restarted"), what)


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    return data(
        {
            "host": platform_text(),
            "packages": {each.name: each.version for each in host.packages.listing()},
            "machine": asdict(facts()),
            "simulated": host.simulated,
            "can_reboot": _can(host),
        }
    )


def _post(host: Host, call: Call[object, RestartForm]) -> Answer:
    _begin(host, call, call.body.what, call.body.confirmed)
    return data({"restarts": call.body.what}, 202)


TAB = Tab(
    NAME,
    "Firmware and restart",
    3,
    "system",
    (
        page(NAME, "system", _show),
        page("setup/system/firmware/restart", "system", _restart, method="POST"),
        api("GET", "api/firmware", "system", _get, "Versions of host and packages, and how the board is.", reply=Firmware),
        api(
            "POST",
            "api/restart",
            "system",
            _post,
            "Restarts the camera's programs, or the board.",
            body=RestartForm,
            reply=Restarting,
        ),
    ),
    SYSTEM,
)
