"""Verify: an uploaded archive is untrusted until every name, size, hash and the signature in it are right.

Source: docs/sources.md, VIVOTEK's packages and CGIs.
"""

from __future__ import annotations

import hashlib
import io
import os
import platform
import re
import struct
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Any, cast

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.files import read_again
from firmware import PLATFORM, platform_text
from firmware.packages.keys import Trust, signed_by
from firmware.packages.manifest import MAX_CONF_BYTES, Manifest, parse

MAX_ARCHIVE_BYTES = 256 << 20
MAX_UNPACKED_BYTES = 512 << 20
MAX_MEMBERS = 5_000
MAX_DEPTH = 16
MAX_SHA256_BYTES = 1 << 20
MAX_HEADER_BYTES = 1 << 20
"""tarfile reads extended headers whole: a longer one is an attack on the memory."""

CONF, HASHES, SIGNATURE, INITSCR = "package.conf", "package.sha256", "package.sig", "initscr"
UNLISTED = (CONF, HASHES, SIGNATURE)
"""Not in package.sha256: the signature covers the first two."""

BYTECODE = "__pycache__"
"""Folders of what Python compiled."""

ANY = "any"
"""Architecture of whoever looks at a package, but does not run it."""
_CHUNK = 1 << 16
_WANTED = {CONF: MAX_CONF_BYTES, HASHES: MAX_SHA256_BYTES, SIGNATURE: 64}


@dataclass(frozen=True, slots=True)
class Verified:
    """A package that may be unpacked. `manifest_sha256`: identity of exactly this package, SHA-256 over what is signed;
    `signed_by`: fingerprint of the key, "": nobody whom this camera trusts; `conf`, `hashes`: the two files that are signed."""

    manifest: Manifest
    manifest_sha256: str
    signed_by: str
    conf: bytes
    hashes: bytes
    unpacked_bytes: int

    @property
    def files(self) -> dict[str, str]:
        """Every path -> SHA-256 (hex), without the three unlisted ones."""
        return _parse_hashes(self.hashes)


def as_confirmed(conf: bytes, hashes: bytes, signer: str, unpacked_bytes: int) -> Verified:
    """What `verify` found out about these two files, where another process called it. PackageError when they are not right."""
    return Verified(parse(conf), manifest_sha256(conf, hashes), signer, conf, hashes, unpacked_bytes)


def verify(archive: Path, trust: Trust, machine: str = "", unsigned: bool = False) -> Verified:
    """Reads the whole archive without writing anything. Every refusal is one PackageError that names the file in it concerned,
    never the archive: of an upload that is a temporary file.

    `machine`: architecture to check against, or ANY; "": this machine's; `unsigned`: nobody of `trust` need have signed it."""
    size = archive.stat().st_size
    if size > MAX_ARCHIVE_BYTES:
        raise PackageError(
            "the package has {size_mb} MB, more than the limit of {most_mb} MB",
            size_mb=size >> 20,
            most_mb=MAX_ARCHIVE_BYTES >> 20,
        )
    hashes: dict[str, str] = {}
    texts: dict[str, bytes] = {}
    folders: list[str] = []
    total = 0
    with _opened(archive) as members:
        for name, member, file in members:
            if file is None:
                folders.append(name)
                continue
            total += member.size
            digest = hashlib.sha256()
            kept = bytearray()
            for chunk in _chunks(file, name, member.size):
                digest.update(chunk)
                if name in _WANTED:
                    kept += chunk
            hashes[name] = digest.hexdigest()
            if name in _WANTED:
                texts[name] = bytes(kept)
    verified = _check(hashes, texts, trust, total, unsigned)
    signed = {parent.as_posix() for name in verified.files for parent in PurePosixPath(name).parents}
    for name in folders:
        if name not in signed:
            raise PackageError("{name}: a folder without files, which nobody has signed", name=name)
    _fits(verified.manifest, machine or this_machine())
    return verified


