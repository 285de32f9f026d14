"""Again: cars whose gate stayed shut though it was to open (pins or the service was away): they are read anew where they stand."""

from __future__ import annotations

from collections import OrderedDict, deque

from engine.messages import ReadAgain

MOST_PLATES = 500
MOST_TIMES = 3
WITHIN_NS = 600_000_000_000
"""A car whose gate cannot open at all must not fill the list of passages: so often within this time, and no more."""


class Again:
    """Used by one thread."""

    def __init__(self) -> None:
        self._newest: OrderedDict[str, str] = OrderedDict()
        """Plate -> id of its newest passage."""
        self._times: deque[tuple[int, str]] = deque(maxlen=MOST_PLATES)

    def published(self, plate: str, passage_id: str) -> None:
        self._newest.pop(plate, None)
        self._newest[plate] = passage_id
        if len(self._newest) > MOST_PLATES:
            self._newest.popitem(last=False)

    def wanted(self, asked: ReadAgain, now_ns: int) -> bool:
        """Whether the plate is to be forgotten: not if it was read anew since, or too often."""
        if self._newest.get(asked.plate, asked.passage_id) != asked.passage_id:
            return False
        while self._times and now_ns - self._times[0][0] > WITHIN_NS:
            self._times.popleft()
        if sum(plate == asked.plate for _, plate in self._times) >= MOST_TIMES:
            return False
        self._times.append((now_ns, asked.plate))
        return True
