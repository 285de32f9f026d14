"""Server: the methods of RTSP (RFC 2326; ONVIF Streaming Specification) for the streams of this camera, /main and /sub."""

from __future__ import annotations

import logging
import socket
import time
from collections import Counter
from collections.abc import Callable, Mapping
from functools import partial

from board.kit.clients import Clients, host_of, place_of
from board.kit.dataclass import dataclass
from board.kit.loop import Loop
from board.kit.people import CheckToken, Nobody, Person
from board.kit.words import Text
from engine.log_in import NEEDED, LogIn, Question, Unchecked
from engine.video.connection import Connection
from engine.video.messages import METHODS, Reply, Request, Transport, transport_of
from engine.video.sdp import VIDEO, Track, description
from engine.video.sessions import Gives, Outlet, Session
from engine.video.sources import Source
from engine.video.wires import Datagrams, Interleaved, NoPort, Wire

log = logging.getLogger("video.rtsp")

MOST_CONNECTIONS = 48
MOST_SESSIONS_EACH = 4
"""Of one connection."""
MOST_REFUSALS = 8
"""Wrong log-ins of one connection."""
ASK_AGAIN_S = 30.0
"""After a device password is removed, its streams end within this time."""

SDP = "application/sdp"
PUBLIC = ("Public", ", ".join(METHODS))
NO_PICTURE = Reply(503, (("Retry-After", "5"),), b"the camera delivers no picture\r\n")


@dataclass(frozen=True, slots=True)
class Offer:
    """A track of a stream, and its source."""

    track: Track
    source: Gives


