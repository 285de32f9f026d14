"""Support: one file for those who help from afar: versions, health, what was set without secrets, what was changed, the logs."""

from __future__ import annotations

from dataclasses import asdict

from board.identity import camera_id
from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.files import space
from board.kit.from_json import from_json
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Refused, api, page, said
from board.kit.words import ENGLISH, Text, mark
from firmware import platform_text
from firmware.host import Host
from firmware.keeping import order
from firmware.keeping.support import MAX_LOG_BYTES, bundle
from firmware.machine.facts import facts
from firmware.menu import SYSTEM

NAME = "setup/system/support.html"
ZIP = "application/zip"
CHANGES = 300


def _show(host: Host, call: Call) -> Answer:
    return host.page(call, "support", Text("Support"), log_mb=MAX_LOG_BYTES >> 20, may=call.may("logs"))


def _bundle(host: Host, call: Call) -> Answer:
    if not call.may("logs"):
        raise Refused(403, "This needs the permissions {beyond} too.", beyond=["logs"])
    host.record(call, mark("support file made"))
    now = Clock().now().strftime("%Y%m%d-%H%M%S")
    name = f'attachment; filename="{camera_id(host.state)}-{now}.zip"'
    return Answer(bundle(_documents(host), host.state.logs), ZIP, headers=(("Content-Disposition", name),))


def _documents(host: Host) -> dict[str, object]:
    """{name in the ZIP: what is in it}. None holds a hash, a password or a key."""
    total, free = space(host.state.root)
    told, clock = order.notice(host.state), Clock()
    documents: dict[str, object] = {
        "about.json": {
            "camera": camera_id(host.state),
            "host": platform_text(),
            "at": clock.now().isoformat(),
            "clock_follows_a_server": clock.synchronised(),
            "machine": asdict(facts()),
            "storage": {"bytes": total, "free_bytes": free, "card": host.card_present()},
            "damage": [str(each) for each in host.auth.damage()],
            "restored": str(told.text) if told else "",
        },
        "packages.json": said(host.packages.listing(), ENGLISH),
        "host.json": {
            "accounts": [
                {"name": each.name, "role": each.role, "must_change": each.must_change} for each in host.auth.accounts.all()
            ],
            "tokens": [
                {"name": each.name, "maker": each.maker, "permissions": each.permissions, "expires": each.expires}
                for each in host.auth.tokens.all()
            ],
            "device_passwords": [{"use": each.use, "name": each.name, "maker": each.maker} for each in host.auth.devices.all()],
            "ftp": host.ftp.settings.model_dump(),
            "trusted_keys": [path.name for path in sorted((host.state.host / "trust").glob("*.pub"))],
        },
        "changes.json": [asdict(each) for each in host.auth.changes.newest(CHANGES)],
    }
    for package in host.packages.data.versions():
        try:
            documents[f"packages/{package}.json"] = from_json(
                host.packages.data.ask(package, "support", "--state", str(host.state.root))
            )
        except (PackageError, ValueError) as why:
            documents[f"packages/{package}.json"] = {"error": str(why)}
    return documents


TAB = Tab(
    NAME,
    "Support",
    5,
    "system",
    (
        page(NAME, "system", _show),
        api(
            "GET",
            "api/support",
            "system",
            _bundle,
            "A ZIP for those who help: versions, health, what is set without secrets, changes, logs. Needs `logs` too.",
            reply=ZIP,
        ),
    ),
    SYSTEM,
)
