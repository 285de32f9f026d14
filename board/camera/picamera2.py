"""Raspberry Pi camera: `picamera2:` or `picamera2:1` (its number), by libcamera's Python library."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.ports import Camera, CameraKind
from board.types import Frame

log = logging.getLogger("camera")

SILENT_NS = 5_000_000_000
"""A camera that delivers nothing for so long has lost its cable or its driver."""


def open_picamera2(url: str, size: tuple[int, int], clock: Clock) -> Camera:
    """CameraError: library not there, no camera of that number, or the camera is in use."""
    number = url.partition(":")[2].strip("/") or "0"
    if not number.isdigit():
        raise CameraError(f"camera {url!r}: after picamera2: comes the camera's number, 0 or 1")
    try:
        from picamera2 import Picamera2
    except (ImportError, OSError) as why:
        raise CameraError(
            f"picamera2 cannot be loaded ({why}): install python3-picamera2 and use an environment with system packages"
        ) from why
    there = Picamera2.global_camera_info()
    if int(number) >= len(there):
        raise CameraError(
            f"camera {number} is not connected: libcamera sees {len(there)}; check the ribbon cable and its direction"
        )
    try:
        device = Picamera2(int(number))
    except Exception as why:  # libcamera raises RuntimeError and IndexError, and more
        raise CameraError(f"camera {number} does not open: {why}; another program may use it") from why
    try:
        return _PiCamera(device, size, clock)
    except Exception as why:
        device.close()
        raise CameraError(f"camera {number} does not start with {size[0]}x{size[1]}: {why}") from why


class _PiCamera:
    def __init__(self, device: Any, size: tuple[int, int], clock: Clock) -> None:
        self._device = device
        self._clock = clock
        self._seq = 0
        self._job: Any = None
        # "BGR888" is R, G, B in memory. queue=False: a capture takes the next frame, not one that waited in the queue.
        main = {"size": size, "format": "BGR888"}
        device.configure(device.create_video_configuration(main=main, buffer_count=4, queue=False))
        device.start()
        self._delivered_ns = clock.monotonic_ns()

    def read(self, timeout_s: float) -> Frame | None:
        if self._job is None:
            self._job = self._device.capture_array("main", wait=False)
        try:
            rgb: NDArray[np.uint8] = self._device.wait(self._job, timeout=timeout_s)
        except TimeoutError as why:
            if self._clock.monotonic_ns() - self._delivered_ns > SILENT_NS:
                raise CameraError("the camera delivers no picture: check its cable") from why
            return None
        except Exception as why:
            self._job = None
            raise CameraError(f"the camera failed: {why}") from why
        self._job = None
        self._seq += 1
        self._delivered_ns = self._clock.monotonic_ns()
        return Frame(self._seq, self._clock.now(), self._delivered_ns, rgb)

    def close(self) -> None:
        for step in (self._device.stop, self._device.close):
            try:
                step()
            except Exception as why:  # a camera that went away cannot be stopped properly
                log.warning("closing the camera: %s", why)


CAMERA = CameraKind("picamera2", ("picamera2",), open_picamera2)
