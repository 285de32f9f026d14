"""A tab that is one form: the settings of one group."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from board.kit.settings import Settings
from board.kit.web.forms import fields, groups
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from board.kit.words import Text
from webui.choices import settings_choices
from webui.portal import Portal


def settings_tab(
    name: str,
    title: str,
    order: int,
    kind: type[Settings],
    template: str = "settings",
    more: Callable[[Portal], Mapping[str, object]] = lambda portal: {},
) -> Tab[Portal]:
    """The tab `name`, whose form goes to api/settings/`name`; `template`: its page, where that shows more than the form, which
    `more` gives."""

    def show(portal: Portal, call: Call) -> Answer:
        form = fields(kind, portal.store.settings(kind).model_dump(), settings_choices(portal.profile))
        known: dict[str, Any] = {"tab": name, "groups": groups(form), "path": f"settings/{name}", **more(portal)}
        return portal.pages.answer(portal, call, template, Text(title), **known)

    return Tab(name, title, order, "configure", (page(name, "configure", show),))
