"""Firmware: versions of host, packages and board, an update of the host, and a restart of its programs or of the whole board."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

from board.kit.errors import BoardError, PackageError
from board.kit.settings import Settings, option, unfit
from board.kit.web.menu import Tab
from board.kit.web.routes import STREAM, Answer, Call, Refused, api, data, page, said
from board.kit.words import Text, mark
from firmware import platform_text
from firmware.host import Host
from firmware.machine.facts import facts
from firmware.menu import SYSTEM
from firmware.packages.records import TRIAL
from firmware.packages.uploads import MAX_UPLOAD_BYTES
from firmware.packages.verify import MAX_ARCHIVE_BYTES
from firmware.packages.versions import Unconfirmed
from firmware.update.service import UpdateStatus

NAME = "setup/system/firmware.html"
PROGRAMS, BOARD = "programs", "board"
ON_TRIAL_REFRESH_S = 5


class RestartForm(Settings):
    what: str = option(
        ..., "What", "programs: host and packages; board: the whole board is switched off and on.", choices=(PROGRAMS, BOARD)
    )
    confirmed: bool = option(False, "Confirmed", "No gate opens until it runs again.")


class Firmware(TypedDict):
    """`host`: version of the interface for packages; `update`: the host's own version and how its last update went; `packages`:
    {name: version}; `can_reboot`: the helper for it is there, or the board is simulated."""

    host: str
    update: UpdateStatus
    packages: dict[str, str]
    machine: dict[str, Any]
    simulated: bool
    can_reboot: bool


class Restarting(TypedDict):
    restarts: str


class Updated(TypedDict):
    """What is installed, and the steps that it took. The camera's programs start again now."""

    version: str
    steps: list[str]


class Back(TypedDict):
    """The version that the camera's programs start with now."""

    version: str


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, code: int = 200, error: object = "") -> Answer:
    update = host.update.status()
    return host.page(
        call, "firmware", Text("Firmware and restart"), status=code, here=f"/{NAME}", error=error, platform=platform_text(),
        update=update, refresh_s=ON_TRIAL_REFRESH_S if update.state == TRIAL else 0, scripts=("upload", "firmware"),
        max_bytes=MAX_ARCHIVE_BYTES, packages=host.packages.listing(), machine=facts(), profile=host.profile, can=_can(host),
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
            "update": said(host.update.status(), call.language),
            "packages": {each.name: each.version for each in host.packages.listing()},
            "machine": asdict(facts()),
            "simulated": host.simulated,
            "can_reboot": _can(host),
        }
    )


def _post(host: Host, call: Call[object, RestartForm]) -> Answer:
    _begin(host, call, call.body.what, call.body.confirmed)
    return data({"restarts": call.body.what}, 202)


def _update(host: Host, call: Call) -> Answer:
    try:
        with host.uploads.package(call) as (archive, _, confirmed):
            steps = list(host.update.install(archive, confirmed))
    except Unconfirmed as why:
        raise Refused(409, why.text) from why
    except PackageError as why:
        raise Refused(400, why.text) from why
    version = host.update.next_version()
    host.record(call, mark("firmware updated"), version)
    return data(said({"version": version, "steps": steps}, call.language), 202)


def _back(host: Host, call: Call) -> Answer:
    try:
        version = host.update.go_back()
    except PackageError as why:
        raise Refused(409, why.text) from why
    host.record(call, mark("went back to the firmware before"), version)
    return data({"version": version}, 202)


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
            "api/firmware",
            "system",
            _update,
            "Updates the host: multipart/form-data with one file, and `older` = 1 to confirm an older version or another "
            "vendor's (else 409).",
            reply=Updated,
            takes=STREAM,
            max_body_bytes=MAX_UPLOAD_BYTES,
        ),
        api("POST", "api/firmware/back", "system", _back, "The host before the last update runs again.", reply=Back),
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
