"""Licence: a signed JSON file that allows one package on one camera until a day; packages that need none are always licensed.

File: {"licence": {"package": NAME, "serial": SERIAL, "expires": "YYYY-MM-DD" or ""}, "signature": base64 of Ed25519}, where SERIAL
is the camera's serial number or one of its MAC addresses.
The signature is made by the key that signed the package, over `licence_bytes`.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Collection
from datetime import date, datetime

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.from_json import from_json
from board.kit.zones import camera_zone
from firmware.packages.keys import Trust, genuine

MAX_LICENCE_BYTES = 16_000


@dataclass(frozen=True, slots=True)
class Licence:
    """What a licence file grants. `expires`: last valid day (UTC); None: never ends."""

    package: str
    serial: str
    expires: date | None


def licence_bytes(package: str, serial: str, expires: str) -> bytes:
    """What is signed: a purpose line, so that no other signature can stand for a licence, and the fields in fixed form."""
    fields = json.dumps({"expires": expires, "package": package, "serial": serial}, sort_keys=True, separators=(",", ":"))
    return b"gatewright licence 1\n" + fields.encode()


def read_licence(
    data: bytes, package: str, serial: str, signer: str, trust: Trust, now: datetime, addresses: Collection[str] = (),
    genuine: Callable[[bytes, bytes, bytes], bool] = genuine,
) -> Licence:  # fmt: skip
    """The licence in an uploaded or stored file; PackageError says why it does not count here. `addresses`: the
    camera's MAC addresses, which may stand for its serial number; `genuine`: who checks the signature, as keys.genuine does."""
    if len(data) > MAX_LICENCE_BYTES:
        raise PackageError("the licence file is larger than {most} bytes", most=MAX_LICENCE_BYTES)
    try:
        document = from_json(data)
        fields = document["licence"]
        named, bound, expires = (str(fields[key]) for key in ("package", "serial", "expires"))
        signature = base64.b64decode(document["signature"], validate=True)
        until = date.fromisoformat(expires) if expires else None
    except (ValueError, KeyError, TypeError, binascii.Error) as why:
        raise PackageError("this is not a licence file") from why
    vendor = trust.get(signer)
    if vendor is None or not genuine(vendor, signature, licence_bytes(named, bound, expires)):
        raise PackageError("the licence is not signed by the package's vendor, or was changed")
    if named != package:
        raise PackageError("the licence is for {named}, not for {package}", named=named[:40], package=package)
    if bound != serial and bound.lower() not in addresses:
        raise PackageError(
            "the licence is for the camera with serial number {bound}; this one has {serial}", bound=bound[:64], serial=serial
        )
    if until is not None and now.astimezone(camera_zone("")).date() > until:
        raise PackageError("the licence ended on {day}", day=until.isoformat())
    return Licence(named, bound, until)
