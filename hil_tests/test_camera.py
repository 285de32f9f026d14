"""Camera: the printed plates in front of the lens are read."""

from __future__ import annotations

import time

import pytest

from board.camera import open_camera
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.types import Frame
from engine.types import PlateRead
from hil_tests.bench import ROOT, Bench
from hil_tests.plate_sheet import PLATES
from hil_tests.whole_camera import sheet_url

SIZE = (1280, 960)
PATIENCE_S = 25.0
FIRST_FRAME_S = 10.0
KERNELS = ("picamera2", "v4l2")
"""Cameras that a driver of the kernel delivers. On an emulated computer libcamera itself plays the one of picamera2."""


def test_camera(bench: Bench) -> None:
    """Camera: both printed plates of the sheet are read in one picture."""
    url = sheet_url(bench) if bench.profile.simulated else bench.profile.camera
    library = url.partition(":")[0]
    played = library == "picamera2" and bench.profile.emulated
    bench.through(f"camera {library}{', played by libcamera' if played else ''}", kernel=library in KERNELS and not played)
    if not url:
        pytest.skip("this board has no camera")
    from engine.recognise.pipeline import Recogniser  # only now: a board without a camera starts in less time

    recogniser = Recogniser(ROOT / "models", threads=bench.profile.threads)
    wanted = {plate.replace(" ", "") for plate in PLATES}
    try:
        camera = open_camera(url, SIZE, Clock())
    except CameraError as why:
        pytest.fail(str(why))
    patience_s, first_frame_s = PATIENCE_S * bench.patience, FIRST_FRAME_S * bench.patience
    seen: set[str] = set()
    try:
        until = time.monotonic() + patience_s
        frames = 0
        while time.monotonic() < until:
            frame = _frame(camera.read(first_frame_s), first_frame_s)
            frames += 1
            begun = time.monotonic()
            reads = [read for read in recogniser.read(frame.rgb) if read.text in wanted]
            took_ms = (time.monotonic() - begun) * 1000
            seen |= {read.text for read in reads}
            if seen == wanted and reads:
                break
    except CameraError as why:
        pytest.fail(str(why))
    finally:
        camera.close()
    bench.camera_problem = ""
    if seen != wanted:
        missing = " and ".join(sorted(wanted - seen))
        bench.camera_problem = "the plate sheet was not read"
        pytest.fail(
            f"{missing} not read in {frames} pictures ({patience_s:.0f} s): is the printed sheet in the picture, sharp and lit?"
        )
    _note(bench, frame, reads, took_ms, frames)


def _note(bench: Bench, frame: Frame, reads: list[PlateRead], took_ms: float, frames: int) -> None:
    height, width = frame.rgb.shape[:2]
    read = "; ".join(f"{read.text} {read.confidence:.0f} %, characters {read.char_height_px:.0f} px" for read in reads)
    bench.note(f"{read}; picture {width} x {height}, brightness {frame.rgb.mean():.0f} of 255, {took_ms:.0f} ms a read")
    if frames > 1:
        bench.note(f"read after {frames} pictures")
    bench.show(frame.rgb)


def _frame(frame: Frame | None, within_s: float) -> Frame:
    if frame is None:
        pytest.fail(f"the camera sent no picture within {within_s:.0f} s")
    return frame
