"""Places: whose the folders below STATE are, where each process is a user of its own (starter.py): who is not in the group of a
folder gets nothing of it, so that a portal that was taken over neither reaches the pins nor reads a key.

| folder | group | who is in it besides the host |
| --- | --- | --- |
| STATE, run, logs, run/clients, run/devices | gatewright | everyone; in run and logs nobody changes what is another's (sticky) |
| host | gatewright | everyone passes through; only packages, firmware, the serial number and the camera's id can be read |
| own/pins, own/engine | gatewright-pins, gatewright-engine | the process; the service may besides connect to pins |
| run/claims, run/expanders, sim | gatewright-pins, gatewright | who drives pins: the host does when pins died |
| anpr | gatewright-data | service, engine, manager |
| anpr/images, and CARD/gatewright/pictures | gatewright-images | these, and vms, which shows them |
| ftp, ftp/lists | everyone, gatewright-data | |
| host/tls | gatewright-ftp | |

Sockets belong to the group of whoever listens (board/kit/sockets.py); firmware/install says who is in which group. The host has no
right to give a file away: what a process left as its own is replaced, never taken over.
"""

from __future__ import annotations

import grp
import logging
import os
import shutil
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from board.identity import camera_id, device_serial
from board.kit.dataclass import dataclass
from board.kit.files import folder_below, set_aside, sync_folder, write_whole
from board.kit.state import State

LOG = logging.getLogger("supervisor")

ALL, PINS, DATA, IMAGES, FTP = "gatewright", "gatewright-pins", "gatewright-data", "gatewright-images", "gatewright-ftp"
OWN = {"pins": ("polarity.json", "line_rules.json"), "engine": ("sights.json",)}
"""What these processes keep, beside a copy of it."""
DATABASE = ("anpr.db", "anpr.db-wal", "anpr.db-shm")


@dataclass(frozen=True, slots=True)
class _Folder:
    """Below STATE: who may use it."""

    path: str
    group: str
    mode: int


@dataclass(frozen=True, slots=True)
class Beside:
    """What runs of other packages meanwhile. `names`: of their processes and sockets, whose files stay as they are; `apart`: one of
    them has its processes apart, so that STATE is shared out, and stays so: taken back, its database would be another file than
    the one that it has open."""

    names: frozenset[str] = frozenset()
    apart: bool = False


ALONE = Beside()

FOLDERS = (
    _Folder("run", ALL, 0o3770),
    _Folder("run/clients", ALL, 0o3770),
    _Folder("run/devices", ALL, 0o3770),
    _Folder("run/claims", PINS, 0o2770),
    _Folder("run/expanders", PINS, 0o2770),
    _Folder("sim", ALL, 0o2770),
    _Folder("logs", ALL, 0o3770),
    _Folder("anpr", DATA, 0o2771),
    _Folder("anpr/images", IMAGES, 0o2770),
    _Folder("anpr/exchange", DATA, 0o2770),
    _Folder("anpr/backup", DATA, 0o2770),
    _Folder("ftp", ALL, 0o1777),
    _Folder("ftp/lists", DATA, 0o2775),
    _Folder("host", ALL, 0o710),
    _Folder("host/packages", ALL, 0o750),
    _Folder("host/firmware", ALL, 0o750),
    _Folder("host/tls", FTP, 0o750),
)


def settle_apart(state: State, users: dict[str, int], beside: Beside = ALONE) -> None:
    """Makes STATE ready for processes that are each a user of its own; what it was before is taken along. `users`: {process: number
    of its user}. OSError or LookupError: it cannot be done."""
    share_folders(state)
    _share_tree(state.database.parent, DATA, 0o2770, (state.images,), deep=False)
    _clear_run(state, users, beside)
    _give_logs(state, users, beside)
    if not state.own.is_dir():
        _take_along(state)
    for process in OWN:  # also after an installation that made all of it the host's, and the group everybody's
        (state.own / process).mkdir(mode=0o700, exist_ok=True)
        _share_tree(state.own / process, f"gatewright-{process}", 0o2770)
        _share(state.own / process, f"gatewright-{process}", 0o2770)


