"""Hub: what one bad message of the engine may cost."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from typing import Any

import pytest

from board.kit.wire import Codec, PeerGone, connect
from engine.messages import SERVICE_MESSAGES, EngineHello, PassageReport
from engine.service.hub import Hub
from tests.samples import passage

pytestmark = pytest.mark.usefixtures("leak_free")


def test_a_passage_that_nobody_can_digest_does_not_keep_the_next_car_out(tmp_path: Path) -> None:
    taken: list[str] = []
    second = threading.Event()

    def on_engine(message: Any) -> None:
        if isinstance(message, PassageReport):
            if message.passage.id == "bad":
                raise ValueError("a row that is not understood")
            taken.append(message.passage.id)
            second.set()

    hub = Hub(tmp_path / "service.sock", {}, on_engine, lambda channel, request: None)
    hub.start()
    engine = connect(tmp_path / "service.sock", Codec(SERVICE_MESSAGES))
    try:
        for message in (EngineHello(1), PassageReport(passage(id="bad")), PassageReport(passage(id="good"))):
            engine.send(message)
        assert second.wait(20)
        assert taken == ["good"]
    finally:
        engine.close()
        hub.close()


def test_a_message_that_is_not_digested_in_time_is_noticed(tmp_path: Path) -> None:
    held, go_on = threading.Event(), threading.Event()

    def on_engine(message: Any) -> None:
        if message is not None:
            held.set()
            go_on.wait(10)

    hub = Hub(tmp_path / "service.sock", {}, on_engine, lambda channel, request: None)
    hub.start()
    assert hub.busy_s() == 0.0
    engine = connect(tmp_path / "service.sock", Codec(SERVICE_MESSAGES))
    try:
        for message in (EngineHello(1), PassageReport(passage())):
            engine.send(message)
        assert held.wait(20)
        time.sleep(0.05)
        assert 0.05 <= hub.busy_s() < 10
        go_on.set()
        until = time.monotonic() + 10
        while hub.busy_s() and time.monotonic() < until:
            time.sleep(0.01)
        assert hub.busy_s() == 0.0
    finally:
        go_on.set()
        engine.close()
        hub.close()


def test_where_the_camera_can_start_no_thread_for_a_moment_the_next_who_comes_is_heard(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No engine, and no page, reached the service any more."""
    heard = threading.Event()

    def no_thread(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    hub = Hub(tmp_path / "service.sock", {}, lambda message: heard.set(), lambda channel, request: None)
    hub.start()
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", no_thread)
        refused = connect(tmp_path / "service.sock", Codec(SERVICE_MESSAGES))
        with pytest.raises(PeerGone):
            refused.receive(20)
        refused.close()
    engine = connect(tmp_path / "service.sock", Codec(SERVICE_MESSAGES))
    try:
        engine.send(EngineHello(1))
        assert heard.wait(20)
        assert len(hub._clients) == 1
    finally:
        engine.close()
        hub.close()
