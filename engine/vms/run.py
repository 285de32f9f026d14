"""vms process: servers for recorders and video management systems (`python -m engine vms --state DIR`)."""

from __future__ import annotations

import argparse
import logging
from collections.abc import Callable, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from board.kit.clients import Clients
from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.people import People
from board.kit.process import Life, open_log
from board.kit.servers import announce, bind_address
from board.kit.state import State
from engine.messages import PASSAGES, SETTINGS, PassageEvent, ServerSettings
from engine.subscription import Subscription
from engine.types import PlateEvent
from engine.vms.access import Access
from engine.vms.broadcasts import Broadcasts
from engine.vms.http import HttpServer, Reply, Request, text
from engine.vms.notifications import Notifications
from engine.vms.rtsp import Rtsp
from engine.vms.snapshots import FOLDER, KNOWN, Snapshots

if TYPE_CHECKING:
    from engine.vms.onvif.server import Onvif

log = logging.getLogger("vms")

BEAT_S = 1.0
ONVIF = "/onvif/"


class Vms:
    """The servers on one loop. What the service pushes is handed over to the loop's thread."""

    def __init__(self, state: State, clock: Clock) -> None:
        self.loop = Loop()
        self._state = state
        self._clock = clock
        self._clients = Clients(state, "vms")
        self._snapshots = Snapshots(state.images)
        self._access = Access(People(state.people_socket), self.loop)
        self._settings: ServerSettings | None = None
        self._http = HttpServer(self.loop, state.vms_socket, self.answer)
        self._notifications = Notifications()
        self._broadcasts = Broadcasts(
            self.loop,
            state.broadcasts_socket,
            bind_address(),
            lambda name, url: announce(state, name, url),
            self._notifications.take,
            self._clients,
        )
        self._rtsp = Rtsp(self.loop, state.root, bind_address(), lambda url: announce(state, "rtsp", url))
        topics = (PASSAGES, SETTINGS)
        self._feed = Subscription(
            state.service_socket, topics, lambda message: self.loop.call(lambda: self._take(message)), clock, last=KNOWN
        )

    def start(self) -> None:
        """OSError when the socket cannot be made."""
        self._clients.start()
        self._http.start()
        self._broadcasts.start()
        self._access.start()
        self._feed.start()

    def close(self) -> None:
        self._feed.close()
        self._http.close()
        self._broadcasts.close()
        self._rtsp.close()
        self._access.close()
        self._clients.close()
        self.loop.close()

    def turn(self) -> None:
        """About once a second."""
        self._rtsp.turn()

    def answer(self, request: Request, reply: Callable[[Reply], None]) -> None:
        """One request of the host's proxy."""
        if request.path.startswith(ONVIF):
            self._to_onvif(request, reply)
        elif not request.path.startswith(FOLDER):
            reply(text(404, "not here"))
        elif request.method not in ("GET", "HEAD"):
            reply(text(405, "GET or HEAD", ("Allow", "GET, HEAD")))
        elif self._settings is None or self._settings.snapshots_login:
            self._access.check(request, lambda problem: reply(problem or self._picture(request.path)))
        else:
            reply(self._picture(request.path))

    def _to_onvif(self, request: Request, reply: Callable[[Reply], None]) -> None:
        if self._settings is None:
            reply(text(503, "the camera is starting", ("Retry-After", "2")))
        elif self._settings.onvif:
            self._onvif.answer(request, reply)
        else:
            reply(text(404, "ONVIF is switched off in the camera's settings"))

    @cached_property
    def _onvif(self) -> Onvif:
        """Imported when the first client asks, as most cameras never have one."""
        assert self._settings is not None
        from engine.vms.onvif.camera import Camera
        from engine.vms.onvif.server import Onvif
        from engine.vms.onvif.services import table

        return Onvif(Camera(self._state, self._clock, self._settings), self._access, table(), self._clients)

    def _picture(self, path: str) -> Reply:
        found = self._snapshots.open(path)
        if found is None:
            return text(404, "this is none of the ten newest pictures")
        file, length = found
        return Reply(200, headers=(("Content-Type", "image/jpeg"), ("Cache-Control", "private")), file=file, length=length)

    def _take(self, message: Any) -> None:
        if isinstance(message, PassageEvent):
            self._snapshots.take(message)
            self._to_viewers(message)
        elif isinstance(message, ServerSettings):
            self._use(message)

    def _to_viewers(self, event: PassageEvent) -> None:
        """Every passage goes over the metadata track."""
        if not self._rtsp.pid or not event.passage.plate or not event.matches:
            return
        from engine.formats.onvif import NOTIFICATIONS
        from engine.formats.onvif_xml import message, metadata_stream

        told = PlateEvent(event.passage, event.matches, event.matches[0], event.decision)
        picture = self._snapshots.path_of(event)
        self._rtsp.document(metadata_stream(message(make(told, picture)) for make in NOTIFICATIONS["both"]).decode())

    def _use(self, settings: ServerSettings) -> None:
        self._settings = settings
        self._rtsp.use(settings.rtsp_port if settings.rtsp else 0, settings.rtsp_sound)
        if "_onvif" in vars(self):
            self._onvif.camera.settings = settings


def main(arguments: Sequence[str]) -> int:
    """Sub-command `vms`; 0 after SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m engine vms", description=__doc__)
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's state")
    state = State(parser.parse_args(arguments).state.resolve())
    open_log(state, "vms")
    life = Life(state, "vms")
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
