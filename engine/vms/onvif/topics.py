"""Topics: the camera's events and the items of each, as GetEventProperties reports them (ONVIF Core, Topic Structure)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from board.kit.dataclass import dataclass
from engine.formats.onvif import DETECTOR, DIGITAL_INPUT, LICENSE_PLATE, RELAY
from engine.vms.onvif.xml import Xml, join, tag


@dataclass(frozen=True, slots=True)
class Topic:
    """`path`: below tns1:, "Device/Trigger/Relay"; `source`, `data`: simple item -> its type; `elements`: element item -> its
    type."""

    path: str
    source: Mapping[str, str]
    data: Mapping[str, str]
    elements: Mapping[str, str] = field(default_factory=dict)
    is_property: bool = False


TOPICS = (
    Topic(
        LICENSE_PLATE,
        {"VideoSource": "tt:ReferenceToken", "Rule": "xsd:string"},
        {
            "Likelihood": "xsd:float",
            "Label": "xsd:string",
            "Direction": "tt:Direction",
            "ImageURI": "xsd:anyURI",
            "EventId": "xsd:string",
        },
        {"LicensePlateInfo": "tt:LicensePlateInfo", "BoundingBox": "tt:Rectangle"},
    ),
    Topic(
        DETECTOR,
        {
            "VideoSourceConfigurationToken": "tt:ReferenceToken",
            "VideoAnalyticsConfigurationToken": "tt:ReferenceToken",
            "Rule": "xsd:string",
        },
        {
            "LicensePlateResult": "xsd:string",
            "PlateNumber": "xsd:string",
            "Likelihood": "xsd:float",
            "CountryCode": "xsd:string",
            "LicenseCarDirection": "xsd:int",
            "LicensePlatePicturePath": "xsd:anyURI",
            "Decision": "xsd:string",
            "EventId": "xsd:string",
        },
    ),
    Topic(DIGITAL_INPUT, {"InputToken": "tt:ReferenceToken"}, {"LogicalState": "xsd:boolean"}, is_property=True),
    Topic(RELAY, {"RelayToken": "tt:ReferenceToken"}, {"LogicalState": "tt:RelayLogicalState"}, is_property=True),
)

PATHS = tuple(topic.path for topic in TOPICS)


def topic_set() -> Xml:
    """The wstop:TopicSet: the root topics are in ONVIF's namespace, those below in none."""
    tree: dict[str, object] = {}
    for topic in TOPICS:
        *above, last = topic.path.split("/")
        place = tree
        for name in above:
            place = place.setdefault(name, {})  # type: ignore[assignment]
        place[last] = topic
    return tag("wstop:TopicSet", *(_branch(f"tns1:{name}", below) for name, below in tree.items()))


def _branch(name: str, below: object) -> Xml:
    if isinstance(below, Topic):
        return tag(name, _description(below), **{"wstop:topic": True})
    assert isinstance(below, dict)
    return tag(name, *(_branch(child, under) for child, under in below.items()))


def _description(topic: Topic) -> Xml:
    return tag(
        "tt:MessageDescription",
        tag("tt:Source", _items("Simple", topic.source)),
        tag("tt:Data", join(_items("Simple", topic.data), _items("Element", topic.elements))),
        IsProperty=topic.is_property,
    )


def _items(kind: str, items: Mapping[str, str]) -> Xml:
    return join(*(tag(f"tt:{kind}ItemDescription", Name=name, Type=type_name) for name, type_name in items.items()))
