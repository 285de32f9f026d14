"""Storage: disks and cards with size, use and health, what stores there and how long it lasts; an SD card formatted and mounted."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any, TypedDict

from board.kit.errors import BoardError, ConfigError
from board.kit.files import space
from board.kit.settings import Settings, option, unfit
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, api, data, page
from board.kit.words import Text, mark
from firmware.host import Host
from firmware.machine.disks import Volume, forecast, volumes
from firmware.menu import SYSTEM
from firmware.packages.records import SD

NAME = "setup/system/storage.html"
FORMAT, MOUNT, UNMOUNT = "format", "mount", "unmount"
SAID = {FORMAT: mark("card formatted"), MOUNT: mark("card mounted"), UNMOUNT: mark("card taken out of use")}


class CardForm(Settings):
    do: str = option(..., "What", "format deletes all of it; mount and unmount delete nothing.", choices=tuple(SAID))
    device: str = option(..., "Device", "Of those that the page names, such as mmcblk1p1.", max_length=20)
    typed: str = option("", "Confirmation", "For format: the device once more.", max_length=20)


class Days(TypedDict):
    """Days until the free room is used: without actions, and with one that sends the picture in Base64 (manual, Appendix 1).
    `days_on_card`: of pictures alone on the SD card, null while there is none."""

    cars_a_day: int
    days: float
    days_with_action: float
    days_on_card: float | None


class Storage(TypedDict):
    """`total_bytes`, `free_bytes`: of what the camera stores on; `card`: where an SD card belongs, "" nowhere; `on_card`: packages
    there; `can_format`: the helper for it is there."""

    total_bytes: int
    free_bytes: int
    card: str
    card_present: bool
    on_card: list[str]
    volumes: list[dict[str, Any]]
    forecast: list[Days]
    can_format: bool


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, code: int = 200, error: object = "") -> Answer:
    total, free = space(host.state.root)
    found = _volumes(host)
    return host.page(
        call, "storage", Text("Storage"), status=code, here=f"/{NAME}", error=error, total=total, free=free, volumes=found,
        days=_forecast(host, free), card=host.card, present=host.card_present(), on_card=_on_card(host), can=host.helper.is_there,
        choices=[each for each in found if each.formats],
    )  # fmt: skip


def _volumes(host: Host) -> list[Volume]:
    return volumes(host.card)


def _on_card(host: Host) -> list[str]:
    return [each.name for each in host.packages.listing() if each.storage == SD]


def _forecast(host: Host, free: int) -> list[Days]:
    card = [days for _, days, _ in forecast(space(Path(host.card))[1])] if host.card_present() else None
    return [
        {"cars_a_day": rate, "days": days, "days_with_action": with_action, "days_on_card": card[number] if card else None}
        for number, (rate, days, with_action) in enumerate(forecast(free))
    ]


def _change(host: Host, call: Call) -> Answer:
    sent = call.body
    try:
        _do(host, call, sent.get("do", ""), sent.get("device", ""), sent.get("typed", ""))
    except (ConfigError, BoardError) as why:
        return _page(host, call, 400, Text("nothing was done: {reason}", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


def _do(host: Host, call: Call[Any, Any], what: str, device: str, typed: str) -> None:
    if what not in SAID:
        raise unfit("do", "What", "must be one of {choices}", choices=list(SAID))
    if device not in [each.device for each in _volumes(host) if each.formats]:
        raise unfit("device", "Device", "is none that can be taken out, or the system needs it")
    if what == FORMAT and typed.strip() != device:
        raise unfit("typed", "Confirmation", "type {device} to delete all that is on it", device=device)
    host.helper.ask(what, device=device)
    host.record(call, SAID[what], device)


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call[Any, Any]) -> Answer:
    total, free = space(host.state.root)
    return data(
        {
            "total_bytes": total,
            "free_bytes": free,
            "card": host.card,
            "card_present": host.card_present(),
            "on_card": _on_card(host),
            "volumes": [asdict(each) for each in _volumes(host)],
            "forecast": _forecast(host, free),
            "can_format": host.helper.is_there,
        }
    )


def _post(host: Host, call: Call[object, CardForm]) -> Answer:
    _do(host, call, call.body.do, call.body.device, call.body.typed)
    return _get(host, call)


TAB = Tab(
    NAME,
    "Storage",
    2,
    "system",
    (
        page(NAME, "system", _show),
        page("setup/system/storage/change", "system", _change, method="POST"),
        api("GET", "api/storage", "system", _get, "Disks and cards with use and health, and how long they last.", reply=Storage),
        api("POST", "api/storage", "system", _post, "Formats, mounts or unmounts a card.", body=CardForm, reply=Storage),
    ),
    SYSTEM,
)
