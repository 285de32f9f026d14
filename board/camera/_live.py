"""Live camera: a network or USB source decoded in its own thread; only the newest picture is kept, so no delay builds up."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from board.kit.clock import Clock
from board.kit.dataclass import dataclass
from board.kit.errors import CameraError, ImageError
from board.kit.words import Text
from board.types import Frame

log = logging.getLogger("camera")

RGB = NDArray[np.uint8]

OPEN_TIMEOUT_S = 3.0
READ_TIMEOUT_S = 2.5
"""A source that is silent for this long has gone away. With the feed's back-off this bounds how soon its return is seen: 5 s."""
CLOSE_S = 1.0
SPARE_S = 0.5
"""A driver that hangs in the kernel has no time-out: the camera counts as gone this long after its source should have said so."""
SILENCE = Text("the connection stands, but nothing comes")
MOST_DAMAGED = 50
"""Damaged pictures in a row before the source is given up."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture as it came. `to_rgb()` gives its pixels, (height, width, 3) uint8, or raises ImageError when it is damaged;
    `missing`: pictures that the source made before it and that never came."""

    to_rgb: Callable[[], RGB]
    missing: int = 0


class Source(Protocol):
    """An open connection to a camera or its driver."""

    @property
    def silent_s(self) -> float:
        """It counts as gone after this long without a picture."""
        ...

    def pictures(self) -> Iterator[Picture]:
        """Blocks for each one; ends or raises CameraError when the source has gone. Called from one thread."""
        ...

    def close(self) -> None:
        """Called when nobody waits in `pictures` and no picture is converted any more."""
        ...


class LiveCamera:
    """`name`: how errors call the source (no passwords in it). `turn`: what is done to each picture's pixels."""

    def __init__(self, source: Source, name: str, clock: Clock, turn: Callable[[RGB], RGB], notes: tuple[Text, ...] = ()) -> None:
        self.notes = notes
        self.preset = ""
        self._source = source
        self._name = name
        self._clock = clock
        self._turn = turn
        self._lost = 0
        self._damaged = 0
        self._news = threading.Condition()
        self._newest: tuple[Picture, int] | None = None
        self._gone: Text | None = None
        """Why no more pictures come: in words; an error that is kept keeps those whom it was raised through, and the last frame."""
        self._stop = False
        self._ended = False
        self._left = False
        self._seq = 0
        self._delivered_ns = clock.monotonic_ns()
        self._thread = threading.Thread(target=self._decode, name=f"decode {name}"[:40], daemon=True)
        self._thread.start()

    def read(self, timeout_s: float) -> Frame | None:
        with self._news:
            self._news.wait_for(lambda: self._newest is not None or self._gone is not None, timeout_s)
            newest, self._newest = self._newest, None
            lost, self._lost = (self._lost, 0) if newest else (0, self._lost)
        if newest is None:
            if self._gone is not None:
                raise CameraError(self._gone)
            silent_s = self._source.silent_s + SPARE_S
            if self._clock.monotonic_ns() - self._delivered_ns > silent_s * 1e9:
                raise CameraError("{name}: no picture for {silent_s} s", name=self._name, silent_s=silent_s)
            return None
        picture, came_ns = newest
        self._delivered_ns = came_ns
        try:
            rgb = picture.to_rgb()
        except ImageError as why:
            self._lost += lost + 1
            self._damaged += 1
            if self._damaged >= MOST_DAMAGED:
                raise CameraError("{name}: its pictures are damaged: {why}", name=self._name, why=why) from why
            return None
        self._damaged = 0
        self._seq += 1
        return Frame(self._seq, self._clock.now(), came_ns, self._turn(rgb), lost=lost)

    def close(self) -> None:
        """A thread that hangs in a dead network or driver is left behind; it closes the source when it comes back."""
        self._stop = True
        self._thread.join(CLOSE_S)
        with self._news:
            self._left = True
            if self._ended:
                self._close_source()

    def _decode(self) -> None:
        gone = Text("{name}: the stream ended", {"name": self._name})
        try:
            self._pump()
        except CameraError as why:
            gone = why.text
        except Exception as why:  # the thread's top
            log.exception("%s", self._name)
            gone = Text("{name}: {why}", {"name": self._name, "why": type(why).__name__})
        with self._news:
            self._gone = gone
            self._ended = True
            if self._left:
                self._close_source()
            self._news.notify()

    def _close_source(self) -> None:
        # Only when nobody converts a picture any more: a raw one of a USB camera lies in the driver's memory until the end.
        self._newest = None
        self._source.close()

    def _pump(self) -> None:
        for picture in self._source.pictures():
            if self._stop:
                return
            with self._news:
                self._lost += picture.missing + (self._newest is not None)
                self._newest = (picture, self._clock.monotonic_ns())
                self._news.notify()
