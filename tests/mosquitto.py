"""Mosquitto: the broker of Debian, started for a test with TLS, an authority of its own and passwords; and a subscriber to it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine.actions._tls import client_context
from tests.certificates import make_certificates
from tests.daemons import find_daemon, free_port, running

USER, PASSWORD = "gate", "s3cret:päss"

RULES = f"""
user {USER}
topic readwrite gatewright/#
topic readwrite homeassistant/#
"""


@dataclass
class Broker:
    """`options`: of an action that reaches it."""

    port: int
    ca: str
    log: Path
    process: subprocess.Popen[bytes]
    options: dict[str, Any] = field(default_factory=dict)

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(20)


@contextmanager
def mosquitto(folder: Path, port: int = 0, extra: str = "") -> Iterator[Broker]:
    program, passwords = find_daemon("mosquitto"), find_daemon("mosquitto_passwd")
    folder.mkdir(exist_ok=True)
    port = port or free_port()
    keys = folder / "ca.pem"
    made = make_certificates(folder) if not keys.exists() else None
    subprocess.run([passwords, "-b", "-c", folder / "passwords", USER, PASSWORD], check=True, capture_output=True)
    (folder / "rules").write_text(RULES)
    config = folder / "mosquitto.conf"
    config.write_text(
        f"listener {port} 127.0.0.1\ncafile {keys}\ncertfile {folder / 'server.pem'}\nkeyfile {folder / 'server.key'}\n"
        f"allow_anonymous false\npassword_file {folder / 'passwords'}\nacl_file {folder / 'rules'}\npersistence false\nuser root\n"
        f"log_dest stderr\n{extra}\n"
    )
    log = folder / f"mosquitto-{port}.log"
    with running([program, "-c", str(config)], log, port) as process:
        ca = made.ca if made else keys.read_text()
        yield Broker(port, ca, log, process, {"host": "localhost", "port": port, "ca": ca, "user": USER, "password": PASSWORD})


@dataclass
class Heard:
    topic: str
    body: bytes
    retained: bool
    content_type: str
    expiry_s: int
    user: list[tuple[str, str]]
    correlation: bytes = b""


class Subscriber:
    """Hears everything that is published below the topics, in order."""

    def __init__(self, broker: Broker, *topics: str) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion

        self.heard: list[Heard] = []
        self._ready = False
        self._client = Client(CallbackAPIVersion.VERSION2, "listener", protocol=MQTTProtocolVersion.MQTTv5)
        self._client.username_pw_set(USER, PASSWORD)
        self._client.tls_set_context(client_context(broker.ca))
        self._client.on_connect = lambda client, *_: client.subscribe([(topic, 1) for topic in topics])
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._client.connect("localhost", broker.port)
        self._client.loop_start()
        self.wait(lambda: self._ready)

    def _on_subscribe(self, *_: object) -> None:
        self._ready = True

    def _on_message(self, client: object, data: object, message: Any) -> None:
        said = message.properties
        self.heard.append(
            Heard(
                message.topic, message.payload, bool(message.retain), getattr(said, "ContentType", ""),
                getattr(said, "MessageExpiryInterval", 0), list(getattr(said, "UserProperty", [])),
                getattr(said, "CorrelationData", b""),
            )
        )  # fmt: skip

    def say(self, topic: str, body: bytes = b"", retain: bool = False, correlation: bytes = b"") -> None:
        from paho.mqtt.packettypes import PacketTypes
        from paho.mqtt.properties import Properties

        properties: Any = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if correlation:
            properties.CorrelationData = correlation
        self._client.publish(topic, body, qos=1, retain=retain, properties=properties).wait_for_publish(20)

    def of(self, topic: str) -> list[Heard]:
        return [each for each in self.heard if each.topic == topic]

    def wait(self, condition: Callable[[], object], seconds: float = 20.0) -> None:
        end_s = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end_s, [(each.topic, each.body[:60]) for each in self.heard]
            time.sleep(0.01)

    def __enter__(self) -> Subscriber:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.disconnect()
        self._client.loop_stop()
