"""Card: a folder on the SD card for the package's pictures, shared out whenever a card appears (engine/card_files.py fills it)."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path

from firmware.processes.places import share_card

LOG = logging.getLogger("supervisor")

EVERY_S = 5.0


class CardFolder:
    """`root`: where the card belongs, None nowhere; `present()`: it is there and can be written. It is looked at by a thread of its
    own: a card that hangs holds up nothing else of the host."""

    def __init__(self, root: Path | None, present: Callable[[], bool]) -> None:
        self._root = root
        self._present = present
        self._seen = False
        self._stop = threading.Event()

    def start(self) -> None:
        if self._root is not None:
            threading.Thread(target=self._run, name="card", daemon=True).start()

    def close(self) -> None:
        self._stop.set()

    def _run(self) -> None:
        self.turn()
        while not self._stop.wait(EVERY_S):
            self.turn()

    def turn(self) -> None:
        """Looks once."""
        before, self._seen = self._seen, self._present()
        if self._root is None or not self._seen or before:
            return
        try:
            share_card(self._root)
        except (OSError, LookupError) as why:  # FAT knows no groups; where all are one user there are none
            LOG.info("the card's folder for pictures is not shared out: %s", why)
