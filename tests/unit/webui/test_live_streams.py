"""Live streams: what is pushed to the browsers, from a real service socket and a real frame ring."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from board.kit.errors import WireError
from board.kit.wire import Channel, Codec, accept, listen
from board.kit.words import Text
from board.types import Frame
from engine.messages import (
    SERVICE_MESSAGES,
    AskStatus,
    DeliveryEvent,
    LiveReads,
    PassageEvent,
    ServiceStatus,
    Subscribe,
    Subscribed,
)
from engine.ring import RingWriter
from engine.types import Delivery, Match, PlateRead
from tests.samples import NOW, passage
from tests.unit.webui.portal_caller import Caller
from tests.unit.webui.test_live import STATUS
from tests.waiting import until
from webui.live import events as events_module
from webui.live import feed as feed_module
from webui.live import pictures as pictures_module
from webui.live.events import EventStream, event

pytestmark = pytest.mark.usefixtures("leak_free")

READ = PlateRead("AB1", (), 91.0, "DE", (10, 20, 60, 20), 18.0)


class Service:
    """Answers AskStatus with `status`, and keeps subscribers, to whom `push` sends."""

    def __init__(self, caller: Caller, status: ServiceStatus = STATUS) -> None:
        self.status = status
        self.asked: list[Any] = []
        self.subscribers: list[Channel] = []
        self._subscribing = threading.Lock()
        self.silent = threading.Event()
        self.answers_after_s = 0.1
        self._codec = Codec(SERVICE_MESSAGES)
        self._socket = listen(caller.state.service_socket)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                channel = accept(self._socket, self._codec)
            except OSError:
                return
            threading.Thread(target=self._talk, args=(channel,), daemon=True).start()

    def _talk(self, channel: Channel) -> None:
        try:
            message = channel.receive(20)
            self.asked.append(message)
            if isinstance(message, Subscribe):
                with self._subscribing:  # who has the status is there for what is pushed next
                    self.subscribers.append(channel)
                    channel.send(Subscribed(message.after))
                    channel.send(self.status)
            elif isinstance(message, AskStatus) and not self.silent.is_set():
                time.sleep(self.answers_after_s)
                channel.send(self.status)
                channel.close()
        except WireError:
            pass

    def push(self, message: object) -> None:
        with self._subscribing:
            for channel in self.subscribers:
                channel.send(message)

    def close(self) -> None:
        self._socket.shutdown(2)
        self._socket.close()
        self._thread.join(20)
        for channel in self.subscribers:
            channel.close()


@contextmanager
def service(caller: Caller, status: ServiceStatus = STATUS) -> Iterator[Service]:
    made = Service(caller, status)
    try:
        yield made
    finally:
        made.close()


class Viewer:
    """A browser's stream of events, taken as the server's loop takes it."""

    def __init__(
        self, caller: Caller, query: str = "", last_event_id: str = "", language: str = "en", role: str = "viewer"
    ) -> None:
        environ = {"HTTP_LAST_EVENT_ID": last_event_id, "HTTP_ACCEPT_LANGUAGE": language}
        reply = caller.call("GET", f"api/events{query}", role, **environ)
        assert (reply.status, reply.headers["Content-Type"]) == (200, "text/event-stream; charset=utf-8")
        self.source = caller.streams[-1]
        self.text = ""

    def events(self, name: str) -> list[Any]:
        """What came under `name` until now."""
        while data := self.source.next():
            self.text += data.decode()
        blocks = [block.split("\n") for block in self.text.split("\n\n")]
        return [json.loads(block[-1].removeprefix("data: ")) for block in blocks if f"event: {name}" in block]

    def first(self, name: str) -> Any:
        return until(lambda: self.events(name))[0]


def test_what_actions_did_beside_the_gate_is_pushed_to_who_may_see_audit_alone(caller: Caller) -> None:
    """The page of a passage hides it from the others; addresses of servers and people stand in it."""
    opened, mailed = (Delivery(kind, "p1", 1, kind, "done", NOW, NOW, 1, NOW, NOW, Text(f"{kind} did")) for kind in ("io", "mail"))
    with service(caller) as served:
        viewer, admin = Viewer(caller), Viewer(caller, role="admin")
        assert viewer.first("status") and admin.first("status")
        served.push(PassageEvent(7, passage("AB7", "p1"), (), (opened, mailed)))
        for each in (mailed, opened):
            served.push(DeliveryEvent(each))
        until(lambda: len(admin.events("delivery")) == 2)
        assert [each["id"] for each in admin.first("passage")["deliveries"]] == ["io", "mail"]
        assert [each["id"] for each in viewer.first("passage")["deliveries"]] == ["io"]
        assert viewer.first("delivery")["id"] == "io" and "mail" not in viewer.text


def test_one_subscription_serves_all_viewers_and_ends_after_the_last(caller: Caller, monkeypatch: Any) -> None:
    monkeypatch.setattr(feed_module, "LEFT_S", 0.2)
    monkeypatch.setattr(feed_module, "TURN_S", 0.1)
    monkeypatch.setattr(feed_module, "GONE_S", 3600.0)  # however long this machine takes to connect
    monkeypatch.setattr(feed_module, "SILENT_S", 3600.0)  # the status is said once
    with service(caller) as served:
        viewers = [Viewer(caller) for _ in range(5)]
        assert [viewer.first("status")["mode"] for viewer in viewers] == ["MOTION"] * 5
        served.push(LiveReads(8, (READ,)))
        assert {json.dumps(viewer.first("reads")) for viewer in viewers} == {
            json.dumps({"frame_seq": 8, "reads": [{"text": "AB1", "confidence": 91.0, "box": [10, 20, 60, 20]}]})
        }
        assert len(served.subscribers) == 1
        assert caller.get("api/status").json["mode"] == "MOTION"
        assert [type(each) for each in served.asked] == [Subscribe]  # who polls is served from the same
        for source in caller.streams:
            source.close()
        caller.streams.clear()
        until(lambda: all(thread.name != "live-feed" for thread in threading.enumerate()))
        again = Viewer(caller)
        assert again.first("status")["mode"] == "MOTION"
        until(lambda: len(served.subscribers) == 2)


def test_what_is_stored_while_the_first_viewer_comes_is_pushed_too(caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    """It was neither among those that he had missed nor pushed where the feed's thread began later: lost for good."""
    stored, run = threading.Event(), feed_module.Feed._run

    def late(*arguments: Any) -> None:
        stored.wait(20)
        run(*arguments)

    monkeypatch.setattr(feed_module.Feed, "_run", late)
    with service(caller) as served:
        viewer = Viewer(caller, "?after=0")
        caller.portal.store.add_passage(passage("AB1", "p1"), [])
        stored.set()
        assert viewer.first("status")["mode"] == "MOTION"
        (asked,) = served.asked
        assert (asked.after, viewer.events("passage")) == (0, [])


