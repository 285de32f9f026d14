"""Forms: what is sent about certificates, for the API's checks and its description, and what it answers."""

from __future__ import annotations

from typing import Any, TypedDict

from board.kit.fields import Password
from board.kit.settings import Settings, option
from firmware.certificates.facts import Facts


class CertificateSent(Settings):
    """Certificate"""

    certificate: str = option(
        ..., "Certificate", "PEM with its chain, or PKCS#12 (.p12, .pfx), which is sent in base64.", max_length=200_000
    )
    private_key: str = option(
        "",
        "Key",
        "PEM; empty where the first file has it, or for the answer to a signing request of this camera.",
        max_length=100_000,
    )
    password: Password = option("", "Password", "Of an encrypted key or PKCS#12 file.", max_length=200)


class RequestSent(Settings):
    """Signing request"""

    name: str = option(..., "Name", "The name by which browsers reach the camera, such as gate.example.", max_length=64)
    more: str = option("", "Further names", "Names and addresses, separated by blanks.", max_length=500)
    organisation: str = option("", "Organisation", "May be empty.", max_length=64)
    country: str = option("", "Country", "Two letters, such as DE; may be empty.", max_length=2)


class Https(TypedDict):
    """`url`: where it listens, "" while it does not; `problem`: why not, or what else is wrong; `own`: the camera has signed the
    certificate itself; `request`: the signing request whose certificate has not come yet, PEM."""

    settings: dict[str, Any]
    url: str
    problem: str
    certificate: Facts
    own: bool
    request: str


class HttpsStored(TypedDict):
    settings: dict[str, Any]


class HttpsCertificate(TypedDict):
    certificate: Facts


class HttpsRequest(TypedDict):
    request: str
