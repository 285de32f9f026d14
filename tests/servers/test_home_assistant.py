"""Home Assistant's own schema of an event entity takes what the MQTT action says of the camera, and not without its types."""

from __future__ import annotations

import json
import os
import subprocess

import pytest

from engine.actions.mqtt import MqttOptions, discovery
from tests.samples import DEVICE

PYTHON = os.environ.get("HOME_ASSISTANT_PYTHON", "")
"""A Python that has Home Assistant and paho-mqtt 1.6.1; it brings 900 MB along, too much for every machine that runs the tests."""

CHECK = """
import json, sys
from homeassistant.components.mqtt.event import DISCOVERY_SCHEMA
DISCOVERY_SCHEMA(json.load(sys.stdin))
"""


@pytest.mark.skipif(not PYTHON, reason="HOME_ASSISTANT_PYTHON names no Python with Home Assistant")
@pytest.mark.parametrize(("left_out", "taken"), [("", True), ("event_types", False)], ids=["whole", "without types"])
def test_home_assistant_takes_the_event_entity(left_out: str, taken: bool) -> None:
    said = json.loads(discovery(MqttOptions(discovery=True, topic="gatewright/{camera}/{list}/plates"), DEVICE).body)
    said.pop(left_out, None)
    found = subprocess.run([PYTHON, "-c", CHECK], input=json.dumps(said), text=True, capture_output=True, timeout=120)
    assert (found.returncode == 0) is taken, found.stderr[-2000:]
