"""ONVIF stack: vms, service and pins as real processes on the simulated board, behind the host's own web server and proxy, with the
host's own device passwords; the portal's process is played: it gives one picture."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import bottle
import requests

from board.kit.clock import Clock
from board.kit.sockets import bound_at
from board.kit.web.limits import Limits
from board.kit.web.server import Server
from board.kit.web.visitor import NO_ONE
from firmware.gateway.proxy import PortalDown, Proxy
from firmware.gateway.web import WebServer
from firmware.people.addresses import Addresses
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.tokens import Tokens
from firmware.people.who import Who, WhoServer
from tests.service_camera import ROOT, Camera
from tests.waiting import until

PICTURE = b"JPEG of now"


class Stack:
    def __init__(self, root: Path) -> None:
        self.camera = Camera(root)
        state = self.camera.state
        self.devices = DevicePasswords(root, Clock())
        self.user, self.password = self.device("onvif")
        guesses, tokens = Guesses(Clock()), Tokens(root, lambda name: None, Clock())
        self.people = WhoServer(state.people_socket, Who(self.devices, tokens, guesses, Clock()))
        self.people.start()
        app = bottle.Bottle()
        self.proxy = Proxy()
        app.route("/<path:path>", ["GET", "HEAD", "POST"], self._forward)
        self.web = WebServer("127.0.0.1", 0, app, Addresses())
        self.port = self.web.start()
        self.portal = Server(bound_at(state.manager_socket), self._picture, Limits(threads=2))
        self.portal.start()
        for name in ("pins", "service"):
            self.camera.start(name)
        environment = {**os.environ, "GATEWRIGHT_BIND": "127.0.0.1", "GATEWRIGHT_PORT": str(self.port)}
        words = [sys.executable, "-m", "engine", "vms", "--state", str(root)]
        self.camera.processes["vms"] = subprocess.Popen(words, cwd=ROOT, env=environment)
        self.camera.connect_engine()
        self.camera.pins_ready()
        until(lambda: requests.post(self.address, timeout=20).status_code != 503, "vms with the settings", 60)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/onvif/device_service"

    def device(self, use: str, view_only: bool = False) -> tuple[str, str]:
        """User and password of a new device password."""
        device, password = self.devices.make(use, f"{'Viewer' if view_only else 'Recorder'} {use}", "admin", view_only)
        return device.user, password

    def stop(self) -> None:
        self.camera.stop()
        self.web.stop()
        self.portal.stop()
        self.proxy.close()
        self.people.close()

    def _forward(self, path: str) -> Any:
        visitor = replace(NO_ONE, address=bottle.request.remote_addr)
        try:
            return self.proxy.forward(self.camera.state.vms_socket, visitor, lambda: True, with_log_in=True)
        except PortalDown:
            return bottle.HTTPResponse("starting", 503)

    def _picture(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        start("200 OK" if environ["PATH_INFO"] == "/anpr/api/frame" else "404 Not Found", [("Content-Type", "image/jpeg")])
        return [PICTURE]
