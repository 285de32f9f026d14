"""Upgrade cut: what the outside world makes of what a board tells after its power was cut in an upgrade."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.fault_tests.upgrade_cut import World

FOUND = {"version": "3.0.0", "layout": 3, "shown": "3.0.0", "rows": [1, 2], "integrity": "ok", "left": [], "message": ""}


def world(*lines: dict[str, Any]) -> World:
    """After an upgrade from 3 to 4 had begun, with two confirmed rows."""
    made = World({"3.0.0"}, 3)
    for at, line in enumerate([{"row": [1, 0]}, {"row": [2, 3]}, {"begins": ["3.0.0", "4.0.0"]}, *lines]):
        made.hear(line, float(at))
    return made


@pytest.mark.parametrize("version", ["3.0.0", "4.0.0"])
def test_the_old_or_the_new_version_may_run_after_a_cut(version: str) -> None:
    assert world({"found": {**FOUND, "version": version, "shown": version}}).wrong == []


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"version": "2.0.0", "shown": "2.0.0"}, "2.0.0 runs, 3.0.0 or 4.0.0 should"),
        ({"shown": "4.0.0"}, "Package Management shows 4.0.0, 3.0.0 runs"),
        ({"rows": [2]}, "confirmed rows are gone: [1]"),
        ({"rows": [1]}, "confirmed rows are gone: [2]"),
        ({"integrity": "row 3 missing"}, "the database is damaged: row 3 missing"),
        ({"left": ["C.new"]}, "left behind: C.new"),
    ],
)
def test_what_must_not_be_is_said(changed: dict[str, Any], said: str) -> None:
    assert world({"found": {**FOUND, **changed}}).wrong == [said]


def test_a_version_that_was_good_stays() -> None:
    assert world({"good": "4.0.0"}, {"found": FOUND}).wrong == ["3.0.0 runs, 4.0.0 should"]
    given_up = {**FOUND, "message": "4.0.0 was rolled back to 3.0.0: started 3 times without getting good"}
    assert world({"good": "4.0.0"}, {"found": given_up}).wrong == []


def test_what_was_stored_since_is_lost_on_the_way_back_to_a_version_that_cannot_read_it_and_then_never_again() -> None:
    back = {**FOUND, "version": "2.0.0", "shown": "2.0.0", "layout": 0, "rows": [1]}
    seen = world({"begins": ["3.0.0", "2.0.0"]}, {"found": back})
    assert seen.wrong == []
    seen.hear({"found": {**back, "rows": []}}, 9.0)
    assert seen.wrong == ["confirmed rows are gone: [1]"]
