"""Certificates that are made, asked for, checked and refused, with the process that does it."""

from __future__ import annotations

import base64
import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID

from board.kit import files
from board.kit.clock import Clock
from board.kit.errors import ConfigError
from board.kit.files import write_beside
from board.kit.plain import to_plain
from firmware.certificates import work
from firmware.certificates.facts import Names, Sent
from firmware.certificates.keeper import MAX_FILE_BYTES, Certificates
from firmware.certificates.own import make_certificate
from tests.recorder import Recorder

NOW = datetime.now(UTC)
PEM, DER = serialization.Encoding.PEM, serialization.Encoding.DER


def name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, text)])


class Made:
    """An authority, one below it, and a server's certificate of that; `days`: from when to when, `key`: of the server."""

    def __init__(self, days: tuple[int, int] = (-1, 30), key: Any = None, uses: Any = None, named: bool = True) -> None:
        self.key = key or ec.generate_private_key(ec.SECP256R1())
        root_key, middle_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        self.root = self._signed("root", "root", root_key.public_key(), root_key, ca=True)
        self.middle = self._signed("middle", "root", middle_key.public_key(), root_key, ca=True)
        self.leaf = self._signed("gate.example", "middle", self.key.public_key(), middle_key, days=days, uses=uses, named=named)

    @staticmethod
    def _signed(
        subject: str, issuer: str, key: Any, by: Any, ca: bool = False, days: tuple[int, int] = (-1, 30), uses: Any = None,
        named: bool = True,
    ) -> x509.Certificate:  # fmt: skip
        made = (
            x509.CertificateBuilder()
            .subject_name(name(subject))
            .issuer_name(name(issuer))
            .public_key(key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW + timedelta(days=days[0]))
            .not_valid_after(NOW + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca, None), True)
        )
        if named and not ca:
            made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), False)
        if uses is not None:
            made = made.add_extension(x509.ExtendedKeyUsage(uses), False)
        return made.sign(by, hashes.SHA256())

    def pem(self, *certificates: x509.Certificate) -> bytes:
        return b"".join(each.public_bytes(PEM) for each in certificates or (self.leaf, self.middle))

    def key_pem(self, password: bytes = b"", encoding: serialization.Encoding = PEM) -> bytes:
        how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        return bytes(self.key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, how))


@pytest.fixture(scope="module")
def made() -> Made:
    return Made()


def judged(certificate: bytes, key: bytes = b"", password: str = "", now: str = NOW.isoformat()) -> dict[str, Any]:
    """As the process judges it, in this one."""
    sent = Sent(base64.b64encode(certificate).decode(), base64.b64encode(key).decode(), password, "", now)
    order = to_plain(sent)
    assert isinstance(order, dict)
    return work.check(order)


def test_a_chain_is_put_into_the_order_of_tls(made: Made) -> None:
    found = judged(made.pem(made.root, made.middle, made.leaf), made.key_pem())
    pems = x509.load_pem_x509_certificates(found["pem"].encode())
    assert pems == [made.leaf, made.middle, made.root]
    assert found["facts"]["names"] == ["gate.example"]
    assert found["facts"]["chain"] == 2


def test_what_stands_twice_in_a_chain_counts_once(made: Made) -> None:
    found = judged(made.pem(made.leaf, made.middle, made.root, made.middle, made.root), made.key_pem())
    assert x509.load_pem_x509_certificates(found["pem"].encode()) == [made.leaf, made.middle, made.root]


def test_certificate_and_key_may_come_as_der_and_the_key_is_judged_by_itself(made: Made) -> None:
    der, key = made.leaf.public_bytes(DER), made.key_pem(encoding=DER)
    assert judged(der, key)["facts"] == judged(der, made.key_pem())["facts"] == judged(made.pem(made.leaf), key)["facts"]
    locked = made.key_pem(b"geheim", DER)
    assert judged(der, locked, "geheim")["facts"]["key"] == "EC secp256r1"
    assert refused(certificate=der, key=locked) == ("password", "the key is encrypted: give its password")
    assert refused(certificate=der, key=made.key_pem(b"geheim"), password="falsch")[0] == "password"
    assert refused(certificate=der, key=b"junk") == ("private_key", "the key cannot be read")


def test_of_several_keys_in_a_file_the_one_of_the_certificate_counts(made: Made) -> None:
    keys = Made().key_pem() + made.key_pem(b"geheim") + Made().key_pem()
    assert judged(made.pem(), keys, "geheim")["pem"].startswith(made.key_pem().decode())
    assert judged(keys + made.pem(), password="geheim")["facts"]["chain"] == 1
    assert refused(certificate=made.pem(), key=keys)[0] == "password"
    others = Made().key_pem() + Made().key_pem()
    assert refused(certificate=made.pem(), key=others) == ("private_key", "the key does not belong to the certificate")


