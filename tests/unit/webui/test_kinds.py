"""Kinds of actions: each is named by what it is for."""

from __future__ import annotations

import re
from pathlib import Path

from engine.actions import find_kinds
from tests.samples import WHITE
from tests.unit.webui.portal_caller import Caller
from webui.view.kinds import USUAL, in_order

ICONS = Path(__file__).parents[3] / "webui" / "templates" / "icons.html"


def test_every_kind_has_a_purpose_an_icon_and_a_line_about_it() -> None:
    drawn = set(re.findall(r'"(\w+)": "M', ICONS.read_text("utf-8")))
    for kind in find_kinds().values():
        assert kind.purpose and kind.about.endswith(".") and kind.icon in drawn, kind.name


def test_the_gate_comes_first_and_a_new_kind_after_those_of_this_release() -> None:
    kinds = {"new": object(), **find_kinds()}
    assert in_order(kinds)[0] == "io"  # type: ignore[arg-type]
    assert in_order(kinds)[len(USUAL) :] == [name for name in kinds if name not in USUAL]  # type: ignore[arg-type]


def test_a_list_without_actions_offers_the_two_usual_ones(caller: Caller) -> None:
    page = caller.get(f"lists/{WHITE}?view=actions").text
    assert "Open a gate or switch a siren" in page
    assert (
        f'/anpr/lists/{WHITE}/actions/new?kind=io">Open the gate' in page
        and f"/anpr/lists/{WHITE}/actions/new?kind=wiegand" in page
    )
