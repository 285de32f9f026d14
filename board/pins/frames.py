"""Frames: a thread per Wiegand port that sends the queued codes one after another, keeps the gap, checks and repeats bad frames.

Its own thread, so that a frame of 52 ms and more delays no output pulse and no input edge.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from board.kit.clock import Clock
from board.kit.words import NOTHING, Text
from board.pins.acts import Acts
from board.types import PinsDone, PinsRefused, SendWiegand, WiegandLine, WiegandSent
from board.wiegand.makers import PulseMaker

log = logging.getLogger("pins.wiegand")

QUEUE_LENGTH = 32
REPEAT_BAD_AFTER_S = 0.25
LONGEST_FRAME_S = 3.0
"""128 bits, 20 ms apart, which a maker may have to play to its end; the host ends a process that takes more than 5 s to stop."""


class Job:
    """A queued request. Its frame begins, or it is dropped (its client has gone, or has taken it back), never both: two threads
    decide, and what was said to be dropped must not open a door."""

    def __init__(self, request: SendWiegand) -> None:
        self.request = request
        self.dropped = False
        self._begun = False
        self._lock = threading.Lock()

    def begin(self) -> bool:
        """False: it was dropped."""
        with self._lock:
            self._begun = not self.dropped
            return self._begun

    def drop(self) -> bool:
        """False: it has begun."""
        with self._lock:
            self.dropped = not self._begun
            return self.dropped


class FrameSender:
    """One port. `report(job, message)` is called from its thread with WiegandSent per frame and PinsDone or PinsRefused at last."""

    def __init__(
        self, maker: PulseMaker, line: WiegandLine, clock: Clock, acts: Acts, report: Callable[[Job, object], None]
    ) -> None:
        self._maker = maker
        self._line = line
        self._clock = clock
        self._acts = acts
        self._report = report
        self._queue: queue.Queue[Job | None] = queue.Queue(QUEUE_LENGTH)
        self._stop = threading.Event()
        self._quiet_from_ns = clock.monotonic_ns()  # a frame that a crash cut short keeps its gap too
        self._thread = threading.Thread(target=self._run, name=f"wiegand-{line.name}", daemon=True)
        self._thread.start()

    def put(self, request: SendWiegand) -> Job | None:
        """Queues a frame; None when the queue is full."""
        job = Job(request)
        try:
            self._queue.put_nowait(job)
        except queue.Full:
            return None
        return job

    def stop(self) -> None:
        """No frame begins any more; one in progress goes on to its end, and `join` waits for that."""
        self._stop.set()
        try:
            self._queue.put_nowait(None)
        except queue.Full:
            pass  # the thread sees `_stop` before it takes the next job

    def join(self) -> None:
        """After `stop`: both lines are at rest when this returns."""
        self._thread.join(LONGEST_FRAME_S)

    def _run(self) -> None:
        while (job := self._queue.get()) is not None and not self._stop.is_set():
            if job.dropped:
                continue
            try:
                answer = self._send(job)
            except Exception as why:  # the thread's top: the port must live on
                log.exception("%s: frame %s failed", self._line.name, job.request.id)
                answer = PinsRefused(job.request.id, Text("{line}: {why}", {"line": self._line.name, "why": str(why)}))
            self._report(job, answer)
        self._maker.close()

    def _send(self, job: Job) -> object:
        request = job.request
        note = NOTHING
        for turn in range(request.repeat):
            self._wait_quiet(request.gap_ms)
            if turn == 0 and request.not_after_ns and self._clock.monotonic_ns() > request.not_after_ns:
                return PinsRefused(request.id, Text("too late: frames before it took too long"))
            if not job.begin():
                return PinsRefused(request.id, Text("the client has gone"))
            good = self._send_once(job)
            if not good and not self._stop.is_set():
                self._stop.wait(REPEAT_BAD_AFTER_S)
                good = self._send_once(job)
                note = Text("repeated: edges out of limits") if good else Text("sent twice with edges out of limits")
            if good or not self._stop.is_set():
                self._acts.remember(request.id, self._clock.monotonic_ns())  # the panel has the number
            if self._stop.is_set():
                return PinsRefused(request.id, Text("pins stopped before the frame was complete"))
        return PinsDone(request.id, self._clock.monotonic_ns(), note)

    def _send_once(self, job: Job) -> bool:
        request = job.request
        at = self._clock.now()
        timing = self._maker.send(request.code, request.width_us, request.period_us, self._stop)
        self._quiet_from_ns = self._clock.monotonic_ns()
        if not timing.ok:
            log.warning(
                "%s: frame %s out of limits: pulses %.0f to %.0f us, intervals %.0f to %.0f us",
                self._line.name, request.id,
                min(timing.widths_us, default=0), max(timing.widths_us, default=0),
                min(timing.intervals_us, default=0), max(timing.intervals_us, default=0),
            )  # fmt: skip
        self._report(job, WiegandSent(self._line.name, request.code, at, timing.worst_edge_us, timing.ok))
        return timing.ok

    def _wait_quiet(self, gap_ms: int) -> None:
        rest_ns = self._quiet_from_ns + gap_ms * 1_000_000 - self._clock.monotonic_ns()
        if rest_ns > 0:
            self._stop.wait(rest_ns / 1e9)
