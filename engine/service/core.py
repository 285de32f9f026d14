"""Service: the process that stores passages, looks plates up, carries out actions and takes triggers.

This file puts the parts together; each part is one file beside it and gets what it needs as callables.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path
from typing import Any

from board.devices import DeviceBook
from board.identity import Identity, identity
from board.kit.clients import Clients
from board.kit.clock import Clock, boot_id
from board.kit.dataclass import dataclass
from board.kit.errors import DeliveryError, StorageRefused, StoreError, WireError
from board.kit.process import set_log_levels
from board.kit.servers import announce, bind_address
from board.kit.settings import fingerprints
from board.kit.state import State
from board.kit.words import NOTHING, Text
from board.pins.acts import has_begun
from board.serial import SerialLines
from board.types import InputEdge, WiegandSent
from engine.actions import Kinds, Lane
from engine.actions.io import ACTION as IO
from engine.actions.io import IoOptions
from engine.dispatch.asking import Asker, Verdicts
from engine.dispatch.bypass import Bypass
from engine.dispatch.environment import Environment
from engine.dispatch.intake import Intake
from engine.dispatch.outbox import Outbox
from engine.dispatch.peers import Peers
from engine.dispatch.perform import Performer
from engine.dispatch.replies import Replies
from engine.dispatch.starts import only_ends
from engine.dispatch.workers import Workers, names_of
from engine.exchange.kinds import find_jobs
from engine.lane.handover import Handover
from engine.messages import (
    EngineHello,
    EngineStatus,
    LineState,
    LiveReads,
    PassageReport,
    PassageStored,
    ReadAgain,
    ReadTold,
    ServerSettings,
    StartTrigger,
    StopEngine,
    TriggerTaken,
)
from engine.network import Network, reachable
from engine.plates import answer
from engine.service.card_pictures import CardPictures
from engine.service.counters import BAD_FRAMES, Counters
from engine.service.doubt import Doubt
from engine.service.engine_view import EngineView
from engine.service.engine_zone import EngineZone
from engine.service.events import Events, Happening
from engine.service.exchanges import Exchanges
from engine.service.for_servers import for_servers
from engine.service.hub import Hub
from engine.service.inputs import Inputs
from engine.service.lane import LaneKeeper, Stores
from engine.service.newest_picture import NewestPicture
from engine.service.outputs import Outputs
from engine.service.passage_source import StoredPassages
from engine.service.passages_in import PassagesIn
from engine.service.pins_link import PinsLink
from engine.service.places import forget_unseen
from engine.service.problems import Problems
from engine.service.publishing import Publishing, starter
from engine.service.remembered import LastInputs, LastLook, LastTrigger, Remembered
from engine.service.requests import Requests
from engine.service.retention import Retention
from engine.service.room import Room
from engine.service.scheduler import Scheduler
from engine.service.servers.trigger import NAME as TRIGGER
from engine.service.standing import Standing
from engine.service.status import Status
from engine.service.subscribers import Subscribers
from engine.service.switching import Switching
from engine.service.timers import Timers
from engine.service.trials import Trials
from engine.service.triggers import TAKEN_TIMEOUT_S, Triggers
from engine.settings import GeneralSettings, LprSettings
from engine.settings.lane import LaneSettings
from engine.store import Store
from engine.store.backup import Backup
from engine.store.upkeep import Upkeep
from engine.stored_pictures import stored_pictures
from engine.types import Delivery, Passage, WiegandFrame

log = logging.getLogger("service")

STUCK_S = 12.0
"""A commit waits up to 5 s for a lock, and a passage may take two."""

WORKERS_END_S = 1.0
"""Both lanes together: what a peer takes longer for is sent again after the next start."""

CARD_LIMIT_S = 90.0
"""A card that stalls: a service that is ended over it waits for it all the same, and lets nobody in meanwhile, as this one does
(engine/dispatch/bypass.py)."""

NO_PICTURE = (0, 0)
"""Size of a trigger's pictures when there was none: the camera was away."""


