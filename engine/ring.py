"""Frame ring: the newest camera pictures in one file, one writer, any number of readers in other processes.

A frame is never torn: each slot is guarded by an open-file-description lock (the kernel frees it when its owner dies), the
writer takes a slot that nobody reads and never waits, and a slot that was being written when the writer died stays invalid.
The writer never shrinks a file: a restart or a larger picture makes a new file under the same name, which readers notice. Keep the
file on a tmpfs (STATE/run): a ring on an SD card would wear it out. It is read and written, not mapped: mapped pages would count in
the memory of every process that looks.
"""

from __future__ import annotations

import fcntl
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from board.kit.dataclass import dataclass
from board.kit.errors import StoreError
from board.kit.files import private_in
from board.types import Frame

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

MAGIC = b"GWRING02"
SLOTS = 3
HEAD = struct.Struct("<8sIIQ")
"""Magic, slots, index of the newest slot, bytes of pixels a slot can hold."""
HEAD_BYTES = 64
NEWEST_AT = 12
SLOT = struct.Struct("<QqQIIIIH")
"""Sequence number (0: nothing valid here), capture time in us since 1970, CLOCK_MONOTONIC ns, height and width of what is kept,
height and width of the picture that is read, bytes of source."""
SLOT_BYTES = 256
SOURCE_BYTES = SLOT_BYTES - SLOT.size
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Shot:
    """A picture as it lies in the ring, without numpy. `rgb`: width * height * 3 bytes; `size`: (width, height) of
    the picture that is read, in which plates lie: larger where only a part of the pixels is kept, smaller where video gets more."""

    seq: int
    captured_at: datetime
    monotonic_ns: int
    width: int
    height: int
    size: tuple[int, int]
    rgb: bytearray
    source: str


@dataclass(frozen=True, slots=True)
class OpenShot:
    """The same while its slot is held: its pixels are read when they are asked for."""

    seq: int
    captured_at: datetime
    monotonic_ns: int
    width: int
    height: int
    size: tuple[int, int]
    source: str
    file: int
    pixels_at: int

    def rows(self, top: int, count: int) -> bytearray:
        """RGB of `count` rows from `top` on; StoreError when the file ends before."""
        row_bytes = self.width * 3
        rgb = bytearray(count * row_bytes)
        self._read(memoryview(rgb), top * row_bytes)
        return rgb

    def read_into(self, target: memoryview, line_bytes: int) -> None:
        """RGB of all rows, `line_bytes` apart; StoreError as `rows`."""
        row_bytes = self.width * 3
        if line_bytes == row_bytes:
            self._read(target[: self.height * row_bytes], 0)
            return
        for row in range(self.height):
            self._read(target[row * line_bytes : row * line_bytes + row_bytes], row * row_bytes)

    def _read(self, target: memoryview, offset: int) -> None:
        done, at = 0, self.pixels_at + offset
        while done < len(target):
            step = os.preadv(self.file, [target[done:]], at + done)
            if step == 0:
                raise StoreError("the frame ring ends in the middle of a picture")
            done += step


