"""`engine lane`: the lane's states and events, drawn from the table: the generated part of docs/lane.md."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from engine.events import EVENTS
from engine.lane.table import PASSED, ROLES, ROWS, STATES, mermaid

LANE_EVENTS = (
    *dict.fromkeys(row.effect for row in ROWS if row.effect and row.effect != PASSED),
    "held_open",
    "input_fault",
    "input_fault_over",
    "list_mismatch",
    "passback",
    "full",
)


def main(arguments: Sequence[str]) -> int:
    """Prints the generated part of the page; 0."""
    argparse.ArgumentParser(prog="python -m engine lane", description=__doc__).parse_args(arguments)
    print(markdown(), end="")
    return 0


def markdown() -> str:
    """Diagram, states, and events that rules start on."""
    return "\n".join(
        [
            "```mermaid",
            mermaid(),
            "```",
            "",
            "| state | means |",
            "| --- | --- |",
            *(f"| {name} | {label} |" for name, label in STATES.items()),
            "",
            "| signal | of |",
            "| --- | --- |",
            *(f"| {role} on, {role} off | {label} |" for role, label in ROLES.items()),
            "| open | an opening is given |",
            "| lapse | the time for using it is over |",
            "| closed | the barrier came down unused |",
            "| unmoved | the barrier did not move |",
            "",
            "| event | a rule can start on | says |",
            "| --- | --- | --- |",
            *(f"| `{name}` | {EVENTS[name].label} | {EVENTS[name].said} |" for name in LANE_EVENTS),
            "",
        ]
    )
