"""Raspberry Pi camera: `picamera2:` or `picamera2:1` (its number), by libcamera's Python library.

Two streams of one exposure: the main one in the wanted size, and a small one (YUV 4:2:0, whose first plane is the grey picture)
that the camera's own image processor shrinks, so that the processor never does."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from board.camera._flicker import AS_IS, FLICKER_HZ
from board.camera._gaps import Gaps
from board.camera._kind import CameraKind
from board.camera._night import Night
from board.camera._setup import CameraSetup, cut, exposure, flips
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.kit.words import NOTHING, Text, mark
from board.ports import Camera
from board.types import Frame

if TYPE_CHECKING:
    from board.camera._settings import CameraSettings

log = logging.getLogger("camera")

FIRST_NS = 5_000_000_000
SILENT_NS = 2_500_000_000
"""A camera that delivers nothing for this long has lost its cable or its driver (until its first frame: FIRST_NS)."""
RGB = ("BGR888", "MJPEG")
"""Formats that picamera2 hands out as R, G, B in memory: the one that is asked for, and a webcam's pictures."""
CLOSE_S = 3.0
OLDEST_NS = 5_000_000_000
"""A sensor stamp older than this comes from another clock."""

TITLES = {
    "FrameDurationLimits": mark("Frame rate (us a frame)"),
    "AeFlickerMode": mark("Lamp flicker"),
    "AfMode": mark("Focus"),
    "LensPosition": mark("Lens position"),
    "ScalerCrop": mark("Cut off"),
    "ExposureTime": mark("Shutter"),
    "AnalogueGain": mark("Gain"),
}
"""libcamera's control: the setting that is reported when it is missing. Others (white balance on a sensor without colour) are not
reported."""
AUTOMATIC_AT_0 = ("ExposureTime", "AnalogueGain")
AF_MANUAL, AF_CONTINUOUS = 0, 2
FLICKER_OFF, FLICKER_MANUAL = 0, 1


def open_picamera2(url: str, setup: CameraSetup, clock: Clock) -> Camera:
    """CameraError: library not there, no camera of that number, or the camera is in use."""
    number = url.partition(":")[2].strip("/") or "0"
    if not number.isdigit():
        raise CameraError("camera {url!r}: picamera2: must be followed by the camera's number, 0 or 1", url=url)
    try:
        from picamera2 import Picamera2
    except Exception as why:  # a part of it that was built for another numpy raises ValueError
        raise CameraError(
            "picamera2 cannot be loaded ({why}): install python3-picamera2 and use an environment with system packages", why=why
        ) from why
    there = Picamera2.global_camera_info()
    if int(number) >= len(there):
        raise CameraError(
            "camera {number} is not connected: libcamera sees {count} cameras; check the ribbon cable and its direction",
            number=number,
            count=len(there),
            one="camera {number} is not connected: libcamera sees {count} camera; check the ribbon cable and its direction",
        )
    try:
        device = Picamera2(int(number))
    except Exception as why:  # libcamera raises RuntimeError and IndexError, and more
        raise CameraError("camera {number} does not open: {why}; another program may use it", number=number, why=why) from why
    try:
        return _PiCamera(device, setup, clock)
    except Exception as why:
        device.close()
        raise CameraError(
            "camera {number} does not start with {width}x{height}: {why}",
            number=number,
            width=setup.size[0],
            height=setup.size[1],
            why=why,
        ) from why


