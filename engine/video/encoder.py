"""Encoder: the interface of every codec's encoder (h264.py, jpeg.py)."""

from __future__ import annotations

from typing import Protocol

from board.kit.errors import GatewrightError
from engine.ring import OpenShot
from engine.video.rtp import Unit
from engine.video.sdp import Track


class EncoderError(GatewrightError):
    """The encoder cannot be opened, or fails."""


class Encoder(Protocol):
    """`camera`: (width, height) of the pictures that it takes."""

    camera: tuple[int, int]

    def take(self, shot: OpenShot) -> None:
        """Copies what it needs, quickly: the ring's slot is held meanwhile."""

    def units(self, key: bool) -> tuple[Unit, ...]:
        """Pictures that are ready, the one taken last or before; `key`: that one is to be such that decoders can begin with it."""

    def track(self) -> Track | None:
        """The codec's parameters for SDP; None before the first unit."""

    def close(self) -> None: ...
