"""Confine: a process gives up all that it does not need: it sees one folder as "/", has no privileges, and never gets any again.

As root it becomes another user (gatewright-ftp, else nobody). Otherwise whoever started it has given it the right to enter a folder
(firmware/processes/starter.py), or it takes that in a user namespace; where the kernel permits neither, the server alone keeps its
clients in the folder, and the log says so.
"""

from __future__ import annotations

import ctypes
import os
import pwd
import resource
from pathlib import Path

from board.kit.dataclass import dataclass

USERS = ("gatewright-ftp", "nobody")
"""The first that this machine has."""

CLONE_NEWUSER = 0x10000000
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_SET_NO_NEW_PRIVS = 1, 4, 38
CAPABILITY_VERSION_3 = 0x20080522
"""linux/sched.h, linux/prctl.h, linux/capability.h"""


@dataclass(frozen=True, slots=True)
class Confined:
    """`home`: where the folder is now; `how`: for the log."""

    home: str
    how: str


def confine(folder: Path, largest_file: int, most_open: int) -> Confined:
    """Everything that is to be imported or opened must be by now. `largest_file`: bytes; the kernel lets no file grow beyond."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest_file, largest_file))
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most_open, hard), min(most_open, hard)))
    os.umask(0o022)
    confined = _as_another_user(folder) if os.geteuid() == 0 else _as_this_user(folder)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    return confined


def die_with_parent(number: int) -> None:
    """This process gets the signal when its parent ends; a change of user takes that back, so that it is said afterwards."""
    _prctl(PR_SET_PDEATHSIG, number)


def user_of(names: tuple[str, ...] = USERS) -> pwd.struct_passwd | None:
    """Whom root becomes."""
    for name in names:
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    return None


def _as_another_user(folder: Path) -> Confined:
    user = user_of()
    uid, gid, name = (user.pw_uid, user.pw_gid, user.pw_name) if user is not None else (65_534, 65_534, "65534")
    _enter(folder)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    return Confined("/", f"sees nothing but its folder, as user {name}")


def _as_this_user(folder: Path) -> Confined:
    try:
        try:
            _enter(folder)
        except PermissionError:
            _own_namespace()
            _enter(folder)
    except OSError as why:
        return Confined(str(folder), f"is not confined by the kernel, which permits no user namespace ({why.strerror})")
    finally:
        _drop_capabilities()
    return Confined("/", "sees nothing but its folder")


def _enter(folder: Path) -> None:
    os.chroot(folder)
    os.chdir("/")


def _own_namespace() -> None:
    uid, gid = os.geteuid(), os.getegid()
    _prctl(PR_SET_DUMPABLE, 1)  # else /proc/self belongs to root
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWUSER) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    for name, text in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        Path(f"/proc/self/{name}").write_text(text)


def _drop_capabilities() -> None:
    header = (ctypes.c_uint32 * 2)(CAPABILITY_VERSION_3, 0)
    ctypes.CDLL(None).capset(header, (ctypes.c_uint32 * 6)())


def _prctl(option: int, value: int) -> None:
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
