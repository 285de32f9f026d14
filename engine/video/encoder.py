"""Encoder: what makes a stream of the ring's pictures; one class for each codec (h264.py, jpeg.py)."""

from __future__ import annotations

from typing import Protocol

from board.kit.errors import GatewrightError
from engine.ring import OpenShot
from engine.video.plan import JPEG, Stream
from engine.video.rtp import Unit
from engine.video.sdp import Track


class EncoderError(GatewrightError):
    """The encoder cannot be opened, or fails."""


class Encoder(Protocol):
    """`camera`: (width, height) of the shots that it takes."""

    camera: tuple[int, int]

    def take(self, shot: OpenShot) -> None:
        """Copies what it needs, quickly: the ring's slot is held meanwhile."""

    def unit(self, key: bool) -> Unit | None:
        """The picture taken last, or one before it; `key`: as one that decoders can begin with. None while the encoder keeps it."""

    def track(self) -> Track | None:
        """What SDP says; None before the first unit."""

    def close(self) -> None: ...


def encoder_of(stream: Stream, camera: tuple[int, int]) -> Encoder:
    """Opens the stream's encoder for pictures of (width, height); EncoderError when it does not work here."""
    if stream.codec == JPEG:
        from engine.video.jpeg import JpegEncoder

        return JpegEncoder(stream, camera)
    from engine.video.h264 import H264Encoder  # and with it FFmpeg's 20 MB

    return H264Encoder(stream, camera)
