"""Web server against real sockets: strangers who send slowly, read slowly, or say what two readers could read in two ways."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from board.kit.sockets import bound_at
from board.kit.web.connections import Phase
from board.kit.web.exchange import BrokenOff
from board.kit.web.heads import Head
from board.kit.web.limits import Limits, Share
from board.kit.web.listeners import tcp_listener
from board.kit.web.server import Server
from board.kit.web.streams import STREAM
from firmware.people.addresses import Addresses
from tests.waiting import until

QUICK = Limits(
    threads=3, connections=64, connections_per_address=16, streams=100, streams_per_address=100, head_s=1.0, idle_s=1.5, queue_s=1.0
)
PATIENT = replace(QUICK, head_s=30, idle_s=30, queue_s=30)
PATIENCE_S = 20.0
START = Callable[..., Any]


class Ticks:
    """A source that gives what it is told, b"" at the end."""

    framed = False

    def __init__(self) -> None:
        self.pieces: list[bytes] = []
        self.asked = 0
        self.wake: Callable[[], None] = lambda: None
        self.attached = threading.Event()
        self.closed = threading.Event()

    def attach(self, wake: Callable[[], None]) -> None:
        self.wake = wake
        self.attached.set()

    def next(self) -> bytes | None:
        self.asked += 1
        return self.pieces.pop(0) if self.pieces else None

    def close(self) -> None:
        self.closed.set()

    def say(self, piece: bytes) -> None:
        self.pieces.append(piece)
        self.wake()


def iter_then_break() -> Iterator[bytes]:
    yield b"begun"
    raise BrokenOff("what was behind it has gone")


class Site:
    """A server with an application whose paths behave as they are called."""

    def __init__(self, limits: Limits = QUICK, path: Path | None = None, **more: Any) -> None:
        self.path = path
        self.listener = bound_at(path) if path else tcp_listener("127.0.0.1", 0)
        self.address = self.listener.getsockname()
        self.go_on = threading.Event()
        self.sources: list[Ticks] = []
        self.seen: list[dict[str, Any]] = []
        self.header = ("X-Header", "of /header")
        addresses = None if path else Addresses(("127.0.0.9",))
        self.server = Server(self.listener, self.application, limits, addresses, **more)
        self.server.start()

    def application(self, environ: dict[str, Any], start: START) -> Iterable[bytes]:
        self.seen.append(environ)
        path = environ["PATH_INFO"]
        if path == "/wait":
            self.go_on.wait(20)
        if path == "/stream":
            source = Ticks()
            if not environ[STREAM](source):
                start("503 Busy", [("Retry-After", "10")])
                return [b""]
            self.sources.append(source)
            start("200 OK", [("Content-Type", "text/event-stream")])
            return []
        if path == "/large":
            start("200 OK", [("Content-Length", str(50 << 20))])
            return [bytes(1 << 20)] * 50
        if path == "/short":
            start("200 OK", [("Content-Length", "10")])
            return [b"short"]
        if path == "/long":
            start("200 OK", [("Content-Length", "4")])
            return [b"too", b" long"]
        if path == "/given-up":
            start("200 OK", [])
            return iter_then_break()
        if path == "/header":
            start("200 OK", [self.header])
            return []
        if path == "/broken":
            raise RuntimeError("a defect")
        if path == "/ignored":
            start("401 No", [("Content-Length", "2")])
            return [b"no"]
        body = environ["wsgi.input"].read()
        start("200 OK", [])
        return [b"%s %d" % (environ["REQUEST_METHOD"].encode(), len(body))]

    def connect(self, source: str = "127.0.0.1") -> socket.socket:
        if self.path:
            sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            sock.settimeout(PATIENCE_S)
            sock.connect(str(self.path))
            return sock
        return socket.create_connection(self.address[:2], timeout=PATIENCE_S, source_address=(source, 0))

    def say(self, data: bytes, source: str = "127.0.0.1") -> bytes:
        """Everything that comes back until the server closes."""
        with self.connect(source) as sock:
            sock.sendall(data)
            return rest(sock)

    def close(self) -> None:
        self.go_on.set()
        self.server.stop()


def rest(sock: socket.socket) -> bytes:
    answer = b""
    try:
        while part := sock.recv(65536):
            answer += part
    except ConnectionError:
        pass
    return answer


def whole(sock: socket.socket) -> bytes:
    """The answer to `get()` over a connection that stays: head and body may come one after the other."""
    answer = b""
    while not answer.endswith(b"\r\n\r\nGET 0"):
        more = sock.recv(65536)
        assert more, answer
        answer += more
    return answer


def get(path: str = "/", *headers: str, close: bool = True) -> bytes:
    lines = [f"GET {path} HTTP/1.1", "Host: camera", *headers, *(["Connection: close"] if close else [])]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def post(path: str, length: int, *headers: str) -> bytes:
    """The head alone."""
    return "\r\n".join([f"POST {path} HTTP/1.1", "Host: camera", *headers, f"Content-Length: {length}"]).encode() + b"\r\n\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ")[1])


@pytest.fixture
def site() -> Iterator[Site]:
    """Waits for half a minute, so that it cuts nobody whom a slow machine holds up."""
    made = Site(PATIENT)
    yield made
    made.close()


@pytest.fixture
def hasty() -> Iterator[Site]:
    """Waits for a second where `site` waits for half a minute."""
    made = Site()
    yield made
    made.close()


def make(request: pytest.FixtureRequest, limits: Limits, **more: Any) -> Site:
    made = Site(limits, **more)
    request.addfinalizer(made.close)
    return made


# --- requests ---------------------------------------------------------------------------------------------------------


def test_a_request_and_its_body_arrive_whole_and_the_connection_stays(site: Site) -> None:
    with site.connect() as sock:
        for _ in range(3):
            sock.sendall(
                b"POST /a%20b%2Fc?x=1 HTTP/1.1\r\nHost: camera:81\r\nX-Own: 1\r\nX-Own: 2\r\nContent-Length: 5\r\n\r\nhello"
            )
            answer = sock.recv(65536)
            while not answer.endswith(b"\r\n\r\nPOST 5"):  # head and body may come one after the other
                more = sock.recv(65536)
                assert more, answer
                answer += more
            assert b"\r\nConnection: keep-alive\r\n" in answer and b"\r\nServer: gatewright\r\n" in answer
    seen = site.seen[-1]
    assert (seen["PATH_INFO"], seen["QUERY_STRING"], seen["REQUEST_URI"]) == ("/a b%2Fc", "x=1", "/a%20b%2Fc?x=1")
    assert (seen["HTTP_X_OWN"], seen["HTTP_HOST"], seen["REMOTE_ADDR"]) == ("1, 2", "camera:81", "127.0.0.1")


def test_pipelined_requests_are_answered_in_their_order(site: Site) -> None:
    answers = site.say(post("/", 3) + b"abc" + get(close=False) + post("/", 1) + b"a" + get())
    assert answers.count(b"HTTP/1.1 200") == 4
    assert answers.index(b"POST 3") < answers.index(b"GET 0") < answers.index(b"POST 1") < answers.rindex(b"GET 0")


def test_a_body_larger_than_what_is_kept_in_memory_is_read_as_it_comes(site: Site) -> None:
    size = 900_000
    with site.connect() as sock:
        sock.sendall(post("/", size, "Connection: close"))
        for _ in range(9):
            sock.sendall(bytes(size // 9))
        assert rest(sock).endswith(b"POST 900000")


CHUNKED = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n"


def test_a_body_in_chunks_arrives_as_one_of_known_length_and_the_next_request_after_it(site: Site) -> None:
    body = b"2\r\nhe\r\n3;name=value\r\nllo\r\n00A\r\n" + bytes(10) + b"\r\n0\r\nTrailer: x\r\n\r\n"
    assert site.say(CHUNKED + b"\r\n" + body + get()).count(b"HTTP/1.1 200") == 2
    with site.connect() as sock:  # cut anywhere, after the server has said that it waits for it
        sock.sendall(CHUNKED.replace(b"Transfer", b"Connection: close\r\nExpect: 100-continue\r\nTransfer") + b"\r\n")
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for at in range(len(body)):
            sock.sendall(body[at : at + 1])
        assert rest(sock).endswith(b"POST 15")
    assert [(seen["CONTENT_LENGTH"], "HTTP_TRANSFER_ENCODING" in seen) for seen in (site.seen[0], site.seen[2])] == [
        ("15", False)
    ] * 2


def test_a_body_in_chunks_may_be_as_large_as_what_is_kept_in_memory(site: Site) -> None:
    piece = b"400\r\n" + bytes(1024) + b"\r\n"
    assert site.say(CHUNKED + b"Connection: close\r\n\r\n" + piece * 64 + b"0\r\n\r\n").endswith(b"POST 65536")
    for longer in (piece * 64 + b"1\r\n", b"ffffffff\r\n", b"1\r\nx\r\n" * 20_000, piece + b"0\r\n" + b"T: x\r\n" * 20_000):
        assert status(site.say(CHUNKED + b"\r\n" + longer)) == 411, longer[:20]
    assert len(site.seen) == 1


@pytest.mark.parametrize("size", [10, 200_000])
def test_a_client_that_asks_first_is_told_to_go_on(site: Site, size: int) -> None:
    with site.connect() as sock:
        sock.sendall(
            b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % size
        )
        assert sock.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        sock.sendall(bytes(size))
        assert rest(sock).endswith(b"POST %d" % size)


def test_a_client_that_asks_first_and_is_refused_sends_nothing(site: Site) -> None:
    with site.connect() as sock:
        sock.sendall(
            b"POST /ignored HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 500000\r\n\r\n"
        )
        assert status(sock.recv(65536)) == 401


def test_a_refused_body_is_passed_over_and_the_next_request_is_answered(site: Site) -> None:
    with site.connect() as sock:
        sock.sendall(post("/ignored", 300_000) + bytes(300_000) + get())
        answers = rest(sock)
    assert answers.count(b"HTTP/1.1 ") == 2 and answers.endswith(b"GET 0")


def test_a_defect_of_the_application_is_a_500_in_plain_words(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    answer = site.say(get("/broken"))
    assert status(answer) == 500 and b"Traceback" not in answer
    assert "a defect" in caplog.text
    assert status(site.say(get())) == 200


def test_an_answer_that_is_shorter_than_it_said_ends_the_connection_and_a_longer_one_is_cut(site: Site) -> None:
    assert site.say(get("/short", close=False)).endswith(b"\r\n\r\nshort")
    assert site.say(get("/long", close=False) + get()).count(b"HTTP/1.1 200") == 2
    assert site.say(get("/given-up", close=False)).endswith(b"\r\n\r\n5\r\nbegun\r\n")  # without the last chunk


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5, 5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1_0\r\n\r\n0123456789", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +5\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \xb2\r\n\r\nhi", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length:\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nhello", 400),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + get(), 411),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + get(), 411),
        (b"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n" + get(), 400),
        *(
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body + get(), 400)
            for body in (
                b"5\nhello\n0\n\n",
                b"0x5\r\nhello\r\n0\r\n\r\n",
                b"+5\r\nhello\r\n0\r\n\r\n",
                b"5 5\r\nhello\r\n0\r\n\r\n",
                b"\r\nhello\r\n0\r\n\r\n",
                b"4\r\nhello\r\n0\r\n\r\n",
                b"5;\0\r\nhello\r\n0\r\n\r\n",
                b"5;" + b"x" * 300 + b"\r\nhello\r\n0\r\n\r\n",
                b"000000005\r\nhello\r\n0\r\n\r\n",
                b"0\r\nTrailer: x\n\nGET / HTTP/1.1\r\n\r\n",
                b"0\r\nno trailer\r\n\r\n",
                b"0\r\n folded: x\r\n\r\n",
            )
        ),
        (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9999999\r\n\r\n", 413),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: a\nY: b\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n", 400),
        (b"GET  / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"get / HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
        (b"GET / HTTP/2.0\r\nHost: a\r\n\r\n", 505),
        (b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n" % (b"a" * 9_000), 414),
        (b"GET / HTTP/1.1\r\nHost: a\r\nX: %s\r\n\r\n" % (b"a" * 40_000), 431),
        (b"GET / HTTP/1.1\r\nHost: a\r\n%s\r\n" % (b"X: 1\r\n" * 101), 431),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused_and_ends_the_connection(site: Site, head: bytes, expected: int) -> None:
    answer = site.say(head)
    assert (status(answer), answer.count(b"HTTP/1.1 ")) == (expected, 1)
    assert b"\r\nConnection: close\r\n" in answer
    assert site.seen == []


@pytest.mark.parametrize(
    ("sent", "path"),
    [
        ("/abc/://x/admin", "/abc/://x/admin"),
        ("/x://y/z", "/x://y/z"),
        ("http://camera/abc/://x", "/abc/://x"),
        ("http://camera", "/"),
    ],
)
def test_a_path_is_read_alike_by_the_host_and_by_the_portal_to_which_it_passes_it_on(site: Site, sent: str, path: str) -> None:
    for target in (sent, path):
        site.say(get(target))
    assert [seen["REQUEST_URI"] for seen in site.seen] == [path, path]


def test_a_header_with_an_underscore_is_not_taken_for_the_one_with_a_dash(site: Site) -> None:
    two = ("X_Forwarded_For: 6.6.6.6", "X-Forwarded-For: 1.2.3.4")
    site.say(get("/", *two))
    site.say(get("/", *reversed(two)))
    assert [seen["HTTP_X_FORWARDED_FOR"] for seen in site.seen] == ["1.2.3.4", "1.2.3.4"]


@pytest.mark.parametrize("end", ["\r\n", "\n", "\0"])
def test_a_header_of_an_answer_that_would_begin_another_is_never_sent(site: Site, end: str) -> None:
    site.header = ("Location", f"/x{end}Set-Cookie: session=stolen")
    answer = site.say(get("/header"))
    assert status(answer) == 500 and b"Set-Cookie" not in answer


def test_an_old_client_gets_its_answer_and_the_end_of_the_connection(site: Site) -> None:
    answer = site.say(b"GET http://camera/path HTTP/1.0\r\n\r\n")
    assert status(answer) == 200 and answer.endswith(b"GET 0")
    assert site.seen[0]["PATH_INFO"] == "/path"
    stays = b"GET / HTTP/1.0\r\nConnection: keep-alive\r\n"
    assert site.say(stays + b"\r\n" + get()).count(b"HTTP/1.1 200") == 2
    assert site.say(stays + b"Connection: close\r\n\r\n" + get()).count(b"HTTP/1.1 200") == 1


def test_a_head_request_gets_the_headers_alone(site: Site) -> None:
    answer = site.say(b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert b"\r\nContent-Length: 6\r\n" in answer and answer.endswith(b"\r\n\r\n")


# --- strangers --------------------------------------------------------------------------------------------------------


def gives_a_page(site: Site, source: str = "127.0.0.1") -> bool:
    """False when a thread for it would have to be waited for: the patient site keeps one for half a minute."""
    try:
        return status(site.say(get(), source)) == 200
    except TimeoutError:
        return False


HALF = [
    pytest.param(b"", id="nothing"),
    pytest.param(b"GET / HTTP/1.1\r\nHost: x\r\n", id="half a head"),
    pytest.param(post("/", 900) + b"half", id="half a body"),
]


@pytest.mark.parametrize("sent", HALF)
def test_clients_that_send_nothing_or_half_hold_no_thread(site: Site, sent: bytes) -> None:
    silent = [site.connect() for _ in range(12)]
    for sock in silent:
        sock.sendall(sent)
    assert gives_a_page(site)
    for sock in silent:
        sock.close()


@pytest.mark.parametrize("sent", HALF)
def test_clients_that_send_nothing_or_half_are_cut_in_time_and_told_why(hasty: Site, sent: bytes) -> None:
    with hasty.connect() as sock:
        sock.sendall(sent)
        answer = rest(sock)
    assert status(answer) == 408 if sent else answer == b""


@pytest.mark.parametrize(
    ("begin", "reaches"), [(b"", 0), (post("/", 1000), 0), (post("/", 900_000), 1)], ids=["head", "body", "large body"]
)
def test_what_comes_byte_by_byte_is_cut_however_steadily_it_comes(hasty: Site, begin: bytes, reaches: int) -> None:
    with hasty.connect() as sock:
        sock.sendall(begin)
        with pytest.raises(ConnectionError):
            for _ in range(100):
                sock.sendall(b"x")
                time.sleep(0.1)
    assert len(hasty.seen) == reaches


def test_large_bodies_that_stop_in_the_middle_take_a_third_of_the_threads(site: Site) -> None:
    slow = [site.connect() for _ in range(5)]
    for sock in slow:
        sock.sendall(post("/", 900_000) + bytes(70_000))
    until(lambda: len(site.seen) == 1)
    assert gives_a_page(site, "127.0.0.2") and gives_a_page(site)
    for sock in slow:
        sock.close()


def test_large_bodies_that_stop_in_the_middle_end_in_408(hasty: Site) -> None:
    with hasty.connect() as sock:
        sock.sendall(post("/", 900_000) + bytes(70_000))
        assert status(rest(sock)) == 408


def test_answers_that_nobody_reads_leave_threads_to_others(site: Site) -> None:
    deaf = [site.connect() for _ in range(6)]
    for sock in deaf:
        sock.sendall(get("/large"))
    until(lambda: len(site.seen) == 2)
    assert gives_a_page(site, "127.0.0.2")
    for sock in deaf:
        sock.close()


def test_answers_that_nobody_reads_give_their_threads_back_in_time(hasty: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "web")
    deaf = [hasty.connect() for _ in range(2)]
    for sock in deaf:
        sock.sendall(get("/large"))
    until(lambda: len(hasty.seen) == 2)
    until(lambda: gives_a_page(hasty))  # from the address whose share they had; 503 until then
    for sock in deaf:
        sock.close()
    assert "Traceback" not in caplog.text


def test_the_server_ends_without_those_who_do_not_read_or_send() -> None:
    site = Site(PATIENT)
    slow = [site.connect() for _ in range(2)]
    slow[0].sendall(get("/large"))
    slow[1].sendall(post("/", 1_000_000))
    until(lambda: len(site.seen) == 2)
    site.server.stop()
    assert not any(worker.is_alive() for worker in site.server._workers)
    for sock in slow:
        sock.close()


def test_five_hundred_connections_of_one_address_leave_the_others_and_itself_their_pages(site: Site) -> None:
    many = []
    for number in range(500):
        sock = site.connect("127.0.0.3")
        sock.sendall(b"GET / HTTP/1.1\r\n" if number % 2 else b"")
        many.append(sock)
    assert gives_a_page(site, "127.0.0.4")
    assert gives_a_page(site, "127.0.0.3")
    assert len(site.server._connections) <= QUICK.connections_per_address + 1
    for sock in many:
        sock.close()


def test_of_too_many_connections_the_one_that_waits_for_longest_is_closed(request: pytest.FixtureRequest) -> None:
    site = Site(replace(QUICK, connections_per_address=3, head_s=30, idle_s=30))
    request.addfinalizer(site.close)
    waiting = []
    for _ in range(3):
        waiting.append(site.connect())
        waiting[-1].sendall(get(close=False))
        assert status(whole(waiting[-1])) == 200
        until(lambda: all(client.phase is Phase.HEAD for client in list(site.server._connections)), "all are counted as idle")
    said = until(lambda: site.say(get()))
    assert status(said) == 200
    assert rest(waiting[0]) == b""
    for sock in waiting[1:]:
        sock.sendall(get())
        assert status(rest(sock)) == 200
    for sock in waiting:
        sock.close()


def test_a_request_that_is_being_answered_is_not_closed_to_make_room(request: pytest.FixtureRequest) -> None:
    site = Site(replace(QUICK, connections_per_address=2, head_s=30, idle_s=30, queue_s=30))
    request.addfinalizer(site.close)
    working = [site.connect() for _ in range(2)]
    for sock in working:
        sock.sendall(get("/wait"))
    until(lambda: len(site.seen) == 2)
    assert site.say(get()) == b""
    site.go_on.set()
    assert [status(rest(sock)) for sock in working] == [200, 200]
    for sock in working:
        sock.close()


def test_one_address_cannot_take_all_threads(site: Site) -> None:
    waiting = [site.connect("127.0.0.3") for _ in range(6)]
    for sock in waiting:
        sock.sendall(get("/wait"))
    until(lambda: len(site.seen) == 2)
    assert gives_a_page(site, "127.0.0.4")
    assert len(site.seen) == 3
    site.go_on.set()
    assert [status(rest(sock)) for sock in waiting] == [200] * 6
    for sock in waiting:
        sock.close()


def test_who_waits_too_long_for_a_thread_is_told_to_come_back(hasty: Site) -> None:
    waiting = [hasty.connect() for _ in range(3)]
    for sock in waiting:
        sock.sendall(get("/wait"))
    answers = rest(waiting[2])
    assert status(answers) == 503 and b"\r\nRetry-After: 2\r\n" in answers
    hasty.go_on.set()
    for sock in waiting:
        sock.close()


def test_half_a_second_request_on_a_kept_connection_is_cut_as_the_first_would_be(request: pytest.FixtureRequest) -> None:
    site = Site(replace(QUICK, idle_s=60))
    request.addfinalizer(site.close)
    with site.connect() as sock:
        sock.sendall(get(close=False))
        assert status(whole(sock)) == 200
        sock.sendall(b"GET / HTTP/1.1\r\nHost:")
        assert status(rest(sock)) == 408


def test_an_idle_connection_that_asked_once_is_closed_after_its_time(hasty: Site) -> None:
    with hasty.connect() as sock:
        sock.sendall(get(close=False))
        answer = rest(sock)
    assert answer.endswith(b"GET 0")


def test_shares_say_how_many_threads_a_kind_of_request_may_take(request: pytest.FixtureRequest) -> None:
    def shares(head: Head, address: str) -> tuple[Share, ...]:
        return (("waiting", 1),) if head.path == "/wait" else ()

    site = make(request, replace(QUICK, queue_s=30), shares=shares)
    waiting = [site.connect() for _ in range(4)]
    for sock in waiting:
        sock.sendall(get("/wait"))
    until(lambda: len(site.seen) == 1)
    assert gives_a_page(site)
    site.go_on.set()
    for sock in waiting:
        assert status(rest(sock)) == 200
        sock.close()


def test_a_trusted_proxy_is_no_single_stranger_and_its_clients_share_its_connections_fairly(site: Site) -> None:
    crowd = [site.connect("127.0.0.9") for _ in range(30)]
    until(lambda: len(site.server._connections) == 30)
    for sock in crowd[:4]:
        sock.sendall(get("/wait", "X-Forwarded-For: 10.0.0.7"))
    until(lambda: len(site.seen) == 2)
    crowd[5].sendall(get("/", "X-Forwarded-For: 10.0.0.8"))
    assert status(rest(crowd[5])) == 200
    for sock in crowd:
        sock.close()


def test_who_is_no_trusted_proxy_gets_no_more_by_naming_others(site: Site) -> None:
    waiting = [site.connect("127.0.0.8") for _ in range(4)]
    for number, sock in enumerate(waiting):
        sock.sendall(get("/wait", f"X-Forwarded-For: 10.0.0.{number}"))
    until(lambda: len(site.seen) == 2)
    assert gives_a_page(site, "127.0.0.7")
    assert len(site.seen) == 3
    site.go_on.set()
    for sock in waiting:
        assert status(rest(sock)) == 200
        sock.close()


def test_what_strangers_do_is_logged_in_one_line_with_a_count(hasty: Site, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "web")
    slow = [hasty.connect() for _ in range(10)]
    for sock in slow:
        sock.sendall(b"GET / HTTP/1.1\r\n")
    assert [status(rest(sock)) for sock in slow] == [408] * 10
    for sock in slow:
        sock.close()
    until(lambda: caplog.records)
    assert [record.getMessage() for record in caplog.records] == ["127.0.0.1: requests that came too slowly were cut"]


def test_the_same_limits_hold_on_a_unix_socket(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "portal.sock"
    path.write_bytes(b"left behind")
    site = make(request, QUICK, path=path)
    assert path.stat().st_mode & 0o777 == 0o600
    silent = [site.connect() for _ in range(20)]
    for sock in silent:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n")
    assert gives_a_page(site)
    for sock in silent:
        assert status(rest(sock)) == 408
        sock.close()


# --- streams ----------------------------------------------------------------------------------------------------------


def open_stream(site: Site, source: str = "127.0.0.1") -> tuple[socket.socket, Ticks]:
    before = len(site.sources)
    sock = site.connect(source)
    sock.sendall(get("/stream", close=False))
    until(lambda: len(site.sources) > before)
    assert site.sources[-1].attached.wait(PATIENCE_S)
    return sock, site.sources[-1]


def test_streams_hold_no_thread_and_end_with_their_viewer(site: Site) -> None:
    viewers = [open_stream(site) for _ in range(12)]
    for _, source in viewers:
        source.say(b"data: 1\n\n")
    for sock, _ in viewers:
        seen = b""
        while not seen.endswith(b"\r\n\r\n9\r\ndata: 1\n\n\r\n"):
            seen += sock.recv(65536)
        assert b"\r\nTransfer-Encoding: chunked\r\n" in seen
    assert gives_a_page(site)
    for sock, source in viewers:
        sock.close()
        assert source.closed.wait(PATIENCE_S)


def test_a_source_that_ends_ends_the_answer(site: Site) -> None:
    sock, source = open_stream(site)
    source.pieces += [b"last", b""]
    source.wake()
    assert rest(sock).endswith(b"4\r\nlast\r\n0\r\n\r\n")
    assert source.closed.wait(PATIENCE_S)
    sock.close()


def test_a_viewer_is_asked_for_no_more_than_it_takes(site: Site) -> None:
    sock, source = open_stream(site)
    source.pieces += [bytes(100_000)] * 200
    source.wake()
    until(lambda: len(source.pieces) < 200)
    time.sleep(1)
    assert 200 - len(source.pieces) < 100  # what the kernel and the viewer's own buffer hold
    quick, other = open_stream(site)
    other.say(b"now")
    while not quick.recv(65536).endswith(b"now\r\n"):
        pass
    sock.close()
    quick.close()
    assert source.closed.wait(PATIENCE_S) and other.closed.wait(PATIENCE_S)


def test_a_viewer_that_takes_nothing_is_disconnected_and_one_that_has_nothing_to_take_is_not(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("board.kit.web.viewers.STALLED_S", 1.5)
    stalled, full = open_stream(site)
    waiting, idle = open_stream(site)
    full.pieces += [bytes(100_000)] * 200
    full.wake()
    assert full.closed.wait(PATIENCE_S)
    time.sleep(2)
    idle.say(b"still here")
    seen = b""
    while not seen.endswith(b"still here\r\n"):
        seen += waiting.recv(65536)
    stalled.close()
    waiting.close()
    assert idle.closed.wait(PATIENCE_S)


def test_streams_have_a_budget_of_their_own(request: pytest.FixtureRequest) -> None:
    site = make(request, replace(QUICK, streams=3, streams_per_address=2))
    viewers = [open_stream(site, "127.0.0.3") for _ in range(2)]
    refused = site.say(get("/stream"), "127.0.0.3")
    assert status(refused) == 503 and b"\r\nRetry-After: 10\r\n" in refused
    viewers.append(open_stream(site, "127.0.0.4"))
    assert status(site.say(get("/stream"), "127.0.0.5")) == 503
    viewers[0][0].close()
    assert viewers[0][1].closed.wait(PATIENCE_S)
    viewers.append(open_stream(site, "127.0.0.5"))
    for sock, source in viewers:
        sock.close()
        assert source.closed.wait(PATIENCE_S)
