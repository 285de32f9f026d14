"""Server: the half of the FTP process that talks to strangers; it may do nothing but read and write its folder.

pyftpdlib is imported here and nowhere else: it costs 20 MB, which a camera without an FTP server spares.
"""

from __future__ import annotations

import _strptime  # type: ignore[import-not-found]  # noqa: F401  # Python imports these two when they are first needed: then they
import encodings.idna  # noqa: F401  # are out of reach
import errno
import itertools
import logging
import os
import signal
import socket
import sys
from collections import Counter, OrderedDict
from collections.abc import Callable
from pathlib import Path
from typing import Any, ClassVar

from OpenSSL import SSL
from pyftpdlib.exceptions import AuthenticationFailed, _FileReadWriteError
from pyftpdlib.filesystems import AbstractedFS
from pyftpdlib.handlers import DTPHandler, TLS_DTPHandler, TLS_FTPHandler
from pyftpdlib.handlers.ftp.dispatchers import ActiveDTP, PassiveDTP
from pyftpdlib.ioloop import IOLoop
from pyftpdlib.servers import FTPServer

from board.kit.clients import host_of
from board.kit.errors import WireError
from board.kit.wire import Channel
from firmware.certificates.own import CertificateFiles
from firmware.ftp.confine import confine, die_with_parent
from firmware.ftp.data_tls import DataTls
from firmware.ftp.messages import Alive, Ask, FtpPlan, Line, Removed, Told
from firmware.ftp.room import LARGEST_FILE, LISTS, Room, bad_name

LOG = logging.getLogger("ftp")

READS, WRITES = "elr", "adfmwT"
"""pyftpdlib's letters: enter, list, fetch; append, delete, rename, make a folder, store, set a file's time."""
LEFT_OUT = ("ACCT", "REIN", "SITE", "SITE CHMOD", "SITE HELP", "STOU")
"""Commands that no camera or recorder needs."""
ALIVE_EVERY_S = 1.0
IDLE_S = 300.0
SLOWEST_BYTES = 4_096
"""A transfer that moves less in FtpPlan.stalled_s is ended."""
DATA_WITHIN_S = 20.0
WRONG_MOST = 3
HELD_LINES = 16
"""Commands that a client may send before it has the answer to its password."""
MAX_USER = 64
"""Characters of a name that are looked at."""
SPARE = 50
"""Sockets beside the two of each client: listeners, and clients that are not logged in yet."""


class Gatekeeper:
    """Who is in, and who has yet to log in. Whoever holds most places without a log-in loses the oldest of them first."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._strangers: OrderedDict[Any, str] = OrderedDict()
        self.members = 0

    def arrived(self, session: Any, address: str) -> None:
        self._strangers[session] = address
        if len(self._strangers) > self._most:
            busiest = Counter(self._strangers.values()).most_common(1)[0][0]
            oldest = next(each for each, theirs in self._strangers.items() if theirs == busiest)
            self.gone(oldest)
            oldest.close()

    def entered(self, session: Any) -> None:
        if self._strangers.pop(session, None) is not None:
            self.members += 1

    def gone(self, session: Any, member: bool = False) -> None:
        self._strangers.pop(session, None)
        self.members -= member


class Questions:
    """Passwords that the other half is asked about, as one more connection of the loop."""

    def __init__(self, channel: Channel, loop: Any) -> None:
        self._channel = channel
        self._loop = loop
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Callable[[Told], None]] = {}
        loop.register(channel.fileno(), self, loop.READ)

    def ask(self, user: str, password: str, address: str, answered: Callable[[Told], None]) -> None:
        number = next(self._numbers)
        self._waiting[number] = answered
        self.tell(Ask(number, user[:MAX_USER], password[:200], address))

    def tell(self, message: Alive | Ask | Line) -> None:
        try:
            self._channel.send(message)
        except WireError:
            os._exit(1)  # without the other half nobody may be let in

    # --- as the loop uses it

    def readable(self) -> bool:
        return True

    def writable(self) -> bool:
        return False

    def handle_read_event(self) -> None:
        try:
            told = self._channel.receive(0)
        except WireError:
            os._exit(0)
        if isinstance(told, Told):
            self._waiting.pop(told.number)(told)
        elif isinstance(told, Removed):
            for each in list(self._loop.socket_map.values()):
                if isinstance(each, Session) and each.is_of(told.user):
                    each.close()

    def handle_close(self) -> None:
        os._exit(0)

    def handle_error(self) -> None:
        LOG.exception("an answer about a password")

    def close(self) -> None:
        self._channel.close()


class Authorizer:
    """What whoever is logged in may do: everything in the folder, but nothing to the camera's own lists."""

    def __init__(self, home: str, uploads: bool) -> None:
        self._home = home
        self._lists = os.path.join(home, LISTS)  # noqa: PTH118
        self._uploads = uploads

    def validate_authentication(self, user: str, password: str, session: Any) -> None:
        raise AuthenticationFailed  # the other half is asked instead

    def get_home_dir(self, user: str) -> str:
        return self._home

    def has_user(self, user: str) -> bool:
        return True

    def has_perm(self, user: str, perm: str, path: str | None = None) -> bool:
        if perm in READS:
            return True
        own = path is not None and (path == self._lists or path.startswith(self._lists + os.sep))
        return self._uploads and perm in WRITES and not own

    def get_perms(self, user: str) -> str:
        return READS + WRITES if self._uploads else READS

    def get_msg_login(self, user: str) -> str:
        return "Logged in."

    def get_msg_quit(self, user: str) -> str:
        return "Goodbye."

    def impersonate_user(self, user: str, password: str) -> None: ...

    def terminate_impersonation(self, user: str) -> None: ...


