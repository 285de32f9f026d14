"""Facts: what people see of a certificate."""

from __future__ import annotations

from board.kit.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Facts:
    """`subject`, `issuer`: as RFC 4514 writes names; `names`: DNS names and addresses that it is for; `begins`, `ends`: UTC, ISO
    8601; `key`: its kind, such as "EC secp256r1"; `fingerprint`: SHA-256 in hexadecimal pairs; `chain`: how many further
    certificates are sent with it."""

    subject: str = ""
    issuer: str = ""
    names: tuple[str, ...] = ()
    begins: str = ""
    ends: str = ""
    key: str = ""
    fingerprint: str = ""
    chain: int = 0

    def covers(self, host: str) -> bool:
        """Whether it is for this name or address. `host`: without a port, as a browser asks for it."""
        asked = host.lower().strip("[]")
        wild = f"*.{asked.partition('.')[2]}"
        return any(each.lower() in (asked, wild) for each in self.names)


@dataclass(frozen=True, slots=True)
class Names:
    """What a certificate is to be for. `names`: the last one is its common name; `addresses`: IPv4 and IPv6; `organisation`,
    `country` (two letters): of a signing request, "" for none."""

    names: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    organisation: str = ""
    country: str = ""


@dataclass(frozen=True, slots=True)
class Sent:
    """What an installer uploads, base64. `certificate`: PEM, DER or PKCS#12; `key`: PEM or DER, "" where it stands in the same
    file or where the camera made it for a signing request (`waiting`, PEM); `password`: of an encrypted key; `now`: UTC, ISO 8601,
    "" while the camera does not know the time."""

    certificate: str
    key: str = ""
    password: str = ""
    waiting: str = ""
    now: str = ""
