"""Scopes: by which a client finds this camera among others (ONVIF Core, 7.3.3), and its name for ever, a UUID of its camera id."""

from __future__ import annotations

import uuid
from urllib.parse import quote

from engine.vms.onvif.camera import MANUFACTURER, Camera

PLACE = "onvif://www.onvif.org"
PROFILES = ("Streaming", "T")
KINDS = ("video_encoder", "video_analytics", "Network_Video_Transmitter")
CAMERAS = uuid.UUID("b1d8a3f0-2f5b-5f0e-9d8e-7c1b6a4e2d90")
"""Namespace of their UUIDs: one of ours."""


def scopes(camera: Camera) -> tuple[str, ...]:
    """Fixed ones first, then those that the settings name."""
    fixed = (*(f"Profile/{each}" for each in PROFILES), *(f"type/{each}" for each in KINDS))
    named = [
        f"hardware/{quote(camera.board.title, safe='')}",
        f"name/{quote(camera.settings.camera_name or MANUFACTURER, safe='')}",
    ]
    if camera.settings.site:
        named.append(f"location/{quote(camera.settings.site, safe='')}")
    return tuple(f"{PLACE}/{each}" for each in (*fixed, *named))


def address(camera: Camera) -> str:
    """Of the camera as an endpoint, wherever it is: "urn:uuid:..."."""
    return f"urn:uuid:{uuid.uuid5(CAMERAS, camera.settings.camera_id)}"
