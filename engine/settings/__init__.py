"""Settings of the package, one file a group, declared once: validation, portal form, help bubbles and documentation read these
fields. A group is stored under its `key`, which never changes."""

from __future__ import annotations

from engine.settings.general import GeneralSettings
from engine.settings.lpr import FUNCTION_MODES, LprSettings
from engine.settings.recorders import RecorderSettings

__all__ = ["FUNCTION_MODES", "GeneralSettings", "LprSettings", "RecorderSettings"]
