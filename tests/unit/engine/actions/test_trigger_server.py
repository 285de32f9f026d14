"""TRIGGER SERVER action: who gets the answer, and in which form."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import check
from engine.actions._kind import ActionEnv
from engine.actions.trigger_server import ACTION, TriggerServerOptions
from engine.dispatch.replies import Replies
from tests.samples import ActionPeer, env, event

TRIGGERED = {"trigger_id": "t1", "trigger_cause": "socket 10.0.0.5"}


def waiting(got: list[bytes], folder: Path = Path("/nonexistent")) -> tuple[ActionEnv, Replies]:
    replies = Replies()
    replies.expect("t1", got.append)
    return replace(env(images=folder), replies=replies), replies


NO_KEY = "the client that asked gets one answer, on its own connection"


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    """A client that triggered; its way back is forgotten."""
    got: list[bytes] = []
    its, replies = waiting(got, folder)
    yield ActionPeer({}, its, lambda: replies._clients.clear(), TRIGGERED)


def answer(**options: object) -> bytes:
    got: list[bytes] = []
    its, _ = waiting(got)
    ACTION.deliver(event(**TRIGGERED), check(TriggerServerOptions, options), its)  # type: ignore[arg-type]
    return got[0]


def test_simple_is_the_plate_alone() -> None:
    assert answer() == b"HK55EVB\r\n"


def test_the_other_formats_are_the_whole_event() -> None:
    assert ElementTree.fromstring(answer(format="XML_IMG")).findtext("trigger/id") == "t1"
    assert json.loads(answer(format="JSON"))["plate"] == "HK55EVB"


def test_a_passage_that_no_client_triggered_has_nobody_to_answer_and_is_no_error() -> None:
    its, _ = waiting([])
    said = str(ACTION.deliver(event(), TriggerServerOptions(), its))
    assert said == "no client of the trigger socket waits for this one (9 bytes)"


def test_a_client_that_is_gone_is_said() -> None:
    with pytest.raises(DeliveryError, match="the client that triggered is gone"):
        ACTION.deliver(event(trigger_id="t9", trigger_cause="socket 10.0.0.5"), TriggerServerOptions(), waiting([])[0])


def test_a_format_of_others_is_refused() -> None:
    with pytest.raises(ConfigError):
        check(TriggerServerOptions, {"format": "MILESIGHT"})
