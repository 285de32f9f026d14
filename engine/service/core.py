"""Service: the process that stores passages, looks plates up, carries out actions and takes triggers."""

from __future__ import annotations

import argparse
import json
import logging
import os
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from board.devices import DeviceBook, read_devices
from board.kit.clock import Clock
from board.kit.errors import ConfigError, DeliveryError, GatewrightError, StoreError, WireError
from board.kit.process import LEVELS, Life, open_log
from board.kit.state import State
from board.profiles import load
from board.serial import SerialLines
from board.storage import card_present
from board.types import InputEdge, LineRules, OutputPolarity, WiegandSent
from engine.actions import ActionEnv, Kinds, Lane, find_kinds, options_of
from engine.dispatch.intake import Intake
from engine.dispatch.outbox import Outbox
from engine.dispatch.polarity import wanted_polarities
from engine.dispatch.rules import camera_zone
from engine.dispatch.workers import Performer, Workers
from engine.line_settings import groups, seconds_by_line
from engine.messages import (
    NO_LICENSE,
    STOPPED,
    AskStatus,
    Counter,
    EngineStatus,
    FireTrigger,
    LiveReads,
    Outcome,
    PassageReport,
    PassageStored,
    RestartService,
    RulesChanged,
    ServiceStatus,
    StartTrigger,
    StopEngine,
    TestAction,
    TriggerAnswer,
    TriggerTaken,
)
from engine.service.hub import Hub
from engine.service.pins_link import RULES, PinsLink
from engine.service.scheduler import Scheduler, free_space_pct
from engine.service.servers.serial_trigger import SerialTrigger
from engine.service.servers.trigger import TriggerServer
from engine.service.triggers import Triggers
from engine.settings import GeneralSettings, LprSettings
from engine.store import Store
from engine.store.database import Database
from engine.types import Match, Passage, PassageImages, PlateEvent, Trigger

log = logging.getLogger("service")

BAD_FRAMES = "Wiegand frames repeated"
"""Their edges were out of limits."""

COUNTERS = ("Results", "Actions", "Exports", "Imports", "Triggers received", "Triggers refused", "Frames processed", BAD_FRAMES)
"""Numbers of the Info panel (manual 4.2), in its order."""

ENGINE_SILENT_S = 10.0
"""An engine that sends no status for this long counts as stopped."""

TURN_S = 1.0
KEEP_FRAMES_EVERY_S = 30.0
TEST_MAX_AGE_S = 10.0
MAX_TRIGGER_WAIT_S = 60.0


@dataclass(frozen=True, slots=True)
class Core:
    """What needs the store; built once it opens."""

    store: Store
    keeper: Database
    workers: Mapping[Lane, Workers]
    intake: Intake
    scheduler: Scheduler
    lpr: LprSettings
    general: GeneralSettings

    def close(self) -> None:
        for workers in self.workers.values():
            workers.stop()
        self.keeper.close()
        self.store.close()


