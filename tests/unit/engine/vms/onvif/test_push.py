"""Notify messages to a real HTTP server: what it gets, and what it does to the camera by refusing, hanging and dying."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from board.kit.clients import Clients, read_clients
from board.kit.loop import Loop
from board.kit.state import State
from engine.formats.onvif import recognition
from engine.vms.onvif import push
from engine.vms.onvif.push import BadConsumer, Consumers, Push, consumer
from engine.vms.onvif.subscriptions import Subscription, Subscriptions, Wish, event_of
from engine.vms.onvif.xml import parse
from tests.http_peer import Asked, HttpPeer, Reply, http_peer
from tests.onvif_schemas import problems
from tests.samples import event
from tests.waiting import until

BASE = "http://cam"


class Camera:
    """A loop with consumers; `permitted`: addresses that may be reached although they are barred."""

    def __init__(self, folder: Path) -> None:
        self.state = State(folder)
        self.permitted: tuple[str, ...] = ("127.0.0.1",)
        self.clients = Clients(self.state, "vms")
        self.clients.start()
        self.loop = Loop()
        self.consumers = Consumers(self.loop, lambda: self.permitted, self.clients)
        self.all = Subscriptions(tuple)
        self.made: list[Subscription] = []
        self.stop = threading.Event()
        self.thread = threading.Thread(target=self.loop.run, args=(self.stop, 0.05, lambda: None))
        self.thread.start()

    def subscribe(
        self, port: int, path: str = "/notify?x=1", host: str = "127.0.0.1", at: str = "127.0.0.1", only: str = ""
    ) -> Subscription:
        """`at`: the address that was found for `host` then."""
        before = len(self.made)

        def begin() -> None:
            to = consumer(f"http://{host}:{port}{path}")
            its: Push = self.consumers.push(to, only, (at,), "VMS")
            one = self.all.add("VMS", "127.0.0.1", Wish(), 600, 0, its.news, its.close)
            its.begin(one, f"{BASE}/onvif/event_service/{one.id}", BASE)
            self.made.append(one)

        self.loop.call(begin)
        until(lambda: len(self.made) > before)
        return self.made[-1]

    def passages(self, *plates: str) -> None:
        def publish() -> None:
            for plate in plates:
                self.all.publish(event_of(recognition(event(plate), "/LPR/1.jpg"), plate))

        self.loop.call(publish)

    def _end(self) -> None:
        for each in self.made:
            self.all.end(each)
        self.stop.set()

    def told(self) -> tuple[str, str, int]:
        """What was sent last, what was answered, and how much was missed."""
        (server,) = read_clients(self.state)
        client = server.clients[0]
        return client.sent, client.answered, client.missed

    def close(self) -> None:
        self.loop.call(self._end)
        self.thread.join()
        self.clients.close()
        self.loop.close()


@pytest.fixture
def camera(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Camera]:
    monkeypatch.setattr(push, "PAUSES_S", (0.05,))
    made = Camera(tmp_path)
    yield made
    made.close()


def plates(peer: HttpPeer) -> list[list[str]]:
    """Of each Notify."""
    return [re.findall(r"<tt:PlateNumber[^>]*>(.*?)</tt:PlateNumber>", asked.body.decode()) for asked in peer.got]


def fine(asked: Asked) -> Reply:
    return 200, {}, b""


def test_each_event_is_sent_as_a_valid_notify_to_the_consumers_path(camera: Camera) -> None:
    with http_peer(fine) as peer:
        one = camera.subscribe(peer.port)
        camera.passages("A")
        until(lambda: len(peer.got) == 1)
        camera.passages("B")
        until(lambda: len(peer.got) == 2)
        asked = peer.got[0]
        assert (asked.method, asked.path, asked.headers["Host"]) == ("POST", "/notify?x=1", f"127.0.0.1:{peer.port}")
        assert asked.headers["Content-Type"] == f'application/soap+xml; charset=utf-8; action="{push.NOTIFY}"'
        assert problems(asked.body) == []
        envelope = parse(asked.body)
        assert envelope.word("Header", "Action") == push.NOTIFY
        manager = envelope.word("Body", "Notify", "NotificationMessage", "SubscriptionReference", "Address")
        assert manager == f"{BASE}/onvif/event_service/{one.id}"
        assert plates(peer) == [["A"], ["B"]]
        until(lambda: camera.told() == ("B", "200", 0))


def test_events_of_one_moment_are_sent_together_and_in_their_order(camera: Camera) -> None:
    with http_peer(fine) as peer:
        camera.subscribe(peer.port)
        camera.passages(*(f"P{number}" for number in range(25)))
        until(lambda: sum(map(len, plates(peer))) == 25)
        assert [each for notify in plates(peer) for each in notify] == [f"P{number}" for number in range(25)]
        assert max(map(len, plates(peer))) == push.MOST_AT_ONCE


def test_a_consumer_that_was_away_gets_what_it_missed_once(camera: Camera) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        camera.subscribe(listener.getsockname()[1])
        camera.passages("A", "B")
        until(lambda: camera.told()[1] == "Connection refused")
        listener.listen()
        for plate in (b"A", b"B"):
            came = read_request(listener, b"HTTP/1.1 202 Accepted\r\n\r\n")
            assert re.findall(rb"<tt:PlateNumber[^>]*>(.*?)<", came) == [plate]
        until(lambda: camera.told() == ("B", "202", 0))
        listener.settimeout(0.2)
        with pytest.raises(TimeoutError):
            listener.accept()


def read_request(listener: socket.socket, answer: bytes) -> bytes:
    """One request, with the end of its envelope."""
    sock, _ = listener.accept()
    with sock:
        sock.settimeout(20)
        came = b""
        while not came.endswith(b"Envelope>"):
            came += sock.recv(65_536)
        sock.sendall(answer)
    return came


def test_a_refusal_is_tried_again_and_what_is_refused_always_hinders_nothing_that_follows(camera: Camera) -> None:
    answers = iter([503] + [200] + [400] * push.MOST_REFUSALS)
    with http_peer(lambda asked: (next(answers, 200), {}, b"")) as peer:
        camera.subscribe(peer.port)
        camera.passages("A")
        until(lambda: plates(peer) == [["A"]])
        camera.passages("poison")
        until(lambda: camera.told()[2] == 1)
        camera.passages("B")
        until(lambda: plates(peer) == [["A"], ["B"]])


def test_what_came_while_nobody_stood_behind_a_consumers_proxy_is_told_once_somebody_does(camera: Camera) -> None:
    """A recorder that was updated for a minute lost ten plates with every third try."""
    answers = iter([502, 503, 504, 429, 408] * push.MOST_REFUSALS)
    with http_peer(lambda asked: (next(answers, 200), {}, b"")) as peer:
        camera.subscribe(peer.port)
        camera.passages("A", "B")
        until(lambda: camera.told() == ("B", "200", 0))
        assert plates(peer) in ([["A"], ["B"]], [["A", "B"]])


def test_of_messages_that_were_refused_together_only_the_one_is_lost_that_is_refused_alone(camera: Camera) -> None:
    with http_peer(lambda asked: (500 if b">poison<" in asked.body else 200, {}, b"")) as peer:
        camera.subscribe(peer.port)
        camera.passages("A")
        until(lambda: camera.told()[:2] == ("A", "200"))
        camera.passages("B", "poison", "C", "D")
        until(lambda: camera.told()[2] == 1 and camera.told()[0] == "D")
        camera.passages("E", "F")
        until(lambda: camera.told()[0] == "F")
        assert [each for notify in plates(peer) for each in notify] == ["A", "B", "C", "D", "E", "F"]
        assert camera.told()[2] == 1


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.2\r\n", b"HTTP/9.9 200 OK\r\n", b"x" * 5_000, b"HTTP/1.1 20\r\n"], ids=range(5)
)
def test_what_answers_with_no_http_gets_it_again(camera: Camera, answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        camera.subscribe(listener.getsockname()[1])
        camera.passages("A")
        first = read_request(listener, answer)
        assert read_request(listener, b"HTTP/1.0 200 OK\n\n") == first


def test_a_consumer_that_never_answers_holds_nothing_up_for_longer_than_its_time(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "WITHIN_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener, http_peer(fine) as peer:
        silent = camera.subscribe(listener.getsockname()[1])
        camera.subscribe(peer.port)
        camera.passages(*(f"P{number}" for number in range(300)))
        until(lambda: sum(map(len, plates(peer))) >= 100)
        assert silent.missed > 100
        listener.accept()[0].close()
        listener.accept()[0].close()


def test_a_consumer_that_is_slow_to_answer_is_told_all_the_same(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that answers after six seconds had the same message again and again until its subscription ended, and none after it."""
    monkeypatch.setattr(push, "WITHIN_S", 0.2)

    def slowly(asked: Asked) -> Reply:
        time.sleep(0.5)
        return 200, {}, b""

    with http_peer(slowly) as peer:
        camera.subscribe(peer.port)
        camera.passages("A")
        until(lambda: camera.told() == ("A", "200", 0))
        camera.passages("B")
        until(lambda: camera.told() == ("B", "200", 0))


