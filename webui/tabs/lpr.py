"""LPR configuration tab, the region and country choice on first access, and "Restart service" (manual 3.3 and 4.5)."""

from __future__ import annotations

from typing import Any

from board.kit.settings import Problem, Settings
from engine.countries import countries, regions
from engine.messages import RestartService
from engine.settings import LprSettings
from webui.forms import Choices, board_choices, fields, filled, groups
from webui.portal import Answer, Call, Portal, Refused, Route, Tab, data

KEPT_BY_DEFAULT = ("region", "countries")
"""What the default configuration leaves as it is: without them the camera would ask as on its first day."""


def choices(portal: Portal) -> Choices:
    """What there is to choose from in LprSettings and GeneralSettings."""
    return {
        **board_choices(portal.profile),
        "region": tuple((region, region) for region in regions()),
        "countries": tuple((each.code, each.name) for each in countries().values()),
    }


def _setup(portal: Portal, call: Call) -> Answer:
    lpr = portal.lpr()
    field = next(each for each in fields(LprSettings, lpr.model_dump(), choices(portal)) if each.name == "countries")
    known = regions()
    return portal.pages.answer(portal, call, "setup", "Region and countries", regions=known, chosen_region=lpr.region, field=field)


def _page(portal: Portal, call: Call) -> Answer:
    form = fields(LprSettings, portal.lpr().model_dump(), choices(portal))
    return portal.pages.answer(
        portal, call, "lpr", "LPR configuration", tab="lpr", groups=groups(form), regions=regions(), countries=countries()
    )


def _get(portal: Portal, call: Call) -> Answer:
    return data({"settings": portal.lpr().model_dump(mode="json"), "restart_due": sorted(portal.restart_due)})


def _put(portal: Portal, call: Call) -> Answer:
    stored = portal.lpr()
    wanted = filled(LprSettings, call.body, stored.model_dump(), choices(portal))
    strange = [code for code in wanted.countries if countries()[code].region != wanted.region]
    if strange:
        problem = Problem("countries", "Countries", f"{', '.join(strange)}: not in {wanted.region}")
        raise Refused(422, str(problem), (problem,))
    return store(portal, call, stored, wanted)


def _default(portal: Portal, call: Call) -> Answer:
    stored = portal.lpr()
    return store(portal, call, stored, LprSettings(**{name: getattr(stored, name) for name in KEPT_BY_DEFAULT}))


def store(portal: Portal, call: Call, before: Settings, after: Settings) -> Answer:
    """Stores settings and notes which of the changed ones wait for "Restart service"."""
    portal.store.settings.put(after, call.user)
    for name, info in type(after).model_fields.items():
        extra: Any = info.json_schema_extra
        if getattr(before, name) != getattr(after, name) and isinstance(extra, dict) and extra.get("restart"):
            portal.restart_due.add(info.title or name)
    return data({"settings": after.model_dump(mode="json"), "restart_due": sorted(portal.restart_due)})


def _restart(portal: Portal, call: Call) -> Answer:
    outcome = portal.service.outcome(RestartService())
    if not outcome.ok:
        raise Refused(503, outcome.note)
    portal.restart_due.clear()
    return data({"ok": True, "note": outcome.note})


TAB = Tab(
    "lpr",
    "LPR configuration",
    4,
    "admin",
    (
        Route("GET", "setup", "viewer", _setup),
        Route("GET", "lpr", "admin", _page),
        Route("GET", "api/settings/lpr", "admin", _get, "LPR settings and what waits for a restart."),
        Route("PUT", "api/settings/lpr", "admin", _put, "Changes LPR settings; what is left out stays. 422 lists every problem."),
        Route("POST", "api/settings/lpr/default", "admin", _default, "Default configuration; region and countries stay."),
        Route("POST", "api/restart", "admin", _restart, "Restart service: engine and service start again."),
    ),
)
