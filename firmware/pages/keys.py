"""Trusted keys: whose packages this camera takes, with the API behind the page."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any, TypedDict

from board.kit.errors import PackageError
from board.kit.settings import Settings, option
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, Elsewhere, Refused, api, data, page
from board.kit.web.visitor import TOKEN
from board.kit.words import Text, mark
from firmware.host import Host
from firmware.menu import SECURITY
from firmware.packages.manifest import HOST_NAME
from firmware.packages.trusted import Key

NAME = "setup/security/keys.html"


class KeySent(Settings):
    """Trusted key"""

    name: str = option(..., "Name", "Whose key it is: 1 to 40 letters, digits, '.', '_' or '-'.", max_length=40)
    pem: str = option(..., "Public key", "The vendor's Ed25519 key in PEM, as it stands in its .pub file.", max_length=4096)


class KeyConfirmed(Settings):
    """Removal of a key"""

    confirm: str = option(..., "Confirmation", "The first 8 digits of the fingerprint, or more.", max_length=100)


class TrustedKey(TypedDict):
    """`packages`: installed ones that it signed; `removable`: it was not given where the host is started; `since`: UTC."""

    fingerprint: str
    name: str
    since: str
    packages: list[str]
    removable: bool


class Signer(TypedDict):
    """Of one installed version. `name`: of the package, or HOST; `current`: it runs, or would; `fingerprint`: of the key that
    signed it, "" for nobody; `key`: the name of that, "" when it is not trusted any more; `built_in`: it came with the board and
    not by an upload."""

    name: str
    version: str
    current: bool
    fingerprint: str
    key: str
    built_in: bool


class Keys(TypedDict):
    keys: list[TrustedKey]
    signers: list[Signer]


class ChangedKey(TypedDict):
    key: TrustedKey


def _show(host: Host, call: Call) -> Answer:
    return _page(host, call)


def _page(host: Host, call: Call, status: int = 200, error: object = "") -> Answer:
    return host.page(
        call, "keys", Text("Trusted keys"), status=status, here=f"/{NAME}", error=error, keys=host.packages.trusted.all(),
        signers=_signers(host),
    )  # fmt: skip


def _signers(host: Host) -> list[Signer]:
    """Of the host and of every package, what runs first."""
    names = {key.fingerprint: key.name for key in host.packages.trusted.all()}
    return [
        {**asdict(each), "key": names.get(each.fingerprint, ""), "built_in": each.name == HOST_NAME and not each.fingerprint}  # type: ignore[typeddict-item]
        for each in (*host.update.installed(), *host.packages.installed())
    ]


def _add(host: Host, call: Call) -> Answer:
    try:
        _added(host, call, call.body.get("name", "").strip(), call.body.get("pem", ""))
    except (PackageError, Refused) as why:
        return _page(host, call, 400, Text("Not added: {reason}.", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


def _remove(host: Host, call: Call) -> Answer:
    try:
        _removed(host, call, call.body.get("fingerprint", ""), call.body.get("confirm", ""))
    except (PackageError, Refused) as why:
        return _page(host, call, 400, Text("Not removed: {reason}.", {"reason": why}))
    raise Elsewhere(f"/{NAME}")


def _added(host: Host, call: Call, name: str, pem: str) -> Key:
    by_a_person(call)
    key = host.packages.trusted.add(pem.encode(), name)
    host.record(call, mark("key trusted"), f"{key.name} ({key.fingerprint[:16]})")
    return key


def _removed(host: Host, call: Call, fingerprint: str, confirm: str) -> Key:
    by_a_person(call)
    key = host.packages.trusted.remove(fingerprint, confirm)
    about = f"{key.name} ({key.fingerprint[:16]})"
    host.record(call, mark("key no longer trusted"), about)
    return key


def by_a_person(call: Call[Any, Any]) -> None:
    """A token that may install signed packages must not choose whose, nor take any, nor older ones than a person wants."""
    if call.visitor.by == TOKEN:
        raise Refused(403, "a token cannot change which packages the camera takes: log in with a password")


# --- API --------------------------------------------------------------------------------------------------------------


def _get(host: Host, call: Call) -> Answer:
    return data({"keys": [asdict(each) for each in host.packages.trusted.all()], "signers": _signers(host)})


def _post(host: Host, call: Call[object, KeySent]) -> Answer:
    return data({"key": asdict(_added(host, call, call.body.name, call.body.pem))}, 201)  # type: ignore[arg-type]


def _delete(host: Host, call: Call[object, KeyConfirmed]) -> Answer:
    return data({"key": asdict(_removed(host, call, call.path["fingerprint"], call.body.confirm))})  # type: ignore[arg-type]


TAB = Tab(
    NAME,
    "Trusted keys",
    4,
    "packages",
    (
        page(NAME, "packages", _show),
        page("setup/security/keys/add", "packages", _add, method="POST"),
        page("setup/security/keys/remove", "packages", _remove, method="POST"),
        api(
            "GET",
            "api/keys",
            "packages",
            _get,
            "The keys whose packages this camera takes, and who signed what is installed.",
            reply=Keys,
        ),
        api("POST", "api/keys", "packages", _post, "Trusts a vendor's key from now on.", body=KeySent, reply=ChangedKey),
        api(
            "POST",
            "api/keys/<fingerprint:re:[0-9a-f]+>/remove",
            "packages",
            _delete,
            "Trusts a key no longer; packages that it signed do not start any more. The last key stays.",
            body=KeyConfirmed,
            reply=ChangedKey,
        ),
    ),
    SECURITY,
)
