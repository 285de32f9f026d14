"""Service: the host's side of the FTP server: its settings, and its process while it is switched on."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.from_json import from_json
from board.kit.kept import Kept
from board.kit.plain import to_plain
from board.kit.servers import announce
from board.kit.settings import check_stored
from board.kit.state import RUN, State
from board.kit.words import NOTHING, Text
from firmware.certificates.own import certificate_files, fingerprint
from firmware.ftp.settings import FtpSettings
from firmware.packages.manifest import Health, ProcessSpec
from firmware.processes.supervisor import Supervisor
from firmware.processes.users import Users

LOG = logging.getLogger("ftp")

PACKAGES = Path(__file__).resolve().parents[2]
"""Where `firmware` and `board` lie."""


@dataclass(frozen=True, slots=True)
class FtpStatus:
    """`url`: where it listens, "" while it does not; `problem`: why it does not though it is switched on; `clients`: logged in now;
    `sent`, `received`: bytes of files since its start; `fingerprint`: SHA-256 of the certificate, "" before the first start."""

    url: str = ""
    problem: Text = NOTHING
    clients: int = 0
    sent: int = 0
    received: int = 0
    fingerprint: str = ""


class FtpService:
    """Thread-safe. `bind`: the address on which the camera's own pages are."""

    def __init__(self, state: State, bind: str, users: Users | None = None) -> None:
        self._state = state
        self._bind = bind
        self._users = users or Users(state, None)
        self._changing = threading.Lock()
        self._kept = Kept(state.host / "ftp.json", _settings, lambda settings: settings.model_dump())
        found = self._kept.read()
        if found.damage is not None:
            LOG.error("%s", found.damage)
        self._settings = found.value or FtpSettings()
        self._supervisor: Supervisor | None = None

    @property
    def settings(self) -> FtpSettings:
        return self._settings

    def start(self) -> None:
        """Starts its process when it is switched on."""
        with self._changing:
            self._start()

    def stop(self) -> None:
        with self._changing:
            self._stop()

    def change(self, settings: FtpSettings) -> None:
        """From now on it runs so, or not at all; ConfigError when the disk refuses: it is as it was."""
        with self._changing:
            try:
                self._kept.write(settings)
            except OSError as why:
                raise ConfigError("the settings cannot be stored: {reason}", reason=why.strerror) from why
            self._settings = settings
            self._stop()
            self._start()

    def status(self) -> FtpStatus:
        print_ = fingerprint(self.certificate())
        supervisor = self._supervisor
        if supervisor is None:
            return FtpStatus(fingerprint=print_)
        shown = _shown(self._state.ftp_status)
        (process,) = supervisor.status
        problem = process.error if not shown else NOTHING
        clients, sent, received = (int(shown.get(name, 0)) for name in ("clients", "sent", "received"))
        return FtpStatus(str(shown.get("url", "")), problem, clients, sent, received, print_)

    def certificate(self) -> str:
        """In PEM; "" before the server's first start."""
        try:
            return certificate_files(self._state.tls).certificate.read_text("ascii")
        except (OSError, ValueError):
            return ""

    def _start(self) -> None:
        if not self._settings.enabled or self._supervisor is not None:
            return
        plan = json.dumps(to_plain(self._settings.plan(self._bind)))
        process = ProcessSpec("ftp", 1, "firmware.ftp", ("--plan", plan))
        self._ensure_certificate()  # before: whoever serves may read it, and make none
        environment, launch = _environment(self._state), self._users.for_one("ftp")
        supervisor = Supervisor((process,), PACKAGES, self._state, environment, Health(), lambda: None, launch=launch)
        supervisor.start()
        self._supervisor = supervisor

    def _ensure_certificate(self) -> None:
        """In a process of its own: the library takes 8 MB."""
        files = certificate_files(self._state.tls)
        if files.certificate.exists() and files.key.exists():
            return
        command = [sys.executable, "-P", "-m", "firmware.certificates.own", str(self._state.root)]
        try:
            subprocess.run(command, env=_environment(self._state), stdin=subprocess.DEVNULL, timeout=60, check=True)
        except (OSError, subprocess.SubprocessError) as why:
            LOG.error("the camera's certificate is not made: %s", why)

    def _stop(self) -> None:
        if self._supervisor is not None:
            self._supervisor.stop()
            self._supervisor = None
            announce(self._state, "ftp", "")  # it may have been killed
            self._state.ftp_status.unlink(missing_ok=True)


def _settings(document: Any) -> FtpSettings:
    return check_stored(FtpSettings, document)


def _shown(path: Path) -> dict[str, Any]:
    try:
        found = from_json(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _environment(state: State) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name == RUN or not name.startswith(("PYTHON", "GATEWRIGHT_"))}
    own = {"PYTHONPATH": str(PACKAGES), "PYTHONFAULTHANDLER": "1", "PYTHONUNBUFFERED": "1", "GATEWRIGHT_STATE": str(state.root)}
    return {**kept, **own}
