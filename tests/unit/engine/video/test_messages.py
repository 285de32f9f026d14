"""RTSP's messages: requests read strictly and within limits, whatever strangers send; replies byte for byte."""

from __future__ import annotations

import random

import pytest

from engine.video.messages import (
    MAX_BODY_BYTES,
    MAX_HEAD_BYTES,
    MAX_URL_BYTES,
    Malformed,
    Packet,
    Reader,
    Reply,
    Request,
    Transport,
    transport_of,
    written,
)
from scripts.benchmarks.malformed import rtsp_input

SETUP = b"SETUP rtsp://cam:8554/main/video RTSP/1.0\r\nCSeq: 3\r\nTransport: RTP/AVP;unicast;client_port=5000-5001\r\n\r\n"
INPUTS = 2_000


def all_of(data: bytes, step: int) -> list[Request | Packet]:
    reader, found = Reader(), []
    for at in range(0, len(data), step):
        reader.came += data[at : at + step]
        while (one := reader.next()) is not None:
            found.append(one)
    assert not reader.came
    return found


@pytest.mark.parametrize("step", [1, 7, 10_000])
def test_requests_and_packets_are_told_apart_however_they_are_cut(step: int) -> None:
    body = b"SET_PARAMETER rtsp://cam/main RTSP/1.0\r\nCSeq: 4\r\nContent-Length: 5\r\n\r\nvol: "
    found = all_of(SETUP + b"$\x01\x00\x03abc" + b"\r\n" + body + b"$\x00\x00\x00" + SETUP, step)
    setup = Request(
        "SETUP",
        "rtsp://cam:8554/main/video",
        "3",
        {"cseq": "3", "transport": "RTP/AVP;unicast;client_port=5000-5001"},
    )
    parameter = Request("SET_PARAMETER", "rtsp://cam/main", "4", {"cseq": "4", "content-length": "5"}, b"vol: ")
    assert found == [setup, Packet(1, b"abc"), parameter, Packet(0, b""), setup]


@pytest.mark.parametrize("step", [1, 10_000])
def test_lines_may_end_with_lf_alone_and_headers_go_on_in_the_next_line(step: int) -> None:
    """RFC 2326, 4: "receivers should be prepared to also interpret CR and LF by themselves as line terminators"; folding is that of
    RFC 2068, 4.2, to which it refers."""
    sent = (
        b"OPTIONS * RTSP/1.0\nCSeq: 1\n\n"
        b"\nOPTIONS * RTSP/1.0\r\nCSeq: 2\n\r\n"
        b"SET_PARAMETER * RTSP/1.0\nCSeq: 3\r\nContent-Length: 4\n\n\n\r\n\n"
        b'DESCRIBE * RTSP/1.0\r\nCSeq: 4\r\nAuthorization: Digest username="a",\r\n\t realm="b",\n nonce="c"\r\n\r\n'
    )
    first, second, third, fourth = (each for each in all_of(sent, step) if isinstance(each, Request))
    assert [first.number, second.number, third.number, third.body] == ["1", "2", "3", b"\n\r\n\n"]
    assert fourth.headers["authorization"] == 'Digest username="a", realm="b", nonce="c"'


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("rtsp://cam:8554/main", "main"),
        ("rtsp://user:word@cam/main/", "main"),
        ("RTSP://[fe80::1]:554/sub/video?x=/main", "sub/video"),
        ("rtspu://cam", ""),
        ("*", "*"),
        ("/main", "main"),
        ("rtsp://cam//main//video", "main//video"),
    ],
)
def test_the_path_of_an_address(url: str, path: str) -> None:
    assert Request("DESCRIBE", url, "1", {}).path == path


