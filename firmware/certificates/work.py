"""Work: what is done with keys and certificates, in a process of its own: the host never loads their library (8 MB), and what a
hostile file takes ends with that process.

`python -P -m firmware.certificates.work` reads one JSON line {"do", "with"} and answers one: {"done"} and exit code 0, or
{"refused", "field"} and exit code 1."""

from __future__ import annotations

import base64
import json
import re
import resource
import ssl
import sys
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.plain import from_plain, to_plain
from board.kit.words import plain
from firmware.certificates.facts import Facts, Names, Sent
from firmware.certificates.own import make_certificate

MAX_MEMORY_BYTES = 1 << 30
MAX_SECONDS = 60
"""Of a processor: a key may be encrypted so that reading it takes years."""
MAX_CHAIN = 10
LEAST_RSA_BITS = 2048
CURVES = (ec.SECP256R1, ec.SECP384R1, ec.SECP521R1)
MAX_KEYS = 4
_PEM = b"-----BEGIN "
_PRIVATE = re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?-----END [A-Z ]*PRIVATE KEY-----", re.DOTALL)
REFUSED = 1

Key = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey


def make(order: Mapping[str, Any]) -> None:
    """{"folder", "names"}: a certificate that the camera signs itself."""
    names = from_plain(Names, order["names"])
    make_certificate(Path(order["folder"]), names.names, names.addresses)


def describe(order: Mapping[str, Any]) -> dict[str, Any]:
    """{"pem"} -> Facts of its first certificate."""
    return _plain(facts(x509.load_pem_x509_certificates(order["pem"].encode())))


def request(order: Mapping[str, Any]) -> dict[str, str]:
    """Names -> {"key", "request"}, PEM: a new key, and what an authority signs it by."""
    names = from_plain(Names, order)
    key = ec.generate_private_key(ec.SECP256R1())
    said = [x509.NameAttribute(x509.NameOID.COMMON_NAME, names.names[-1][:64])]
    if names.organisation:
        said.insert(0, x509.NameAttribute(x509.NameOID.ORGANIZATION_NAME, names.organisation))
    if names.country:
        said.insert(0, x509.NameAttribute(x509.NameOID.COUNTRY_NAME, names.country))
    import ipaddress

    places = [*map(x509.DNSName, names.names), *(x509.IPAddress(ipaddress.ip_address(each)) for each in names.addresses)]
    made = (
        x509.CertificateSigningRequestBuilder()
        .subject_name(x509.Name(said))
        .add_extension(x509.SubjectAlternativeName(places), False)
        .sign(key, hashes.SHA256())
    )
    return {"key": _key_pem(key).decode(), "request": made.public_bytes(serialization.Encoding.PEM).decode()}


def check(order: Mapping[str, Any]) -> dict[str, Any]:
    """Sent -> {"pem": key and chain, "facts", "waited": by the key that waits}; ConfigError says what is wrong with it."""
    sent = from_plain(Sent, order)
    certificates, keys = _read(sent)
    waited = not keys and bool(sent.waiting)
    if waited:
        keys = _private(sent.waiting.encode(), None)
    if not keys:
        raise ConfigError("there is no key for it: upload the key too, or make a signing request first", field="private_key")
    leaf, key = _pair(certificates, keys)
    _check_key(key)
    chain = _ordered(leaf, [each for each in dict.fromkeys(certificates) if each != leaf])  # a chain is often pasted twice
    _check_leaf(leaf, sent.now)
    for each in chain[1:]:
        _check_time(each, sent.now)
    pem = _key_pem(key) + b"".join(each.public_bytes(serialization.Encoding.PEM) for each in chain)
    _try(pem)
    return {"pem": pem.decode(), "facts": _plain(facts(chain)), "waited": waited}


def _plain(told: Facts) -> dict[str, Any]:
    found = to_plain(told)
    assert isinstance(found, dict)
    return found


