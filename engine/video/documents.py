"""Documents: the metadata track: events as XML (engine/formats/onvif_xml.py) that vms makes, one document for each passage."""

from __future__ import annotations

import time

from engine.formats.onvif_xml import metadata_stream
from engine.video import payloads
from engine.video.rtp import Unit
from engine.video.sources import Taker

EVERY_S = 1.0
"""A document is sent at least this often, empty if nothing happens: clients see that the track is alive (ONVIF Streaming, RTP
for metadata stream)."""


class Documents:
    """All viewers get the same ones. Used by the loop's thread."""

    def __init__(self) -> None:
        self._takers: set[Taker] = set()
        self._sent_s = 0.0
        self._empty = payloads.document(metadata_stream(()))

    def join(self, taker: Taker) -> None:
        self._takers.add(taker)
        taker.take(Unit(self._empty, time.monotonic_ns()))

    def leave(self, taker: Taker) -> None:
        self._takers.discard(taker)

    def want_key(self) -> None:
        pass  # each document stands for itself

    def take(self, document: bytes) -> None:
        self._send(payloads.document(document))

    def turn(self) -> None:
        """About once a second."""
        if time.monotonic() - self._sent_s >= EVERY_S:
            self._send(self._empty)

    def _send(self, made: tuple[bytes, ...]) -> None:
        self._sent_s = time.monotonic()
        for taker in list(self._takers):
            taker.take(Unit(made, time.monotonic_ns()))