def test_many_who_poll_at_once_cost_the_service_one_answer(caller: Caller) -> None:
    with service(caller) as served:
        served.answers_after_s = 0.5
        modes: list[str] = []
        all_there = threading.Barrier(8)

        def ask() -> None:
            all_there.wait(20)
            modes.append(caller.get("api/status").json["mode"])

        threads = [threading.Thread(target=ask) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert modes == ["MOTION"] * 8
    assert len(served.asked) <= 2


def test_a_service_that_is_gone_is_stopped_with_the_age_of_what_was_known(caller: Caller, monkeypatch: Any) -> None:
    monkeypatch.setattr(feed_module, "GONE_S", 0.3)
    monkeypatch.setattr(feed_module, "TURN_S", 0.1)
    with service(caller):
        viewer = Viewer(caller)
        assert (viewer.first("status")["mode"], viewer.first("status")["age_s"]) == ("MOTION", 0.0)
    status = until(lambda: [each for each in viewer.events("status") if each["mode"] == "STOPPED"])[-1]
    assert 0 < status["age_s"] < 10
    assert (status["lines"], status["engine"], status["problems"][0]["where"]) == ([], None, "Service")
    assert {row["value"] for row in status["info"] if row["name"] == "Results"} == {"–"}


def test_a_service_that_is_busy_for_a_moment_is_not_called_stopped(caller: Caller, monkeypatch: Any) -> None:
    with service(caller) as served:
        assert caller.get("api/status").json["mode"] == "MOTION"
        monkeypatch.setattr(feed_module, "ASK_TIMEOUT_S", 0.2)
        served.silent.set()
        later = caller.get("api/status").json
    assert later["mode"] == "MOTION" and later["age_s"] >= 0.2
    assert caller.get("api/status").json["mode"] == "STOPPED"  # now nobody listens


def test_an_engine_that_stopped_is_shown_with_the_age_of_its_last_word(caller: Caller) -> None:
    with service(caller, replace(STATUS, mode="STOPPED", engine=None, last_engine=STATUS.engine, last_engine_age_s=42.0)):
        status = caller.get("api/status").json
    assert (status["mode"], status["engine"], status["age_s"]) == ("STOPPED", None, 42.0)


def test_a_browser_that_comes_back_gets_every_passage_it_missed_once(caller: Caller) -> None:
    store = caller.portal.store
    for number in range(1, 6):
        store.add_passage(passage(f"AB{number}", f"p{number}"), [])
    with service(caller) as served:
        viewer = Viewer(caller, last_event_id="2")
        until(lambda: served.subscribers)
        assert served.asked[0].after == 5
        lists = tuple(Match(each, None) for each in store.lists()[:1])
        served.push(PassageEvent(5, passage("AB5", "p5"), lists, ()))  # is there already
        served.push(PassageEvent(6, passage("AB6", "p6"), lists, ()))
        until(lambda: len(viewer.events("passage")) >= 4)
    assert [each["plate"] for each in viewer.events("passage")] == ["AB3", "AB4", "AB5", "AB6"]
    assert [line for line in viewer.text.split("\n") if line.startswith("id:")] == ["id: 3", "id: 4", "id: 5", "id: 6"]
    assert viewer.events("passage")[-1]["lists"][0]["name"] == "ALL PLATES"
    assert viewer.text.startswith("retry: 2000\n\n")


def test_a_browser_that_comes_for_the_first_time_names_the_last_passage_it_has(caller: Caller) -> None:
    for number in range(1, 4):
        caller.portal.store.add_passage(passage(f"AB{number}", f"p{number}"), [])
    assert [each["plate"] for each in Viewer(caller, "?after=2").events("passage")] == ["AB3"]
    assert Viewer(caller, "?after=3").events("passage") == []
    assert Viewer(caller).events("passage") == []


def test_over_the_budget_a_stream_is_refused_and_nothing_stays_open(caller: Caller) -> None:
    caller.has_room = False
    refused = caller.get("api/events", "viewer")
    assert (refused.status, refused.headers["Retry-After"]) == (503, "10")
    assert caller.portal.feed._all() == []


def test_a_browser_that_takes_nothing_loses_its_stream_and_not_its_passages(monkeypatch: Any) -> None:
    monkeypatch.setattr(events_module, "MOST_WAITING", 10)
    closed: list[EventStream] = []
    stream = EventStream(lambda: 0.0, closed.append)
    stream.begin([])
    for number in range(1000):
        stream.replace("status", event("status", {"number": number}))
    assert stream.next() == b'retry: 2000\n\nevent: status\ndata: {"number":999}\n\n'
    for row in range(11):
        stream.passage(row, event("passage", {}, row))
    assert stream.next() == b""
    stream.close()
    assert closed == [stream]


def test_a_silent_stream_says_that_it_is_alive() -> None:
    now = [0.0]
    stream = EventStream(lambda: now[0], lambda stream: None)
    stream.begin([])
    assert stream.next() == b"retry: 2000\n\n"
    assert stream.next() is None
    now[0] = 10.0
    assert (stream.next(), stream.next()) == (b": alive\n\n", None)


# --- pictures ---------------------------------------------------------------------------------------------------------


def part_of(data: bytes) -> tuple[dict[str, str], bytes]:
    head, _, rest = data.partition(b"\r\n\r\n")
    headers = dict(line.split(": ") for line in head.decode().split("\r\n"))
    picture = rest[: int(headers["Content-Length"])]
    assert rest[len(picture) :] == b"\r\n--picture\r\n"
    return headers, picture


def taken(source: Any) -> tuple[dict[str, str], bytes]:
    """The next picture as the server's loop takes it; the opening boundary goes before the first."""
    data = until(source.next)
    return part_of(data if not data.startswith(b"--picture") else until(source.next))


def test_a_picture_is_encoded_once_for_all_viewers_and_each_has_its_number(caller: Caller, monkeypatch: Any) -> None:
    from webui.live import newest_picture as picture_module

    encoded: list[tuple[int, int]] = []
    encode = picture_module._encode

    def counting(frame: Frame, wanted: int, focus: Any) -> Any:
        encoded.append((frame.seq, wanted))
        return encode(frame, wanted, focus)

    monkeypatch.setattr(picture_module, "_encode", counting)
    assert caller.get("api/pictures").status == 503  # no picture yet
    ring = RingWriter(caller.state.frames, 1600, 1200)
    ring.write(Frame(5, NOW, caller.portal.clock.monotonic_ns(), np.zeros((1200, 1600, 3), np.uint8)))
    for _ in range(6):
        reply = caller.get("api/pictures?width=620", "viewer")
        assert (reply.status, reply.headers["Content-Type"]) == (200, "multipart/x-mixed-replace; boundary=picture")
    got = [taken(source) for source in caller.streams]
    assert {(headers["X-Frame-Seq"], headers["X-Frame-Size"]) for headers, _ in got} == {("5", "1600x1200")}
    assert len({picture for _, picture in got}) == 1 and got[0][1][:2] == b"\xff\xd8"
    ring.write(Frame(6, NOW, caller.portal.clock.monotonic_ns(), np.zeros((1200, 1600, 3), np.uint8)))
    assert {taken(source)[0]["X-Frame-Seq"] for source in caller.streams} == {"6"}
    assert [each for each in encoded if each[1] == 640] == [(5, 640), (6, 640)]
    ring.close()


def test_a_slow_viewer_skips_pictures_and_an_unchanged_one_is_sent_again_now_and_then(caller: Caller, monkeypatch: Any) -> None:
    monkeypatch.setattr(pictures_module, "ALIVE_S", 3600.0)  # however long this machine takes: not before the last line
    ring = RingWriter(caller.state.frames, 64, 48)

    def write(seq: int) -> None:
        ring.write(Frame(seq, NOW, caller.portal.clock.monotonic_ns(), np.zeros((48, 64, 3), np.uint8)))

    write(1)
    for _ in range(2):
        assert caller.get("api/pictures").status == 200
    quick, slow = caller.streams
    assert taken(slow)[0]["X-Frame-Seq"] == "1"
    for seq in range(1, 6):
        write(seq)
        while taken(quick)[0]["X-Frame-Seq"] != str(seq):
            pass
    assert slow.next() is None  # only now does it say that it has taken the first
    assert taken(slow)[0]["X-Frame-Seq"] == "5"
    monkeypatch.setattr(pictures_module, "ALIVE_S", 0.5)
    assert taken(slow)[0]["X-Frame-Seq"] == "5"
    ring.close()


def test_the_encoding_ends_with_the_last_viewer(caller: Caller) -> None:
    ring = RingWriter(caller.state.frames, 64, 48)
    ring.write(Frame(1, NOW, caller.portal.clock.monotonic_ns(), np.zeros((48, 64, 3), np.uint8)))
    assert caller.get("api/pictures?focus=1").status == 200
    source = caller.streams.pop()
    assert "X-Sharpness" in taken(source)[0]
    assert any(thread.name == "live-pictures" for thread in threading.enumerate())
    source.close()
    until(lambda: all(thread.name != "live-pictures" for thread in threading.enumerate()))
    ring.close()


def test_viewers_of_two_languages_each_get_their_own_of_one_event(caller: Caller) -> None:
    stopped = replace(STATUS, engine=None, mode="STOPPED")
    with service(caller, stopped) as served:
        viewers = [Viewer(caller, language=language) for language in ("de", "en", "de")]
        texts = [viewer.first("status")["problems"][0]["text"] for viewer in viewers]
        assert len(served.subscribers) == 1
    german, english = "läuft nicht: Es wird nichts gelesen.", "is not running: nothing is read."
    assert texts == [german, english, german]
