"""Proxy: a portal on a Unix socket that streams, breaks off, answers early or talks nonsense, behind the real server."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests
from bottle import Bottle, HTTPResponse

from board.kit.permissions import ROLES
from board.kit.sockets import bound_at
from board.kit.web.heads import parse
from board.kit.web.limits import Limits
from board.kit.web.listeners import tcp_listener
from board.kit.web.routes import Refused
from board.kit.web.server import Server
from board.kit.web.streams import PARK, Parked
from board.kit.web.visitor import COOKIE, Visitor
from firmware.gateway import proxy as module
from firmware.gateway import web as module_web
from firmware.gateway.proxy import PortalDown, Proxy
from firmware.gateway.web import LIMITS, WebServer
from firmware.people.addresses import Addresses
from tests.waiting import until

Talk = Callable[[socket.socket, bytes], None]
WHO = Visitor("guard", "operator", ROLES["operator"], COOKIE, "10.0.0.7", session="token")


class Portal:
    """Accepts on `path`; `talk` gets each connection and the head of its request."""

    def __init__(self, path: Path, talk: Talk) -> None:
        self.heads: list[bytes] = []
        self._talk = talk
        self._sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._sock.bind(str(path))
        self._sock.listen(8)
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            head = b""
            while b"\r\n\r\n" not in head:
                data = peer.recv(65536)
                if not data:
                    break
                head += data
            self.heads.append(head)
            with peer:
                try:
                    self._talk(peer, head)
                except OSError:
                    pass  # the proxy closed first

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        self._thread.join(5)


class Site:
    """The proxy alone behind the server; `portal(talk)` puts a portal behind it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "manager.sock"
        app = Bottle()
        self.proxy = proxy = Proxy()

        def forward(path: str) -> HTTPResponse:
            try:
                return proxy.forward(self.path, WHO, lambda: self.allowed, with_log_in=path.startswith("onvif/"))
            except PortalDown:
                return HTTPResponse("down", status=503)
            except Refused as why:
                return HTTPResponse(json.dumps({"error": str(why)}), status=why.status)

        app.route("/<path:path>", ["GET", "POST"], forward)
        self.server = WebServer("127.0.0.1", 0, app, Addresses())
        self.url = f"http://127.0.0.1:{self.server.start()}"
        self.portals: list[Portal] = []
        self.allowed = True

    def portal(self, talk: Talk) -> Portal:
        self.portals.append(Portal(self.path, talk))
        return self.portals[-1]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.server.stop()
    made.proxy.close()
    for portal in made.portals:
        portal.close()


def says(data: bytes) -> Talk:
    return lambda peer, head: peer.sendall(data)


def test_the_answer_comes_through_without_the_headers_of_the_hop(site: Site) -> None:
    site.portal(
        says(
            b"HTTP/1.1 201 Made\r\nContent-Length: 2\r\nX-Kept: 1\r\nSet-Cookie: a=1\r\nSet-Cookie: b=2\r\n"
            b"Connection: X-Hop\r\nX-Hop: 1\r\nKeep-Alive: 5\r\nServer: inner\r\n\r\nok"
        )
    )
    reply = requests.get(f"{site.url}/anpr/", timeout=20)
    assert (reply.status_code, reply.reason, reply.text, reply.headers["X-Kept"]) == (201, "Made", "ok", "1")
    assert reply.headers["Set-Cookie"] == "a=1, b=2"
    assert "X-Hop" not in reply.headers and reply.headers["Server"] == "gatewright"