class Service:
    """The whole process without its signals. `turn` is called about once a second by the main thread.

    `card()`: the SD card's folder, None while there is none."""

    def __init__(self, state: State, clock: Clock, kinds: Kinds, licensed: bool, card: Callable[[], Path | None]) -> None:
        self._state = state
        self._clock = clock
        self._kinds = kinds
        self._licensed = licensed
        self._card = card
        self._lock = threading.Lock()
        self._core: Core | None = None
        self._engine: EngineStatus | None = None
        self._engine_at_ns = 0
        self._live: LiveReads | None = None
        self._frames_seen: int | None = None
        self._frames = 0
        self._frames_at: datetime | None = None
        self._frames_kept_ns = 0
        self._last_error = ""
        self._last_error_at: datetime | None = None
        self._trigger_server: TriggerServer | None = None
        self._trigger_server_again_ns = 0
        self._serial_trigger: SerialTrigger | None = None
        self._book = DeviceBook(state, "service")
        self._serial = SerialLines(state, self._book)
        self.restart = threading.Event()
        self._pins = PinsLink(state.pins_socket, clock, self._on_edge, self._on_frame, self._line_rules, self._polarities)
        self._input_fired_ns = 0
        self._triggers = Triggers(clock, self._mode, self._start_trigger, self._period_s, self._count)
        handlers: dict[type, Callable[[Any], object]] = {
            AskStatus: self._status,
            FireTrigger: self._fire_trigger,
            TestAction: self._test_action,
            RulesChanged: self._rules_changed,
            RestartService: self._restart_service,
        }
        self._hub = Hub(state.service_socket, handlers, self._on_engine)

    def start(self) -> None:
        self._open_core()
        self._hub.start()
        self._pins.start()
        self.turn()

    def turn(self) -> None:
        """Recurring work; tries again what could not start."""
        core = self._core or self._open_core()
        if core is None:
            return
        core.scheduler.run()
        self._open_trigger_server(core)
        self._fire_while_it_lasts(core.lpr)
        now_ns = self._clock.monotonic_ns()
        if now_ns - self._frames_kept_ns > KEEP_FRAMES_EVERY_S * 1e9:
            self._frames_kept_ns = now_ns
            self._keep_frames(core)

    def close(self) -> None:
        """Engine and portal notice by their connections; what is on its way is sent again after the next start."""
        if self.restart.is_set():
            try:
                self._hub.send_engine(StopEngine())
            except WireError as why:
                log.warning("engine not restarted: %s", why)
        if self._trigger_server is not None:
            self._trigger_server.close()
        core = self._core
        if core is not None:
            self._keep_frames(core)
        self._hub.close()
        if core is not None:
            core.close()
        self._serial.close()
        self._pins.close()

    # --- start of the parts ---------------------------------------------------------------------------------------

    def _open_core(self) -> Core | None:
        try:
            store = Store(self._state.database, self._clock, self._kinds, checkpoints=False)
        except StoreError as why:
            self._problem(str(why))
            return None
        try:
            core = self._build(store)
        except StoreError as why:
            store.close()
            self._problem(str(why))
            return None
        logging.getLogger().setLevel(LEVELS[core.general.log_level])
        self._core = core
        try:
            self._pins.push_rules()  # pins may have connected while the store was away
        except DeliveryError as why:
            log.info("polarities follow with the connection to pins: %s", why)
        self._open_serial(core)
        for workers in core.workers.values():
            workers.start()
        return core

    def _build(self, store: Store) -> Core:
        keeper = Database(self._state.database, checkpoints=False)
        outbox = Outbox(store, self._clock)
        again = outbox.recover()
        if again:
            log.warning("%d deliveries were on their way when the service ended: they are sent again", again)
        pins, serial = self._pins, self._serial
        performer = Performer(store, outbox, self._kinds, pins, serial, self._state.images, self._clock)
        workers = {lane: Workers(lane, self._kinds, outbox, performer.perform, self._clock, self._problem) for lane in Lane}
        return Core(
            store=store,
            keeper=keeper,
            workers=workers,
            intake=Intake(store, self._kinds, workers, self._clock),
            scheduler=Scheduler(store, keeper.checkpoint, self._state.images, self._clock, self._problem),
            lpr=store.settings(LprSettings),
            general=store.settings(GeneralSettings),
        )

    def _open_trigger_server(self, core: Core) -> None:
        now_ns = self._clock.monotonic_ns()
        if self._trigger_server is not None or not core.general.trigger_port or now_ns < self._trigger_server_again_ns:
            return
        server = TriggerServer(core.general.trigger_port, core.general.trigger_message, lambda cause: self._triggers.fire(cause).id)
        try:
            server.start()
        except ConfigError as why:
            self._problem(str(why))
            self._trigger_server_again_ns = now_ns + 10_000_000_000
            return
        self._trigger_server = server

    def _open_serial(self, core: Core) -> None:
        """Opens the lines of the trigger and of the enabled actions, so that one that is missing shows before a car comes."""
        lpr = core.lpr
        if lpr.trigger_serial and self._serial_trigger is None:
            try:
                self._serial_trigger = SerialTrigger(
                    self._serial, lpr.trigger_serial, lpr.trigger_serial_pattern, lambda cause: self._triggers.fire(cause, 0)
                )
            except ConfigError as why:
                self._problem(f"Serial trigger: {why}")
        self._keep_serial(core)

    def _keep_serial(self, core: Core) -> None:
        urls = []
        try:
            rules = core.store.rules()
        except StoreError as why:
            self._problem(str(why))
            return
        for rule in rules:
            if not rule.enabled:
                continue
            try:
                kind, options = options_of(self._kinds, rule.kind, rule.options)
            except ConfigError:
                continue  # options of another release: its deliveries fail with that reason
            urls.append(kind.serial(options))
        self._serial.keep(url for url in urls if url)

    def _problem(self, text: str) -> None:
        """What a person must know: in the log once, in the status until another comes."""
        if text != self._last_error:
            log.error("%s", text)
        with self._lock:
            self._last_error, self._last_error_at = text, self._clock.now()

    def _need_core(self) -> Core:
        if self._core is None:
            raise StoreError(self._last_error or "the store is not open yet")
        return self._core

    # --- engine ---------------------------------------------------------------------------------------------------

    def _on_engine(self, message: Any) -> None:
        if isinstance(message, PassageReport):
            self._take(message.passage)
        elif isinstance(message, EngineStatus):
            with self._lock:
                # The engine counts from 0 after each start of its own, and may have lived before this process.
                new = message.frames_processed
                before = new if self._frames_seen is None else self._frames_seen
                if new != before:
                    self._frames += new - before if new > before else new
                    self._frames_at = self._clock.now()
                self._frames_seen = new
                self._engine, self._engine_at_ns = message, self._clock.monotonic_ns()
        elif isinstance(message, LiveReads):
            self._live = message
        elif isinstance(message, TriggerTaken):
            self._triggers.taken(message)
        elif message is None:
            with self._lock:
                self._engine, self._live = None, None

    def _take(self, passage: Passage) -> None:
        """No answer while it is not committed: the engine keeps it and sends it again."""
        core = self._core
        if core is None:
            return
        try:
            core.intake.take(passage)
        except StoreError as why:
            self._problem(f"passage of {passage.plate or 'no plate'} not stored, no action taken: {why}")
            return
        self._triggers.passage(passage)
        self._hub.send_engine(PassageStored(passage.id))

    def _alive_engine(self) -> EngineStatus | None:
        with self._lock:
            silent_ns = self._clock.monotonic_ns() - self._engine_at_ns
            return self._engine if silent_ns < ENGINE_SILENT_S * 1e9 else None

    def _mode(self) -> str:
        if not self._licensed:
            return NO_LICENSE
        engine = self._alive_engine()
        return STOPPED if engine is None else engine.mode

    # --- pins -----------------------------------------------------------------------------------------------------

    def _polarities(self) -> dict[str, bool]:
        if self._core is None:
            return {}
        try:
            return wanted_polarities(self._core.store.rules(), self._kinds)
        except GatewrightError as why:
            self._problem(str(why))
            return {}

    def _line_rules(self) -> LineRules | None:
        """None while the store is not open: what pins kept from the last time counts."""
        if self._core is None:
            return None
        general = self._core.general
        times = (seconds_by_line(general.longest_on), seconds_by_line(general.stuck_after))
        return LineRules(f"{RULES}-{uuid.uuid4()}", *times, groups(general.interlocks))

    def _on_frame(self, frame: WiegandSent) -> None:
        if not frame.ok:
            log.warning("%s: a frame had edges out of limits and was sent again", frame.port)
            self._count(BAD_FRAMES)

    def _on_edge(self, edge: InputEdge) -> None:
        lpr = self._core.lpr if self._core else None
        if lpr is None or not lpr.trigger_io or edge.input != lpr.trigger_input or edge.active != (lpr.trigger_edge == "active"):
            return
        self._fire_by_input(edge.input)

    def _fire_while_it_lasts(self, lpr: LprSettings) -> None:
        if not lpr.trigger_io or not lpr.trigger_repeat or self._pins.problem != "ok":
            return
        line = next((line for line in self._pins.lines() if line.name == lpr.trigger_input), None)
        due_ns = self._input_fired_ns + round(max(lpr.trigger_period_s, TURN_S) * 1e9)
        if line is not None and line.active == (lpr.trigger_edge == "active") and self._clock.monotonic_ns() >= due_ns:
            self._fire_by_input(line.name)

    def _fire_by_input(self, name: str) -> None:
        self._input_fired_ns = self._clock.monotonic_ns()
        try:
            self._triggers.fire(f"input {name}", wait_taken_s=0)
        except GatewrightError:
            pass  # counted and logged there; an input cannot be answered

    # --- triggers -------------------------------------------------------------------------------------------------

    def _period_s(self) -> float:
        return self._core.lpr.trigger_period_s if self._core else LprSettings().trigger_period_s

    def _start_trigger(self, trigger: Trigger) -> None:
        self._hub.send_engine(StartTrigger(trigger))

    def _count(self, name: str) -> None:
        if self._core is None:
            return
        try:
            self._core.store.count(name)
        except StoreError as why:
            self._problem(str(why))

    # --- requests of the portal -----------------------------------------------------------------------------------

    def _fire_trigger(self, request: FireTrigger) -> TriggerAnswer:
        try:
            trigger = self._triggers.fire(request.cause)
        except GatewrightError as why:
            return TriggerAnswer(False, str(why), "")
        wait_s = min(request.wait_s, MAX_TRIGGER_WAIT_S)
        passage = self._triggers.wait_passage(trigger.id, wait_s) if wait_s > 0 else None
        return TriggerAnswer(True, "", trigger.id, passage)

    def _test_action(self, request: TestAction) -> Outcome:
        core = self._need_core()
        kind, options = options_of(self._kinds, request.kind, request.options)
        plate_list = next((one for one in core.store.lists() if one.id == request.list_id), None)
        if plate_list is None:
            raise ConfigError("this list was deleted")
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        plate = request.plate.strip().upper()[:20] or "TEST123"
        matches = core.store.lookup(plate, now, core.store.settings(LprSettings).fold_lookalikes)
        match = next((one for one in matches if one.list.id == plate_list.id), Match(plate_list, None))
        general = core.store.settings(GeneralSettings)
        env = ActionEnv(
            clock=self._clock,
            pins=self._pins,
            serial=self._serial,
            images=self._state.images,
            device_name=general.device_name,
            time_zone=camera_zone(general.time_zone),
            delivery_id=str(uuid.uuid4()),
            not_after=now + timedelta(seconds=TEST_MAX_AGE_S),
            not_after_ns=now_ns + round(TEST_MAX_AGE_S * 1e9),
        )
        self._set_test_polarity(kind.polarity(options))
        event = PlateEvent(_sample(plate, now, now_ns), (match, *(one for one in matches if one.list.id != plate_list.id)), match)
        log.info("test of %s with plate %s", kind.label, plate)
        return Outcome(True, kind.deliver(event, options, env))

    def _set_test_polarity(self, polarities: Mapping[str, bool]) -> None:
        wanted = self._polarities()
        for output, active_high in polarities.items():
            if wanted.get(output, active_high) != active_high:
                raise ConfigError(
                    "Polarity: an enabled action wants {output} active {wanted}",
                    output=output,
                    wanted="high" if wanted[output] else "low",
                )
            if output not in wanted:
                self._pins.request(OutputPolarity(str(uuid.uuid4()), output, active_high), 3.0)

    def _rules_changed(self, request: RulesChanged) -> Outcome:
        self._keep_serial(self._need_core())
        try:
            self._pins.push_polarities()
        except DeliveryError as why:
            if self._pins.problem == "ok":
                return Outcome(False, str(why))
            return Outcome(True, f"saved; polarities are set as soon as the pins process answers ({why})")
        return Outcome(True, "")

    def _restart_service(self, request: RestartService) -> Outcome:
        log.info("restart asked for")
        self.restart.set()
        return Outcome(True, "engine and service restart")

    def _status(self, request: AskStatus) -> ServiceStatus:
        engine, card = self._alive_engine(), self._card()
        with self._lock:
            error, error_at = self._last_error, self._last_error_at
        if engine is not None and engine.error and engine.error_at is not None and (error_at is None or engine.error_at > error_at):
            error, error_at = engine.error, engine.error_at
        return ServiceStatus(
            mode=self._mode(),
            engine=engine,
            live=self._live,
            counters=self._counters(),
            lines=self._pins.lines(),
            wiegand=self._pins.wiegand,
            pins=self._pins.problem,
            devices=read_devices(self._state),
            warnings=self._pins.warnings(),
            last_error=error,
            last_error_at=error_at,
            sd_free_pct=-1 if card is None else round(free_space_pct(card)),
            camera_free_pct=round(free_space_pct(self._state.root)),
        )

    def _counters(self) -> tuple[Counter, ...]:
        stored: dict[str, Counter] = {}
        if self._core is not None:
            try:
                stored = self._core.store.counters()
            except StoreError as why:
                self._problem(str(why))
        with self._lock:
            frames, frames_at = self._frames, self._frames_at
        if frames:
            kept = stored.get("Frames processed")
            stored["Frames processed"] = Counter("Frames processed", (kept.value if kept else 0) + frames, frames_at)
        return tuple(stored.get(name) or Counter(name, 0, None) for name in COUNTERS)

    def _keep_frames(self, core: Core) -> None:
        with self._lock:
            frames = self._frames
        if not frames:
            return
        try:
            core.store.count("Frames processed", frames)
        except StoreError as why:
            self._problem(str(why))
            return
        with self._lock:
            self._frames -= frames


