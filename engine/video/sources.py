"""Sources: encodes the pictures of one stream once for all its viewers, in a thread that runs only while somebody watches."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.loop import Loop
from engine.ring import RingReader
from engine.video.encoder import Encoder, EncoderError
from engine.video.plan import JPEG, JPEG_STREAMS, Stream
from engine.video.rtp import Unit
from engine.video.sdp import Track

log = logging.getLogger("video.sources")

NICENESS = 10
"""Recognition goes first."""
LOOK_S = 0.02
"""How often the ring is checked for a due picture."""
EARLY = 0.8
"""A picture is due after this part of its interval: the ring gets about eleven a second, and a stream of ten takes each of
them."""
STALE_NS = 5_000_000_000
"""A picture that is older than this in the ring is not shown as current."""
LINGER_S = 10.0
"""How long an encoder runs on after its last viewer: a client that asks for a description comes again to play."""
AGAIN_S = 2.0
KEY_GAP_S = 1.0
"""Least time between two key pictures that viewers ask for: they are large, and everybody gets them."""
MOST_WAITING = 4
"""Units that the loop has not sent yet; further pictures are dropped."""
WITHIN_S = 8.0
"""How long a description waits for the first picture."""


class Taker(Protocol):
    """A viewer of the stream."""

    def take(self, unit: Unit) -> None: ...

    def changed(self) -> None:
        """The track is replaced from now on: its codec has changed."""


@dataclass(frozen=True, slots=True)
class _Made:
    """What the encoding thread hands over. `track`: the same while nothing has changed."""

    track: Track
    units: tuple[Unit, ...]


class Source:
    """Pictures of the ring at `ring`, encoded for `stream`. Used by the loop's thread."""

    def __init__(self, stream: Stream, ring: Path, loop: Loop) -> None:
        self._stream = stream
        self._ring = ring
        self._loop = loop
        self._takers: set[Taker] = set()
        self._asked: list[Callable[[Track | None], None]] = []
        self._track: Track | None = None
        self._until_s = 0.0
        """Time until which the thread runs on without viewers."""
        self._thread: _Encoding | None = None
        self._closed = False

    @property
    def stream(self) -> Stream:
        """The present stream: JPEG after an encoder has failed."""
        return self._stream

    def describe(self, then: Callable[[Track | None], None]) -> None:
        """Calls `then` with the SDP description as soon as there is a picture; with None if there is none for WITHIN_S."""
        self._run()
        if self._track is not None:
            then(self._track)
            return
        self._asked.append(then)
        self._loop.after(WITHIN_S, lambda: self._give_up(then))

    def join(self, taker: Taker) -> None:
        """From now on `taker` gets each unit; a key picture comes soon."""
        self._takers.add(taker)
        self._run()
        self.want_key()

    def leave(self, taker: Taker) -> None:
        self._takers.discard(taker)
        self._until_s = time.monotonic() + LINGER_S

    def want_key(self) -> None:
        if self._thread is not None:
            self._thread.key.set()

    def close(self) -> None:
        self._closed = True
        if self._thread is not None:
            self._thread.stop.set()
            self._thread.join(5.0)

    def _run(self) -> None:
        self._until_s = time.monotonic() + LINGER_S
        if self._thread is None and not self._closed:
            self._thread = _Encoding(self._stream, self._ring, self._is_needed, self._from_thread)
            self._thread.start()

    def _is_needed(self) -> bool:
        """Called by the thread; if somebody came while it was ending, it is started again."""
        return bool(self._takers or self._asked) or time.monotonic() < self._until_s

    def _from_thread(self, made: _Made | None, failed: bool) -> None:
        self._loop.call(lambda: self._ended(failed) if made is None else self._take(made))

    def _take(self, made: _Made) -> None:
        if self._thread is not None:
            self._thread.room.release()
        known, self._track = self._track, made.track
        if known is not None and known.payload_type != made.track.payload_type:
            for taker in list(self._takers):
                taker.changed()
        asked, self._asked = self._asked, []
        for then in asked:
            then(made.track)
        for taker in list(self._takers):
            for unit in made.units:
                taker.take(unit)

    def _ended(self, failed: bool) -> None:
        self._thread = None
        if failed and self._stream.codec != JPEG:
            self._stream = next(stream for stream in JPEG_STREAMS if stream.name == self._stream.name)
            log.error("/%s is JPEG from now on", self._stream.name)
        if self._takers or self._asked:
            self._loop.after(AGAIN_S, self._run_again)

    def _run_again(self) -> None:
        if self._takers or self._asked:
            self._run()

    def _give_up(self, then: Callable[[Track | None], None]) -> None:
        if then in self._asked:
            self._asked.remove(then)
            then(None)


class _Encoding(threading.Thread):
    """Encodes while `needed()`. `give(made, failed)`: each unit; None at its end, `failed`: the encoder cannot work here."""

    def __init__(self, stream: Stream, ring: Path, needed: Callable[[], bool], give: Callable[[_Made | None, bool], None]) -> None:
        super().__init__(name=f"encode-{stream.name}", daemon=True)
        self.stop = threading.Event()
        self.key = threading.Event()
        self.room = threading.Semaphore(MOST_WAITING)
        self._stream = stream
        self._reader = RingReader(ring)
        self._needed = needed
        self._give = give
        self._encoder: Encoder | None = None
        self._seq = 0

    def run(self) -> None:
        failed = False
        try:
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
            self._encode()
        except EncoderError as why:
            failed = True
            log.error("/%s: %s", self._stream.name, why)
        except GatewrightError as why:
            log.error("/%s: %s", self._stream.name, why)
        except Exception:  # the thread's top
            log.exception("/%s", self._stream.name)
        if self._encoder is not None:
            self._encoder.close()
        self._reader.close()
        self._give(None, failed)

    def _encode(self) -> None:
        pause_s = EARLY / self._stream.frames_per_s
        key_s = 0.0
        while not self.stop.is_set() and self._needed():
            encoder = self._next()
            if encoder is None or not self.room.acquire(blocking=False):
                self.stop.wait(LOOK_S)
                continue
            began_s = time.monotonic()
            wanted = self.key.is_set() and began_s - key_s >= KEY_GAP_S
            if wanted:
                self.key.clear()
                key_s = began_s
            units, track = encoder.units(wanted), encoder.track()
            if track is not None and units:
                self._give(_Made(track, units), False)
            else:
                self.room.release()
            self.stop.wait(max(0.0, pause_s - (time.monotonic() - began_s)))

    def _next(self) -> Encoder | None:
        """The encoder, after it took a new picture; None while there is none."""
        with self._reader.open(self._seq) as shot:
            if shot is None or time.monotonic_ns() - shot.monotonic_ns > STALE_NS:
                return None
            camera = shot.width, shot.height
            if self._encoder is not None and self._encoder.camera == camera:
                self._seq = shot.seq
                self._encoder.take(shot)
                return self._encoder
        if self._encoder is not None:
            self._encoder.close()
        self._encoder = encoder_of(self._stream, camera)
        return None


def encoder_of(stream: Stream, camera: tuple[int, int]) -> Encoder:
    """Opens the stream's encoder for pictures of (width, height); EncoderError if it does not work here."""
    if stream.codec == JPEG:
        from engine.video.jpeg import JpegEncoder

        return JpegEncoder(stream, camera)
    from engine.video.h264 import H264Encoder  # and with it FFmpeg's 20 MB

    return H264Encoder(stream, camera)
