"""JPEGs in a byte stream, found by their own markers, whatever stands between them (boundaries, headers, lengths)."""

from __future__ import annotations

import re
from collections.abc import Iterator

MOST_BYTES = 16 << 20
"""No plate camera sends a larger picture: it is dropped, so that a stranger's stream does not fill the memory."""

_START = b"\xff\xd8\xff"
_END, _SCAN, _SOI = 0xD9, 0xDA, 0xD8
_BARE = frozenset((0x01, *range(0xD0, 0xD8)))
"""Markers without a length: TEM and the restart markers (ITU-T T.81, table B.1)."""
_NEXT_MARK = re.compile(rb"\xff([\x01-\xcf\xd8-\xfe])")
"""The next marker in coded data: no stuffed zero, restart marker or fill byte."""


class JpegFinder:
    """Feed it the bytes as they come. A picture that a new one interrupts is dropped."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._data = bytearray()
        self._at = 0
        """Where the picture at the beginning of `_data` was read up to; 0: its beginning is still to be found."""
        self._in_scan = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Every picture that `data` completes, from its first marker to its last."""
        self._data += data
        while True:
            if self._at == 0 and not self._begin():
                return
            end = self._walk()
            if end is None:
                if len(self._data) > self._most_bytes:
                    self._drop(len(_START))
                    continue
                return
            if end > 0:
                yield bytes(self._data[:end])
                self._drop(end)

    def _begin(self) -> bool:
        start = self._data.find(_START)
        if start < 0:
            del self._data[: max(0, len(self._data) - len(_START) + 1)]
            return False
        del self._data[:start]
        self._at, self._in_scan = 2, False
        return True

    def _drop(self, length: int) -> None:
        del self._data[:length]
        self._at, self._in_scan = 0, False

    def _walk(self) -> int | None:
        """The length of the complete picture; None while bytes are missing; 0 when it was no picture or was cut off: then it has
        been dropped. Segments are skipped by their lengths (ITU-T T.81, B.1.1): a thumbnail inside has markers of its own."""
        data = self._data
        while True:
            if self._in_scan:
                found = _NEXT_MARK.search(data, self._at)
                if found is None:
                    self._at = max(self._at, len(data) - 1)
                    return None
                self._at, self._in_scan = found.start(), False
            if len(data) < self._at + 2:
                return None
            if data[self._at] != 0xFF:
                self._drop(2)
                return 0
            mark = data[self._at + 1]
            if mark == 0xFF:
                self._at += 1
            elif mark == _END:
                return self._at + 2
            elif mark == _SOI:
                self._drop(self._at)
                return 0
            elif mark in _BARE:
                self._at += 2
            elif mark < 0xC0:  # stuffed or reserved: no picture after all
                self._drop(2)
                return 0
            else:
                if len(data) < self._at + 4:
                    return None
                length = int.from_bytes(data[self._at + 2 : self._at + 4], "big")
                if length < 2:
                    self._drop(2)
                    return 0
                self._at += 2 + length
                self._in_scan = mark == _SCAN
