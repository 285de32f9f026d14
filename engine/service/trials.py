"""Trials: TEST in the portal's Actions tab: carries out an action now, with a sample plate, before it is saved."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import reduce

from board.kit.clock import Clock
from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import unfit
from board.kit.words import Text
from board.kit.zones import camera_zone
from board.types import OutputPolarity, PinsDone
from engine.actions import Kinds, Lane, Pins, Taken, options_of
from engine.actions._kind import noted
from engine.dispatch.environment import Environment
from engine.dispatch.starts import STARTS
from engine.events import CARS
from engine.messages import Outcome, PassageEvent, TestAction
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.types import Decision, Match, Passage, PassageImages, PlateEvent

log = logging.getLogger("service")

MAX_AGE_S = 10.0
PINS_MAX_AGE_S = 2.0
"""Of what pins does: when it has not answered in three, whoever tests is told that it failed."""
POLARITY_TIMEOUT_S = 3.0
A_TEST = Decision("reported", Text("a test of this action"))
TEST_PLATE = "TEST"
"""Of a test that goes to everybody: no list holds it but by mistake."""


class Trials:
    """`store()` raises StoreError while the store is not open; `polarities()`: those of the enabled rules."""

    def __init__(
        self,
        clock: Clock,
        kinds: Kinds,
        pins: Pins,
        environment: Environment,
        store: Callable[[], Store],
        polarities: Callable[[], Mapping[str, bool]],
    ) -> None:
        self._clock = clock
        self._kinds = kinds
        self._pins = pins
        self._environment = environment
        self._store = store
        self._polarities = polarities

    def run(self, request: TestAction) -> Outcome:
        """What was done; any GatewrightError says why not. Nothing is stored."""
        store = self._store()
        kind, options = options_of(self._kinds, request.kind, request.options)
        kind.check_usable()
        plate_list = next((one for one in store.lists() if one.id == request.list_id), None)
        if plate_list is None:
            raise ConfigError("this list was deleted")
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        start = STARTS.get(request.start)
        if start is None:
            raise ConfigError("there is no start {start!r}", start=request.start[:40])
        plate = (request.plate.strip().upper()[:20] or "TEST123") if start.has_plate else ""
        zone = camera_zone(store.settings(GeneralSettings).time_zone)
        matches = store.lookup(plate, now, store.settings(LprSettings).fold_lookalikes, zone)
        match = next((one for one in matches if one.list.id == plate_list.id), Match(plate_list, None))
        changed = self._set_polarity(kind.polarity(options))
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()  # storage or pins may have taken their time
        left_ns = round(MAX_AGE_S * 1e9) - max(0, now_ns - request.ordered_ns)
        if kind.lane is Lane.FAST and not kind.peer(options):
            left_ns = min(left_ns, round(PINS_MAX_AGE_S * 1e9))
        if left_ns < 0:  # whoever asked a process that hung has been told that it failed
            raise DeliveryError("too late")
        not_after = now + timedelta(microseconds=left_ns // 1000)
        env = self._environment.env(kind, options, str(uuid.uuid4()), not_after, now_ns + left_ns)
        event = PlateEvent(
            _sample(plate, "" if start.has_plate else request.start, now, now_ns, store.passages.newest_pictured()),
            (match, *(one for one in matches if one.list.id != plate_list.id)),
            match,
            A_TEST,
        )
        log.info("test of %s with %s", kind.label, plate or request.start)
        said = kind.deliver(event, options, env)
        note = Text("begun: {what}", {"what": said.note}) if isinstance(said, Taken) else said
        return Outcome(True, reduce(noted, changed, note))

    def passage(self) -> PassageEvent:
        """A made-up passage for all who subscribe to passages; with the pictures of the newest one that has some."""
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        sample = _sample(TEST_PLATE, "", now, now_ns, self._store().passages.newest_pictured())
        return PassageEvent(0, sample, (), (), Decision("reported", Text("a test: no car is there")))

    def _set_polarity(self, polarities: Mapping[str, bool]) -> list[Text]:
        """What has changed by it: pins keeps it after the test, too."""
        wanted, changed = self._polarities(), []
        for output, active_high in polarities.items():
            if wanted.get(output, active_high) != active_high:
                raise unfit(
                    "polarity",
                    "Polarity",
                    "an enabled action wants {output} {polarity}",
                    output=output,
                    polarity=Text("active high") if wanted[output] else Text("active low"),
                )
            if output not in wanted:
                answer = self._pins.request(OutputPolarity(str(uuid.uuid4()), output, active_high), POLARITY_TIMEOUT_S)
                changed += [answer.note] if isinstance(answer, PinsDone) and answer.note else []
        return changed


def _sample(plate: str, event: str, now: datetime, now_ns: int, seen: Passage | None) -> Passage:
    """Adds the pictures of a real passage, so that a peer can be tried with them."""
    return Passage(
        id=str(uuid.uuid4()),
        plate=plate,
        confidence=100.0,
        country="",
        region="",
        lane=0,
        direction="",
        char_height_px=0.0,
        at=now,
        monotonic_ns=now_ns,
        trigger_id="",
        trigger_cause="test",
        votes=1,
        box=seen.box if seen else (0, 0, 0, 0),
        size=seen.size if seen else (0, 0),
        images=seen.images if seen else PassageImages(),
        event="" if event in CARS else event,
    )
