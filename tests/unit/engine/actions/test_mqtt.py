"""MQTT action: topics, what Home Assistant is told, options that are refused (the broker: tests/servers/test_mqtt_action.py)."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import check
from engine.actions._mqtt import Broker
from engine.actions._mqtt_letters import Account
from engine.actions.mqtt import ACTION, MqttOptions, account, discovery, topic_of
from engine.network import EVERYTHING, Network
from tests.mosquitto import mosquitto
from tests.samples import DEVICE, ActionPeer, env

NO_KEY = "its library sends by itself: tests/servers/test_mqtt_action.py looks at the broker"


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    with mosquitto(folder / "broker") as broker:
        options = {**broker.options, "timeout_s": 3.0}
        chosen = env(images=folder)
        assert ACTION.open is not None
        with ACTION.open(ACTION.peer(MqttOptions(**options)), chosen) as kept:
            yield ActionPeer(options, replace(chosen, peer=kept), broker.stop)


def test_a_plate_cannot_make_levels_or_wildcards_of_a_topic() -> None:
    topic = topic_of("gatewright/{camera}/{list}/{plate}", DEVICE, list="A/B", plate="+#\x00/{camera}")
    assert topic == f"gatewright/{DEVICE.id}/A_B/____{{camera}}"


def test_a_value_that_is_empty_leaves_no_empty_level() -> None:
    assert topic_of("a/{plate}/b", DEVICE, plate="") == "a/_/b"


@pytest.mark.parametrize(
    ("options", "why"),
    [
        (
            {"topic": "plates/#"},
            r"Topic: must be levels parted by single slashes, without \+ and #, such as gatewright/\{camera\}",
        ),
        ({"topic": "/plates"}, "Topic: must be levels"),
        ({"topic": "a//b"}, "Topic: must be levels"),
        ({"topic": "$SYS/a"}, "Topic: must be levels"),
        ({"topic": "{car}"}, r"Topic: there is no \{car\}"),
        ({"status_topic": "a/{plate}"}, r"Status topic: there is no \{plate\}"),
        ({"host": "a/b"}, "Host: must be a host name"),
        ({"ca": "nonsense"}, "Certificate of the authority: is not a certificate"),
        ({"port": 0}, "Port: must be 1 or more"),
    ],
)
def test_wrong_options_are_explained(options: dict[str, object], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check(MqttOptions, {**options})


def test_a_password_is_in_no_text_of_a_connection() -> None:
    assert "s3cret" not in repr(account(MqttOptions(password="s3cret"), DEVICE))


def test_home_assistant_is_told_one_entity_for_all_lists_of_a_topic() -> None:
    options = MqttOptions(topic="gatewright/{camera}/{list}/plates", discovery=True)
    letter = discovery(options, DEVICE)
    said = json.loads(letter.body)
    assert letter.retain
    assert letter.topic == f"homeassistant/event/{DEVICE.id}/{said['unique_id']}/config"
    assert said["state_topic"] == f"gatewright/{DEVICE.id}/+/plates"
    assert said["availability_topic"] == f"gatewright/{DEVICE.id}/status"
    assert said["event_types"] == ["opened", "refused", "withheld", "reported"]
    assert said["device"]["identifiers"] == [DEVICE.id]


def test_what_home_assistant_makes_of_an_event_is_json_with_its_type() -> None:
    jinja2 = pytest.importorskip("jinja2")
    template = json.loads(discovery(MqttOptions(discovery=True), DEVICE).body)["value_template"]
    environment = jinja2.Environment(autoescape=False)
    environment.filters["tojson"] = json.dumps  # as Home Assistant's own
    message = {
        "plate": 'A"B', "confidence": 93.4, "country": "DE", "lane": 1, "direction": "approach", "event_id": "p1",
        "camera_id": "gw-1", "camera_name": "Gate", "site": "", "time": "2026-01-02T03:04:05.000Z",
        "decision": {"outcome": "opened"}, "lists": [{"name": "WHITELIST"}],
    }  # fmt: skip
    made = json.loads(environment.from_string(template).render(value_json=message))
    assert (made["event_type"], made["plate"], made["list"], made["confidence"]) == ("opened", 'A"B', "WHITELIST", 93.4)


LONGEST = b"\x30\xff\xff\xff\x7f\x00\x01a\x00" + b"x" * 65_536
"""The beginning of a message of 256 MB, the longest of MQTT."""
NEVER_RELEASED = b"\x34\x88\x7d\x00\x01a\x00\x01\x00" + b"x" * 16_002
"""A message with QoS 2, which a client keeps until it is released."""


@pytest.mark.parametrize("message", [LONGEST, NEVER_RELEASED], ids=["long", "kept"])
def test_a_broker_that_sends_without_end_is_left_and_fills_no_memory(message: bytes) -> None:
    left = threading.Event()

    def serve(server: socket.socket) -> None:
        sock, _ = server.accept()
        try:
            sock.recv(4096)
            sock.sendall(b"\x20\x03\x00\x00\x00")  # CONNACK
            for _ in range((64 << 20) // len(message)):  # more than any socket holds
                sock.sendall(message)
        except ConnectionError:
            left.set()
        sock.close()

    with socket.create_server(("127.0.0.1", 0)) as server, Broker(Network(lambda: EVERYTHING)) as broker:
        thread = threading.Thread(target=serve, args=(server,), daemon=True)
        thread.start()
        broker.use({Account("127.0.0.1", server.getsockname()[1], "camera"): ()})
        thread.join(60)
    assert left.is_set()