class RingWriter:
    """Writes frames to `path`, at first with room for `width` x `height` RGB pixels. StoreError: no room on the disk.

    `every`: one of `every` rows and columns is kept (2 saves three quarters of the memory on a small board)."""

    def __init__(self, path: Path, width: int, height: int, every: int = 1) -> None:
        self._path = path
        self._every = every
        self._ring = _create(path, -(-width // every) * -(-height // every) * 3)

    def write(self, frame: Frame, size: tuple[int, int] | None = None) -> bool:
        """Makes `frame` the newest; False: dropped, readers hold every other slot. A larger picture makes a larger ring;
        StoreError when the disk has no room for that. `size`: of the picture in which it is read, where that is another."""
        import numpy as np

        rgb = np.ascontiguousarray(frame.rgb[:: self._every, :: self._every])
        if rgb.nbytes > self._ring.capacity:
            larger = _create(self._path, rgb.nbytes)
            self._ring.close()
            self._ring = larger
        newest = self._ring.newest()
        for step in range(1, SLOTS):
            index = (newest + step) % SLOTS
            with _locked(self._ring.file, index, fcntl.F_WRLCK) as locked:
                if locked:
                    self._put(index, frame, rgb, size or (frame.rgb.shape[1], frame.rgb.shape[0]))
                    return True
        return False

    def close(self) -> None:
        self._ring.close()

    def _put(self, index: int, frame: Frame, rgb: NDArray[np.uint8], size: tuple[int, int]) -> None:
        file, at = self._ring.file, self._ring.slot_at(index)
        os.pwrite(file, bytes(SLOT.size), at)
        pixels = rgb.data.cast("B")
        done = 0
        while done < len(pixels):
            done += os.pwrite(file, pixels[done:], at + SLOT_BYTES + done)
        source = frame.source.encode()[:SOURCE_BYTES]
        captured_us = (frame.captured_at - EPOCH) // timedelta(microseconds=1)
        head = SLOT.pack(frame.seq, captured_us, frame.monotonic_ns, *rgb.shape[:2], size[1], size[0], len(source))
        os.pwrite(file, head + source, at)
        os.pwrite(file, struct.pack("<I", index), NEWEST_AT)


class RingReader:
    """Reads the newest frame of the ring at `path`; may be made before the writer. Usable from several threads."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._ring: _Ring | None = None
        self._turn = threading.Lock()

    @contextmanager
    def open(self, known_seq: int = 0) -> Iterator[OpenShot | None]:
        """The newest frame, whose slot is not written meanwhile; None when there is none or its `seq` is `known_seq` (nothing new).
        For moments: the writer has two more slots, not more."""
        with self._turn:
            ring = self._current()
            for _ in range(SLOTS * 2 if ring else 0):
                assert ring is not None
                index = ring.newest()
                with _locked(ring.file, index, fcntl.F_RDLCK) as locked:
                    if locked:
                        yield _opened(ring, index, known_seq)
                        return
            yield None

    def shot(self, known_seq: int = 0) -> Shot | None:
        """A copy of the newest frame; None as in `open`."""
        with self.open(known_seq) as opened:
            if opened is None:
                return None
            return Shot(
                opened.seq,
                opened.captured_at,
                opened.monotonic_ns,
                opened.width,
                opened.height,
                opened.size,
                opened.rows(0, opened.height),
                opened.source,
            )

    def latest(self, known_seq: int = 0) -> Frame | None:
        """The same as a Frame."""
        shot = self.shot(known_seq)
        if shot is None:
            return None
        import numpy as np

        rgb = np.frombuffer(shot.rgb, np.uint8).reshape(shot.height, shot.width, 3)
        return Frame(shot.seq, shot.captured_at, shot.monotonic_ns, rgb, shot.source)

    def close(self) -> None:
        with self._turn:
            if self._ring:
                self._ring.close()
            self._ring = None

    def _current(self) -> _Ring | None:
        try:
            there = self._path.stat()
        except OSError:
            return self._ring  # the folder was emptied: what is open stays readable
        if self._ring is None or self._ring.inode != (there.st_dev, there.st_ino):
            fresh = _open(self._path)
            if fresh is not None:
                if self._ring:
                    self._ring.close()
                self._ring = fresh
        return self._ring


@dataclass(slots=True)
class _Ring:
    """One file of the ring, as a reader has opened it."""

    file: int
    capacity: int
    inode: tuple[int, int]

    def newest(self) -> int:
        return int(struct.unpack("<I", os.pread(self.file, 4, NEWEST_AT))[0]) % SLOTS

    def slot_at(self, index: int) -> int:
        return HEAD_BYTES + index * (SLOT_BYTES + self.capacity)

    def close(self) -> None:
        os.close(self.file)


def _create(path: Path, capacity: int) -> _Ring:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.new")
    size = HEAD_BYTES + SLOTS * (SLOT_BYTES + capacity)
    try:  # never truncated: a writer that is still dying may have it open
        fresh.unlink(missing_ok=True)
        file = os.open(fresh, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, private_in(path.parent) & ~0o020)
    except OSError as why:
        raise StoreError("frame ring {path}: cannot be made: {why}", path=path, why=why) from why
    try:
        os.posix_fallocate(file, 0, size)  # a full disk is told now, not in the middle of a picture
        os.pwrite(file, HEAD.pack(MAGIC, SLOTS, 0, capacity), 0)
        fresh.replace(path)
    except OSError as why:
        os.close(file)
        fresh.unlink(missing_ok=True)
        raise StoreError("frame ring {path}: no room for {size} bytes: {why}", path=path, size=size, why=why) from why
    there = os.fstat(file)
    return _Ring(file, capacity, (there.st_dev, there.st_ino))


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
            return _Ring(file, capacity, (there.st_dev, there.st_ino))
    os.close(file)
    return None


def _opened(ring: _Ring, index: int, known_seq: int) -> OpenShot | None:
    at = ring.slot_at(index)
    head = os.pread(ring.file, SLOT_BYTES, at)
    seq, captured_us, monotonic_ns, height, width, full_height, full_width, source_bytes = SLOT.unpack_from(head)
    if seq in (0, known_seq) or height * width * 3 > ring.capacity:
        return None
    source = head[SLOT.size : SLOT.size + source_bytes].decode(errors="replace")
    captured_at = EPOCH + timedelta(microseconds=captured_us)
    size = (full_width, full_height)
    return OpenShot(seq, captured_at, monotonic_ns, width, height, size, source, ring.file, at + SLOT_BYTES)


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
