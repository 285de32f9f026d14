"""Downloads: how far tables that are being sent have come, for the pages that asked for them; whoever asked can break one off."""

from __future__ import annotations

import re
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from typing import TypeVar

from board.kit.dataclass import dataclass
from board.kit.errors import GatewrightError
from board.kit.web.exchange import BrokenOff
from board.kit.web.routes import Refused
from board.kit.words import NOTHING, Text

RUNNING, DONE, CANCELLED, FAILED = "running", "done", "cancelled", "failed"
MOST_KNOWN = 32
_NAME = re.compile(r"[0-9a-f]{16,32}")

Row = TypeVar("Row")


@dataclass(slots=True)
class Download:
    """`rows`: sent so far; `total`: how many there are, `more`: or at least so many; `why` it failed."""

    user: str
    total: int
    more: bool
    rows: int = 0
    state: str = RUNNING
    why: Text = NOTHING


class Downloads:
    """Safe to use from several threads. The newest MOST_KNOWN are known."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: dict[str, Download] = {}

    def follow(self, name: str, download: Download, rows: Iterable[Row]) -> Iterator[Row]:
        """The rows, counted under `name`, which a page made up; as they are where it has none."""
        if not _NAME.fullmatch(name):
            return iter(rows)
        with self._lock:
            self._known.pop(name, None)
            self._known[name] = download
            while len(self._known) > MOST_KNOWN:
                del self._known[next(iter(self._known))]
        return _counted(download, rows)

    def get(self, name: str, user: str) -> Download:
        """Refused 404: it has not begun, or is known no more."""
        with self._lock:
            found = self._known.get(name)
        if found is None or found.user != user:
            raise Refused(404, "There is no such download.")
        return found

    def cancel(self, name: str, user: str) -> None:
        """It ends before its next row. Refused 404 as `get`."""
        found = self.get(name, user)
        if found.state == RUNNING:
            found.state = CANCELLED


def _counted(download: Download, rows: Iterable[Row]) -> Iterator[Row]:
    """A client that goes away closes this in the middle: that is a cancellation too."""
    try:
        for row in rows:
            if download.state == CANCELLED:
                raise BrokenOff(f"cancelled by {download.user}")
            yield row
            download.rows += 1
        download.state = DONE
    except (GatewrightError, OSError, sqlite3.Error) as why:
        download.state, download.why = FAILED, why.text if isinstance(why, GatewrightError) else Text(str(why))
        raise
    finally:
        if download.state == RUNNING:
            download.state = CANCELLED
