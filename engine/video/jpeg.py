"""JPEG: pictures of the ring as a stream of JPEGs; no library but the one that the portal's pictures are made with."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from engine.ring import OpenShot
from engine.shrunk import shrunk
from engine.video import payloads
from engine.video.plan import Stream, size_of
from engine.video.rtp import Unit
from engine.video.sdp import Track, jpeg_track

if TYPE_CHECKING:
    from PIL import Image


class JpegEncoder:
    """An Encoder (encoder.py)."""

    def __init__(self, stream: Stream, camera: tuple[int, int]) -> None:
        self._stream = stream
        self.camera = camera
        self.size = size_of(stream, camera)
        self._image: Image.Image | None = None
        self._at_ns = 0

    def take(self, shot: OpenShot) -> None:
        self._image, self._at_ns = shrunk(shot, self.size), shot.monotonic_ns

    def units(self, key: bool) -> tuple[Unit, ...]:
        assert self._image is not None
        out = io.BytesIO()
        # tables that change with each picture would not fit RFC 2435, hence no `optimize`; 4:2:0
        self._image.save(out, "JPEG", quality=self._stream.quality_pct, subsampling=2)
        return (Unit(payloads.jpeg(out.getvalue()), self._at_ns),)

    def track(self) -> Track:
        return jpeg_track(self.size, self._stream.frames_per_s)

    def close(self) -> None:
        self._image = None
