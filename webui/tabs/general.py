"""General configuration tab: device, images, trigger socket and logs (manual 4.6, as far as built)."""

from __future__ import annotations

from engine.settings import GeneralSettings
from webui.forms import fields, filled, groups
from webui.portal import Answer, Call, Portal, Route, Tab, data
from webui.tabs.lpr import choices, store


def _page(portal: Portal, call: Call) -> Answer:
    form = fields(GeneralSettings, portal.general().model_dump(), choices(portal))
    return portal.pages.answer(
        portal, call, "settings", "General configuration", tab="general", groups=groups(form), path="settings/general"
    )


def _get(portal: Portal, call: Call) -> Answer:
    return data({"settings": portal.general().model_dump(mode="json"), "restart_due": sorted(portal.restart_due)})


def _put(portal: Portal, call: Call) -> Answer:
    stored = portal.general()
    return store(portal, call, stored, filled(GeneralSettings, call.body, stored.model_dump(), choices(portal)))


TAB = Tab(
    "general",
    "General configuration",
    6,
    "admin",
    (
        Route("GET", "general", "admin", _page),
        Route("GET", "api/settings/general", "admin", _get, "General settings and what waits for a restart."),
        Route("PUT", "api/settings/general", "admin", _put, "Changes general settings; what is left out stays."),
    ),
)
