"""LPR configuration tab, and the region and country choice on first access.

Sources: manual 4.5, LPR configuration tab; manual 3.3, First access.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from board.kit.web.forms import fields, groups
from board.kit.web.menu import Tab
from board.kit.web.routes import KNOWN, Answer, Call, page
from board.kit.words import Text
from engine.countries import UNTESTED, countries, regions
from engine.settings import LprSettings
from webui.choices import settings_choices
from webui.portal import Portal

T = TypeVar("T")


def _setup(portal: Portal, call: Call) -> Answer:
    lpr = portal.lpr()
    form = fields(LprSettings, lpr.model_dump(), settings_choices(portal.profile))
    field = next(each for each in form if each.name == "countries")
    known = regions()
    return portal.pages.answer(
        portal,
        call,
        "setup",
        Text("Region and countries"),
        regions=known,
        untested=UNTESTED,
        chosen_region=lpr.region,
        field=field,
    )


def _page(portal: Portal, call: Call) -> Answer:
    form = fields(LprSettings, portal.lpr().model_dump(), settings_choices(portal.profile))
    return portal.pages.answer(
        portal,
        call,
        "lpr",
        Text("LPR configuration"),
        tab="lpr",
        groups=_picture_first(groups(form)),
        regions=regions(),
        untested=UNTESTED,
        countries=countries(),
    )


def _picture_first(groups: Sequence[tuple[str, T]]) -> list[tuple[str, T]]:
    """Where plates are looked for comes before everything else."""
    return sorted(groups, key=lambda group: group[0] != "Picture")


TAB = Tab("lpr", "LPR configuration", 4, "configure", (page("setup", KNOWN, _setup), page("lpr", "configure", _page)))
