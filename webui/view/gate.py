"""Gate: the output that lets cars in, and the pulse by which its action opens it."""

from __future__ import annotations

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from engine.actions import options_of
from engine.settings.lane import LaneSettings
from webui.portal import Portal

USUAL_MS = 500


@dataclass(frozen=True, slots=True)
class Gate:
    """`output` "": the board has none."""

    output: str
    pulse_ms: int


def gate(portal: Portal) -> Gate:
    """Of the first enabled action of a list that opens, of those on the output that opens the lane if one is; else the board's
    first output."""
    lane = portal.store.settings(LaneSettings)
    found = _of_actions(portal)
    if found:
        return next((each for each in found if lane.decides and each.output == lane.open_output), found[0])
    return Gate(portal.profile.outputs[0].name if portal.profile.outputs else "", USUAL_MS)


def _of_actions(portal: Portal) -> list[Gate]:
    found = []
    shut = {each.id for each in portal.store.lists() if each.barrier != "open"}
    for rule in portal.store.rules():
        if not rule.enabled or rule.list_id in shut:
            continue
        try:
            kind, options = options_of(portal.kinds, rule.kind, rule.options)
        except ConfigError:
            continue  # options of another release
        output = kind.gate_output(options)
        if output:
            pulse_ms = getattr(options, "duration_ms", USUAL_MS) if getattr(options, "do", "") == "pulse" else USUAL_MS
            found.append(Gate(output, pulse_ms))
    return found