def test_a_curve_that_nobody_knows_any_more_is_named_as_the_reason(made: Made) -> None:
    """secp160r1: of the key that was sent, or of a certificate before the right one."""
    key = base64.b64decode(
        "MFECAQEEFQC8X2AfwUaxrFTwnY+V9KXQFSj42aAHBgUrgQQACKEsAyoABHCxWUQncDDy/O2k6iVJz82B3VvKdsw++OhdZhl7VwPv64qa6M+FxcE="
    )
    foreign = ssl.DER_cert_to_PEM_cert(
        base64.b64decode(
            "MIIBSDCCAQagAwIBAgIUbbaqAyMU9gTi8p/eVMWtIbHuWcQwCgYIKoZIzj0EAwIwDDEKMAgGA1UEAwwBcDAeFw0yNjExMjkwOTQ0MTJaFw0yNz"
            "A5MjUwOTQ0MTJaMAwxCjAIBgNVBAMMAXAwPjAQBgcqhkjOPQIBBgUrgQQACAMqAARwsVlEJ3Aw8vztpOolSc/Ngd1bynbMPvjoXWYZe1cD7+uK"
            "mujPhcXBo2EwXzAdBgNVHQ4EFgQUe576ia/VwQ5YKdoE/a4NfFiE7mEwHwYDVR0jBBgwFoAUe576ia/VwQ5YKdoE/a4NfFiE7mEwDwYDVR0TAQ"
            "H/BAUwAwEB/zAMBgNVHREEBTADggF4MAoGCCqGSM49BAMCAzAAMC0CFFUEqe6eFY6WgcD8GDz53pNg5BgcAhUA6A8CfjV6GFlEgpBv/ntJMFkv"
            "UgA="
        )
    ).encode()
    assert "browsers know keys of RSA" in refused(certificate=made.pem(), key=key)[1]
    said = refused(certificate=foreign + made.pem(), key=made.key_pem())
    assert said == ("certificate", "the certificate of CN=p does not belong to the chain")


def test_key_and_certificate_may_come_in_one_file_or_as_pkcs12(made: Made) -> None:
    assert judged(made.key_pem() + made.pem())["facts"]["key"] == "EC secp256r1"
    how = serialization.BestAvailableEncryption(b"geheim")
    bundle = pkcs12.serialize_key_and_certificates(b"x", made.key, made.leaf, [made.middle], how)
    assert judged(bundle, password="geheim")["facts"]["chain"] == 1
    with pytest.raises(ConfigError, match="the password of the file is wrong"):
        judged(bundle, password="falsch")


def refused(**of: Any) -> tuple[str, str]:
    with pytest.raises(ConfigError) as why:
        judged(**of)
    return why.value.field, str(why.value)


