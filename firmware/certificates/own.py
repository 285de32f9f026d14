"""Certificate: the camera's own, signed by itself and made once; who connects can keep it and see that it stays the same.

`python -P -m firmware.certificates.own STATE` makes it."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from board.identity import camera_id
from board.kit.dataclass import dataclass
from board.kit.files import set_aside, sync_folder, write_together, write_whole
from board.kit.kept import copy_of, keep_copy
from board.kit.state import State

LOG = logging.getLogger("https")

INSTALLED = "https.pem"
"""The installer's certificate with its key."""

MARK = re.compile(r"[0-9a-f]{16}")
"""Of a board (board/identity.py)."""


@dataclass(frozen=True, slots=True)
class CertificateFiles:
    """In PEM; the key is for the camera's user alone."""

    certificate: Path
    key: Path


def certificate_files(folder: Path) -> CertificateFiles:
    """Where they lie, whether they are there or not."""
    return CertificateFiles(folder / "camera.crt", folder / "camera.key")


def ensure_certificate(folder: Path, name: str) -> CertificateFiles:
    """The camera's certificate, made when one of its files is missing. OSError when the disk refuses."""
    files = certificate_files(folder)
    if not (files.certificate.exists() and files.key.exists()):
        make_certificate(folder, (f"{name}.local", name), ())
    return files


def make_certificate(folder: Path, names: Sequence[str], addresses: Sequence[str]) -> None:
    """Made anew, with a key of its own. `names`: of the camera, the last one as people read it; `addresses`: IPv4 and IPv6.
    OSError when the disk refuses."""
    files = certificate_files(folder)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    certificate, key = _made(names, addresses)
    made = ((files.key, key, 0o600), (files.certificate, certificate, 0o644))
    write_together([(path, pem, mode) for file, pem, mode in made for path in (copy_of(file), file)])
    sync_folder(folder)


def leave_on_its_board(state: State, board: str) -> None:
    """Takes the camera's own certificate and its key away where a card brought them from another board, so that they are made anew:
    whoever has one camera of a copied card would else have the key of all. `board`: the mark of this one (board/identity.py)."""
    known, files = state.host / "certificate-of", certificate_files(state.tls)
    try:
        before = known.read_text("ascii", "replace") if known.exists() else ""  # of a release that did not keep it
        if MARK.fullmatch(before) and before != board:  # a damaged file tells of no other board
            LOG.warning("the camera's own certificate is of the board that its storage was in before: it is made anew")
            for file in (files.key, files.certificate):
                for each in (copy_of(file), file):
                    each.unlink(missing_ok=True)
            if state.tls.is_dir():
                sync_folder(state.tls)
        if before != board:
            write_whole(known, board.encode(), 0o600)
    except OSError as why:
        LOG.error("whose the camera's own certificate is cannot be kept: %s", why)


def keep_certificates(folder: Path) -> None:
    """Keeps copies of the camera's own certificate, of the installer's and of their keys, and puts them back over damaged ones. An
    own one that is damaged with its copy is taken away, so that it is made anew. For the host, before anything serves with them."""
    files = certificate_files(folder)
    keep_copy(folder / INSTALLED, _whole)
    whole = [keep_copy(file, _whole) for file in (files.key, files.certificate)]
    if not all(whole):
        for file in (files.certificate, files.key):
            with suppress(OSError):  # a card that may only be read: HTTPS says that it does not work
                for each in (file, copy_of(file)):
                    set_aside(each) if each.is_dir() else each.unlink(missing_ok=True)


def _whole(pem: bytes) -> None:
    """ValueError if what stands there is not PEM to its end: OpenSSL, which knows more, is not loaded for that (5 MB)."""
    import base64

    pattern = rb"\s*(-----BEGIN ([A-Z ]+)-----\s+([A-Za-z0-9+/=\s]+)-----END \2-----\s*)+"
    if not re.fullmatch(pattern, pem):
        raise ValueError("it is not PEM")
    for body in re.findall(rb"-----BEGIN [A-Z ]+-----([^-]+)-----END", pem):
        base64.b64decode(b"".join(body.split()), validate=True)


def fingerprint(pem: str) -> str:
    """SHA-256 of the certificate in hexadecimal pairs, as people compare it; "" when the text holds none."""
    import base64
    import hashlib

    _, _, rest = pem.partition("-----BEGIN CERTIFICATE-----")
    body, found, _ = rest.partition("-----END CERTIFICATE-----")
    if not found:
        return ""
    digest = hashlib.sha256(base64.b64decode("".join(body.split()))).hexdigest().upper()
    return ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))


def _made(names: Sequence[str], addresses: Sequence[str]) -> tuple[bytes, bytes]:
    import ipaddress
    from datetime import UTC, datetime

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, names[-1])])
    places = [*map(x509.DNSName, names), *(x509.IPAddress(ipaddress.ip_address(each)) for each in addresses)]
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A board without a clock must not make one that only counts later, nor one that ends while the camera hangs on its pole.
        .not_valid_before(datetime(2020, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 12, 31, tzinfo=UTC))
        .add_extension(x509.SubjectAlternativeName(places), False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), True)
        .sign(key, hashes.SHA256())
    )
    secret = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return made.public_bytes(serialization.Encoding.PEM), secret


if __name__ == "__main__":
    _state = State(Path(sys.argv[1]))
    ensure_certificate(_state.tls, camera_id(_state))
