"""MQTT action against Mosquitto with TLS and passwords: what arrives, with which properties, and what is said when it does not."""

from __future__ import annotations

import json
import logging
import select
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import IO, Any

import pytest

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from engine.actions._mqtt import Broker as Kept
from engine.actions.mqtt import ACTION, MqttOptions
from engine.network import EVERYTHING, Network
from tests.mosquitto import Broker, Subscriber, mosquitto
from tests.samples import DEVICE, NOW, NOW_NS, entry, env, event
from tests.waiting import until

PLATES, STATUS = f"gatewright/{DEVICE.id}/plates", f"gatewright/{DEVICE.id}/status"
CONNECT, CONNACK, PUBLISH, PUBACK, DISCONNECT = 0x10, 0x20, 0x30, 0x40, 0xE0
RECEIVE_MAXIMUM = 0x21


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with mosquitto(tmp_path / "broker") as found:
        yield found


@pytest.fixture
def kept() -> Iterator[Kept]:
    with Kept(Network(lambda: EVERYTHING)) as found:
        yield found


def options(broker: Broker, **changes: Any) -> MqttOptions:
    return MqttOptions(**{**broker.options, "timeout_s": 10.0, **changes})


def send(kept: Kept, chosen: MqttOptions, **changes: Any) -> str:
    known = replace(env(delivery_id="d7"), peer=kept, **changes)
    return str(ACTION.deliver(event(listed=entry("HK55EVB")), chosen, known))


def use(kept: Kept, *chosen: MqttOptions) -> None:
    ACTION.use(kept, chosen, env())


def test_a_message_over_a_connection_that_was_idle_is_sent_at_once(broker: Broker, kept: Kept) -> None:
    use(kept, options(broker))
    send(kept, options(broker))
    began_s = time.monotonic()
    for _ in range(10):
        send(kept, options(broker))
    assert time.monotonic() - began_s < 9.0  # each waited for the end of a second, once


def test_an_event_arrives_as_the_document_with_its_remaining_age_and_the_deliverys_id(broker: Broker, kept: Kept) -> None:
    with Subscriber(broker, "gatewright/#") as listener:
        said = send(kept, options(broker), not_after=NOW + timedelta(seconds=3600))
        listener.wait(lambda: listener.of(PLATES))
    assert said == f"localhost:{broker.port} took {PLATES}"
    heard = listener.of(PLATES)[0]
    document = json.loads(heard.body)
    assert (document["plate"], document["camera_id"], document["event_id"]) == ("HK55EVB", DEVICE.id, "p1")
    assert heard.content_type == "application/json"
    assert 3500 < heard.expiry_s <= 3600
    about = [("event_id", "p1"), ("camera_id", "gw-0123456789ab"), ("site", "Depot")]
    assert heard.user == [("delivery_id", "d7"), *about]
    assert not heard.retained


def test_an_event_of_before_the_clock_was_set_waits_at_the_broker_for_as_long(broker: Broker, kept: Kept) -> None:
    """The broker threw it away after a second."""
    with Subscriber(broker, "gatewright/#") as listener:
        send(kept, options(broker), not_after=NOW - timedelta(days=2), not_after_ns=NOW_NS + 3600 * 10**9)
        listener.wait(lambda: listener.of(PLATES))
    assert 3500 < listener.of(PLATES)[0].expiry_s <= 3600


def test_a_test_says_that_nobody_listens(broker: Broker, kept: Kept) -> None:
    assert send(kept, options(broker)).endswith(f"took {PLATES}; nobody has subscribed to it")


def test_the_camera_is_online_before_a_car_comes_and_offline_once_it_is_gone(broker: Broker, kept: Kept) -> None:
    with Subscriber(broker, "gatewright/#", "homeassistant/#") as listener:
        use(kept, options(broker, discovery=True))
        listener.wait(lambda: len(listener.heard) == 2)
        assert [each.body for each in listener.of(STATUS)] == [b"online"]
        config = next(each for each in listener.heard if each.topic.startswith("homeassistant/event/"))
        assert json.loads(config.body)["state_topic"] == PLATES
        use(kept)
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online", b"offline"])


