"""Scopes: how a client finds this camera among others (ONVIF Core, 7.3.3), and its permanent name, a UUID of its camera id."""

from __future__ import annotations

import hashlib
from urllib.parse import quote

from engine.vms.onvif.place import Named

PLACE = "onvif://www.onvif.org"
PROFILES = ("Streaming", "T")
KINDS = ("video_encoder", "video_analytics", "Network_Video_Transmitter")
CAMERAS = bytes.fromhex("b1d8a3f02f5b5f0e9d8e7c1b6a4e2d90")
"""Namespace of their UUIDs: one of ours."""


def scopes(camera: Named) -> tuple[str, ...]:
    """Fixed ones first, then those that the settings name."""
    fixed = (*(f"Profile/{each}" for each in PROFILES), *(f"type/{each}" for each in KINDS))
    named = [
        f"hardware/{quote(camera.hardware, safe='')}",
        f"name/{quote(camera.settings.camera_name, safe='')}",
    ]
    if camera.settings.site:
        named.append(f"location/{quote(camera.settings.site, safe='')}")
    return tuple(f"{PLACE}/{each}" for each in (*fixed, *named))


def address(camera: Named) -> str:
    """The camera's address as an endpoint, wherever it is: "urn:uuid:..."."""
    digest = hashlib.sha1(CAMERAS + camera.settings.camera_id.encode(), usedforsecurity=False).digest()
    return urn(digest[:16], version=5)


def urn(made_of: bytes, version: int = 4) -> str:
    """A UUID of 16 bytes (RFC 9562) as an address; Python's own module would cost half a megabyte."""
    digits = bytearray(made_of)
    digits[6], digits[8] = digits[6] & 0x0F | version << 4, digits[8] & 0x3F | 0x80
    text = digits.hex()
    return f"urn:uuid:{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