class Server:
    """Serves the connections that it is given, on the loop. `sources`: by the name of the stream; `extra`: tracks that every
    stream has besides its video; `ended(number)` is called when a connection is gone."""

    def __init__(
        self,
        loop: Loop,
        log_in: LogIn,
        clients: Clients,
        sources: Mapping[str, Source],
        extra: Mapping[str, Offer],
        most_viewers: int,
    ) -> None:
        self._loop = loop
        self._log_in = log_in
        self._clients = clients
        self._sources = sources
        self._extra = extra
        self._most_viewers = most_viewers
        self._connections: list[Connection] = []
        self._methods: Mapping[str, Callable[[Connection, Request], None]] = {
            "DESCRIBE": self._describe,
            "SETUP": self._setup,
            "PLAY": self._play,
            "PAUSE": self._pause,
            "TEARDOWN": self._teardown,
            "GET_PARAMETER": self._parameter,
            "SET_PARAMETER": self._parameter,
        }

    @property
    def open(self) -> int:
        """Connections."""
        return len(self._connections)

    def take(self, sock: socket.socket) -> None:
        """A new connection to the camera."""
        try:
            place = sock.getpeername()
        except OSError:  # gone already
            sock.close()
            return
        if len(self._connections) >= MOST_CONNECTIONS:
            self._make_room()
        if len(self._connections) >= MOST_CONNECTIONS:
            log.warning("%d viewers are connected, %s is turned away", len(self._connections), place[0])
            sock.close()
            return
        host = host_of(place)
        client = self._clients.open("rtsp", place_of(place))
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._connections.append(Connection(self._loop, sock, host, client, self._handle, self._connections.remove))

    def turn(self) -> None:
        """About once a second."""
        now_s = time.monotonic()
        for connection in list(self._connections):
            connection.turn(now_s)
            if not connection.closed and connection.question is not None and now_s - connection.asked_s > ASK_AGAIN_S:
                connection.asked_s = now_s
                self._log_in.ask(connection.question, partial(self._asked_again, connection))

    def close(self) -> None:
        for connection in list(self._connections):
            connection.close(Text("the camera stops"))

    def _make_room(self) -> None:
        """Closes the oldest connection without log-in, of the address that has most of them."""
        strangers = [each for each in self._connections if not each.person]
        if strangers:
            places = Counter(each.host for each in strangers)
            max(strangers, key=lambda each: places[each.host]).close(Text("too many are connected"))

    # --- log-in -----------------------------------------------------------------------------------------------------------

    def _handle(self, connection: Connection, request: Request) -> None:
        if "require" in request.headers or "proxy-require" in request.headers:
            wanted = request.headers.get("require", "") or request.headers.get("proxy-require", "")
            connection.reply(Reply(551, (("Unsupported", wanted),)))
        elif request.method == "OPTIONS":
            connection.reply(Reply(200, (PUBLIC, *self._session_header(connection, request))))
        elif request.method not in self._methods:
            connection.reply(Reply(501, (PUBLIC,)))
        elif connection.person:
            self._methods[request.method](connection, request)
        else:
            self._let_in(connection, request)

    def _let_in(self, connection: Connection, request: Request) -> None:
        authorization = request.headers.get("authorization", "")
        # Clients make digests of the stream's address, a track's or the one that the user typed; none of it tells strangers more.
        question = self._log_in.question(authorization, request.method, connection.host, bool)
        if question is None:
            self._refuse(connection, authorization)
            return

        def answered(answer: Person | Nobody | Unchecked) -> None:
            if connection.closed:
                return
            if (person := _viewer(question, answer)) is not None:
                connection.person = connection.client.user = person.name
                connection.question, connection.asked_s = question, time.monotonic()
                self._methods[request.method](connection, request)
            elif isinstance(answer, Unchecked):
                connection.reply(Reply(503, (("Retry-After", "2"),)))
            elif isinstance(answer, Nobody) and answer.wait_s:
                connection.reply(Reply(503, (("Retry-After", f"{answer.wait_s:.0f}"),)))
            else:
                self._refuse(connection, "")

        self._log_in.ask(question, answered)

    def _refuse(self, connection: Connection, authorization: str) -> None:
        connection.refusals += 1
        challenges = self._log_in.challenges(authorization)
        reply = Reply(401, tuple(("WWW-Authenticate", challenge) for challenge in challenges))
        if connection.refusals > MOST_REFUSALS:
            connection.end(reply)
        else:
            connection.reply(reply)

    def _asked_again(self, connection: Connection, answer: Person | Nobody | Unchecked) -> None:
        """What was right and is not any more was removed, also when the address has to wait for other, wrong ones."""
        assert connection.question is not None
        if not isinstance(answer, Unchecked) and _viewer(connection.question, answer) is None:
            connection.close(Text("its log-in does not count any more"))

    # --- methods ----------------------------------------------------------------------------------------------------------

    def _describe(self, connection: Connection, request: Request) -> None:
        accepted = request.headers.get("accept", SDP).lower()
        source = self._sources.get(request.path)
        if source is None:
            connection.reply(Reply(404))
        elif not any(each in accepted for each in (SDP, "application/*", "*/*")):
            connection.reply(Reply(406))
        else:
            source.describe(partial(self._described, connection, request))

    def _described(self, connection: Connection, request: Request, video: Track | None) -> None:
        if connection.closed:
            return
        if video is None:
            connection.reply(NO_PICTURE)
            return
        tracks = [video, *(offer.track for offer in self._extra.values())]
        body = description(tracks, connection.camera, time.time_ns() // 1_000_000_000)
        base = f"{request.base.rstrip('/')}/"
        connection.reply(Reply(200, (("Content-Base", base), ("Content-Type", SDP)), body))

    def _setup(self, connection: Connection, request: Request) -> None:
        stream, _, name = request.path.partition("/")
        source, transport = self._sources.get(stream), transport_of(request.headers.get("transport", ""))
        if source is None or (name and name != VIDEO and name not in self._extra):
            connection.reply(Reply(404))
        elif not name:
            connection.reply(Reply(459))
        elif transport is None:
            connection.reply(Reply(461))
        elif name == VIDEO:
            source.describe(partial(self._set_up_video, connection, request, stream, source, transport))
        else:
            self._set_up(connection, request, stream, self._extra[name], transport)

    def _set_up_video(
        self, connection: Connection, request: Request, stream: str, source: Source, transport: Transport, video: Track | None
    ) -> None:
        if connection.closed:
            return
        if video is None:
            connection.reply(NO_PICTURE)
        else:
            self._set_up(connection, request, stream, Offer(video, source), transport)

    def _set_up(self, connection: Connection, request: Request, stream: str, offer: Offer, transport: Transport) -> None:
        session = self._session_of(connection, request)
        if session is None and "session" in request.headers:
            connection.reply(Reply(454))
            return
        if session is None:
            if len(connection.sessions) >= MOST_SESSIONS_EACH or self._viewers() >= self._most_viewers:
                connection.reply(Reply(453))
                return
            session = Session(stream)
        if session.stream != stream or session.playing:
            connection.reply(Reply(455))
            return
        outlet = Outlet(session, offer.track, offer.source)
        try:
            wire, said = self._wire(connection, outlet, transport)
        except NoPort as why:
            log.warning("%s", why)
            connection.reply(Reply(461))
            return
        outlet.wire = wire
        before = session.outlets.pop(offer.track.name, None)
        if before is not None:
            before.close()
        session.outlets[offer.track.name] = outlet
        connection.sessions[session.id] = session
        connection.reply(Reply(200, (("Transport", f"{said};ssrc={outlet.sender.ssrc:08X}"), session.header)))

    def _wire(self, connection: Connection, outlet: Outlet, transport: Transport) -> tuple[Wire, str]:
        """The wire, and the Transport header for it."""
        if transport.udp:
            pair = Datagrams(self._loop, connection.camera, connection.host, transport.ports, outlet.heard)
            client, server = transport.ports, pair.ports
            said = f"client_port={client[0]}-{client[1]};server_port={server[0]}-{server[1]}"
            return pair, f"RTP/AVP;unicast;{said}"
        taken = {
            channel
            for session in connection.sessions.values()
            for each in session.outlets.values()
            if isinstance(each.wire, Interleaved)
            for channel in each.wire.channels
        }
        channels = transport.channels
        if not channels or taken & set(channels):
            first = next(each for each in range(0, 256, 2) if not taken & {each, each + 1})
            channels = (first, first + 1)
        wire = Interleaved(channels, connection.queue, connection.waiting_bytes)
        return wire, f"RTP/AVP/TCP;unicast;interleaved={channels[0]}-{channels[1]}"

    def _play(self, connection: Connection, request: Request) -> None:
        session = self._session_of(connection, request)
        if session is None or not session.outlets:
            connection.reply(Reply(454))
            return
        base, now_ns = request.base.rstrip("/"), time.monotonic_ns()
        if request.path.count("/"):
            base = base.rpartition("/")[0]
        told = ",".join(
            f"url={base}/{name};seq={outlet.sender.number};rtptime={outlet.sender.time_of(now_ns)}"
            for name, outlet in session.outlets.items()
        )
        connection.reply(Reply(200, (session.header, ("Range", "npt=now-"), ("RTP-Info", told))))
        if not connection.closed:
            session.play()
            connection.client.sent(f"/{session.stream} {' '.join(session.outlets)}")

    def _pause(self, connection: Connection, request: Request) -> None:
        session = self._session_of(connection, request)
        if session is None:
            connection.reply(Reply(454))
            return
        session.pause()
        connection.reply(Reply(200, (session.header,)))

    def _teardown(self, connection: Connection, request: Request) -> None:
        session = self._session_of(connection, request)
        if session is None:
            connection.reply(Reply(454))
            return
        outlet = session.outlets.pop(request.path.partition("/")[2], None)
        if outlet is not None:
            outlet.close()
        if outlet is None or not session.outlets:
            connection.sessions.pop(session.id, None)  # to say goodbye may have closed the connection
            session.close()
        connection.reply(Reply(200))

    def _parameter(self, connection: Connection, request: Request) -> None:
        """Keeps the session alive; there are no parameters, compressed metadata included."""
        if "session" in request.headers and self._session_of(connection, request) is None:
            connection.reply(Reply(454))
        elif request.body.strip():
            connection.reply(Reply(451))
        else:
            connection.reply(Reply(200, self._session_header(connection, request)))

    def _session_of(self, connection: Connection, request: Request) -> Session | None:
        return connection.sessions.get(request.headers.get("session", "").partition(";")[0].strip())

    def _session_header(self, connection: Connection, request: Request) -> tuple[tuple[str, str], ...]:
        session = self._session_of(connection, request)
        return () if session is None else (session.header,)

    def _viewers(self) -> int:
        return sum(len(connection.sessions) for connection in self._connections)


def _viewer(question: Question, answer: Person | Nobody | Unchecked) -> Person | None:
    """Who that is, if he may watch."""
    if not isinstance(answer, Person) or (isinstance(question, CheckToken) and NEEDED not in answer.permissions):
        return None
    return answer