@dataclass(frozen=True, slots=True)
class Core:
    """The parts that need the store; built once it opens. `gate` and `keeper` are separate stores on the same file, for the way
    from the passage to the gate and for background work: neither waits for a lock of this process then. `events`: takes events
    without a car, over `store`."""

    store: Store
    gate: Store
    keeper: Store
    outbox: Outbox
    workers: Mapping[Lane, Workers]
    intake: Intake
    events: Intake
    scheduler: Scheduler
    exchanges: Exchanges
    card: CardPictures
    publishing: Publishing
    lpr: LprSettings
    general: GeneralSettings
    lane: LaneSettings
    lane_stores: Stores

    def close(self) -> None:
        for workers in self.workers.values():
            workers.cease()
        end_s = time.monotonic() + WORKERS_END_S
        for workers in self.workers.values():
            workers.stop(end_s - time.monotonic())
        self.exchanges.close()
        self.card.close()
        self.publishing.close()
        for store in (self.keeper, self.gate, self.store):
            store.close()


class Service:
    """The whole process without its signals. The main thread calls `turn` about once a second.

    `card()`: the SD card's folder, None while there is none."""

    def __init__(self, state: State, clock: Clock, kinds: Kinds, licensed: bool, card: Callable[[], Path | None]) -> None:
        self._state = state
        self._clock = clock
        self._kinds = kinds
        self._identity = identity(state)
        self._licensed = licensed
        self._card = card
        self._core: Core | None = None
        self._recovered = False
        """Recovers what was under way when the previous process ended, and starts carrying out deliveries."""
        self.restart = threading.Event()
        self._using_rules = threading.Lock()
        self._problems = Problems(clock, lambda: self._subscribers.status_changed())
        self._reachable: tuple[str, ...] = ()
        self._network = Network(self._permitted)
        self._serial = SerialLines(state, DeviceBook(state, "service"), self._network.addresses_soon)
        self._peers = Peers(kinds, self._problems.say)
        self._replies = Replies()
        self._clients = Clients(state, "service")
        self._counters = Counters(clock, self._store, self._problems.say)
        self._engine = EngineView(clock, self._counters, licensed, lambda: self._subscribers.status_changed())
        self._outputs = Outputs(
            self._store,
            lambda: self._core.general if self._core else None,
            lambda: self._core.lane if self._core else None,
            kinds,
            self._problems.say,
        )
        kept_trigger = Remembered(state.last_trigger_file, LastTrigger)
        last = kept_trigger.get()
        self._triggers = Triggers(
            clock,
            self._engine.mode,
            lambda trigger: self._hub.send_engine(StartTrigger(trigger)),
            lambda: self._core.lpr.trigger_period_s if self._core else LprSettings().trigger_period_s,
            self._counters.add,
            None if last is None or last.boot != boot_id() else last.monotonic_ns,
            lambda at_ns: kept_trigger.put(LastTrigger(boot_id(), at_ns)),
        )
        self._kept_inputs = Remembered(state.last_inputs_file, LastInputs)
        inputs = self._kept_inputs.get()
        self._closing = False
        """What comes now is left to the next process, which does not know of it."""
        self._early: dict[str, InputEdge] = {}
        """Inputs that changed while there is no store: who drove onto a loop stands there. One that changes back has not."""
        self._pins = PinsLink(
            state.pins_socket,
            clock,
            self._on_edge,
            self._on_frame,
            self._outputs.line_rules,
            self._outputs.polarities,
            self._on_line,
            lambda line, text: self._lane.warning(line, text),
            dict(inputs.active) if inputs is not None and inputs.boot == boot_id() else {},
            lambda: self._lane.all_told(),
        )
        self._kept_frame = Remembered(state.last_wiegand_file, WiegandFrame)
        self._pins.wiegand = self._kept_frame.get()
        self._inputs = Inputs(
            clock,
            self._pins,
            self._serial,
            self._triggers.fire,
            TAKEN_TIMEOUT_S,
            self._problems.say,
            bind_address(),
            lambda url: announce(state, TRIGGER, url),
            self._replies,
            self._clients,
            self._is_blind,
            self._triggers.was_in_vain,
        )
        self._events = Events(clock, self._take_event, self._problems.say)
        self._pictures = stored_pictures(state)
        self._lane = LaneKeeper(
            clock,
            Remembered(state.lane_file, Handover),
            self._events.happened,
            lambda: self._subscribers.status_changed(),
            self._problems.say,
            self._read_again,
        )
        kept_look = Remembered(state.last_look_file, LastLook)
        look = kept_look.get()
        self._timers = Timers(
            clock,
            self._time_zone,
            self._events.happened,
            partial(only_ends, kinds),
            None if look is None or look.boot != boot_id() else look.at,
            lambda at: kept_look.put(LastLook(boot_id(), at)),
        )
        self._environment = Environment(
            clock,
            self._pins,
            self._serial,
            self._pictures,
            self._peers,
            self._replies,
            self._network,
            state.broadcasts_socket,
            self._identity.id,
            lambda: self._need_store().settings(GeneralSettings),
            partial(answer, self._need_store),
        )
        self._trials = Trials(clock, kinds, self._pins, self._environment, self._need_store, self._outputs.polarities)
        self._switching = Switching(clock, self._pins, self._events.happened, self._switched_by_hand)
        self._room = Room(state.database, state.images)
        self._bypass = Bypass(kinds, self._environment, self._pins, clock, self._lane)
        self._asker = Asker(self._gate_store, kinds, self._environment, clock, lambda its_id: self._bypass.held(its_id) is not None)
        self._status = Status(
            state,
            clock,
            self._engine,
            self._counters,
            self._pins,
            self._problems,
            card,
            self._running,
            lambda: self._room.problem,
            lambda: self._core.card.problem if self._core else NOTHING,
            self._lane.status,
        )
        self._passages = StoredPassages(lambda: Store(state.database, clock, checkpoints=False))
        self._subscribers = Subscribers(self._status.now, self._pins.lines, self._server_settings, self._passages)
        self._standing = Standing(clock, kinds, self._read_again, partial(has_begun, state.acts_file), self._lane)
        self._engine_zone = EngineZone(lambda message: self._hub.send_engine(message))
        self._passages_in = PassagesIn(self._take)
        requests = Requests(
            kinds,
            self._identity.id,
            self._need_store,
            self._apply,
            self._use_rules,
            self.restart,
            self._triggers,
            self._trials,
            self._switching,
            self._status,
            self._subscribers,
            self._lane,
            self._pins,
        )
        self._hub = Hub(state.service_socket, requests.handlers, self._on_engine, self._subscribers.serve)

    def start(self) -> None:
        self._open_core()
        self._hub.start()
        self._clients.start()
        self._subscribers.start()
        self._pins.start()
        self.turn()

    def stuck(self) -> str:
        """Why no car would be let in although the process lives: a thread that opens gates has hung. "" while all is well."""
        storing = self._core.intake.storing if self._core is not None else ()
        busy_s = max(self._hub.busy_s(), self._passages_in.oldest_s(but_for=storing))
        if busy_s <= STUCK_S:
            busy_s = self._passages_in.oldest_s()
            if busy_s <= CARD_LIMIT_S:
                return ""
        return f"a passage has been on its way into the store for {busy_s:.0f} s"

    def turn(self) -> None:
        """Recurring work; retries what could not start."""
        core = self._core or self._open_core()
        if core is None:
            return
        if core.store.db.is_over():
            log.error("the database is damaged or to be exchanged: the service starts again")
            self.restart.set()
            return
        if not self._recovered:
            self._recover(core)
        while self._early:
            self._on_edge(self._early.popitem()[1])
        core.scheduler.run()
        self._room.look()
        if not self._pins.problem:
            self._standing.turn(core.keeper)
        self._inputs.turn()
        try:
            self._timers.turn()
        except StoreError as why:
            self._problems.say(why.text)
        self._counters.turn()

    def close(self) -> None:
        """Engine and portal notice by their connections; what is under way is sent again after the next start."""
        self._closing = True
        if self.restart.is_set():
            try:
                self._hub.send_engine(StopEngine())
            except WireError as why:  # it starts anew with what is stored, whoever ended it
                log.info("the engine was not told to start again: %s", why)
        self._inputs.close()
        self._clients.close()
        self._lane.close()
        self._events.close()
        self._counters.keep()
        self._subscribers.close()
        self._hub.close()
        self._passages.close()
        if self._core is not None:
            self._core.close()
        self._peers.close()
        self._serial.close()
        self._pins.close()

    # --- the store and what lives on it -------------------------------------------------------------------------------

    def _open_core(self) -> Core | None:
        try:
            core = self._built()
        except StoreError as why:
            self._problems.say(why.text)
            self._room.refused(why, None)  # the next turn tries again
            return None
        self._apply(core.store)
        self._lane.open(core.lane, core.lane_stores)  # before the first passage is taken
        self._core = core
        core.card.start()
        if self._identity.before and core.general.camera_id != self._identity.before:
            self._problems.say(_moved(self._identity, core.general))
        try:
            if not self._pins.problem:  # it connected while the store was away; else it gets them as it connects
                self._pins.push_rules()
        except DeliveryError as why:
            log.info("polarities follow with the connection to pins: %s", why)
        self._inputs.open(core.lpr, core.general)
        self._use_rules(core.store)
        self._recover(core)
        return core

    def _recover(self, core: Core) -> None:
        """Deliveries are carried out from here on. If the storage cannot be written, that is put off: what opened gates in an
        earlier boot must not be mistaken for something of this one. Cars are let in meanwhile (engine/dispatch/bypass.py)."""
        try:
            again = core.outbox.recover(boot_id(), names_of(self._kinds, Lane.FAST))
        except StorageRefused as why:
            self._room.refused(why, core.keeper)
            return
        if again:
            log.warning("%d deliveries were on their way when the service ended: they are sent again", again)
        for workers in core.workers.values():
            workers.remember(core.store.rules.results().values())
            workers.start()
        self._recovered = True

    def _built(self) -> Core:
        with ExitStack() as opened:  # tried again each second: nothing may be left open
            store = opened.enter_context(closing(Store(self._state.database, self._clock, checkpoints=False)))
            gate = opened.enter_context(closing(Store.of_gate(self._state.database, self._clock)))
            keeper = opened.enter_context(closing(Store(self._state.database, self._clock, checkpoints=False)))
            core = self._build(store, gate, keeper)
            opened.pop_all()
            return core

    def _build(self, store: Store, gate: Store, keeper: Store) -> Core:
        has_begun_here = partial(has_begun, self._state.acts_file)
        outbox = Outbox(store, self._clock, self._delivered, has_begun_here)
        lane_settings = store.settings(LaneSettings)
        barrier = self._lane if lane_settings.in_use else None
        performer = Performer(store, outbox, self._kinds, self._environment, self._clock, barrier)
        workers = {
            lane: Workers(lane, self._kinds, outbox, performer, self._pins, self._peers.of, self._clock, self._problems.say)
            for lane in Lane
        }
        exchanges = Exchanges(self._state, self._clock, find_jobs(), keeper, self._identity.id, self._problems.say)
        backup, doubts = Backup(self._state.database, self._clock), Doubt(keeper, self._clock)
        publishing = Publishing(self._state, keeper.entries.mark, self._clock, starter(self._state))
        return Core(
            store=store,
            gate=gate,
            keeper=keeper,
            outbox=outbox,
            workers=workers,
            intake=Intake(gate, self._kinds, workers, self._clock, self._licensed, self._bypass, barrier, has_begun_here),
            events=Intake(store, self._kinds, workers, self._clock, bypass=self._bypass),  # a licence is for reading plates alone
            scheduler=Scheduler(
                Retention(keeper, self._state.images, self._clock, doubts=doubts),
                keeper.db.checkpoint,
                self._clock,
                self._problems.say,
                upkeep=Upkeep(keeper.db, self._clock).turn,
                exchange=exchanges.turn,
                sync=keeper.db.sync,
                forget=partial(forget_unseen, keeper, self._clock, doubts),
                publish=publishing.turn,
                backup=lambda: backup.turn(keeper.changes.newest()),
            ),
            exchanges=exchanges,
            card=CardPictures(keeper, self._pictures, self._card, self._clock),
            publishing=publishing,
            lpr=store.settings(LprSettings),
            general=store.settings(GeneralSettings),
            lane=lane_settings,
            lane_stores=Stores(
                gate,
                store,
                outbox,
                self._kinds,
                partial(_wake, workers),
                self._subscribers.decided,
                self._bypass,
                lambda why: self._room.refused(why, keeper),
            ),
        )

    def _use_rules(self, store: Store) -> None:
        """Rules or the camera's name have changed, or are loaded now. Of two changes at once the last has the rules of both."""
        with self._using_rules:
            self._use_rules_now(store)

    def _use_rules_now(self, store: Store) -> None:
        now, now_ns = self._clock.now(), self._clock.monotonic_ns()
        try:
            rules = store.rules()
            if self._core is not None:  # first: a broker that does not let go takes seconds, and a pulse may begin meanwhile
                for workers in self._core.workers.values():
                    workers.use(rules)
            self._peers.keep(rules, lambda: self._environment.plain("", now, now_ns))
        except StoreError as why:
            self._problems.say(why.text)
            return
        self._replies.given = any(rule.enabled and rule.kind in self._kinds and self._kinds[rule.kind].replies for rule in rules)
        self._asker.use(rules)
        self._events.use(rules)
        self._timers.use(rules)

    def _time_zone(self) -> str:
        return self._need_store().settings(GeneralSettings).time_zone

    def _permitted(self) -> tuple[str, ...]:
        """The further addresses that an administrator lets actions reach; those of before while the settings cannot be read:
        what an address forbids is given up for good."""
        try:
            self._reachable = reachable(self._need_store().settings(GeneralSettings).action_addresses)
        except StoreError as why:
            log.debug("%s", why)
        return self._reachable

    def _store(self) -> Store | None:
        return self._core.store if self._core else None

    def _gate_store(self) -> Store:
        if self._core is None:
            raise StoreError("the store is not open yet")
        return self._core.gate

    def _need_store(self) -> Store:
        if self._core is None:
            raise StoreError(self._problems.last()[0] or "the store is not open yet")
        return self._core.store

    # --- engine and pins ----------------------------------------------------------------------------------------------

    def _on_engine(self, message: Any) -> None:
        if isinstance(message, PassageReport):
            if message.passage.trigger_id and message.passage.size == NO_PICTURE:
                self._inputs.refused(message.passage.trigger_id)
            self._passages_in.take(message.passage)
        elif isinstance(message, EngineStatus | LiveReads):
            self._engine.take(message)
            if isinstance(message, LiveReads):
                self._subscribers.live(message)
        elif isinstance(message, ReadTold):
            logging.getLogger(message.logger).info("%s", message.line)
        elif isinstance(message, TriggerTaken):
            self._triggers.taken(message)
            if message.refused:
                self._inputs.refused(message.trigger_id)
        elif isinstance(message, EngineHello):
            self._engine_zone.hello(message)
        elif message is None:
            self._engine.gone()
            self._standing.engine_gone()

    def _read_again(self, message: ReadAgain) -> None:
        """WireError: not now. An engine that reads by triggers alone reads a car anew by another trigger."""
        if self._engine.mode() != "TRIGGER":
            self._hub.send_engine(message)
            return
        try:
            found = self._need_store().passages.get(message.passage_id)
        except StoreError as why:
            raise WireError("{why}", why=why) from why
        if found is not None:
            self._inputs.read_again(found.passage)

    def _take(self, passage: Passage) -> None:
        """Answers only once it is committed: until then the engine keeps it and sends it again."""
        try:
            self._asker.ask(passage, self._take_in)
        except StoreError as why:
            self._problems.say(_not_stored(passage.plate, why))

    def _take_in(self, passage: Passage, verdicts: Verdicts) -> None:
        """Called once all servers were asked about it."""
        core = self._core
        if core is None:
            return
        try:
            if self._with_room(core.gate, lambda: core.intake.take(passage, verdicts=verdicts)):
                self._subscribers.passage_stored()
        except StoreError as why:
            self._problems.say(_not_stored(passage.plate, why))
            return
        self._triggers.passage(passage)
        self._hub.send_engine(PassageStored(passage.id))

    def _with_room(self, store: Store, take: Callable[[], bool]) -> bool:
        """Whether what `take` stores is new. On a full storage, pictures are deleted for it."""
        try:
            return take()
        except StoreError as why:
            if not self._room.refused(why, store):
                raise
        return take()

    def _take_event(self, happening: Happening) -> None:
        core = self._core
        if core is None:
            raise StoreError("the store is not open yet")
        event = NewestPicture(lambda: core.keeper, self._pictures).give(happening.passage)
        if self._with_room(core.keeper, lambda: core.events.take(event, happening.happened, done=happening.done)):
            self._subscribers.passage_stored()

    def _delivered(self, delivery: Delivery) -> None:
        self._subscribers.delivery(delivery)
        self._lane.failed(delivery)

    def _on_line(self, line: LineState) -> None:
        if line.changed_at is None:
            self._keep_inputs()
        self._lane.line(line)
        self._subscribers.line(line)

    def _on_edge(self, edge: InputEdge) -> None:
        if self._closing:
            return
        if self._core is None:
            if self._early.pop(edge.input, None) is None:
                self._early[edge.input] = edge
            return
        self._inputs.edge(edge)
        self._events.input(edge.input, edge.active)
        self._keep_inputs()

    def _keep_inputs(self) -> None:
        inputs = tuple((line.name, line.active) for line in self._pins.lines() if line.kind == "input")
        self._kept_inputs.put(LastInputs(boot_id(), inputs))

    def _is_blind(self) -> bool:
        """Whether no trigger would find a car, in another mode either: it would be refused once a second."""
        status = self._engine.alive()
        return status is None or bool(status.camera) or self._engine.mode() != "TRIGGER"

    def _on_frame(self, frame: WiegandSent) -> None:
        self._kept_frame.put(WiegandFrame(frame.port, frame.code, frame.at, frame.ok))
        if not frame.ok:
            log.warning("%s: a frame had edges out of limits and was sent again", frame.port)
            self._counters.add(BAD_FRAMES)

    # --- settings -----------------------------------------------------------------------------------------------------

    def _switched_by_hand(self, options: IoOptions) -> None:
        if self._lane.opens(IO, options):
            self._lane.by_hand()

    def _running(self) -> dict[str, str]:
        """Fingerprints of the settings that this process was started with; the region belongs to the engine alone."""
        if self._core is None:
            return {}
        found = fingerprints(self._core.lpr, self._core.general, self._core.lane)
        return {name: print_ for name, print_ in found.items() if name not in ("lpr.region", "lpr.countries")}

    def _apply(self, store: Store) -> None:
        """Applies what needs no restart; the rest stays as it was read at the start."""
        general = store.settings(GeneralSettings)
        set_log_levels(self._state, general.log_level, general.log_levels)
        self._engine_zone.use(general.time_zone)
        self._subscribers.settings(for_servers(store, self._identity.id))

    def _server_settings(self) -> ServerSettings | None:
        try:
            return for_servers(self._need_store(), self._identity.id)
        except StoreError:
            return None  # pushed as soon as the store opens


def _moved(own: Identity, general: GeneralSettings) -> Text:
    """A card that was in another board: replaced, or one of two copies."""
    values = {"before": own.before, "id": general.camera_id or own.id}
    return Text(
        "this storage was in the board of camera {before}; its id is {id} now. If that board was replaced, enter the old id in "
        "General configuration; if it is a copy, change device name and addresses",
        values,
    )


def _wake(workers: Mapping[Lane, Workers]) -> None:
    for each in workers.values():
        each.wake()


def _not_stored(plate: str, why: StoreError) -> Text:
    return Text(
        "passage of {plate} not stored, servers are told later: {why}",
        {"plate": plate or Text("no plate"), "why": why.text},
    )
