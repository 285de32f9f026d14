"""Zones: the system's time zone, and what happens with names that mean nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from board.kit.zones import camera_zone, system_zone


@pytest.mark.parametrize(
    ("target", "zone"),
    [
        ("/usr/share/zoneinfo/Europe/Bratislava", "Europe/Bratislava"),
        ("../usr/share/zoneinfo/America/Argentina/Salta", "America/Argentina/Salta"),
        ("/etc/elsewhere", "UTC"),
        (None, "UTC"),
    ],
)
def test_the_systems_zone_is_where_its_local_time_points_to(tmp_path: Path, target: str | None, zone: str) -> None:
    (tmp_path / "etc").mkdir()
    if target:
        (tmp_path / "etc" / "localtime").symlink_to(target)
    assert system_zone(tmp_path) == zone


@pytest.mark.parametrize(
    ("named", "zone"), [("Asia/Tokyo", "Asia/Tokyo"), (":Asia/Tokyo", "Asia/Tokyo"), ("Mars/Olympus", "UTC"), ("../../etc", "UTC")]
)
def test_the_zone_of_the_environment_goes_first(monkeypatch: pytest.MonkeyPatch, named: str, zone: str) -> None:
    monkeypatch.setenv("TZ", named)
    assert camera_zone("").key == zone


def test_a_file_in_the_environment_is_no_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TZ", raising=False)
    own = system_zone()
    monkeypatch.setenv("TZ", ":/etc/localtime")
    assert system_zone() == own


def test_a_camera_without_a_zone_of_its_own_follows_the_system_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    assert (camera_zone("").key, camera_zone("Asia/Seoul").key) == ("Europe/Berlin", "Asia/Seoul")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    assert (camera_zone("").key, camera_zone("Asia/Seoul").key) == ("Asia/Tokyo", "Asia/Seoul")
