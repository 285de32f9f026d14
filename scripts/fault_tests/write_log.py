"""Write log: what a virtual disk holds after its power was cut, from the log of what was written to it (QEMU's blklogwrites).

The format is that of Linux's dm-log-writes (Documentation/admin-guide/device-mapper/log-writes.rst): a super block, then for each
write a header of one sector and its data. What came before the last flush is on the disk; of what came after, each write may be.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

SECTOR = 512
SUPER = struct.Struct("<QQQI")
MAGIC = 0x6A736677736872
ENTRY = struct.Struct("<QQQQ")
"""Sector, number of sectors, flags, bytes of inline data."""

FLUSH, FUA, DISCARD = 1, 2, 4


@dataclass(frozen=True, slots=True)
class Write:
    """`at`: bytes from the disk's beginning; `sure`: on the disk whatever comes (forced unit access)."""

    at: int
    data: bytes
    sure: bool


@dataclass(frozen=True, slots=True)
class Lost:
    """How many writes came after the last flush, and how many of them are lost."""

    unflushed: int
    lost: int


def replay(log: Path, image: Path, chance: random.Random) -> Lost:
    """Writes onto `image`, which is as it was when the log began, what is there after the cut: every flushed write, and those that
    `chance` picks of the rest, with its share."""
    kept: list[Write] = []
    unsure: list[Write] = []
    for write in entries(log):
        if write is None:
            kept += unsure
            unsure = []
        else:
            unsure.append(write)
    share = chance.choice((0.0, 0.5, 1.0))
    survivors = [write for write in unsure if write.sure or chance.random() < share]
    with image.open("r+b") as disk:
        for write in (*kept, *survivors):
            disk.seek(write.at)
            disk.write(write.data)
    return Lost(len(unsure), len(unsure) - len(survivors))


def entries(log: Path) -> Iterator[Write | None]:
    """Writes in their order, None for a flush, until the log's end, or a gap: what was on its way when QEMU was killed."""
    with log.open("rb") as file:
        magic, _, _, sector_bytes = SUPER.unpack(file.read(SUPER.size))
        if (magic, sector_bytes) != (MAGIC, SECTOR):
            raise ValueError(f"{log} is no write log of {SECTOR} byte sectors")
        file.seek(SECTOR)
        while len(head := file.read(SECTOR)) == SECTOR:
            sector, sectors, flags, _ = ENTRY.unpack_from(head)
            if not (sectors or flags):
                return
            if flags & FLUSH:
                yield None
            if flags & DISCARD or not sectors:
                continue
            data = file.read(sectors * SECTOR)
            if len(data) == sectors * SECTOR:
                yield Write(sector * SECTOR, data, bool(flags & FUA))
