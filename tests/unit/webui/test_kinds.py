"""Kinds of actions: each is named by what it is for."""

from __future__ import annotations

import re
from pathlib import Path

from engine.actions import find_kinds
from tests.samples import WHITE
from tests.unit.webui.portal_caller import Caller
from webui.view.kinds import PURPOSES, in_order

ICONS = Path(__file__).parents[3] / "webui" / "templates" / "icons.html"


def test_every_kind_has_a_purpose_an_icon_and_a_line_of_help() -> None:
    assert PURPOSES.keys() == find_kinds().keys()
    drawn = set(re.findall(r'"(\w+)": "M', ICONS.read_text("utf-8")))
    assert {each.icon for each in PURPOSES.values()} <= drawn
    assert all(each.title and each.help.endswith(".") for each in PURPOSES.values())


def test_the_gate_comes_first_and_a_kind_without_a_purpose_last() -> None:
    kinds = {"new": object(), **find_kinds()}
    assert in_order(kinds)[0] == "io" and in_order(kinds)[-1] == "new"  # type: ignore[arg-type]


def test_a_list_without_actions_offers_the_two_usual_ones(caller: Caller) -> None:
    page = caller.get(f"lists/{WHITE}?view=actions").text
    assert "Open a gate or switch a siren" in page
    assert (
        f'/anpr/lists/{WHITE}/actions/new?kind=io">Open the gate' in page
        and f"/anpr/lists/{WHITE}/actions/new?kind=wiegand" in page
    )