def test_a_connection_on_which_a_body_was_not_sent_whole_serves_nobody_else(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """A portal that read nothing for a minute and then answered took the next visitor's request for the rest of the body."""
    send = module._UnixConnection.send

    def not_the_body(connection: Any, data: Any) -> None:
        if data == b"body":
            raise TimeoutError
        send(connection, data)

    monkeypatch.setattr(module._UnixConnection, "send", not_the_body)

    def talk(peer: socket.socket, head: bytes) -> None:
        answer = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n"
        peer.sendall(answer + (b"late" if head.startswith(b"POST") else b"next"))
        while peer.recv(65536):
            peer.sendall(answer + b"rest")

    site.portal(talk)
    assert requests.post(f"{site.url}/anpr/", data=b"body", timeout=20).text == "late"
    assert requests.get(f"{site.url}/anpr/", timeout=20).text == "next"


def test_the_portal_hears_who_is_there_and_nothing_forged(site: Site) -> None:
    portal = site.portal(says(b"HTTP/1.1 204 No Content\r\n\r\n"))
    before_ns = time.monotonic_ns()
    requests.get(
        f"{site.url}/anpr/a%2Fb?q=%C3%A9",
        headers={
            "X-Gatewright-Role": "admin",
            "x-gatewright-anything": "1",
            "X-Gatewright-Came-Ns": "9" * 18,
            "Authorization": "Basic eDp5",
            "Cookie": "gatewright_session=t; gatewright_session_8081=t; z=1",
        },
        timeout=10,
    )
    lines = portal.heads[0].decode().split("\r\n")
    assert lines[0] == "GET /anpr/a%2Fb?q=%C3%A9 HTTP/1.1"
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines[1:]) if name}
    assert before_ns <= int(headers.pop("x-gatewright-came-ns")) <= time.monotonic_ns()
    assert {name: value for name, value in headers.items() if "gatewright" in name} == {
        "x-gatewright-user": "guard",
        "x-gatewright-role": "operator",
        "x-gatewright-permissions": "actions,lists,open,review,view",
    }
    assert (headers["cookie"], headers["connection"], headers["x-forwarded-for"]) == ("z=1", "keep-alive", "10.0.0.7")
    assert "authorization" not in headers