def share_folders(state: State) -> None:
    """Each folder to its group, with what this user has put there before. OSError or LookupError: it cannot be done."""
    camera_id(state), device_serial(state)  # made now: later on only the host may
    _share(state.root, ALL, 0o750)
    for folder in FOLDERS:
        path = _in(state, folder.path)
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if folder.mode & stat.S_ISGID and not path.stat().st_mode & stat.S_ISGID:
            _share_tree(path, folder.group, folder.mode & 0o7770, (state.images,))
        _share(path, folder.group, folder.mode)
    known = [state.host / name for name in ("serial", "camera_id.json", "camera_id.json.copy")]
    for path in (*known, state.board_file, state.lines_file):
        with suppress(FileNotFoundError):
            _share(path, ALL, 0o640)
    for path in state.tls.glob("*"):
        _share(path, FTP, 0o640)


def share_card(card: Path) -> None:
    """The folder on the card for pictures is for who has those in the camera. No link of the card is followed. OSError or
    LookupError: it cannot be done."""
    wanted = grp.getgrnam(IMAGES).gr_gid
    above = folder_below(card, "gatewright", make=True)
    try:
        os.fchmod(above, stat.S_IMODE(os.fstat(above).st_mode) | 0o011)
    finally:
        os.close(above)
    folder = folder_below(card, "gatewright/pictures", make=True)
    try:
        os.fchown(folder, -1, wanted)
        os.fchmod(folder, 0o2770)
    finally:
        os.close(folder)


def settle_alike(state: State, processes: Sequence[str] = (), beside: Beside = ALONE) -> None:
    """Makes STATE ready for processes that are all this user, as those of earlier releases are. `processes`: their names; beside
    others that are apart only what these left is cleared away."""
    if beside.apart:
        users = dict.fromkeys(processes, os.getuid())
        _clear_run(state, users, beside)
        _give_logs(state, users, beside)
        return
    if not state.own.is_dir():
        return
    for process, names in OWN.items():
        for path in (state.own / process / each for name in names for each in (name, f"{name}.copy")):
            with suppress(FileNotFoundError):
                write_whole(state.root / path.name, path.read_bytes(), 0o600)
    sync_folder(state.root)
    gone = state.root / "own.gone"
    shutil.rmtree(gone, ignore_errors=True)
    state.own.rename(gone)  # from here on they lie in STATE itself
    shutil.rmtree(gone, ignore_errors=True)
    for name in DATABASE:
        path = state.database.with_name(name)
        if path.exists() and path.stat().st_uid != os.getuid():
            fresh = path.with_name(f"{name}.new")
            shutil.copyfile(path, fresh)
            with fresh.open("rb") as file:
                os.fsync(file.fileno())
            fresh.chmod(0o600)
            fresh.replace(path)
    for folder in (state.database.parent, state.images):
        with suppress(OSError):
            folder.chmod(0o771)  # shared out anew when they are apart again, with all that comes until then
    _clear_run(state, {}, beside)
    _give_logs(state, {}, beside)


def open_tree(folder: Path) -> None:
    """A package is for every process to read, what lies beside it in its folder is not."""
    folder.parent.chmod(stat.S_IMODE(folder.parent.stat().st_mode) | 0o011)
    for path in (folder, *folder.rglob("*")):
        mode = stat.S_IMODE(path.stat().st_mode)
        path.chmod(mode | (0o055 if path.is_dir() or mode & 0o100 else 0o044))


def _take_along(state: State) -> None:
    """own/ appears with all that the processes had before, or not at all."""
    fresh = state.root / "own.new"
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    before = [state.root / each for names in OWN.values() for name in names for each in (name, f"{name}.copy")]
    for process in OWN:
        (fresh / process).mkdir(mode=0o700)
        _share(fresh / process, f"gatewright-{process}", 0o2770)
    for process, names in OWN.items():
        for name in (each for one in names for each in (one, f"{one}.copy")):
            with suppress(FileNotFoundError):
                path = fresh / process / name
                write_whole(path, (state.root / name).read_bytes())
                _share(path, f"gatewright-{process}", 0o660)
        sync_folder(fresh / process)
    _share(fresh, ALL, 0o750)
    sync_folder(fresh)
    fresh.rename(state.own)
    sync_folder(state.root)
    for path in before:
        path.unlink(missing_ok=True)


