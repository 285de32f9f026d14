"""Feed: the camera's thread: opens the camera, opens it again when it went away, fills the frame ring, keeps what is to be read."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from board.kit.clock import Clock
from board.kit.errors import CameraError, StoreError
from board.kit.words import NOTHING, Text
from board.ports import Camera
from board.types import Frame
from engine.reading.reduced import Size, reduced, reduced_size
from engine.ring import RingWriter

log = logging.getLogger("camera")

BACK_OFF_S = (0.3, 0.7, 1.5)
"""From the beginning of one attempt to open to the next one's, the first also from an attempt's end. The last one is short too: a
camera that is back is seen within 5 s, including the time to notice and to open it."""
READ_TIMEOUT_S = 0.5
RING_EVERY_NS = 90_000_000
"""The portal shows about ten pictures a second; copying more would only cost time."""
READING_NS = 300_000_000
"""While frames are read at least this often, only those that are read are shown."""
RING_AGAIN_NS = 10_000_000_000
FRESH_NS = 1_000_000_000
LATE_NS = 500_000_000
"""A frame that comes so long after its capture is counted as late: the board does not keep up."""


class Feed:
    """`open_camera()` gives a camera or raises CameraError; `wanted(frame)` says whether a frame is to be read; `on_change()`
    is called when `camera` (what is wrong with it, NOTHING while it works), its `notes` or its `preset` changed. Of more than
    `queue` waiting frames the oldest is dropped. `read_size`: (width, height) to which larger frames are reduced for reading; they
    are shown as they are; None: all are read as they come. `lost`, `late`: frames since the start that the camera made and nobody
    got, or got late; `size`: (width, height) of what is read."""

    def __init__(
        self,
        open_camera: Callable[[], Camera],
        wanted: Callable[[Frame], bool],
        queue: int,
        ring: Path,
        clock: Clock,
        on_change: Callable[[], None],
        ring_every: int = 1,
        read_size: Size | None = None,
    ) -> None:
        self._open_camera = open_camera
        self._wanted = wanted
        self._ring_path = ring
        self._ring_every = ring_every
        self._read_size = read_size
        self._clock = clock
        self._on_change = on_change
        self._waiting: deque[Frame] = deque(maxlen=queue)
        self._newest: Frame | None = None
        self._whole: Frame | None = None
        """The camera's picture of the newest frame that waits to be read."""
        self._news = threading.Condition()
        self._woken = False
        self._stop = threading.Event()
        self._ring: RingWriter | None = None
        self._ring_at_ns = 0
        self._in_ring_ns = 0
        self._reading: Frame | None = None
        self._reading_at_ns = 0
        self._times: deque[int] = deque(maxlen=30)
        self._thread = threading.Thread(target=self._run, name="camera", daemon=True)
        self.camera = Text("opening the camera")
        self.notes: tuple[Text, ...] = ()
        self.preset = ""
        self.lost = 0
        self.late = 0
        self.ring_error = NOTHING
        self.size = (0, 0)

    def start(self) -> None:
        self._thread.start()

    def next(self, timeout_s: float) -> Frame | None:
        """The oldest waiting frame; None after `timeout_s` or a `wake`."""
        with self._news:
            if not self._waiting and not self._woken:
                self._news.wait(timeout_s)
            self._woken = False
            if not self._waiting:
                return None
            frame = self._reading = self._waiting.popleft()
            self._reading_at_ns = self._clock.monotonic_ns()
            return frame

    def wake(self) -> None:
        """Ends the wait of `next`."""
        with self._news:
            self._woken = True
            self._news.notify()

    def newest(self) -> Frame | None:
        """The camera's newest frame, read or not; None when it is older than a second (camera gone)."""
        frame = self._newest
        fresh = frame is not None and self._clock.monotonic_ns() - frame.monotonic_ns < FRESH_NS
        return reduced(frame, self._read_size) if frame is not None and fresh else None

    def frames_per_s(self) -> float:
        """What the camera delivers, over its last 30 frames; 0 when it stands still."""
        times = list(self._times)
        if len(times) < 2:
            return 0.0
        span_ns = max(times[-1] - times[0], 1)
        idle_ns = self._clock.monotonic_ns() - times[-1]
        return 0.0 if idle_ns > max(2 * span_ns, 5_000_000_000) else (len(times) - 1) * 1e9 / span_ns

    def close(self, timeout_s: float) -> None:
        """A camera stuck in its driver is left behind: its thread does not hold the process."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            delivered, begun_ns = False, self._clock.monotonic_ns()
            try:
                delivered = self._play()
            except Exception as why:  # the thread's top: a defect of one back end must not end the engine
                text = Text("internal error of this kind of camera ({why})", {"why": f"{type(why).__name__}: {why}"[:200]})
                if text != self.camera:  # it comes again with each try
                    log.exception("camera thread")
                self._show(text)
            failures = 0 if delivered else failures
            spent_s = (self._clock.monotonic_ns() - begun_ns) / 1e9
            self._stop.wait(max(BACK_OFF_S[0], BACK_OFF_S[min(failures, len(BACK_OFF_S) - 1)] - spent_s))
            failures += 1
        if self._ring:
            self._ring.close()

    def _play(self) -> bool:
        """From opening the camera to its end; whether it delivered a frame."""
        delivered = False
        try:
            camera = self._open_camera()
        except CameraError as why:
            self._show(why.text)
            return False
        try:
            while not self._stop.is_set():
                frame = camera.read(READ_TIMEOUT_S)
                if frame is not None:
                    delivered = True
                    self._show(NOTHING, camera.notes, camera.preset)
                    self._take(frame)
        except CameraError as why:
            self._show(why.text)
        finally:
            camera.close()
        return delivered

    def _take(self, frame: Frame) -> None:
        self._newest = frame
        self._times.append(frame.monotonic_ns)
        self.lost += frame.lost
        self.late += self._clock.monotonic_ns() - frame.monotonic_ns > LATE_NS
        self.size = self._size_read(frame)
        wanted = self._wanted(frame)
        if wanted:
            read = reduced(frame, self._read_size)
            self._whole = frame if read is not frame else None
            with self._news:
                self._waiting.append(read)
                self._news.notify()
        if frame.monotonic_ns - self._ring_at_ns >= RING_EVERY_NS:
            shown = self._to_show(frame)
            if shown is not None:
                self._ring_at_ns = frame.monotonic_ns
                self._write_ring(shown)

    def _to_show(self, newest: Frame) -> Frame | None:
        """The picture for the Live tab: the one that is being read, since what is found lies on that one; else the newest."""
        reading, self._reading = self._reading, None
        if reading is not None and reading.monotonic_ns > self._in_ring_ns:
            if self._read_size is None:
                return reading
            whole = self._whole  # with a queue another one may wait by now: the newest stands for it, in the same size
            return whole if whole is not None and whole.monotonic_ns == reading.monotonic_ns else newest
        return None if self._clock.monotonic_ns() - self._reading_at_ns < READING_NS else newest

    def _size_read(self, frame: Frame) -> Size:
        """(width, height) of the camera's `frame` as it is read: pictures of a replay differ in size."""
        return reduced_size((frame.rgb.shape[1], frame.rgb.shape[0]), self._read_size)

    def _write_ring(self, frame: Frame) -> None:
        self._in_ring_ns = frame.monotonic_ns
        try:
            if self._ring is None:
                self._ring = RingWriter(self._ring_path, frame.rgb.shape[1], frame.rgb.shape[0], self._ring_every)
            self._ring.write(frame, self._size_read(frame))
            self.ring_error = NOTHING
        except StoreError as why:
            if not self.ring_error:
                log.error("%s", why)
            self.ring_error = why.text
            self._ring_at_ns += RING_AGAIN_NS

    def _show(self, camera: Text, notes: tuple[Text, ...] = (), preset: str = "") -> None:
        if camera != self.camera:
            log.log(logging.ERROR if camera else logging.INFO, "camera: %s", camera or "ok")
        if (camera, notes, preset) != (self.camera, self.notes, self.preset):
            self.camera, self.notes, self.preset = camera, notes, preset
            self._on_change()
