"""Samples of what certain peers get, for docs/messages.md: Milestone, ONVIF, Home Assistant, 2N."""

from __future__ import annotations

import json
from xml.etree import ElementTree

from board.kit.from_json import from_json
from engine.actions.milestone import MilestoneOptions
from engine.actions.mqtt import MqttOptions, discovery
from engine.actions.two_n import TwoNOptions, document
from engine.formats.event import Device
from engine.formats.milestone import NAMESPACE, analytics_event
from engine.formats.onvif import detector, json_of, mqtt_topic, recognition
from engine.formats.onvif_xml import NAMESPACES, message, metadata_stream
from engine.types import PlateEvent

DELIVERY = "0b6f9c1e-8a3b-4c5d-9e7f-102030405060"


def sections(event: PlateEvent, camera: Device, picture: bytes) -> str:
    """The sections of the page. `picture`: a JPEG, shortened."""
    return _milestone(event, camera, picture) + _onvif(event) + _home_assistant(camera) + _two_n(event, picture)


def _milestone(event: PlateEvent, camera: Device, picture: bytes) -> str:
    body = analytics_event(event, camera, DELIVERY, MilestoneOptions().message, camera.name, picture)
    ElementTree.register_namespace("", NAMESPACE)
    tree = ElementTree.fromstring(body)
    custom = tree.find(f".//{{{NAMESPACE}}}CustomData")
    if custom is not None:
        custom.text = "{...}"
    ElementTree.indent(tree)
    return f"""
## Milestone

XProtect's analytics event, over TCP or HTTP. `ID` is made from the delivery's id, so that a repetition is the same event;
`CustomData` holds the whole event as JSON, shortened here.

```xml
{ElementTree.tostring(tree, "unicode")}
```
"""


def _onvif(event: PlateEvent) -> str:
    picture = "/LPR/2026010203040501.jpg"
    made = recognition(event)
    return f"""
## ONVIF

Clients of the event service and of RTSP's metadata get two notifications of a passage (docs/onvif-events.md): the standard's, and
the older one that many recorders look for:

```xml
{_indented(metadata_stream([message(recognition(event, picture), "http://192.168.0.199"), message(detector(event, picture))]))}
```

Over MQTT (option ONVIF prefix) the first is published at `{mqtt_topic("PREFIX", made)}`:

```json
{_shown(json_of(made))}
```
"""


def _indented(document: bytes) -> str:
    for prefix, namespace in NAMESPACES.items():
        ElementTree.register_namespace(prefix, namespace)
    tree = ElementTree.fromstring(document)
    ElementTree.indent(tree)
    topics = f'xmlns:tns1="{NAMESPACES["tns1"]}"'  # used in a text alone, which ElementTree does not see
    return ElementTree.tostring(tree, "unicode").replace(" ", f" {topics} ", 1)


def _home_assistant(camera: Device) -> str:
    letter = discovery(MqttOptions(discovery=True), camera)
    return f"""
## Home Assistant

MQTT (option Home Assistant) makes the camera known, retained at `{letter.topic}`:

```json
{_shown(from_json(letter.body))}
```
"""


def _two_n(event: PlateEvent, picture: bytes) -> str:
    return f"""
## 2N

Posted to `/api/lpr/licenseplate`; `lprUuid` is made from the delivery's id.

```json
{_shown(document(event, TwoNOptions(), DELIVERY, picture))}
```
"""


def _shown(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2)
