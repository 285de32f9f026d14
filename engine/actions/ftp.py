"""FTP action: stores the passage's pictures or its document on a server (manual 4.4, List tab), by FTP or FTPS (RFC 4217)."""

from __future__ import annotations

import io
import socket
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from board.kit.errors import ConfigError, DeliveryError, PeerRefused
from board.kit.settings import Settings, field_validator, option
from board.kit.words import Text
from engine.actions._exchange import Bounded, Exchange, Host, exchange, place
from engine.actions._kind import ActionEnv, ActionKind
from engine.actions._tls import Certificates, ca_option, client_context
from engine.formats.file_name import check_path, path
from engine.formats.messages import DOCUMENTS, picture
from engine.types import PlateEvent

if TYPE_CHECKING:
    import ssl
    from ftplib import FTP_TLS

PORTS = {"none": 21, "explicit": 21, "implicit": 990}

PICTURES = {"full": (("full", ""),), "plate": (("plate", ""),), "both": (("full", ""), ("plate", "_plate"))}
"""Option `images` -> (picture, what its file's name gets)."""

TO_WHOM = ("host", "port", "tls", "ca", "verify_tls", "user")

GOODBYE_S = 3.0
"""How long a server is given to end a TLS data connection in good order; many never do."""


class FtpOptions(Settings):
    host: Host = option("192.168.1.10", "Host", "Name or address of the FTP server.", max_length=253)
    port: int = option(0, "Port", "0: the usual one, 21, or 990 with implicit TLS.", ge=0, le=65535)
    tls: str = option(
        "explicit",
        "Encryption",
        "explicit: FTPS that begins openly and goes no further unless encrypted; implicit: from the first byte; none: plain FTP.",
        choices=tuple(PORTS),
    )
    ca: Certificates = ca_option()
    verify_tls: bool = option(
        True, "Check the certificate", "Refuses a server whose certificate is not valid. Switch off only for a test."
    )
    user: str = option("anonymous", "User", "At the FTP server.", max_length=200)
    password: str = option("", "Password", "Of the user at the FTP server.", widget="password", belongs_to=TO_WHOM, max_length=200)
    format: str = option(
        "JPG", "Format", "JPG: pictures; others: the whole event as a file (docs/messages.md).", choices=("JPG", *DOCUMENTS)
    )
    images: str = option("full", "Pictures", "JPG: which pictures are stored.", choices=tuple(PICTURES))
    name: str = option(
        "{date}/{plate}_{date}_{time}_{list}",
        "File name",
        "Folders and name without extension; {plate}, {list}, {date}, {time}, {device}, {site}, {event} and others are filled in. "
        "Folders are made where there are none.",
        max_length=200,
    )
    timeout_s: float = option(
        30.0, "Timeout", "Longest wait, from the look-up of the server's name to the end of the last file.", unit="s", ge=1, le=300
    )

    @field_validator("name")
    @classmethod
    def _is_path(cls, text: str) -> str:
        return check_path(text)

    @field_validator("user", "password")
    @classmethod
    def _is_one_line(cls, text: str) -> str:
        if not text.isprintable():
            raise ConfigError("must be one line")
        return text

    @property
    def real_port(self) -> int:
        return self.port or PORTS.get(self.tls, 21)

    @property
    def server(self) -> str:
        return place(self.host, self.real_port)


def _deliver(event: PlateEvent, options: FtpOptions, env: ActionEnv) -> Text:
    folders, name = path(options.name, event, env.device)
    files = _files(name, event, options, env)
    with exchange(env.network, options.server, options.timeout_s) as it:
        _store(it, options, folders, files)
    where = "/".join(folders).replace("//", "/")
    stored = [f"{where}/{each}" if where else each for each in files]
    return Text("{server} stored {files}", {"server": options.server, "files": stored})


def _files(name: str, event: PlateEvent, options: FtpOptions, env: ActionEnv) -> dict[str, bytes]:
    """{name of the file: its content}."""
    if options.format != "JPG":
        message = env.message(event, options.format)
        return {f"{name}.{message.extension}": message.body}
    stored = {"full": event.passage.images.full, "plate": event.passage.images.plate}
    found = {f"{name}{mark}.jpg": picture(env.images, stored[which]) for which, mark in PICTURES[options.images]}
    found = {each: content for each, content in found.items() if content}
    if not found:
        raise ConfigError("there is no picture: it was not stored, or is deleted already")
    return found


# --- the exchange -----------------------------------------------------------------------------------------------------


