"""ONVIF's notifications as XML, validated with ONVIF's own schemas; plates are hostile text."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.formats.event import clean
from engine.formats.onvif import Notification, detector, digital_input, recognition, relay
from engine.formats.onvif_xml import message, metadata_stream, pieces
from engine.types import Decision
from tests.onvif_schemas import problems
from tests.samples import event

AT = datetime(2026, 1, 2, 3, 4, 5, 678000, tzinfo=UTC)
PICTURE = "/LPR/2026010203040501.jpg"
FULL = replace(event(region="BY", plate_kind="police", at=AT), decision=Decision("opened"))
TT = "{http://www.onvif.org/ver10/schema}"

HOSTILE = ("</tt:Message><x", '"><!--', "]]>", "&#0;&amp;", "부산02가1234", "a\x00b\ud800\r\n\t'", "{base}%s{0}", "")


def _read(document: bytes) -> dict[str, str]:
    root = ElementTree.fromstring(document)
    return {str(item.get("Name")): str(item.get("Value")) for item in root.iter(f"{TT}SimpleItem")}


def test_the_standards_event_is_this_document() -> None:
    assert message(recognition(FULL, PICTURE), "http://192.168.0.199") == (
        '<wsnt:NotificationMessage><wsnt:Topic Dialect="http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet">'
        "tns1:RuleEngine/Recognition/LicensePlate</wsnt:Topic><wsnt:Message>"
        '<tt:Message UtcTime="2026-01-02T03:04:05.678Z"><tt:Source><tt:SimpleItem Name="VideoSource" Value="VideoSourceToken"/>'
        '<tt:SimpleItem Name="Rule" Value="LPR1"/></tt:Source><tt:Data><tt:SimpleItem Name="Likelihood" Value="0.934"/>'
        '<tt:SimpleItem Name="Label" Value="Whitelisted"/><tt:SimpleItem Name="Direction" Value="Approaching"/>'
        '<tt:SimpleItem Name="ImageURI" Value="http://192.168.0.199/LPR/2026010203040501.jpg"/>'
        '<tt:SimpleItem Name="EventId" Value="p1"/>'
        '<tt:ElementItem Name="LicensePlateInfo"><tt:LicensePlateInfo><tt:PlateNumber Likelihood="0.934">HK55EVB</tt:PlateNumber>'
        "<tt:PlateType>Police</tt:PlateType><tt:CountryCode>DE</tt:CountryCode><tt:IssuingEntity>BY</tt:IssuingEntity>"
        "</tt:LicensePlateInfo></tt:ElementItem>"
        '<tt:ElementItem Name="BoundingBox"><tt:BoundingBox bottom="0.0" top="0.1042" right="0.0781" left="-0.2"></tt:BoundingBox>'
        "</tt:ElementItem></tt:Data></tt:Message></wsnt:Message></wsnt:NotificationMessage>"
    )


def test_the_older_event_says_that_it_changed_and_keeps_the_pictures_path() -> None:
    made = metadata_stream([message(detector(FULL, PICTURE), "http://192.168.0.199")])
    assert b'<tt:Message UtcTime="2026-01-02T03:04:05.678Z" PropertyOperation="Changed">' in made
    assert _read(made) == {
        "VideoSourceConfigurationToken": "VideoSourceToken",
        "VideoAnalyticsConfigurationToken": "VideoAnalyticsToken",
        "Rule": "MyLicensePlateDetectorRule",
        "LicensePlateResult": "HK55EVB",
        "PlateNumber": "HK55EVB",
        "Likelihood": "0.934",
        "CountryCode": "DE",
        "LicenseCarDirection": "1",
        "LicensePlatePicturePath": PICTURE,
        "Decision": "opened",
        "EventId": "p1",
    }


@pytest.mark.parametrize("base", ["", "http://[fe80::1]:8080", 'http://a"/><tt:SimpleItem Name="x&'])
def test_the_address_of_the_camera_is_put_in_where_it_belongs(base: str) -> None:
    made = recognition(FULL, PICTURE)
    assert len(pieces(made)) == 2
    assert _read(metadata_stream([message(made, base)]))["ImageURI"] == base + PICTURE


@pytest.mark.parametrize(
    "notification",
    [
        recognition(FULL, PICTURE),
        recognition(event(country="", direction="", size=(0, 0), role="unlisted")),
        detector(FULL, PICTURE),
        digital_input("DI1", True, AT, "Initialized"),
        relay("DO1", False, AT),
    ],
    ids=["standard", "standard-little-known", "detector", "input", "relay"],
)
def test_every_document_is_valid(notification: Notification) -> None:
    assert problems(metadata_stream([message(notification, "http://192.168.0.199"), message(notification)])) == []


def test_a_child_out_of_order_is_found_where_the_schemas_alone_take_anything() -> None:
    plate = {"CountryCode": "DE", "PlateNumber": "HK55EVB"}
    wrong = replace(recognition(FULL), data={"LicensePlateInfo": {"LicensePlateInfo": plate}})
    assert "CountryCode" in " ".join(problems(metadata_stream([message(wrong)])))
    unknown = replace(recognition(FULL), data={"LicensePlateInfo": {"Plate": "HK55EVB"}})
    assert problems(metadata_stream([message(unknown)])) == [f"no schema declares {TT}Plate"]
    late = metadata_stream([message(recognition(FULL)).replace("<tt:Source>", "<tt:Data/><tt:Source>")])
    assert problems(late) != []


@pytest.mark.parametrize("plate", HOSTILE, ids=[f"hostile{index}" for index in range(len(HOSTILE))])
def test_a_plate_is_text_and_nothing_else(plate: str) -> None:
    made = event(plate)
    document = metadata_stream([message(recognition(made)), message(detector(made))])
    assert _read(document)["PlateNumber"] == clean(plate)
    assert [each.text or "" for each in ElementTree.fromstring(document).iter(f"{TT}PlateNumber")] == [clean(plate)]
    assert problems(document) == []


def _all_texts(text: str) -> bytes:
    made = event(text, id=text, country=text, region=text)
    older = message(detector(made, text))
    return metadata_stream([message(recognition(made, text), "http://c"), older, message(relay(text, True, AT))])


@settings(max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=40))
def test_no_text_leaves_its_place(text: str) -> None:
    document = _all_texts(text)
    assert [each.tag for each in ElementTree.fromstring(document).iter()] == [
        each.tag for each in ElementTree.fromstring(_all_texts("x")).iter()
    ]
    assert _read(document)["RelayToken"] == clean(text)
