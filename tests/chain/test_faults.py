"""Fault tests, short: the simulated camera killed ten times while a car stands before its barrier, hostile packages, upgrades that
are cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.fault_tests import kill, packages, upgrade


def test_ten_kills_lose_no_passage_and_no_message_and_open_once_for_each_car(tmp_path: Path) -> None:
    found = kill.run(10, 20, tmp_path, print)
    assert found["violations"] == []
    assert found["kills"] == 10
    assert found["cars"] >= 4


def test_hostile_packages_are_refused_with_their_reason_and_touch_nothing(tmp_path: Path) -> None:
    found = packages.run(200, 20, tmp_path, print)
    assert found["violations"] == []
    assert (found["refused"], found["accepted"]) == (200, 0)
    assert found["through_cgi"] > 0 and found["unsigned_changes_unpacked_as_signed"] > 0


@pytest.mark.parametrize(("kind", "times"), [("package", 3), ("host", 1)])
def test_an_upgrade_that_is_cut_or_killed_leaves_the_old_or_the_new_version_with_all_data(
    tmp_path: Path, kind: str, times: int
) -> None:
    found = upgrade.run(times, 4, tmp_path, print, kind)
    assert found["violations"] == []
    assert (found["cuts"], found["kills"]) == (times, times)
    assert found["old_runs"] + found["new_runs"] == times
