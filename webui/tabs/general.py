"""General configuration tab: device, history and storage, trigger socket and logs (manual 4.6, General configuration tab)."""

from __future__ import annotations

from engine.settings import GeneralSettings
from webui.tabs._settings import settings_tab
from webui.view.storage import storage

TAB = settings_tab("general", "General configuration", 6, GeneralSettings, "general", lambda portal: {"storage": storage(portal)})
