"""General configuration tab: device, images, trigger socket and logs (manual 4.6, General configuration tab, as far as built)."""

from __future__ import annotations

from engine.settings import GeneralSettings
from webui.tabs._settings import settings_tab

TAB = settings_tab("general", "General configuration", 6, GeneralSettings)
