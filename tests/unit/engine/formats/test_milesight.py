"""Milesight's event: the whole document, and the GET address."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from engine.formats._country_codes import ALPHA_3, alpha_3
from engine.formats.milesight import document, get_address, plate_type
from engine.types import Match, PlateList
from tests.samples import DEVICE, event


@pytest.mark.parametrize(("colour", "written"), [("", "Unknown"), ("white", "White"), ("yellow", "Yellow")])
def test_the_plates_colour_is_written_as_receivers_know_it(colour: str, written: str) -> None:
    given = document(event(plate_colour=colour), DEVICE, b"", b"")
    assert given["plate_color"] == written


def test_the_document_has_exactly_the_fields_that_receivers_know() -> None:
    at = datetime(2023, 9, 15, 4, 19, 57, 267_900, tzinfo=UTC)
    given = document(event(at=at, lane=2), DEVICE, b"plate", b"full")
    assert given == {
        "device": "Gate north",
        "time": "2023-09-15 06:19:57",
        "time_msec": "2023-09-15 06:19:57.267",
        "plate": "HK55EVB",
        "type": "White",
        "speed": "0",
        "direction": "Approach",
        "detection_region": "2",
        "region": "DEU",
        "resolution_width": "1280",
        "resolution_height": "960",
        "coordinate_x1": 512,
        "coordinate_y1": 430,
        "coordinate_x2": 690,
        "coordinate_y2": 480,
        "confidence": "0.93",
        "plate_color": "Unknown",
        "vehicle_type": "None",
        "vehicle_color": "Unknown",
        "Vehicle Brand": "Unknown",
        "plate_image": "cGxhdGU=",
        "full_image": "ZnVsbA==",
        "evidence_image0": "",
        "evidence_image1": "",
        "event_id": "p1",
        "decision": "",
        "camera_id": "gw-0123456789ab",
        "site": "Depot",
    }


@pytest.mark.parametrize(
    ("roles", "expected"), [(["white"], "White"), (["white", "black"], "Black"), (["wish"], "Visitor"), ([], "Visitor")]
)
def test_the_type_is_black_before_white_before_visitor(roles: list[str], expected: str) -> None:
    matches = tuple(Match(PlateList(number, role, role), None) for number, role in enumerate(roles))
    assert plate_type(replace(event(), matches=matches)) == expected


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("http://192.168.7.121:8080/api/lpr", "http://192.168.7.121:8080/api/lpr?Caption=LPR&description=MS12345"),
        ("http://host/api?key=1", "http://host/api?key=1&Caption=LPR&description=MS12345"),
        ("http://host/api?", "http://host/api?Caption=LPR&description=MS12345"),
        ("http://host/api?key=1&", "http://host/api?key=1&Caption=LPR&description=MS12345"),
        ("http://host/api#top", "http://host/api?Caption=LPR&description=MS12345"),
    ],
)
def test_caption_and_description_are_appended_to_the_url(url: str, address: str) -> None:
    assert get_address(url, "LPR", "MS12345") == address


def test_caption_and_plate_are_percent_encoded_as_utf_8() -> None:
    assert get_address("http://h/", "a b", "부&산").endswith("?Caption=a%20b&description=%EB%B6%80%26%EC%82%B0")


def test_countries_become_three_letters() -> None:
    assert [alpha_3(code) for code in ("DE", "MY", "US-TX", "GB", "", "ZZ")] == ["DEU", "MYS", "USA", "GBR", "", "ZZ"]
    assert all(len(short) == 2 and len(long) == 3 and (short + long).isupper() for short, long in ALPHA_3.items())
    assert len(set(ALPHA_3.values())) == len(ALPHA_3)
