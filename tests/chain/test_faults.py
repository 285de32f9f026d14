"""Fault tests, short: the simulated camera killed ten times while a car stands before its barrier."""

from __future__ import annotations

from pathlib import Path

from scripts.fault_tests import kill


def test_ten_kills_lose_no_passage_and_no_message_and_open_once_for_each_car(tmp_path: Path) -> None:
    found = kill.run(10, 20, tmp_path, print)
    assert found["violations"] == []
    assert found["kills"] == 10
    assert found["cars"] >= 4
