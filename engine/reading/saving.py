"""Saving: pictures are stored beside the reading: a card that stalls for seconds holds up neither a gate nor the next car."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import field

import numpy as np
from numpy.typing import NDArray

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError, StoreError
from board.kit.words import Text
from engine.reading.images import ImageStore
from engine.types import Passage, PassageImages

log = logging.getLogger("engine")

WITHIN_S = 1.0
"""A passage waits no longer for its pictures, and not at all behind one that did: what takes longer follows under its name, too
late for the first messages."""
MOST_WAITING = 2
"""Passages whose pictures wait for the card: each holds a whole frame."""


@dataclass(eq=False, slots=True)
class _Job:
    """`late`: its passage waits no longer."""

    passage: Passage
    rgb: NDArray[np.uint8]
    ended: threading.Event = field(default_factory=threading.Event)
    late: bool = False
    error: Text | None = None
    """In words: an error that is kept keeps those whom it was raised through, with this frame, till Python's collector comes."""


class Saving:
    """Used by one thread. `say` gets, from another one, what went wrong after its passage was told."""

    def __init__(self, images: ImageStore, say: Callable[[Text], None]) -> None:
        self._images = images
        self._say = say
        self._waiting: queue.Queue[_Job | None] = queue.Queue(MOST_WAITING)
        self._thread: threading.Thread | None = None
        self._before: _Job | None = None

    def save(self, passage: Passage, rgb: NDArray[np.uint8]) -> PassageImages:
        """As ImageStore.save, within WITHIN_S; none when too many wait already."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)
            self._thread.start()
        job = _Job(passage, rgb)
        try:
            self._waiting.put_nowait(job)
        except queue.Full:
            log.error("passage %s has no pictures: those of %d before it wait for the storage", passage.id, MOST_WAITING)
            return PassageImages()
        stalls = self._before is not None and not self._before.ended.is_set()
        self._before = job
        if not job.ended.wait(0 if stalls else WITHIN_S):
            job.late = True
            log.warning("passage %s is told before its pictures are stored: the storage is slow", passage.id)
        if job.ended.is_set() and job.error is not None:
            raise StoreError(job.error)
        return self._images.names(passage, rgb)

    def close(self, timeout_s: float) -> None:
        """What waits is stored first, if that takes no longer."""
        if self._thread is None:
            return
        try:
            self._waiting.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(timeout_s)

    def _run(self) -> None:
        while (job := self._waiting.get()) is not None:
            try:
                self._images.save(job.passage, job.rgb)
            except GatewrightError as why:
                job.error = why.text
            except Exception as why:  # the thread's top: the next passage's pictures must be stored
                log.exception("pictures of passage %s", job.passage.id)
                job.error = Text("{why}", {"why": str(why)})
            job.ended.set()
            if job.late and job.error is not None:
                self._say(job.error)
