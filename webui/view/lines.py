"""Lines: the board's inputs and outputs as pins told them last."""

from __future__ import annotations

from board.kit.web.routes import Refused
from engine.messages import LineState
from webui.portal import Portal


def line_states(portal: Portal) -> tuple[LineState, ...]:
    """In the order of the board. Refused 503 while nobody knows how they are: an old state is none."""
    status, _ = portal.feed.status()
    if status is None:
        raise Refused(503, "The service does not run: nobody knows how inputs and outputs are.")
    if status.pins:
        raise Refused(503, "The pins process does not answer: {why}", why=status.pins)
    known = {line.name: line for line in status.lines}
    names = [*(line.name for line in portal.profile.inputs), *(line.name for line in portal.profile.outputs)]
    return tuple(known[name] for name in names if name in known)
