"""V4L2 camera: USB cameras and capture cards, `v4l2:/dev/video0?fps=15`, by FFmpeg's v4l2 input in PyAV."""

from __future__ import annotations

import itertools
import logging
import os
from functools import partial
from pathlib import Path
from typing import Any

from board.camera._container import ContainerSource, open_container
from board.camera._kind import CameraKind
from board.camera._live import LiveCamera
from board.camera._night import Night
from board.camera._options import split_options
from board.camera._setup import CameraSetup, flips, turned
from board.camera._v4l2_controls import V4l2Controls
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.kit.words import Text, joined
from board.ports import Camera
from board.types import Frame

log = logging.getLogger("camera")

DEFAULT = "/dev/video0"
RANGES = {"fps": (1.0, 120.0)}
FORMATS = ("mjpeg", "yuyv422", "")
"""Asked for in this order: over USB 2 only MJPEG has room for 1280x960 at more than a few frames per second; "": what it offers."""


NO_LIGHT = Text("Night preset: this camera measures no light level: 'light' means day here; choose 'schedule'")


def open_v4l2(url: str, setup: CameraSetup, clock: Clock) -> Camera:
    """`fps`: wanted frames per second, before the setting's. A camera without the wanted size delivers its nearest.

    CameraError: no such device (those there are named), no permission, busy, or no format that it can deliver."""
    text, options = split_options(url.partition(":")[2], RANGES)
    device = Path("/" + text.lstrip("/")) if text else Path(DEFAULT)
    name = f"v4l2 {device}"
    if not device.exists():
        there = ", ".join(sorted(str(path) for path in Path("/dev").glob("video*"))) or "none"
        raise CameraError("{name}: there is no such camera; video devices there: {there}", name=name, there=there)
    if not os.access(device, os.R_OK | os.W_OK):
        raise CameraError("{name}: no permission; add the user to the group video", name=name)
    size = setup.size
    wanted = {"video_size": f"{size[0]}x{size[1]}", "framerate": f"{options.get('fps', setup.settings.frame_rate):g}"}
    container = _open_best(str(device), name, wanted)
    stream = container.streams.video[0]
    got = (stream.codec_context.width, stream.codec_context.height)
    if got != size:
        log.warning("%s delivers %dx%d instead of %dx%d", name, *got, *size)
    try:
        controls = V4l2Controls(device)
    except CameraError:
        container.close()
        raise
    return _V4l2Camera(container, name, controls, setup, clock)


class _V4l2Camera:
    """A live container; its driver gets the exposure of day or night, and flips that it lacks are made here."""

    def __init__(self, container: Any, name: str, controls: V4l2Controls, setup: CameraSetup, clock: Clock) -> None:
        self._clock = clock
        self._settings = setup.settings
        self._night = Night(setup.settings, setup.zone, setup.night_file)
        self._controls = controls
        mirrored, upended = flips(setup.settings)
        by_driver = controls.set_fixed(setup.settings)
        rest = {"rotate_180": False, "hflip": mirrored and not by_driver[0], "vflip": upended and not by_driver[1]}
        self._notes = (NO_LIGHT,) if setup.settings.night == "light" else ()
        turning = partial(turned, setup.settings.model_copy(update=rest))
        self._live = LiveCamera(ContainerSource(container, name), name, clock, turning)
        self.preset = ""
        self._follow_the_clock()

    @property
    def notes(self) -> tuple[Text, ...]:
        return self._controls.notes + self._notes

    def read(self, timeout_s: float) -> Frame | None:
        self._follow_the_clock()
        return self._live.read(timeout_s)

    def close(self) -> None:
        self._live.close()
        self._controls.close()

    def _follow_the_clock(self) -> None:
        preset = "night" if self._night.is_on(self._clock.now(), self._clock.monotonic_ns()) else "day"
        if preset == self.preset:
            return
        log.info("exposure: %s", preset)
        self._controls.set_exposure(self._settings, preset == "night")
        self.preset = preset


def _open_best(device: str, name: str, wanted: dict[str, str]) -> Any:
    """The first format that opens, in the wanted rate or, with a driver that refuses it, in its own."""
    problems: dict[str, Text] = {}
    for rate, pixels in itertools.product((wanted, {"video_size": wanted["video_size"]}), FORMATS):
        try:
            return open_container(device, name, rate | ({"input_format": pixels} if pixels else {}), "v4l2")
        except CameraError as why:
            problems[str(why)] = why.text
    raise CameraError(joined(list(problems.values())))


CAMERA = CameraKind("v4l2", ("v4l2",), open_v4l2)
