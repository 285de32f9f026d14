"""Requests: what portal and recorders' servers ask of the service, each answered once it is done."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Any

from board.kit.errors import DeliveryError, GatewrightError
from board.kit.words import NOTHING, Text
from engine.actions import Kinds, options_of
from engine.dispatch.starts import opens
from engine.line_settings import pulses, pulses_text
from engine.messages import (
    AskStatus,
    CameraSaw,
    FireTrigger,
    Outcome,
    RestartService,
    RulesChanged,
    SendTest,
    SetPulse,
    SettingsChanged,
    SwitchOutput,
    TestAction,
    TriggerAnswer,
)
from engine.service.events import Done
from engine.service.lane import LaneKeeper
from engine.service.pins_link import PinsLink
from engine.service.status import Status
from engine.service.subscribers import Subscribers
from engine.service.switching import Switching
from engine.service.trials import TEST_PLATE, Trials
from engine.service.triggers import Triggers
from engine.settings import GeneralSettings, RecorderSettings
from engine.store import Store

log = logging.getLogger("service")

MAX_TRIGGER_WAIT_S = 60.0


class Requests:
    """`store()`: StoreError while it is not open; `apply` and `use_rules` have in force what is stored."""

    def __init__(
        self,
        kinds: Kinds,
        own_id: str,
        store: Callable[[], Store],
        apply: Callable[[Store], None],
        use_rules: Callable[[Store], None],
        restart: threading.Event,
        triggers: Triggers,
        trials: Trials,
        switching: Switching,
        status: Status,
        subscribers: Subscribers,
        lane: LaneKeeper,
        pins: PinsLink,
    ) -> None:
        self._kinds = kinds
        self._own_id = own_id
        self._store = store
        self._apply = apply
        self._use_rules = use_rules
        self._restart = restart
        self._triggers = triggers
        self._trials = trials
        self._switching = switching
        self._status = status
        self._subscribers = subscribers
        self._lane = lane
        self._pins = pins

    @property
    def handlers(self) -> Mapping[type, Callable[[Any], object]]:
        """{request: what answers it}."""
        return {
            AskStatus: lambda request: self._status.now(),
            FireTrigger: self._fire_trigger,
            TestAction: self._test_action,
            SendTest: self._send_test,
            SwitchOutput: self._switching.do,
            SetPulse: self._set_pulse,
            CameraSaw: self._camera_saw,
            RulesChanged: self._rules_changed,
            SettingsChanged: self._settings_changed,
            RestartService: self._restart_service,
        }

    def _fire_trigger(self, request: FireTrigger) -> TriggerAnswer:
        try:
            trigger = self._triggers.fire(request.cause)
        except GatewrightError as why:
            return TriggerAnswer(False, why.text, "")
        wait_s = min(request.wait_s, MAX_TRIGGER_WAIT_S)
        passage = self._triggers.wait_passage(trigger.id, wait_s) if wait_s > 0 else None
        return TriggerAnswer(True, NOTHING, trigger.id, passage)

    def _test_action(self, request: TestAction) -> Outcome:
        try:
            outcome = self._trials.run(request)
        except DeliveryError as why:
            self._tell_test(request, "failed", why.text)
            raise
        kind, options = options_of(self._kinds, request.kind, request.options)
        if self._lane.opens(kind, options):
            self._lane.by_hand()
        self._tell_test(request, "done", outcome.note)
        return outcome

    def _tell_test(self, request: TestAction, state: str, note: Text) -> None:
        if request.user and opens(self._kinds[request.kind]):
            self._switching.tried(request, Done(request.kind, state, note))

    def _send_test(self, request: SendTest) -> Outcome:
        self._subscribers.test(self._trials.passage())
        log.info("a test is told to all who are told passages")
        return Outcome(True, Text("a test with the plate {plate} was told", {"plate": TEST_PLATE}))

    def _set_pulse(self, request: SetPulse) -> Outcome:
        store = self._store()
        settings = store.settings(RecorderSettings)
        text = pulses_text({**pulses(settings.onvif_outputs), request.output: request.pulse_s})
        user = f"{request.user} at {request.address} (ONVIF)"
        store.settings.put(settings.model_copy(update={"onvif_outputs": text}), user)
        self._apply(store)
        return Outcome(True)

    def _camera_saw(self, request: CameraSaw) -> Outcome:
        general = self._store().settings(GeneralSettings)
        self._lane.saw(request, general.camera_id or self._own_id)
        return Outcome(True)

    def _rules_changed(self, request: RulesChanged) -> Outcome:
        self._use_rules(self._store())
        try:
            self._pins.push_polarities()
        except DeliveryError as why:
            if not self._pins.problem:
                return Outcome(False, why.text)
            return Outcome(True, Text("saved; polarities are set as soon as the pins process answers ({why})", {"why": why.text}))
        return Outcome(True)

    def _settings_changed(self, request: SettingsChanged) -> Outcome:
        store = self._store()
        self._apply(store)
        self._use_rules(store)  # a broker knows the camera by its id, and topics have its name and place in them
        return Outcome(True)

    def _restart_service(self, request: RestartService) -> Outcome:
        log.info("restart asked for")
        self._restart.set()
        return Outcome(True, Text("engine and service restart"))
