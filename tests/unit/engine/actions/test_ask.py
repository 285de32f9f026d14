"""ASK action: which answers count, and what its options refuse (servers: tests/servers/test_ask_action.py)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from board.kit.errors import ConfigError
from board.kit.settings import check
from engine.actions._kind import Answer
from engine.actions._mqtt import Broker
from engine.actions.ask import ACTION, AskOptions, read_answer, sign
from tests.asked import allow, http_judge
from tests.samples import ActionPeer, env

pytestmark = pytest.mark.usefixtures("leak_free")


@contextmanager
def peer(folder: Path) -> Iterator[ActionPeer]:
    with http_judge(allow) as server:
        chosen = env(images=folder)
        options = {"host": "127.0.0.1", "port": server.port, "tls": False}
        yield ActionPeer(options, replace(chosen, peer=Broker(chosen.network)), server.stop)


def answer(**said: Any) -> bytes:
    return json.dumps(said).encode()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (answer(event_id="p1", allow=True), Answer(True)),
        (answer(event_id="p1", allow=False, reason="debts"), Answer(False, "debts")),
        (answer(event_id="p1", allow=True, reason=7, more={}), Answer(True)),
        (answer(event_id="p1", allow=True, reason="a\r\nb\x1b[2J" + "x" * 500), Answer(True, "a  b\ufffd[2J" + "x" * 112)),
        (answer(event_id="p2", allow=True), "the answer is about another event"),
        (answer(allow=True), "the answer is about another event"),
        (answer(event_id=["p1"], allow=True), "the answer is about another event"),
        (answer(event_id="p1", allow="true"), "the answer is no JSON object with event_id and allow"),
        (answer(event_id="p1", allow=1), "the answer is no JSON object with event_id and allow"),
        (answer(event_id="p1"), "the answer is no JSON object with event_id and allow"),
        (b'{"event_id": "p1", "allow": false, "allow": true}', "the answer is no JSON object with event_id and allow"),
        (b"true", "the answer is no JSON object with event_id and allow"),
        (b"", "the answer is no JSON object with event_id and allow"),
        (b"\xff\xfe", "the answer is no JSON object with event_id and allow"),
        (b"[" * 4096, "the answer is no JSON object with event_id and allow"),
    ],
)
def test_only_a_plain_yes_or_no_to_this_very_question_counts(body: bytes, expected: Answer | str) -> None:
    try:
        found: Answer | str = read_answer(body, "", "p1", "")
    except ConfigError as why:
        found = str(why)
    assert found == expected


def test_with_a_secret_only_what_is_signed_with_it_counts() -> None:
    body = answer(event_id="p1", allow=True)
    assert read_answer(body, sign("s3cret", body), "p1", "s3cret") == Answer(True)
    for signature in ("", "sha256=", sign("other", body), sign("s3cret", body + b" "), "sha256=é"):
        with pytest.raises(ConfigError, match="not signed with the secret"):
            read_answer(body, signature, "p1", "s3cret")


@pytest.mark.parametrize(
    ("options", "why"),
    [
        ({"timeout_s": 0.1}, "Timeout: must be 0.2 or more"),
        ({"timeout_s": 5.1}, "Timeout: must be 5 or less"),
        ({"path": "ask"}, "Path: must begin with /"),
        ({"otherwise": "open"}, "Without an answer: must be one of local list, refuse"),
        ({"answer_topic": "a/#"}, "Answer topic: must be levels"),
        ({"over": "carrier pigeon"}, "Over: must be one of http, mqtt"),
    ],
)
def test_wrong_options_are_explained(options: dict[str, Any], why: str) -> None:
    with pytest.raises(ConfigError, match=why):
        check(AskOptions, options)


@pytest.mark.parametrize(
    ("options", "fits"),
    [
        ({"host": "8.8.8.8", "tls": False}, False),
        ({"host": "8.8.8.8", "tls": False, "authentication": "bearer", "password": "token"}, False),
        ({"host": "2001:4860:4860::8888", "tls": False}, False),
        ({"host": "100.64.1.1", "tls": False}, False),
        ({"host": "8.8.8.8", "tls": True}, True),
        ({"host": "8.8.8.8", "tls": False, "secret": "s3cret"}, True),
        ({"host": "192.168.7.9", "tls": False}, True),
        ({"host": "fd00::9", "tls": False}, True),
        ({"host": "judge.example", "tls": False}, True),  # said when it is asked
    ],
)
def test_outside_the_local_network_nobody_is_asked_whose_answer_could_be_forged(options: dict[str, Any], fits: bool) -> None:
    found = [(each.field, str(each.text)) for each in AskOptions(**options).conflicts()]
    assert found == (
        []
        if fits
        else [("tls", "outside the local network an answer must be safe from forgery: switch TLS on, or agree on a secret")]
    )


def test_its_defaults_wait_one_second_and_fall_back_on_the_lists() -> None:
    options = AskOptions()
    assert (options.timeout_s, options.otherwise, options.tls, ACTION.peer(options)) == (
        1.0, "local list", True, "192.168.1.10:443"
    )  # fmt: skip
