"""Plan: how this board makes each stream: codec, encoder, size and rate. It loads nothing heavy: vms reads it too.

An H.264 encoder in hardware comes first, then one in software if the board has a core to spare, then JPEG (RFC 2435).
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from board.kit.dataclass import dataclass
from board.types import BoardProfile

H264, JPEG = "H264", "JPEG"
"""Codecs, as SDP names them."""

KEY_EVERY_S = 2
"""Longest time between two key pictures of H.264."""

HARDWARE, SOFTWARE = "h264_v4l2m2m", "libx264"
"""Encoders, as FFmpeg names them."""

DEVICES = Path("/sys/class/video4linux")
PI_ENCODER = "bcm2835-codec-encode"
"""The kernel's name for the H.264 encoder of a Pi up to 4 and Zero 2 W (/dev/video11). A Pi 5 has none."""


@dataclass(frozen=True, slots=True)
class Stream:
    """`name`: "main" or "sub", as in its address; `encoder`: "" for JPEG; `size`: at most (width, height); `kbit_per_s`: the
    encoder's target, 0 for JPEG, whose pictures have `quality_pct` instead."""

    name: str
    codec: str
    encoder: str
    size: tuple[int, int]
    frames_per_s: int
    kbit_per_s: int = 0
    quality_pct: int = 75


HARDWARE_STREAMS = (
    Stream("main", H264, HARDWARE, (1920, 1080), 10, 3000),
    Stream("sub", H264, HARDWARE, (640, 480), 10, 500),
)
SOFTWARE_STREAMS = (
    Stream("main", H264, SOFTWARE, (1280, 960), 10, 2000),
    Stream("sub", H264, SOFTWARE, (640, 480), 10, 500),
)
JPEG_STREAMS = (
    Stream("main", JPEG, "", (640, 480), 5),
    Stream("sub", JPEG, "", (320, 240), 5),
)
"""The plan that works on every board."""


def streams(board: BoardProfile, size: str = "", devices: Path = DEVICES) -> tuple[Stream, Stream]:
    """(main, sub). `size`: LprSettings.video_size ("2560x1920"), up to which an encoder in software makes the main stream, with as
    many bits for each pixel; the others have their own limits (the Pi's encoder 1920x1080, RFC 2435 2040 pixels a side)."""
    if has_encoder(devices):
        return HARDWARE_STREAMS
    if not board.software_video:
        return JPEG_STREAMS
    main, sub = SOFTWARE_STREAMS
    return (_enlarged(main, size) if size and not board.small else main), sub


def _enlarged(stream: Stream, size: str) -> Stream:
    width, height = map(int, size.split("x"))
    kbit_per_s = round(stream.kbit_per_s * width * height / (stream.size[0] * stream.size[1]))
    return replace(stream, size=(width, height), kbit_per_s=kbit_per_s)


def has_encoder(devices: Path) -> bool:
    """Whether the kernel offers the Pi's H.264 encoder."""
    return any(_name_of(device) == PI_ENCODER for device in devices.glob("video*"))


def size_of(stream: Stream, camera: tuple[int, int]) -> tuple[int, int]:
    """(width, height) of the stream's pictures, with the camera's proportions; both are multiples of 16, as encoders and RFC
    2435 require. `camera`: (width, height) of the camera's picture."""
    width, height = camera
    scale = min(1.0, stream.size[0] / width, stream.size[1] / height)
    return max(16, int(width * scale) // 16 * 16), max(16, int(height * scale) // 16 * 16)


def _name_of(device: Path) -> str:
    try:
        return (device / "name").read_text("utf-8").strip()
    except (OSError, ValueError):
        return ""
