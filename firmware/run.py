"""Run: the camera's host, from its command line to its end; and the installation of a package while it is off."""

from __future__ import annotations

import argparse
import errno
import fcntl
import hashlib
import logging
import os
import shutil
import socket
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO

from board.board_file import BoardFile, write_board
from board.identity import device_serial, identity
from board.kit.clock import Clock
from board.kit.errors import GatewrightError
from board.kit.memory import find_addresses_without_inspect, give_back_large_blocks, speak_http_without_tls
from board.kit.process import Life, open_log
from board.kit.state import RUN, State
from board.kit.web.origin import public_address
from board.kit.words import mark
from board.profiles import all_profiles, keep_lines
from board.storage import card_present
from firmware import VERSION
from firmware.keeping.order import carry_out
from firmware.machine.root import SOCKET, Helper
from firmware.network.announced import announce
from firmware.packages.keys import TrustedKeys, keep_copies, trust_key
from firmware.packages.management import Packages
from firmware.packages.records import CAMERA
from firmware.packages.slots import Slots
from firmware.people.accounts import Accounts
from firmware.people.auth import Auth
from firmware.people.changes import Changes
from firmware.people.who import WhoServer
from firmware.processes.card import CardFolder
from firmware.processes.groups import Groups
from firmware.processes.launch import Starter
from firmware.processes.leftovers import end_leftovers
from firmware.processes.notify import notify
from firmware.processes.places import clear_the_way
from firmware.processes.users import Users
from firmware.processes.watchdog import KernelDevice, Watchdog

LOG = logging.getLogger("host")

REFUSED = (errno.EROFS, errno.ENOSPC, errno.EDQUOT, errno.EIO)
"""What a read-only, full or worn storage says."""

MEMORY = Path("/dev/shm")

RUN_BYTES = 4 << 20
"""Of sockets, heartbeats and small files in STATE/run; the ring of frames says by itself when there is no room for it."""

FAILED = 1
"""Exit code of everything that may pass by itself (STATE in use, port taken, a disk that went read-only). 2 is argparse's, for a
wrong command line. systemd starts the host again in any case."""


def main(words: list[str]) -> int:
    """0 after a clean stop; 1 when it broke or cannot run now; 2 for a wrong command line."""
    try:
        return _install(words[1:]) if words[:1] == ["install"] else _run(words)
    except GatewrightError as why:
        print(f"firmware: {why}", file=sys.stderr)
        return FAILED


def _bind(address: str) -> str:
    """ "::" is every address of IPv4 and IPv6; a kernel that was started without IPv6 has those of IPv4 alone."""
    address = _named(address)
    return "0.0.0.0" if address == "::" and not socket.has_dualstack_ipv6() else address


def _command_line() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m firmware", description="The camera's host.")
    parser.add_argument("--state", type=_named_folder, required=True, help="folder of the camera's persistent state")
    parser.add_argument("--port", type=_port, default=8080)
    parser.add_argument("--bind", type=_bind, default="127.0.0.1", help="address to listen on; a camera in the field needs ::")
    parser.add_argument(
        "--public-address",
        action="append",
        type=_public_address,
        default=[],
        metavar="URL",
        help="how browsers reach the camera through a reverse proxy, such as https://gate.example",
    )
    parser.add_argument("--profile", default="sim", choices=tuple(all_profiles()), help="which board this is")
    parser.add_argument("--camera", default="", help="camera URL; default: the profile's")
    parser.add_argument("--sd", type=_folder, help="where the SD card is mounted; empty: there is none")
    parser.add_argument("--trust", type=Path, action="append", default=[], help="a vendor's public key besides STATE/host/trust")
    parser.add_argument("--watchdog", default="", metavar="DEVICE", help="/dev/watchdog: fed while all is well; empty: none is fed")
    parser.add_argument("--watchdog-s", type=int, default=15, help="seconds without food until the board is reset (default 15)")
    parser.add_argument("--no-https", action="store_true", help="HTTPS stays off, whatever its page says")
    parser.add_argument("--reset-admin", action="store_true", help="only give admin a new password, in STATE/host/initial-password")
    parser.add_argument(
        "--helper", type=Path, default=SOCKET, help="socket of the helper for what needs root (firmware/privileged)"
    )
    parser.add_argument(
        "--trusted-proxy",
        action="append",
        default=[],
        metavar="ADDRESS",
        help="a reverse proxy, or its network, whose X-Forwarded headers are believed; may be given several times (default: none)",
    )
    return parser


