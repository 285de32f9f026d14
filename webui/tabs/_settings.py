"""A tab that is one form: the settings of one group."""

from __future__ import annotations

from board.kit.settings import Settings
from board.kit.web.forms import fields, groups
from board.kit.web.menu import Tab
from board.kit.web.routes import Answer, Call, page
from webui.choices import settings_choices
from webui.portal import Portal


def settings_tab(name: str, title: str, order: int, kind: type[Settings], template: str = "settings") -> Tab[Portal]:
    """The tab `name`, whose form goes to api/settings/`name`; `template`: its page, where that shows more than the form."""

    def show(portal: Portal, call: Call) -> Answer:
        form = fields(kind, portal.store.settings(kind).model_dump(), settings_choices(portal.profile))
        return portal.pages.answer(portal, call, template, title, tab=name, groups=groups(form), path=f"settings/{name}")

    return Tab(name, title, order, "configure", (page(name, "configure", show),))
