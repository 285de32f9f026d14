"""Files: a small file is replaced as a whole: after a crash or a power cut it has its old or its new content, never a mixture;
what small files of the system say, and how much room there is."""

from __future__ import annotations

import errno
import mmap
import os
import shutil
import stat
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO, TypeVar

T = TypeVar("T")

MOST_SET_ASIDE = 9
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)
"""Of an OSError: the storage is full, or what a user may have of it."""
READ_AGAIN_S = (0.05, 0.2, 0.5)
NO_LINK = os.O_NOFOLLOW | os.O_CLOEXEC


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Writes `data` beside `path`, syncs it and renames it over `path`. `mode`: its permissions (0o600 for secrets).

    OSError when the disk refuses; `path` is then as it was. Whether the new name outlives a power cut at once depends on
    the folder's own sync (`sync_folder`), which is left to the caller: it can take long on an SD card."""
    put_in_place(write_beside(path, data, mode), path)


def write_together(files: Sequence[tuple[Path, bytes, int]]) -> None:
    """All of these (path, data, mode), each as write_whole does, or none when the disk refuses: a key is of no use without what
    belongs to it. OSError then."""
    fresh: list[tuple[Path, Path]] = []
    try:
        for path, data, mode in files:
            fresh.append((write_beside(path, data, mode), path))
    except OSError:
        for written, _ in fresh:
            with suppress(OSError):
                written.unlink(missing_ok=True)
        raise
    for written, path in fresh:
        put_in_place(written, path)


def put_in_place(fresh: Path, path: Path) -> None:
    """Renames `fresh` over `path`. A folder that lies there (a damaged file system, a slip of somebody's hand) is set aside as
    PATH.damaged, so that it keeps nobody from starting. OSError when the disk refuses."""
    try:
        fresh.replace(path)
    except IsADirectoryError:
        set_aside(path)
        fresh.replace(path)


def set_aside(path: Path) -> None:
    """As PATH.damaged, or where such a folder lies already, as PATH.damaged.2 ...; OSError when the disk refuses."""
    for number in range(1, MOST_SET_ASIDE + 1):
        aside = path.with_name(f"{path.name}.damaged{f'.{number}' if number > 1 else ''}")
        try:
            path.rename(aside)
            return
        except (IsADirectoryError, NotADirectoryError, FileExistsError):
            continue
        except OSError as why:
            if why.errno != errno.ENOTEMPTY:
                raise
    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))


def write_beside(path: Path, data: bytes, mode: int = 0o644) -> Path:
    """Writes and syncs `data` as PATH.new, for a rename over `path`; OSError when the disk refuses."""
    fresh = path.with_name(path.name + ".new")
    try:
        with os.fdopen(_made_anew(fresh, mode), "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
    except OSError:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)  # a part of a secret, which nobody would delete
        raise
    return fresh


def private_in(folder: Path) -> int:
    """The mode of a file in `folder` that is not for everybody: 0600, or 0660 where the folder's group shares what lies in it
    (setgid): where each process is a user of its own, firmware/processes/places.py makes such folders."""
    try:
        return 0o660 if folder.stat().st_mode & stat.S_ISGID else 0o600
    except OSError:
        return 0o600


def private_folder(folder: Path) -> None:
    """Makes the folder, for this user alone, or for whom the one above is (`private_in`); one of ours that was made for its user
    alone before is opened for them too. OSError when the disk refuses."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    mode = 0o2770 if folder.parent.stat().st_mode & stat.S_ISGID else 0o700
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid == os.getuid() and mode & ~stat.S_IMODE(found.st_mode):
        os.chown(folder, -1, folder.parent.stat().st_gid)
        folder.chmod(mode)


def open_shared(path: Path, flags: int) -> int:
    """Opens a file in place, made when it is not there, that several of our processes write: each may, whatever its user and umask,
    where they share the folder. OSError as of os.open."""
    flags |= os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        number = os.open(path, flags)  # without O_CREAT, which the kernel refuses for others' files (fs.protected_regular)
    except FileNotFoundError:
        number = os.open(path, flags | os.O_CREAT, 0o644)
    found = os.fstat(number)
    if found.st_uid == os.getuid() and not found.st_mode & stat.S_IWGRP and private_in(path.parent) != 0o600:
        os.fchmod(number, 0o660)
    return number


def _made_anew(path: Path, mode: int) -> int:
    """Never what somebody else put there: several users may share the folder."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, mode)
    except FileExistsError:
        try:
            path.unlink(missing_ok=True)
        except IsADirectoryError:
            set_aside(path)
        return os.open(path, flags, mode)


