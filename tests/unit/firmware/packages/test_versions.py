"""Versions: an older one asks, or is never taken, also after the package was removed; what is kept survives damage."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.errors import PackageError
from firmware.packages.versions import NEVER, Unconfirmed, Versions


@pytest.mark.parametrize("version", ["2.9.9.9", "2.0", "0.1.0", "2.9.10-rc1"])
def test_an_older_version_has_to_be_confirmed(tmp_path: Path, version: str) -> None:
    versions = Versions(tmp_path)
    versions.installed("ANPR", "3.0.0.0")
    with pytest.raises(Unconfirmed, match=rf"ANPR {version} is older than 3.0.0.0, which was installed here: confirm"):
        versions.check("ANPR", version, "3.0.0.0", confirmed=False)
    versions.check("ANPR", version, "3.0.0.0", confirmed=True)
    versions.check("ANPR", version, "", confirmed=False)  # a person has removed the newer one


@pytest.mark.parametrize("version", ["3.0", "3.0.0.0", "3.0.0-rc1", "3.0.0.1", "10.0"])
def test_the_same_and_a_newer_version_need_nothing(tmp_path: Path, version: str) -> None:
    versions = Versions(tmp_path)
    versions.installed("ANPR", "3.0.0.0")
    versions.check("ANPR", version, "3.0", confirmed=False)
    versions.check("OTHER", "0.1", "", confirmed=False)


def test_a_camera_that_takes_none_takes_none(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.installed("ANPR", "3.0.0.0")
    versions.decide(NEVER)
    again = Versions(tmp_path)
    assert again.older == NEVER
    with pytest.raises(PackageError, match="this camera takes no older versions") as caught:
        again.check("ANPR", "2.0", "", confirmed=True)
    assert not isinstance(caught.value, Unconfirmed)


def test_the_highest_stays_when_an_older_one_was_installed(tmp_path: Path) -> None:
    versions = Versions(tmp_path)
    versions.installed("ANPR", "3.0")
    versions.installed("ANPR", "2.0")
    versions.check("ANPR", "2.5", "2.0", confirmed=False)
    versions.decide(NEVER)
    with pytest.raises(PackageError, match=r"older than 3\.0"):
        versions.check("ANPR", "2.5", "2.0", confirmed=False)


def test_a_camera_from_before_knows_the_version_that_is_installed(tmp_path: Path) -> None:
    with pytest.raises(Unconfirmed, match=r"older than 3\.0"):
        Versions(tmp_path).check("ANPR", "2.5", "3.0", confirmed=False)


@pytest.mark.parametrize("left", [b"", b"{}", b'{"older": "sometimes", "highest": {}}', b'{"older": "ask", "highest": {"A": 3}}'])
def test_a_damaged_file_is_restored_from_its_copy(tmp_path: Path, left: bytes) -> None:
    versions = Versions(tmp_path)
    versions.installed("ANPR", "3.0")
    (tmp_path / "versions.json").write_bytes(left)
    again = Versions(tmp_path)
    again.decide(NEVER)
    with pytest.raises(PackageError, match=r"older than 3\.0"):
        again.check("ANPR", "2.0", "", confirmed=False)
