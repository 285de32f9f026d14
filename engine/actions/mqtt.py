"""MQTT action: publishes the event to a broker (MQTT 5, QoS 1), and makes the camera known to Home Assistant (docs/messages.md).

Sources: OASIS MQTT 5.0 (3.3.2.3 properties of PUBLISH, 3.1.3.2 will); Home Assistant, "MQTT Discovery" and "MQTT Event".
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import replace
from functools import partial
from typing import Annotated

from board.kit.errors import ConfigError
from board.kit.fields import AfterValidator
from board.kit.settings import Settings, field_validator, option
from board.kit.words import Text, mark
from engine.actions._exchange import Host, place
from engine.actions._kind import ActionEnv, ActionKind, SetPlate
from engine.actions._mqtt import NOBODY, Broker
from engine.actions._mqtt_letters import OFFLINE, ONLINE, Account, Letter, Listening
from engine.actions._tls import Certificates, ca_option
from engine.formats.event import Device
from engine.formats.messages import DOCUMENTS, JSON_TYPE, to_json
from engine.formats.onvif import json_of, mqtt_topic, recognition
from engine.formats.serial_text import check_places, fill
from engine.types import OUTCOMES, PlateEvent

PLACES = ("camera", "name", "site", "list", "plate")

NOT_IN_A_LEVEL = re.compile(r"[/+#\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What would split a level of a topic, or stand for others (MQTT 5, 4.7.1), and what a topic must not hold (1.5.4)."""

