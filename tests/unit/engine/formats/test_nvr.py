"""Messages of TCP to recorders: byte for byte, in both layouts, and that nonsense is told from messages."""

from __future__ import annotations

import json
import struct
import uuid
from datetime import UTC, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.formats import nvr
from engine.formats.nvr import BadMessage, Reader
from engine.types import Decision, PlateEvent
from tests.samples import event

LOGIN = bytes.fromhex("ccff010022000000") + b'{"id":"admin","password":"1234"}' + bytes.fromhex("ffdd")
REPLY = bytes.fromhex("ccff018012000000") + b'{"result":"200"}' + bytes.fromhex("ffdd")
DEVICE = bytes.fromhex("04f912bbce94654089afe83cd88f70be")
"""The published example."""

AT = datetime(2018, 5, 9, 12, 11, 30, tzinfo=UTC)
KOREAN = "부산02가1234"


def sample(plate: str = "MS12345", **changes: object) -> PlateEvent:
    made = event(plate, at=AT, country="MY", lane=2, plate_colour="white", **changes)
    return PlateEvent(made.passage, made.matches, made.match, Decision("opened"))


def test_the_published_log_in_and_its_answer_byte_for_byte() -> None:
    assert nvr.login("admin", "1234") == LOGIN
    assert nvr.answer(nvr.LOGIN_REQ, 200) == REPLY
    assert (len(LOGIN), len(REPLY)) == (42, 26)


def test_the_published_guid_is_one_as_windows_lays_it_out_and_ours_is_of_that_kind() -> None:
    assert uuid.UUID(bytes_le=DEVICE) == uuid.UUID("bb12f904-94ce-4065-89af-e83cd88f70be")
    ours = nvr.device_id("gw-0123456789ab")
    assert uuid.UUID(bytes_le=ours).version == 5
    assert ours == nvr.device_id("gw-0123456789ab") != nvr.device_id("gw-0123456789ac")


def test_a_recognition_of_the_seed_layout_byte_for_byte() -> None:
    frame = nvr.recognition(sample(), DEVICE, (b"PLATE", b"WHOLE JPEG"), nvr.SEED, False, "/LPR/2018050912113001.jpg")
    meta = (
        DEVICE
        + bytes.fromhex("5045d04463010000")  # 1525867890000
        + b"MS12345" + bytes(9)
        + bytes.fromhex("00 01 0000 02 01")  # car, plate, speed, images, direction
        + b"MYS" + bytes(29)
        + b"\x02"
        + b"\x07MS12345"
        + b"\x00" + struct.pack("<f", 0.934) + b"\x02"
        + bytes(12)
        + struct.pack("<IIiiii", 1280, 960, 512, 430, 690, 480)
    )  # fmt: skip
    assert len(meta) == 122 + 7
    said = b'{"event_id":"p1","decision":"opened","picture":"/LPR/2018050912113001.jpg"}'
    data = (
        bytes.fromhex("11ff0000") + struct.pack("<I", len(meta)) + meta
        + bytes.fromhex("22ff0000") + struct.pack("<I", 5) + b"PLATE"
        + bytes.fromhex("22ff0000") + struct.pack("<I", 10) + b"WHOLE JPEG"
        + bytes.fromhex("33ff0000") + struct.pack("<I", len(said)) + said
    )  # fmt: skip
    assert frame == bytes.fromhex("ccff0188") + struct.pack("<I", len(data) + 2) + data + bytes.fromhex("ffdd")


def test_the_other_layout_lacks_the_car_number_and_nothing_else() -> None:
    seed, other = (nvr.recognition(sample(), DEVICE, (), layout, False) for layout in (nvr.SEED, nvr.NOPREFIX))
    assert len(other) == len(seed) - 16
    assert other[16:40] == seed[16:40]  # device and time, after the heads of message and chunk
    assert other[40:] == seed[56:]


def read(frame: bytes) -> nvr.Recognition:
    reader = Reader()
    reader.add(frame)
    found = reader.next()
    assert found is not None
    assert (found[0], reader.next()) == (nvr.RECOG_POST, None)
    return nvr.read_recognition(found[1])


@pytest.mark.parametrize("layout", [nvr.SEED, nvr.NOPREFIX])
def test_a_recorder_reads_back_what_was_sent(layout: str) -> None:
    found = read(nvr.recognition(sample(KOREAN, direction="away"), DEVICE, (b"one",), layout, True, "/LPR/x.jpg"))
    assert (found.plate, found.at, found.layout, found.images) == (KOREAN, AT, layout, (b"one",))
    assert found.said == {"event_id": "p1", "decision": "opened", "picture": "/LPR/x.jpg"}
    assert found.fields["confidence"] == pytest.approx(93.4)
    given = {name: found.fields[name] for name in ("device_id", "direction", "region", "roi", "images", "x2", "height")}
    assert given == {"device_id": DEVICE, "direction": 2, "region": "MYS", "roi": 2, "images": 1, "x2": 690, "height": 960}


@pytest.mark.parametrize(
    ("plate", "kept"),
    [
        (KOREAN, KOREAN),  # 15 bytes
        ("서울부산02가1234", "서울부산02"),  # 14 bytes; the next character would end at 17
        ("부산02가1234나", KOREAN),
        ("ABCDEFGHIJKLMNOP", "ABCDEFGHIJKLMNOP"),
        ("ABCDEFGHIJKLMNOQR", "ABCDEFGHIJKLMNOQ"),
        ("", ""),
        ("A\0B", "A\ufffdB"),
    ],
)
def test_the_car_number_is_cut_between_characters_and_the_plate_is_whole(plate: str, kept: str) -> None:
    found = read(nvr.recognition(sample(plate), DEVICE, (), nvr.SEED, False))
    assert found.fields["car_number"] == kept
    assert found.plate == plate.replace("\0", "\ufffd")


