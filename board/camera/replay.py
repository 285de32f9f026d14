"""Replay camera: a folder of pictures or a video file as a live camera, `replay:/path?fps=2&loop=1`."""

from __future__ import annotations

import itertools
import logging
import os
import threading
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.camera._kind import CameraKind
from board.camera._options import split_options
from board.camera._setup import CameraSetup, left_out
from board.kit.clock import Clock
from board.kit.errors import CameraError, ImageError
from board.kit.words import Text
from board.pictures import load_rgb, pictures_in, refuse_size
from board.ports import Camera
from board.types import Frame

log = logging.getLogger("camera")

LONGEST_PX = 1920
DEFAULT_FPS = 2.0
"""Of a folder; a video plays at its own."""
RANGES = {"fps": (0.05, 60.0), "loop": (0.0, 1.0)}

RGB = NDArray[np.uint8]
Picture = tuple[RGB, float, str]
"""Pixels, its time in s since the replay's start, and its file name."""


def open_replay(url: str, setup: CameraSetup, clock: Clock) -> Camera:
    """Options: `fps` (a folder's pictures per s, default 2; of a video the most frames per s, at its own speed),
    `loop` (default 1; with 0 no frame comes after the last). Pictures keep their size, shrunk to 1920 on the long side,
    or to the wanted width where that is more. CameraError: no such path, nothing readable in it, or not a video."""
    text = url.partition(":")[2]
    options: dict[str, float] = {}
    if not os.path.exists(os.path.expanduser(text)):  # noqa: PTH110, PTH111  # Path's own raise where it may not be looked at
        text, options = split_options(text, RANGES)
    longest_px = max(LONGEST_PX, setup.size[0])
    path = Path(os.path.expanduser(text))  # noqa: PTH111  # Path's own raises for a user whom this board does not have
    pictures = pictures_of(path, options.get("fps"), bool(options.get("loop", 1)), longest_px)
    return _Replay(pictures, clock, left_out(setup.settings, Text("a replay shows its pictures as they are")))


def pictures_of(
    path: Path, fps: float | None = None, loop: bool = False, longest_px: int = LONGEST_PX
) -> Generator[Picture, None, None]:
    """The pictures of a folder or a video file, as fast as they are asked for; `fps` as for `open_replay`. CameraError as there,
    when there is no such path at once, else with the first picture."""
    try:
        if path.is_dir():
            return _folder(path, fps or DEFAULT_FPS, loop, longest_px)
        if path.is_file():
            return _video(path, fps, loop, longest_px)
    except OSError as why:  # the folder above may not be looked into
        raise CameraError("replay: {why}", why=f"{path}: {why.strerror}") from why
    raise CameraError("replay: {path} is neither a folder of pictures nor a video file", path=path)


class _Replay:
    """Delivers each picture once when its time has come; a reader that is late gets the rest later, never a burst."""

    def __init__(self, pictures: Generator[Picture, None, None], clock: Clock, notes: tuple[Text, ...]) -> None:
        self.notes = notes
        self.preset = ""
        self._pictures = pictures
        self._clock = clock
        self._stop = threading.Event()
        self._seq = 0
        self._next: Picture | None = next(pictures, None)
        self._start_ns = clock.monotonic_ns()

    def read(self, timeout_s: float) -> Frame | None:
        deadline_ns = self._clock.monotonic_ns() + round(timeout_s * 1e9)
        if self._next is None:
            self._next = next(self._pictures, None)
        due_ns = deadline_ns + 1 if self._next is None else self._start_ns + round(self._next[1] * 1e9)
        wait_ns = min(due_ns, deadline_ns) - self._clock.monotonic_ns()
        if wait_ns > 0:
            self._clock.wait(self._stop, wait_ns / 1e9)
        if self._next is None or due_ns > deadline_ns or self._stop.is_set():
            return None
        rgb, _, source = self._next
        self._next = None
        late_ns = self._clock.monotonic_ns() - due_ns
        if late_ns > 0:
            self._start_ns += late_ns
        self._seq += 1
        return Frame(self._seq, self._clock.now(), self._clock.monotonic_ns(), rgb, source)

    def close(self) -> None:
        self._stop.set()
        self._pictures.close()


def _folder(folder: Path, fps: float, loop: bool, longest_px: int) -> Generator[Picture, None, None]:
    shown = 0
    reported: set[Path] = set()
    for turn in itertools.count():
        shown_before = shown
        for file in _files(folder):
            rgb = _read_picture(file, reported, longest_px)
            if rgb is not None:
                yield rgb, shown / fps, _name(file)
                shown += 1
        if shown == shown_before:
            raise CameraError("replay: {folder} holds no picture that can be read", folder=folder)
        if not loop:
            return
        if turn == 0:
            log.info("replay: %s holds %d pictures; they are shown again and again", folder, shown)


