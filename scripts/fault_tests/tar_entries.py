"""Tar entries: the members of an archive written byte by byte, as wrong as somebody wants them (POSIX.1-1988 ustar, pax, GNU)."""

from __future__ import annotations

import gzip
from collections.abc import Mapping
from dataclasses import dataclass

BLOCK = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One member of a tar, with what is written into its header however wrong it is. `size`: the field itself, None for the
    right one."""

    name: bytes
    data: bytes = b""
    kind: bytes = b"0"
    mode: int = 0o644
    link: bytes = b""
    size: bytes | None = None
    uid: int = 0
    uname: bytes = b""
    mtime: int = 0
    magic: bytes = b"ustar\x0000"
    device: bytes = bytes(16)
    prefix: bytes = b""
    rest: bytes = b""
    padding: bytes = b"\0"
    checksum: int | None = None

    def blocks(self) -> bytes:
        size = b"%011o\0" % len(self.data) if self.size is None else self.size
        head = b"".join(
            [
                self.name[:100].ljust(100, b"\0"),
                b"%07o\0" % self.mode,
                b"%07o\0" % self.uid,
                b"%07o\0" % 0,
                size.ljust(12, b"\0")[:12],
                b"%011o\0" % self.mtime,
                b" " * 8,
                self.kind,
                self.link[:100].ljust(100, b"\0"),
                self.magic,
                self.uname.ljust(32, b"\0"),
                bytes(32),
                self.device,
                self.prefix.ljust(155, b"\0"),
                self.rest.ljust(12, b"\0"),
            ]
        )
        checksum = sum(head) if self.checksum is None else self.checksum
        head = head[:148] + b"%06o\0 " % checksum + head[156:]
        return head + self.data + self.padding * (-len(self.data) % BLOCK)


def entries(members: Mapping[str, bytes]) -> list[Entry]:
    return [Entry(name.encode(), data, mode=0o755 if name == "initscr" else 0o644) for name, data in members.items()]


def archive(members: list[Entry], end: bytes = bytes(2 * BLOCK)) -> bytes:
    return zipped(b"".join(member.blocks() for member in members) + end)


def zipped(raw: bytes) -> bytes:
    return gzip.compress(raw, 6, mtime=0)


def pax(words: Mapping[bytes, bytes], kind: bytes = b"x") -> Entry:
    return Entry(b"PaxHeaders/x", b"".join(map(_record, words.keys(), words.values())), kind=kind)


def _record(key: bytes, value: bytes) -> bytes:
    size = len(key) + len(value) + 3
    while len(b"%d %b=%b\n" % (size, key, value)) != size:
        size = len(b"%d %b=%b\n" % (size, key, value))
    return b"%d %b=%b\n" % (size, key, value)
