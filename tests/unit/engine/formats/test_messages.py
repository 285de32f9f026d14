"""Messages: XML and JSON of one event, whatever its texts are, and each made once."""

from __future__ import annotations

import base64
import json
import math
import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest

from board.kit.errors import ConfigError
from board.kit.words import Text
from engine.formats.event import FIELDS, document
from engine.formats.messages import DOCUMENTS, FORMATS, Messages, encode
from engine.formats.xml_text import element_name
from engine.stored_pictures import StoredPictures
from engine.types import Decision, PassageImages, PlateEvent
from tests.samples import DEVICE, NOW, entry, event

PICTURES = {"f.jpg": b"full" * 30, "p.jpg": b"plate"}


def pictured(**changes: object) -> PlateEvent:
    made = event(listed=entry("HK 55 EVB", description="Mr. <Müller> & son"), images=PassageImages("f.jpg", "p.jpg"))
    return replace(made, decision=Decision("opened", Text("{plate} is on {lists}", {"plate": "HK55EVB", "lists": ["WHITELIST"]})))


def read(file: str) -> bytes:
    return PICTURES.get(file, b"")


def test_the_document_has_the_documented_fields_in_their_order() -> None:
    assert list(document(pictured(), DEVICE, None)) == list(FIELDS)


def test_json_says_all_of_the_event() -> None:
    device = replace(DEVICE, columns=(("Building No.", "192"),))
    said = json.loads(encode("JSON", pictured(), device, read).body)
    assert said == {
        "version": 1,
        "event": "plate",
        "unsure_plate": "",
        "event_id": "p1",
        "camera_id": "gw-0123456789ab",
        "camera_name": "Gate north",
        "site": "Depot",
        "time": "2026-01-02T03:04:05.000Z",
        "time_local": "2026-01-02T04:04:05.000+01:00",
        "plate": "HK55EVB",
        "confidence": 93.4,
        "country": "DE",
        "region": "",
        "plate_colour": "",
        "plate_kind": "",
        "lane": 0,
        "direction": "approach",
        "character_height_px": 31.5,
        "reads": 2,
        "box": {"x": 512, "y": 430, "width": 178, "height": 50},
        "picture": {"width": 1280, "height": 960},
        "lists": [
            {
                "name": "WHITELIST",
                "role": "white",
                "plate": "HK 55 EVB",
                "description": "Mr. <Müller> & son",
                "owner": "",
                "group": "",
                "distance": 0,
            },
        ],
        "decision": {
            "outcome": "opened",
            "reason": "HK55EVB is on WHITELIST",
            "key": "{plate} is on {lists}",
            "values": {"plate": "HK55EVB", "lists": ["WHITELIST"]},
        },
        "trigger": {"id": "", "cause": ""},
        "images": [
            {"name": "full", "file": "f.jpg", "type": "image/jpeg", "base64": ""},
            {"name": "plate", "file": "p.jpg", "type": "image/jpeg", "base64": ""},
        ],
        "images_time": "",
        "infoplate": {"Building No.": "192"},
    }


def test_an_event_with_the_newest_pictures_says_when_they_were_taken() -> None:
    old = replace(pictured(), passage=replace(pictured().passage, images_at=NOW - timedelta(seconds=41)))
    assert json.loads(encode("JSON", old, DEVICE, read).body)["images_time"] == "2026-01-02T03:03:24.000Z"


def test_xml_says_the_same_with_the_manuals_infoplate() -> None:
    device = replace(DEVICE, columns=(("VIVOTEK Building No.", "192"), ("건물", "<3>"), ("xml", "x")))
    root = ElementTree.fromstring(encode("XML", pictured(), device, read).body)
    assert root.tag == "passage"
    assert [each.tag for each in root] == list(FIELDS)
    assert root.findtext("plate") == "HK55EVB"
    assert root.findtext("lists/list/description") == "Mr. <Müller> & son"
    assert [(each.tag, each.get("name"), each.text) for each in root.find("infoplate") or ()] == [
        ("VIVOTEK_Building_No.", "VIVOTEK Building No.", "192"),
        ("__", "건물", "<3>"),
        ("_xml", "xml", "x"),
    ]
    assert root.findtext("decision/values/lists/list") == "WHITELIST"


