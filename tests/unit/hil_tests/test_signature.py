"""Signature of a report: intact it verifies; whatever was changed, lost or mixed up is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from board.kit.errors import GatewrightError
from board.kit.state import State
from firmware.packages.keys import fingerprint, public_of, public_pem, read_public
from hil_tests.__main__ import main
from hil_tests.signature import device_key, sign_report, verify_report


@pytest.fixture
def report(tmp_path: Path) -> Path:
    key = device_key(State(tmp_path / "state"))
    path = tmp_path / "report.html"
    path.write_text(f"<!doctype html><!-- device key {fingerprint(public_of(key))} --><p>DO1 passed</p>")
    sign_report(path, key)
    return path


def why_not(report: Path, public: Path | None = None) -> str:
    with pytest.raises(GatewrightError) as caught:
        verify_report(report, public)
    return str(caught.value)


def test_an_intact_report_verifies_with_the_key_beside_it_and_with_the_device_s_own(report: Path, tmp_path: Path) -> None:
    assert verify_report(report).startswith("report.html is as it was signed, by key ")
    own = tmp_path / "state" / "host" / "device.pub"
    assert verify_report(report, own) == "report.html is as it was signed, by the key given"


def test_the_signature_is_plain_ed25519_over_the_page(report: Path) -> None:
    public = load_pem_public_key(report.with_suffix(".pub").read_bytes())
    assert isinstance(public, Ed25519PublicKey)
    public.verify(report.with_suffix(".sig").read_bytes(), report.read_bytes())


def test_a_device_keeps_its_key(tmp_path: Path) -> None:
    first = device_key(State(tmp_path))
    assert (tmp_path / "host" / "device.key").stat().st_mode & 0o777 == 0o600
    assert device_key(State(tmp_path)).private_bytes_raw() == first.private_bytes_raw()


def test_one_changed_word_is_noticed(report: Path) -> None:
    report.write_text(report.read_text().replace("passed", "failed"))
    assert why_not(report) == "report.html was changed after it was signed, or report.sig belongs to another report"


def test_a_report_signed_again_by_somebody_else_is_noticed_with_the_device_s_key(report: Path, tmp_path: Path) -> None:
    forger = Ed25519PrivateKey.generate()
    own = tmp_path / "own.pub"
    own.write_bytes(report.with_suffix(".pub").read_bytes())
    text = report.read_text().replace(fingerprint(read_public(own)), fingerprint(public_of(forger)))
    report.write_text(text.replace("passed", "polished"))
    sign_report(report, forger)
    assert f"own.pub is another's: {fingerprint(read_public(own))[:16]}" in why_not(report, own)


def test_another_key_beside_the_report_is_noticed(report: Path) -> None:
    report.with_suffix(".pub").write_bytes(public_pem(public_of(Ed25519PrivateKey.generate())))
    assert "report.pub is another's" in why_not(report)


def test_lost_and_damaged_files_are_named(report: Path) -> None:
    signature = report.with_suffix(".sig")
    signature.write_bytes(b"short")
    assert why_not(report) == "report.sig has 5 bytes, a signature has 64: it is damaged or no signature"
    signature.unlink()
    assert why_not(report) == f"its signature cannot be read: {signature}: No such file or directory"
    assert why_not(report.with_name("no.html")).startswith("the report cannot be read: ")


def test_a_page_that_is_no_report_is_refused(report: Path, tmp_path: Path) -> None:
    report.write_text("<p>hello</p>")
    sign_report(report, device_key(State(tmp_path / "state")))
    assert why_not(report) == "report.html names no device key: it is no bench report"


def test_the_command_ends_with_0_for_an_intact_and_1_for_a_changed_report(report: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", str(report)]) == 0
    report.write_text(report.read_text() + " ")
    assert main(["verify", str(report)]) == 1
    assert "was changed after it was signed" in capsys.readouterr().err