def test_the_connection_ends_after_the_broker_has_taken_offline_and_not_before(kept: Kept) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        chosen = MqttOptions(host="127.0.0.1", port=server.getsockname()[1], tls=False, timeout_s=10.0)
        use(kept, chosen)
        camera, _ = server.accept()
        with camera, camera.makefile("rb") as packets:
            assert _packet(packets)[0] == CONNECT
            camera.sendall(bytes([CONNACK, 3, 0, 0, 0]))
            kind, body = _packet(packets)
            assert (kind & 0xF0, body[-6:]) == (PUBLISH, b"online")
            another = MqttOptions(**{**chosen.model_dump(), "user": "another"})
            going = threading.Thread(target=use, args=[kept, another])
            going.start()
            kind, body = _packet(packets)
            assert (kind & 0xF0, body[-7:]) == (PUBLISH, b"offline")
            # Nor does the one that takes its place say "online" before: the camera would be offline for all who ask the broker.
            assert select.select([camera, server], [], [], 0.2)[0] == []
            number = 2 + int.from_bytes(body[:2])
            camera.sendall(bytes([PUBACK, 2]) + body[number : number + 2])
            assert _packet(packets)[0] == DISCONNECT
            going.join()
        server.accept()[0].close()


def test_a_broker_gets_no_more_messages_at_once_than_it_takes(kept: Kept) -> None:
    """One that keeps to the protocol hung up while the camera said that it is there, each time, so that no event got through."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        chosen = MqttOptions(host="127.0.0.1", port=server.getsockname()[1], tls=False, timeout_s=10.0, discovery=True)
        use(kept, chosen)
        camera, _ = server.accept()
        with camera, camera.makefile("rb") as packets:
            assert _packet(packets)[0] == CONNECT
            camera.sendall(bytes([CONNACK, 6, 0, 0, 3, RECEIVE_MAXIMUM, 0, 1]))
            bodies = []
            for _ in range(2):
                kind, body = _packet(packets)
                assert kind & 0xF0 == PUBLISH
                bodies.append(body)
                assert select.select([camera], [], [], 0.2)[0] == []
                number = 2 + int.from_bytes(body[:2])
                camera.sendall(bytes([PUBACK, 2]) + body[number : number + 2])
            assert bodies[0].endswith(b"online") and b"/config" in bodies[1]


def _packet(packets: IO[bytes]) -> tuple[int, bytes]:
    """First byte and body of the next packet, of less than 16 kB (MQTT 5, 2.1)."""
    kind, length = packets.read(2)
    if length >= 0x80:
        length += (packets.read(1)[0] - 1) * 0x80
    return kind, packets.read(length)


def test_actions_that_know_one_broker_by_different_names_do_not_end_each_others_connection(broker: Broker, kept: Kept) -> None:
    """Both had the same client id: each came back and ended the other, and one of them got hardly any event through."""
    first, second = options(broker), options(broker, host="127.0.0.1")
    with Kept(Network(lambda: EVERYTHING)) as other, Subscriber(broker, "gatewright/#") as listener:
        use(kept, first)
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online"])
        use(other, second)
        links = [*kept._kept.values(), *other._kept.values()]
        listener.wait(lambda: len({each.client_id for each in links}) == 2 and all(each._connected for each in links))
        for turn in range(5):
            send(kept, first)
            send(other, second)
            if not turn:  # what each says as it comes is heard before its first event
                listener.wait(lambda: len(listener.of(PLATES)) == 2)
                said = len(listener.of(STATUS))
        listener.wait(lambda: len(listener.of(PLATES)) == 10)
        assert len(listener.of(STATUS)) == said and listener.of(STATUS)[-1].body == b"online"
        use(other)
        send(kept, first)
        listener.wait(lambda: len(listener.of(PLATES)) == 11)
        assert len(listener.of(STATUS)) == said  # the camera is still there
        use(kept)
        listener.wait(lambda: listener.of(STATUS)[-1].body == b"offline")


def test_a_broker_that_keeps_no_messages_gets_them_all_the_same(tmp_path: Path, kept: Kept) -> None:
    """It let nobody in whose last will it was to keep, and no event got through."""
    with mosquitto(tmp_path / "broker", extra="retain_available false") as broker, Subscriber(broker, "gatewright/#") as listener:
        assert send(kept, options(broker, retain=True)).endswith(f"took {PLATES}"), "a TEST: without a last will"
        listener.wait(lambda: len(listener.of(PLATES)) == 1)
        use(kept, options(broker, retain=True))
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online"])
        send(kept, options(broker, retain=True))
        listener.wait(lambda: len(listener.of(PLATES)) == 2)
        use(kept)
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online", b"offline"])


def test_a_broker_that_acknowledges_nothing_gets_them_all_the_same(tmp_path: Path, kept: Kept) -> None:
    """It let nobody in whose last will it was to acknowledge, and hung up at the first event."""
    with mosquitto(tmp_path / "broker", extra="max_qos 0") as broker, Subscriber(broker, "gatewright/#") as listener:
        assert send(kept, options(broker)).endswith(f"took {PLATES}"), "a TEST: without a last will"
        listener.wait(lambda: len(listener.of(PLATES)) == 1)
        use(kept, options(broker))
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online"])
        send(kept, options(broker))
        listener.wait(lambda: len(listener.of(PLATES)) == 2)
        use(kept)
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online", b"offline"])


def test_a_broker_that_starts_again_while_another_does_not_answer_is_not_taken_for_the_same(kept: Kept) -> None:
    """The camera came back under another client id, and said there no more that it was offline when the action was deleted."""
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0), backlog=0) as full:
        crowd = [socket.socket() for _ in range(3)]
        for each in crowd:
            each.setblocking(False)
            each.connect_ex(full.getsockname())
        use(kept, MqttOptions(host="127.0.0.1", port=server.getsockname()[1], tls=False, timeout_s=10.0))
        camera, _ = server.accept()
        with camera, camera.makefile("rb") as packets, Kept(Network(lambda: EVERYTHING)) as other:
            kind, first = _packet(packets)
            assert kind == CONNECT
            camera.sendall(bytes([CONNACK, 3, 0, 0, 0]))
            assert _packet(packets)[1][-6:] == b"online"
            use(other, MqttOptions(host="127.0.0.1", port=full.getsockname()[1], tls=False, timeout_s=10.0))
            (link,) = other._kept.values()
            until(lambda: link._client, "that the other one is being connected")
            camera.shutdown(socket.SHUT_RDWR)
            again, _ = server.accept()
            with again, again.makefile("rb") as packets:
                assert _packet(packets) == (CONNECT, first)
            for each in crowd:
                each.close()


def test_the_broker_says_offline_when_the_connection_breaks_without_a_word(broker: Broker, kept: Kept) -> None:
    with Subscriber(broker, STATUS) as listener:
        use(kept, options(broker))
        listener.wait(lambda: [each.body for each in listener.of(STATUS)] == [b"online"])
        link = next(iter(kept._kept.values()))
        assert link._client is not None
        link._client._sock_close()
        listener.wait(lambda: b"offline" in [each.body for each in listener.of(STATUS)])
        listener.wait(lambda: [each.body for each in listener.of(STATUS)][-1] == b"online")


def test_a_test_of_an_action_that_is_not_saved_announces_nothing(broker: Broker, kept: Kept) -> None:
    with Subscriber(broker, "gatewright/#", "homeassistant/#") as listener:
        send(kept, options(broker, discovery=True))
        listener.wait(lambda: listener.of(PLATES))
        kept._try_no_more()
        send(kept, options(broker))
        listener.wait(lambda: len(listener.of(PLATES)) == 2)
    assert {each.topic for each in listener.heard} == {PLATES}


def test_a_retained_event_is_there_for_who_comes_later(broker: Broker, kept: Kept) -> None:
    send(kept, options(broker, retain=True))
    with Subscriber(broker, PLATES) as listener:
        listener.wait(lambda: listener.of(PLATES))
    assert listener.of(PLATES)[0].retained


def test_a_wrong_password_is_the_brokers_refusal_and_in_no_text(
    broker: Broker, kept: Kept, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PeerRefused, match=f"^localhost:{broker.port}: the broker refuses the log-in \\(Not authorized\\)$"):
        send(kept, options(broker, password="wr0ng-s3cret"))
    assert "wr0ng" not in caplog.text


def test_a_topic_that_the_broker_forbids_is_named(broker: Broker, kept: Kept) -> None:
    with pytest.raises(PeerRefused, match=f"localhost:{broker.port} refuses elsewhere/plates: Not authorized"):
        send(kept, options(broker, topic="elsewhere/plates"))


def test_a_broker_of_an_unknown_authority_is_not_told_the_password(broker: Broker, kept: Kept) -> None:
    with pytest.raises(DeliveryError, match=f"localhost:{broker.port}: its certificate is not accepted"):
        send(kept, options(broker, ca=""))
    assert "as gw-" not in broker.log.read_text()


def test_a_broker_without_tls_is_said_to_have_none(broker: Broker, kept: Kept) -> None:
    with pytest.raises(DeliveryError, match=f"localhost:{broker.port}: "):
        send(kept, options(broker, tls=False, ca="", timeout_s=3.0))


def test_a_broker_that_was_away_gets_the_next_event_at_once(tmp_path: Path, kept: Kept) -> None:
    with mosquitto(tmp_path / "broker") as broker:
        use(kept, options(broker))
        send(kept, options(broker))
    with pytest.raises(DeliveryError, match=r"no connection|connection was lost"):
        send(kept, options(broker))
    with mosquitto(tmp_path / "broker", broker.port) as broker, Subscriber(broker, PLATES) as listener:
        assert send(kept, options(broker)) == f"localhost:{broker.port} took {PLATES}"
        listener.wait(lambda: listener.of(PLATES))


def test_an_event_that_the_broker_finds_too_large_is_not_tried_again(tmp_path: Path, kept: Kept) -> None:
    with (
        mosquitto(tmp_path / "broker", extra="max_packet_size 600") as broker,
        pytest.raises(ConfigError, match="takes messages of 600 bytes at most"),
    ):
        send(kept, options(broker))


def test_the_camera_itself_is_out_of_reach_unless_permitted(broker: Broker) -> None:
    with Kept(Network(lambda: ())) as kept, pytest.raises(DeliveryError, match="unless an administrator permits it"):
        send(kept, options(broker))


def test_onvifs_topic_gets_the_plate_beside_ours(broker: Broker, kept: Kept) -> None:
    with Subscriber(broker, "gatewright/#") as listener:
        send(kept, options(broker, onvif_prefix="gatewright/{camera}"))
        topic = f"gatewright/{DEVICE.id}/onvif-ej/RuleEngine/Recognition/LicensePlate/&VideoSourceToken/LPR1"
        listener.wait(lambda: listener.of(topic))
    said = json.loads(listener.of(topic)[0].body)
    assert said["Data"]["LicensePlateInfo"]["LicensePlateInfo"]["PlateNumber"]["#text"] == "HK55EVB"
    about = [("event_id", "p1"), ("camera_id", DEVICE.id), ("site", "Depot")]
    assert listener.of(topic)[0].user == [("delivery_id", "d7-onvif"), *about]


def test_a_broker_that_forbids_onvifs_topic_gets_the_event_once_however_often_it_is_tried(broker: Broker, kept: Kept) -> None:
    tries = env(delivery_id="d8")
    with Subscriber(broker, "gatewright/#") as listener:
        for _ in range(3):
            with pytest.raises(PeerRefused, match="refuses elsewhere/onvif-ej/"):
                send(kept, options(broker, onvif_prefix="elsewhere"), parts=tries.parts)
        send(kept, options(broker), delivery_id="last")
        listener.wait(lambda: any(("delivery_id", "last") in each.user for each in listener.of(PLATES)))
    assert len(listener.of(PLATES)) == 2