def _files(folder: Path) -> list[Path]:
    try:
        return pictures_in(folder)
    except ImageError as why:
        raise CameraError("replay: {why}", why=why) from why


def _name(file: Path) -> str:
    """Its name as text, other than that of every other file: a name on the disk may be bytes that are none."""
    return os.fsencode(file.name).decode("utf-8", "backslashreplace")


def _read_picture(file: Path, reported: set[Path], longest_px: int) -> RGB | None:
    """RGB, turned as its EXIF says, long side <= `longest_px`; None and one log line for a file that cannot be shown."""
    try:
        return load_rgb(file, longest_px=longest_px)
    except ImageError as why:
        if file not in reported:
            log.warning("replay: %s skipped: %s", file.name, why)
        reported.add(file)
        return None


def _video(file: Path, fps: float | None, loop: bool, longest_px: int) -> Generator[Picture, None, None]:
    import av

    base_s = 0.0
    while True:
        last_s, shown, due_s = 0.0, 0, 0.0
        try:
            container: Any = av.open(str(file))
        except (av.FFmpegError, OSError, ValueError) as why:
            raise CameraError("replay: {file} is not a video that can be played: {why}", file=file, why=why) from why
        with container:
            if not container.streams.video:
                raise CameraError("replay: {file} holds no video", file=file)
            stream = container.streams.video[0]
            _refuse_size(file, stream)
            stream.thread_type = "AUTO"
            step_s = 1.0 / _rate(stream)
            stamps = _Stamps(step_s)
            for frame in _decoded(container, file):
                last_s = stamps.next(frame.time)
                if fps and last_s + step_s / 2 < due_s:
                    continue
                due_s = last_s + (1.0 / fps if fps else 0.0)
                shown += 1
                yield _upright(frame, longest_px), base_s + last_s, _name(file)
        if shown == 0:
            raise CameraError("replay: {file} holds no frame that can be read", file=file)
        if not loop:
            return
        base_s += max(last_s + step_s, due_s)


def _rate(stream: Any) -> float:
    """Frames per s. Of a raw stream, which has no time stamps, FFmpeg's average is 25 whatever the stream itself says."""
    named = stream.codec_context.framerate if stream.start_time is None else None
    return float(named or stream.average_rate or stream.guessed_rate or 25)


class _Stamps:
    """When each frame is shown, in s from the first. A frame without a stamp (a raw stream has none), or with one that repeats or
    goes back, comes one step after the frame before it; later stamps count from there."""

    def __init__(self, step_s: float) -> None:
        self._step_s = step_s
        self._last_s: float | None = None
        self._offset_s = 0.0

    def next(self, stamp_s: float | None) -> float:
        if self._last_s is None:
            self._offset_s, self._last_s = -(stamp_s or 0.0), 0.0
            return 0.0
        after_s = self._last_s + self._step_s
        if stamp_s is not None and stamp_s + self._offset_s <= self._last_s:
            self._offset_s = after_s - stamp_s
        self._last_s = after_s if stamp_s is None else stamp_s + self._offset_s
        return self._last_s


def _refuse_size(file: Path, stream: Any) -> None:
    try:
        refuse_size((stream.codec_context.width, stream.codec_context.height))
    except ImageError as why:
        raise CameraError("replay: {file}: {why}", file=file, why=why) from why


def _decoded(container: Any, file: Path) -> Iterator[Any]:
    """Frames up to the first damaged one; nothing after it is used."""
    import av

    frames = container.decode(video=0)
    while True:
        try:
            frame = next(frames, None)
        except av.FFmpegError as why:
            log.warning("replay: %s is damaged, played up to there: %s", file.name, why)
            return
        if frame is None:
            return
        yield frame


def _upright(frame: Any, longest_px: int) -> RGB:
    scale = min(1.0, longest_px / max(frame.width, frame.height))
    if scale < 1.0:
        frame = frame.reformat(width=round(frame.width * scale), height=round(frame.height * scale))
    turns = round(frame.rotation / 90) % 4
    rgb = frame.to_ndarray(format="rgb24")
    return np.ascontiguousarray(np.rot90(rgb, turns)) if turns else rgb


CAMERA = CameraKind("replay", ("replay",), open_replay)