def _store(it: Exchange, options: FtpOptions, folders: list[str], files: dict[str, bytes]) -> None:
    import ftplib

    client = _client(it, options)
    try:
        _talk(client, options, folders, files)
    except ftplib.error_proto as why:
        raise DeliveryError("it does not answer in FTP") from why
    except ftplib.Error as why:
        shown = "".join(each if each.isprintable() else " " for each in str(why))[:200]
        raise PeerRefused("{server} answers {answer}", server=options.server, answer=shown) from None
    finally:
        client.close()


def _talk(client: FTP_TLS, options: FtpOptions, folders: list[str], files: dict[str, bytes]) -> None:
    client.connect(options.host, options.real_port)
    if options.tls == "explicit":
        client.auth()
    client.login(options.user, options.password, secure=False)  # what is to be secure is so by now
    if options.tls != "none":
        client.prot_p()
    for folder in folders:
        _enter(client, folder)
    for name, content in files.items():
        # Whoever watches the folder sees whole files only.
        client.storbinary(f"STOR {name}.part", io.BytesIO(content))
        _rename(client, f"{name}.part", name)
    with suppress(OSError):
        client.putcmd("QUIT")  # nobody waits for the answer: the files are theirs


def _enter(client: FTP_TLS, folder: str) -> None:
    """Into the folder, which is made where there is none."""
    import ftplib

    try:
        client.cwd(folder)
    except ftplib.error_perm:
        with suppress(ftplib.error_perm):  # another camera may have been faster: the next line tells
            client.mkd(folder)
        client.cwd(folder)


def _rename(client: FTP_TLS, old: str, new: str) -> None:
    """Replaces a file of that name, which a try before this one has left."""
    import ftplib

    try:
        client.rename(old, new)
    except ftplib.error_perm:  # some servers do not replace
        with suppress(ftplib.error_perm):
            client.delete(new)
        client.rename(old, new)


def _client(it: Exchange, options: FtpOptions) -> FTP_TLS:
    import ftplib

    context = client_context(options.ca, options.verify_tls) if options.tls != "none" else None

    class Client(ftplib.FTP_TLS):
        """Connects by our network, reads no more than a server may say, and uses one TLS session for commands and data: many a
        server takes data of no other (vsftpd by default)."""

        def connect(self, host: str = "", port: int = 0, timeout: Any = 0, source_address: Any = None) -> str:
            sock = it.connect(host, port)
            self.host = host
            self.af = sock.family
            self.sock = self.context.wrap_socket(sock, server_hostname=host) if options.tls == "implicit" else sock
            self._listen()
            self.welcome = self.getresp()
            return self.welcome

        def auth(self) -> str:
            said = super().auth()
            self._listen()
            return said

        def _listen(self) -> None:
            assert self.sock is not None
            self.file = Bounded(self.sock.makefile("r", encoding="utf-8", errors="replace"))  # type: ignore[assignment]

        def ntransfercmd(self, cmd: str, rest: Any = None) -> tuple[Any, int | None]:
            host, port = self.makepasv()
            if not 0 < port < 65536:
                raise ftplib.error_proto(port)
            conn: Any = it.connect(host, port)
            answer = self.sendcmd(cmd)
            if not answer.startswith("1"):
                raise ftplib.error_reply(answer)
            if options.tls != "none":
                session = self.sock.session  # type: ignore[union-attr]
                conn = self.context.wrap_socket(conn, server_hostname=self.host, session=session)
            return conn, None

        def storbinary(self, cmd: str, fp: Any, blocksize: int = 65536, callback: Any = None, rest: Any = None) -> str:
            self.voidcmd("TYPE I")
            conn: Any
            with self.transfercmd(cmd) as conn:
                conn.sendall(fp.read())
                if options.tls != "none":
                    _say_goodbye(conn, it)
                conn.shutdown(socket.SHUT_WR)  # closing alone would not end it: the exchange holds it as well
            return self.voidresp()

    return Client(context=context, timeout=options.timeout_s)


def _say_goodbye(conn: ssl.SSLSocket, it: Exchange) -> None:
    """Ends TLS in good order: to a server that looks, data without this end were cut off on their way."""
    conn.settimeout(min(GOODBYE_S, max(0.01, it.end_s - time.monotonic())))
    with suppress(OSError, ValueError):
        conn.unwrap()


ACTION = ActionKind(name="ftp", label="FTP", options=FtpOptions, deliver=_deliver, peer=lambda options: options.server)
