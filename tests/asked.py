"""Asked: servers that say of each car whether it may pass, over HTTP and MQTT, as a test wants it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from engine.actions._tls import client_context
from engine.actions.ask import SIGNATURE, sign
from tests.http_peer import Asked, HttpPeer, http_peer
from tests.mosquitto import PASSWORD, USER, Broker, Heard
from tests.waiting import until

Judge = Callable[[dict[str, Any]], "Mapping[str, object] | bytes | None"]
"""Question -> what is answered besides its event_id, or the bytes to send; None: nothing."""


def allow(question: dict[str, Any]) -> Mapping[str, object]:
    return {"allow": True, "reason": "welcome"}


def refuse(question: dict[str, Any]) -> Mapping[str, object]:
    return {"allow": False, "reason": "debts"}


def answer_to(body: bytes, judge: Judge) -> bytes:
    question = json.loads(body)
    said = judge(question)
    return said if isinstance(said, bytes) else json.dumps({"event_id": question["event_id"], **(said or {})}).encode()


@contextmanager
def http_judge(judge: Judge, secret: str = "", host: str = "127.0.0.1") -> Iterator[HttpPeer]:
    def answer(asked: Asked) -> tuple[int, dict[str, str], bytes]:
        body = answer_to(asked.body, judge)
        return 200, {SIGNATURE: sign(secret, body)} if secret else {}, body

    with http_peer(answer, host) as server:
        yield server


@contextmanager
def mqtt_judge(broker: Broker, judge: Judge, secret: str = "") -> Iterator[list[Heard]]:
    """Gives the questions that came; answers at their response topic."""
    from paho.mqtt.client import Client
    from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
    from paho.mqtt.packettypes import PacketTypes
    from paho.mqtt.properties import Properties

    questions: list[Heard] = []
    ready: list[int] = []

    def on_message(client: Client, data: object, message: Any) -> None:
        said = message.properties
        heard = Heard(
            message.topic, message.payload, bool(message.retain), said.ContentType, said.MessageExpiryInterval, said.UserProperty
        )
        questions.append(heard)
        if judge(json.loads(message.payload)) is None:
            return
        body = answer_to(message.payload, judge)
        properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if secret:
            properties.UserProperty = [(SIGNATURE, sign(secret, body))]
        client.publish(said.ResponseTopic, body, qos=1, properties=properties)

    client = Client(CallbackAPIVersion.VERSION2, "judge", protocol=MQTTProtocolVersion.MQTTv5)
    client.username_pw_set(USER, PASSWORD)
    client.tls_set_context(client_context(broker.ca))
    client.on_connect = lambda client, *_: client.subscribe("gatewright/+/ask", 1)
    client.on_subscribe = lambda *_: ready.append(1)
    client.on_message = on_message
    client.connect("localhost", broker.port)
    client.loop_start()
    try:
        until(lambda: ready, "the judge's subscription")
        yield questions
    finally:
        client.disconnect()
        client.loop_stop()
