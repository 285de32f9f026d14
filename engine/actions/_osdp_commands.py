"""OSDP commands: what of the bytes on an RS-485 line LibOSDP gets: whole commands, none that would end the process.

LibOSDP 3.2.9 looks for the name of a command that came without the secure channel, and dies over one that has none
(osdp_cmd_name). The line hangs outside at the gate, and this process opens it: such a command is handed on as one beyond the
library's list, which it refuses as it should. Commands within the channel are left as they are: who has no key makes none.

Source: SIA OSDP 2.2 (IEC 60839-11-5), packet format and security control blocks.
"""

from __future__ import annotations

from binascii import crc_hqx

START, REPLY = 0x53, 0x80
"""The first byte of a packet, and the bit of its address that says that a reader sent it."""
HEAD, CODE_END = 5, 1
"""Bytes before what a packet holds (start, address, length, control), and those of a command without data."""
WITH_CRC, WITH_BLOCK = 0x04, 0x08
"""Of the control byte."""
CRC_BEGIN = 0x1D0F
SHORTEST, LONGEST = HEAD + CODE_END + 1, 1440
FIRST_OF_CHANNEL = 0x15
"""Security control blocks below only begin the channel: what they come with is as open as what comes without any."""
NAMED = frozenset({*range(0x60, 0x63), *range(0x64, 0x6F), *range(0x73, 0x78), 0x7B, 0x7C, 0x80, *range(0xA1, 0xA6), 0xA7})
UNKNOWN = 0xFF
GAP_S = 0.2
"""A packet that is not complete this long after its last byte never will be, nor after its first one, where whole ones follow: what
looked like its head was noise."""


class Commands:
    """Of one line, whichever readers they are for: the library knows its own address, which a controller may change. One thread may
    call."""

    def __init__(self) -> None:
        self._waiting = bytearray()
        self._began_s = 0.0
        self._last_s = 0.0

    def take(self, data: bytes, now_s: float) -> bytes:
        """The commands that these bytes complete. Damaged ones are passed over: a controller repeats what is not answered."""
        if now_s - self._last_s > GAP_S:
            self._waiting.clear()
        self._last_s = now_s
        if not self._waiting:
            self._began_s = now_s
        self._waiting += data
        commands = b""
        while (packet := self._next(now_s)) is not None:
            commands += packet
            self._began_s = now_s
        return commands

    def _next(self, now_s: float) -> bytes | None:
        """b"": something was passed over; None: more has to come."""
        waiting = self._waiting
        begin = waiting.find(START)
        del waiting[: begin if begin >= 0 else len(waiting)]
        if len(waiting) < HEAD:
            return None
        length = _length(waiting)
        if len(waiting) < length:
            if now_s - self._began_s <= GAP_S:
                return None
            self._began_s = now_s  # not with each byte that somebody sends
            whole = _first_whole(bytes(waiting))
            del waiting[:whole]
            return b"" if whole else None
        packet = bytes(waiting[:length])
        if not length or not _is_whole(packet):
            del waiting[:1]
            return b""
        del waiting[:length]
        return b"" if packet[1] & REPLY else _harmless(packet)


def _length(head: bytes | bytearray) -> int:
    """0: it is none of a packet."""
    length = int.from_bytes(head[2:4], "little")
    return length if SHORTEST <= length <= LONGEST else 0


def _first_whole(data: bytes) -> int:
    """Where behind the first byte a packet begins that is whole; 0: nowhere."""
    at = 0
    while (at := data.find(START, at + 1)) > 0:
        packet = data[at : at + _length(data[at : at + HEAD])]
        if len(packet) >= SHORTEST and len(packet) == _length(packet) and _is_whole(packet):
            return at
    return 0


def _tail(packet: bytes) -> int:
    return 2 if packet[4] & WITH_CRC else 1


def _sealed(body: bytes, tail: int) -> bytes:
    return body + (crc_hqx(body, CRC_BEGIN).to_bytes(2, "little") if tail == 2 else bytes([-sum(body) & 0xFF]))


def _is_whole(packet: bytes) -> bool:
    return _sealed(packet[: -_tail(packet)], _tail(packet)) == packet


def _harmless(packet: bytes) -> bytes:
    at, tail = HEAD, _tail(packet)
    if packet[4] & WITH_BLOCK:
        size, kind = packet[HEAD], packet[HEAD + 1]
        if kind >= FIRST_OF_CHANNEL:
            return packet
        if size < 2:
            return b""  # not even its own two bytes
        at += size
    if at >= len(packet) - tail:
        return b""  # no command in it
    if packet[at] in NAMED:
        return packet
    return _sealed(packet[:at] + bytes([UNKNOWN]) + packet[at + 1 : -tail], tail)
