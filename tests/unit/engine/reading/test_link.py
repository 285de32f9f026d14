"""Link: a real socket, a service that comes, goes, forgets and asks."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from board.kit.clock import Clock
from board.kit.wire import Channel, Codec, accept, listen
from board.kit.words import NOTHING
from board.kit.zones import CameraZone
from engine.messages import (
    SERVICE_MESSAGES,
    EngineHello,
    EngineStatus,
    LiveReads,
    PassageReport,
    PassageStored,
    ReadAgain,
    StartTrigger,
    StopEngine,
    TriggerTaken,
    UseZone,
)
from engine.reading.link import Link
from engine.reading.unstored import Unstored
from engine.types import Passage, PassageImages, Trigger
from tests.unit.engine.reading.passages.reads import START
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("leak_free")

STATUS = EngineStatus("MOTION", 1, 10.0, 50.0, 30.0, NOTHING, NOTHING, None, (1280, 960))
PASSAGE = Passage(
    id="p1", plate="BA123CD", confidence=95.0, country="SK", region="", lane=0, direction="", char_height_px=30.0, at=START,
    monotonic_ns=1, trigger_id="", trigger_cause="", votes=2, box=(1, 2, 3, 4), size=(1280, 960), images=PassageImages(),
)  # fmt: skip


class Service:
    """The far end: accepts one engine at a time and keeps what it says, statuses apart."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._codec = Codec(SERVICE_MESSAGES)
        self._socket = listen(path)
        self._channel: Channel | None = None

    def accept(self) -> Channel:
        self._socket.settimeout(20)
        self._channel = accept(self._socket, self._codec)
        return self._channel

    def heard(self, kind: type) -> Any:
        """The next message of that kind; others are passed over."""
        assert self._channel is not None
        for _ in range(100):
            message = self._channel.receive(20)
            assert message is not None, f"no {kind.__name__} within 5 s"
            if isinstance(message, kind):
                return message
        raise AssertionError(f"no {kind.__name__}")

    def say(self, message: object) -> None:
        assert self._channel is not None
        self._channel.send(message)

    def die(self) -> None:
        if self._channel:
            self._channel.close()
        self._socket.close()


@pytest.fixture
def triggers() -> queue.Queue[Trigger]:
    return queue.Queue()


@pytest.fixture
def stopped() -> threading.Event:
    return threading.Event()


@pytest.fixture
def zone() -> CameraZone:
    return CameraZone("Europe/Berlin")


@pytest.fixture
def link(tmp_path: Path, triggers: queue.Queue[Trigger], stopped: threading.Event, zone: CameraZone) -> Iterator[Link]:
    kept = Unstored(tmp_path / "unstored", Clock())
    handlers = {StartTrigger: lambda message: triggers.put(message.trigger), StopEngine: lambda message: stopped.set()}
    made = Link(tmp_path / "service.sock", Clock(), lambda: STATUS, zone, kept, handlers)
    made.start()
    yield made
    made.close(5)
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("link")]


def test_it_says_who_it_is_and_how_it_is_when_the_service_comes(tmp_path: Path, link: Link) -> None:
    service = Service(tmp_path / "service.sock")
    channel = service.accept()
    hello, status = channel.receive(20), channel.receive(20)
    assert isinstance(hello, EngineHello) and hello.pid > 0
    assert status == STATUS
    service.die()


def test_a_passage_is_repeated_to_a_new_service_until_it_is_stored(tmp_path: Path, link: Link) -> None:
    link.report(PASSAGE)
    first = Service(tmp_path / "service.sock")
    first.accept()
    assert first.heard(PassageReport).passage == PASSAGE
    first.die()
    second = Service(tmp_path / "service.sock")
    second.accept()
    assert second.heard(PassageReport).passage == PASSAGE
    second.say(PassageStored("p1"))
    other = replace(PASSAGE, id="p2")
    link.report(other)
    assert second.heard(PassageReport).passage == other
    second.die()
    third = Service(tmp_path / "service.sock")
    third.accept()
    assert third.heard(PassageReport).passage == other
    assert link.unstored() == 1
    third.die()


def test_a_passage_that_the_engine_before_could_not_tell_is_told_by_the_next_one_and_forgotten_once_it_is_stored(
    tmp_path: Path,
) -> None:
    asked: list[ReadAgain] = []
    for is_stored in (False, True):
        kept = Unstored(tmp_path / "unstored", Clock())
        link = Link(tmp_path / "service.sock", Clock(), lambda: STATUS, CameraZone(""), kept, {ReadAgain: asked.append})
        if not is_stored:
            link.report(replace(PASSAGE, monotonic_ns=Clock().monotonic_ns()))
        link.start()
        service = Service(tmp_path / "service.sock")
        service.accept()
        assert service.heard(PassageReport).passage.id == "p1"
        if is_stored:
            service.say(PassageStored("p1"))
            service.say(ReadAgain("p1", "BA123CD"))
            until(lambda: asked, "the word to read again")
        link.close(5)
        service.die()
    assert asked == [ReadAgain("p1", "BA123CD")]
    assert list(Unstored(tmp_path / "unstored", Clock()).found) == []