def test_a_plate_as_long_as_no_plate_is_still_cut_between_characters() -> None:
    found = read(nvr.recognition(sample("가" * 100), DEVICE, (), nvr.NOPREFIX, False))
    assert found.plate == "가" * 85  # of 255 bytes


def test_what_a_newer_sender_adds_is_left_out() -> None:
    frame = nvr.recognition(sample(), DEVICE, (b"one",), nvr.SEED, False)
    data = frame[8:-2]
    size = struct.unpack_from("<I", data, 4)[0]
    more = struct.pack("<4sI", bytes.fromhex("44ff0000"), 3) + b"new"
    longer = data[:4] + struct.pack("<I", size + 5) + data[8 : 8 + size] + b"later" + data[8 + size :] + more
    found = nvr.read_recognition(longer)
    assert (found.plate, found.images, found.fields["y2"]) == ("MS12345", (b"one",), 480)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x11\xff\x00",
        bytes.fromhex("11ff0000ffffffff"),
        bytes.fromhex("22ff000000000000"),
        bytes.fromhex("11ff000000000000"),
        bytes.fromhex("11ff000050000000") + bytes(80),
        nvr.recognition(sample(), DEVICE, (), nvr.SEED, False)[8:-3],
    ],
    ids=["nothing", "half a head", "a chunk of 4 GB", "no metadata", "empty metadata", "half of it", "a byte less"],
)
def test_a_recognition_that_is_none_is_told(data: bytes) -> None:
    with pytest.raises(BadMessage):
        nvr.read_recognition(data)


def test_messages_are_found_however_they_come() -> None:
    reader, found = Reader(), []
    for byte in LOGIN + REPLY + nvr.message(7, b"") + LOGIN[:20]:
        reader.add(bytes((byte,)))
        found.append(reader.next())
    assert [each for each in found if each] == [(1, LOGIN[8:-2]), (0x8001, REPLY[8:-2]), (7, b"")]
    reader.add(LOGIN[20:] + REPLY)
    assert (reader.next(), reader.next(), reader.next()) == ((1, LOGIN[8:-2]), (0x8001, REPLY[8:-2]), None)


@pytest.mark.parametrize("piece", [1, 7, 1 << 20])
def test_long_data_is_passed_over_without_being_kept(piece: int) -> None:
    reader = Reader(kept_bytes=100)
    came = nvr.message(5, b"\xff\xdd" * 1000) + REPLY
    found = []
    for start in range(0, len(came), piece):
        reader.add(came[start : start + piece])
        while (one := reader.next()) is not None:
            found.append(one)
        assert len(reader._came) < 200
    assert found == [(5, b""), (0x8001, REPLY[8:-2])]


@pytest.mark.parametrize(
    "came",
    [
        b"G",
        b"\xcc\xfe",
        b"GET / HTTP/1.1\r\n\r\n",
        struct.pack("<2sHI", b"\xcc\xff", 1, 1),
        struct.pack("<2sHI", b"\xcc\xff", 1, (16 << 20) + 3),
        struct.pack("<2sHI", b"\xcc\xff", 1, 0xFFFFFFFF),
        LOGIN[:-1] + b"\xde",
        LOGIN[:-2] + b"\xdd\xff",
    ],
    ids=["a byte", "two bytes", "HTTP", "size 1", "over 16 MiB", "4 GB", "end", "end the other way round"],
)
def test_what_does_not_begin_or_end_like_a_message_is_none(came: bytes) -> None:
    reader = Reader()
    reader.add(came)
    with pytest.raises(BadMessage):
        reader.next()


@pytest.mark.parametrize(
    "data",
    [
        b"", b"null", b"[]", b"7", b'"id"', b"{}", b'{"id":"a"}', b'{"id":1,"password":2}', b'{"id":null,"password":"x"}',
        b'{"id":"a","password":["b"]}', b'{"id":"a","password":"b"', b"\xff\xfe", b"[" * 4000, b'{"id":"\\ud800","password":"b"}',
        b'{"id":["a"],"password":["b"]}',
    ],
)  # fmt: skip
def test_a_log_in_that_is_none_is_told(data: bytes) -> None:
    with pytest.raises(BadMessage):
        nvr.credentials(data)


def test_a_log_in_is_read_as_programs_of_all_kinds_write_it() -> None:
    told = {"id": "nvr-7k3x", "password": "가 \"'"}
    for data in (
        json.dumps(told).encode(),
        json.dumps(told, ensure_ascii=False, indent=2).encode(),
        b"\xef\xbb\xbf" + json.dumps({**told, "more": [1]}).encode() + b"\0\0",
    ):
        assert nvr.credentials(data) == ("nvr-7k3x", "가 \"'")


@given(st.lists(st.binary(max_size=60), max_size=8))
def test_nothing_but_a_bad_message_comes_of_any_bytes(pieces: list[bytes]) -> None:
    reader = Reader(4_096, 4_096)
    try:
        for piece in pieces:
            reader.add(piece)
            while (found := reader.next()) is not None:
                nvr.credentials(found[1])
    except BadMessage:
        pass


@given(st.binary(max_size=300), st.integers(0, 300), st.integers(0, 255))
@example(b"", 30, 1)  # a time that no calendar holds
def test_nothing_but_a_bad_message_comes_of_any_recognition(tail: bytes, place: int, value: int) -> None:
    data = bytearray(nvr.recognition(sample(), DEVICE, (b"one",), nvr.SEED, False)[8:-2])
    data[place % len(data)] = value
    try:
        nvr.read_recognition(bytes(data) + tail)
    except BadMessage:
        pass
