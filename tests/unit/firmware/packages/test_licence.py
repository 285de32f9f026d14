"""Licence: signed by the package's vendor, for this package, on this camera, until its day."""

from __future__ import annotations

import base64
import io
import json
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from board.kit.clock import Clock
from board.kit.errors import PackageError
from board.kit.state import State
from board.kit.web.routes import Call
from firmware.packages import licences
from firmware.packages.checker import NotChecked, check_signature
from firmware.packages.keys import fingerprint, public_of
from firmware.packages.licence import Licence, licence_bytes, read_licence
from firmware.packages.licences import Licences
from firmware.packages.manifest import parse
from firmware.packages.records import CAMERA, GOOD, Slot
from firmware.packages.uploads import Uploads
from tests.tiny_package import KEY, OTHER_KEY, TRUST, contents

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


def test_the_last_day_of_a_licence_is_the_cameras(monkeypatch: pytest.MonkeyPatch) -> None:
    """West of Greenwich reading stopped in the middle of it."""
    monkeypatch.setenv("TZ", "America/Los_Angeles")
    assert read(made(), datetime(2026, 7, 1, 6, 59, tzinfo=UTC)).expires == date(2026, 6, 30)
    with pytest.raises(PackageError, match="ended on 2026-06-30"):
        read(made(), datetime(2026, 7, 1, 7, 0, tzinfo=UTC))


def test_another_trusted_vendor_cannot_license_this_package() -> None:
    other = public_of(OTHER_KEY)
    with pytest.raises(PackageError, match="not signed by the package's vendor"):
        read_licence(made(key=OTHER_KEY), "TINY", "s1", SIGNER, {**TRUST, fingerprint(other): other}, NOW)


