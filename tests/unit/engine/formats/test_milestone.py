"""Milestone's analytics event: valid against the vendor's schema, whatever the texts are."""

from __future__ import annotations

import base64
import json
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from engine.formats.milestone import NAMESPACE, analytics_event
from tests.samples import DEVICE, event

SCHEMA = Path(__file__).resolve().parents[5] / "shared" / "data" / "schemas" / "milestone-AnalyticsEvent.xsd"
HOSTILE = "<&>\"']]>\x00\ud800é漢"


def written(plate: str = "HK55EVB", message: str = "LPR Camera Event", jpeg: bytes = b"", **changes: Any) -> str:
    return analytics_event(event(plate, **changes), DEVICE, "d1", message, "192.168.0.199,0", jpeg)


def text(document: str, path: str) -> str | None:
    return ElementTree.fromstring(document.encode()).findtext("/".join(f"{{{NAMESPACE}}}{name}" for name in path.split("/")))


@cache
def schema() -> Any:
    return pytest.importorskip("xmlschema").XMLSchema(str(SCHEMA))


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(written(), id="plain"),
        pytest.param(written(jpeg=b"\xff\xd8picture"), id="picture"),
        pytest.param(written(plate=""), id="no plate"),
        pytest.param(written(HOSTILE, HOSTILE), id="hostile"),
        pytest.param(written(size=(0, 0), box=(0, 0, 0, 0), confidence=140.0), id="no size"),
        pytest.param(written(plate_colour="yellow"), id="colour"),
    ],
)
def test_it_is_valid_against_the_vendors_schema(document: str) -> None:
    if not SCHEMA.exists():
        pytest.skip("the vendor's schema is not here")
    schema().validate(document)


def test_message_source_value_and_box_say_what_xprotect_looks_for() -> None:
    document = written()
    assert text(document, "EventHeader/Message") == "LPR Camera Event"
    assert text(document, "EventHeader/Timestamp") == "2026-01-02T04:04:05.000+01:00"
    assert text(document, "EventHeader/Source/Name") == "192.168.0.199,0"
    assert text(document, "EventHeader/CustomTag") == "WHITELIST"
    seen = "ObjectList/Object"
    assert text(document, f"{seen}/Value") == "HK55EVB"
    assert text(document, f"{seen}/Confidence") == "0.934"
    assert [text(document, f"{seen}/BoundingBox/{edge}") for edge in ("Top", "Left", "Bottom", "Right")] == [
        "0.4479", "0.4000", "0.5000", "0.5391",
    ]  # fmt: skip
    assert json.loads(text(document, "Vendor/CustomData") or "")["event_id"] == "p1"


def test_a_repetition_has_the_same_id_and_another_delivery_another() -> None:
    other = analytics_event(event(), DEVICE, "d2", "m", "s", b"")
    assert text(written(), "EventHeader/ID") == text(written(), "EventHeader/ID") != text(other, "EventHeader/ID")


def test_a_picture_goes_along_as_a_snapshot_of_the_moment() -> None:
    document = written(jpeg=b"\xff\xd8picture")
    assert base64.b64decode(text(document, "SnapshotList/Snapshot/Image") or "") == b"\xff\xd8picture"
    assert text(document, "SnapshotList/Snapshot/TimeOffset") == "0"


def test_a_plate_cannot_add_elements() -> None:
    assert text(written("</Name><Message>x</Message>"), "ObjectList/Object/Value") == "</Name><Message>x</Message>"
