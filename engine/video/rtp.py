"""RTP: packets and sender reports of one track for one viewer (RFC 3550), and the requests in a viewer's reports (RFC 4585,
5104)."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

from board.kit.dataclass import dataclass

HEADER = struct.Struct(">BBHII")
VERSION = 2 << 6
MARKER = 1 << 7

SENDER_REPORT, SOURCE_DESCRIPTION, GOODBYE, PAYLOAD_FEEDBACK = 200, 202, 203, 206
PICTURE_LOSS, FULL_INTRA = 1, 4
"""Kinds of payload-specific feedback that ask for a key picture."""
CNAME = 1

NTP_EPOCH_S = 2_208_988_800
"""Seconds from 1900, the epoch of NTP, to 1970."""


@dataclass(frozen=True, slots=True)
class Unit:
    """One picture, piece of sound or document. `at_ns`: CLOCK_MONOTONIC; `key`: a decoder may begin here; `length`: bytes of
    all payloads."""

    payloads: tuple[bytes, ...]
    at_ns: int
    key: bool = True

    @property
    def length(self) -> int:
        return sum(map(len, self.payloads))


class Sender:
    """Numbers one track's packets. First sequence number, first time and SSRC are random (RFC 3550, 5.1)."""

    def __init__(self, payload_type: int, clock_hz: int, name: str) -> None:
        self.ssrc = int.from_bytes(os.urandom(4))
        self.number = int.from_bytes(os.urandom(2))
        self._time = int.from_bytes(os.urandom(4))
        self._payload_type = payload_type
        self._clock_hz = clock_hz
        self._name = name.encode()[:255]
        self._packets = 0
        self._octets = 0

    def time_of(self, at_ns: int) -> int:
        """The RTP time of a moment of CLOCK_MONOTONIC."""
        return (self._time + at_ns * self._clock_hz // 1_000_000_000) & 0xFFFFFFFF

    def packets(self, unit: Unit, marked: bool = True) -> list[bytes]:
        """The unit's packets; the last one carries the marker when `marked`."""
        stamp, last, made = self.time_of(unit.at_ns), len(unit.payloads) - 1, []
        for index, payload in enumerate(unit.payloads):
            kind = self._payload_type | (MARKER if marked and index == last else 0)
            made.append(HEADER.pack(VERSION, kind, self.number, stamp, self.ssrc) + payload)
            self.number = (self.number + 1) & 0xFFFF
        self._packets += len(unit.payloads)
        self._octets += unit.length
        return made

    def report(self, now_ns: int, wall_s: float) -> bytes:
        """A sender report with its description: the moment `now_ns` of CLOCK_MONOTONIC is `wall_s` seconds after 1970."""
        seconds = int(wall_s)
        body = struct.pack(
            ">IIIIII",
            self.ssrc,
            (seconds + NTP_EPOCH_S) & 0xFFFFFFFF,
            int((wall_s - seconds) * (1 << 32)),
            self.time_of(now_ns),
            self._packets & 0xFFFFFFFF,
            self._octets & 0xFFFFFFFF,
        )
        item = struct.pack(">IBB", self.ssrc, CNAME, len(self._name)) + self._name + b"\0"
        item += bytes(-len(item) % 4)
        return _rtcp(SENDER_REPORT, 0, body) + _rtcp(SOURCE_DESCRIPTION, 1, item)

    def goodbye(self) -> bytes:
        return _rtcp(GOODBYE, 1, struct.pack(">I", self.ssrc))


def wants_key_picture(report: bytes) -> bool:
    """Whether a viewer's RTCP, which is untrusted, reports a lost picture."""
    at = 0
    while at + 4 <= len(report):
        first, kind, words = struct.unpack_from(">BBH", report, at)
        if kind == PAYLOAD_FEEDBACK and first & 0x1F in (PICTURE_LOSS, FULL_INTRA):
            return True
        at += 4 + 4 * words
    return False


def _rtcp(kind: int, count: int, body: bytes) -> bytes:
    return struct.pack(">BBH", VERSION | count, kind, len(body) // 4) + body


def interleaved(channel: int, packets: Sequence[bytes]) -> bytes:
    """Packets as they travel between RTSP messages (RFC 2326, 10.12)."""
    return b"".join(struct.pack(">BBH", 0x24, channel, len(packet)) + packet for packet in packets)
