"""Start: runs ONVIF as the settings say; most of it is imported with the first client's request."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from board.kit.clients import Clients
from board.kit.clock import Clock
from board.kit.loop import Loop
from board.kit.servers import announce, bind_address, url_of
from board.kit.state import State
from engine.messages import LineState, ServerSettings
from engine.vms.access import Access
from engine.vms.frames import Frames
from engine.vms.http import Reply, Request, text
from engine.vms.notifications import Publish
from engine.vms.onvif.place import PATH, Sign, hardware, web_port

if TYPE_CHECKING:
    from engine.vms.onvif.camera import Camera
    from engine.vms.onvif.discovery import Discovery
    from engine.vms.onvif.server import Onvif

log = logging.getLogger("vms.onvif")

FOLDER = "/onvif/"
NAME = "onvif"
"""Of the server in STATE/run/servers.json."""
LOOK_AGAIN_S = 30.0
"""How often to check that the device passwords and tokens of those who subscribed still exist."""


class OnvifDevice:
    """For the loop's thread. `use` begins it. `lines`: inputs and outputs as they are, by name."""

    def __init__(
        self, state: State, clock: Clock, loop: Loop, access: Access, clients: Clients, lines: Mapping[str, LineState]
    ) -> None:
        self._state = state
        self._clock = clock
        self._loop = loop
        self._access = access
        self._clients = clients
        self._settings: ServerSettings | None = None
        self._lines = lines
        self._frames = Frames(loop, state.manager_socket)
        self._discovery: Discovery | None = None
        self._look_again_s = 0.0

    def use(self, settings: ServerSettings) -> None:
        """Applies these settings from now on."""
        before, self._settings = self._settings, settings
        if "_camera" in vars(self):
            self._camera.settings = settings
            if not settings.onvif:
                self._camera.events.end()
        self._sign.settings = settings
        announce(self._state, NAME, url_of("http", bind_address(), web_port()) + PATH if settings.onvif else "")
        wanted = settings.onvif and settings.discovery and not bind_address().startswith("127.")
        if self._discovery is not None and not wanted:
            self._discovery.close()
            self._discovery = None
        elif self._discovery is not None and before != settings:
            self._discovery.changed()
        elif self._discovery is None and wanted:
            self._discovery = self._found()

    def answer(self, request: Request, reply: Callable[[Reply], None]) -> None:
        """A request below FOLDER."""
        if self._settings is None:
            reply(text(503, "the camera is starting", ("Retry-After", "2")))
        elif self._settings.onvif:
            self._server.answer(request, reply)
        else:
            reply(text(404, "ONVIF is switched off in the camera's settings"))

    def close(self) -> None:
        if self._discovery is not None:
            self._discovery.close()
        self._frames.close()
        announce(self._state, NAME, "")

    def _found(self) -> Discovery | None:
        """None if the port is taken; the camera works without."""
        from engine.vms.onvif.discovery import Discovery

        discovery = Discovery(self._loop, self._sign, bind_address())
        try:
            discovery.start()
        except OSError as why:
            log.warning("the camera is not found by itself: %s", why)
            return None
        return discovery

    def turn(self) -> None:
        """To be called about every second."""
        now_s = time.monotonic()
        if "_camera" in vars(self) and now_s >= self._look_again_s:
            self._look_again_s = now_s + LOOK_AGAIN_S
            self._camera.events.look_again(self._access.still)

    def line(self, line: LineState) -> None:
        """An input or output has changed."""
        if "_camera" in vars(self):
            self._camera.events.line(line)

    def publisher(self) -> Publish | None:
        """The publisher of events to clients; None before the first client's request."""
        return self._camera.events.publish if "_camera" in vars(self) else None

    @cached_property
    def _sign(self) -> Sign:
        assert self._settings is not None
        return Sign(self._settings, hardware(self._state))

    @cached_property
    def _server(self) -> Onvif:
        from engine.vms.onvif.server import Onvif
        from engine.vms.onvif.services import table

        return Onvif(self._camera, self._access, table(), self._clients)

    @cached_property
    def _camera(self) -> Camera:
        from engine.vms.onvif.camera import Camera
        from engine.vms.onvif.events import Events
        from engine.vms.onvif.push import Consumers
        from engine.vms.orders import Orders

        assert self._settings is not None
        events = Events(self._loop, self._clock, self._lines, Consumers(self._loop, self._reachable, self._clients))
        orders = Orders(self._state.service_socket, self._loop)
        return Camera(self._state, self._clock, self._settings, events, orders.give, self._frames.newest)

    def _reachable(self) -> tuple[str, ...]:
        from engine.network import reachable

        return reachable(self._settings.action_addresses) if self._settings is not None else ()
