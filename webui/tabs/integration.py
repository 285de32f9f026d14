"""Integration tab: the camera's own servers for recorders and video management systems: who uses them, and their settings."""

from __future__ import annotations

from board.kit.people import USES
from engine.settings import RecorderSettings
from webui.tabs._settings import settings_tab

TAB = settings_tab("recorders", "Integration", 6, RecorderSettings, "integration", lambda portal: {"uses": USES})
