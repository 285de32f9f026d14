"""Live container: a stream or USB camera decoded in its own thread; only the newest frame is kept, so no delay builds up."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.camera._gaps import Gaps
from board.kit.clock import Clock
from board.kit.errors import CameraError
from board.types import Frame

log = logging.getLogger("camera")

RGB = NDArray[np.uint8]

OPEN_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 2.5
"""A source silent for so long has gone away. With the back-off of the feed this bounds how soon its return is seen: 5 s."""
CLOSE_S = 1.0
SILENT_NS = 3_000_000_000
"""A driver that hangs in the kernel knows no timeout: after so long without a frame the camera is taken for gone."""
MOST_DAMAGED = 50
"""Damaged packets in a row before the source is given up."""


class LiveCamera:
    """`name`: how errors call the source (no passwords in it). `turn`: what is done to each frame's pixels."""

    def __init__(self, container: Any, name: str, clock: Clock, turn: Callable[[RGB], RGB], notes: tuple[str, ...] = ()) -> None:
        self.notes = notes
        self.preset = ""
        self._container = container
        self._name = name
        self._clock = clock
        self._turn = turn
        self._gaps = Gaps()
        self._lost = 0
        self._news = threading.Condition()
        self._newest: tuple[Any, int] | None = None
        self._gone: str = ""
        self._stop = False
        self._ended = False
        self._left = False
        self._seq = 0
        self._delivered_ns = clock.monotonic_ns()
        self._thread = threading.Thread(target=self._decode, name=f"decode {name}"[:40], daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> Frame | None:
        with self._news:
            self._news.wait_for(lambda: self._newest is not None or bool(self._gone), timeout_s)
            newest, self._newest = self._newest, None
            lost, self._lost = (self._lost, 0) if newest else (0, self._lost)
        if newest is None:
            if self._gone:
                raise CameraError(self._gone)
            if self._clock.monotonic_ns() - self._delivered_ns > SILENT_NS:
                raise CameraError("{name}: no picture for {silent_ns} s", name=self._name, silent_ns=SILENT_NS // 1_000_000_000)
            return None
        picture, decoded_ns = newest
        self._delivered_ns = decoded_ns
        rgb: RGB = self._turn(picture.to_ndarray(format="rgb24"))
        self._seq += 1
        return Frame(self._seq, self._clock.now(), decoded_ns, rgb, lost=lost)

    def close(self) -> None:
        """A thread that hangs in a dead network or driver is left behind; it closes the container when it comes back."""
        self._stop = True
        self._thread.join(CLOSE_S)
        with self._news:
            self._left = True
            if self._ended:
                self._close_container()

    def _decode(self) -> None:
        gone = f"{self._name}: the stream ended"
        try:
            self._pump()
        except Exception as why:  # the thread's top: FFmpeg's errors have many bases
            gone = f"{self._name}: {why_text(why)}"
        with self._news:
            self._gone = gone
            self._ended = True
            if self._left:
                self._close_container()
            self._news.notify()

    def _close_container(self) -> None:
        # Only when nobody converts a frame any more: a raw frame of a USB camera lies in the driver's memory until the end.
        self._newest = None
        self._container.close()

    def _pump(self) -> None:
        import av

        damaged = 0
        for packet in self._container.demux(video=0):
            if self._stop:
                return
            try:
                pictures = packet.decode()
            except av.InvalidDataError as why:
                damaged += 1
                if damaged >= MOST_DAMAGED:
                    raise
                log.debug("%s: damaged packet: %s", self._name, why)
                continue
            if pictures:
                damaged = 0
                stamps_ns = [round(picture.time * 1e9) for picture in pictures if picture.time is not None]
                missing = sum(self._gaps.before(stamp_ns) for stamp_ns in stamps_ns)
                with self._news:
                    self._lost += missing + len(pictures) - (1 if self._newest is None else 0)
                    self._newest = (pictures[-1], self._clock.monotonic_ns())
                    self._news.notify()


def open_container(source: str, name: str, options: Mapping[str, str], file_format: str | None = None) -> Any:
    """An open PyAV container with a video stream, set for least delay. CameraError says what the source answered."""
    import av

    started = time.monotonic()
    try:
        # not `options`: those reach the decoder too, which would take the size asked for as the one it gets
        container = av.open(source, format=file_format, container_options=dict(options), timeout=(OPEN_TIMEOUT_S, READ_TIMEOUT_S))
    except (av.FFmpegError, OSError, ValueError) as why:
        raise CameraError(
            "{name}: {why_text} (tried for {monotonic:.0f} s)",
            name=name,
            why_text=why_text(why),
            monotonic=time.monotonic() - started,
        ) from why
    if not container.streams.video:
        container.close()
        raise CameraError("{name}: it delivers no video", name=name)
    codec: Any = container.streams.video[0].codec_context
    codec.thread_type = "SLICE"  # frame threads would hold back one frame each
    codec.flags |= av.codec.context.Flags.low_delay
    return container


def why_text(why: BaseException) -> str:
    """FFmpeg's errors name the source, passwords included: only what happened is kept."""
    if type(why).__name__ == "ExitError":  # our own time limit, in FFmpeg's words "Immediate exit requested"
        return "nothing comes from it any more"
    return str(getattr(why, "strerror", None) or type(why).__name__)