def test_a_passage_that_is_not_answered_is_sent_again_on_the_same_connection(
    tmp_path: Path, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.reading.link.REPEAT_AFTER_NS", 100_000_000)
    service = Service(tmp_path / "service.sock")
    service.accept()
    link.report(PASSAGE)
    assert [service.heard(PassageReport).passage.id for _ in range(2)] == ["p1", "p1"]
    service.die()


def test_what_was_not_stored_is_sent_at_once_on_a_new_connection(
    tmp_path: Path, link: Link, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("engine.reading.link.REPEAT_AFTER_NS", 3_600_000_000_000)
    link.report(PASSAGE)
    for _ in range(2):
        service = Service(tmp_path / "service.sock")
        channel = service.accept()
        first = [channel.receive(20) for _ in range(3)]
        assert PassageReport(PASSAGE) in first, first
        service.die()


def test_triggers_and_the_stop_request_arrive_and_answers_leave(
    tmp_path: Path, link: Link, triggers: queue.Queue[Trigger], stopped: threading.Event
) -> None:
    service = Service(tmp_path / "service.sock")
    service.accept()
    trigger = Trigger("t1", "http admin", START, 5)
    service.say(StartTrigger(trigger))
    assert triggers.get(timeout=20) == trigger
    link.answer(TriggerTaken("t1", NOTHING))
    assert service.heard(TriggerTaken) == TriggerTaken("t1", NOTHING)
    service.say(StopEngine())
    assert stopped.wait(20)
    service.die()


def test_what_the_service_said_last_counts_also_where_the_engine_sends_just_as_it_ends(
    tmp_path: Path, stopped: threading.Event, zone: CameraZone, caplog: pytest.LogCaptureFixture
) -> None:
    heard, goes_on = threading.Event(), threading.Event()

    def slow(message: StartTrigger) -> None:
        heard.set()
        assert goes_on.wait(20)

    kept = Unstored(tmp_path / "unstored", Clock())
    handlers = {StartTrigger: slow, StopEngine: lambda message: stopped.set()}
    link = Link(tmp_path / "service.sock", Clock(), lambda: STATUS, zone, kept, handlers)
    service = Service(tmp_path / "service.sock")
    link.start()
    service.accept()
    service.say(StartTrigger(Trigger("t1", "http admin", START, 5)))
    assert heard.wait(20)
    service.say(StopEngine())
    service.die()
    link.show_status()
    until(lambda: "connection to the service lost" in caplog.text, "the engine's next message")
    goes_on.set()
    assert stopped.wait(20)
    link.close(5)


def test_the_zone_follows_the_services_and_a_new_service_hears_which_one_it_is(
    tmp_path: Path, link: Link, zone: CameraZone
) -> None:
    for known, said in (("Europe/Berlin", "America/New_York"), ("America/New_York", ""), ("", "Asia/Taipei")):
        service = Service(tmp_path / "service.sock")
        service.accept()
        assert service.heard(EngineHello).time_zone == known
        service.say(UseZone(said))
        until(partial(lambda wanted: zone.name == wanted, said), "the zone")
        service.die()
    assert str(zone()) == "Asia/Taipei"


def test_of_live_reads_the_newest_is_sent(tmp_path: Path, link: Link) -> None:
    link.live(LiveReads(1, ()))
    link.live(LiveReads(2, ()))
    service = Service(tmp_path / "service.sock")
    service.accept()
    assert service.heard(LiveReads) == LiveReads(2, ())
    service.die()


def test_nonsense_from_the_service_ends_the_connection_and_not_the_link(tmp_path: Path, link: Link) -> None:
    raw = listen(tmp_path / "service.sock")
    raw.settimeout(20)
    peer, _ = raw.accept()
    peer.send(b"{nonsense")
    channel = accept(raw, Codec(SERVICE_MESSAGES))
    assert isinstance(channel.receive(20), EngineHello)
    channel.close()
    peer.close()
    raw.close()


def test_beyond_a_thousand_unstored_passages_the_oldest_is_given_up(tmp_path: Path, link: Link) -> None:
    for number in range(1002):
        link.report(replace(PASSAGE, id=f"p{number}"))
    assert link.unstored() == 1000
    service = Service(tmp_path / "service.sock")
    service.accept()
    assert [service.heard(PassageReport).passage.id for _ in range(1000)] == [f"p{number}" for number in range(2, 1002)]
    service.die()
