"""Order age: what may open a gate is not done when it comes late, as over a line that was cut on its way."""

from __future__ import annotations

from typing import Any

from board.kit.clock import Clock
from board.kit.web.routes import Call, Refused
from board.kit.web.visitor import CAME, came_ns

HEADER = "X-Ordered-Ms"
LATEST_MS = 10_000


def ordered_ns(call: Call[Any, Any]) -> int:
    """When the camera had the order: for the service, which does not do it late, whatever hung on the way to it."""
    return came_ns(call.header(CAME))


def now_ms(clock: Clock) -> int:
    """What whoever is about to order asks for, and says in HEADER with the order. It counts on whatever the clock is set to."""
    return clock.monotonic_ns() // 1_000_000


def refuse_late(clock: Clock, ordered_ms: str) -> None:
    """`ordered_ms`: what HEADER says, "" where a program does not say. Refused 409: it is older than LATEST_MS, or of before the
    camera's start; 400: it is no number."""
    if not ordered_ms:
        return
    if not (ordered_ms.isascii() and ordered_ms.isdecimal() and len(ordered_ms) < 19):
        raise Refused(400, "{header} must be a number.", header=HEADER)
    if not 0 <= now_ms(clock) - int(ordered_ms) <= LATEST_MS:
        raise Refused(409, "The order came too late, as the line to the camera was slow or cut. It was not carried out.")