def test_a_picture_stream_arrives_piece_by_piece_and_ends_with_the_client(site: Site) -> None:
    gone = threading.Event()
    go_on = threading.Event()

    def stream(peer: socket.socket, head: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace\r\n\r\n")
        peer.sendall(b"first")
        assert go_on.wait(10)
        peer.sendall(b"second")
        try:
            while True:
                peer.sendall(bytes(65536))
        except OSError:
            gone.set()

    site.portal(stream)
    with requests.get(f"{site.url}/anpr/live", stream=True, timeout=20) as reply:
        pieces = reply.iter_content(None)
        assert next(pieces) == b"first"
        go_on.set()
        assert next(pieces).startswith(b"second")
    assert gone.wait(10)


def test_a_chunked_answer_is_unpacked_and_a_cut_one_just_ends(site: Site) -> None:
    site.portal(says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"))
    assert requests.get(f"{site.url}/anpr/", timeout=20).content == b"abcde"


@pytest.mark.parametrize(
    "cut", [b"Content-Length: 100\r\n\r\nabc", b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"], ids=["length", "chunked"]
)
def test_an_answer_that_the_portal_cut_off_is_not_passed_on_as_whole(site: Site, cut: bytes) -> None:
    site.portal(says(b"HTTP/1.1 200 OK\r\n" + cut))
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(f"{site.url}/anpr/", timeout=20)


def test_a_connection_to_the_portal_is_used_again_but_not_for_what_changes_something(site: Site) -> None:
    connections: list[list[bytes]] = []

    def talk(peer: socket.socket, head: bytes) -> None:
        asked = [head]
        connections.append(asked)
        while asked[-1]:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            peer.settimeout(20 if len(asked) < 3 else 0.3)
            asked.append(peer.recv(65536))

    site.portal(talk)
    with requests.Session() as visitor:  # its next request is looked at when the one before has ended here, too
        for _ in range(3):
            assert visitor.get(f"{site.url}/anpr/", timeout=20).text == "ok"
    assert requests.post(f"{site.url}/anpr/", data=b"x", timeout=20).text == "ok"
    assert sum(head.startswith(b"GET") for head in connections[0]) == 3
    assert not any(head.startswith(b"POST") for head in connections[0])


def test_cgis_of_a_package_that_hangs_leave_threads_for_those_by_which_it_is_started_again() -> None:
    """Two programs that asked for inputs each second took all of them, and the host's own pages with them."""

    def counts_for(path: str) -> set[str]:
        return {name for name, _ in module_web._shares(parse(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode()), "10.0.0.7")}

    anybody = {"address 10.0.0.7"}
    for path in ("/cgi-bin/dido/setdo.cgi?do0=1", "/cgi-bin/admin/getparam.cgi"):  # nor do pages take those that open a gate
        assert counts_for(path) == {*anybody, "packages"}
    assert counts_for("/anpr/") == {*anybody, "packages", "portal"}
    for path in ("/cgi-bin/admin/vadpctrl.cgi?idx=0&cmd=start", "/login"):
        assert counts_for(path) == anybody


@pytest.mark.parametrize("cgi", ["/cgi-bin/dido/setdo.cgi?do0=1", "/%63gi-bin/dido/setdo.cgi?do0=1"])
def test_a_cgi_which_may_open_a_gate_is_not_asked_over_a_kept_connection(site: Site, cgi: str) -> None:
    connections: list[list[bytes]] = []

    def talk(peer: socket.socket, head: bytes) -> None:
        asked = [head]
        connections.append(asked)
        peer.settimeout(0.3)
        while asked[-1]:
            peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            asked.append(peer.recv(65536))

    site.portal(talk)
    for path in ("/anpr/", cgi):
        with closing(http.client.HTTPConnection(site.url.removeprefix("http://"), timeout=20)) as client:
            client.request("GET", path)
            assert client.getresponse().read() == b"ok"
    assert [[head.split()[1].decode() for head in asked if head] for asked in connections] == [["/anpr/"], [cgi]]


def test_a_kept_connection_that_the_portal_closed_meanwhile_is_not_taken(site: Site) -> None:
    portal = site.portal(says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"))  # and closes, without saying so
    for _ in range(4):
        assert requests.get(f"{site.url}/anpr/", timeout=20).text == "ok"
    assert len(portal.heads) == 4


def test_a_log_out_ends_the_streams_within_seconds(site: Site) -> None:
    go_on = threading.Event()

    def stream(peer: socket.socket, head: bytes) -> None:
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        go_on.wait(60)

    site.portal(stream)
    with socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), timeout=20) as viewer:
        viewer.sendall(b"GET /anpr/api/events HTTP/1.1\r\nHost: x\r\n\r\n")
        head = b""
        while not head.endswith(b"3\r\nabc\r\n"):
            head += viewer.recv(65536)
        assert head.count(b"Transfer-Encoding: chunked") == 1
        site.allowed = False
        assert viewer.recv(65536) == b""
    go_on.set()


def test_a_body_goes_up_whole_and_an_early_refusal_comes_back(site: Site) -> None:
    sizes: list[int] = []

    def talk(peer: socket.socket, head: bytes) -> None:
        rest = head.split(b"\r\n\r\n", 1)[1]
        if b"/refuse" in head:
            peer.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            return
        size = len(rest)
        while size < 1_000_000:
            size += len(peer.recv(65536))
        sizes.append(size)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    site.portal(talk)
    assert requests.post(f"{site.url}/anpr/import", data=b"x" * 1_000_000, timeout=20).status_code == 200
    assert sizes == [1_000_000]
    assert requests.post(f"{site.url}/anpr/refuse", data=b"x" * 1_000, timeout=20).status_code == 413


def test_a_body_over_the_limit_or_without_length_is_refused(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MAX_BODY_BYTES", 1_000_000)
    portal = site.portal(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    assert requests.post(f"{site.url}/anpr/", data=b"x" * 1_000_001, timeout=20).status_code == 413
    assert requests.post(f"{site.url}/anpr/", data=iter([b"x" * 70_000]), timeout=20).status_code == 411
    assert portal.heads == []


def test_a_short_body_in_chunks_is_passed_on_with_its_length(site: Site) -> None:
    portal = site.portal(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    assert requests.post(f"{site.url}/anpr/", data=iter([b"ab", b"c"]), timeout=20).status_code == 200
    head = portal.heads[0].lower()
    assert b"content-length: 3\r\n" in head and b"transfer-encoding" not in head


@pytest.mark.parametrize("nonsense", [b"", b"hello\r\n\r\n", b"HTTP/1.1 abc\r\n\r\n"])
def test_a_portal_that_talks_nonsense_is_a_502(site: Site, nonsense: bytes) -> None:
    site.portal(says(nonsense))
    reply = requests.get(f"{site.url}/anpr/", timeout=20)
    assert (reply.status_code, json.loads(reply.text)) == (502, {"error": "the portal broke off"})


def test_a_silent_portal_is_a_504(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ANSWER_WITHIN_S", 0.3)
    silent = threading.Event()
    site.portal(lambda peer, head: silent.wait(10) and None)
    reply = requests.get(f"{site.url}/anpr/", timeout=20)
    silent.set()
    assert reply.status_code == 504


def test_nobody_behind_the_socket_is_told(site: Site) -> None:
    assert requests.get(f"{site.url}/anpr/", timeout=20).text == "down"
    portal = site.portal(says(b""))
    portal.close()
    site.portals.clear()
    assert requests.get(f"{site.url}/anpr/", timeout=20).text == "down"  # the socket's file is still there


def test_every_request_gives_its_place_back(site: Site) -> None:
    site.portal(says(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"))
    for _ in range(30):
        assert requests.get(f"{site.url}/anpr/", timeout=20).status_code == 200


def test_slow_bodies_of_a_viewer_leave_the_portal_to_everybody_else_and_to_himself(site: Site) -> None:
    def portal(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        size = len(environ["wsgi.input"].read())
        start("200 OK", [])
        return [b"%d" % size]

    behind = Server(bound_at(site.path), portal, Limits(threads=3))
    behind.start()
    slow = []
    try:
        for number in range(26):
            sock = socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), timeout=20)
            size = 900_000 if number % 2 else 900
            sock.sendall(b"POST /anpr/api/lists HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size + bytes(size // 2))
            slow.append(sock)
        assert requests.get(f"{site.url}/anpr/live", timeout=20).text == "0"
        assert requests.post(f"{site.url}/anpr/api/lists", data=bytes(500), timeout=20).text == "500"
    finally:
        for sock in slow:
            sock.close()
        behind.stop()


class SlowPortal:
    """Answers each request when it is told to, whoever waits beside it."""

    def __init__(self, path: Path) -> None:
        self.waiting: list[socket.socket] = []
        self._sock = bound_at(path)
        self._sock.listen(64)
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                peer, _ = self._sock.accept()
            except OSError:
                return
            came = peer.recv(65536)
            while came and not came.endswith(b"body"):
                came += peer.recv(65536)
            if came:
                self.waiting.append(peer)

    def answer(self, number: int, data: bytes) -> None:
        with self.waiting[number] as peer:
            peer.sendall(data)

    def close(self) -> None:
        self._sock.shutdown(socket.SHUT_RDWR)
        self._sock.close()
        for peer in self.waiting:
            peer.close()


@pytest.fixture
def slow(site: Site) -> Iterator[SlowPortal]:
    made = SlowPortal(site.path)
    yield made
    made.close()


def post(site: Site, *headers: str) -> socket.socket:
    """A request of a client that waits for events."""
    client = socket.create_connection(("127.0.0.1", int(site.url.rpartition(":")[2])), 10)
    head = ["POST /onvif/x HTTP/1.1", "Host: a", *headers, "Content-Length: 4"]
    client.sendall("\r\n".join(head).encode() + b"\r\n\r\nbody")
    return client


ANSWERED = b"HTTP/1.1 400 No\r\nContent-Type: text/xml\r\nContent-Length: 5\r\nConnection: close\r\n\r\n<ok/>"


def test_more_clients_wait_for_a_package_than_there_are_threads(site: Site, slow: SlowPortal) -> None:
    count = LIMITS.threads + 10
    clients = [post(site) for _ in range(count)]
    until(lambda: len(slow.waiting) == count, "all of them at the portal")
    for number in reversed(range(count)):
        slow.answer(number, ANSWERED)
    for client in clients:
        reply = client.recv(4096)
        while not reply.endswith(b"<ok/>"):
            reply += client.recv(4096)
        assert reply.startswith(b"HTTP/1.1 400 No\r\n")
        assert b"Content-Type: text/xml" in reply and b"Connection: keep-alive" in reply
    clients[0].sendall(b"POST /onvif/x HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody")
    until(lambda: len(slow.waiting) == count + 1, "the next request on the same connection")
    slow.answer(count, ANSWERED)
    assert clients[0].recv(4096).startswith(b"HTTP/1.1 400 ")
    for client in clients:
        client.close()


def test_a_portal_that_breaks_off_while_a_client_waits_is_said(site: Site, slow: SlowPortal) -> None:
    client = post(site)
    until(lambda: len(slow.waiting) == 1, "the request")
    time.sleep(2 * module.QUICK_S)
    slow.waiting[0].close()
    assert client.recv(4096).startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    client.close()


def test_a_client_that_goes_while_it_waits_is_gone_for_the_package_too(site: Site, slow: SlowPortal) -> None:
    client = post(site)
    until(lambda: len(slow.waiting) == 1, "the request")
    time.sleep(2 * module.QUICK_S)
    client.close()
    slow.waiting[0].settimeout(10)
    assert slow.waiting[0].recv(1) == b""


def test_a_client_that_closes_its_half_while_it_waits_is_answered(site: Site, slow: SlowPortal) -> None:
    half = post(site, "Connection: close")
    until(lambda: len(slow.waiting) == 1, "the request")
    gone = post(site, "Connection: close")
    until(lambda: len(slow.waiting) == 2, "the other one")
    time.sleep(2 * module.QUICK_S)
    for client in (half, gone):
        client.shutdown(socket.SHUT_WR)
    gone.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    gone.close()  # with a reset, as the machine of one that has ended answers the next probe
    slow.waiting[1].settimeout(10)
    assert slow.waiting[1].recv(1) == b""
    slow.answer(0, ANSWERED)
    reply = b""
    while part := half.recv(4096):
        reply += part
    assert reply.startswith(b"HTTP/1.1 400 No\r\n") and reply.endswith(b"<ok/>")
    half.close()


def test_a_wait_ends_some_time_and_what_a_client_sends_meanwhile_is_its_next_request(tmp_path: Path) -> None:
    waits = socket.socketpair()

    def application(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        if environ["PATH_INFO"] == "/wait":
            assert environ[PARK](Parked(waits[0], finish, lambda: ended.append(True)))
            return []
        start("200 OK", [])
        return [environ["PATH_INFO"].encode()]

    def finish(environ: dict[str, Any], start: Callable[..., Any]) -> list[bytes]:
        start("200 OK", [])
        return [b"finished"]

    ended: list[bool] = []
    server = Server(tcp_listener("127.0.0.1", 0), application, Limits(threads=1, parked=1, parked_s=3.0))
    server.start()
    address = server._listener.getsockname()
    client = socket.create_connection(address, 10)
    client.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n" + b"GET /next HTTP/1.1\r\nHost: a\r\n\r\n")
    time.sleep(0.1)
    waits[1].send(b"x")
    said = b""
    while not said.endswith(b"/next"):
        said += client.recv(4096)
    assert (b"finished" in said, ended) == (True, [])
    waits[0].recv(1)
    client.sendall(b"GET /wait HTTP/1.1\r\nHost: a\r\n\r\n")
    assert (client.recv(4096)[:24], ended) == (b"HTTP/1.1 504 Gateway Tim", [True])
    client.close()
    server.stop()
    for each in waits:
        each.close()
