"""ONVIF's notifications: names, scales and values as the specifications have them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.formats.onvif import Notification, detector, digital_input, json_of, mqtt_topic, recognition, relay
from engine.types import Decision, Match, PlateEvent, PlateList
from tests.samples import entry, event


def test_the_standards_event_has_the_plate_with_its_likelihood_and_the_box_from_the_bottom_up() -> None:
    made = recognition(event(region="BY", box=(320, 240, 640, 480)))
    assert made.topic == "RuleEngine/Recognition/LicensePlate"
    assert made.source == {"VideoSource": "VideoSourceToken", "Rule": "LPR1"}
    assert made.data == {
        "Likelihood": 0.934,
        "LicensePlateInfo": {
            "LicensePlateInfo": {
                "PlateNumber": {"@Likelihood": 0.934, "#text": "HK55EVB"},
                "CountryCode": "DE",
                "IssuingEntity": "BY",
            }
        },
        "Label": "Whitelisted",
        "Direction": "Approaching",
        "BoundingBox": {"BoundingBox": {"@bottom": -0.5, "@top": 0.5, "@right": 0.5, "@left": -0.5}},
        "EventId": "p1",
    }
    assert made.operation == ""


def test_the_older_topic_has_the_names_that_recorders_look_for() -> None:
    assert detector(event(direction="away")).data == {
        "LicensePlateResult": "HK55EVB",
        "PlateNumber": "HK55EVB",
        "Likelihood": 0.934,
        "CountryCode": "DE",
        "LicenseCarDirection": "2",
        "EventId": "p1",
    }


def test_both_topics_name_the_picture_and_the_older_one_the_decision() -> None:
    opened = replace(event(), decision=Decision("opened"))
    picture = "/LPR/2026010203040501.jpg"
    assert recognition(opened, picture).data["ImageURI"] == picture
    older = detector(opened, picture)
    assert (older.data["LicensePlatePicturePath"], older.data["Decision"], older.operation) == (picture, "opened", "Changed")


@pytest.mark.parametrize(
    ("kind", "type"), [("police", "Police"), ("diplomatic", "Diplomat"), ("temporary", "Temporary"), ("", None)]
)
def test_the_type_of_the_plate_is_one_of_the_standards(kind: str, type: str | None) -> None:
    assert recognition(event(plate_kind=kind)).data["LicensePlateInfo"]["LicensePlateInfo"].get("PlateType") == type


def test_lines_are_properties_with_their_level() -> None:
    at = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert digital_input("DI1", True, at, "Initialized") == Notification(
        "Device/Trigger/DigitalInput", "2026-01-02T03:04:05.000Z", {"InputToken": "DI1"}, {"LogicalState": "true"}, "Initialized"
    )
    assert relay("DO1", False, at) == Notification(
        "Device/Trigger/Relay", "2026-01-02T03:04:05.000Z", {"RelayToken": "DO1"}, {"LogicalState": "inactive"}, "Changed"
    )


def test_a_confidence_that_is_no_number_is_none() -> None:
    assert recognition(event(confidence=float("nan"))).data["Likelihood"] == 0.0


@pytest.mark.parametrize(
    ("roles", "changes", "label"),
    [
        (("white",), {}, "Whitelisted"),
        (("white", "black"), {}, "Blacklisted"),
        (("white",), {"entries_left": 3}, "Temporary"),
        (("white",), {"valid_until": datetime(2026, 12, 1, tzinfo=UTC)}, "Temporary"),
        (("black",), {"entries_left": 3}, "Blacklisted"),
        (("unlisted",), {}, None),
    ],
)
def test_the_label_says_what_the_lists_mean(roles: tuple[str, ...], changes: dict[str, object], label: str | None) -> None:
    matches = tuple(Match(PlateList(index, role, role), entry("HK55EVB", **changes)) for index, role in enumerate(roles))
    made = PlateEvent(event().passage, matches, matches[0])
    assert recognition(made).data.get("Label") == label


def test_what_is_not_known_is_left_out() -> None:
    made = recognition(event(country="", direction="", size=(0, 0), role="unlisted"))
    assert set(made.data) == {"Likelihood", "LicensePlateInfo", "EventId"}
    older = detector(event(country="", direction=""))
    assert set(older.data) == {"LicensePlateResult", "PlateNumber", "Likelihood", "EventId"}


def test_the_topic_over_mqtt_ends_with_the_sources_values() -> None:
    made = recognition(event())
    assert mqtt_topic("gate1", made) == "gate1/onvif-ej/RuleEngine/Recognition/LicensePlate/&VideoSourceToken/LPR1"
    said = json_of(replace(made, time="2026-01-02T03:04:05.678Z"))
    assert list(said) == ["UtcTime", "Source", "Data"]
    assert said["UtcTime"] == "2026-01-02T03:04:05.678Z"