class Files(AbstractedFS):  # type: ignore[misc]
    """The folder; writing goes through `room`."""

    room: Room

    def open(self, filename: str, mode: str) -> Any:
        return open(filename, mode) if mode == "rb" else self.room.open(filename, mode)  # noqa: PTH123

    def mkdir(self, path: str) -> None:
        self.room.make_folder(path)

    def chdir(self, path: str) -> None:
        os.scandir(path).close()  # an error where it is none, or may not be read
        self.cwd = self.fs2ftp(path)  # of this client alone: the process stays where it is

    def get_user_by_uid(self, uid: int) -> str:
        return "ftp"

    get_group_by_gid = get_user_by_uid


class _Steady:
    """A data connection that has to move."""

    def handle_timeout(self: Any) -> None:
        moved = self.get_transmitted_bytes()
        if moved - self._lastdata >= SLOWEST_BYTES:
            self._lastdata = moved
            return
        self._lastdata = moved
        self._resp = ("421 Data connection timed out.", LOG.debug)
        self.close()
        self.cmd_channel.close_when_done()


class _Whole(DTPHandler):  # type: ignore[misc]
    """Stands between pyftpdlib's TLS and its plain data connection, which takes a reset connection for the end of the file.
    What the sender's machine still had was thrown away with the reset."""

    def handle_close(self) -> None:
        why = sys.exc_info()[1]
        was_reset = why.args[0] > 0 if isinstance(why, SSL.SysCallError) else isinstance(why, OSError)
        if self.receive and was_reset and not self._closed:
            self._resp = ("426 The connection was reset; transfer aborted.", LOG.debug)
            self._error = True  # there is nobody to whom TLS could say goodbye
            self.close()
        else:
            super().handle_close()


class Data(_Steady, TLS_DTPHandler, _Whole):  # type: ignore[misc]
    """Counts what it moved."""

    def secure_connection(self, context: SSL.Context) -> None:
        self._ssl_requested = self._ssl_accepting = True
        self.socket: Any = DataTls(context, self.socket)
        self.socket.set_accept_state()

    def handle_error(self) -> None:
        """The client is told what is wrong with its file (there is no room), with TLS too."""
        self._error = True
        why = sys.exc_info()[1]
        if isinstance(why, _FileReadWriteError) and isinstance(why.__cause__, OSError):
            self._resp = (f"426 {why.__cause__.strerror}; transfer aborted.", LOG.debug)
            self.close()
        else:
            DTPHandler.handle_error(self)

    def close(self) -> None:
        if not self._closed and self.file_obj is not None:
            self.cmd_channel.server.moved(self.tot_bytes_sent, self.tot_bytes_received)
        super().close()


