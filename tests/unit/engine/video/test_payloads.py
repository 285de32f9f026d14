"""Payloads and packets: what RFC 6184, 2435 and 3550 say, put together again as a receiver does it."""

from __future__ import annotations

import io
import struct
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import Image

from engine.video import payloads
from engine.video.payloads import MOST_BYTES, ParameterSets, document, h264, jpeg, nal_units
from engine.video.rtp import Sender, Unit, interleaved, wants_key_picture
from engine.video.sdp import METADATA_TRACK, description, h264_track

SPS, PPS = b"\x67\x42\xc0\x1f\x01", b"\x68\xce\x3c\x80"


def test_units_are_found_behind_start_codes_of_three_and_four_bytes() -> None:
    assert nal_units(b"\0\0\0\1" + SPS + b"\0\0\0\1" + PPS + b"\0\0\1\x65abc") == [SPS, PPS, b"\x65abc"]
    assert nal_units(b"") == nal_units(b"\0\0\0") == []


def test_a_small_unit_is_a_packet_and_a_large_one_is_cut_into_fragments() -> None:
    large = bytes([0x65]) + bytes(range(256)) * 12
    assert h264([SPS, large])[0] == SPS
    cut = h264([large])
    assert [(piece[0], piece[1]) for piece in cut] == [(0x7C, 0x85), (0x7C, 0x05), (0x7C, 0x45)]
    assert bytes([cut[0][0] & 0xE0 | cut[0][1] & 0x1F]) + b"".join(piece[2:] for piece in cut) == large
    assert max(map(len, cut)) == MOST_BYTES
    just = bytes([0x61]) * MOST_BYTES
    assert h264([just]) == (just,)


def picture(width: int, height: int, subsampling: int) -> bytes:
    rough = np.random.default_rng(5).integers(0, 255, (height, width, 3), np.uint8)
    out = io.BytesIO()
    Image.fromarray(rough).save(out, "JPEG", quality=75, subsampling=subsampling)
    return out.getvalue()


@pytest.mark.parametrize(("subsampling", "kind"), [(1, 0), (2, 1)])
def test_a_jpeg_is_cut_as_rfc_2435_says(subsampling: int, kind: int) -> None:
    whole = picture(320, 240, subsampling)
    cut = jpeg(whole)
    assert max(map(len, cut)) == MOST_BYTES
    offset = 0
    for index, piece in enumerate(cut):
        at, found_kind, q, width, height = struct.unpack_from(">IBBBB", piece)
        assert (at, found_kind, q, width, height) == (offset, kind, 255, 40, 30)
        body = piece[8:]
        if index == 0:
            assert struct.unpack_from(">BBH", body) == (0, 0, 128)
            assert body[4:68] in whole
            assert body[68:132] in whole
            body = body[132:]
        assert body in whole
        offset += len(body)
    assert whole.endswith(cut[-1][-20:] + b"\xff\xd9")


@pytest.mark.parametrize(
    "wrong",
    [b"", b"\xff\xd8\xff\xd9", picture(320, 240, 0), picture(320, 240, 2)[:200], b"\xff\xd8" + b"\xff\xdb\x00\x02" * 40],
    ids=["nothing", "no picture", "sampling 4:4:4", "cut off", "no tables"],
)
def test_what_rtp_cannot_carry_is_refused(wrong: bytes) -> None:
    with pytest.raises(ValueError, match="not a JPEG that RTP can carry"):
        jpeg(wrong)


def test_packets_count_up_and_the_last_one_of_a_document_is_marked() -> None:
    sender = Sender(107, 90_000, "1f")
    first = sender.number
    text = b"x" * (2 * MOST_BYTES + 1)
    packets = sender.packets(Unit(document(text), 2_000_000_000))
    heads = [struct.unpack_from(">BBHII", packet) for packet in packets]
    stamp = sender.time_of(2_000_000_000)
    assert [(head[0], head[1]) for head in heads] == [(0x80, 107), (0x80, 107), (0x80, 128 | 107)]
    assert [head[2] for head in heads] == [(first + step) & 0xFFFF for step in range(3)]
    assert {head[3:] for head in heads} == {(stamp, sender.ssrc)}
    assert b"".join(packet[12:] for packet in packets) == text
    assert (sender.time_of(3_000_000_000) - stamp) % (1 << 32) == 90_000
    assert interleaved(2, packets[2:]) == b"$\x02\x00\x0d" + packets[2]


def test_a_sender_report_says_which_moment_a_packet_time_is() -> None:
    sender = Sender(96, 90_000, "1f")
    sender.packets(Unit((b"abc", b"de"), 0))
    wall = datetime(2026, 1, 2, 3, 4, 5, 500_000, UTC).timestamp()
    report = sender.report(7_000_000_000, wall)
    first, kind, words, ssrc, seconds, fraction, stamp, packets, octets = struct.unpack_from(">BBHIIIIII", report)
    assert (first, kind, words, ssrc) == (0x80, 200, 6, sender.ssrc)
    assert (seconds - 2_208_988_800, fraction, stamp) == (int(wall), 1 << 31, sender.time_of(7_000_000_000))
    assert (packets, octets) == (2, 5)
    described = report[28:]
    assert struct.unpack_from(">BBHIBB", described) == (0x81, 202, len(described) // 4 - 1, sender.ssrc, 1, 2)
    assert described[10:12] == b"1f"
    assert len(report) % 4 == 0
    assert sender.goodbye() == struct.pack(">BBHI", 0x81, 203, 1, sender.ssrc)


@pytest.mark.parametrize(
    ("report", "wanted"),
    [
        (b"", False),
        (b"\x81\xc9\x00\x01abcd", False),
        (b"\x81\xc9\x00\x01abcd" + b"\x81\xce\x00\x02abcdefgh", True),
        (b"\x84\xce\x00\x04" + b"\0" * 16, True),
        (b"\x81\xce", False),
        (b"\xff" * 50, False),
    ],
)
def test_a_viewer_that_lost_a_picture_is_understood(report: bytes, wanted: bool) -> None:
    assert wants_key_picture(report) is wanted


def test_a_description_byte_for_byte() -> None:
    track = h264_track(ParameterSets(SPS, PPS), (1280, 960), 10, 2000)
    assert description((track, METADATA_TRACK), "192.168.0.199", 7).decode() == (
        "v=0\r\no=- 7 1 IN IP4 192.168.0.199\r\ns=Gatewright\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\na=control:*\r\na=range:npt=now-\r\n"
        "m=video 0 RTP/AVP 96\r\nb=AS:2000\r\na=rtpmap:96 H264/90000\r\n"
        "a=fmtp:96 packetization-mode=1;profile-level-id=42C01F;sprop-parameter-sets=Z0LAHwE=,aM48gA==\r\n"
        "a=framerate:10\r\na=x-dimensions:1280,960\r\na=control:video\r\na=recvonly\r\n"
        "m=application 0 RTP/AVP 107\r\na=rtpmap:107 vnd.onvif.metadata/90000\r\na=control:metadata\r\na=recvonly\r\n"
    )
    assert b"o=- 7 1 IN IP6 fe80::1\r\ns=Gatewright\r\nc=IN IP6 ::\r\n" in description((), "fe80::1%eth0", 7)


def test_types_of_units() -> None:
    assert [payloads.type_of(unit) for unit in (SPS, PPS, b"\x65")] == [7, 8, 5]
