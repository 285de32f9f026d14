"""FTP: a session with a server, by FTP or FTPS (RFC 959, RFC 4217, RFC 3659), that ends in time and reads no more than it may."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from board.kit.errors import ConfigError, DeliveryError, LogInRefused, PeerBusy, PeerRefused
from board.kit.settings import Settings, option
from board.kit.words import mark, one_line
from engine.actions._exchange import Bounded, Exchange, Host, OneLine, exchange, place
from engine.actions._tls import Certificates, ca_option, client_context
from engine.network import Network

if TYPE_CHECKING:
    import ssl
    from ftplib import FTP_TLS

PORTS = {"none": 21, "explicit": 21, "implicit": 990}

ANSWERS = mark("{server} answers {answer}")

MEANT_FOR_ALL: Mapping[str, type[DeliveryError]] = {"421": PeerBusy, "530": LogInRefused}
"""Answers that any other file would get as well (RFC 959, 5.4): too many are there, and who is not known."""

TO_WHOM = ("host", "port", "tls", "ca", "verify_tls", "user")

ANSWER_S = 60.0
"""How long a server may look at a file that it has: who leaves sooner sends it again, and it never gets its name."""

GOODBYE_S = 3.0
"""How long a server is given to end a TLS data connection in good order; many never do."""

LONGEST_NAME = 250
"""Of a file that gets another name, in bytes: most file systems take 255, and one that is in the way is "….old" for a moment."""

PIECE = 1 << 16


class FtpServer(Settings):
    """How a server is reached and who logs in there; a kind adds what it stores or fetches, and its `timeout_s`."""

    host: Host = option("192.168.1.10", "Host", "Name or address of the FTP server.", max_length=253)
    port: int = option(0, "Port", "0: the usual one, 21, or 990 with implicit TLS.", zero="usual port", ge=0, le=65535)
    tls: str = option(
        "explicit",
        "Encryption",
        "explicit: FTPS that begins openly and goes no further unless encrypted; implicit: from the first byte; none: plain FTP.",
        choices={"none": "none", "explicit": "explicit", "implicit": "implicit"},
    )
    ca: Certificates = ca_option({"tls": ("explicit", "implicit"), "verify_tls": (True,)})
    verify_tls: bool = option(
        True,
        "Check the certificate",
        "Refuses a server whose certificate is not valid. Switch off only for a test.",
        when={"tls": ("explicit", "implicit")},
    )
    user: OneLine = option("anonymous", "User", "At the FTP server.", max_length=200)
    password: OneLine = option(
        "",
        "Password",
        "Of the user at the FTP server.",
        widget="password",
        belongs_to=TO_WHOM,
        max_length=200,
        when={"user": ("*",)},
    )

    @property
    def real_port(self) -> int:
        return self.port or PORTS.get(self.tls, 21)

    @property
    def server(self) -> str:
        return place(self.host, self.real_port)


class Session:
    """Logged in. Errors of the server become those of `session`."""

    def __init__(self, client: FTP_TLS) -> None:
        self._client = client

    def ask_for_letters(self) -> None:
        """Names go as UTF-8 (RFC 2640, 2.2), which Windows' own server takes only once it is told; others need not know it. Not for
        files that several cameras know: they must all call them the same."""
        import ftplib

        with suppress(ftplib.Error):
            self._client.sendcmd("OPTS UTF8 ON")

    def enter(self, folders: Sequence[str], make: bool = True) -> None:
        """Into the folders, one after the other; those that are missing are made, or (`make` False) the server refuses."""
        import ftplib

        for folder in folders:
            try:
                self._client.cwd(folder)
            except ftplib.error_perm:
                if not make:
                    raise
                with suppress(ftplib.error_perm):  # another camera may have been faster: the next line tells
                    self._client.mkd(folder)
                self._client.cwd(folder)

    def put(self, name: str, content: IO[bytes], camera: str = "") -> str:
        """Stores or replaces a file. Whoever watches the folder sees whole files only. `camera`: where a name stands for one event,
        the id of who saw it: of two cameras that saw theirs in one second, the second one's file gets another name, which is
        returned."""
        short = hashlib.sha256(camera.encode()).hexdigest()[:6]
        part = f"{name}.{short}.part" if camera else f"{name}.part"
        self._client.storbinary(f"STOR {part}", content)
        size, count = content.tell(), self._size(part)
        if 0 <= count != size:  # the server took for its end what was none
            raise DeliveryError("{name} was cut off: {count} of {size} bytes came", name=name, count=count, size=size)
        there = self._size(name) if camera else -1
        if there >= 0 and (there != size or self._differs(name, content)):  # else it is what an earlier try has stored
            stem, dot, extension = name.rpartition(".")
            fits = len(f"{name}_{camera}".encode()) <= LONGEST_NAME
            name = f"{stem}_{camera if fits else short}{dot}{extension}"
        self._rename(part, name)
        return name

    def _differs(self, name: str, content: IO[bytes]) -> bool:
        """Whether a file has another content, as of another camera's event that takes as many bytes to tell; not where the server
        lets nobody read it."""
        import ftplib

        content.seek(0)
        differs = False

        def compare(piece: bytes) -> None:
            nonlocal differs
            differs = differs or content.read(len(piece)) != piece

        with suppress(ftplib.Error):
            self._client.retrbinary(f"RETR {name}", compare, PIECE)
        return differs

    def _rename(self, old: str, new: str) -> None:
        import ftplib

        try:
            self._client.rename(old, new)
        except ftplib.error_perm:
            # Some servers do not replace, others let nobody rename: what is there is kept until that is known.
            if self._size(old) >= 0 > self._size(new):
                raise  # what is there is no file: a folder of others' that must stay where it is, or nothing
            aside = f"{new}.old"
            with suppress(ftplib.error_perm):
                self._client.delete(aside)
            self._client.rename(new, aside)
            try:
                self._client.rename(old, new)
            except ftplib.Error:
                self._client.rename(aside, new)
                raise
            with suppress(ftplib.error_perm):
                self._client.delete(aside)

    def _size(self, name: str) -> int:
        """-1 where the server does not say."""
        import ftplib

        with suppress(ftplib.Error, ValueError):
            size = self._client.size(name)
            return -1 if size is None else size
        return -1

    def state(self, name: str) -> tuple[int, str]:
        """(size in bytes, time of the last change as the server writes it) of a file, -1 and "" where the server does not say."""
        import ftplib

        self._client.voidcmd("TYPE I")
        size, changed = self._size(name), ""
        with suppress(ftplib.error_perm):
            changed = self._client.voidcmd(f"MDTM {name}").partition(" ")[2].strip()[:40]
        return size, changed

    def has(self, name: str) -> bool:
        """Whether there is such a file, as far as the server says."""
        import ftplib

        with suppress(ftplib.error_temp):
            return self.state(name) != (-1, "")
        return False

    def get(self, name: str, into: IO[bytes], most: int) -> int:
        """Fetches a file; its length. ConfigError: it has more than `most` bytes; DeliveryError: the server has announced another
        length than came."""
        size = self.state(name)[0]
        if size > most:
            raise ConfigError("{name} has {size} MB; at most {most} are taken", name=name, size=size >> 20, most=most >> 20)
        count = 0

        def take(piece: bytes) -> None:
            nonlocal count
            count += len(piece)
            if count > most:
                raise ConfigError("{name} is longer than {most} MB, which is the most that is taken", name=name, most=most >> 20)
            into.write(piece)

        self._client.retrbinary(f"RETR {name}", take, PIECE)
        if size >= 0 and count != size:
            raise DeliveryError("{name} was cut off: {count} of {size} bytes came", name=name, count=count, size=size)
        return count

    def close(self) -> None:
        """Nobody waits for the answer: the files are where they belong."""
        with suppress(OSError):
            self._client.putcmd("QUIT")


Pin = Callable[[bytes], None]
"""Gets the server's certificate (DER) before anything is told to the server; what it raises ends the session."""