def unpack(archive: Path, verified: Verified, target: Path, on_file: Callable[[str], None] = lambda name: None) -> None:
    """Writes the verified package below `target` (an empty folder), hashes checked again.

    PackageError when the disk is full or the archive changed meanwhile."""
    files = verified.files
    with _opened(archive) as members:
        for name, member, file in members:
            path = target / name
            if file is None:
                _on_disk(name, lambda path=path: path.mkdir(parents=True, exist_ok=True))  # type: ignore[misc]
                continue
            digest = hashlib.sha256()
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("xb") as out:
                    for chunk in _chunks(file, name, member.size):
                        digest.update(chunk)
                        out.write(chunk)
                    os.fchmod(out.fileno(), 0o755 if name == INITSCR else 0o644)  # the archive's own modes are not signed
            except OSError as why:
                raise PackageError("{name}: cannot be stored: {reason}", name=name, reason=why.strerror or why) from why
            if name not in UNLISTED and digest.hexdigest() != files.get(name):
                raise PackageError("{name}: changed while it was unpacked", name=name)
            on_file(name)


def verify_tree(folder: Path, trust: Trust, unsigned: bool = False) -> Verified:
    """An unpacked package is still what was signed; every file is read and hashed again. PackageError names a damaged one.

    Bytecode is no part of it: the host makes it, and knows its own again (environment.py)."""
    texts: dict[str, bytes] = {}
    hashes: dict[str, str] = {}
    total = 0
    for path in sorted(folder.rglob("*")):
        if path.is_dir() and not path.is_symlink():
            continue
        name = path.relative_to(folder).as_posix()
        if f"/{BYTECODE}/" in f"/{name}":
            continue
        if path.is_symlink() or not path.is_file():
            raise PackageError("{name}: not a plain file", name=name)
        try:
            hashes[name], size = read_again(partial(_hashed, path))
            total += size
            if name in _WANTED:
                texts[name] = read_again(path.read_bytes)
        except OSError as why:
            raise PackageError("{name}: cannot be read: {reason}", name=name, reason=why.strerror or why) from why
    return _check(hashes, texts, trust, total, unsigned)