def test_after_its_end_nothing_is_sent_any_more(camera: Camera) -> None:
    with http_peer(fine) as peer:
        one = camera.subscribe(peer.port)
        camera.loop.call(lambda: camera.all.end(one))
        camera.passages("A")
        camera.subscribe(peer.port, "/other")
        camera.passages("B")
        until(lambda: peer.got)
        assert ([each.path for each in peer.got], plates(peer)) == (["/other"], [["B"]])


def test_an_address_that_is_barred_later_is_not_connected_to_any_more(camera: Camera) -> None:
    with http_peer(fine) as peer:
        camera.subscribe(peer.port)
        camera.permitted = ()
        camera.passages("A")
        until(lambda: camera.told()[1] == "barred")
        assert peer.got == []
        camera.permitted = ("127.0.0.0/8",)
        until(lambda: plates(peer) == [["A"]])


def test_names_are_looked_up_beside_the_loop_and_only_to_what_may_be_reached(camera: Camera) -> None:
    found: list[tuple[str, ...]] = []
    for host in ("localhost", "127.0.0.1", "no-such-host.invalid", "10.255.0.1"):
        before = len(found)
        camera.loop.call(lambda host=host: camera.consumers.find(consumer(f"http://{host}/"), "", found.append))  # type: ignore[misc]
        until(lambda before=before: len(found) > before)  # type: ignore[misc]
    assert [set(each) for each in found] == [{"127.0.0.1"}, {"127.0.0.1"}, set(), {"10.255.0.1"}]