@pytest.mark.parametrize(
    ("sent", "status", "number"),
    [
        (b"GET / HTTP/1.1\r\nCSeq: 1\r\n\r\n", 400, ""),
        (b"OPTIONS * RTSP/1.0\r\n\r\n", 400, ""),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: x\r\n\r\n", 400, ""),
        (b"OPTIONS * RTSP/2.0\r\nCSeq: 7\r\n\r\n", 505, "7"),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\nno header\r\n\r\n", 400, ""),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\nX: \x00\r\n\r\n", 400, ""),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\n" + b"X: 1\r\n" * 60 + b"\r\n", 431, ""),
        (b"OPTIONS " + b"a" * (MAX_URL_BYTES + 1) + b" RTSP/1.0\r\nCSeq: 7\r\n\r\n", 414, "7"),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\nContent-Length: -1\r\n\r\n", 400, "7"),
        (b"OPTIONS * RTSP/1.0\r\nCSeq: 7\r\nContent-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1), 413, "7"),
        (b"A" * (MAX_HEAD_BYTES + 1), 431, ""),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", 400, ""),
    ],
)
def test_what_is_no_request_is_refused(sent: bytes, status: int, number: str) -> None:
    reader = Reader(bytearray(sent))
    with pytest.raises(Malformed) as refused:
        reader.next()
    assert (refused.value.status, refused.value.number) == (status, number)


def test_the_first_of_two_headers_counts() -> None:
    (found,) = all_of(b"PLAY rtsp://cam/main RTSP/1.0\r\nCSeq: 1\r\nSession: a\r\nSession: b\r\n\r\n", 1000)
    assert isinstance(found, Request)
    assert found.headers["session"] == "a"


def test_a_reply_byte_for_byte() -> None:
    assert written(Reply(200, (("Session", "1f;timeout=60"),), b"v=0\r\n"), "9") == (
        b"RTSP/1.0 200 OK\r\nCSeq: 9\r\nSession: 1f;timeout=60\r\nServer: Gatewright\r\nContent-Length: 5\r\n\r\nv=0\r\n"
    )
    assert written(Reply(454), "") == b"RTSP/1.0 454 Session Not Found\r\nServer: Gatewright\r\n\r\n"


@pytest.mark.parametrize(
    ("header", "way"),
    [
        ("RTP/AVP/TCP;unicast;interleaved=0-1", Transport(False, channels=(0, 1))),
        ("RTP/AVP/TCP;unicast;interleaved=4", Transport(False, channels=(4, 5))),
        ("rtp/avp/tcp", Transport(False)),
        ("RTP/AVP;unicast;client_port=5000-5001", Transport(True, (5000, 5001))),
        ("RTP/AVP/UDP;unicast;client_port=5000;mode=play", Transport(True, (5000, 5001))),
        ('RTP/AVP;unicast;destination=10.0.0.9;client_port=5000-5001;mode="PLAY"', Transport(True, (5000, 5001))),
        ("RTP/AVP;multicast;port=5000-5001,RTP/AVP/TCP;unicast;interleaved=2-3", Transport(False, channels=(2, 3))),
        ("RTP/SAVP;unicast;client_port=5000-5001", None),
        ("RTP/AVP;multicast", None),
        ("RTP/AVP;unicast", None),
        ("RTP/AVP;unicast;client_port=22-23", None),
        ("RTP/AVP;unicast;client_port=65535", None),
        ("RTP/AVP;unicast;client_port=5000-5000", None),
        ("RTP/AVP/TCP;interleaved=255", None),
        ("RTP/AVP/TCP;interleaved=300-301", None),
        ("RTP/AVP;unicast;client_port=5000-5001;mode=record", None),
        ("", None),
    ],
)
def test_the_first_way_that_we_can_go_is_taken(header: str, way: Transport | None) -> None:
    assert transport_of(header) == way


def test_malformed_input_ends_in_requests_or_refusals_and_nothing_is_kept_of_it() -> None:
    draw = random.Random(20261127)
    for _ in range(INPUTS):
        sent = rtsp_input(draw, "rtsp://127.0.0.1:8554/main") * draw.choice([1, 1, 2])
        reader, step = Reader(), draw.choice([1, 40, 10_000])
        try:
            for at in range(0, len(sent), step):
                reader.came += sent[at : at + step]
                while (found := reader.next()) is not None:
                    if isinstance(found, Request):
                        transport_of(found.headers.get("transport", ""))
                        written(Reply(551, (("Unsupported", found.headers.get("require", "")),)), found.number)
        except Malformed as why:
            assert written(Reply(why.status), why.number).startswith(b"RTSP/1.0 ")
        assert len(reader.came) <= len(sent)
