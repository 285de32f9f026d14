"""Pictures: the live picture as a stream of JPEGs, each encoded once per width for all who watch, at the pace of each viewer."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from engine.types import Roi
from webui.live.newest_picture import Jpeg, Picture

log = logging.getLogger("manager")

BOUNDARY = "picture"
CONTENT_TYPE = f"multipart/x-mixed-replace; boundary={BOUNDARY}"
LOOK_S = 0.025
"""How often the ring is looked at while viewers wait for a picture."""
GAP_S = 0.08
"""At least between two pictures: the engine puts about ten a second into the ring."""
REST = 2.0
"""Encoding rests for this many times as long as it took, so that it never takes more than a third of a core."""
NICENESS = 10
"""Recognition goes first."""
ALIVE_S = 10.0
"""A picture that does not change is sent again after this long, to show that the connection is alive."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """`width` asked for; `focus`: with its sharpness."""

    width: int
    focus: bool


class PictureStream:
    """A source for the server's loop: one viewer, who gets the newest picture when the one before has been taken."""

    framed = False

    def __init__(self, kind: _Kind, ready: Callable[[], None], leave: Callable[[PictureStream], None], now_s: Callable[[], float]):
        self.kind = kind
        self.seq = -1
        self.waits = True
        self._ready = ready
        self._leave = leave
        self._now_s = now_s
        self._wake: Callable[[], None] = lambda: None
        self._part: bytes | None = f"--{BOUNDARY}\r\n".encode()
        self._last = b""
        self._sent_s = now_s()

    def offer(self, seq: int, part: bytes) -> None:
        """From the encoding thread, and only while it `waits`."""
        self.seq = seq
        self._part = self._last = part
        self.waits = False
        self._wake()

    def attach(self, wake: Callable[[], None]) -> None:
        self._wake = wake

    def next(self) -> bytes | None:
        part, self._part = self._part, None
        now = self._now_s()
        if part is None and self._last and now - self._sent_s >= ALIVE_S:
            part = self._last
        if part is None:
            if not self.waits:
                self.waits = True
                self._ready()
            return None
        self._sent_s = now
        return part

    def close(self) -> None:
        self._leave(self)


class Pictures:
    """Thread-safe. Its thread runs while somebody watches. `focus()`: where the sharpness is measured."""

    def __init__(self, picture: Picture, clock: Clock, focus: Callable[[], Roi]) -> None:
        self._picture = picture
        self._clock = clock
        self._focus = focus
        self._news = threading.Condition()
        self._viewers: set[PictureStream] = set()
        self._thread: threading.Thread | None = None
        self._stop = False

    def join(self, width: int, focus: bool) -> PictureStream:
        """A stream of pictures about `width` pixels wide, with their sharpness when `focus`."""
        stream = PictureStream(_Kind(self._picture.step_of(width), focus), self._notify, self._leave, self._now_s)
        with self._news:
            self._viewers.add(stream)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="live-pictures", daemon=True)
                self._thread.start()
            self._news.notify()
        return stream

    def close(self) -> None:
        with self._news:
            self._stop = True
            self._news.notify()
            thread = self._thread
        if thread is not None:
            thread.join(5)

    def _leave(self, stream: PictureStream) -> None:
        with self._news:
            self._viewers.discard(stream)
            self._news.notify()

    def _notify(self) -> None:
        with self._news:
            self._news.notify()

    def _run(self) -> None:
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
        except OSError as why:
            log.info("live pictures are encoded at full priority: %s", why)
        while True:
            with self._news:
                if self._stop or not self._viewers:
                    self._thread = None
                    return
                waiting = [viewer for viewer in self._viewers if viewer.waits]
                if not waiting:
                    self._news.wait(1.0)
                    continue
            time.sleep(self._serve(waiting))

    def _serve(self, waiting: list[PictureStream]) -> float:
        """Gives each viewer a picture that is new to it; seconds until the next look."""
        begun_s = self._now_s()
        offered = False
        for kind in {viewer.kind for viewer in waiting}:
            jpeg = self._encoded(kind)
            if jpeg is None:
                continue
            fresh = [viewer for viewer in waiting if viewer.kind == kind and viewer.seq != jpeg.seq]
            part = self._part(jpeg) if fresh else b""
            for viewer in fresh:
                viewer.offer(jpeg.seq, part)
                offered = True
        spent_s = self._now_s() - begun_s
        return max(GAP_S - spent_s, REST * spent_s) if offered else LOOK_S

    def _encoded(self, kind: _Kind) -> Jpeg | None:
        try:
            return self._picture.newest(kind.width, self._focus() if kind.focus else None)
        except GatewrightError as why:
            log.error("live picture: %s", why)
        except Exception:  # the thread's top
            log.exception("live picture")
        time.sleep(1)
        return None

    def _part(self, jpeg: Jpeg) -> bytes:
        """The boundary follows its picture, so that the browser need not wait for the next one to know that it is whole."""
        age_s = max(0.0, (self._clock.monotonic_ns() - jpeg.monotonic_ns) / 1e9)
        lines = [
            "Content-Type: image/jpeg",
            f"Content-Length: {len(jpeg.data)}",
            f"X-Frame-Seq: {jpeg.seq}",
            f"X-Frame-Size: {jpeg.size[0]}x{jpeg.size[1]}",
            f"X-Frame-Age-S: {age_s:.1f}",
        ]
        if jpeg.sharpness is not None:
            lines.append(f"X-Sharpness: {jpeg.sharpness:.1f}")
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + jpeg.data + f"\r\n--{BOUNDARY}\r\n".encode()

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9
