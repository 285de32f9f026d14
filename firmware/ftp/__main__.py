"""FTP process: `python -m firmware.ftp --plan JSON --state DIR`; the host starts it while the FTP server is switched on.

Two halves: a child, which talks to strangers and sees nothing but the FTP folder (server.py), and this one, which answers its
questions about passwords, writes its log, and tells the supervisor that it is alive.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import signal
import socket
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from board.kit.errors import GatewrightError, WireError
from board.kit.files import write_unsynced
from board.kit.from_json import from_json
from board.kit.people import AskHa1, CheckPassword, People, PeopleUnreachable, Person
from board.kit.plain import Unfit, from_plain, to_plain
from board.kit.process import Life, open_log
from board.kit.servers import announce, url_of
from board.kit.state import State
from board.kit.web.listeners import tcp_listener_or_instead
from board.kit.wire import Channel, Codec, PeerGone
from firmware.certificates.own import ensure_certificate
from firmware.ftp.messages import MESSAGES, Alive, Ask, FtpPlan, Line, Removed, Told
from firmware.ftp.room import LISTS

LOG = logging.getLogger("ftp")

NAME = "ftp"
WAIT_S = 0.5
INSTEAD = 2121
"""Where it listens when its port is taken, or this user may not have it: the first free one from here on."""


def main(arguments: Sequence[str]) -> int:
    """0 after SIGTERM; 1 when it cannot run or its child died: the supervisor starts it again."""
    parser = argparse.ArgumentParser(prog="python -m firmware.ftp", description=__doc__)
    parser.add_argument("--plan", required=True, help="what the host was told, as JSON")
    parser.add_argument("--state", type=Path, required=True, help="folder of the camera's persistent state")
    options = parser.parse_args(arguments)
    state = State(options.state.resolve())
    open_log(state, NAME)
    life = Life(state, NAME)
    try:
        plan = from_plain(FtpPlan, from_json(options.plan))
        return _run(state, life, plan)
    except (GatewrightError, OSError, Unfit, ValueError) as why:
        LOG.error("%s", why)
        return 1


def _run(state: State, life: Life, plan: FtpPlan) -> int:
    make_folders(state)
    listener = tcp_listener_or_instead(plan.bind, plan.port, INSTEAD, "the FTP server", LOG)
    port: int = listener.getsockname()[1]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    child = _fork(plan, listener, theirs, ours, state)
    listener.close()
    theirs.close()
    channel = Channel(ours, Codec(MESSAGES))
    try:
        return _attend(channel, life, state, url_of("ftp", plan.bind, port), plan.look_again_s)
    finally:
        announce(state, NAME, "")
        state.ftp_status.unlink(missing_ok=True)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        channel.close()


def make_folders(state: State) -> None:
    """The FTP folder: as in /tmp, whoever writes there can take nothing away that belongs to another user."""
    for folder, mode in ((state.ftp, 0o1777), (state.ftp / LISTS, 0o755)):
        folder.mkdir(exist_ok=True)
        if folder.stat().st_uid == os.getuid():  # else the host made it, for this user among others
            folder.chmod(mode)


def _fork(plan: FtpPlan, listener: socket.socket, theirs: socket.socket, ours: socket.socket, state: State) -> int:
    """The child that talks to clients: its libraries are imported there alone."""
    child = os.fork()
    if child:
        return child
    try:
        ours.close()
        from board.identity import camera_id
        from firmware.ftp.server import serve

        files = ensure_certificate(state.tls, camera_id(state))
        serve(plan, listener, Channel(theirs, Codec(MESSAGES)), state.ftp, files)
    except BaseException:
        LOG.exception("the FTP server failed")
    os._exit(1)


def _attend(channel: Channel, life: Life, state: State, url: str, look_again_s: float) -> int:
    """Until SIGTERM. The heartbeat is the child's: one that hangs is noticed."""
    people = People(state.people_socket)
    shown: Alive | None = None
    users: set[str] = set()
    """Who has logged in."""
    look_s = time.monotonic() + look_again_s
    with life.patience(60.0):  # a small board takes a while to import it all
        first = _receive(channel, life, 60.0)
    if first is None:
        return 0 if life.stop.is_set() else 1
    pending: object | None = first
    while not life.stop.is_set():
        match pending:
            case Ask():
                told = _answer(people, pending)
                channel.send(told)
                if told.name:
                    users.add(pending.user)
            case Line():
                LOG.log(pending.level, "%s", pending.text)
            case Alive():
                life.beat()
                if shown is None:
                    announce(state, NAME, url)
                    LOG.info("listening at %s", url)
                if pending != shown:
                    _show(state, pending, url)
                shown = pending
        if time.monotonic() >= look_s:
            look_s = time.monotonic() + look_again_s
            for user in [each for each in users if not _is_there(people, each)]:
                LOG.info("%s is sent away: its password was removed", user)
                users.remove(user)
                channel.send(Removed(user))
        try:
            pending = channel.receive(WAIT_S)
        except PeerGone:
            LOG.error("the half that talks to clients died")
            return 1
    return 0


def _receive(channel: Channel, life: Life, within_s: float) -> object | None:
    """The first message; None when there is none."""
    for _ in range(round(within_s / WAIT_S)):
        try:
            found: object | None = channel.receive(WAIT_S)
        except PeerGone:
            LOG.error("the half that talks to clients did not start")
            return None
        if found is not None or life.stop.is_set():
            return found
    return None


def _answer(people: People, asked: Ask) -> Told:
    try:
        found = people.who(CheckPassword("ftp", asked.user, asked.password, asked.address))
    except (PeopleUnreachable, WireError) as why:
        LOG.error("nobody can log in: %s", why)
        return Told(asked.number, "", 0.0)
    if isinstance(found, Person):
        return Told(asked.number, found.name, 0.0)
    # Another name may be a password that was typed in the wrong place.
    whom = repr(asked.user) if _is_there(people, asked.user) else "nobody that there is"
    LOG.info("wrong password for %s from %s", whom, asked.address)
    return Told(asked.number, "", found.wait_s)


def _is_there(people: People, user: str) -> bool:
    """While nobody can say, it is."""
    try:
        return bool(people.ha1(AskHa1("ftp", user, "")))
    except (PeopleUnreachable, WireError) as why:
        LOG.warning("%s", why)
        return True


def _show(state: State, alive: Alive, url: str) -> None:
    try:
        write_unsynced(state.ftp_status, json.dumps({"url": url, **to_plain(alive)}).encode())
    except OSError as why:
        LOG.debug("the status is not shown: %s", why)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
