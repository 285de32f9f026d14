"""ONVIF: what a passage and a line are as notifications of ONVIF's event service, and those as JSON for MQTT.

Sources: ONVIF Analytics Service Specification (License Plate Recognition; tt:LicensePlateInfo), Core Specification (Events; JSON
over MQTT, "onvif-ej"), Device IO Service Specification (Events); the topic LicensePlateDetector/LicensePlate is that of Milesight's
integration protocol (RTSP metadata). engine/formats/onvif_xml.py writes them as XML.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from board.kit.dataclass import dataclass
from engine.formats.event import clean, stamp
from engine.lists.validity import LATEST
from engine.types import ListEntry, Passage, PlateEvent

VIDEO_SOURCE = "VideoSourceToken"
VIDEO_ANALYTICS = "VideoAnalyticsToken"
RULE = "LPR1"
DETECTOR_RULE = "MyLicensePlateDetectorRule"

DIRECTIONS = {"approach": "Approaching", "away": "Departing"}
"""Ours -> tt:Direction."""

LABELS = (("black", "Blacklisted"), ("white", "Whitelisted"))
"""List role -> Label, first to last; an entry that ends or runs out is Temporary before all but the blacklist."""

PLATE_TYPES = {"diplomatic": "Diplomat", "police": "Police", "temporary": "Temporary"}
"""Ours -> tt:PlateType; an ordinary plate is not told from one that is not sure, so that Normal is never said."""

LICENSE_PLATE = "RuleEngine/Recognition/LicensePlate"
DETECTOR = "RuleEngine/LicensePlateDetector/LicensePlate"
DIGITAL_INPUT = "Device/Trigger/DigitalInput"
RELAY = "Device/Trigger/Relay"

CHANGED, INITIALIZED = "Changed", "Initialized"
"""Values of tt:PropertyOperation."""


@dataclass(frozen=True, slots=True)
class Notification:
    """`topic`: below tns1:, "RuleEngine/Recognition/LicensePlate"; `time`: UTC; `source` and `data`: name -> value, a mapping is an
    ElementItem whose attributes begin with @; `operation`: tt:PropertyOperation, "" for an event that is no property.

    An ImageURI is a path at this camera: whoever writes the notification knows by which address the reader reaches it."""

    topic: str
    time: str
    source: Mapping[str, str]
    data: Mapping[str, Any]
    operation: str = ""


def recognition(event: PlateEvent, picture: str = "") -> Notification:
    """The standard's own event. `picture`: path of the plate's, "" when there is none."""
    passage = event.passage
    plate: dict[str, Any] = {"PlateNumber": {"@Likelihood": _likelihood(passage), "#text": clean(passage.plate)}}
    if kind := PLATE_TYPES.get(passage.plate_kind):
        plate["PlateType"] = kind
    if passage.country:
        plate["CountryCode"] = clean(passage.country)
    if passage.region:
        plate["IssuingEntity"] = clean(passage.region)
    data: dict[str, Any] = {"Likelihood": _likelihood(passage), "LicensePlateInfo": {"LicensePlateInfo": plate}}
    if label := _label(event):
        data["Label"] = label
    if direction := DIRECTIONS.get(passage.direction):
        data["Direction"] = direction
    if box := _box(passage):
        data["BoundingBox"] = {"BoundingBox": box}
    if picture:
        data["ImageURI"] = picture
    data["EventId"] = clean(passage.id)
    return Notification(LICENSE_PLATE, _time(passage.at), {"VideoSource": VIDEO_SOURCE, "Rule": RULE}, data)


def detector(event: PlateEvent, picture: str = "") -> Notification:
    """The older one that recorders of several makers look for; PlateNumber, Likelihood, CountryCode and the decision beside its own
    names. `picture`: as in `recognition`."""
    passage = event.passage
    data = {
        "LicensePlateResult": clean(passage.plate),
        "PlateNumber": clean(passage.plate),
        "Likelihood": _likelihood(passage),
    }
    if passage.country:
        data["CountryCode"] = clean(passage.country)
    if passage.direction in DIRECTIONS:
        data["LicenseCarDirection"] = str(1 + list(DIRECTIONS).index(passage.direction))
    if picture:
        data["LicensePlatePicturePath"] = picture
    if event.decision.outcome:
        data["Decision"] = event.decision.outcome
    data["EventId"] = clean(passage.id)
    source = {
        "VideoSourceConfigurationToken": VIDEO_SOURCE,
        "VideoAnalyticsConfigurationToken": VIDEO_ANALYTICS,
        "Rule": DETECTOR_RULE,
    }
    return Notification(DETECTOR, _time(passage.at), source, data, CHANGED)


def digital_input(name: str, active: bool, at: datetime, operation: str = CHANGED) -> Notification:
    """An input's level; `at`: since when."""
    state = "true" if active else "false"
    return Notification(DIGITAL_INPUT, _time(at), {"InputToken": clean(name)}, {"LogicalState": state}, operation)


def relay(name: str, active: bool, at: datetime, operation: str = CHANGED) -> Notification:
    """An output's level; `at`: since when."""
    state = "active" if active else "inactive"
    return Notification(RELAY, _time(at), {"RelayToken": clean(name)}, {"LogicalState": state}, operation)


MAKERS: Mapping[str, Callable[[PlateEvent, str], Notification]] = {LICENSE_PLATE: recognition, DETECTOR: detector}
"""Topic of a passage -> what makes it."""

LINES: Mapping[str, Callable[[str, bool, datetime, str], Notification]] = {"input": digital_input, "output": relay}
"""Kind of a line -> its notification."""

CHOICES: Mapping[str, tuple[str, ...]] = {
    "both": (LICENSE_PLATE, DETECTOR),
    "standard": (LICENSE_PLATE,),
    "detector": (DETECTOR,),
}
"""Choice of an action -> topics."""


def mqtt_topic(prefix: str, notification: Notification) -> str:
    """PREFIX/onvif-ej/TOPIC/&SOURCE/VALUES, as the Core Specification has it."""
    return f"{prefix}/onvif-ej/{notification.topic}/&{'/'.join(notification.source.values())}"


def json_of(notification: Notification) -> dict[str, Any]:
    """The payload of `mqtt_topic`. The event is not a property, so that it is not retained."""
    return {"UtcTime": notification.time, "Source": dict(notification.source), "Data": dict(notification.data)}


def _time(at: datetime) -> str:
    return stamp(at.astimezone(UTC)).replace("+00:00", "Z")


def _likelihood(passage: Passage) -> float:
    if not math.isfinite(passage.confidence):
        return 0.0
    return round(min(max(passage.confidence / 100, 0.0), 1.0), 3)


def _label(event: PlateEvent) -> str:
    roles = {match.list.role for match in event.matches}
    if "black" not in roles and any(match.entry and _ends(match.entry) for match in event.matches):
        return "Temporary"
    return next((label for role, label in LABELS if role in roles), "")


def _ends(entry: ListEntry) -> bool:
    return entry.entries_left is not None or entry.valid_until != LATEST


def _box(passage: Passage) -> dict[str, float]:
    """tt:Rectangle: -1 to 1 from left to right and from the bottom up; {} when the picture's size is not known."""
    x, y, width, height = passage.box
    across, down = passage.size
    if not across or not down:
        return {}
    return {
        "@bottom": round(1 - 2 * (y + height) / down, 4),
        "@top": round(1 - 2 * y / down, 4),
        "@right": round(2 * (x + width) / across - 1, 4),
        "@left": round(2 * x / across - 1, 4),
    }