def test_each_thing_that_is_wrong_is_named_at_its_field(made: Made) -> None:
    other = Made()
    ended, early = Made(days=(-30, -2)), Made(days=(5, 30))
    client = Made(uses=[ExtendedKeyUsageOID.CLIENT_AUTH])
    nameless, weak = Made(named=False), Made(key=rsa.generate_private_key(65537, 1024))
    odd = Made(key=ed25519.Ed25519PrivateKey.generate())
    key = "private_key"
    assert refused(certificate=made.pem(), key=other.key_pem()) == (key, "the key does not belong to the certificate")
    assert refused(certificate=made.pem())[0] == key
    assert refused(certificate=made.pem(), key=b"junk") == (key, "the key cannot be read")
    assert refused(certificate=made.pem(), key=made.key_pem(b"geheim"))[0] == "password"
    assert refused(certificate=made.pem(), key=made.key_pem(b"geheim"), password="falsch")[0] == "password"
    assert "does not belong to the chain" in refused(certificate=made.pem(made.leaf, other.middle), key=made.key_pem())[1]
    assert "ended on" in refused(certificate=ended.pem(), key=ended.key_pem())[1]
    assert "begins on" in refused(certificate=early.pem(), key=early.key_pem())[1]
    assert "not meant for servers" in refused(certificate=client.pem(), key=client.key_pem())[1]
    assert "names no host" in refused(certificate=nameless.pem(), key=nameless.key_pem())[1]
    assert "2048 to 4096 bits, this one 1024" in refused(certificate=weak.pem(), key=weak.key_pem())[1]
    assert "browsers know keys of RSA" in refused(certificate=odd.pem(), key=odd.key_pem())[1]
    for noise in (b"", b"junk", bytes(range(256)), b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"):
        assert refused(certificate=noise)[0] == "certificate"


def test_without_a_clock_no_certificate_is_too_old(made: Made) -> None:
    ended = Made(days=(-30, -2))
    assert judged(ended.pem(), ended.key_pem(), now="")["facts"]["subject"] == "CN=gate.example"


def test_the_cameras_own_is_made_once_for_its_names_and_addresses_and_anew_on_demand(tmp_path: Path) -> None:
    kept = Certificates(tmp_path / "tls", Clock())
    kept.ensure_own(Names(("gw.local", "gw"), ("192.0.2.7", "2001:db8::1")))
    first = kept.facts()
    assert (first.subject, first.names) == ("CN=gw", ("gw.local", "gw", "192.0.2.7", "2001:db8::1"))
    assert [first.covers(each) for each in ("192.0.2.7", "[2001:db8::1]", "GW", "other")] == [True, True, True, False]
    assert "PRIVATE" not in kept.public()
    kept.ensure_own(Names(("else",), ()))
    assert kept.facts() == first
    kept.make_own(Names(("else",), ()))
    assert kept.facts().names == ("else",)
    assert (tmp_path / "tls" / "camera.key").stat().st_mode & 0o077 == 0


def test_a_signing_request_keeps_its_key_until_the_certificate_comes(tmp_path: Path, made: Made) -> None:
    kept = Certificates(tmp_path / "tls", Clock())
    kept.ensure_own(Names(("gw",), ()))
    names = Names(("www.gate.example", "gate.example"), ("192.0.2.7",), "Gate AG", "DE")
    asked = x509.load_pem_x509_csr(kept.request(names).encode())
    assert asked.is_signature_valid
    assert asked.subject.rfc4514_string() == "CN=gate.example,O=Gate AG,C=DE"
    kept.install(made.pem(), made.key_pem(), "")  # meanwhile
    assert not kept.is_own and x509.load_pem_x509_csr(kept.waiting_request().encode()) == asked
    authority = ec.generate_private_key(ec.SECP256R1())
    answer = Made._signed("gate.example", "root", asked.public_key(), authority)
    assert kept.install(answer.public_bytes(PEM), b"", "").names == ("gate.example",)
    assert (kept.is_own, kept.waiting_request(), list((tmp_path / "tls").glob("request.*"))) == (False, "", [])
    assert kept.context().get_ca_certs() == []


def test_a_request_and_a_certificate_are_on_the_disk_with_their_keys_before_anybody_gets_them(
    tmp_path: Path, made: Made, recorder: Recorder
) -> None:
    kept = Certificates(tmp_path / "tls", Clock())
    for act, names in (
        (lambda: kept.request(Names(("gate.example",), ())), ["request.key", "request.csr"]),
        (lambda: kept.install(made.pem(), made.key_pem(), ""), ["https.pem"]),
    ):
        recorder.events.clear()
        act()
        wanted = [*(("sync", f"{name}.new") for name in names), *(("rename", name) for name in names), ("sync", "tls/")]
        assert recorder.events == wanted


def test_a_full_storage_leaves_key_and_request_and_key_and_certificate_as_they_belong_together(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, folder = Certificates(tmp_path, Clock()), tmp_path
    kept.ensure_own(Names(("gw",), ()))
    kept.request(Names(("gate.example",), ()))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for last in ("request.csr", "camera.crt"):

        def full(path: Path, data: bytes, mode: int = 0o644, last: str = last) -> Path:
            if path.name == last:
                raise OSError(28, "No space left on device")
            return write_beside(path, data, mode)

        monkeypatch.setattr(files, "write_beside", full)
        with pytest.raises((ConfigError, OSError)):
            kept.request(Names(("other.example",), ())) if last == "request.csr" else make_certificate(folder, ("gw",), ())
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_what_is_refused_leaves_the_one_in_force_and_one_that_is_damaged_falls_back(tmp_path: Path, made: Made) -> None:
    kept = Certificates(tmp_path / "tls", Clock())
    kept.ensure_own(Names(("gw",), ()))
    kept.install(made.pem(), made.key_pem(), "")
    with pytest.raises(ConfigError, match="does not belong to the certificate"):
        kept.install(made.pem(), Made().key_pem(), "")
    with pytest.raises(ConfigError, match="is larger than"):
        kept.install(bytes(MAX_FILE_BYTES + 1), b"", "")
    assert kept.facts().subject == "CN=gate.example"
    (tmp_path / "tls" / "https.pem").write_bytes(b"torn by a power cut")
    again = Certificates(tmp_path / "tls", Clock())
    assert isinstance(again.context(), ssl.SSLContext)
    assert (again.damaged, again.is_own, again.facts().subject) == (True, True, "CN=gw")
    again.remove_installed()
    assert not again.damaged and not (tmp_path / "tls" / "https.pem").exists()
    with pytest.raises(ConfigError, match="no certificate but the camera's own"):
        again.remove_installed()
