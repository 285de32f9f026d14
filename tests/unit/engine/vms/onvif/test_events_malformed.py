"""What a client may write to ONVIF's event service: every request is answered as SOAP, and none breaks the service."""

from __future__ import annotations

import random
from pathlib import Path

from engine.vms.onvif.services.events import PATH
from engine.vms.onvif.subscriptions import MOST
from tests.onvif_client import SPACES
from tests.unit.engine.vms.onvif.test_events import Client, pull
from tests.unit.engine.vms.onvif.test_server import Bench

REQUESTS = 600
OPERATIONS = (
    "tev:CreatePullPointSubscription", "tev:PullMessages", "tev:SetSynchronizationPoint", "tev:GetEventProperties", "tev:Seek",
    "wsnt:Renew", "wsnt:Unsubscribe", "wsnt:Subscribe", "wsnt:GetCurrentMessage",
)  # fmt: skip
ELEMENTS = (
    "tev:Filter", "wsnt:Filter", "wsnt:TopicExpression", "wsnt:MessageContent", "tev:InitialTerminationTime", "tev:Timeout",
    "wsnt:TerminationTime", "tev:MessageLimit", "tev:SubscriptionPolicy", "tev:ChangedOnly", "wsnt:UseRaw",
    "wsnt:ConsumerReference", "wsa:Address", "tt:SimpleItem",
)  # fmt: skip
TEXTS = (
    "", "PT1S", "PT0S", "-PT1S", "P9999Y", "PT999999999H", "2026-01-02T03:04:06Z", "0001-01-01T00:00:00+14:00", "9" * 60, "-1",
    "NaN", "tns1:RuleEngine//.", "tns1:*", "a|" * 80, "//.", 'boolean(//tt:SimpleItem[@Name="A"])', "not(" * 50, "http://10.0.0.1:1/",
    "http://[", "http://10.0.0.1:99999/", "\u202e\u0000\ud800".encode("utf-8", "replace").decode(), "&lt;x&gt;", "%s{0}",
)  # fmt: skip


def _element(draw: random.Random, name: str, depth: int) -> str:
    inside = "".join(_element(draw, draw.choice(ELEMENTS), depth + 1) for _ in range(draw.randrange(4))) if depth < 4 else ""
    dialect = f' Dialect="{draw.choice(["urn:x", "http://www.onvif.org/ver10/tev/topicExpression/ConcreteSet"])}"'
    text = draw.choice(TEXTS).replace("\x00", "")
    return f"<{name}{dialect if draw.random() < 0.3 else ''}>{text}{inside}</{name}>"


def test_whatever_is_asked_gets_an_answer_or_a_fault_that_is_not_the_cameras(tmp_path: Path) -> None:
    client = Client(Bench(tmp_path))
    client.bench.camera.events.consumers.find = lambda to, then: then(())  # type: ignore[method-assign]  # no look-ups here
    draw = random.Random(3)
    paths = [PATH, client.quiet()]
    for number in range(REQUESTS):
        client.there = draw.random() < 0.9
        for reply in client.send(_element(draw, draw.choice(OPERATIONS), 0), draw.choice(paths)):
            assert b"unexpected error" not in reply.body, number
            assert f'<s:Envelope xmlns:s="{SPACES["s"]}"'.encode() in reply.body
        if number % 100 == 0:
            client.bench.loop.advance(draw.uniform(0, 30))
            client.passage(plate=draw.choice(TEXTS))
    assert len(client.bench.camera.events.subscriptions.all()) <= MOST
    client.there = True
    path = client.quiet()
    client.passage()
    assert client.ask(pull("PT0S"), path).first("NotificationMessage") is not None
