"""Table: the lane's states and transitions as data; the machine, the diagram and docs/lane.md are made from it.

Terms of the field: the arming loop lies before the barrier, and a reader is valid only while a vehicle stands on it; the safety
loop (closing loop) lies below the arm, which must not come down on it; a vehicle that has cleared it has used its opening
(Controlled Products Systems Group, MAT-DCBB3, "Suggested loop sensor locations"). A step-by-step input ("alternate action")
closes a barrier that is open, so that a pulse while a vehicle stands below the arm can bring it down (Chamberlain SW 2000 X3,
"Functional inputs", CYCLE).
"""

from __future__ import annotations

from collections.abc import Mapping

from board.kit.dataclass import dataclass
from board.kit.words import mark

ARMING, SAFETY, EXIT, UP, DOWN = "arming", "safety", "exit", "up", "down"

ROLES: Mapping[str, str] = {
    ARMING: mark("the arming loop"),
    SAFETY: mark("the safety loop"),
    EXIT: mark("the exit loop"),
    UP: mark("the input for barrier is up"),
    DOWN: mark("the input for barrier is down"),
}
"""The roles that an input of the lane can have."""

LOOPS = frozenset({ARMING, SAFETY, EXIT})
"""Those that tell where vehicles are."""

FREE, WAITING, OPENED, UNDER, LEAVING, BLOCKED = "free", "waiting", "opened", "under", "leaving", "blocked"

STATES: Mapping[str, str] = {
    FREE: mark("free"),
    WAITING: mark("a vehicle stands on the arming loop"),
    OPENED: mark("opened for a vehicle that has not driven in yet"),
    UNDER: mark("the vehicle it was opened for is in the safety loop"),
    LEAVING: mark("the vehicle has left the safety loop and has not reached the exit loop yet"),
    BLOCKED: mark("a vehicle that it was not opened for is in the safety loop"),
}
"""State: its name for people."""

REST = "rest"
"""As a target: WAITING while the arming loop is occupied, else FREE."""

OPEN, LAPSE, CLOSED, UNMOVED = "open", "lapse", "closed", "unmoved"
"""Signals besides "arming on", "safety off" ...: an opening is given; its time is over; the barrier came down unused; the
barrier did not move."""

PASSED, UNUSED, NOT_MOVED, TAILGATE, UNEXPECTED = "passed", "opening_unused", "barrier_still", "tail_gate", "no_opening"
"""Effects: names of engine.events.EVENTS, except the first, which is the intended course."""

FROM_EXIT, JUST_PASSED, EXIT_SEEN, NO_EXIT, NO_SAFETY, NOTHING_BEYOND, SECOND, ANOTHER, NO_LOOP = (
    "it comes from the exit loop",
    "it follows another, or the barrier is not down",
    "the exit loop was reached",
    "there is no exit loop",
    "there is no safety loop",
    "there is neither safety nor exit loop",
    "the exit loop was reached and left before",
    "another stood there before and would be in the safety loop by now",
    "there is no loop at all",
)
"""Conditions."""


@dataclass(frozen=True, slots=True)
class Row:
    """In `state`, `signal` leads to `target` if `condition` holds ("": always); the first row that fits is taken. `effect`:
    what has happened then, "" for nothing worth reporting."""

    state: str
    signal: str
    target: str
    condition: str = ""
    effect: str = ""


def on(role: str) -> str:
    return f"{role} on"


def off(role: str) -> str:
    return f"{role} off"


_INTO_THE_SAFETY_LOOP = (
    (JUST_PASSED, TAILGATE),
    (FROM_EXIT, ""),
    ("", UNEXPECTED),
)

ROWS = (
    Row(FREE, on(ARMING), WAITING),
    Row(FREE, OPEN, OPENED),
    *(Row(FREE, on(SAFETY), BLOCKED, condition, effect) for condition, effect in _INTO_THE_SAFETY_LOOP),
    Row(WAITING, off(ARMING), FREE),
    Row(WAITING, OPEN, OPENED),
    *(Row(WAITING, on(SAFETY), BLOCKED, condition, effect) for condition, effect in _INTO_THE_SAFETY_LOOP),
    Row(OPENED, on(SAFETY), UNDER),
    Row(OPENED, on(EXIT), REST, NO_SAFETY, PASSED),
    Row(OPENED, off(ARMING), REST, NOTHING_BEYOND, PASSED),
    Row(OPENED, on(ARMING), REST, ANOTHER, UNUSED),  # the one before has backed out
    Row(OPENED, on(ARMING), OPENED),
    Row(OPENED, LAPSE, REST, NO_LOOP, PASSED),
    Row(OPENED, LAPSE, REST, "", UNUSED),
    Row(OPENED, CLOSED, REST, NO_LOOP, PASSED),
    Row(OPENED, CLOSED, REST, "", UNUSED),
    Row(OPENED, UNMOVED, REST, "", NOT_MOVED),
    Row(UNDER, on(EXIT), UNDER, SECOND, TAILGATE),
    Row(UNDER, on(EXIT), UNDER),
    Row(UNDER, off(SAFETY), REST, NO_EXIT, PASSED),
    Row(UNDER, off(SAFETY), REST, EXIT_SEEN, PASSED),
    Row(UNDER, off(SAFETY), LEAVING),
    Row(LEAVING, on(EXIT), REST, "", PASSED),
    Row(LEAVING, on(SAFETY), UNDER),
    Row(LEAVING, LAPSE, REST, "", UNUSED),  # it reversed out
    Row(BLOCKED, off(SAFETY), REST),
)

LIVE = (OPENED, UNDER, LEAVING)
"""States in which an opening was given and is not used up yet."""


def mermaid() -> str:
    """The table as a state diagram in Mermaid (docs/lane.md). A target REST is drawn as WAITING and FREE in one."""
    lines = ["stateDiagram-v2", f"    [*] --> {FREE}", f"    state {REST} <<choice>>"]
    lines += [f"    {REST} --> {WAITING}: the arming loop is occupied", f"    {REST} --> {FREE}: else"]
    for row in ROWS:
        label = row.signal + (f" [{row.condition}]" if row.condition else "") + (f" / {row.effect}" if row.effect else "")
        lines.append(f"    {row.state} --> {row.target}: {label}")
    return "\n".join(lines)
