"""V4L2 camera: USB cameras and capture cards, `v4l2:/dev/video0?fps=15`, by FFmpeg's v4l2 input in PyAV."""

from __future__ import annotations

import logging
import os
from pathlib import Path
from typing import Any

from board.camera._live import LiveCamera, open_container
from board.camera._options import split_options
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.ports import Camera, CameraKind

log = logging.getLogger("camera")

DEFAULT = "/dev/video0"
RANGES = {"fps": (1.0, 120.0)}
FORMATS = ("mjpeg", "yuyv422", "")
"""Asked for in this order: over USB 2 only MJPEG has room for 1280x960 at more than a few frames per second; "": what it offers."""


def open_v4l2(url: str, size: tuple[int, int], clock: Clock) -> Camera:
    """`fps`: wanted frames per second (default: the camera's own). A camera without the wanted size delivers its nearest.

    CameraError: no such device (those there are named), no permission, busy, or no format that it can deliver."""
    text, options = split_options(url.partition(":")[2], RANGES)
    device = Path("/" + text.lstrip("/")) if text else Path(DEFAULT)
    name = f"v4l2 {device}"
    if not device.exists():
        there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
        raise CameraError(f"{name}: there is no such camera; video devices there: {there}")
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraError(f"{name}: no permission; add the user to the group video")
    wanted = {"video_size": f"{size[0]}x{size[1]}"} | ({"framerate": f"{options['fps']:g}"} if "fps" in options else {})
    container = _open_best(str(device), name, wanted)
    stream = container.streams.video[0]
    got = (stream.codec_context.width, stream.codec_context.height)
    if got != size:
        log.warning("%s delivers %dx%d instead of %dx%d", name, *got, *size)
    return LiveCamera(container, name, clock)


def _open_best(device: str, name: str, wanted: dict[str, str]) -> Any:
    problems: dict[str, None] = {}
    for pixels in FORMATS:
        try:
            return open_container(device, name, wanted | ({"input_format": pixels} if pixels else {}), "v4l2")
        except CameraError as why:
            problems[str(why)] = None
    raise CameraError("; ".join(problems))


CAMERA = CameraKind("v4l2", ("v4l2",), open_v4l2)