class Passive(PassiveDTP):  # type: ignore[misc]
    timeout = DATA_WITHIN_S


class Active(ActiveDTP):  # type: ignore[misc]
    timeout = DATA_WITHIN_S


class Session(TLS_FTPHandler):  # type: ignore[misc]
    """One client. What is to be set for all of them are attributes of a class of its own (`session_class`)."""

    banner = "Gatewright"
    timeout = IDLE_S
    max_login_attempts = WRONG_MOST
    log_in_within_s: float
    passive_dtp = Passive
    active_dtp = Active
    proto_cmds: ClassVar = {name: each for name, each in TLS_FTPHandler.proto_cmds.items() if name not in LEFT_OUT}
    questions: Questions
    gatekeeper: Gatekeeper
    username: str
    _in_buffer: list[bytes]

    def __init__(self, conn: Any, server: Any, ioloop: Any = None) -> None:
        self._asking = False
        self._held: list[bytes] = []
        self._member = False
        super().__init__(conn, server, ioloop)

    @property
    def address(self) -> str:
        """The client's, of IPv4 also where it came to a socket of IPv6."""
        return host_of((self.remote_ip,))

    def on_connect(self) -> None:
        self.gatekeeper.arrived(self, self.address)
        self.ioloop.call_later(self.log_in_within_s, self._too_late, _errback=self.handle_error)

    def _too_late(self) -> None:
        if not self._member and not self._closed:
            self.close()

    def is_of(self, user: str) -> bool:
        return self._member and self.username[:MAX_USER] == user

    def close(self) -> None:
        if not self._closed:
            self.gatekeeper.gone(self, self._member)
        super().close()

    def found_terminator(self) -> None:
        """While a password is looked at, what follows waits: pipelined guesses would otherwise all be answered at once."""
        if not self._asking:
            super().found_terminator()
            return
        self._held.append(b"".join(self._in_buffer))
        self._in_buffer, self._in_buffer_len = [], 0
        if len(self._held) > HELD_LINES:
            self.close()

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        if self.authenticated and bad_name(arg):
            self.respond("553 A name is too long, too deep or cannot be shown.")
            return
        super().pre_process_command(line, cmd, arg)

    def ftp_AUTH(self, line: str) -> None:
        """What was sent in the open before must not count afterwards (as in CVE-2011-0411)."""
        self.ac_in_buffer = b""
        super().ftp_AUTH(line)

    def ftp_EPSV(self, line: str) -> None:
        """By IPv4 (1) also for who came by that to a socket of IPv6."""
        super().ftp_EPSV("" if line == "1" and self.address != self.remote_ip else line)

    def ftp_PASS(self, line: str) -> None:
        if self.authenticated:
            self.respond("503 Already logged in.")
        elif not self.username:
            self.respond("503 Log in with USER first.")
        else:
            self._asking = True
            self.questions.ask(self.username, line, self.address, self._answered)

    def _answered(self, told: Told) -> None:
        if self._closed:
            return
        if told.name:
            self._member = True
            self.gatekeeper.entered(self)
            self.handle_auth_success(self.authorizer.get_home_dir(self.username), "", "Logged in.")
            self._go_on()
            return
        self.username = ""
        self.attempted_logins += 1
        over = told.wait_s > 0 or self.attempted_logins >= self.max_login_attempts
        self.ioloop.call_later(self.auth_failed_timeout, self._refuse, over, _errback=self.handle_error)

    def _refuse(self, over: bool) -> None:
        if self._closed:
            return
        self.respond("530 Wrong user name or password.")
        if over:
            self.close_when_done()
        else:
            self._go_on()

    def _go_on(self) -> None:
        self._asking = False
        while self._held and not self._asking and not self._closed:
            self._in_buffer = [self._held.pop(0)]
            super().found_terminator()

    def ftp_TYPE(self, line: str) -> None:
        """Everybody takes "A N", which is what "A" stands for (RFC 959, 5.1 and 3.1.1.1)."""
        super().ftp_TYPE(line.upper().removesuffix(" N"))

    def ftp_SIZE(self, path: str) -> None:
        """In bytes of the file, whatever the type: so do vsftpd and others, and clients rely on it."""
        try:
            if not self.fs.isfile(path):
                raise OSError(errno.EINVAL, "not a file")
            self.respond(f"213 {self.fs.getsize(path)}")
        except OSError as why:
            self.respond(f"550 {why.strerror}.")

    def on_file_received(self, file: str) -> None:
        LOG.info("%s at %s stored %r", self.username, self.address, self.fs.fs2ftp(file) if self.fs else file)

    def log_exception(self, instance: Any) -> None:
        LOG.error("a client's fault: %r", getattr(instance, "_last_response", ""), exc_info=True)


