"""Outputs of the API: what the service is asked, and what it refuses."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

import pytest

from board.kit.errors import WireError
from board.kit.words import Text
from engine.messages import Outcome, SwitchOutput, TestAction
from engine.settings.lane import LaneSettings
from tests.samples import WHITE, rule
from tests.unit.webui.portal_caller import Caller, Reply


class Service:
    """A service that answers each order alike."""

    def __init__(self, answer: Outcome | None = None) -> None:
        self.orders: list[object] = []
        self._answer = answer

    def ask(self, order: object, answer: type[object], timeout_s: float) -> Any:
        self.orders.append(order)
        if self._answer is None:
            raise WireError("service.sock does not answer")
        return self._answer

    def outcome(self, order: object, timeout_s: float) -> Any:
        return self.ask(order, Outcome, timeout_s)


def switch(caller: Caller, service: Service, name: str = "DO1", role: str = "operator", **body: object) -> Reply:
    asked = caller.with_portal(replace(caller.portal, service=service))  # type: ignore[arg-type]  # as much of one as is used
    return asked.send("POST", f"api/board/outputs/{name}", body, role)


def test_an_operator_opens_the_gate_under_his_name_and_a_viewer_does_not(caller: Caller) -> None:
    service = Service(Outcome(True, Text("DO1 pulsed 700 ms")))
    reply = switch(caller, service, duration_ms=700, reason="parcel")
    assert (reply.status, reply.json["ok"], reply.json["note"]) == (200, True, "DO1 pulsed 700 ms")
    assert service.orders == [SwitchOutput("DO1", "pulse", 700, "anna", "", "API", "parcel")]
    assert switch(caller, service, role="viewer").status == 403
    assert len(service.orders) == 1


def test_the_gate_is_the_output_that_opens_the_lane_whatever_action_comes_first(caller: Caller) -> None:
    """It was the lamp: opened by hand, the barrier stayed shut."""
    store = caller.portal.store
    for name, output in (("Lamp", "DO1"), ("Barrier", "DO2")):
        store.rules.save(rule(name=name, output=output, duration_ms=900), "anna")
    opened = []
    for settings in (LaneSettings(open_output="DO2"), LaneSettings(open_output="DO2", arming="DI1")):
        store.settings.put(settings, "anna")
        service = Service(Outcome(True))
        asked = caller.with_portal(replace(caller.portal, service=service))  # type: ignore[arg-type]  # as much of one as is used
        assert asked.send("POST", "api/gate", {"reason": "parcel"}, "operator").status == 200
        opened += [(order.output, order.duration_ms) for order in service.orders]  # type: ignore[attr-defined]
    assert opened == [("DO1", 900), ("DO2", 900)]


@pytest.mark.parametrize(
    ("address", "body"),
    [
        ("api/board/outputs/DO1", {}),
        ("api/gate", {"reason": "parcel"}),
        ("api/rules/test", {"kind": "io", "list_id": WHITE, "plate": "AB12", "options": {}}),
    ],
)
def test_an_order_says_since_when_the_camera_has_it_so_that_nothing_opens_late_for_a_portal_that_hung(
    caller: Caller, address: str, body: dict[str, Any]
) -> None:
    service = Service(Outcome(True))
    asked = caller.with_portal(replace(caller.portal, service=service))  # type: ignore[arg-type]  # as much of one as is used
    sent = json.dumps(body).encode()
    assert asked.call("POST", address, "admin", sent, HTTP_X_GATEWRIGHT_CAME_NS="12345").status == 200
    before_ns = time.monotonic_ns()
    assert asked.call("POST", address, "admin", sent).status == 200  # by a host of before
    with_host, without = service.orders
    assert isinstance(with_host, SwitchOutput | TestAction) and isinstance(without, SwitchOutput | TestAction)
    assert (with_host.ordered_ns, with_host.user) == (12345, "anna")
    assert before_ns <= without.ordered_ns <= time.monotonic_ns()


@pytest.mark.parametrize(
    ("name", "body", "status"),
    [
        ("DO9", {}, 404),
        ("DI1", {}, 404),
        ("DO1", {"do": "pattern"}, 422),
        ("DO1", {"duration_ms": 9}, 422),
        ("DO1", {"reason": "x" * 81}, 422),
        ("DO1", {"do": "on", "duration_ms": 700}, 422),
        ("DO1", {"do": "on", "duration_ms": 500}, 422),
        ("DO1", {"do": "pulse", "for_ms": 500}, 422),
    ],
)
def test_what_makes_no_sense_does_not_reach_the_service(caller: Caller, name: str, body: dict[str, Any], status: int) -> None:
    service = Service(Outcome(True))
    assert switch(caller, service, name, **body).status == status
    assert service.orders == []


def test_what_ends_an_opening_is_done_whatever_else_is_said(caller: Caller) -> None:
    service = Service(Outcome(True))
    assert switch(caller, service, do="off", duration_ms=500).status == 200
    assert [order.do for order in service.orders] == ["off"]  # type: ignore[attr-defined]


def test_a_refusal_and_a_service_that_is_away_are_told_apart(caller: Caller) -> None:
    refused = switch(caller, Service(Outcome(False, Text("DO2 is on: they are interlocked"))), do="on")
    assert (refused.status, refused.json["error"]) == (409, "DO2 is on: they are interlocked")
    assert switch(caller, Service()).status == 503
