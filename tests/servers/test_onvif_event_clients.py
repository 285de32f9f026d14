"""ONVIF clients of other people get passages as they happen: over pull points, and Home Assistant's also by Notify messages."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from engine.formats.onvif import detector
from engine.messages import SettingsChanged
from engine.settings import GeneralSettings
from engine.types import Match, Passage, PlateEvent, PlateList
from tests.onvif_stack import Stack
from tests.servers.test_onvif_clients import WITHIN_S, node_client, python_client

PLATES = ("K510EA", "부산02가1234", "<B> & 'C'")
LINES = ["DI1", "DO1"]


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    made = Stack(tmp_path_factory.mktemp("onvif"))
    store = made.camera.store()
    store.settings.put(store.settings(GeneralSettings).model_copy(update={"action_addresses": "127.0.0.1"}), "admin")
    store.close()
    made.camera.ask(SettingsChanged())
    try:
        yield made
    finally:
        made.stop()


def passages_to(stack: Stack, command: tuple[list[str], dict[str, str]]) -> tuple[list[Passage], dict[str, Any]]:
    """The passages that happened once the client was ready, and what it says that it got."""
    words, environment = command
    arguments = ["127.0.0.1", str(stack.port), stack.user, stack.password, str(len(PLATES))]
    stack.camera.report("BEFORE")
    with subprocess.Popen(
        [*words, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as client:
        assert client.stdout is not None and client.stderr is not None
        ready = client.stdout.readline()
        passages = [stack.camera.report(plate) for plate in PLATES] if ready else []
        try:
            said, wrong = client.communicate(timeout=WITHIN_S)
        except subprocess.TimeoutExpired:
            client.kill()
            raise
    assert client.returncode == 0, wrong[-3000:]
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return passages, found


def told(passage: Passage) -> list[str]:
    match = Match(PlateList(1, "ALL", "all"), None)
    made = detector(PlateEvent(passage, (match,), match))
    return [made.data["EventId"], made.data["PlateNumber"], made.time]


def test_onvif_zeep_pulls_every_passage_once_with_its_id_plate_and_time(stack: Stack) -> None:
    passages, found = passages_to(stack, python_client("onvif-zeep", "onvif_zeep_events.py"))
    assert found["passages"] == [told(each) for each in passages]
    assert found["topics"] == 2
    assert sorted(found["states"])[:1] == LINES[:1] and found["again"] == len(found["states"])


def test_home_assistants_client_pulls_and_gets_notify_messages_and_renews(stack: Stack) -> None:
    passages, found = passages_to(stack, python_client("onvif-zeep-async", "onvif_zeep_async_events.py"))
    assert [each[:2] for each in found["passages"]] == [told(each)[:2] for each in passages]
    assert [each[:2] for each in found["notified"]] == [told(each)[:2] for each in passages]
    assert 50 < found["lasts_s"] <= 60


def test_onvif_python_pulls_renews_and_unsubscribes(stack: Stack) -> None:
    passages, found = passages_to(stack, python_client("", "onvif_python_events.py"))
    assert found["passages"] == [told(each) for each in passages]
    assert found["lasts_s"] == 120
    assert "there is no such subscription" in found["after"]


def test_npm_onvif_gets_events_by_its_own_loop(stack: Stack) -> None:
    passages, found = passages_to(stack, node_client("onvif", "onvif_node_events.js"))
    assert found["passages"] == [told(each) for each in passages]
    assert "DI1" in found["states"]
