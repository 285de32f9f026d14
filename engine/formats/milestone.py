"""Milestone's analytics event (docs/sources.md, Standards: Milestone MIP SDK, AnalyticsEvent.xsd): one XML document for a passage.

The order of the elements is the schema's; a server refuses another one.
"""

from __future__ import annotations

import base64
import uuid
from zoneinfo import ZoneInfo

from engine.formats.event import Device, clean, document, stamp
from engine.formats.messages import to_json
from engine.formats.xml_text import IN_TEXT
from engine.types import Passage, PlateEvent

NAMESPACE = "urn:milestone-systems"

Parts = list[tuple[str, "str | Parts"]]
"""(element, text or its own elements); an empty text leaves the element out."""


def analytics_event(event: PlateEvent, device: Device, delivery_id: str, message: str, source: str, jpeg: bytes) -> str:
    """`message`: the name of the analytics event in the Management Client; `source`: that of the event's source, as an alarm
    definition knows it; `jpeg`: b"" without a picture. The whole event stands in Vendor/CustomData as JSON."""
    passage = event.passage
    plate = passage.plate or "NOPLATE"
    header: Parts = [
        ("ID", str(uuid.uuid5(uuid.NAMESPACE_URL, f"gatewright:{delivery_id}"))),
        ("Timestamp", _stamp(passage, device.zone)),
        ("Class", "Analytics"),
        ("Type", "License Plate Recognition"),
        ("Name", plate),
        ("Message", message),
        ("CustomTag", event.match.list.name),
        ("Source", [("Name", source)]),
    ]
    seen: Parts = [
        ("Name", plate),
        ("Type", "LicensePlate"),
        ("Confidence", f"{min(max(passage.confidence / 100, 0.0), 1.0):.3f}"),
        ("Value", passage.plate),
        ("AlarmTrigger", "true"),
        ("Color", passage.plate_colour),
        ("BoundingBox", _box(passage)),
    ]
    picture: Parts = [
        ("TimeOffset", "0"),
        ("Width", str(passage.size[0])),
        ("Height", str(passage.size[1])),
        ("SizeInBytes", str(len(jpeg))),
        ("Image", base64.b64encode(jpeg).decode()),
    ]
    outcome = f" {event.decision.outcome}" if event.decision.outcome else ""
    parts: Parts = [
        ("EventHeader", header),
        ("Description", f"{plate}{outcome}, {event.match.list.name}, {passage.confidence:.0f} %"),
        ("Location", device.site or device.name),
        ("ObjectList", [("Object", seen)]),
        ("SnapshotList", [("Snapshot", picture)] if jpeg else []),
        ("Vendor", [("Name", "Gatewright"), ("CustomData", to_json(document(event, device, None)))]),
    ]
    return f'<?xml version="1.0" encoding="utf-8"?>\n<AnalyticsEvent xmlns="{NAMESPACE}">{_written(parts)}</AnalyticsEvent>\n'


def _stamp(passage: Passage, zone: ZoneInfo) -> str:
    return stamp(passage.at.astimezone(zone))


def _box(passage: Passage) -> Parts:
    """In parts of the picture; none when its size is not known."""
    x, y, width, height = passage.box
    across, down = passage.size
    if not across or not down:
        return []
    edges = (("Top", y / down), ("Left", x / across), ("Bottom", (y + height) / down), ("Right", (x + width) / across))
    return [(name, f"{min(max(value, 0.0), 1.0):.4f}") for name, value in edges]


def _written(parts: Parts) -> str:
    return "".join(
        f"<{name}>{_written(value) if isinstance(value, list) else clean(value).translate(IN_TEXT)}</{name}>"
        for name, value in parts
        if value
    )