def test_a_name_that_is_looked_up_slowly_is_found_when_the_client_asks_again(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "LOOK_UP_S", 0.2)
    release, real = threading.Event(), socket.getaddrinfo

    def resolver(host: object, *rest: object, **named: object) -> object:
        if host == "vms.example" and not named.get("flags"):
            release.wait(20)
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.255.0.1", 0))]
        return real(host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    found: list[tuple[str, ...]] = []

    def look() -> tuple[str, ...]:
        before = len(found)
        camera.loop.call(lambda: camera.consumers.find(consumer("http://vms.example/"), "", found.append))
        until(lambda: len(found) > before)
        return found[-1]

    try:
        first = look()
        release.set()
        until(lambda: all(thread.name != "look-up" for thread in threading.enumerate()))
        release.clear()
        assert (first, look()) == ((), ("10.255.0.1",))
    finally:
        release.set()


@pytest.mark.parametrize(
    ("url", "place", "target"),
    [
        ("http://10.0.0.1", "10.0.0.1", "/"),
        ("http://10.0.0.1:8080/a/b?c=d", "10.0.0.1:8080", "/a/b?c=d"),
        ("http://[fe80::1]:81/x", "[fe80::1]:81", "/x"),
        ("HTTP://vms.example/", "vms.example", "/"),
    ],
)
def test_a_consumers_address_is_read(url: str, place: str, target: str) -> None:
    to = consumer(url)
    assert (to.place, to.target) == (place, target)


@pytest.mark.parametrize(
    "url", ["http://a\r\nX: y/", "http://a/\nb", "http://", "//a", "http://a:99999/", "http://a/" + "b" * 600, "http://ä/"]
)
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(BadConsumer):
        consumer(url)


@pytest.mark.parametrize("pieces", [(b"HTTP/1.1 100 Continue\r\n\r\n",), (b"HTTP/1.1 103 Early Hints\r\n", b"Link: x\r\n\r\n")])
def test_a_consumer_that_says_more_before_its_answer_is_told_each_event_once(camera: Camera, pieces: tuple[bytes, ...]) -> None:
    """Taken for the answer, it was a refusal, and the event came again and again until it was dropped."""
    asked: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        for _ in range(2):
            sock, _ = listener.accept()
            with sock:
                came = b""
                while b"</s:Envelope>" not in came:
                    came += sock.recv(65_536)
                asked.append(came)
                for each in pieces:
                    sock.sendall(each)
                    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        camera.subscribe(listener.getsockname()[1])
        camera.passages("A")
        until(lambda: len(asked) == 1)
        camera.passages("B")
        thread.join()
    until(lambda: camera.told() == ("B", "204", 0))
    assert b">A</tt:PlateNumber>" in asked[0] and b">A</tt:PlateNumber>" not in asked[1]


@pytest.mark.parametrize("only", ["", "127.0.0.2"], ids=["anywhere", "the client's own alone"])
def test_a_consumer_that_has_moved_to_another_address_is_found_by_its_name(
    camera: Camera, monkeypatch: pytest.MonkeyPatch, only: str
) -> None:
    """It was looked for where its name had led to as it subscribed, for as long as the subscription lasted."""
    looked: list[str] = []

    def found(host: str, *_: object, **__: object) -> list[tuple[object, ...]]:
        looked.append(host)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", 0))]

    monkeypatch.setattr(socket, "getaddrinfo", found)
    camera.permitted = ("127.0.0.0/8",)
    with http_peer(fine) as peer:
        camera.subscribe(peer.port, host="vms.example", at="127.0.0.2", only=only)
        camera.passages("A")
        until(lambda: len(looked) > 2 if only else len(peer.got) == 1)
        assert plates(peer) == ([] if only else [["A"]])
    assert set(looked) == {"vms.example"}


def test_a_consumer_is_told_again_where_the_camera_can_start_no_thread_to_look_for_it(
    camera: Camera, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []

    def refuse(thread: threading.Thread) -> None:
        tried.append(thread.name)
        raise RuntimeError("can't start new thread")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with monkeypatch.context() as short:
        short.setattr(threading.Thread, "start", refuse)
        camera.subscribe(port, host="vms.example")
        camera.passages("A")
        until(lambda: len(tried) > 2)
