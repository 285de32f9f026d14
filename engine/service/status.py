"""Status: collects from the service's parts what the Live tab shows besides the picture and the passages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from board.devices import read_devices
from board.kit.clock import Clock
from board.kit.state import State
from board.kit.words import Text
from engine.messages import LaneStatus, ServiceStatus
from engine.service.counters import Counters
from engine.service.engine_view import EngineView
from engine.service.pins_link import PinsLink
from engine.service.problems import Problems
from engine.service.retention import free_space_pct


class Status:
    """`card()`: the SD card's folder, None while there is none; `running()`: fingerprints of the settings that the service was
    started with; `storage()`, `card_problem()`: what is wrong with them now; `lane()`: the state of the barrier's lane."""

    def __init__(
        self,
        state: State,
        clock: Clock,
        engine: EngineView,
        counters: Counters,
        pins: PinsLink,
        problems: Problems,
        card: Callable[[], Path | None],
        running: Callable[[], Mapping[str, str]],
        storage: Callable[[], Text],
        card_problem: Callable[[], Text],
        lane: Callable[[], LaneStatus | None],
    ) -> None:
        self._state = state
        self._clock = clock
        self._engine = engine
        self._counters = counters
        self._pins = pins
        self._problems = problems
        self._card = card
        self._running = running
        self._storage = storage
        self._card_problem = card_problem
        self._lane = lane
        self._since: dict[str, tuple[object, datetime]] = {}

    def now(self) -> ServiceStatus:
        engine, card = self._engine.alive(), self._card()
        sd_free_pct = -1 if card is None else round(free_space_pct(card))
        camera_free_pct = round(free_space_pct(self._state.root))
        last_engine, age_s = self._engine.last()
        error, error_at = self._problems.last()
        if engine is not None and engine.error and engine.error_at is not None and (error_at is None or engine.error_at > error_at):
            error, error_at = engine.error, engine.error_at
        return ServiceStatus(
            mode=self._engine.mode(),
            engine=engine,
            live=self._engine.live(),
            counters=self._counters.shown(),
            lines=self._pins.lines(),
            wiegand=self._pins.wiegand,
            pins=self._pins.problem,
            devices=read_devices(self._state),
            settings=self._running(),
            warnings=self._pins.warnings(),
            last_error=error,
            last_error_at=error_at,
            sd_free_pct=sd_free_pct,
            camera_free_pct=camera_free_pct,
            monotonic_ns=self._clock.monotonic_ns(),
            last_engine=last_engine,
            last_engine_age_s=round(age_s, 1),
            storage=self._storage(),
            card=self._card_problem(),
            lane=self._lane(),
            changed={
                "sd": self._changed("sd", sd_free_pct),
                "camera": self._changed("camera", camera_free_pct),
                **({"height": self._changed("height", engine.last_char_height_px)} if engine else {}),
            },
        )

    def _changed(self, name: str, value: object) -> datetime:
        """Since when it has this value."""
        known = self._since.get(name)
        if known is None or known[0] != value:
            known = self._since[name] = (value, self._clock.now())
        return known[1]
