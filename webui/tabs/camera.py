"""Camera tab: exposure by day and by infra-red night, focus, flicker, turning and cutting of the camera's picture."""

from __future__ import annotations

from board.camera import CameraSettings
from webui.tabs._settings import settings_tab

TAB = settings_tab("camera", "Camera", 5, CameraSettings)
