"""Lane tab: inputs of the barrier's lane, places inside, and a second camera (docs/lane.md)."""

from __future__ import annotations

from engine.settings.lane import LaneSettings
from webui.tabs._settings import settings_tab

TAB = settings_tab("lane", "Lane", 5, LaneSettings, template="lane")