def _hashed(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest(), file.tell()


def _on_disk(name: str, act: Callable[[], None]) -> None:
    try:
        act()
    except OSError as why:
        raise PackageError("{name}: cannot be stored: {reason}", name=name, reason=why.strerror or why) from why


def this_machine() -> str:
    """Architecture of this Python in package words; a 32-bit system on a 64-bit kernel is armv7l."""
    machine = platform.machine()
    if machine == "aarch64" and struct.calcsize("P") == 4:
        return "armv7l"
    return machine


def manifest_sha256(conf: bytes, hashes: bytes) -> str:
    """Identity of a package: SHA-256 over what is signed."""
    return hashlib.sha256(signed_bytes(conf, hashes)).hexdigest()


def signed_bytes(conf: bytes, hashes: bytes) -> bytes:
    """What the signature covers: package.conf, a line feed, package.sha256."""
    return conf + b"\n" + hashes


def _check(hashes: dict[str, str], texts: dict[str, bytes], trust: Trust, unpacked_bytes: int, unsigned: bool) -> Verified:
    for name in (CONF, HASHES) if unsigned else (CONF, HASHES, SIGNATURE):
        if name not in texts:
            raise PackageError("{name}: missing in the package", name=name)
    if not trust and not unsigned:
        raise PackageError("this camera trusts no signing key yet; put the vendor's .pub file into host/trust")
    signer = signed_by(trust, texts.get(SIGNATURE, b""), signed_bytes(texts[CONF], texts[HASHES]))
    if signer is None and not unsigned:
        raise PackageError(
            "{signature}: the signature is not one of a trusted vendor, or {conf} or {hashes} was changed",
            signature=SIGNATURE,
            conf=CONF,
            hashes=HASHES,
        )
    verified = as_confirmed(texts[CONF], texts[HASHES], signer or "", unpacked_bytes)
    listed = _parse_hashes(texts[HASHES])
    found = {name: digest for name, digest in hashes.items() if name not in UNLISTED}
    for name in sorted(listed.keys() - found.keys()):
        raise PackageError("{name}: named in {hashes} but missing in the package", name=name, hashes=HASHES)
    for name in sorted(found.keys() - listed.keys()):
        raise PackageError("{name}: not named in {hashes}", name=name, hashes=HASHES)
    for name in sorted(listed):
        if listed[name] != found[name]:
            raise PackageError("{name}: damaged or changed, its SHA-256 is not the one in {hashes}", name=name, hashes=HASHES)
    if INITSCR not in listed:
        raise PackageError("{initscr}: missing in the package", initscr=INITSCR)
    return verified


def _fits(manifest: Manifest, machine: str) -> None:
    if machine != ANY and manifest.arch not in ("all", machine):
        raise PackageError(
            "{conf}: the package is for {arch}, this camera is {machine}: upload the package for {machine}",
            conf=CONF,
            arch=manifest.arch,
            machine=machine,
        )
    if _padded(manifest.min_platform) > _padded(PLATFORM):
        wanted = ".".join(map(str, manifest.min_platform))
        raise PackageError(
            "{conf}: the package needs platform {wanted}, this camera has {present}: update it first",
            conf=CONF,
            wanted=wanted,
            present=platform_text(),
        )


def _padded(version: tuple[int, ...]) -> tuple[int, ...]:
    """1.3 and 1.3.0.0 are the same platform."""
    return version + (0,) * (4 - len(version))


def _parse_hashes(data: bytes) -> dict[str, str]:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as why:
        raise PackageError("{hashes}: not UTF-8 text", hashes=HASHES) from why
    listed: dict[str, str] = {}
    for number, line in enumerate(text.removesuffix("\n").split("\n"), 1):
        match = re.fullmatch(r"([0-9a-f]{64})  ([!-~][ -~]{,239})", line)
        if match is None or match[2] in listed:
            raise PackageError("{hashes}: line {number} is malformed or repeats a file", hashes=HASHES, number=number)
        listed[match[2]] = match[1]
    return listed


class _Unzipped(io.RawIOBase):
    """What one gzip stream unpacks to, forwards only, in constant memory. EOFError when it is cut off; PackageError when anything
    follows it: a second stream, or a million empty ones, is no package."""

    def __init__(self, raw: IO[bytes]) -> None:
        self._raw = raw
        self._inflate = zlib.decompressobj(wbits=31)
        self._at = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        while not self._inflate.eof:
            packed = self._inflate.unconsumed_tail or self._raw.read(_CHUNK)
            if not packed:
                raise EOFError("it ends before its end-of-stream marker")
            data = self._inflate.decompress(packed, len(buffer))
            if data:
                buffer[: len(data)] = data
                self._at += len(data)
                return len(data)
        if self._inflate.unused_data or self._raw.read(1):
            raise PackageError("something follows the end of the archive")
        return 0

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if whence == io.SEEK_CUR:
            position += self._at
        if position < self._at:
            raise EOFError("it leads backwards")
        while self._at < position and self.read(min(_CHUNK, position - self._at)):
            pass
        return self._at

    def tell(self) -> int:
        return self._at


class _Bounded:
    """The unpacked tar stream with an end that a bomb cannot move, and no read that takes the memory."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        # Headers and padding: at most 1.5 KB more for each member than its content.
        self._limit = MAX_UNPACKED_BYTES + MAX_MEMBERS * 2048
        self.last = b""
        """What was read last: a header, when tarfile has found the end of the archive."""

    def read(self, size: int = -1) -> bytes:
        if size < 0 or size > MAX_HEADER_BYTES:
            raise PackageError("a header in the archive is too large")
        self.last = self._stream.read(size)
        self._check()
        return self.last

    def seek(self, position: int, whence: int = io.SEEK_SET) -> int:
        if position > self._limit:
            raise PackageError("the package unpacks to more than {most_mb} MB", most_mb=MAX_UNPACKED_BYTES >> 20)
        return self._stream.seek(position, whence)

    def tell(self) -> int:
        return self._stream.tell()

    def _check(self) -> None:
        if self._stream.tell() > self._limit:
            raise PackageError("the package unpacks to more than {most_mb} MB", most_mb=MAX_UNPACKED_BYTES >> 20)


if TYPE_CHECKING:
    Members = Iterator[tuple[str, tarfile.TarInfo, IO[bytes] | None]]


@contextmanager
def _opened(archive: Path) -> Iterator[Members]:
    """The archive's members in its order; files with a reader, folders with None. Names and kinds are already checked."""
    try:
        with archive.open("rb") as raw, io.BufferedReader(_Unzipped(raw), _CHUNK) as unzipped:
            bounded = _Bounded(unzipped)
            with tarfile.open(fileobj=cast(IO[bytes], bounded), mode="r:") as tar:
                yield _members(tar)
            if bounded.last != bytes(len(bounded.last)):  # tarfile takes a header that it cannot read for the end
                raise PackageError("not a package, or cut off or damaged on its way ({why})", why="bad header")
            while data := bounded.read(_CHUNK):  # to the end: a cut or damaged gzip stream shows only there
                if data != bytes(len(data)):
                    raise PackageError("something follows the end of the archive")
    except RecursionError as why:
        raise PackageError("the package's headers announce further headers without end") from why
    except (tarfile.TarError, EOFError, zlib.error, UnicodeError, OverflowError, ValueError) as why:
        raise PackageError("not a package, or cut off or damaged on its way ({why})", why=why) from why


def _members(tar: tarfile.TarFile) -> Members:
    seen: set[str] = set()
    files: set[str] = set()
    folders: set[str] = set()
    total = 0
    for count, member in enumerate(tar, 1):
        if count > MAX_MEMBERS:
            raise PackageError("the package holds more than {most} files", most=MAX_MEMBERS)
        name = _safe_name(member)
        if name.casefold() in seen:
            raise PackageError("{name}: twice in the package", name=name)
        seen.add(name.casefold())
        parents = {parent.as_posix() for parent in PurePosixPath(name).parents}
        folders |= parents
        if parents & files or (name in folders and not member.isdir()):
            raise PackageError("{name}: is both a file and a folder", name=name)
        if member.isdir():
            yield name, member, None
            continue
        total += member.size
        if total > MAX_UNPACKED_BYTES:
            raise PackageError(
                "{name}: the package unpacks to more than {most_mb} MB",
                name=name,
                most_mb=MAX_UNPACKED_BYTES >> 20,
            )
        if member.size > _WANTED.get(name, MAX_UNPACKED_BYTES):
            raise PackageError("{name}: too large", name=name)
        files.add(name)
        yield name, member, tar.extractfile(member)


def _safe_name(member: tarfile.TarInfo) -> str:
    name = member.name
    shown = name.encode("utf-8", "backslashreplace").decode()[:120]
    shown = "".join(c if c.isprintable() else "?" for c in shown)
    parts = name.split("/")
    if name.startswith("/") or "\\" in name:
        raise PackageError("{shown}: absolute or foreign path", shown=shown)
    if any(part in ("", ".", "..") for part in parts):
        raise PackageError("{shown}: path leads out of the package or is not plain", shown=shown)
    if not name.isprintable() or not name.isascii() or len(name) > 240 or len(parts) > MAX_DEPTH:
        raise PackageError("{shown}: file name is too long, too deep or has odd characters", shown=shown)
    if BYTECODE in parts:
        raise PackageError("{shown}: bytecode is not taken: the camera makes its own", shown=shown)
    if member.issym() or member.islnk():
        raise PackageError("{shown}: is a link", shown=shown)
    if member.type not in (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.DIRTYPE) or member.sparse is not None:
        raise PackageError("{shown}: is neither a file nor a folder", shown=shown)
    if member.mode & 0o7000:
        raise PackageError("{shown}: has a setuid, setgid or sticky bit", shown=shown)
    if member.size < 0:
        raise PackageError("{shown}: has no size", shown=shown)
    return name


def _chunks(file: IO[bytes], name: str, size: int) -> Iterator[bytes]:
    left = size
    while left:
        chunk = file.read(min(_CHUNK, left))
        if not chunk:
            raise PackageError("{name}: cut off", name=name)
        left -= len(chunk)
        yield chunk