def _run(words: list[str]) -> int:
    options = _command_line().parse_args(words)
    state = _state(options.state)
    give_back_large_blocks()
    speak_http_without_tls()  # its peers are its own packages, over Unix sockets
    find_addresses_without_inspect()
    from firmware.certificates.own import keep_certificates, leave_on_its_board
    from firmware.ftp.service import FtpService
    from firmware.gateway.app import build, open_host  # only now: they import it
    from firmware.gateway.web import WebServer
    from firmware.https.service import HttpsService
    from firmware.keeping.backups import Backups
    from firmware.packages.uploads import Uploads
    from firmware.restart import Restart
    from firmware.update.service import HostUpdate

    with _OneHost(state):
        if options.reset_admin:
            accounts = Accounts(state.host)
            accounts.reset_admin()
            Changes(state.host, Clock()).add("the command line", "", mark("first password made anew"), "admin")
            print(f"admin has a new password: {accounts.initial_file}")
            return 0
        ended = end_leftovers(state)
        users = Users(state, Starter.of_environment())
        carry_out(state, lambda *words: _give_back(state, options, users, *words))
        packages, present = _packages(state, options.sd, options.profile, options.trust, users)  # it reads what was carried out
        open_log(state, "hostd")  # a reset deletes the logs
        _run_in_memory(state)
        LOG.info("limits of packages that the kernel keeps: %s", ", ".join(packages.groups.kept) or "none")
        life = Life(state, "hostd")
        keep_lines(state)
        keep_copies(state.host / "trust")
        leave_on_its_board(state, identity(state).board)
        keep_certificates(state.tls)
        card = str(options.sd.resolve()) if options.sd else ""
        write_board(state, BoardFile(options.profile, options.camera, card))
        if ended:
            LOG.warning("%d processes of an earlier run were ended", ended)
        clock = Clock()
        auth = Auth(state, clock, tuple(options.trusted_proxy), tuple(options.public_address))
        _make_safe(state)()
        ftp = FtpService(state, options.bind, users)
        helper = Helper(options.helper)
        https = HttpsService(state, options.bind, clock, allowed=not options.no_https, tell=partial(announce, helper))
        restart = Restart()
        trust = TrustedKeys(state.host / "trust", options.trust)
        update = HostUpdate(state, trust, packages.versions, users, restart, packages.portals_ready)
        backups = Backups(state, packages.data, options.profile, restart.ask)
        host = open_host(
            auth,
            packages,
            Uploads(state.host / "uploads"),
            present,
            ftp,
            https,
            state,
            backups,
            restart,
            update,
            helper,
            options.profile,
            card,
        )
        server = WebServer(options.bind, options.port, build(host), auth.addresses)
        port = server.start()
        update.came_up()
        LOG.info("host %s is listening on %s port %d", VERSION, options.bind, port)
        who = WhoServer(state.people_socket, auth.who)
        who.start()
        ftp.start()
        https.start(server)
        packages.boot(options.bind, port)
        notify("READY=1")
        if not life.stop.is_set():  # systemd has lost its patience
            update.start()
        watchdog = (
            Watchdog(Path(options.watchdog), options.watchdog_s, packages.ill, clock, KernelDevice()) if options.watchdog else None
        )
        folder = CardFolder(options.sd.resolve() if options.sd else None, present)
        folder.start()
        while not life.stop.wait(1.0) and server.alive() and users.alive() and not restart.asked:
            life.beat()
            auth.keep()
            notify("WATCHDOG=1")
            if watchdog is not None:
                watchdog.turn()
        failed = not life.stop.is_set() and not restart.asked
        notify("STOPPING=1")
        folder.close()
        update.close(orderly=not failed)
        packages.close()
        ftp.stop()
        https.stop()
        server.stop()
        who.close()
        auth.keep(last=True)
        if watchdog is not None and not failed:
            watchdog.close()  # not after a failure: the host must come back in time
        if RUN in os.environ:
            shutil.rmtree(os.environ.pop(RUN), ignore_errors=True)
        LOG.info("stopped")
    if restart.asked and not life.stop.is_set():
        restart.go()
    return FAILED if failed else 0