def facts(chain: list[x509.Certificate]) -> Facts:
    leaf = chain[0]
    print_ = leaf.fingerprint(hashes.SHA256()).hex().upper()
    return Facts(
        leaf.subject.rfc4514_string()[:300],
        leaf.issuer.rfc4514_string()[:300],
        tuple(_names(leaf))[:100],
        leaf.not_valid_before_utc.isoformat(),
        leaf.not_valid_after_utc.isoformat(),
        _kind(leaf.public_key()),
        ":".join(print_[at : at + 2] for at in range(0, len(print_), 2)),
        len(chain) - 1,
    )


# --- reading what was sent --------------------------------------------------------------------------------------------


def _read(sent: Sent) -> tuple[list[x509.Certificate], list[Key]]:
    data, key_data = base64.b64decode(sent.certificate), base64.b64decode(sent.key)
    password = sent.password.encode() or None
    if _PEM in data:
        certificates = _pem_certificates(data)
        return certificates, _private(key_data or data, password) if key_data or b"PRIVATE KEY-----" in data else []
    try:
        certificate = x509.load_der_x509_certificate(data)
    except ValueError:  # then it is PKCS#12 or nothing
        return _pkcs12(data, password)
    return [certificate], _private(key_data, password) if key_data else []


def _pem_certificates(data: bytes) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(data)[: MAX_CHAIN + 1]
    except ValueError as why:
        raise ConfigError("there is no certificate in the file", field="certificate") from why


def _pkcs12(data: bytes, password: bytes | None) -> tuple[list[x509.Certificate], list[Key]]:
    try:
        key, leaf, more = pkcs12.load_key_and_certificates(data, password)
    except ValueError as why:
        if "password" in str(why).lower():
            raise ConfigError("the password of the file is wrong", field="password") from why
        raise ConfigError("the file is neither PEM nor PKCS#12", field="certificate") from why
    if leaf is None:
        raise ConfigError("there is no certificate in the file", field="certificate")
    return [leaf, *more][: MAX_CHAIN + 1], [_of_kind(key)] if key is not None else []


def _private(data: bytes, password: bytes | None) -> list[Key]:
    """All that are in the file: some keep the keys of several certificates together."""
    return [_one_private(each, password) for each in _PRIVATE.findall(data)[:MAX_KEYS] or [data]]


def _one_private(data: bytes, password: bytes | None) -> Key:
    load = serialization.load_pem_private_key if _PEM in data else serialization.load_der_private_key
    try:
        found = load(data, password)
    except TypeError as why:
        if password is None:
            raise ConfigError("the key is encrypted: give its password", field="password") from why
        return _one_private(data, None)  # a password was given, and none is needed
    except ValueError as why:
        if password:
            raise ConfigError("the password of the key is wrong", field="password") from why
        raise ConfigError("the key cannot be read", field="private_key") from why
    except UnsupportedAlgorithm as why:
        raise _unknown() from why
    return _of_kind(found)


def _of_kind(key: object) -> Key:
    if not isinstance(key, Key):
        raise _unknown()
    return key


def _unknown() -> ConfigError:
    return ConfigError("browsers know keys of RSA and of elliptic curves (P-256, P-384, P-521) alone", field="private_key")


# --- judging it -------------------------------------------------------------------------------------------------------


def _check_key(key: Key) -> None:
    if isinstance(key, rsa.RSAPrivateKey) and not LEAST_RSA_BITS <= key.key_size <= 4096:
        raise ConfigError(
            "an RSA key has {least} to 4096 bits, this one {bits}", field="private_key", least=LEAST_RSA_BITS, bits=key.key_size
        )
    if isinstance(key, ec.EllipticCurvePrivateKey) and not isinstance(key.curve, CURVES):
        raise _unknown()


def _pair(certificates: list[x509.Certificate], keys: list[Key]) -> tuple[x509.Certificate, Key]:
    by_public = {_public(key.public_key()): key for key in keys}
    for each in certificates:
        with suppress(UnsupportedAlgorithm):  # whosever that is
            if key := by_public.get(_public(each.public_key())):
                return each, key
    raise ConfigError("the key does not belong to the certificate", field="private_key")


