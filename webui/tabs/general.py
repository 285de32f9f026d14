"""General configuration tab: device, history and storage, trigger socket and logs (manual 4.6, General configuration tab)."""

from __future__ import annotations

from collections.abc import Mapping

from engine.settings import GeneralSettings
from webui.portal import Portal
from webui.tabs._settings import settings_tab
from webui.view.database import database
from webui.view.storage import storage


def _more(portal: Portal) -> Mapping[str, object]:
    return {"storage": storage(portal), "database": database(portal)}


TAB = settings_tab("general", "General configuration", 6, GeneralSettings, "general", _more)