def folder_below(folder: Path, name: str, make: bool = False) -> int:
    """A descriptor of the folder `name` ("2026/11/28", "" for itself) below `folder`, on the way to which no link is followed: what
    lies on a card that others had in their hands leads nowhere else. `make`: what lacks is made. OSError as of os.open;
    FileNotFoundError also for a name that can be none."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    for part in filter(None, name.split("/")):
        try:
            inner = _step(number, part, make)
        finally:
            os.close(number)
        number = inner
    return number


def _step(number: int, part: str, make: bool) -> int:
    if part in (".", "..") or "\0" in part:
        raise FileNotFoundError(part)
    flags = os.O_RDONLY | os.O_DIRECTORY | NO_LINK
    try:
        return os.open(part, flags, dir_fd=number)
    except FileNotFoundError:
        if not make:
            raise
    with suppress(FileExistsError):
        os.mkdir(part, 0o770, dir_fd=number)
        os.fsync(number)  # what is put into it may be deleted elsewhere soon
    return os.open(part, flags, dir_fd=number)


def open_below(folder: Path, name: str) -> BinaryIO:
    """The file `name` ("2026/11/28/a.jpg") below `folder`, to be read, as `folder_below` finds it. OSError also when it is no plain
    file: a pipe would never answer."""
    inside, _, last = name.rpartition("/")
    if last in ("", ".", "..") or "\0" in last:
        raise FileNotFoundError(name)
    number = folder_below(folder, inside)
    try:
        file = os.fdopen(os.open(last, os.O_RDONLY | os.O_NONBLOCK | NO_LINK, dir_fd=number), "rb")
    finally:
        os.close(number)
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise FileNotFoundError(name)
    return file


def sync_folder(folder: Path) -> None:
    """Names in `folder` that were made, renamed or removed outlive a power cut from here on; OSError when the disk refuses."""
    number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def write_unsynced(path: Path, data: bytes) -> None:
    """As `write_whole`, but the kernel decides when it reaches the disk: for STATE/run, whose files need to survive a process, not
    a power cut."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(_made_anew(fresh, 0o644), "wb") as file:
        file.write(data)
    put_in_place(fresh, path)


def mapped(path: Path, size: int, mode: int = 0o600) -> mmap.mmap:
    """The first `size` bytes of a file as shared memory; a new one is full of zeros. OSError when the disk has no room for it: then
    is the time to know, a write into a hole of the file would end the process (SIGBUS). `mode`: its permissions, also of one that
    is there."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, mode), "r+b") as file:
        if stat.S_IMODE(os.fstat(file.fileno()).st_mode) != mode:
            os.fchmod(file.fileno(), mode)
        os.posix_fallocate(file.fileno(), 0, size)
        return mmap.mmap(file.fileno(), size)


def text_of(path: Path) -> str:
    """A small file of the kernel's or the system's, without blanks, line ends and NULs around it; "" when it cannot be read."""
    try:
        return path.read_text("utf-8", "replace").strip("\0\n ")
    except OSError:
        return ""


def read_again(read: Callable[[], T]) -> T:
    """What `read` gives. What the card does not give (EIO) it is asked for again: a worn one often does at the next try, and what
    stays unread counts as damaged."""
    for pause_s in READ_AGAIN_S:
        try:
            return read()
        except OSError as why:
            if why.errno != errno.EIO:
                raise
            time.sleep(pause_s)
    return read()


def space(path: Path) -> tuple[int, int]:
    """(all, free) bytes of the file system that holds `path` (or will), as df shows them to users."""
    while not path.exists():
        path = path.parent
    usage = shutil.disk_usage(path)
    return max(1, usage.used + usage.free), usage.free