def _give_back(state: State, options: argparse.Namespace, users: Users, name: str, folder: Path, by: str) -> None:
    packages, _ = _packages(state, options.sd, options.profile, options.trust, users)
    packages.data.ask(name, "take", "--state", str(state.root), "--by", by, str(folder))


def _install(words: list[str]) -> int:
    about = "Installs a package while the host is off; it starts with the host."
    parser = argparse.ArgumentParser(prog="python -m firmware install", description=about)
    parser.add_argument("package", type=Path)
    parser.add_argument("--state", type=_named_folder, required=True)
    parser.add_argument("--trust", type=Path, action="append", default=[], help="public key that this camera trusts from now on")
    parser.add_argument("--licence", type=Path, help="the package's licence for this camera")
    parser.add_argument(
        "--confirmed", action="store_true", help="also an older version, another vendor's, or one without its licence"
    )
    options = parser.parse_args(words)
    state = _state(options.state)
    with _OneHost(state):
        logging.basicConfig(level=logging.WARNING, format="%(message)s")
        for path in options.trust:
            trust_key(state.host / "trust", path)
        for path in (options.package, options.licence):
            if path is not None and not path.is_file():
                raise GatewrightError("{package} does not exist", package=path)
        packages, _ = _packages(state, None, "sim", [], Users(state, None))
        licence = options.licence.read_bytes() if options.licence is not None else None
        *steps, name = packages.install(options.package, CAMERA, options.confirmed, licence)
        for step in steps:
            print(step, file=sys.stderr)
        if licence is not None:
            packages.store_licence(str(name), licence)
        packages.enable(str(name))
        print(f"'{name} is uploaded'")
    return 0


def _public_address(text: str) -> str:
    try:
        return public_address(text)
    except ValueError as why:
        raise argparse.ArgumentTypeError(str(why)) from why


def _folder(text: str) -> Path | None:
    return Path(text) if text else None  # systemd passes an unset ${SD} on as an empty word


def _named(text: str) -> str:
    """Not the empty word of a variable that is not set: as a folder it is whichever this process is in, which would be shut to
    others, and as an address it is every one that the camera has."""
    if not text:
        raise argparse.ArgumentTypeError("must not be empty")
    return text


def _named_folder(text: str) -> Path:
    return Path(_named(text))


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError("must be 0 (whichever is free) to 65535")
    return int(text)


def _state(folder: Path) -> State:
    state = State(folder.resolve())
    try:
        for path in clear_the_way(state):
            print(f"firmware: {path} was no folder, and is set aside", file=sys.stderr)
    except OSError as why:
        print(f"firmware: what lies in the place of a folder cannot be set aside: {why}", file=sys.stderr)
    for needed in (state.host, state.host / "trust", state.run):
        try:
            needed.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as why:
            if why.errno not in REFUSED or needed != state.run:
                raise GatewrightError("{folder} cannot be made: {reason}", folder=needed, reason=why.strerror) from why
    _shut(state.root)
    return state