@contextmanager
def session(network: Network, server: FtpServer, timeout_s: float, pin: Pin | None = None) -> Iterator[Session]:
    """A session that is over after `timeout_s`, whatever the server does. DeliveryError, PeerRefused or PeerBusy (it answers with a
    refusal) and ConfigError name the server. `pin`: looks at the certificate of each connection, whoever vouches for it."""
    import ftplib

    with exchange(network, server.server, timeout_s) as it:
        client = _client(it, server, timeout_s, pin)
        try:
            _log_in(client, server)
            made = Session(client)
            yield made
            made.close()
        except ftplib.error_proto as why:
            raise DeliveryError("it does not answer in FTP") from why
        except ftplib.Error as why:
            kind = MEANT_FOR_ALL.get(str(why)[:3], PeerRefused)
            raise kind(ANSWERS, server=server.server, answer=one_line(str(why), 200)) from None
        finally:
            client.close()


def _log_in(client: FTP_TLS, server: FtpServer) -> None:
    client.connect(server.host, server.real_port)
    if server.tls == "explicit":
        client.auth()
    client.login(server.user, server.password, secure=False)  # what is to be secure is so by now
    if server.tls != "none":
        client.prot_p()


def _client(it: Exchange, server: FtpServer, timeout_s: float, pin: Pin | None) -> FTP_TLS:
    import ftplib

    context = client_context(server.ca, server.verify_tls and pin is None) if server.tls != "none" else None

    class Client(ftplib.FTP_TLS):
        """Connects by our network, reads no more than a server may say, and uses one TLS session for commands and data: many a
        server takes data of no other (vsftpd by default)."""

        def connect(self, host: str = "", port: int = 0, timeout: Any = 0, source_address: Any = None) -> str:
            sock = it.connect(host, port)
            self.host = host
            self.af = sock.family
            self.sock = self.context.wrap_socket(sock, server_hostname=host) if server.tls == "implicit" else sock
            if server.tls == "implicit":
                self._look_at(self.sock)
            self._listen()
            self.welcome = self.getresp()
            return self.welcome

        def auth(self) -> str:
            said = super().auth()
            self._look_at(self.sock)
            self._listen()
            return said

        def _look_at(self, conn: Any) -> None:
            if pin is not None:
                pin(conn.getpeercert(binary_form=True) or b"")

        def _listen(self) -> None:
            assert self.sock is not None
            self.file = Bounded(self.sock.makefile("r", encoding="utf-8", errors="replace"))  # type: ignore[assignment]

        def ntransfercmd(self, cmd: str, rest: Any = None) -> tuple[Any, int | None]:
            try:
                host, port = self.makepasv()
            except ValueError as why:  # what should be the port of an EPSV's answer is no number
                raise ftplib.error_proto(str(why)) from why
            if not 0 < port < 65536:
                raise ftplib.error_proto(port)
            conn: Any = it.connect(host, port)
            answer = self.sendcmd(cmd)
            if not answer.startswith("1"):
                raise ftplib.error_reply(answer)
            if server.tls != "none":
                session = self.sock.session  # type: ignore[union-attr]
                conn = self.context.wrap_socket(conn, server_hostname=self.host, session=session)
                self._look_at(conn)
            return conn, None

        def storbinary(self, cmd: str, fp: Any, blocksize: int = PIECE, callback: Any = None, rest: Any = None) -> str:
            self.voidcmd("TYPE I")
            conn: Any
            with self.transfercmd(cmd) as conn:
                while piece := fp.read(blocksize):
                    try:
                        conn.sendall(piece)
                    except OSError:
                        it.check()
                        self.voidresp()  # who ends the connection early says why: its disk is full
                        raise
                self._end_data(conn)
            it.prolong(ANSWER_S)
            self.sock.settimeout(max(0.01, it.end_s - time.monotonic()))  # type: ignore[union-attr]
            return self.voidresp()

        def retrbinary(self, cmd: str, callback: Callable[[bytes], object], blocksize: int = PIECE, rest: Any = None) -> str:
            self.voidcmd("TYPE I")
            conn: Any
            with self.transfercmd(cmd) as conn:
                while piece := conn.recv(blocksize):
                    callback(piece)
                it.check()
                self._end_data(conn)
            return self.voidresp()

        def _end_data(self, conn: Any) -> None:
            if server.tls != "none":
                _say_goodbye(conn, it)
            with suppress(OSError):  # closing alone would not end it: the exchange holds it as well
                conn.shutdown(socket.SHUT_WR)

    return Client(context=context, timeout=timeout_s)


def _say_goodbye(conn: ssl.SSLSocket, it: Exchange) -> None:
    """Ends TLS in good order: to a server that looks, data without this end were cut off on their way."""
    conn.settimeout(min(GOODBYE_S, max(0.01, it.end_s - time.monotonic())))
    with suppress(OSError, ValueError):
        conn.unwrap()
