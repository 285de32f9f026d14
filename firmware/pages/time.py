"""Time: zone, time servers, the clock by hand, the clock with the battery; what this system cannot do is said."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any, TypedDict

from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.errors import BoardError, ConfigError
from board.kit.settings import Settings, option, unfit
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, Refused, api, data, page
from board.kit.words import Text, mark
from board.kit.zones import camera_zone
from firmware.host import Host
from firmware.machine.clock import status, zones
from firmware.menu import SYSTEM

NAME = "setup/system/time.html"
MAX_SERVERS = 4
SERVER = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.:-]{0,250}[A-Za-z0-9])?")
BACK = timedelta(minutes=1)
"""Set back by more than this, entries that have expired may count again: a person confirms it."""
LATEST = datetime(2100, 1, 1, tzinfo=UTC)


class ZoneForm(Settings):
    zone: str = option(
        ..., "Time zone", "Of the whole camera: its schedules, and the times that it shows and sends.", max_length=60
    )


class ServersForm(Settings):
    follow: bool = option(True, "Follow time servers", "The clock is set by them and kept right.")
    servers: tuple[str, ...] = option((), "Time servers", "Up to four names or addresses; none: those of the system.")


class HandForm(Settings):
    at: str = option(..., "Time", "Local time of the camera, such as 2026-01-02T03:04:05, or with an offset.", max_length=40)
    back: bool = option(False, "Set it back", "Entries of lists that have expired meanwhile count again.")


class Time(TypedDict):
    """`at`, `synced_at`: UTC (ISO 8601), the latter "" for never; `follows`: null where nobody says; `drift_ppm`, `rtc_behind_s`:
    null where there is none; `can_set`: the helper for it is there."""

    at: str
    zone: str
    synchronised: bool
    follows: bool | None
    servers: list[str]
    server: str
    synced_at: str
    drift_ppm: float | None
    rtc_behind_s: float | None
    can_set: bool


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, code: int = 200, where: str = "", error: object = "") -> Answer:
    now = status(Clock())
    return host.page(
        call, "time", Text("Time"), status=code, here=f"/{NAME}", where=where, error=error, clock=now,
        local=now.at.astimezone(camera_zone(now.zone)), zones=zones(), can=host.helper.is_there, known=now.at >= CLOCK_KNOWN,
    )  # fmt: skip


def _form(where: str, answer: Any) -> Any:
    """A form of the page: an error is shown above it."""

    def act(host: Host, call: Call) -> Answer:
        try:
            answer(host, call)
        except (ConfigError, BoardError, Refused) as why:
            return _page(host, call, 400, where, Text("not changed: {reason}", {"reason": why}))
        raise Elsewhere(f"/{NAME}")

    return act


def _set_zone(host: Host, call: Call[Any, Any], zone: str) -> None:
    if zone not in zones():
        raise unfit("zone", "Time zone", "is not a time zone this camera knows")
    host.helper.ask("zone", zone=zone)
    host.record(call, mark("time zone changed"), zone)


def _set_servers(host: Host, call: Call[Any, Any], follow: bool, servers: list[str]) -> None:
    if len(servers) > MAX_SERVERS or not all(SERVER.fullmatch(each) for each in servers):
        raise unfit("servers", "Time servers", "must be up to {most} names or addresses", most=MAX_SERVERS)
    host.helper.ask("servers", on=follow, servers=servers)
    about = ", ".join(servers) if follow else "off"
    host.record(call, mark("time servers changed"), about)


def _set_time(host: Host, call: Call[Any, Any], text: str, back: bool) -> None:
    clock = Clock()
    try:
        at = datetime.fromisoformat(text.strip())
        at = (at if at.tzinfo else at.replace(tzinfo=host.zone())).astimezone(UTC)
    except (ValueError, OverflowError) as why:
        raise unfit("at", "Time", "must be a time such as 2026-01-02T03:04:05") from why
    if not CLOCK_KNOWN <= at < LATEST:
        raise unfit("at", "Time", "must be of the years 2025 to 2099")
    if at < clock.now() - BACK and clock.now() >= CLOCK_KNOWN and not back:
        raise Refused(
            409, "The clock would go back: entries of lists that have expired meanwhile count again. Confirm that you want it."
        )
    before = clock.now()
    host.helper.ask("time", at=at.isoformat())
    about = f"{before.isoformat(timespec='seconds')} to {at.isoformat(timespec='seconds')}"
    host.record(call, mark("clock set by hand"), about)


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call[Any, Any]) -> Answer:
    now = status(Clock())
    return data(
        {
            "at": now.at.isoformat(),
            "zone": now.zone,
            "synchronised": now.synchronised,
            "follows": now.follows,
            "servers": list(now.servers),
            "server": now.server,
            "synced_at": now.synced_at.isoformat() if now.synced_at else "",
            "drift_ppm": now.drift_ppm,
            "rtc_behind_s": now.rtc_behind_s,
            "can_set": host.helper.is_there,
        }
    )


def _put_zone(host: Host, call: Call[object, ZoneForm]) -> Answer:
    _set_zone(host, call, call.body.zone)
    return _get(host, call)


def _put_servers(host: Host, call: Call[object, ServersForm]) -> Answer:
    _set_servers(host, call, call.body.follow, list(call.body.servers))
    return _get(host, call)


def _post(host: Host, call: Call[object, HandForm]) -> Answer:
    _set_time(host, call, call.body.at, call.body.back)
    return _get(host, call)


TAB = Tab(
    NAME,
    "Time",
    1,
    "system",
    (
        page(NAME, "system", _show),
        page(
            "setup/system/time/zone", "system", _form("zone", lambda host, call: _set_zone(host, call, call.body.get("zone", ""))),
            method="POST",
        ),
        page(
            "setup/system/time/servers", "system",
            _form("servers", lambda host, call: _set_servers(
                host, call, "follow" in call.body, call.body.get("servers", "").replace(",", " ").split()
            )),
            method="POST",
        ),
        page(
            "setup/system/time/set", "system",
            _form("set", lambda host, call: _set_time(host, call, call.body.get("at", ""), "back" in call.body)),
            method="POST",
        ),
        api("GET", "api/time", "system", _get, "The clock: zone, time servers, drift, battery.", reply=Time),
        api("PUT", "api/time/zone", "system", _put_zone, "Sets the system's time zone.", body=ZoneForm, reply=Time),
        api("PUT", "api/time/servers", "system", _put_servers, "Has the clock follow time servers.", body=ServersForm, reply=Time),
        api(
            "POST",
            "api/time",
            "system",
            _post,
            "Sets the clock by hand; 409 when it would go back and `back` does not say so.",
            body=HandForm,
            reply=Time,
        ),
    ),
    SYSTEM,
)  # fmt: skip