def _shut(folder: Path) -> None:
    """Plates, pictures and logs below it are not for every user of this machine."""
    with suppress(OSError):  # of another user, or on a storage that takes nothing: it stays as it is
        mode = stat.S_IMODE(folder.stat().st_mode)
        if mode & 0o007:
            folder.chmod(mode & ~0o007)


def _run_in_memory(state: State) -> None:
    """A storage that is read-only or full must not keep the gate shut: sockets and heartbeats go into memory then."""
    usual = state.run
    probe = usual / "probe"
    try:
        probe.write_bytes(bytes(RUN_BYTES))
        return
    except OSError as why:
        if why.errno not in (*REFUSED, errno.ENOENT):  # it could not be made either (`_state`)
            raise GatewrightError("{folder} cannot be written: {reason}", folder=usual, reason=why.strerror) from why
        reason = why.strerror
    finally:
        with suppress(OSError):
            probe.unlink(missing_ok=True)
    mark = hashlib.sha256(str(state.root).encode()).hexdigest()[:16]
    folder = MEMORY / f"gatewright-{os.getuid()}-{mark}"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError as why:
        raise GatewrightError("{folder} cannot be made: {reason}", folder=folder, reason=why.strerror) from why
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise GatewrightError("{folder} belongs to somebody else", folder=folder)
    os.environ[RUN] = str(folder)
    LOG.error("%s cannot be written (%s): %s is used until the next start", usual, reason, folder)


def _packages(
    state: State, sd: Path | None, profile: str, trusted: list[Path], users: Users
) -> tuple[Packages, Callable[[], bool]]:
    simulated = all_profiles()[profile].simulated

    def present() -> bool:
        return card_present(sd, simulated)

    slots = Slots(state.host / "packages", sd.resolve() if sd else None, present)
    trust = TrustedKeys(state.host / "trust", trusted)
    packages = Packages(state, slots, trust, _make_safe(state), device_serial(state), Clock(), users, Groups.of_this_process())
    return packages, present


def _make_safe(state: State) -> Callable[[], None]:
    def act() -> None:
        from board.safe import make_safe

        try:
            left = make_safe(state)
        except GatewrightError as why:
            LOG.error("outputs: %s", why)
            return
        except Exception:  # whatever a board's back end raises: pins, which is started next, says it again
            LOG.exception("outputs could not be put into their safe state")
            return
        for line in left:
            LOG.info("outputs: %s", line)

    return act


class _OneHost:
    """Holds STATE/host/lock while the host runs; a second host on the same STATE refuses."""

    def __init__(self, state: State) -> None:
        self._path = state.host / "lock"
        self._file: IO[str] | None = None

    def __enter__(self) -> None:
        try:
            self._file = self._opened()
        except OSError as why:
            raise GatewrightError("{path} cannot be written: {reason}", path=self._path, reason=why.strerror) from why
        if self._file is None:
            LOG.error("%s cannot be made: a second host would not be noticed", self._path)
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as why:
            self._file.seek(0)
            owner = self._file.read(20).strip() or "?"
            self._file.close()
            raise GatewrightError(
                "a host (process {pid}) already runs on {state}; stop it first", pid=owner, state=self._path.parents[1]
            ) from why
        if not self._file.writable():
            return
        try:
            self._file.truncate(0)
            os.write(self._file.fileno(), f"{os.getpid()}\n".encode())
        except OSError as why:  # the lock holds; on a full disk only the number is missing
            LOG.warning("%s: %s", self._path, why.strerror)

    def _opened(self) -> IO[str] | None:
        """On a storage that takes nothing the file of an earlier host, None when there is none or a worn one does not give it."""
        try:
            return self._path.open("a+")
        except OSError as why:
            if why.errno not in REFUSED:
                raise
        try:
            return self._path.open("r")
        except OSError as why:
            if why.errno not in (errno.ENOENT, errno.EIO):
                raise
        return None

    def __exit__(self, *failure: object) -> None:
        if self._file is not None:
            self._file.close()