class _PiCamera:
    def __init__(self, device: Any, setup: CameraSetup, clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._settings = setup.settings
        self._night = Night(setup.settings, setup.zone, setup.night_file)
        self._gaps = Gaps()
        self._seq = 0
        self._job: Any = None
        self.notes: tuple[Text, ...] = ()
        self._streams = self._configure(setup)
        delivered = device.camera_configuration()["main"]["format"]
        if delivered not in RGB:  # libcamera changes what its camera cannot do, and picamera2 says nothing
            raise CameraError("it delivers {delivered}, not R, G and B", delivered=delivered)
        night = self._night.is_on(clock.now(), clock.monotonic_ns())
        self.preset = "night" if night else "day"
        self._set(_fixed_controls(setup.settings, device, len(self._streams)))
        asked = _exposure_controls(setup.settings, night)
        self._set({name: value for name, value in asked.items() if value or name not in AUTOMATIC_AT_0})  # automatic at the start
        device.start()
        self._delivered_ns = clock.monotonic_ns()

    def read(self, timeout_s: float) -> Frame | None:
        if self._job is None:
            self._job = self._device.capture_arrays(self._streams, wait=False)
        try:
            pictures, facts = self._device.wait(self._job, timeout=timeout_s)
        except TimeoutError as why:
            silent_ns = self._clock.monotonic_ns() - self._delivered_ns
            if silent_ns > (SILENT_NS if self._seq else FIRST_NS):
                raise CameraError("the camera delivers no picture: check its cable") from why
            return None
        except Exception as why:
            self._job = None
            raise CameraError("the camera failed: {why}", why=why) from why
        self._job = None
        self._seq += 1
        self._delivered_ns = self._clock.monotonic_ns()
        stamp_ns = int(facts.get("SensorTimestamp") or 0)
        lost = self._gaps.before(stamp_ns, int(facts.get("FrameDuration") or 0) * 1000) if stamp_ns else 0
        self._follow_the_light(facts.get("Lux"))
        small = self._grey(pictures[1]) if len(pictures) > 1 else None
        age_ns = _age_ns(stamp_ns)
        captured_at = self._clock.now() - timedelta(microseconds=age_ns / 1000)
        return Frame(self._seq, captured_at, self._delivered_ns - age_ns, pictures[0], small=small, lost=lost)

    def close(self) -> None:
        """A capture that waits for a frame that never comes would hold up stop() for ever: it is cancelled first. A driver that
        hangs all the same is left behind."""
        closing = threading.Thread(target=self._close, name="close camera", daemon=True)
        closing.start()
        closing.join(CLOSE_S)
        if closing.is_alive():
            log.error("the camera's driver does not let go: the camera opens again when it does")

    def _close(self) -> None:
        for step in (self._device.cancel_all_and_flush, self._device.stop, self._device.close):
            try:
                step()
            except Exception as why:  # a camera that went away cannot be stopped properly
                log.warning("closing the camera: %s", why)

    def _configure(self, setup: CameraSetup) -> list[str]:
        """The names of the streams that the camera delivers."""
        from libcamera import ColorSpace, Transform

        mirrored, upended = flips(setup.settings)
        # "BGR888" is R, G, B in memory. queue=False: a capture takes the next frame, not one that waited in the queue.
        # Sycc: grey from 0 to 255, as the processor would make it of R, G and B.
        wanted = {
            "main": {"size": setup.size, "format": "BGR888"},
            "transform": Transform(hflip=mirrored, vflip=upended),
            "colour_space": ColorSpace.Sycc(),
            "buffer_count": 4,
            "queue": False,
        }
        if setup.small is not None:
            lores = {"size": setup.small, "format": "YUV420"}
            try:
                self._device.configure(self._device.create_video_configuration(lores=lores, **wanted))
                return ["main", "lores"]
            except Exception as why:  # a camera that Raspberry Pi does not make has one stream
                log.warning("no small picture from the camera itself (%s): the processor shrinks each", why)
        self._device.configure(self._device.create_video_configuration(**wanted))
        return ["main"]

    def _grey(self, planes: NDArray[np.uint8]) -> NDArray[np.uint8]:
        width, height = self._device.camera_configuration()["lores"]["size"]
        return np.ascontiguousarray(planes[:height, :width])

    def _follow_the_light(self, lux: float | None) -> None:
        night = self._night.is_on(self._clock.now(), self._clock.monotonic_ns(), lux)
        if night == (self.preset == "night"):
            return
        self.preset = "night" if night else "day"
        log.info("exposure: %s%s", self.preset, f" ({lux:.0f} lx)" if lux is not None else "")
        self._set(_exposure_controls(self._settings, night))

    def _set(self, controls: Mapping[str, Any]) -> None:
        """Sets what this module supports, within its limits, and notes the rest: libcamera would refuse all of it."""
        known = self._device.camera_controls
        taken = {}
        for name, value in controls.items():
            if name not in known:
                if name in TITLES:
                    self._note(
                        Text(
                            "{title}: this camera module has no such control ({name})",
                            {"title": Text(TITLES[name]), "name": name},
                        )
                    )
                continue
            taken[name], wrong = _within(value, known[name])
            if wrong:
                self._note(Text("{title}: {wrong}", {"title": Text(TITLES.get(name, name)), "wrong": wrong}))
        if taken:
            self._device.set_controls(taken)

    def _note(self, text: Text) -> None:
        if text not in self.notes:
            log.warning("%s", text)
            self.notes = (*self.notes, text)


def _fixed_controls(settings: CameraSettings, device: Any, streams: int) -> dict[str, Any]:
    """What holds by day and by night."""
    frame_us = round(1e6 / settings.frame_rate)
    controls: dict[str, Any] = {"FrameDurationLimits": (frame_us, frame_us)}
    if settings.flicker != AS_IS:
        hertz = FLICKER_HZ[settings.flicker]
        controls["AeFlickerMode"] = FLICKER_MANUAL if hertz else FLICKER_OFF
        if hertz:
            controls["AeFlickerPeriod"] = round(1e6 / (2 * hertz))  # a lamp is bright twice in a period of the mains
    if settings.focus == "manual":
        controls |= {"AfMode": AF_MANUAL, "LensPosition": settings.lens_position}
    elif settings.focus == "automatic":
        controls["AfMode"] = AF_CONTINUOUS
    known = device.camera_controls
    if cut(settings, 1000, 1000) != (0, 0, 1000, 1000):
        view = _cut_view(settings, known.get("ScalerCrop"), device.camera_configuration()["main"]["size"])
        # a Pi 5 crops each stream for itself, and picamera2 has set those: they would win
        controls |= {"ScalerCrops": [view] * streams} if "ScalerCrops" in known else {"ScalerCrop": view}
    return controls


def _cut_view(settings: CameraSettings, limits: Any, size: tuple[int, int]) -> tuple[int, int, int, int]:
    """The part of the sensor that is left, in its pixels, made as narrow or as low as the frame's shape asks."""
    if limits is None:
        return 0, 0, 0, 0
    _, full, usual = limits
    x, y, width, height = usual if usual and usual[2] else full
    left, top, width, height = cut(settings, width, height)
    shape = size[0] / size[1]
    narrow, low = min(width, round(height * shape)), min(height, round(width / shape))
    return x + left + (width - narrow) // 2, y + top + (height - low) // 2, narrow, low


def _exposure_controls(settings: CameraSettings, night: bool) -> dict[str, Any]:
    """0 is automatic, for libcamera as for us. By day without wishes white balance is the module's own."""
    preset = exposure(settings, night)
    controls: dict[str, Any] = {"ExposureTime": preset.shutter_us, "AnalogueGain": preset.gain}
    if settings.night != "never":
        controls |= {"AwbEnable": preset.colour, "Saturation": 1.0 if preset.colour else 0.0}
        if not preset.colour:
            controls["ColourGains"] = (1.0, 1.0)
    return controls


def _within(value: Any, limits: tuple[Any, Any, Any]) -> tuple[Any, Text]:
    """A number within the module's limits and what was wrong with it. Others, and 0 (automatic), stay."""
    lowest, highest, _ = limits
    if isinstance(value, tuple) and len(value) == 2 and value[0] == value[1]:
        taken, wrong = _within(value[0], limits)
        return (taken, taken), wrong
    numbers = all(isinstance(each, (int, float)) and not isinstance(each, bool) for each in (value, lowest, highest))
    if not numbers or value == 0 or lowest >= highest or lowest <= value <= highest:
        return value, NOTHING
    taken = min(max(value, lowest), highest)
    return taken, Text(
        "{value:g} is asked, this camera module goes from {lowest:g} to {highest:g}: {taken:g} holds",
        {"value": value, "lowest": lowest, "highest": highest, "taken": taken},
    )


def _age_ns(stamp_ns: int) -> int:
    """How long ago the sensor saw it: libcamera stamps by CLOCK_BOOTTIME; 0 for a stamp that cannot be."""
    age_ns = time.clock_gettime_ns(time.CLOCK_BOOTTIME) - stamp_ns
    return age_ns if 0 <= age_ns < OLDEST_NS else 0


CAMERA = CameraKind("picamera2", ("picamera2",), open_picamera2)
