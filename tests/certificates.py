"""Certificates: an authority of a test's own and a server certificate of it for 127.0.0.1 and localhost."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


@dataclass(frozen=True, slots=True)
class Certificates:
    """`ca`: the authority's certificate as text; the others are files in PEM, `both` holds key and certificate."""

    ca: str
    ca_file: Path
    certificate: Path
    key: Path
    both: Path


def make_certificates(folder: Path) -> Certificates:
    ca_key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    ca_name, server_name = _name("Test authority"), _name("localhost")
    ca = _begun(ca_name, ca_name, ca_key).add_extension(x509.BasicConstraints(True, None), True).sign(ca_key, hashes.SHA256())
    names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = _begun(server_name, ca_name, server_key).add_extension(names, False).sign(ca_key, hashes.SHA256())
    pem = made.public_bytes(serialization.Encoding.PEM)
    key = server_key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    found = Certificates(
        ca.public_bytes(serialization.Encoding.PEM).decode(),
        *(folder / name for name in ("ca.pem", "server.pem", "server.key", "both.pem")),
    )
    found.ca_file.write_text(found.ca)
    found.certificate.write_bytes(pem)
    found.key.write_bytes(key)
    found.both.write_bytes(key + pem)
    return found


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


def _begun(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
