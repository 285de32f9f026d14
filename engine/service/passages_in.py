"""Passages in: takes the engine's passages, one after the other as long as the storage keeps up: the car behind waits for no card
that stalls with the passage of the car before."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection

from board.kit.errors import WireError
from engine.types import Passage

log = logging.getLogger("passages")

PATIENCE_S = 1.0
"""A passage is stored within milliseconds."""
MOST = 32
"""Passages on their way at the same time: the engine repeats the others. In a lane where they queue, those of a card's stall."""


class PassagesIn:
    """`take` stores one, or says why not."""

    def __init__(self, take: Callable[[Passage], None]) -> None:
        self._take = take
        self._lock = threading.Lock()
        self._since_s: dict[str, float] = {}

    def take(self, passage: Passage) -> None:
        """Called by one thread; returns when the passage has been taken, or takes long, or at once behind one that does."""
        with self._lock:
            if passage.id in self._since_s or len(self._since_s) >= MOST:
                return
            stalls = bool(self._since_s)
            self._since_s[passage.id] = time.monotonic()
        thread = threading.Thread(target=self._run, args=(passage,), name="passage", daemon=True)
        try:
            thread.start()
        except RuntimeError:  # "can't start new thread"
            self._run(passage)
            return
        thread.join(0 if stalls else PATIENCE_S)

    def oldest_s(self, but_for: Collection[str] = ()) -> float:
        """How long the first one has been on its way, in s; 0 if there is none. `but_for`: passages that do not count."""
        with self._lock:
            since_s = min((since_s for its_id, since_s in self._since_s.items() if its_id not in but_for), default=None)
        return 0.0 if since_s is None else time.monotonic() - since_s

    def _run(self, passage: Passage) -> None:
        try:
            self._take(passage)
        except WireError as why:  # its engine went away meanwhile, and the next one sends it again
            log.info("passage %s: %s", passage.id, why)
        except Exception:  # the thread's top: it is sent again
            log.exception("passage %s", passage.id)
        finally:
            with self._lock:
                del self._since_s[passage.id]
