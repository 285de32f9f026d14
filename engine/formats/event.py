"""Event: what messages say about one passage, declared once; every format writes down this document.

Names and texts come from strangers (plates, descriptions, columns): `clean` takes out what XML or UTF-8 cannot carry, once for all
formats.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from board.kit.dataclass import dataclass
from board.kit.words import plain
from engine.events import EVENTS
from engine.formats.characters import NOT_XML
from engine.types import Match, PlateEvent

VERSION = 1
"""Of the document: a field is added without a new one, none changes its meaning."""

Value = str | int | float | bool | None | list["Value"] | dict[str, "Value"]

FIELDS = {
    "version": "of this layout; it grows by new fields without a new version",
    "event_id": "the passage; the same in every message about it and in every repetition",
    "event": f"what happened: {', '.join(EVENTS)}",
    "camera_id": "the camera, stable for its life",
    "camera_name": "setting Device name",
    "site": "setting Site",
    "time": "when the picture was taken, UTC; the event's only time",
    "time_local": "the same by the camera's clock, with its offset",
    "plate": "as read; empty: an event without one, such as a trigger at which no plate was read",
    "unsure_plate": "what was read below the minimum confidence, else empty",
    "confidence": "0 to 100",
    "country": "ISO 3166-1 alpha-2, empty: not known",
    "region": "state within the country, empty: not known",
    "plate_colour": "of the plate's ground, empty: not sure",
    "plate_kind": "such as taxi; empty: an ordinary one",
    "lane": "1 or 2; 0: no lane line is drawn",
    "direction": "approach, away, or empty",
    "character_height_px": "in pixels of the picture",
    "reads": "pictures that agreed on this plate",
    "box": "the plate in the picture, in pixels",
    "picture": "size of the picture in pixels",
    "lists": "lists that the plate is in, with what its entry says of it; distance 1: it is one character off",
    "decision": "outcome: opened, refused, withheld or reported; reason in English, and as key and values for translation",
    "trigger": "what started the reading, empty in the modes without triggers",
    "images": "the pictures by name: full and plate; base64 in formats with image, else empty",
    "images_time": "when the pictures were taken if not at time: an event without a car has the newest ones; else empty",
    "infoplate": "setting Customised columns",
}
"""Field of the document -> what it says, in their order."""


@dataclass(frozen=True, slots=True)
class Device:
    """The camera as its messages name it. `columns`: the customised ones; `copy`: the board's own id where the storage was in
    another camera before and does not stand for that one, which may be there as well."""

    id: str
    name: str
    site: str
    zone: ZoneInfo
    columns: tuple[tuple[str, str], ...] = ()
    copy: str = ""


@dataclass(frozen=True, slots=True)
class Image:
    """`name`: "full" or "plate"; `file`: its name below the image folder, "" when it was not stored."""

    name: str
    file: str


def images(event: PlateEvent) -> tuple[Image, ...]:
    stored = event.passage.images
    return tuple(Image(name, file) for name, file in (("full", stored.full), ("plate", stored.plate)) if file)


def document(event: PlateEvent, device: Device, read: Callable[[str], bytes] | None) -> dict[str, Value]:
    """The whole event as JSON types. `read(file)` gives a picture's bytes, b"" when it is gone; None: without pictures."""
    passage = event.passage
    x, y, width, height = passage.box
    said = {
        "version": VERSION,
        "event_id": passage.id,
        "event": passage.what,
        "camera_id": device.id,
        "camera_name": device.name,
        "site": device.site,
        "time": _utc(passage.at),
        "time_local": stamp(passage.at.astimezone(device.zone)),
        "plate": passage.plate,
        "unsure_plate": passage.unsure,
        "confidence": round(passage.confidence, 1) if math.isfinite(passage.confidence) else None,
        "country": passage.country,
        "region": passage.region,
        "plate_colour": passage.plate_colour,
        "plate_kind": passage.plate_kind,
        "lane": passage.lane,
        "direction": passage.direction,
        "character_height_px": round(passage.char_height_px, 1) if math.isfinite(passage.char_height_px) else None,
        "reads": passage.votes,
        "box": {"x": x, "y": y, "width": width, "height": height},
        "picture": {"width": passage.size[0], "height": passage.size[1]},
        "lists": [_listed(match) for match in event.matches],
        "decision": {
            "outcome": event.decision.outcome,
            "reason": str(event.decision.reason),
            **plain(event.decision.reason),
        },
        "trigger": {"id": passage.trigger_id, "cause": passage.trigger_cause},
        "images": [_image(image, read) for image in images(event)],
        "images_time": _utc(passage.images_at) if passage.images_at else "",
        "infoplate": dict(device.columns),
    }
    return {name: _cleaned(value) for name, value in said.items()}


def stamp(at: datetime) -> str:
    """ISO 8601 with milliseconds and the offset."""
    return at.isoformat(timespec="milliseconds")


def _utc(at: datetime) -> str:
    return stamp(at.astimezone(UTC)).replace("+00:00", "Z")


def clean(text: str) -> str:
    """What every format can carry; anything else becomes U+FFFD."""
    return text if text.isascii() and text.isprintable() else NOT_XML.sub("\ufffd", text)  # a picture's base64 is long


def _listed(match: Match) -> dict[str, object]:
    entry = match.entry
    return {
        "name": match.list.name,
        "role": match.list.role,
        "plate": entry.plate if entry else "",
        "description": entry.description if entry else "",
        "owner": entry.owner if entry else "",
        "group": entry.group if entry else "",
        "distance": match.distance,
    }


def _image(image: Image, read: Callable[[str], bytes] | None) -> dict[str, object]:
    content = read(image.file) if read else b""
    return {"name": image.name, "file": image.file, "type": "image/jpeg", "base64": base64.b64encode(content).decode()}


def _cleaned(value: object) -> Value:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, Mapping):
        return {clean(str(name)): _cleaned(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_cleaned(each) for each in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value if isinstance(value, bool | int | float) or value is None else clean(str(value))