NOT_IN_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What a text of MQTT must not hold (1.5.4)."""

LONGEST_TOPIC = 200

SET, DELETE = "set", "delete"
"""Last levels of the topics of messages about a plate."""
RESULT_EXPIRY_S = 60


def check_topic(topic: str) -> str:
    """A template of a topic as it is; ConfigError when a broker would not take what it gives."""
    check_places(topic, PLACES)
    if topic.startswith(("/", "$")) or topic.endswith("/") or "//" in topic or NOT_IN_A_LEVEL.search(topic.replace("/", "")):
        raise ConfigError(
            "must be levels parted by single slashes, without + and #, such as {example}", example="gatewright/{camera}/plates"
        )
    return topic


Topic = Annotated[str, AfterValidator(check_topic)]
OnvifPrefix = Annotated[str, AfterValidator(lambda prefix: check_topic(prefix) if prefix else "")]


class MqttOptions(Settings):
    host: Host = option("192.168.1.10", "Host", "The broker's name or address.", max_length=253)
    port: int = option(8883, "Port", "The broker's port: by custom 8883 with TLS, 1883 without.", ge=1, le=65535)
    tls: bool = option(True, "TLS", "Encrypts the connection and checks who the broker is.")
    ca: Certificates = ca_option({"tls": (True,)})
    user: str = option("", "User", "Empty: the broker asks for none.", max_length=100)
    password: str = option(
        "",
        "Password",
        "Goes to the broker named above and to no other.",
        widget="password",
        belongs_to=("host", "port", "tls", "ca"),
        max_length=200,
        when={"user": ("*",)},
    )
    topic: Topic = option(
        "gatewright/{camera}/plates",
        "Topic",
        "Where events are published. {camera} (its id), {name}, {site}, {list} and {plate} are filled in.",
        min_length=1,
        max_length=LONGEST_TOPIC,
    )
    format: str = option("JSON", "Format", "How the event is written; docs/messages.md shows each.", choices=DOCUMENTS)
    retain: bool = option(
        False, "Retain", "The broker keeps the newest event for those who subscribe later: it is repeated, though no car came."
    )
    status_topic: Topic = option(
        "gatewright/{camera}/status",
        "Status topic",
        "The broker says online here while the camera is connected, offline as soon as it is gone (retained). {list} and {plate} "
        "make no sense here.",
        min_length=1,
        max_length=LONGEST_TOPIC,
    )
    discovery: bool = option(
        False,
        "Home Assistant",
        "Makes the camera known to Home Assistant: an event entity for this topic. Needs the format JSON.",
        when={"format": ("JSON", "JSON_IMG")},
    )
    discovery_prefix: Topic = option(
        "homeassistant",
        "Discovery prefix",
        "Home Assistant's own setting, seldom changed.",
        min_length=1,
        max_length=60,
        when={"discovery": (True,)},
    )
    onvif_prefix: OnvifPrefix = option(
        "",
        "ONVIF prefix",
        "An event with a plate is also published as ONVIF's JSON, at PREFIX/onvif-ej/RuleEngine/Recognition/LicensePlate/... "
        "Empty: it is not. {camera}, {name} and {site} are filled in.",
        max_length=60,
    )
    plates: bool = option(
        False,
        "Change plates",
        "Takes plates into lists and out of them as messages to <plates topic>/LIST/plates/PLATE/set and .../delete say; "
        "docs/messages.md shows them. Whoever the broker lets publish there lets cars in: only with log-in and access rules there.",
    )
    plates_topic: Topic = option(
        "gatewright/{camera}/lists",
        "Plates topic",
        "Where those messages begin. The answer comes to .../result. {list} and {plate} make no sense here.",
        min_length=1,
        max_length=LONGEST_TOPIC,
    )
    timeout_s: float = option(10.0, "Timeout", "Longest wait for the broker's answer.", unit="s", ge=1, le=60)

    @field_validator("status_topic", "plates_topic", "discovery_prefix", "onvif_prefix")
    @classmethod
    def _is_of_the_camera(cls, topic: str) -> str:
        return check_places(topic, PLACES[:3])


def topic_of(template: str, device: Device, **values: str) -> str:
    """The topic with its places filled; a value never makes a level of its own."""
    known = {"camera": device.id, "name": device.name, "site": device.site, **values}
    return fill(template, {name: NOT_IN_A_LEVEL.sub("_", value) or "_" for name, value in known.items()})


def client_id(known_as: str, user: str, topic: str, tls: bool) -> str:
    """`known_as`: what it begins with; the rest tells accounts on one broker apart."""
    known = f"{user}\0{topic}\0{tls}"
    return f"{known_as}-{hashlib.sha256(known.encode()).hexdigest()[:6]}"


def account(options: MqttOptions, device: Device) -> Account:
    """The client's id is the camera's and stays the same, so that a broker ends a connection that is only half dead; accounts on
    the same broker differ in it."""
    status = topic_of(options.status_topic, device)
    return Account(
        host=options.host,
        port=options.port,
        client_id=client_id(device.id, options.user, status, options.tls),
        user=options.user,
        password=options.password,
        tls=options.tls,
        ca=options.ca,
        status_topic=status,
    )


def discovery(options: MqttOptions, device: Device) -> Letter:
    """What makes the camera known to Home Assistant: an event entity whose events are what was decided (mqtt.event)."""
    status = topic_of(options.status_topic, device)
    any_level = {"list": "{list}", "plate": "{plate}"}
    topic = topic_of(options.topic, device, **any_level)
    topic = "/".join("+" if "{" in level else level for level in topic.split("/"))  # one entity for all that it may be
    name = f"{device.id}_{hashlib.sha256(topic.encode()).hexdigest()[:8]}"
    attributes = ("plate", "confidence", "country", "lane", "direction", "event_id", "camera_id", "camera_name", "site", "time")
    parts = ", ".join(f"'{each}': value_json.{each}" for each in attributes)
    template = (
        "{{ dict({'event_type': value_json.decision.outcome or 'reported', "
        f"'list': value_json.lists[0].name if value_json.lists else '', {parts}}}) | tojson }}}}"
    )
    said = {
        "name": "Plate",
        "unique_id": name,
        "state_topic": topic,
        "event_types": list(OUTCOMES),
        "value_template": template,
        "qos": 1,
        "icon": "mdi:car",
        "availability_topic": status,
        "payload_available": ONLINE.decode(),
        "payload_not_available": OFFLINE.decode(),
        "device": {
            "identifiers": [device.id],
            "name": device.name,
            "manufacturer": "Gatewright",
            "model": "License plate camera",
            **({"suggested_area": device.site} if device.site else {}),
        },
        "origin": {"name": "Gatewright"},
    }
    prefix = topic_of(options.discovery_prefix, device)
    return Letter(f"{prefix}/event/{device.id}/{name}/config", to_json(said).encode(), retain=True)


def _use(broker: Broker, rules: tuple[MqttOptions, ...], env: ActionEnv) -> None:
    accounts: dict[Account, tuple[Letter, ...]] = {}
    for options in rules:
        of = account(options, env.device)
        known = accounts.get(of) or (Letter(of.status_topic, ONLINE, retain=True),)
        announced = discovery(options, env.device) if options.discovery and options.format in ("JSON", "JSON_IMG") else None
        accounts[of] = (*known, announced) if announced and announced not in known else known
    listening = {}
    for options in rules:
        if options.plates:
            base = topic_of(options.plates_topic, env.device)
            of = account(options, env.device)
            filters = tuple(f"{base}/+/plates/+/{verb}" for verb in (SET, DELETE))
            who = f"MQTT {options.user}@{of.place}" if options.user else f"MQTT {of.place}"
            suffix = hashlib.sha256(base.encode()).hexdigest()[:6]
            of = replace(of, client_id=f"{of.client_id}-{suffix}", status_topic="")
            listening[of] = Listening(filters, partial(_heard, base, env.plates, who))
    broker.use(accounts, listening)


def _heard(base: str, plates: SetPlate, who: str, topic: str, body: bytes) -> Letter:
    """Carries out one message about a plate; the answer to it."""
    list_name, _, plate, verb = topic.removeprefix(f"{base}/").split("/")
    said = plates(list_name, plate, None if verb == DELETE else body, who)
    return Letter(f"{base}/{list_name}/plates/{plate}/result", to_json(said).encode(), "application/json", RESULT_EXPIRY_S)


def _deliver(event: PlateEvent, options: MqttOptions, env: ActionEnv) -> Text:
    topic = topic_of(options.topic, env.device, list=event.match.list.name, plate=event.passage.plate)
    message = env.message(event, options.format)
    # By the clock that leaves it more: read before the wall clock was set, it would be too old for all who are not there just now.
    by_boot_s = (env.not_after_ns - env.clock.monotonic_ns()) / 1e9
    left_s = max((env.not_after - env.clock.now()).total_seconds(), by_boot_s)
    letter = Letter(
        topic,
        message.body,
        message.content_type,
        max(1, int(left_s)),
        env.delivery_id,
        options.retain,
        properties=_about(event, env.device),
    )
    link = env.peer.link(account(options, env.device))
    remark, part = "", f"{place(options.host, options.port)} {topic}"
    if part not in env.parts.of(env.delivery_id):
        remark = link.publish(letter, options.timeout_s)
    if options.onvif_prefix and event.passage.plate:
        env.parts.add(env.delivery_id, part)  # a broker that refuses ONVIF's topic must not get the event with every try
        link.publish(_onvif_letter(event, options, env, letter.expiry_s), options.timeout_s)
    values = {"target": place(options.host, options.port), "topic": topic}
    if remark == NOBODY:
        return Text("{target} took {topic}; nobody has subscribed to it", values)
    return Text("{target} took {topic}", values)


def _about(event: PlateEvent, device: Device) -> tuple[tuple[str, str], ...]:
    """User properties, by which a bridge sorts messages without opening them."""
    said = (("event_id", event.passage.id), ("camera_id", device.id), ("site", device.site))
    return tuple((name, NOT_IN_TEXT.sub("_", value)) for name, value in said if value)


def _onvif_letter(event: PlateEvent, options: MqttOptions, env: ActionEnv, expiry_s: int) -> Letter:
    notification = recognition(event)
    topic = mqtt_topic(topic_of(options.onvif_prefix, env.device), notification)
    body = to_json(json_of(notification)).encode()
    return Letter(topic, body, JSON_TYPE, expiry_s, f"{env.delivery_id}-onvif", properties=_about(event, env.device))


ACTION = ActionKind(
    name="mqtt",
    label="MQTT",
    purpose=mark("Publish by MQTT"),
    about=mark("For Home Assistant, Node-RED and other automation."),
    options=MqttOptions,
    deliver=_deliver,
    pause_s=(1.0, 30.0),  # what a broker tells to others may open something: one that is back is told soon
    needs=("paho",),
    peer=lambda options: place(options.host, options.port),
    open=lambda peer, env: Broker(env.network),
    use=_use,
)
