"""FTP camera: the camera's own FTP server process with the host's answers to "who is this?", on a state folder of a test's own."""

from __future__ import annotations

import ftplib
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from board.kit.clock import Clock
from board.kit.state import State
from firmware.people.accounts import Accounts
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.tokens import Tokens
from firmware.people.who import Who, WhoServer
from tests.waiting import until

ROOT = Path(__file__).resolve().parents[1]


@dataclass(slots=True)
class FtpCamera:
    """`user`, `password`: of a device password for FTP; `process`: the half that answers questions."""

    state: State
    port: int
    user: str
    password: str
    process: subprocess.Popen[bytes]
    devices: DevicePasswords

    @property
    def folder(self) -> Path:
        return self.state.ftp

    @property
    def lists(self) -> Path:
        return self.state.ftp / "lists"

    @property
    def certificate(self) -> str:
        return (self.state.tls / "camera.crt").read_text()

    def client(self, log_in: bool = True) -> ftplib.FTP_TLS:
        """Connected, with TLS, and logged in."""
        client = ftplib.FTP_TLS(timeout=20)
        client.connect("127.0.0.1", self.port)
        client.auth()
        if log_in:
            client.login(self.user, self.password)
            client.prot_p()
        return client

    def status(self) -> dict[str, Any]:
        found = json.loads(self.state.ftp_status.read_bytes())
        assert isinstance(found, dict)
        return found


@contextmanager
def ftp_camera(folder: Path, **plan: Any) -> Iterator[FtpCamera]:
    """With the defaults of the settings, but for `plan` (firmware/ftp/messages.py)."""
    state = State(folder)
    for each in (state.root, state.run, state.host):
        each.mkdir(mode=0o700, exist_ok=True)
    clock = Clock()
    devices = DevicePasswords(state.host, clock)
    device, password = devices.make("ftp", "slaves", "test")
    who = WhoServer(state.people_socket, Who(devices, Tokens(state.host, Accounts(state.host).get, clock), Guesses(clock), clock))
    who.start()
    try:
        command = [sys.executable, "-m", "firmware.ftp", "--plan", json.dumps({"port": 0, **plan}), "--state", str(state.root)]
        process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        try:
            until(lambda: state.ftp_status.exists() or process.poll() is not None, "the FTP server", 60)
            assert process.poll() is None, (state.logs / "ftp.log").read_text()
            port = int(json.loads(state.ftp_status.read_bytes())["url"].rpartition(":")[2])
            yield FtpCamera(state, port, device.user, password, process, devices)
        finally:
            process.terminate()
            process.wait(20)
    finally:
        who.close()