class Server(FTPServer):  # type: ignore[misc]
    """Counts what its clients moved."""

    def __init__(self, listener: socket.socket, session: type[Session], loop: Any, clients: int) -> None:
        self.max_cons = 2 * clients + SPARE
        self.max_cons_per_ip = clients + SPARE // 2
        self.sent = self.received = self.files = 0
        super().__init__(listener, session, ioloop=loop, backlog=128)

    def moved(self, sent: int, received: int) -> None:
        self.sent += sent
        self.received += received
        self.files += 1


class _ToOtherHalf(logging.Handler):
    def __init__(self, questions: Questions) -> None:
        super().__init__()
        self._questions = questions

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)[-2_000:]
        self._questions.tell(Line(record.levelno, "".join(each if each.isprintable() else " " for each in text)))


def session_class(plan: FtpPlan, home: str, context: SSL.Context, questions: Questions) -> type[Session]:
    """The class of this server's clients."""
    files = type("Files", (Files,), {"room": Room(home, plan.room_bytes)})
    return type(
        "Session",
        (Session,),
        {
            "authorizer": Authorizer(home, plan.uploads),
            "abstracted_fs": files,
            "ssl_context": context,
            "tls_control_required": plan.tls == "required",
            "tls_data_required": plan.tls == "required",
            "auth_failed_timeout": plan.wrong_s,
            "log_in_within_s": plan.log_in_within_s,
            "dtp_handler": type("Data", (Data,), {"timeout": plan.stalled_s}),
            "passive_ports": range(plan.passive_from, plan.passive_to + 1),
            "masquerade_address": plan.public_address or None,
            "questions": questions,
            "gatekeeper": Gatekeeper(plan.clients + SPARE // 2),
        },
    )


def tls_context(files: CertificateFiles) -> SSL.Context:
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION)
    context.set_session_id(b"gatewright-ftp")
    context.use_certificate_chain_file(str(files.certificate))
    context.use_privatekey_file(str(files.key))
    return context


def serve(plan: FtpPlan, listener: socket.socket, channel: Channel, folder: Path, files: CertificateFiles) -> None:
    """Until the process ends. Called in a process of its own, which has one thread."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    context = tls_context(files)
    loop = IOLoop()
    questions = Questions(channel, loop)
    _log_to(questions)
    confined = confine(folder, LARGEST_FILE, 4 * plan.clients + 4 * SPARE)
    die_with_parent(signal.SIGKILL)
    LOG.info("the FTP server %s", confined.how)
    session = session_class(plan, confined.home, context, questions)
    server = Server(listener, session, loop, plan.clients)
    gatekeeper = session.gatekeeper

    def beat() -> None:
        questions.tell(Alive(gatekeeper.members, server.sent, server.received, server.files))

    beat()
    loop.call_every(ALIVE_EVERY_S, beat)
    wait_s = ALIVE_EVERY_S
    while True:  # pyftpdlib's own way to run for ever looks at the time only once somebody has connected
        wait_s = loop.loop(wait_s, blocking=False)


def _log_to(questions: Questions) -> None:
    root = logging.getLogger()
    for handler in list(root.handlers):
        root.removeHandler(handler)  # their files belong to the other half
    root.addHandler(_ToOtherHalf(questions))
    logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
