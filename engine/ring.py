"""Frame ring: the newest camera pictures in one memory-mapped file, one writer, any number of readers in other processes.

A frame is never torn: each slot is guarded by an open-file-description lock (the kernel frees it when its owner dies), the
writer takes a slot that nobody reads and never waits, and a slot that was being written when the writer died stays invalid.
The writer never shrinks a file that is mapped: a restart or a larger picture makes a new file under the same name, which
readers notice. Keep the file on a tmpfs (STATE/run): a ring on an SD card would wear it out.
"""

from __future__ import annotations

import fcntl
import mmap
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from board.kit.errors import StoreError
from board.types import Frame

MAGIC = b"GWRING01"
SLOTS = 3
HEAD = struct.Struct("<8sIIQ")
"""Magic, slots, index of the newest slot, bytes of pixels a slot can hold."""
HEAD_BYTES = 64
NEWEST_AT = 12
SLOT = struct.Struct("<QqQIIH")
"""Sequence number (0: nothing valid here), capture time in us since 1970, CLOCK_MONOTONIC ns, height, width, bytes of source."""
SLOT_BYTES = 256
SOURCE_BYTES = SLOT_BYTES - SLOT.size
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class RingWriter:
    """Writes frames to `path`, at first with room for `width` x `height` RGB pixels. StoreError: no room on the disk."""

    def __init__(self, path: Path, width: int, height: int) -> None:
        self._path = path
        self._ring = _create(path, width * height * 3)

    def write(self, frame: Frame) -> bool:
        """Makes `frame` the newest; False: dropped, readers hold every other slot. A larger picture makes a larger ring;
        StoreError when the disk has no room for that."""
        import numpy as np

        if frame.rgb.nbytes > self._ring.capacity:
            larger = _create(self._path, frame.rgb.nbytes)
            self._ring.close()
            self._ring = larger
        ring = self._ring
        newest = ring.newest()
        for step in range(1, SLOTS):
            index = (newest + step) % SLOTS
            with _locked(ring.file, index, fcntl.F_WRLCK) as locked:
                if not locked:
                    continue
                at = ring.slot_at(index)
                SLOT.pack_into(ring.memory, at, 0, 0, 0, 0, 0, 0)
                height, width = frame.rgb.shape[:2]
                pixels = np.ndarray((height, width, 3), np.uint8, ring.memory, at + SLOT_BYTES)
                np.copyto(pixels, frame.rgb)
                source = frame.source.encode()[:SOURCE_BYTES]
                ring.memory[at + SLOT.size : at + SLOT.size + len(source)] = source
                captured_us = (frame.captured_at - EPOCH) // timedelta(microseconds=1)
                SLOT.pack_into(ring.memory, at, frame.seq, captured_us, frame.monotonic_ns, height, width, len(source))
            struct.pack_into("<I", ring.memory, NEWEST_AT, index)
            return True
        return False

    def close(self) -> None:
        self._ring.close()


class RingReader:
    """Reads the newest frame of the ring at `path`; may be made before the writer. Usable from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring: _Ring | None = None
        self._turn = threading.Lock()

    def latest(self, known_seq: int = 0) -> Frame | None:
        """A copy of the newest frame; None when there is none or its `seq` is `known_seq` (nothing new)."""
        with self._turn:
            ring = self._current()
            for _ in range(SLOTS * 2 if ring else 0):
                assert ring is not None
                index = ring.newest()
                with _locked(ring.file, index, fcntl.F_RDLCK) as locked:
                    if locked:
                        return _frame(ring, index, known_seq)
            return None

    def close(self) -> None:
        with self._turn:
            if self._ring:
                self._ring.close()
            self._ring = None

    def _current(self) -> _Ring | None:
        try:
            there = self._path.stat()
        except OSError:
            return self._ring  # the folder was emptied: what is mapped stays readable
        if self._ring is None or self._ring.inode != (there.st_dev, there.st_ino):
            fresh = _open(self._path)
            if fresh is not None:
                if self._ring:
                    self._ring.close()
                self._ring = fresh
        return self._ring


@dataclass(slots=True)
class _Ring:
    file: int
    memory: mmap.mmap
    capacity: int
    inode: tuple[int, int]

    def newest(self) -> int:
        return int(struct.unpack_from("<I", self.memory, NEWEST_AT)[0]) % SLOTS

    def slot_at(self, index: int) -> int:
        return HEAD_BYTES + index * (SLOT_BYTES + self.capacity)

    def close(self) -> None:
        try:
            self.memory.close()
        except BufferError:
            pass  # an array of it is still alive; the mapping goes with it
        os.close(self.file)


def _create(path: Path, capacity: int) -> _Ring:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    size = HEAD_BYTES + SLOTS * (SLOT_BYTES + capacity)
    try:  # never truncated: a writer that is still dying may have it mapped
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as why:
        raise StoreError("frame ring {path}: cannot be made: {why}", path=path, why=why) from why
    try:
        os.posix_fallocate(file, 0, size)  # a sparse file would end in SIGBUS on a full disk
        memory = mmap.mmap(file, size)
        memory[: HEAD.size] = HEAD.pack(MAGIC, SLOTS, 0, capacity)
        fresh.replace(path)
    except OSError as why:
        os.close(file)
        fresh.unlink(missing_ok=True)
        raise StoreError("frame ring {path}: no room for {size} bytes: {why}", path=path, size=size, why=why) from why
    there = os.fstat(file)
    return _Ring(file, memory, capacity, (there.st_dev, there.st_ino))


def _open(path: Path) -> _Ring | None:
    try:
        file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None  # replaced or removed just now: the next call finds it
    there = os.fstat(file)
    head = os.pread(file, HEAD.size, 0)
    if len(head) == HEAD.size:
        magic, slots, _, capacity = HEAD.unpack(head)
        if magic == MAGIC and slots == SLOTS and there.st_size == HEAD_BYTES + SLOTS * (SLOT_BYTES + capacity):
            memory = mmap.mmap(file, there.st_size, prot=mmap.PROT_READ)
            return _Ring(file, memory, capacity, (there.st_dev, there.st_ino))
    os.close(file)
    return None


def _frame(ring: _Ring, index: int, known_seq: int) -> Frame | None:
    import numpy as np  # here: the portal needs its 15 MB only once somebody looks at the picture

    at = ring.slot_at(index)
    seq, captured_us, monotonic_ns, height, width, source_bytes = SLOT.unpack_from(ring.memory, at)
    if seq in (0, known_seq) or height * width * 3 > ring.capacity:
        return None
    rgb = np.ndarray((height, width, 3), np.uint8, ring.memory, at + SLOT_BYTES).copy()
    source = ring.memory[at + SLOT.size : at + SLOT.size + source_bytes].decode(errors="replace")
    return Frame(seq, EPOCH + timedelta(microseconds=captured_us), monotonic_ns, rgb, source)


@contextmanager
def _locked(file: int, index: int, kind: int) -> Iterator[bool]:
    if not _set_lock(file, index, kind):
        yield False
        return
    try:
        yield True
    finally:
        _set_lock(file, index, fcntl.F_UNLCK)


def _set_lock(file: int, index: int, kind: int) -> bool:
    try:
        fcntl.fcntl(file, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, index, 1, 0))
    except BlockingIOError:
        return False
    return True