def _sample(plate: str, now: datetime, now_ns: int) -> Passage:
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
        box=(0, 0, 0, 0),
        size=(0, 0),
        images=PassageImages(),
    )


def main(arguments: list[str]) -> int:
    """`service --state DIR`; 0 after SIGTERM and after "Restart service" (the supervisor starts it again)."""
    parser = argparse.ArgumentParser(prog="python -m engine service", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="the camera's state folder")
    return run(State(parser.parse_args(arguments).state))


def run(state: State) -> int:
    """The process's life."""
    open_log(state, "service")
    life = Life(state, "service")
    licensed = os.environ.get("GATEWRIGHT_LICENSED", "1") != "0"
    service = Service(state, Clock(), find_kinds(), licensed, _card_of(state))
    service.start()
    log.info("service started")
    while not life.stop.wait(TURN_S) and not service.restart.is_set():
        life.beat()
        service.turn()
    if service.restart.is_set():
        life.stop.wait(0.2)  # the answer to the portal goes out first
    service.close()
    log.info("service ended")
    return 0


def _card_of(state: State) -> Callable[[], Path | None]:
    """Gives the SD card's folder while the card is there; STATE/board.json says where that is."""
    try:
        simulated = load(state).simulated
        sd = str(json.loads(state.board_file.read_text()).get("sd") or "")
    except (OSError, ValueError, ConfigError) as why:
        log.info("no SD card: %s", why)
        return lambda: None
    folder = Path(sd) if sd else None
    return lambda: folder if card_present(folder, simulated) else None
