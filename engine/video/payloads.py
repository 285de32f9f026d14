"""Payloads: cuts pictures and documents into RTP payloads: H.264 (RFC 6184), JPEG (RFC 2435), ONVIF metadata."""

from __future__ import annotations

import base64
import struct
from collections.abc import Iterator, Sequence

from board.kit.dataclass import dataclass

MOST_BYTES = 1388
"""Bytes of a payload: with the headers of RTP, UDP and IPv6 it fits into an Ethernet packet, with room for a tunnel's."""

SPS, PPS, IDR, DELIMITER = 7, 8, 5, 9
"""H.264: types of NAL units."""
FU_A = 28

SOI, SOS, DQT, SOF0, DRI, EOI = 0xD8, 0xDA, 0xDB, 0xC0, 0xDD, 0xD9
"""JPEG: markers after 0xFF."""
IN_BAND = 255
"""RFC 2435: the Q whose tables come with each picture."""
TYPES = {0x21: 0, 0x22: 1}
"""Sampling of the luminance (4:2:2, 4:2:0) -> RFC 2435's type."""


@dataclass(frozen=True, slots=True)
class ParameterSets:
    """H.264: what a decoder needs before the first picture."""

    sps: bytes
    pps: bytes

    @property
    def profile_level_id(self) -> str:
        return self.sps[1:4].hex().upper()

    @property
    def sprop(self) -> str:
        """For SDP (RFC 6184, 8.1)."""
        return ",".join(base64.b64encode(each).decode() for each in (self.sps, self.pps))


def nal_units(stream: bytes) -> list[bytes]:
    """Units of an Annex B byte stream, without start codes."""
    found, at = [], stream.find(b"\0\0\1")
    while at >= 0:
        after = stream.find(b"\0\0\1", at + 3)
        unit = stream[at + 3 : after] if after >= 0 else stream[at + 3 :]
        unit = unit.rstrip(b"\0") if after >= 0 else unit  # a start code of four bytes, and stuffing
        if unit:
            found.append(unit)
        at = after
    return found


def type_of(unit: bytes) -> int:
    return unit[0] & 0x1F


def h264(units: Sequence[bytes]) -> tuple[bytes, ...]:
    """Payloads of one picture: one per unit, or fragments of a unit (FU-A)."""
    return tuple(payload for unit in units for payload in _fragments(unit))


def _fragments(unit: bytes) -> Iterator[bytes]:
    if len(unit) <= MOST_BYTES:
        yield unit
        return
    indicator, kind, rest = unit[0] & 0xE0 | FU_A, unit[0] & 0x1F, unit[1:]
    step = MOST_BYTES - 2
    for at in range(0, len(rest), step):
        start, end = at == 0, at + step >= len(rest)
        yield bytes((indicator, start << 7 | end << 6 | kind)) + rest[at : at + step]


def jpeg(picture: bytes) -> tuple[bytes, ...]:
    """Payloads of one JPEG: baseline, 4:2:0 or 4:2:2, the standard's Huffman tables, sides of at most 2040 pixels. ValueError
    for any other."""
    head = _jpeg_head(picture)
    scan, at, made = head.scan, 0, []
    while at < len(scan):
        main = struct.pack(">IBBBB", at, head.kind, IN_BAND, head.width // 8, head.height // 8)  # at < 2^24: type-specific is 0
        if at == 0:
            main += struct.pack(">BBH", 0, 0, len(head.tables)) + head.tables
        piece = scan[at : at + MOST_BYTES - len(main)]
        made.append(main + piece)
        at += len(piece)
    return tuple(made)


@dataclass(frozen=True, slots=True)
class _JpegHead:
    """What RFC 2435 carries of a JPEG."""

    width: int
    height: int
    kind: int
    tables: bytes
    scan: bytes


def _jpeg_head(picture: bytes) -> _JpegHead:
    """ValueError: RFC 2435 cannot carry it."""
    tables, frame, at = b"", b"", 2
    while at + 4 <= len(picture):
        mark, marker, length = struct.unpack_from(">BBH", picture, at)
        body = picture[at + 4 : at + 2 + length]
        if mark != 0xFF or marker == DRI:
            break
        if marker == DQT:
            tables += _tables(body)
        elif marker == SOF0:
            frame = body
        elif marker == SOS and len(frame) == 15:
            _, height, width, _, _, sampling, *_ = struct.unpack_from(">BHHBBBB", frame)
            end = -2 if picture.endswith(b"\xff\xd9") else len(picture)
            if sampling in TYPES and max(width, height) <= 2040 and len(tables) == 128:
                return _JpegHead(width, height, TYPES[sampling], tables, picture[at + 2 + length : end])
            break
        at += 2 + length
    raise ValueError("not a JPEG that RTP can carry")


def _tables(body: bytes) -> bytes:
    """Tables of 8 bits in a DQT segment, without their numbers."""
    return b"".join(body[at + 1 : at + 65] for at in range(0, len(body), 65))


def document(text: bytes) -> tuple[bytes, ...]:
    """Payloads of one metadata document."""
    return tuple(text[at : at + MOST_BYTES] for at in range(0, len(text), MOST_BYTES))