def _ordered(leaf: x509.Certificate, others: list[x509.Certificate]) -> list[x509.Certificate]:
    """As TLS sends them: each is signed by the next. A root at the end may stay; what does not belong to it is refused."""
    chain = [leaf]
    while others:
        found = next((each for each in others if _signed(chain[-1], each)), None)
        if found is None:
            raise ConfigError(
                "the certificate of {subject} does not belong to the chain", field="certificate", subject=_short(others[0])
            )
        others.remove(found)
        chain.append(found)
    return chain


def _signed(certificate: x509.Certificate, by: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(by)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _check_leaf(leaf: x509.Certificate, now: str) -> None:
    _check_time(leaf, now)
    if not _names(leaf):
        raise ConfigError("it names no host or address (subjectAltName), so that no browser accepts it", field="certificate")
    try:
        uses = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    except x509.ExtensionNotFound:
        return
    if not {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE} & set(uses):
        raise ConfigError("it is not meant for servers (extendedKeyUsage)", field="certificate")


def _check_time(certificate: x509.Certificate, now: str) -> None:
    if not now:
        return
    moment = datetime.fromisoformat(now)
    if moment > certificate.not_valid_after_utc:
        raise ConfigError(
            "the certificate of {subject} ended on {day}", field="certificate", subject=_short(certificate),
            day=f"{certificate.not_valid_after_utc:%Y-%m-%d}",
        )  # fmt: skip
    if moment < certificate.not_valid_before_utc:
        raise ConfigError(
            "the certificate of {subject} begins on {day}: is the camera's clock right?", field="certificate",
            subject=_short(certificate), day=f"{certificate.not_valid_before_utc:%Y-%m-%d}",
        )  # fmt: skip


def _try(pem: bytes) -> None:
    """A whole handshake with it, as the server will carry it out."""
    from board.kit.web.tls import server_context

    with tempfile.NamedTemporaryFile(dir="/dev/shm" if Path("/dev/shm").is_dir() else None) as file:
        file.write(pem)
        file.flush()
        try:
            context = server_context(Path(file.name))
        except OSError as why:
            raise ConfigError("TLS refuses it: {why}", field="certificate", why=why) from why
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname, client.verify_mode = False, ssl.CERT_NONE
    up, down = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = (client.wrap_bio(down, up), context.wrap_bio(up, down, server_side=True))
    left = list(ends)
    for _ in range(10):
        for end in list(left):
            try:
                end.do_handshake()
            except ssl.SSLWantReadError:
                continue
            except ssl.SSLError as why:
                raise ConfigError("TLS refuses it: {why}", field="certificate", why=why.reason or why) from why
            left.remove(end)
    if left:
        raise ConfigError("TLS refuses it: {why}", field="certificate", why="no agreement")


# --- small things -----------------------------------------------------------------------------------------------------


def _names(certificate: x509.Certificate) -> list[str]:
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return []
    return [*found.get_values_for_type(x509.DNSName), *map(str, found.get_values_for_type(x509.IPAddress))]


def _short(certificate: x509.Certificate) -> str:
    return certificate.subject.rfc4514_string()[:100]


def _public(key: Any) -> bytes:
    return bytes(key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo))


def _key_pem(key: Key) -> bytes:
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def _kind(key: object) -> str:
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.curve.name}" if isinstance(key, ec.EllipticCurvePublicKey) else type(key).__name__


ORDERS: Mapping[str, Callable[[Mapping[str, Any]], object]] = {
    "make": make,
    "describe": describe,
    "request": request,
    "check": check,
}


def main() -> int:
    """The process that works."""
    resource.setrlimit(resource.RLIMIT_AS, (MAX_MEMORY_BYTES, MAX_MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MAX_SECONDS, MAX_SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    order = from_json(sys.stdin.buffer.read())
    try:
        done = ORDERS[order["do"]](order["with"])
    except ConfigError as why:
        print(json.dumps({"refused": plain(why.text), "field": why.field}))
        return REFUSED
    except OSError as why:
        print(json.dumps({"refused": plain(ConfigError("it cannot be stored: {why}", why=why.strerror).text), "field": ""}))
        return REFUSED
    print(json.dumps({"done": done}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
