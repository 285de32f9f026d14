"""Plates over MQTT against Mosquitto: what is set and taken out, what comes back, what strangers cannot do."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from engine.actions._mqtt import Broker as Kept
from engine.actions.mqtt import ACTION, MqttOptions
from engine.network import EVERYTHING, Network
from engine.plates import answer
from engine.store import Store
from tests.mosquitto import USER, Broker, Subscriber, mosquitto
from tests.samples import DEVICE, WHITE, env, new_store
from tests.waiting import until

LISTS = f"gatewright/{DEVICE.id}/lists"


@dataclass
class Gate:
    """The camera's connection that listens, its store, and a program that sends."""

    broker: Broker
    store: Store
    kept: Kept
    program: Subscriber

    def listen(self, *chosen: MqttOptions) -> None:
        ACTION.use(self.kept, chosen, replace(env(), plates=partial(answer, lambda: self.store)))

    def ask(self, where: str, body: bytes = b"", **how: Any) -> dict[str, Any]:
        """Sends and waits for the answer."""
        topic = f"{LISTS}/{where.rsplit('/', 1)[0]}/result"
        before = len(self.program.of(topic))
        self.program.say(f"{LISTS}/{where}", body, **how)
        self.program.wait(lambda: len(self.program.of(topic)) > before)
        return dict(json.loads(self.program.of(topic)[-1].body))


def asked_of(program: Subscriber, plate: str) -> None:
    """Waits until the camera has subscribed: it answers that there is no such list."""

    def answered() -> bool:
        program.say(f"{LISTS}/NOBODY/plates/{plate}/delete")
        time.sleep(0.1)
        return bool(program.of(f"{LISTS}/NOBODY/plates/{plate}/result"))

    until(answered, "the camera's subscription")


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Gate]:
    with (
        mosquitto(tmp_path / "broker") as broker,
        Kept(Network(lambda: EVERYTHING)) as kept,
        Subscriber(broker, f"{LISTS}/#") as program,
    ):
        made = Gate(broker, new_store(tmp_path), kept, program)
        made.listen(MqttOptions(**broker.options, plates=True))
        asked_of(program, "X")
        yield made
    made.store.close()
    vars(made).clear()  # pytest holds on to it, and paho's sockets go with its client


def test_a_plate_is_set_changed_and_taken_out_and_each_answer_says_what_was_done(gate: Gate) -> None:
    made = gate.ask("WHITELIST/plates/부산 02가1234/set", b'{"owner": "Anna", "entries_left": 3}')
    assert (made["ok"], made["done"], made["entry"]["owner"], made["entry"]["entries_left"]) == (True, "added", "Anna", 3)
    assert gate.ask("4/plates/부산02가1234/set", b'{"entries_left": 2}')["done"] == "changed"
    assert gate.ask("4/plates/부산02가1234/set", b'{"entries_left": 2}')["done"] == "unchanged"
    assert [(each.plate, each.owner, each.entries_left) for each in gate.store.entries(WHITE)] == [("부산 02가1234", "Anna", 2)]
    assert gate.ask("whitelist/plates/부산02가1234/delete")["done"] == "deleted"
    assert gate.store.entries.count(WHITE) == 0
    who = f"MQTT {USER}@localhost:{gate.broker.port}"
    assert [change.user for change in gate.store.changes("entry")] == [who] * 3


def test_an_answer_carries_what_the_asker_knows_it_by(gate: Gate) -> None:
    gate.ask("4/plates/AB1/set", b"{}", correlation=b"no 7")
    heard = gate.program.of(f"{LISTS}/4/plates/AB1/result")[-1]
    assert (heard.correlation, heard.content_type, heard.retained) == (b"no 7", "application/json", False)


@pytest.mark.parametrize(
    ("where", "body", "key"),
    [
        ("NOLIST/plates/AB1/set", b"{}", "there is no list {name}"),
        ("1/plates/AB1/set", b"{}", "{list_name} holds no plates: it stands for plates of every list or of none"),
        ("4/plates/AB1/delete", b"", "{plate} is not in {list_name}"),
        ("4/plates/AB1/set", b"", "the message is not JSON in UTF-8; an entry without more is {{}}"),
        ("4/plates/AB1/set", b"\xff", "the message is not JSON in UTF-8; an entry without more is {{}}"),
        ("4/plates/AB1/set", b"[" * 4000, "the message is not JSON in UTF-8; an entry without more is {{}}"),
        ("4/plates/AB1/set", b'{"valid_to": "2026-01-01", "valid_to": ""}', "message is not JSON: {why}"),
        ("4/plates/AB1/set", b"[1]", "the message is not a JSON object; an entry without more is {{}}"),
        ("4/plates/AB1/set", b'{"owner": "' + b"x" * 5000 + b'"}', "the message may have {most} bytes at most"),
    ],
)
def test_what_cannot_be_done_is_answered_with_the_reason_and_changes_nothing(gate: Gate, where: str, body: bytes, key: str) -> None:
    said = gate.ask(where, body)
    assert (said["ok"], said["key"]) == (False, key)
    assert gate.store.changes("entry") == []


def test_wrong_fields_are_named(gate: Gate) -> None:
    said = gate.ask("4/plates/AB1/set", b'{"entries_left": -1, "colour": "red"}')
    assert {each["field"] for each in said["problems"]} == {"entries_left", "colour"}


def test_what_a_broker_keeps_from_earlier_is_not_carried_out(gate: Gate) -> None:
    gate.program.say(f"{LISTS}/4/plates/OLD1/set", b"{}", retain=True)
    gate.program.wait(lambda: gate.program.of(f"{LISTS}/4/plates/OLD1/result"))
    assert gate.store.entries.at(WHITE, "OLD1") is not None  # it was new then
    gate.store.entries.delete(gate.store.entries.at(WHITE, "OLD1").id, "anna")  # type: ignore[union-attr]
    gate.listen()
    gate.listen(MqttOptions(**gate.broker.options, plates=True))
    asked_of(gate.program, "Y")
    assert gate.store.entries.count(WHITE) == 0


def test_nobody_is_listened_to_unless_an_action_says_so(gate: Gate) -> None:
    gate.listen(MqttOptions(**gate.broker.options))
    gate.program.say(f"{LISTS}/4/plates/AB1/set", b"{}")
    gate.program.say(f"{LISTS}/end")
    gate.program.wait(lambda: gate.program.of(f"{LISTS}/end"))
    assert gate.store.entries.count(WHITE) == 0
