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
from engine.vms import notifications
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
def test_the_vms_process_has_the_chosen_topics_of_a_passage_once(vms: Vms, topics: str, expected: list[str]) -> None:
    its = replace(env(), vms=vms.path)
    for _ in range(2):  # the second is a repetition of the delivery
        said = ACTION.deliver(event(), OnvifOptions(topics=topics), its)
    assert str(said) == f"kept for ONVIF clients, none of which is connected: {', '.join(expected)}"
    ((event_id, found),) = vms.notifications.newest()
    assert event_id == "p1"
    assert [each["topic"] for each in found] == expected


def test_only_the_newest_passages_are_kept(vms: Vms) -> None:
    its = replace(env(), vms=vms.path)
    for number in range(notifications.KEPT + 3):
        ACTION.deliver(event(id=f"p{number}"), OnvifOptions(), its)
    ids = [event_id for event_id, _ in vms.notifications.newest()]
    assert ids == [f"p{number}" for number in range(3, notifications.KEPT + 3)]


def test_without_the_vms_process_the_event_waits(tmp_path: Path) -> None:
    with pytest.raises(DeliveryError, match="the vms process does not take the notification"):
        ACTION.deliver(event(), OnvifOptions(), replace(env(), vms=tmp_path / "nobody.sock"))


@pytest.mark.parametrize("body", [b"x", b"{}", b"[]", b'{"id": "p1", "notifications": 5}', b"{" + b" " * 20_000])
def test_what_is_no_notification_ends_the_connection_and_is_not_kept(vms: Vms, body: bytes) -> None:
    head = json.dumps({"port": 0, "allowed": [], "within_s": 1, "length": len(body)}).encode()
    with socket.socket(socket.AF_UNIX) as sock:
        sock.settimeout(PATIENCE_S)
        sock.connect(str(vms.path))
        sock.sendall(head + b"\n" + body)
        assert sock.recv(10) == b""
    assert vms.notifications.newest() == ()


def test_a_topic_that_is_not_offered_is_refused() -> None:
    with pytest.raises(ConfigError, match="Topics"):
        check(OnvifOptions, {"topics": "all"})
