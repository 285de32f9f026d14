"""Stand-in for picamera2 and libcamera, as strict as picamera2 0.3.38: order of calls, one owner, controls that the module has,
streams as its check_camera_config wants them, jobs one behind another: a stop waits for the capture before it for ever."""

from __future__ import annotations

import queue
import types
from concurrent.futures import CancelledError, Future
from typing import Any

import numpy as np
from numpy.typing import NDArray

RGB = NDArray[np.uint8]
MODULE_3 = {
    "AeEnable": (False, True, None),
    "AeFlickerMode": (0, 1, 0),
    "AeFlickerPeriod": (100, 1000000, None),
    "AfMode": (0, 2, 0),
    "AnalogueGain": (1.12, 16.0, None),
    "AwbEnable": (False, True, None),
    "ColourGains": (0.0, 32.0, None),
    "ExposureTime": (26, 112015443, None),
    "FrameDurationLimits": (17849, 220417486, None),
    "LensPosition": (0.0, 15.0, 1.0),
    "NoiseReductionMode": (0, 4, 0),
    "Saturation": (0.0, 32.0, 1.0),
    "ScalerCrop": ((0, 0, 128, 128), (0, 0, 4608, 2592), (576, 0, 3456, 2592)),
}
"""What an IMX708 on a Pi 4 tells in `camera_controls`: (lowest, highest, default)."""


class ColorSpace:
    @staticmethod
    def Sycc() -> ColorSpace:
        return ColorSpace()


class Transform:
    def __init__(self, hflip: bool = False, vflip: bool = False) -> None:
        assert isinstance(hflip, bool) and isinstance(vflip, bool)
        self.flips = (hflip, vflip)


class Library:
    """What the stand-in was told. `pictures`: what the sensor delivers: main stream, or (main, metadata), or an exception;
    `adjusts_to`: the only format that libcamera has for it, "" for any."""

    def __init__(self) -> None:
        self.cameras = 1
        self.owned: set[int] = set()
        self.known: dict[str, Any] = dict(MODULE_3)
        self.has_lores = True
        self.adjusts_to = ""
        self.configured: list[dict[str, Any]] = []
        self.controls: list[dict[str, Any]] = []
        self.pictures: queue.Queue[Any] = queue.Queue()

    def modules(self) -> dict[str, types.ModuleType]:
        camera: Any = types.ModuleType("picamera2")
        camera.Picamera2 = stand_in(self)
        lib: Any = types.ModuleType("libcamera")
        lib.Transform, lib.ColorSpace = Transform, ColorSpace
        return {"picamera2": camera, "libcamera": lib}


def stand_in(library: Library) -> type:
    class Picamera2:
        def __init__(self, number: int) -> None:
            if number in library.owned:
                raise RuntimeError("Camera __init__ sequence did not complete.")
            library.owned.add(number)
            self._number = number
            self._started = False
            self._configuration: dict[str, Any] = {}
            self._jobs: list[Future[Any]] = []

        @staticmethod
        def global_camera_info() -> list[dict[str, str]]:
            return [{"Model": "imx708"}] * library.cameras

        @property
        def camera_controls(self) -> dict[str, Any]:
            return dict(library.known)

        def create_video_configuration(
            self,
            main: dict[str, Any],
            transform: Transform,
            colour_space: ColorSpace,
            buffer_count: int,
            queue: bool,
            lores: dict[str, Any] | None = None,
        ) -> dict[str, Any]:
            for stream in filter(None, (main, lores)):
                strange = set(stream) - {"format", "size", "stride", "preserve_ar"}
                if strange:
                    raise ValueError(f"Bad key {strange.pop()!r}")
            return {
                "main": dict(main), "lores": lores and dict(lores), "transform": transform, "colour_space": colour_space,
                "buffer_count": buffer_count, "queue": queue,
            }  # fmt: skip

        def configure(self, configuration: dict[str, Any]) -> None:
            if self._started:
                raise RuntimeError("Camera must be stopped before configuring")
            if not isinstance(configuration["transform"], Transform):
                raise RuntimeError("Transform has incorrect type")
            if not isinstance(configuration["colour_space"], ColorSpace):
                raise RuntimeError("Colour space has incorrect type")
            main, lores = configuration["main"], configuration["lores"]
            for stream in filter(None, (main, lores)):
                if type(stream["size"]) is not tuple or stream["size"][0] % 2 or stream["size"][1] % 2:
                    raise RuntimeError("width and height should be even")
            if main["size"][0] > 4608:
                raise RuntimeError("no such size")
            if lores:
                if not library.has_lores:
                    raise RuntimeError("Invalid camera configuration")
                if lores["size"][0] > main["size"][0] or lores["size"][1] > main["size"][1]:
                    raise RuntimeError("lores stream dimensions may not exceed main stream")
                if lores["format"] != "YUV420":
                    raise RuntimeError("lores stream must be YUV")
            main["format"] = library.adjusts_to or main["format"]
            self._configuration = configuration
            library.configured.append(configuration)

        def camera_configuration(self) -> dict[str, Any]:
            return self._configuration

        def set_controls(self, controls: dict[str, Any]) -> None:
            for name in controls:
                if name not in library.known:
                    raise RuntimeError(f"Control {name} is not advertised by libcamera")
            library.controls.append(dict(controls))

        def start(self) -> None:
            if not self._configuration:
                raise RuntimeError("Camera has not been configured")
            self._started = True

        def capture_arrays(self, names: list[str], wait: bool) -> Future[Any]:
            assert self._started and not wait
            assert not self._jobs, "a second job while one is open"
            assert all(self._configuration[name] for name in names)
            self._names = names
            self._jobs.append(Future())
            return self._jobs[-1]

        def wait(self, job: Future[Any], timeout: float) -> Any:
            if not library.pictures.empty():
                self._jobs.remove(job)
                picture = library.pictures.get()
                if isinstance(picture, Exception):
                    job.set_exception(picture)
                else:
                    main, facts = picture if isinstance(picture, tuple) else (picture, {})
                    job.set_result(([main if name == "main" else self._yuv() for name in self._names], facts))
            return job.result(timeout=0)

        def _yuv(self) -> RGB:
            """Planes of a grey ramp, with 16 bytes of padding on each row, as the image processor writes them."""
            width, height = self._configuration["lores"]["size"]
            planes = np.full((height * 3 // 2, width + 16), 128, np.uint8)
            planes[:height, :width] = np.arange(height, dtype=np.uint8)[:, None]
            return planes

        def cancel_all_and_flush(self) -> None:
            for job in self._jobs:
                job.set_exception(CancelledError())
            self._jobs = []

        def stop(self) -> None:
            assert not self._jobs, "stop() behind a capture that never ends waits for ever"
            self._started = False

        def close(self) -> None:
            self._started = False
            library.owned.discard(self._number)

    return Picamera2
