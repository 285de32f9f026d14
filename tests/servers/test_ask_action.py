"""ASK action against real servers: HTTP with and without TLS, Mosquitto with TLS: what they are asked, what counts as an answer."""

from __future__ import annotations

import json
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from engine.actions._kind import ActionEnv, Answer
from engine.actions._mqtt import Broker as Kept
from engine.actions.ask import ACTION, SIGNATURE, AskOptions, sign
from engine.network import EVERYTHING, Network
from tests.asked import allow, http_judge, mqtt_judge, refuse
from tests.certificates import make_certificates
from tests.http_peer import http_peer
from tests.mosquitto import Broker, mosquitto
from tests.samples import DEVICE, env, event

pytestmark = pytest.mark.usefixtures("leak_free")

SECRET = "s3cret:päss"


def ask(options: AskOptions, known: ActionEnv | None = None, plate: str = "HK55EVB", **changes: Any) -> Answer:
    assert ACTION.ask is not None
    return ACTION.ask(event(plate, **changes), options, known or env())


def near(port: int, **options: Any) -> AskOptions:
    return AskOptions(**{"host": "127.0.0.1", "port": port, "tls": False, "timeout_s": 5.0, **options})


def test_a_server_is_asked_with_the_whole_event_and_its_answer_is_taken() -> None:
    with http_judge(lambda question: allow(question) if question["plate"] == "HK55EVB" else refuse(question)) as server:
        assert ask(near(server.port)) == Answer(True, "welcome")
        assert ask(near(server.port), plate="XX1") == Answer(False, "debts")
        (first, _) = server.got
    question = json.loads(first.body)
    assert (first.method, first.path, question["plate"], question["event_id"]) == ("POST", "/ask", "HK55EVB", "p1")
    assert first.headers["X-Request-Id"] == "p1"
    assert SIGNATURE not in first.headers


def test_a_question_is_signed_and_so_must_be_the_answer() -> None:
    with http_judge(allow, SECRET) as server:
        assert ask(near(server.port, secret=SECRET)) == Answer(True, "welcome")
        assert server.got[0].headers[SIGNATURE] == sign(SECRET, server.got[0].body)
        with pytest.raises(PeerRefused, match="the answer is not signed with the secret"):
            ask(near(server.port, secret="another"))


def test_an_answer_that_was_recorded_earlier_is_about_another_event() -> None:
    with http_judge(lambda question: b'{"event_id": "p1", "allow": true}') as server:
        assert ask(near(server.port)) == Answer(True)
        with pytest.raises(PeerRefused, match="the answer is about another event"):
            ask(near(server.port), id="p2")


@pytest.mark.parametrize("status", [302, 401, 404, 500])
def test_a_server_that_answers_otherwise_has_not_answered(status: int) -> None:
    yes = b'{"event_id": "p1", "allow": true}'
    with http_peer(lambda asked: (status, {"Location": "/other"}, yes)) as server, pytest.raises(PeerRefused, match=str(status)):
        ask(near(server.port))


def test_a_server_that_dawdles_is_not_waited_for() -> None:
    def dawdle(question: dict[str, Any]) -> Any:
        time.sleep(0.6)
        return allow(question)

    with http_judge(dawdle) as server, pytest.raises(DeliveryError, match=r"no answer in 0\.2 s"):
        ask(near(server.port, timeout_s=0.2))


def test_over_tls_only_the_right_server_is_asked(tmp_path: Path) -> None:
    made = make_certificates(tmp_path)
    with http_judge(allow) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(made.certificate, made.key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        assert ask(near(server.port, tls=True, ca=made.ca, timeout_s=5)) == Answer(True, "welcome")
        with pytest.raises(DeliveryError, match="its certificate is not accepted"):
            ask(near(server.port, tls=True, timeout_s=5))
        assert len(server.got) == 1


def test_a_name_that_leads_out_of_the_local_network_is_asked_only_where_nobody_can_forge_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Network, "_look_up", lambda self, host, end_s: ["8.8.8.8"])
    with pytest.raises(ConfigError, match=r"judge\.example lies outside the local network"):
        ask(near(443, host="judge.example"))
    tried: list[str] = []

    def refuse_connection(address: tuple[str, int], timeout: float) -> None:
        tried.append(address[0])
        raise ConnectionRefusedError(111, "Connection refused")

    monkeypatch.setattr("engine.network.socket.create_connection", refuse_connection)
    for safe in ({"tls": True}, {"secret": SECRET}):
        with pytest.raises(DeliveryError, match="no connection"):
            ask(near(443, host="judge.example", **safe))
    assert tried == ["8.8.8.8"] * 2