class Kept:
    """The licences of a camera with the package TINY, and how often a process has checked a signature."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.trust = dict(TRUST)
        self.checks: list[bytes] = []
        self.fails = False
        monkeypatch.setattr(licences, "check_signature", self._check)
        monkeypatch.setattr(Clock, "now", lambda clock: self.now)
        self.now = NOW
        self.licences = Licences(State(folder), lambda: self.trust, "s1", Clock())
        self.file = folder / "host" / "licences" / "TINY.json"
        self.copy = self.file.with_name("TINY.json.copy")
        self._slot = Slot("A", CAMERA, GOOD, "1.0.0", "0" * 64, SIGNER)
        self._manifest = parse(contents()["package.conf"].replace(b"mechanism = none", b"mechanism = file"))

    def _check(self, public: bytes, signature: bytes, message: bytes) -> bool:
        if self.fails:
            raise NotChecked("the check cannot be started: {reason}", reason="no memory")
        self.checks.append(message)
        return check_signature(public, signature, message)

    def store(self, data: bytes) -> str:
        return str(self.licences.store(data, self._slot, self._manifest))

    def after_a_change_of_keys(self) -> None:
        """The version of another key is installed, and may be gone back from."""
        other = public_of(OTHER_KEY)
        self.trust[fingerprint(other)] = other
        self._slot = replace(self._slot, letter="B", signed_by=fingerprint(other))

    def after_the_way_back(self) -> None:
        self._slot = replace(self._slot, letter="A", signed_by=SIGNER)

    def write(self, data: bytes) -> None:
        """Past the host, into both files."""
        for path in (self.file, self.copy):
            path.write_bytes(data)

    def found(self) -> tuple[str, str]:
        status, text = self.licences.of(self._slot, self._manifest)
        return status, str(text)


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    return Kept(tmp_path, monkeypatch)


def test_a_signature_is_checked_once_while_its_day_is_looked_at_each_time(kept: Kept) -> None:
    assert kept.store(made()) == "2026-06-30"
    assert [kept.found() for _ in range(3)] == [("valid", "until 2026-06-30")] * 3
    kept.now = datetime(2026, 7, 1, tzinfo=UTC)
    assert kept.found() == ("none", "the licence ended on 2026-06-30")
    kept.now = NOW
    assert kept.found() == ("valid", "until 2026-06-30")
    assert len(kept.checks) == 1


def test_a_file_that_was_changed_is_checked_anew_and_a_key_that_went_counts_no_more(kept: Kept) -> None:
    kept.store(made())
    refused = "the licence is not signed by the package's vendor, or was changed"
    kept.write(made().replace(b"2026-06-30", b"2036-06-30"))
    assert [kept.found() for _ in range(2)] == [("none", refused)] * 2
    assert len(kept.checks) == 2
    kept.write(made())
    assert kept.found() == ("valid", "until 2026-06-30")
    kept.trust.clear()
    assert kept.found() == ("none", refused)
    assert len(kept.checks) == 2


def test_a_check_that_failed_by_itself_is_made_again_the_next_time(kept: Kept) -> None:
    kept.store(made())
    kept.write(made(expires=""))
    kept.fails = True
    assert kept.found() == ("none", "the check cannot be started: no memory")
    kept.fails = False
    assert kept.found() == ("valid", "no end")


FORGED = made(expires="").replace(b'"expires": ""', b'"expires": "2099-01-01"')


@pytest.mark.parametrize("damage", [b"", b"{", FORGED, None], ids=["empty", "half", "changed", "gone"])
@pytest.mark.parametrize("which", ["file", "copy"])
def test_for_a_damaged_licence_its_copy_counts_and_it_is_made_anew(kept: Kept, which: str, damage: bytes | None) -> None:
    kept.store(made(expires=""))
    path = kept.file if which == "file" else kept.copy
    path.unlink() if damage is None else path.write_bytes(damage)
    assert kept.found() == ("valid", "no end")
    assert (kept.file.read_bytes(), kept.copy.read_bytes()) == (made(expires=""),) * 2


@pytest.mark.parametrize("which", ["file", "copy"])
def test_of_two_licences_the_one_that_lasts_longer_counts_and_stays(kept: Kept, which: str) -> None:
    """A restore puts that of the backup behind the one that is there, which somebody may have got for the first days."""
    kept.store(made())
    path = kept.file if which == "file" else kept.copy
    path.write_bytes(made(expires="2026-12-31"))
    assert kept.found() == ("valid", "until 2026-12-31")
    path.write_bytes(made(expires=""))
    assert kept.found() == ("valid", "no end")
    assert (kept.file.read_bytes(), kept.copy.read_bytes()) == (made(expires=""),) * 2


def test_a_licence_whose_check_failed_by_itself_is_not_replaced_by_another(kept: Kept) -> None:
    kept.store(made())
    kept.file.write_bytes(made(expires=""))
    kept.found()
    kept.copy.write_bytes(made())
    kept.file.write_bytes(made(expires="2026-12-31"))
    kept.fails = True
    assert kept.found() == ("valid", "until 2026-06-30")
    kept.fails = False
    assert kept.found() == ("valid", "until 2026-12-31")


def test_a_licence_without_a_copy_as_older_hosts_left_it_gets_one(kept: Kept) -> None:
    kept.file.parent.mkdir(parents=True)
    kept.file.write_bytes(made(expires=""))
    assert kept.found() == ("valid", "no end")
    assert kept.copy.read_bytes() == made(expires="")


def test_a_licence_that_was_replaced_or_removed_comes_back_from_no_copy(kept: Kept) -> None:
    kept.store(made(expires=""))
    kept.store(made())
    kept.file.write_bytes(b"")
    assert kept.found() == ("valid", "until 2026-06-30")
    kept.licences.remove("TINY")
    assert kept.found() == ("none", "no licence for the camera with serial number s1")
    assert list(kept.file.parent.iterdir()) == []


def test_a_version_that_is_gone_back_to_over_a_change_of_keys_still_has_its_licence(kept: Kept) -> None:
    """The one for the new key had taken its place: the camera read nothing after the new version had failed its trial."""
    kept.store(made(expires=""))
    kept.after_a_change_of_keys()
    assert kept.found() == ("none", "the licence is not signed by the package's vendor, or was changed")
    kept.store(made(key=OTHER_KEY))
    kept.store(made(key=OTHER_KEY, expires="2026-12-31"))
    assert kept.found() == ("valid", "until 2026-12-31")
    kept.after_the_way_back()
    assert [kept.found() for _ in range(2)] == [("valid", "no end")] * 2
    kept.after_a_change_of_keys()
    assert kept.found() == ("valid", "until 2026-12-31")
    kept.licences.remove("TINY")
    assert list(kept.file.parent.iterdir()) == []


def test_a_disk_that_takes_nothing_leaves_a_damaged_licence_to_its_copy(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    kept.store(made(expires=""))
    kept.file.write_bytes(b"")

    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(licences, "write_both", full)
    assert kept.found() == ("valid", "no end")


@pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=b"])
def test_a_licence_that_breaks_off_while_it_is_sent_is_said_so(tmp_path: Path, kind: str) -> None:
    class Cut(io.BytesIO):
        def read(self, most: int | None = -1, /) -> bytes:
            raise ConnectionAbortedError("the request broke off before its end")

    call = Call(environ={"wsgi.input": Cut(), "CONTENT_LENGTH": "100", "CONTENT_TYPE": kind})
    with pytest.raises(PackageError, match="the upload broke off before its end"):
        Uploads(tmp_path / "uploads").licence(call)
