"""Sessions: who takes too little loses pictures up to the next key picture; a plate waits longer; silence ends it."""

from __future__ import annotations

import socket
import struct
import time
from pathlib import Path
from typing import Any

import pytest

from board.kit.clients import Clients
from board.kit.loop import Loop
from board.kit.state import State
from engine.video import sessions
from engine.video.connection import Connection
from engine.video.rtp import Unit
from engine.video.sdp import METADATA_TRACK, Track, jpeg_track
from engine.video.sessions import TIMEOUT_S, Outlet, Session
from engine.video.wires import Interleaved
from tests.waiting import until

VIDEO_TRACK = jpeg_track((320, 240), 5)
KEY, OTHER = Unit((b"key",), 1), Unit((b"other",), 2, key=False)


class Source:
    """`sends`: the first unit when somebody joins, as documents do."""

    def __init__(self) -> None:
        self.keys = 0
        self.sends = False
        self.takers: list[Any] = []

    def join(self, taker: Any) -> None:
        self.takers.append(taker)
        if self.sends:
            taker.take(KEY)

    def leave(self, taker: object) -> None:
        self.takers.remove(taker)

    def want_key(self) -> None:
        self.keys += 1


class Wire:
    def __init__(self) -> None:
        self.waiting = 0
        self.sent: list[bytes] = []
        self.reports: list[bytes] = []
        self.closed = False

    def waiting_bytes(self) -> int:
        return self.waiting

    def send(self, packets: list[bytes]) -> None:
        self.sent += [packet[12:] for packet in packets]

    def send_report(self, report: bytes) -> None:
        self.reports.append(report)

    def close(self) -> None:
        self.closed = True


def outlet(track: Track = VIDEO_TRACK) -> tuple[Outlet, Wire, Source]:
    session, source, wire = Session("main"), Source(), Wire()
    made = Outlet(session, track, source)
    made.wire = wire
    session.outlets[track.name] = made
    session.play()
    return made, wire, source


def test_it_begins_with_a_key_picture_and_loses_up_to_the_next_one() -> None:
    made, wire, _ = outlet()
    for unit in (OTHER, KEY, OTHER):
        made.take(unit)
    assert wire.sent == [b"key", b"other"]
    wire.waiting = 300_000
    made.take(OTHER)
    wire.waiting = 0
    for unit in (OTHER, OTHER, KEY, OTHER):
        made.take(unit)
    assert wire.sent == [b"key", b"other", b"key", b"other"]
    assert made.session.lost == 1


def test_a_plate_waits_where_a_picture_is_lost_but_not_for_ever() -> None:
    made, wire, _ = outlet(METADATA_TRACK)
    wire.waiting = 300_000
    made.take(KEY)
    assert wire.sent == [b"key"]
    wire.waiting = 2_000_000
    made.take(KEY)
    assert (wire.sent, made.session.lost) == ([b"key"], 1)


def test_reports_come_with_the_first_packet_and_every_five_seconds() -> None:
    made, wire, _ = outlet()
    made.take(KEY)
    made.take(OTHER)
    assert len(wire.reports) == 1
    made.session.report(time.monotonic() + 4.0)
    assert len(wire.reports) == 1
    made.session.report(time.monotonic() + 6.0)
    assert len(wire.reports) == 2


def test_a_lost_picture_is_asked_for_only_by_who_plays() -> None:
    made, _, source = outlet()
    loss = b"\x81\xce\x00\x02abcdefgh"
    made.heard(loss)
    made.session.pause()
    made.heard(loss)
    assert (source.keys, source.takers) == (1, [])


def test_the_end_says_goodbye_and_leaves_the_source() -> None:
    made, wire, source = outlet()
    made.session.close()
    assert (wire.reports[-1][1], wire.closed, source.takers, made.session.outlets) == (203, True, [], {})


def test_a_session_ends_after_sixty_seconds_of_silence_or_when_its_tracks_change(monkeypatch: pytest.MonkeyPatch) -> None:
    made, _, _ = outlet()
    now = time.monotonic()
    assert made.session.header == ("Session", f"{made.session.id};timeout=60")
    assert not made.session.is_over(now + TIMEOUT_S - 1)
    assert made.session.is_over(now + TIMEOUT_S + 1)
    monkeypatch.setattr(sessions.time, "monotonic", lambda: now + 50)
    made.heard(b"")
    assert not made.session.is_over(now + 100)
    made.changed()
    assert made.session.is_over(now + 50)


@pytest.mark.parametrize("when", ["play", "turn"])
def test_a_viewer_that_broke_off_leaves_no_source_behind_and_ends_nobody_else(tmp_path: Path, when: str) -> None:
    """Whatever is sent next finds it out, in the middle of its own tracks; an error in `turn` ended the process."""
    loop = Loop()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        viewer = socket.create_connection(listener.getsockname())
        sock, _ = listener.accept()
    gone: list[Connection] = []
    book = Clients(State(tmp_path), "video").open("rtsp", "127.0.0.1")
    connection = Connection(loop, sock, "127.0.0.1", book, lambda connection, request: None, gone.append)
    sources = [Source() for _ in range(4)]
    for first in (0, 2):
        session = Session("main")
        for track, source in ((METADATA_TRACK, sources[first]), (VIDEO_TRACK, sources[first + 1])):
            session.outlets[track.name] = Outlet(session, track, source)
            session.outlets[track.name].wire = Interleaved((0, 1), connection.queue, connection.waiting_bytes)
        connection.sessions[session.id] = session
    if when == "turn":
        for session in connection.sessions.values():
            session.play()
    else:
        for source in sources:
            source.sends = True
    viewer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    viewer.close()
    until(lambda: sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "the reset")
    for session in list(connection.sessions.values()):
        session.play()
    connection.turn(time.monotonic() + 10)
    assert (gone, connection.sessions, [source.takers for source in sources]) == ([connection], {}, [[]] * 4)
    loop.close()
