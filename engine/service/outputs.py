"""Outputs: what the rules and the general configuration ask of the board's lines, for the pins process."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from board.kit.errors import GatewrightError
from board.kit.words import Text
from board.types import LineRules
from engine.actions import Kinds
from engine.dispatch.polarity import wanted_polarities
from engine.line_settings import groups, seconds_by_line
from engine.service.pins_link import RULES
from engine.settings import GeneralSettings
from engine.store import Store


class Outputs:
    """`store()` and `general()` give None while the store is not open: what pins kept from the last time counts then."""

    def __init__(
        self,
        store: Callable[[], Store | None],
        general: Callable[[], GeneralSettings | None],
        kinds: Kinds,
        report: Callable[[Text], None],
    ) -> None:
        self._store = store
        self._general = general
        self._kinds = kinds
        self._report = report

    def polarities(self) -> dict[str, bool]:
        """{output: active high} of the enabled rules; none, and a report, when they disagree."""
        store = self._store()
        if store is None:
            return {}
        try:
            return wanted_polarities(store.rules(), self._kinds)
        except GatewrightError as why:
            self._report(why.text)
            return {}

    def line_rules(self) -> LineRules | None:
        """Interlocks, longest on-times and stuck times of the settings."""
        general = self._general()
        if general is None:
            return None
        times = (seconds_by_line(general.longest_on), seconds_by_line(general.stuck_after))
        return LineRules(f"{RULES}-{uuid.uuid4()}", *times, groups(general.interlocks))
