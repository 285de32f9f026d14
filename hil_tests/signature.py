"""Signature of a report: Ed25519 over the HTML's bytes by the device's key; `openssl pkeyutl` can check it too.

Beside report.html lie report.sig (64 bytes) and report.pub (PEM). The device's key is STATE/host/device.key, made when missing.
"""

from __future__ import annotations

import re
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from board.kit.errors import GatewrightError
from board.kit.state import State
from firmware.packages.keys import (
    SIGNATURE_BYTES,
    fingerprint,
    make_pair,
    public_of,
    public_pem,
    read_private,
    read_public,
    signed_by,
)

NAMED = re.compile(rb"<!-- device key ([0-9a-f]{64}) -->")
"""How the report names the key that signs it."""


class ReportError(GatewrightError):
    """A report is not what a device signed; the text says what is wrong."""


def device_key(state: State) -> Ed25519PrivateKey:
    """This device's own key; PackageError when it is damaged."""
    path = state.host / "device.key"
    if not path.exists():
        make_pair(path)
    return read_private(path)


def sign_report(report: Path, key: Ed25519PrivateKey) -> None:
    """Writes the signature and the public key beside `report`."""
    report.with_suffix(".sig").write_bytes(key.sign(report.read_bytes()))
    report.with_suffix(".pub").write_bytes(public_pem(public_of(key)))


def verify_report(report: Path, public: Path | None = None) -> str:
    """What is known about an intact report, in a sentence; ReportError or PackageError says what is wrong.

    `public`: the device's public key from a source that is trusted; without it the key beside the report counts, which
    proves that nothing was changed since it was signed, not who signed it."""
    html = _bytes(report, "the report")
    signature = _bytes(report.with_suffix(".sig"), "its signature")
    if len(signature) != SIGNATURE_BYTES:
        raise ReportError(
            "{stem}.sig has {signature} bytes, a signature has {signature_bytes}: it is damaged or no signature",
            stem=report.stem,
            signature=len(signature),
            signature_bytes=SIGNATURE_BYTES,
        )
    key = read_public(public or report.with_suffix(".pub"))
    name = fingerprint(key)
    named = NAMED.search(html)
    if named is None:
        raise ReportError("{name} names no device key: it is no bench report", name=report.name)
    if named[1].decode() != name:
        given = f"{public.name} is" if public else f"{report.stem}.pub is"
        raise ReportError(
            "{name} was made by the device with key {decode}; {given} another's: {name2}",
            name=report.name,
            decode=named[1].decode()[:16],
            given=given,
            name2=name[:16],
        )
    if signed_by({name: key}, signature, html) is None:
        raise ReportError(
            "{name} was changed after it was signed, or {stem}.sig belongs to another report", name=report.name, stem=report.stem
        )
    origin = (
        "the key given" if public else f"key {name[:16]}; compare it with the device's own (its Package Management page, or --key)"
    )
    return f"{report.name} is as it was signed, by {origin}"


def _bytes(path: Path, what: str) -> bytes:
    try:
        return path.read_bytes()
    except OSError as why:
        raise ReportError("{what} cannot be read: {path}: {strerror}", what=what, path=path, strerror=why.strerror) from why
