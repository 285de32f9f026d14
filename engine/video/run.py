"""video process: serves the RTSP connections that vms hands over, only while somebody watches (`python -m engine video`).

vms starts it (engine/vms/rtsp.py) with its end of a socket pair (engine/video/door.py), and it ends with that.
"""

from __future__ import annotations

import argparse
import ctypes
import logging
import signal
import socket
import threading
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from board.kit.clients import Clients
from board.kit.loop import READ, Loop
from board.kit.people import People
from board.kit.process import Life, open_log
from board.kit.state import State
from board.profiles import load
from engine.log_in import LogIn
from engine.video.documents import Documents
from engine.video.door import Document, Serving, Visitor, receive, send
from engine.video.plan import streams
from engine.video.sdp import AUDIO, AUDIO_TRACK, METADATA, METADATA_TRACK
from engine.video.server import Offer, Server
from engine.video.sound import Sound, microphone, opened
from engine.video.sources import Source

log = logging.getLogger("video")

TURN_S = 1.0
MOST_VIEWERS, MOST_VIEWERS_SMALL = 16, 4
"""Sessions at a time; the second value holds on a board short of memory."""

OOM_SCORE = "900"
"""When memory runs out, the kernel kills this process first (proc(5), oom_score_adj)."""
PR_SET_PDEATHSIG = 1


class Video:
    """The server and what it serves, on one loop."""

    def __init__(self, state: State, door: socket.socket, stop: threading.Event, microphone: str, size: str) -> None:
        board = load(state)
        self.loop = Loop()
        self._door = door
        self._stop = stop
        self._taken = 0
        self._clients = Clients(state, "video")
        self._log_in = LogIn(People(state.people_socket), self.loop)
        self._documents = Documents()
        self._sources = {stream.name: Source(stream, state.frames, self.loop) for stream in streams(board, size)}
        self._sound = Sound(self.loop, partial(opened, microphone)) if microphone else None
        extra = {METADATA: Offer(METADATA_TRACK, self._documents)}
        if self._sound is not None:
            extra[AUDIO] = Offer(AUDIO_TRACK, self._sound)
        most = MOST_VIEWERS_SMALL if board.small else MOST_VIEWERS
        self._server = Server(self.loop, self._log_in, self._clients, self._sources, extra, most)

    def start(self) -> None:
        self._clients.start()
        self._log_in.start()
        self.loop.watch(self._door, READ, self._from_door)

    def turn(self) -> None:
        """About once a second."""
        self._documents.turn()
        self._server.turn()
        send(self._door, Serving(self._taken, self._server.open))

    def close(self) -> None:
        self._server.close()
        for source in self._sources.values():
            source.close()
        if self._sound is not None:
            self._sound.close()
        self._log_in.close()
        self._clients.close()
        self.loop.close()

    def _from_door(self, events: int) -> None:
        try:
            came = receive(self._door)
        except BlockingIOError:
            return
        if came is None:
            self.loop.watch(self._door, 0, self._from_door)
            self._stop.set()
            return
        message, descriptors = came
        if isinstance(message, Document):
            self._documents.take(message.text.encode())
        elif isinstance(message, Visitor):
            self._taken += 1
            for descriptor in descriptors:
                self._server.take(socket.socket(fileno=descriptor))


def _be_the_first_to_go() -> None:
    """Dies with vms, and before all others when memory runs out."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    try:
        Path("/proc/self/oom_score_adj").write_text(OOM_SCORE, "ascii")
    except OSError as why:
        log.info("the kernel does not take %s as the first to go: %s", OOM_SCORE, why)


def main(arguments: Sequence[str]) -> int:
    """Sub-command `video`; 0 after SIGTERM, or when vms has closed the door."""
    parser = argparse.ArgumentParser(prog="python -m engine video", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    parser.add_argument("--door", type=int, required=True, help="descriptor of the socket pair's end, as vms gives it")
    parser.add_argument("--sound", action="store_true", help="with the board's microphone, where it has one")
    parser.add_argument("--size", default="", help="of the main stream, where the camera's pictures are that large: 2560x1920")
    given = parser.parse_args(arguments)
    state = State(given.state.resolve())
    open_log(state, "video")
    _be_the_first_to_go()
    life = Life(state, "video")
    video = Video(state, socket.socket(fileno=given.door), life.stop, microphone() if given.sound else "", given.size)
    video.start()
    log.info("video started")

    def turn() -> None:
        life.beat()
        video.turn()

    video.loop.run(life.stop, TURN_S, turn)
    video.close()
    log.info("video ended")
    return 0
