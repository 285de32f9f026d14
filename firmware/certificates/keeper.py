"""Keeper: the host's side of certificates: which one is in force, and how another takes its place."""

from __future__ import annotations

import base64
import json
import logging
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from board.kit.child import environment
from board.kit.clock import CLOCK_KNOWN, Clock
from board.kit.errors import ConfigError
from board.kit.files import sync_folder, write_together
from board.kit.from_json import from_json
from board.kit.plain import from_plain, to_plain
from board.kit.words import received
from firmware.certificates.facts import Facts, Names, Sent
from firmware.certificates.own import INSTALLED, certificate_files

if TYPE_CHECKING:
    import ssl

LOG = logging.getLogger("https")

WITHIN_S = 120.0
"""A small board takes 20 s for what a computer does in half a one."""
MAX_FILE_BYTES = 128 << 10
_COMMAND = (sys.executable, "-P", "-m", "firmware.certificates.work")


class Certificates:
    """Thread-safe. The installer's is in force while there is one that can be used, else the camera's own."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._own = certificate_files(folder)
        self._installed = folder / INSTALLED
        self._waiting = folder / "request.key"
        self._request = folder / "request.csr"
        self._changing = threading.Lock()
        self._loading = threading.Lock()
        self._context: ssl.SSLContext | None = None
        self._facts: tuple[str, Facts] = ("", Facts())
        self._damaged = False

    # --- what is in force

    def context(self) -> ssl.SSLContext:
        """For a connection that comes now; OSError when there is no certificate that can be used."""
        with self._loading:
            if self._context is None:
                self._context = self._loaded()
            return self._context

    def _loaded(self) -> ssl.SSLContext:
        from board.kit.web.tls import server_context

        self._damaged = False
        if self._installed.exists():
            try:
                return server_context(self._installed)
            except OSError as why:
                self._damaged = True
                LOG.error("%s cannot be used (%s): the camera's own certificate is in force", self._installed, why)
        return server_context(self._own.certificate, self._own.key)

    @property
    def is_own(self) -> bool:
        """The camera has signed it itself."""
        return self._damaged or not self._installed.exists()

    @property
    def damaged(self) -> bool:
        """The installer's cannot be used."""
        return self._damaged

    @property
    def there(self) -> bool:
        """There is one."""
        return self._installed.exists() or (self._own.certificate.exists() and self._own.key.exists())

    def public(self) -> str:
        """The certificate in force with its chain, PEM, without its key; "" while there is none."""
        try:
            text = (self._own.certificate if self.is_own else self._installed).read_text("ascii")
        except (OSError, ValueError):
            return ""
        return text[max(0, text.find("-----BEGIN CERTIFICATE-----")) :]

    def facts(self) -> Facts:
        """Of the certificate in force; empty while there is none."""
        pem = self.public()
        if pem and self._facts[0] != pem:
            try:
                self._facts = (pem, from_plain(Facts, self._work("describe", {"pem": pem})))
            except ConfigError as why:
                LOG.error("the certificate cannot be shown: %s", why)
                return Facts()
        return self._facts[1] if pem else Facts()

    # --- changing it

    def ensure_own(self, names: Names) -> None:
        """Makes the camera's own certificate when there is none; ConfigError when that fails."""
        with self._changing:
            if not (self._own.certificate.exists() and self._own.key.exists()):
                self._make(names)

    def make_own(self, names: Names) -> None:
        """Makes the camera's own certificate anew, with another key; it is in force at once."""
        with self._changing:
            self._make(names)
            self._remove(self._installed)
            self._renew()

    def install(self, certificate: bytes, key: bytes, password: str) -> Facts:
        """Puts an installer's certificate in force once it is checked; ConfigError (with `field`) says what is wrong with it."""
        if max(len(certificate), len(key)) > MAX_FILE_BYTES:
            raise ConfigError("is larger than {most} KB", field="certificate", most=MAX_FILE_BYTES >> 10)
        with self._changing:
            now = self._clock.now()
            sent = Sent(
                base64.b64encode(certificate).decode(),
                base64.b64encode(key).decode(),
                password,
                _text(self._waiting) if not key else "",
                now.isoformat() if now >= CLOCK_KNOWN else "",
            )
            done = self._work("check", to_plain(sent))
            self._write((self._installed, done["pem"]))
            if done["waited"]:  # a certificate with a key of its own, for the time being, is no answer to the request
                self._remove(self._waiting, self._request)
            self._renew()
        return from_plain(Facts, done["facts"])

    def remove_installed(self) -> None:
        """The camera's own is in force again."""
        with self._changing:
            if not self._installed.exists():  # a damaged one may go, too
                raise ConfigError("there is no certificate but the camera's own")
            self._remove(self._installed)
            self._renew()

    def request(self, names: Names) -> str:
        """A signing request, PEM; its key waits here for the certificate. One that waits already is replaced."""
        with self._changing:
            done = self._work("request", to_plain(names))
            self._write((self._waiting, done["key"]), (self._request, done["request"]))
        return str(done["request"])

    def waiting_request(self) -> str:
        """The signing request whose certificate has not come yet, PEM; "" for none."""
        return _text(self._request) if self._waiting.exists() else ""

    def drop_request(self) -> None:
        with self._changing:
            self._remove(self._waiting, self._request)

    def _make(self, names: Names) -> None:
        self._work("make", {"folder": str(self._folder), "names": to_plain(names)})
        with self._loading:
            self._context = None

    def _renew(self) -> None:
        """Connections that come from now on get the new one; those that are there keep theirs."""
        fresh = self._loaded() if self.there else None
        with self._loading:
            self._context = fresh

    def _write(self, *files: tuple[Path, str]) -> None:
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            write_together([(path, text.encode(), 0o600) for path, text in files])
            sync_folder(self._folder)
        except OSError as why:
            raise ConfigError("it cannot be stored: {why}", why=why.strerror) from why

    def _remove(self, *paths: Path) -> None:
        try:
            for path in paths:
                path.unlink(missing_ok=True)
        except OSError as why:
            raise ConfigError("it cannot be stored: {why}", why=why.strerror) from why

    def _work(self, do: str, order: object) -> Any:
        try:
            ended = subprocess.run(
                _COMMAND, input=json.dumps({"do": do, "with": order}).encode(), capture_output=True,
                env=environment(), timeout=WITHIN_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as why:
            raise ConfigError("reading it takes too long") from why
        except OSError as why:
            raise ConfigError("the check cannot be started: {reason}", reason=why.strerror) from why
        try:
            answer = from_json(ended.stdout)
            if ended.returncode == 0:
                return answer["done"]
            refused = ConfigError(received(answer["refused"]), field=str(answer["field"]))
        except (ValueError, LookupError, TypeError) as why:
            LOG.error(
                "certificates: %s ended with code %d: %s", do, ended.returncode, ended.stderr.decode("utf-8", "replace")[-2000:]
            )
            raise ConfigError("the file cannot be read", field="certificate") from why
        raise refused


def _text(path: Path) -> str:
    try:
        return path.read_text("ascii")
    except (OSError, ValueError):
        return ""