INSIDE = (
    *(
        f"host/{each}"
        for each in ("trust", "tls", "licences", "packages", "firmware", "kept-data", "compiled", "keeping", "uploads")
    ),
    *(f"anpr/{each}" for each in ("images", "backup", "exchange", "path-images", "portal")),
)
"""Folders that their users make as they need them."""


def clear_the_way(state: State) -> tuple[Path, ...]:
    """Sets aside what lies in the place of one of our folders and is none, as a damaged card leaves it: nothing starts over that.
    OSError when the disk refuses."""
    paths = [state.root / name for name in ("host", "own", *(each.path for each in FOLDERS), *INSIDE)]
    wrong = tuple(path for path in dict.fromkeys(paths) if path.exists() and not path.is_dir())
    for path in wrong:
        set_aside(path)
    return wrong


def _clear_run(state: State, users: dict[str, int], beside: Beside) -> None:
    """Sockets, heartbeats and what else lies there and is of another user than whoever makes it now: as after a boot. Beside others
    that are apart only what `users` make."""
    ours = {os.getuid(), *users.values()}
    hosts = (state.people_socket.name, state.guesses.name, state.device_guesses.name)
    for path in (*state.run.glob("*"), *state.clients.glob("*"), *state.devices.glob("*")):
        with suppress(OSError):
            found = path.lstat()
            if stat.S_ISDIR(found.st_mode) or path.name in hosts or path.stem in beside.names:
                continue
            if beside.apart and path.stem not in users:
                continue
            wanted = users.get(path.stem, -1)
            of_host = users and found.st_uid == os.getuid() and path.stem not in ("hostd", "ftp")
            if found.st_uid not in ours or (wanted >= 0 and found.st_uid != wanted) or of_host:
                path.unlink()


def _give_logs(state: State, users: dict[str, int], beside: Beside) -> None:
    """A log that another user has begun is the older one from now on."""
    for path in state.logs.glob("*.log"):
        if path.stem in beside.names or (beside.apart and path.stem not in users):
            continue
        wanted = users.get(path.stem, os.getuid())
        with suppress(OSError):
            if path.lstat().st_uid not in (wanted, *(users.values() if path.stem not in users else ())):
                path.replace(path.with_name(f"{path.name}.1"))
    for path in state.logs.glob("*.log*"):
        with suppress(OSError, LookupError):
            _share(path, ALL, 0o640)


def _share_tree(folder: Path, group: str, mode: int, but: tuple[Path, ...] = (), deep: bool = True) -> None:
    """What this user made below `folder` is the group's too."""
    for path in _below(folder, but, deep):
        found = path.lstat()
        if found.st_uid != os.getuid() or stat.S_ISLNK(found.st_mode):
            continue
        with suppress(FileNotFoundError):
            _share(path, group, mode if stat.S_ISDIR(found.st_mode) else 0o660 if mode & 0o020 else 0o640)


def _below(folder: Path, but: tuple[Path, ...], deep: bool) -> Iterator[Path]:
    for path in folder.iterdir():
        if path in but:
            continue
        yield path
        if path.is_dir() and not path.is_symlink() and (deep or not path.stat().st_mode & stat.S_ISGID):
            yield from _below(path, but, True)


def _share(path: Path, group: str, mode: int) -> None:
    """The path's group and mode, if it is ours; a link is left alone."""
    number = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        found = os.fstat(number)
        if stat.S_ISLNK(found.st_mode) or found.st_uid != os.getuid():
            return
        wanted, itself = grp.getgrnam(group).gr_gid, f"/proc/self/fd/{number}"  # this very file, whatever its name is by now
        if found.st_gid != wanted:
            os.chown(itself, -1, wanted)
        if stat.S_IMODE(found.st_mode) != mode or found.st_gid != wanted:
            Path(itself).chmod(mode)
    finally:
        os.close(number)


def _in(state: State, name: str) -> Path:
    """`run` may lie elsewhere (GATEWRIGHT_RUN)."""
    first, _, rest = name.partition("/")
    return state.run / rest if first == "run" else state.sim if first == "sim" else state.root / name
