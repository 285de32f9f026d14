"""Files: a small file is replaced as a whole: after a crash or a power cut it has its old or its new content, never a mixture;
and how much room there is."""

from __future__ import annotations

import mmap
import os
import shutil
from pathlib import Path


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Writes `data` beside `path`, syncs it and renames it over `path`. `mode`: its permissions (0o600 for secrets).

    OSError when the disk refuses; `path` is then as it was. Whether the new name outlives a power cut at once depends on
    the folder's own sync (`sync_folder`), which is left to the caller: it can take long on an SD card."""
    write_beside(path, data, mode).replace(path)


def write_beside(path: Path, data: bytes, mode: int = 0o644) -> Path:
    """Writes and syncs `data` as PATH.new, for a rename over `path`; OSError when the disk refuses."""
    fresh = path.with_name(path.name + ".new")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    return fresh


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
    fresh.write_bytes(data)
    fresh.replace(path)


def mapped(path: Path, size: int) -> mmap.mmap:
    """The first `size` bytes of a file as shared memory; a new one is full of zeros. OSError when the disk has no room for it: then
    is the time to know, a write into a hole of the file would end the process (SIGBUS)."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600), "r+b") as file:
        os.posix_fallocate(file.fileno(), 0, size)
        return mmap.mmap(file.fileno(), size)


def space(path: Path) -> tuple[int, int]:
    """(all, free) bytes of the file system that holds `path` (or will), as df shows them to users."""
    while not path.exists():
        path = path.parent
    usage = shutil.disk_usage(path)
    return max(1, usage.used + usage.free), usage.free
