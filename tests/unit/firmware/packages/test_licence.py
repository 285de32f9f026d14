"""Licence: signed by the package's vendor, for this package, on this camera, until its day."""

from __future__ import annotations

import base64
import json
from datetime import UTC, date, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from board.kit.errors import PackageError
from firmware.packages.keys import fingerprint
from firmware.packages.licence import Licence, licence_bytes, read_licence
from tests.tiny_package import KEY, OTHER_KEY, TRUST

SIGNER = next(iter(TRUST))
NOW = datetime(2026, 6, 30, 23, 59, tzinfo=UTC)


def made(
    package: str = "TINY", serial: str = "s1", expires: str = "2026-06-30", key: Ed25519PrivateKey = KEY, **changed: str
) -> bytes:
    signature = base64.b64encode(key.sign(licence_bytes(package, serial, expires))).decode()
    return json.dumps(
        {"licence": {"package": package, "serial": serial, "expires": expires, **changed}, "signature": signature}
    ).encode()


def read(data: bytes, now: datetime = NOW) -> Licence:
    return read_licence(data, "TINY", "s1", SIGNER, TRUST, now)


def test_a_licence_may_name_a_mac_address_of_the_camera() -> None:
    data = made(serial="B8:27:EB:01:02:03")
    read_licence(data, "TINY", "s1", SIGNER, TRUST, datetime(2026, 6, 1, tzinfo=UTC), ("dc:a6:32:00:00:01", "b8:27:eb:01:02:03"))
    with pytest.raises(PackageError, match="is for the camera with serial number B8:27:EB:01:02:03; this one has s1"):
        read_licence(data, "TINY", "s1", SIGNER, TRUST, datetime(2026, 6, 1, tzinfo=UTC), ("dc:a6:32:00:00:01",))


def test_a_right_licence_counts_until_the_end_of_its_day() -> None:
    assert read(made()) == Licence("TINY", "s1", date(2026, 6, 30))
    assert read(made(expires="")).expires is None


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (made(package="OTHER"), "the licence is for OTHER, not for TINY"),
        (made(serial="s2"), "for the camera with serial number s2; this one has s1"),
        (made(expires="2026-06-29"), "the licence ended on 2026-06-29"),
        (made(key=OTHER_KEY), "not signed by the package's vendor, or was changed"),
        (made(expires="2026-06-29").replace(b"2026-06-29", b"2036-06-29"), "not signed by the package's vendor, or was changed"),
        (b"", "not a licence file"),
        (b"[" * 9000, "not a licence file"),
        (b"{}", "not a licence file"),
        (b'{"licence": [], "signature": 3}', "not a licence file"),
        (made(expires="soon"), "not a licence file"),
        (b"x" * 20_000, "larger than 16000 bytes"),
    ],
)
def test_a_wrong_licence_is_refused_with_the_reason(data: bytes, said: str) -> None:
    with pytest.raises(PackageError, match=said):
        read(data)


def test_another_trusted_vendor_cannot_license_this_package() -> None:
    other = OTHER_KEY.public_key()
    with pytest.raises(PackageError, match="not signed by the package's vendor"):
        read_licence(made(key=OTHER_KEY), "TINY", "s1", SIGNER, {**TRUST, fingerprint(other): other}, NOW)
