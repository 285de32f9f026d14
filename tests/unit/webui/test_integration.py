"""Integration: what the page says of servers, clients, recorders and ports, and that a test opens nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from board.kit.clients import Clients
from board.kit.servers import announce
from board.kit.words import Text
from engine.messages import Outcome, SendTest, TestAction
from engine.settings import RecorderSettings
from engine.types import ActionRule
from tests.samples import WHITE, rule
from tests.unit.webui.portal_caller import Caller
from webui.view.recorders import PRODUCTS

HOST = {"HTTP_HOST": "gate.example:8080"}


@pytest.fixture
def clients(caller: Caller) -> Iterator[Clients]:
    clients = Clients(caller.state, "vms")
    clients.start()
    yield clients
    clients.close()


def asked(caller: Caller, **more: str) -> Any:
    reply = caller.call("GET", "api/integration", "admin", **{**HOST, **more})
    assert reply.status == 200
    return reply.json


def servers(caller: Caller) -> dict[str, Any]:
    return {each["name"]: each for each in asked(caller)["servers"]}


def listen(caller: Caller) -> None:
    announce(caller.state, "onvif", "http://127.0.0.1:8080/onvif/device_service")
    announce(caller.state, "rtsp", "rtsp://127.0.0.1:8554/main")
    announce(caller.state, "nvr", "tcp://127.0.0.1:17001")


def test_a_server_says_whether_it_listens_is_off_or_should_listen_and_where_others_reach_it(caller: Caller) -> None:
    announce(caller.state, "nvr", "tcp://127.0.0.1:17001")
    caller.portal.store.settings.put(RecorderSettings(rtsp=False), "admin")
    found = {name: (each["state"], each["address"]) for name, each in servers(caller).items()}
    assert found == {
        "onvif": ("silent", ""),
        "rtsp": ("off", ""),
        "nvr": ("on", "tcp://gate.example:17001"),
        "trigger": ("silent", ""),
        "ftp": ("off", ""),
        "https": ("off", ""),
    }


def test_https_is_no_socket_server_and_nobody_counts_who_uses_it(caller: Caller) -> None:
    announce(caller.state, "https", "https://127.0.0.1:8443")
    found = servers(caller)["https"]
    assert (found["title"], found["state"], found["count"]) == ("HTTPS", "on", None)
    assert "SOCKET SERVER" not in found["about"]


def test_who_is_connected_is_shown_with_the_last_that_was_sent_and_why_somebody_went(caller: Caller, clients: Clients) -> None:
    announce(caller.state, "socket server 17005", "tcp://127.0.0.1:17005")
    client = clients.open("socket server 17005", "10.0.0.7:40000", "<b>anna</b>")
    client.sent("BGW2847")
    clients.open("socket server 17005", "10.0.0.8:40000").closed(Text("it does not read"))
    found = servers(caller)["socket server 17005"]
    assert (found["state"], found["address"], found["count"]) == ("on", "tcp://gate.example:17005", 1)
    here, gone = found["clients"]
    assert (here["address"], here["user"], here["sent"], here["count"]) == ("10.0.0.7:40000", "<b>anna</b>", "BGW2847", 1)
    assert here["since_local"][:2] == here["sent_local"][:2] == "20" and here["ended_local"] == ""
    assert (gone["address"], gone["why"], gone["ended_local"][:2]) == ("10.0.0.8:40000", "it does not read", "20")


def copies(caller: Caller, name: str, **more: str) -> dict[str, str]:
    (product,) = [each for each in asked(caller, **more)["products"] if each["name"] == name]
    return {each["label"]: each["text"] for each in product["copies"]}


def test_settings_to_copy_have_the_addresses_by_which_the_browser_reached_the_camera(caller: Caller) -> None:
    listen(caller)
    nx = copies(caller, "Network Optix Nx Witness")
    assert nx == {"ONVIF address": "http://gate.example:8080/onvif/device_service", "User name": "USER", "Password": "PASSWORD"}
    assert copies(caller, "Synology Surveillance Station")["Video, small"] == "rtsp://gate.example:8554/sub"
    assert copies(caller, "Milesight NVR, VMS")["Port of plates"] == "17001"
    assert "rtsp://USER:PASSWORD@gate.example:8554/main" in copies(caller, "Frigate")["config.yml"]
    six = copies(caller, "Milestone XProtect", HTTP_HOST="[fe80::1]")
    assert (six["Address"], six["Port"]) == ("[fe80::1]", "80")


def test_what_is_switched_off_leaves_its_fields_empty_and_the_others_filled(caller: Caller) -> None:
    found = copies(caller, "Synology Surveillance Station")
    assert (found["Video, full size"], found["Address"], found["Port"]) == ("", "gate.example", "8080")


@pytest.mark.parametrize("host", ["<script>", "a b", "", "x" * 300 + "/", "gate.example:99999999", "[::1"])
def test_a_forged_host_header_gets_into_no_address(caller: Caller, host: str) -> None:
    listen(caller)
    assert copies(caller, "Milestone XProtect", HTTP_HOST=host)["Address"] == "camera"
    assert copies(caller, "Network Optix Nx Witness", HTTP_HOST=host)["ONVIF address"] == "http://camera/onvif/device_service"


def test_every_place_in_the_texts_of_products_is_filled_in(caller: Caller) -> None:
    listen(caller)
    found = asked(caller)["products"]
    assert [each["name"] for each in found] == [each.name for each in PRODUCTS]
    assert {"Milestone XProtect", "Genetec Security Center", "Home Assistant", "Milesight NVR, VMS"} <= {
        each["name"] for each in found
    }
    texts = [copied["text"] for each in found for copied in each["copies"]]
    assert all(texts) and not [text for text in texts if "<<" in text]


def test_ports_for_a_firewall_are_those_that_are_open_and_those_that_actions_go_to(
    caller: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATEWRIGHT_PORT", "8080")
    listen(caller)
    announce(caller.state, "trigger", "tcp://127.0.0.1:11000")
    save(caller, rule(WHITE, "syslog", "Log", host="logs.example", port=6514, protocol="tls"))
    save(caller, rule(WHITE, "syslog", "Log too", host="logs.example"))
    save(caller, replace(rule(WHITE, "syslog", "Old log", host="old.example"), enabled=False))
    found = [(each["direction"], each["protocol"], each["port"], each["peer"]) for each in asked(caller)["firewall"]]
    assert found == [
        ("in", "TCP", "8080", "browsers and recorders"),
        ("in", "UDP", "3702", "recorders of this network"),
        ("in", "TCP", "17001", "recorders and other programs"),
        ("in", "TCP", "8554", "recorders and other programs"),
        ("in", "TCP", "11000", "recorders and other programs"),
        ("both", "UDP", "6970-7097", "recorders"),
        ("out", "UDP", "514", "logs.example"),
        ("out", "TCP", "6514", "logs.example"),
    ]


def save(caller: Caller, made: ActionRule) -> ActionRule:
    return caller.portal.store.rules.save(made, "admin")


class Service:
    def __init__(self) -> None:
        self.orders: list[Any] = []

    def ask(self, order: object, answer: type[object], timeout_s: float) -> Outcome:
        self.orders.append(order)
        return Outcome(True, Text("a test was told"))

    def outcome(self, order: object, timeout_s: float = 0) -> Outcome:
        return self.ask(order, Outcome, timeout_s)


def test_a_test_goes_to_recorders_and_to_actions_that_open_nothing(caller: Caller) -> None:
    message, gate = save(caller, rule(WHITE, "syslog", "Log", host="10.0.0.9")), save(caller, rule(WHITE, "io", "Gate"))
    number = save(caller, rule(WHITE, "wiegand", "Door"))
    assert [(each["id"], each["name"]) for each in asked(caller)["actions"]] == [(message.id, "Log")]
    service = Service()
    portal = caller.with_portal(replace(caller.portal, service=service))  # type: ignore[arg-type]
    assert portal.send("POST", "api/integration/test", {}, "operator").json["note"] == "a test was told"
    assert portal.send("POST", f"api/integration/test/{message.id}", {}, "operator").json["ok"] is True
    assert service.orders == [SendTest(), TestAction("syslog", message.options, WHITE, "TEST")]
    for opens in (gate, number):
        refused = portal.send("POST", f"api/integration/test/{opens.id}", {}, "admin")
        assert (refused.status, "may open something" in refused.json["error"]) == (409, True)
    assert portal.send("POST", "api/integration/test/999", {}, "admin").status == 404
    assert portal.send("POST", "api/integration/test", {}, "viewer").status == 403
    assert len(service.orders) == 2
