"""Pi camera against a stand-in for the library that is as strict as it: order of calls, one owner, jobs with timeouts."""

from __future__ import annotations

import queue
import sys
import types
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from board.camera import open_camera
from board.kit.clock import TestClock
from board.kit.errors import CameraError

RGB = NDArray[np.uint8]


class Library:
    """What the stand-in was told; `pictures` are what the sensor delivers (an exception: the capture fails)."""

    def __init__(self) -> None:
        self.cameras = 1
        self.owned: set[int] = set()
        self.configured: list[dict[str, Any]] = []
        self.pictures: queue.Queue[RGB | Exception] = queue.Queue()


def stand_in(library: Library) -> type:
    class Picamera2:
        def __init__(self, number: int) -> None:
            if number in library.owned:
                raise RuntimeError("Camera __init__ sequence did not complete.")
            library.owned.add(number)
            self._number = number
            self._started = False
            self._open_jobs: list[Future[RGB]] = []

        @staticmethod
        def global_camera_info() -> list[dict[str, str]]:
            return [{"Model": "imx708"}] * library.cameras

        def create_video_configuration(self, main: dict[str, Any], buffer_count: int, queue: bool) -> dict[str, Any]:
            return {"main": main, "buffer_count": buffer_count, "queue": queue}

        def configure(self, configuration: dict[str, Any]) -> None:
            if configuration["main"]["size"][0] > 4608:
                raise RuntimeError("no such size")
            library.configured.append(configuration)

        def start(self) -> None:
            assert library.configured, "start before configure"
            self._started = True

        def capture_array(self, name: str, wait: bool) -> Future[RGB]:
            assert self._started and name == "main" and not wait
            assert not self._open_jobs, "a second job while one is open"
            self._open_jobs.append(Future())
            return self._open_jobs[-1]

        def wait(self, job: Future[RGB], timeout: float) -> RGB:
            if not library.pictures.empty():
                picture = library.pictures.get()
                if isinstance(picture, Exception):
                    job.set_exception(picture)
                else:
                    job.set_result(picture)
                self._open_jobs.remove(job)
            return job.result(timeout=0)

        def stop(self) -> None:
            assert self._started
            self._started = False

        def close(self) -> None:
            library.owned.discard(self._number)

    return Picamera2


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    made = Library()
    module: Any = types.ModuleType("picamera2")
    module.Picamera2 = stand_in(made)
    monkeypatch.setitem(sys.modules, "picamera2", module)
    yield made
    assert made.owned == set(), "a camera was left open"


def test_frames_are_asked_for_in_rgb_order_in_the_wanted_size_without_a_queue(library: Library) -> None:
    camera = open_camera("picamera2:", (1280, 960), TestClock())
    assert library.configured == [{"main": {"size": (1280, 960), "format": "BGR888"}, "buffer_count": 4, "queue": False}]
    picture = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    library.pictures.put(picture)
    frame = camera.read(0.5)
    assert frame is not None and frame.seq == 1 and frame.rgb is picture
    camera.close()


def test_a_capture_that_takes_longer_is_waited_for_in_the_next_read(library: Library) -> None:
    camera = open_camera("picamera2:0", (1280, 960), TestClock())
    assert camera.read(0.1) is None
    library.pictures.put(np.zeros((2, 2, 3), np.uint8))
    assert camera.read(0.1) is not None
    camera.close()


def test_a_camera_that_delivers_nothing_for_five_seconds_has_gone(library: Library) -> None:
    clock = TestClock()
    camera = open_camera("picamera2:", (1280, 960), clock)
    clock.advance(5.0)
    assert camera.read(0.1) is None
    clock.advance(0.1)
    with pytest.raises(CameraError, match="delivers no picture: check its cable"):
        camera.read(0.1)
    camera.close()


@pytest.mark.parametrize(
    ("url", "prepare", "problem"),
    [
        ("picamera2:1", lambda library: None, "camera 1 is not connected: libcamera sees 1; check the ribbon cable"),
        ("picamera2:left", lambda library: None, "after picamera2: comes the camera's number"),
        ("picamera2:", lambda library: setattr(library, "cameras", 0), "camera 0 is not connected: libcamera sees 0"),
    ],
)
def test_what_is_wrong_is_said(library: Library, url: str, prepare: Callable[[Library], None], problem: str) -> None:
    prepare(library)
    with pytest.raises(CameraError, match=problem):
        open_camera(url, (1280, 960), TestClock())


def test_a_camera_in_use_and_a_size_it_cannot_do_are_camera_errors(library: Library) -> None:
    camera = open_camera("picamera2:", (1280, 960), TestClock())
    with pytest.raises(CameraError, match="another program may use it"):
        open_camera("picamera2:", (1280, 960), TestClock())
    camera.close()
    with pytest.raises(CameraError, match="does not start with 9000x9000"):
        open_camera("picamera2:", (9000, 9000), TestClock())


def test_a_failed_capture_is_a_camera_error(library: Library) -> None:
    camera = open_camera("picamera2:", (1280, 960), TestClock())
    library.pictures.put(RuntimeError("Camera frontend has timed out"))
    with pytest.raises(CameraError, match="Camera frontend has timed out"):
        camera.read(0.1)
    camera.close()


def test_without_the_library_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(CameraError, match="install python3-picamera2"):
        open_camera("picamera2:", (1280, 960), TestClock())