@pytest.mark.parametrize("name", ["XML_IMG", "JSON_IMG"])
def test_images_are_in_the_formats_with_image(name: str) -> None:
    body = encode(name, pictured(), DEVICE, read).body
    if name == "XML_IMG":
        found = {each.findtext("name"): each.findtext("base64") for each in ElementTree.fromstring(body).iter("image")}
    else:
        found = {each["name"]: each["base64"] for each in json.loads(body)["images"]}
    assert {key: base64.b64decode(value or "") for key, value in found.items()} == {"full": b"full" * 30, "plate": b"plate"}


NASTY = "".join(map(chr, range(0x20))) + "\x7f\x85\u2028\ud800\udfff\ufffe\uffff\U0001f697]]><&\"'{}%\\AB12건"


def hostile(chance: random.Random) -> str:
    return "".join(chance.choice(NASTY) for _ in range(chance.randrange(12)))


@pytest.mark.parametrize("seed", range(50))
def test_hostile_texts_leave_every_format_well_formed(seed: int) -> None:
    chance = random.Random(seed)
    plate, description, column = (hostile(chance) for _ in range(3))
    number = chance.choice([1.0, math.inf, -math.inf, math.nan])
    listed = entry(plate, description=description)
    made = event(plate, listed=listed, confidence=number, char_height_px=number, trigger_cause=column)
    made = replace(made, decision=Decision("refused", Text("{plate}", {"plate": plate, "n": number})))
    device = replace(DEVICE, name=description, columns=((column, plate),))
    said = {name: encode(name, made, device, read).body.decode() for name in FORMATS}
    expected = "".join(each if allowed(each) else "\ufffd" for each in plate)
    for name in ("XML", "XML_IMG"):
        assert (ElementTree.fromstring(said[name].encode()).findtext("plate") or "") == expected
    for name in ("JSON", "JSON_IMG", "MILESIGHT"):
        assert json.loads(said[name], parse_constant=pytest.fail)["plate"] == expected
    assert said["SIMPLE"].split() == expected.split()
    assert [name for name, each in said.items() if "\n" in each or "\r" in each] == []


def allowed(character: str) -> bool:
    """XML 1.0, section 2.2."""
    return character in "\t\n\r" or " " <= character <= "\ud7ff" or "\ue000" <= character <= "\ufffd" or character >= "\U00010000"


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("Building No.", "Building_No."),
        ("1st", "_1st"),
        ("Gebäude", "Gebaude"),
        ("XML-file", "_XML-file"),
        ("a:b", "a_b"),
        ("", "_"),
    ],
)
def test_names_become_legal_elements(name: str, made: str) -> None:
    assert element_name(name) == made


def test_a_message_is_made_once_for_all_deliveries_of_a_passage(tmp_path: Path) -> None:
    (tmp_path / "p.jpg").write_bytes(b"plate")
    messages, one, pictures = Messages(), event(images=PassageImages("", "p.jpg")), StoredPictures(tmp_path)
    first = messages.message("JSON_IMG", one, DEVICE, pictures)
    (tmp_path / "p.jpg").unlink()
    other_rule = replace(one, match=replace(one.match, distance=1))
    assert messages.message("JSON_IMG", other_rule, DEVICE, pictures) is first
    other = event(id="p2", images=PassageImages("", "p.jpg"))
    assert messages.message("JSON_IMG", other, DEVICE, pictures).body != first.body
    assert messages.message("JSON_IMG", one, replace(DEVICE, site="Port"), pictures) is not first


def test_the_messages_kept_are_bounded(tmp_path: Path) -> None:
    messages = Messages(most_bytes=3_000)
    first = messages.message("JSON", event(id="p0"), DEVICE, StoredPictures(tmp_path))
    for number in range(1, 20):
        messages.message("JSON", event(id=f"p{number}"), DEVICE, StoredPictures(tmp_path))
    assert messages.message("JSON", event(id="p0"), DEVICE, StoredPictures(tmp_path)) is not first


def test_a_format_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no format 'YAML'; there are SIMPLE, XML"):
        Messages().message("YAML", event(), DEVICE, StoredPictures(tmp_path))
    assert set(DOCUMENTS) < set(FORMATS)
