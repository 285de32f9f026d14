"""SINCRO camera: copies a list, or all of them, from another camera's FTP server (manual 4.4, List tab; 5, Camera list
synchronization)."""

from __future__ import annotations

import hashlib
from types import MappingProxyType

from board.kit.errors import ConfigError, DeliveryError
from board.kit.settings import field_validator, option
from engine.actions._exchange import Host, OneLine
from engine.actions._ftp import TO_WHOM, FtpServer, session
from engine.exchange.formats import IMPORTED
from engine.exchange.kind import NOTHING_NEW, Done, JobEnv, JobKind
from engine.exchange.local_files import room
from engine.exchange.taking import Taking, take_in, wanted
from engine.store.difference import Terms
from engine.store.jobs import JobOptions

WHOM = tuple(each for each in TO_WHOM if each not in ("ca", "verify_tls"))


class SincroOptions(JobOptions):
    outlives = MappingProxyType({"pin": ("host", "port", "fingerprint")})

    host: Host = option("192.168.1.10", "Master camera", "Name or address of the camera whose lists are copied.", max_length=253)
    port: int = option(0, "Port", "Of the master's FTP server; 0: the usual one, 21.", zero="usual port", ge=0, le=65_535)
    user: OneLine = option("", "User", "From the master's page for its FTP server.", max_length=200)
    password: OneLine = option("", "Password", "Of that user.", widget="password", belongs_to=WHOM, max_length=200)
    tls: str = option(
        "explicit",
        "Encryption",
        "explicit: with TLS, as the master wants it at first; none: plain FTP, if the master permits that.",
        choices=("explicit", "none"),
    )
    fingerprint: str = option(
        "",
        "Fingerprint of the certificate",
        "SHA-256, as the master's page shows it. Empty: the certificate of the first connection counts from then on.",
        max_length=95,
    )
    format: str = option(
        "XML",
        "Format",
        "XML: the list becomes the master's, other plates are removed; XML_NOTDELETE: plates of this camera's own stay.",
        choices={"XML": "XML", "XML_NOTDELETE": "XML_NOTDELETE: other plates stay"},
    )
    timeout_s: float = option(120.0, "Timeout", "Longest time for the whole transfer.", unit="s", ge=5, le=3600)

    @field_validator("fingerprint")
    @classmethod
    def _is_fingerprint(cls, text: str) -> str:
        digits = text.replace(":", "").replace(" ", "").lower()
        if digits and (len(digits) != 64 or any(each not in "0123456789abcdef" for each in digits)):
            raise ConfigError("must be 64 hexadecimal digits, with or without colons")
        return digits

    @property
    def server(self) -> FtpServer:
        return FtpServer(host=self.host, port=self.port, tls=self.tls, user=self.user, password=self.password)


def _run(options: SincroOptions, env: JobEnv) -> Done:
    # Imported here: the service loads the kinds but imports no files.
    from engine.exchange.plate_files.rows import MOST_BYTES
    from engine.exchange.published import FOLDER, published_name

    server, path, pin = options.server, env.scratch / "list", _Pin(options, env)
    with session(env.network, server, options.timeout_s, pin.look if options.tls != "none" else None) as master:
        master.enter((FOLDER,), make=False)
        name = published_name(env.list)
        size, changed = master.state(name)
        if size < 0 and not changed:
            raise DeliveryError("it has no list {list_name}: the list must have the same name there", list_name=env.list.name)
        there = [size, changed]
        if not wanted(env, there=there):
            return Done(NOTHING_NEW, env.memory, nothing_new=True)
        with path.open("wb") as into:
            master.get(name, into, room(env.scratch, MOST_BYTES))
    done = take_in(path, _taking(options), env)
    return Done(done.note, {**done.memory, "there": there, "pin": pin.seen}, done.nothing_new)


def _taking(options: SincroOptions) -> Taking:
    """Changes that the master makes to its lists are intended, and are repeated here whatever they are. A master that is
    followed for the first time replaces this camera's list, as the manual says, but does not empty it: it may have lost its
    own."""
    name, removes = IMPORTED[options.format]
    return Taking(name, Terms(removes, 100, False, follows=True), Terms(removes, 100, True, follows=True))


class _Pin:
    """The master's certificate: the one that the options name, else the one seen last time."""

    def __init__(self, options: SincroOptions, env: JobEnv) -> None:
        self._wanted = options.fingerprint or str(env.memory.get("pin", ""))
        self.seen = self._wanted

    def look(self, certificate: bytes) -> None:
        """DeliveryError if the certificate is another one."""
        found = hashlib.sha256(certificate).hexdigest()
        if self._wanted and found != self._wanted:
            raise DeliveryError(
                "the master shows another certificate than until now ({found}...): it is another camera, or somebody is between; "
                "nothing was told to it. If it is right, accept it",
                found=found[:16],
            )
        self.seen = self._wanted = found


JOB = JobKind(
    name="sincro",
    label="SINCRO camera",
    direction="import",
    options=SincroOptions,
    run=_run,
    spreads=True,
    all_lists=True,
)