# --- MQTT -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path / "broker") as found:
        yield found


@pytest.fixture
def kept() -> Iterator[Kept]:
    with Kept(Network(lambda: EVERYTHING)) as found:
        yield found


def over_mqtt(broker: Broker, kept: Kept, **changes: Any) -> tuple[AskOptions, ActionEnv]:
    """As a rule has it that is in use."""
    options = AskOptions(**{"over": "mqtt", **broker.options, "timeout_s": 5.0, **changes})
    ACTION.use(kept, (options,), env())
    return options, replace(env(), peer=kept)


def test_a_server_behind_a_broker_is_asked_and_answers_at_the_response_topic(broker: Broker, kept: Kept) -> None:
    options, known = over_mqtt(broker, kept, secret=SECRET)
    with mqtt_judge(broker, allow, SECRET) as questions:
        assert ask(options, known) == Answer(True, "welcome")
        assert ask(options, known, id="p2") == Answer(True, "welcome")
    first = questions[0]
    assert (first.topic, json.loads(first.body)["event_id"]) == (f"gatewright/{DEVICE.id}/ask", "p1")
    assert first.user == [("delivery_id", "p1"), (SIGNATURE, sign(SECRET, first.body))]
    assert 1 <= first.expiry_s <= 5


def test_behind_a_broker_too_only_an_answer_to_this_question_counts(broker: Broker, kept: Kept) -> None:
    options, known = over_mqtt(broker, kept)
    with mqtt_judge(broker, lambda question: b'{"event_id": "p1", "allow": true}'):
        assert ask(options, known) == Answer(True)
        with pytest.raises(DeliveryError, match=r"no answer in 4 s; what came: the answer is about another event"):
            ask(options.model_copy(update={"timeout_s": 4.0}), known, id="p2")


def test_a_server_behind_a_broker_that_says_nothing_is_not_waited_for(broker: Broker, kept: Kept) -> None:
    warm, known = over_mqtt(broker, kept)
    with mqtt_judge(broker, lambda question: None if question["event_id"] == "p2" else refuse(question)):
        assert ask(warm, known) == Answer(False, "debts")
        with pytest.raises(DeliveryError, match=r"no answer in 0\.3 s"):
            ask(warm.model_copy(update={"timeout_s": 0.3}), known, id="p2")


def test_a_question_that_nobody_has_subscribed_to_is_not_waited_for(broker: Broker, kept: Kept) -> None:
    options, known = over_mqtt(broker, kept, timeout_s=5.0)
    with pytest.raises(DeliveryError, match="but nobody has subscribed to it"):
        ask(options, known)


def test_a_broker_that_refuses_the_topics_says_so(broker: Broker, kept: Kept) -> None:
    options, known = over_mqtt(broker, kept, topic="secret/{camera}", timeout_s=5.0)
    with pytest.raises(PeerRefused, match=f"refuses secret/{DEVICE.id}: Not authorized"):
        ask(options, known)


def test_a_broker_that_refuses_the_answer_topic_says_so(broker: Broker, kept: Kept) -> None:
    """Mosquitto lets everybody subscribe and keeps the messages back; others refuse at once, as is played here."""
    options, known = over_mqtt(broker, kept, timeout_s=5.0)
    with mqtt_judge(broker, lambda question: allow(question) if question["event_id"] == "p1" else None):
        assert ask(options, known).allowed
        link = next(iter(kept._kept.values()))
        link._on_subscribe(None, None, 1, [ReasonCode(PacketTypes.SUBACK, "Not authorized")], None)  # type: ignore[arg-type]
        with pytest.raises(PeerRefused, match=f"refuses gatewright/{DEVICE.id}/answer: Not authorized"):
            ask(options, known, id="p2")


def test_a_broker_that_is_gone_is_no_answer(broker: Broker, kept: Kept) -> None:
    options, known = over_mqtt(broker, kept)
    with mqtt_judge(broker, allow):
        assert ask(options, known).allowed
    broker.stop()
    with pytest.raises(DeliveryError):
        ask(options, known)
