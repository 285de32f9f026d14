"""Milesight's event: the JSON document and the GET address that receivers of LPR cameras know.

Source: docs/sources.md, Milesight's event.
"""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import quote

from engine.formats._country_codes import alpha_3
from engine.formats.event import Device, clean
from engine.types import PlateEvent

PLATE_TYPES = {"black": "Black", "white": "White"}
"""List role -> "type"; a plate in neither is a Visitor."""

DIRECTIONS = {"approach": "Approach", "away": "Away"}

UNKNOWN = "Unknown"


def document(event: PlateEvent, device: Device, plate_jpeg: bytes, full_jpeg: bytes) -> dict[str, Any]:
    """The fields in Milesight's order and spelling. Times are local and name no zone; confidence 0.00 to 1.00; what this
    camera does not measure is "0" (speed), "None" (vehicle type) or "Unknown"; an image that is not sent is ""."""
    passage = event.passage
    local = passage.at.astimezone(device.zone)
    x, y, width, height = passage.box
    return {
        "device": clean(device.name),
        "time": f"{local:%Y-%m-%d %H:%M:%S}",
        "time_msec": f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}",
        "plate": clean(passage.plate),
        "type": plate_type(event),
        "speed": "0",
        "direction": DIRECTIONS.get(passage.direction, UNKNOWN),
        "detection_region": str(passage.lane or 1),
        "region": alpha_3(passage.country),
        "resolution_width": str(passage.size[0]),
        "resolution_height": str(passage.size[1]),
        "coordinate_x1": x,
        "coordinate_y1": y,
        "coordinate_x2": x + width,
        "coordinate_y2": y + height,
        "confidence": f"{passage.confidence / 100:.2f}",
        "plate_color": passage.plate_colour.capitalize() or UNKNOWN,
        "vehicle_type": "None",
        "vehicle_color": UNKNOWN,
        "Vehicle Brand": UNKNOWN,
        "plate_image": base64.b64encode(plate_jpeg).decode(),
        "full_image": base64.b64encode(full_jpeg).decode(),
        "evidence_image0": "",
        "evidence_image1": "",
        # Ours, after theirs: what tells events and cameras apart where thousands come together.
        "event_id": event.passage.id,
        "decision": event.decision.outcome,
        "camera_id": clean(device.id),
        "site": clean(device.site),
    }


def plate_type(event: PlateEvent) -> str:
    """Black before White, for a receiver that guards a gate."""
    roles = {match.list.role for match in event.matches}
    return next((name for role, name in PLATE_TYPES.items() if role in roles), "Visitor")


def get_address(url: str, caption: str, plate: str) -> str:
    """The URL with Caption and description appended, percent-encoded as UTF-8; a fragment is dropped."""
    url = url.partition("#")[0]
    joint = "" if url.endswith(("?", "&")) else "&" if "?" in url else "?"
    return f"{url}{joint}Caption={quote(caption, safe='')}&description={quote(plate, safe='')}"
