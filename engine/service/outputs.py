"""Outputs: what the rules and the general configuration require of the board's lines, for the pins process."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from board.kit.errors import GatewrightError
from board.kit.words import Text
from board.types import ENDS, KEEPS, Guard, LineRules
from engine.actions import Kinds
from engine.dispatch.polarity import wanted_polarities
from engine.line_settings import groups, seconds_by_line
from engine.service.pins_link import RULES
from engine.settings import GeneralSettings
from engine.settings.lane import ON_FAULT, LaneSettings
from engine.store import Store


class Outputs:
    """`store()`, `general()` and `lane()` return None while the store is not open: what pins kept from last time holds then."""

    def __init__(
        self,
        store: Callable[[], Store | None],
        general: Callable[[], GeneralSettings | None],
        lane: Callable[[], LaneSettings | None],
        kinds: Kinds,
        report: Callable[[Text], None],
    ) -> None:
        self._store = store
        self._general = general
        self._lane = lane
        self._kinds = kinds
        self._report = report

    def polarities(self) -> dict[str, bool]:
        """{output: active high} of the enabled rules; empty, with a report, if they disagree."""
        store = self._store()
        if store is None:
            return {}
        try:
            return wanted_polarities(store.rules(), self._kinds)
        except GatewrightError as why:
            self._report(why.text)
            return {}

    def line_rules(self) -> LineRules | None:
        """Interlocks, longest on-times, stuck times and guards of the settings."""
        general, lane = self._general(), self._lane()
        if general is None or lane is None:
            return None
        stuck = _stuck(lane) | dict(seconds_by_line(general.stuck_after))
        times = (seconds_by_line(general.longest_on), tuple(stuck.items()))
        return LineRules(f"{RULES}-{uuid.uuid4()}", *times, groups(general.interlocks), _guards(lane))


def _stuck(lane: LaneSettings) -> dict[str, int]:
    return {name: lane.stuck_s for name in (lane.arming, lane.safety, lane.exit) if name}


def _guards(lane: LaneSettings) -> tuple[Guard, ...]:
    """pins itself keeps the barrier from moving over a vehicle, whatever happens to this process."""
    if not lane.safety:
        return ()
    outputs = ((lane.open_output, KEEPS), (lane.close_output, ENDS))
    return tuple(Guard(lane.safety, output, does, lane.on_fault == ON_FAULT[0]) for output, does in outputs if output)
