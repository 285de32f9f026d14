"""Sound: the board's microphone as G.711 (PCMU, 8 kHz, one channel), recorded once for all, and only while somebody listens."""

from __future__ import annotations

import logging
import os
import re
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from board.kit.loop import Loop
from engine.video.rtp import Unit
from engine.video.sources import Taker

log = logging.getLogger("video.sound")

CLOCK_HZ = 8_000
PIECE = 320
"""Samples, and bytes, of a packet: 40 ms."""
AGAIN_S = 5.0
"""From a microphone that failed (unplugged) to the next try."""
DRIFT_NS = 200_000_000
"""The largest drift of a sound card's clock from the board's."""
MOST_WAITING = 25
PCM = Path("/proc/asound/pcm")
ALSA_CONFIG = "/usr/share/alsa/alsa.conf"
"""The library in PyAV's wheel looks in another place by default."""

_CAPTURES = re.compile(r"^(\d+)-(\d+):.*\bcapture \d", re.MULTILINE)


def microphone(pcm: Path = PCM) -> str:
    """ALSA's name of the first recording device; "" on a board without one."""
    try:
        found = _CAPTURES.search(pcm.read_text("utf-8", "replace"))
    except OSError:
        return ""
    return f"plughw:{int(found[1])},{int(found[2])}" if found else ""


def opened(device: str) -> Any:
    """PyAV's container of the microphone; av.FFmpegError if it cannot be opened."""
    import av

    if Path(ALSA_CONFIG).exists():
        os.environ.setdefault("ALSA_CONFIG_PATH", ALSA_CONFIG)
    return av.open(device, format="alsa", options={"channels": "1", "sample_rate": f"{CLOCK_HZ}"})


class Sound:
    """`open_device()`: PyAV's container. Used by the loop's thread."""

    def __init__(self, loop: Loop, open_device: Callable[[], Any]) -> None:
        self._loop = loop
        self._open_device = open_device
        self._takers: set[Taker] = set()
        self._thread: threading.Thread | None = None
        self._stop = threading.Event()
        self._room = threading.Semaphore(MOST_WAITING)

    def join(self, taker: Taker) -> None:
        self._takers.add(taker)
        self._run()

    def leave(self, taker: Taker) -> None:
        self._takers.discard(taker)

    def want_key(self) -> None:
        pass  # each piece stands for itself

    def close(self) -> None:
        self._stop.set()
        if self._thread is not None:
            self._thread.join(2.0)

    def _run(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._record, name="sound", daemon=True)
            self._thread.start()

    def _take(self, unit: Unit) -> None:
        self._room.release()
        for taker in list(self._takers):
            taker.take(unit)

    def _ended(self) -> None:
        self._thread = None
        if self._takers and not self._stop.is_set():
            self._run()

    def _record(self) -> None:
        from av import FFmpegError

        while self._takers and not self._stop.is_set():
            try:
                self._play()
            except FFmpegError as why:
                log.error("the microphone: %s", why)
            except Exception:  # the thread's top
                log.exception("the microphone")
            if self._takers:
                self._stop.wait(AGAIN_S)
        self._loop.call(self._ended)

    def _play(self) -> None:
        from av import AudioFrame, AudioResampler, CodecContext

        encoder: Any = CodecContext.create("pcm_mulaw", "w")
        encoder.sample_rate, encoder.layout, encoder.format = CLOCK_HZ, "mono", "s16"
        resampler = AudioResampler("s16", "mono", CLOCK_HZ)
        start_ns, samples, waiting = time.monotonic_ns(), 0, b""
        with self._open_device() as container:
            for frame in container.decode(audio=0):
                assert isinstance(frame, AudioFrame)
                if not self._takers or self._stop.is_set():
                    return
                for made in resampler.resample(frame):
                    made.pts = None
                    waiting += b"".join(bytes(packet) for packet in encoder.encode(made))
                while len(waiting) >= PIECE:
                    piece, waiting = waiting[:PIECE], waiting[PIECE:]
                    at_ns = start_ns + samples * 1_000_000_000 // CLOCK_HZ
                    ahead_ns = at_ns - time.monotonic_ns()
                    if ahead_ns > DRIFT_NS:
                        continue  # this piece is dropped: times must not go back
                    if ahead_ns < -DRIFT_NS:
                        start_ns, samples = at_ns - ahead_ns, 0
                        at_ns = start_ns
                    samples += PIECE
                    if self._room.acquire(blocking=False):
                        self._give(Unit((piece,), at_ns))

    def _give(self, unit: Unit) -> None:
        self._loop.call(lambda: self._take(unit))
