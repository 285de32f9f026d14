"""ONVIF action: what the vms process has for ONVIF's clients, once for each passage; what it does not take ends its connection."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from engine.actions.onvif import ACTION, OnvifOptions
from tests.samples import ActionPeer, env, event
from tests.unit.engine.actions.test_socket_server import PATIENCE_S, Vms

STANDARD, DETECTOR = "RuleEngine/Recognition/LicensePlate", "RuleEngine/LicensePlateDetector/LicensePlate"


@pytest.fixture
def vms(tmp_path: Path) -> Iterator[Vms]:
    made = Vms(tmp_path)
    yield made
    made.close()


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    made = Vms(folder)
    yield ActionPeer({"timeout_s": 2}, replace(env(), vms=made.path), made.close)
    made.close()


@pytest.mark.parametrize(
    ("topics", "expected"), [("both", [STANDARD, DETECTOR]), ("standard", [STANDARD]), ("detector", [DETECTOR])]
)
def test_clients_are_told_the_chosen_topics_of_a_passage_once(vms: Vms, topics: str, expected: list[str]) -> None:
    vms.subscribed = {"1", "2"}
    its = replace(env(), vms=vms.path)
    for _ in range(2):  # the second is a repetition of the delivery
        said = ACTION.deliver(event(), OnvifOptions(topics=topics), its)
    assert str(said) == f"2 ONVIF clients get {', '.join(expected)}"
    assert [each.topic for each in vms.published] == expected


def test_a_further_action_adds_only_the_topic_that_was_not_told(vms: Vms) -> None:
    vms.subscribed = {"1"}
    its = replace(env(), vms=vms.path)
    for topics in ("detector", "both"):
        said = ACTION.deliver(event(), OnvifOptions(topics=topics), its)
    assert str(said) == f"1 ONVIF client gets {STANDARD}, {DETECTOR}"
    assert [each.topic for each in vms.published] == [DETECTOR, STANDARD]


def test_where_every_passage_is_told_the_action_says_who_got_it_and_nothing_is_told_twice(vms: Vms) -> None:
    vms.subscribed, vms.every = {"1", "2", "3"}, True
    vms.loop.call(lambda: vms.notifications.tell(event(), "/LPR/1.jpg"))
    said = ACTION.deliver(event(), OnvifOptions(topics="standard"), replace(env(), vms=vms.path))
    assert str(said) == f"3 ONVIF clients get {STANDARD}"
    assert [each.topic for each in vms.published] == [STANDARD, DETECTOR]


def test_without_a_client_the_action_says_so_and_nothing_is_made(vms: Vms) -> None:
    said = ACTION.deliver(event(), OnvifOptions(topics="standard"), replace(env(), vms=vms.path))
    assert str(said) == f"no ONVIF client has subscribed to {STANDARD}"
    assert vms.published == []


def test_without_the_vms_process_the_event_waits(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="the vms process does not take the notification"):
        ACTION.deliver(event(), OnvifOptions(), replace(env(), vms=tmp_path / "nobody.sock"))


@pytest.mark.parametrize(
    "body",
    [
        b"x",
        b"{}",
        b"[]",
        b'{"id": "p1", "notifications": 5}',
        b'{"id": "p1", "notifications": [{"topic": "a", "other": 1}]}',
        b"{" + b" " * 20_000,
    ],
    ids=range(6),
)
def test_what_is_no_notification_ends_the_connection_and_is_not_told(vms: Vms, body: bytes) -> None:
    vms.subscribed = {"1"}
    head = json.dumps({"port": 0, "allowed": [], "within_s": 1, "length": len(body)}).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect(str(vms.path))
        sock.sendall(head + b"\n" + body)
        assert sock.recv(10) == b""
    assert vms.published == []


def test_a_topic_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ConfigError, match="Topics"):
        check(OnvifOptions, {"topics": "all"})
