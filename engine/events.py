"""Events: everything that a passage may tell of; a new one is one line here, and rules can start on it."""

from __future__ import annotations

from collections.abc import Mapping

from board.kit.dataclass import dataclass
from board.kit.words import mark


@dataclass(frozen=True, slots=True)
class EventKind:
    """`label`: as people choose it. `said`: what happened, with the values that it is raised with; "" where the decision about the
    car says it. `kept`: it is stored, and Review shows it, also when no rule starts on it."""

    label: str
    said: str = ""
    kept: bool = True


PLATE, NO_PLATE, LOW_CONFIDENCE = "plate", "no_plate", "low_confidence"

EVENTS: Mapping[str, EventKind] = {
    PLATE: EventKind(mark("A plate was read")),
    NO_PLATE: EventKind(mark("No plate was read")),
    LOW_CONFIDENCE: EventKind(mark("Uncertain read")),
    "list_mismatch": EventKind(mark("List mismatch"), mark("{plate} here and {other} at {camera} are not on the same list")),
    "input": EventKind(mark("Digital input"), mark("{input} became {level}"), kept=False),
    "timer": EventKind(mark("Timer"), mark("it is {time}"), kept=False),
    "tail_gate": EventKind(mark("Tail-gate"), mark("a second vehicle passed on one opening")),
    "held_open": EventKind(mark("Held open"), mark("the barrier has been open for {seconds:g} s")),
    "no_opening": EventKind(mark("Vehicle without an opening"), mark("a vehicle drove below the barrier without an opening")),
    "opening_unused": EventKind(mark("Opening not used"), mark("the barrier opened and no vehicle drove in")),
    "input_fault": EventKind(mark("Faulty input"), mark("{input} is not believed any more: is it broken?")),
    "input_fault_over": EventKind(mark("Input works again"), mark("{input} is believed again")),
    "passback": EventKind(mark("Anti-passback"), mark("{plate}: {why}")),
    "full": EventKind(mark("No place free"), mark("{plate} was refused: {why}")),
    "by_hand": EventKind(mark("Output switched by hand"), mark("{what}, by {who}")),
    "barrier_still": EventKind(mark("Barrier did not move"), mark("the barrier did not move within {seconds:g} s")),
}
"""By the name that stands in Passage.what, in messages and in the API."""

CARS = (PLATE, NO_PLATE, LOW_CONFIDENCE)
"""The events that recognition makes of every car: they are looked up in the lists and decided about."""
