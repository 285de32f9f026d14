"""The camera's own certificate lies there twice, and is made anew only when both are lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.state import State
from board.kit.web.tls import server_context
from firmware.certificates.own import certificate_files, ensure_certificate, keep_certificates, leave_on_its_board
from tests.recorder import Recorder

ONE, OTHER = "1" * 16, "2" * 16
"""Marks of boards."""


@pytest.mark.parametrize("damage", [b"", b"-----BEGIN PRIVATE KEY-----\nMIG", b"\xff" * 200], ids=["empty", "half", "noise"])
@pytest.mark.parametrize("which", ["camera.crt", "camera.key"])
def test_a_damaged_certificate_or_key_is_put_back_and_stays_the_one_that_others_know(
    tmp_path: Path, which: str, damage: bytes
) -> None:
    files = ensure_certificate(tmp_path, "gw-1")
    before = files.certificate.read_bytes(), files.key.read_bytes()
    (tmp_path / which).write_bytes(damage)
    keep_certificates(tmp_path)
    assert (files.certificate.read_bytes(), files.key.read_bytes()) == before
    assert {path.name: oct(path.stat().st_mode & 0o777) for path in tmp_path.iterdir()} == {
        "camera.crt": "0o644", "camera.crt.copy": "0o644", "camera.key": "0o600", "camera.key.copy": "0o600",
    }  # fmt: skip
    server_context(files.certificate, files.key)


def test_a_certificate_whose_copy_is_damaged_too_is_made_anew(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, "gw-1")
    for path in (files.key, files.key.with_name("camera.key.copy")):
        path.write_bytes(b"")
    keep_certificates(tmp_path)
    assert list(tmp_path.iterdir()) == []
    server_context(*_paths(tmp_path))


def test_certificates_of_before_get_their_copies_and_what_was_taken_away_stays_away(tmp_path: Path) -> None:
    files = ensure_certificate(tmp_path, "gw-1")
    installed = tmp_path / "https.pem"
    installed.write_bytes(files.key.read_bytes() + files.certificate.read_bytes())
    installed.chmod(0o600)
    for path in tmp_path.glob("*.copy"):
        path.unlink()
    keep_certificates(tmp_path)
    copy = tmp_path / "https.pem.copy"
    assert (copy.read_bytes(), copy.stat().st_mode & 0o777) == (installed.read_bytes(), 0o600)
    installed.write_bytes(b"")
    keep_certificates(tmp_path)
    server_context(installed)
    installed.unlink()
    keep_certificates(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["camera.crt", "camera.crt.copy", "camera.key", "camera.key.copy"]


def test_a_copied_card_does_not_bring_the_key_along_to_another_board(tmp_path: Path) -> None:
    """But for the installer's certificate, which may be for both."""
    state = State(tmp_path)
    files = ensure_certificate(state.tls, "gw-1")
    (state.tls / "https.pem").write_bytes(files.key.read_bytes() + files.certificate.read_bytes())
    own = files.certificate.read_bytes(), files.key.read_bytes()
    for _ in range(2):  # the first time with a release that keeps whose it is
        leave_on_its_board(state, ONE)
        keep_certificates(state.tls)
        assert (files.certificate.read_bytes(), files.key.read_bytes()) == own
    leave_on_its_board(state, OTHER)
    keep_certificates(state.tls)
    assert sorted(path.name for path in state.tls.iterdir()) == ["https.pem", "https.pem.copy"]
    ensure_certificate(state.tls, "gw-2")
    again = files.certificate.read_bytes(), files.key.read_bytes()
    assert again[0] != own[0] and again[1] != own[1]
    leave_on_its_board(state, OTHER)
    assert (files.certificate.read_bytes(), files.key.read_bytes()) == again


@pytest.mark.parametrize("damage", [b"", b"\0" * 16, b"\xff" * 16], ids=["empty", "zeros", "noise"])
def test_a_damaged_note_of_its_board_does_not_cost_the_key_that_others_know(tmp_path: Path, damage: bytes) -> None:
    state = State(tmp_path)
    files = ensure_certificate(state.tls, "gw-1")
    own = files.certificate.read_bytes(), files.key.read_bytes()
    leave_on_its_board(state, ONE)
    (state.host / "certificate-of").write_bytes(damage)
    leave_on_its_board(state, ONE)
    assert (files.certificate.read_bytes(), files.key.read_bytes()) == own
    leave_on_its_board(state, OTHER)
    assert not files.key.exists()


def _paths(folder: Path) -> tuple[Path, Path]:
    ensure_certificate(folder, "gw-1")
    files = certificate_files(folder)
    return files.certificate, files.key


def test_it_is_on_the_disk_with_its_key_and_their_copies_before_anybody_gets_to_know_it(tmp_path: Path, recorder: Recorder) -> None:
    ensure_certificate(tmp_path, "gw-1")
    names = ["camera.key.copy", "camera.key", "camera.crt.copy", "camera.crt"]
    synced, renamed = [("sync", f"{name}.new") for name in names], [("rename", name) for name in names]
    assert recorder.events == [*synced, *renamed, ("sync", f"{tmp_path.name}/")]
