"""vms process: servers for recorders and video management systems (`python -m engine vms --state DIR`)."""

from __future__ import annotations

import argparse
import logging
import os
import resource
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from board.kit.clients import Clients
from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.people import People
from board.kit.process import Life, open_log
from board.kit.servers import announce, bind_address
from board.kit.state import State
from engine.decided import Decided
from engine.events import PLATE
from engine.formats.onvif import CHANGED, LINES
from engine.log_in import LogIn
from engine.messages import (
    DELIVERIES,
    EVERY_PASSAGE,
    PASSAGES,
    SETTINGS,
    LineChanged,
    LineState,
    PassageEvent,
    ServerSettings,
    TestPassage,
)
from engine.messages import LINES as LINE_TOPIC
from engine.stored_pictures import stored_pictures
from engine.subscription import Subscription
from engine.vms.access import Access
from engine.vms.broadcasts import Broadcasts
from engine.vms.http import HttpServer, Reply, Request, text
from engine.vms.notifications import Notifications
from engine.vms.nvr import MOST_CLIENTS, Nvr
from engine.vms.nvr import NAME as NVR
from engine.vms.onvif.start import FOLDER as ONVIF
from engine.vms.onvif.start import OnvifDevice
from engine.vms.rtsp import NAME as RTSP
from engine.vms.rtsp import Rtsp
from engine.vms.snapshots import FOLDER, KNOWN, Snapshots

log = logging.getLogger("vms")

BEAT_S = 1.0

NICENESS = 5
"""However many recorders take plates: reading the next plate comes first."""

MOST_FILES = 4_096
OTHER_FILES = 300
"""Descriptors for everything but the recorders of Nvr."""


class Vms:
    """The servers on one loop. What the service pushes is handed over to the loop's thread."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.loop = Loop()
        self._clock = clock
        self._lines: dict[str, LineState] = {}
        self._clients = Clients(state, "vms")
        self._snapshots = Snapshots(stored_pictures(state))
        self._log_in = LogIn(People(state.people_socket), self.loop)
        self._access = Access(self._log_in)
        self._onvif = OnvifDevice(state, clock, self.loop, self._access, self._clients, self._lines)
        self._settings: ServerSettings | None = None
        self._http = HttpServer(self.loop, state.vms_socket, self.answer)
        self._rtsp = Rtsp(self.loop, state.root, bind_address(), lambda url: announce(state, RTSP, url))
        self._notifications = Notifications(self.loop, self._onvif.publisher, self._rtsp.tell, self._tells_every_passage)
        self._broadcasts = Broadcasts(
            self.loop,
            state.broadcasts_socket,
            bind_address(),
            lambda name, url: announce(state, name, url),
            self._notifications.take,
            self._clients,
        )
        self._nvr = Nvr(
            self.loop,
            self._log_in,
            self._clients,
            bind_address(),
            lambda url: announce(state, NVR, url),
            self._snapshots.read,
            most_clients=min(MOST_CLIENTS, open_files(MOST_FILES) - OTHER_FILES),
        )
        self._decided = Decided(self._tell, clock)
        topics = (PASSAGES, DELIVERIES, LINE_TOPIC, SETTINGS)
        self._feed = Subscription(
            state.service_socket, topics, lambda message: self.loop.call(lambda: self._take(message)), clock, last=KNOWN
        )

    def start(self) -> None:
        """OSError if the socket cannot be created."""
        self._clients.start()
        self._http.start()
        self._broadcasts.start()
        self._log_in.start()
        self._feed.start()

    def close(self) -> None:
        self._feed.close()
        self._http.close()
        self._onvif.close()
        self._broadcasts.close()
        self._nvr.close()
        self._rtsp.close()
        self._log_in.close()
        self._clients.close()
        self.loop.close()

    def turn(self) -> None:
        """To be called about every second, by the loop."""
        self._nvr.turn()
        self._rtsp.turn()
        self._onvif.turn()
        self._decided.turn()

    def answer(self, request: Request, reply: Callable[[Reply], None]) -> None:
        """One request from the host's proxy."""
        if request.path.startswith(ONVIF):
            self._onvif.answer(request, reply)
        elif not request.path.startswith(FOLDER):
            reply(text(404, "not here"))
        elif request.method not in ("GET", "HEAD"):
            reply(text(405, "GET or HEAD", ("Allow", "GET, HEAD")))
        elif self._settings is None or self._settings.snapshots_login:
            self._access.check(request, lambda problem: reply(problem or self._picture(request.path)))
        else:
            reply(self._picture(request.path))

    def _tells_every_passage(self) -> bool:
        return self._settings is not None and self._settings.onvif_events == EVERY_PASSAGE

    def _picture(self, path: str) -> Reply:
        found = self._snapshots.open(path)
        if found is None:
            return text(404, "this is none of the ten newest pictures")
        file, length = found
        return Reply(200, headers=(("Content-Type", "image/jpeg"), ("Cache-Control", "private")), file=file, length=length)

    def _take(self, message: Any) -> None:
        if isinstance(message, PassageEvent):
            self._snapshots.take(message)
        elif isinstance(message, TestPassage):
            self._tell(message.event)
        elif isinstance(message, LineChanged):
            self._line(message.line)
        elif isinstance(message, ServerSettings):
            self._use(message)
        self._decided.take(message)

    def _tell(self, stored: PassageEvent) -> None:
        """A current passage, once it is decided about: the same for all who listen."""
        if stored.passage.what == PLATE:
            picture = self._snapshots.path(stored.passage.id)
            self._nvr.tell(stored.event, picture)
            self._notifications.tell(stored.event, picture)

    def _line(self, line: LineState) -> None:
        known = self._lines.get(line.name)
        self._lines[line.name] = line
        if known is None or known.active != line.active:
            at = line.changed_at or self._clock.now()
            self._rtsp.tell(lambda: [LINES[line.kind](line.name, line.active, at, CHANGED)])
            self._onvif.line(line)

    def _use(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._nvr.use(settings)
        self._rtsp.use(settings.rtsp_port if settings.rtsp else 0, settings.rtsp_sound, settings.video_size)
        self._onvif.use(settings)


def open_files(most: int) -> int:
    """Lets this process open that many files, or as many as the system permits; returns the number."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    permitted = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (permitted, hard))
    return permitted


def main(arguments: Sequence[str]) -> int:
    """Sub-command `vms`; 0 after SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m engine vms", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    state = State(parser.parse_args(arguments).state.resolve())
    open_log(state, "vms")
    life = Life(state, "vms")
    os.nice(NICENESS)
    vms = Vms(state, Clock())
    vms.start()
    log.info("vms started")

    def turn() -> None:
        life.beat()
        vms.turn()

    vms.loop.run(life.stop, BEAT_S, turn)
    vms.close()
    log.info("vms ended")
    return 0
