"""Trusted: whose packages this camera takes, for people: the keys in STATE/host/trust, listed, added and removed."""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from board.kit.dataclass import dataclass
from board.kit.errors import PackageError
from board.kit.files import sync_folder
from board.kit.kept import copy_of, write_both
from firmware.packages.keys import TrustedKeys, fingerprint, parse_public, public_pem, read_kept

LOG = logging.getLogger("keys")

MOST = 50
MAX_BYTES = 4096
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,39}")


@dataclass(frozen=True, slots=True)
class Key:
    """`fingerprint`: 64 hex digits; `name`: of its file; `since`: when that was written, UTC; `packages`: installed ones that it
    signed; `removable`: it lies in the camera's folder, and was not given where the host is started."""

    fingerprint: str
    name: str
    since: str
    packages: tuple[str, ...]
    removable: bool


@dataclass(frozen=True, slots=True)
class Version:
    """One that is installed. `name`: of the package, or HOST; `current`: it runs, or would; `fingerprint`: of the key that signed
    it, "": nobody whom this camera trusted then."""

    name: str
    version: str
    current: bool
    fingerprint: str


class Trusted:
    """Thread-safe. `installed()`: all versions of packages. PackageError says why something is refused."""

    def __init__(self, keys: TrustedKeys, installed: Callable[[], Sequence[Version]]) -> None:
        self._keys = keys
        self._installed = installed
        self._lock = threading.Lock()

    def all(self) -> list[Key]:
        """By name; damaged files are left out (`damage` tells of them)."""
        installed = self._installed()
        found: dict[str, Key] = {}
        for path, removable in self._files():
            try:
                print_ = fingerprint(read_kept(path))
                since = datetime.fromtimestamp(path.stat().st_mtime, UTC).isoformat(timespec="seconds")
            except (OSError, PackageError):
                continue
            kept = found.get(print_)
            if kept is None or not removable:
                names = dict.fromkeys(version.name for version in installed if version.fingerprint == print_)
                found[print_] = Key(print_, path.stem, since, tuple(names), removable)
        return sorted(found.values(), key=lambda each: each.name)

    def add(self, pem: bytes, name: str) -> Key:
        """From now on packages that its owner signed can be installed."""
        if len(pem) > MAX_BYTES:
            raise PackageError("a public key has {most} bytes at most", most=MAX_BYTES)
        public = parse_public(pem, name)
        print_ = fingerprint(public)
        if not _NAME.fullmatch(name):
            raise PackageError("a name has 1 to 40 letters, digits, '.', '_' or '-'")
        with self._lock:
            known = self.all()
            if print_ in [each.fingerprint for each in known]:
                raise PackageError("this key is trusted already")
            if len(known) >= MOST:
                raise PackageError("{most} keys are trusted already: remove one first", most=MOST)
            path = self._keys.folder / f"{name}.pub"
            if path.exists():
                raise PackageError("{name} is the name of another key", name=name)
            try:
                write_both(path, public_pem(public))
            except OSError as why:
                raise PackageError("the key cannot be stored: {reason}", reason=why.strerror) from why
            return next(each for each in self.all() if each.fingerprint == print_)

    def remove(self, print_: str, confirmed: str) -> Key:
        """`confirmed`: the first 8 digits of the fingerprint or more of them, typed by whoever removes it. The last key stays."""
        with self._lock:
            known = self.all()
            found = next((each for each in known if each.fingerprint == print_), None)
            if found is None:
                raise PackageError("there is no such key")
            if not found.removable:
                raise PackageError("this key was given where the host is started, and can only be taken away there")
            if len(known) == 1:
                raise PackageError("it is the last key: without one no package runs. Add another one first")
            typed = confirmed.replace(" ", "").replace(":", "").lower()
            if len(typed) < 8 or not print_.startswith(typed):
                raise PackageError("type the first 8 digits of its fingerprint to confirm")
            try:
                for path, removable in self._files():
                    if removable and _is(path, print_):
                        copy_of(path).unlink(missing_ok=True)
                        path.unlink()
                sync_folder(self._keys.folder)
            except OSError as why:
                raise PackageError("the key cannot be removed: {reason}", reason=why.strerror) from why
        return found

    def _files(self) -> list[tuple[Path, bool]]:
        return [*((path, True) for path in sorted(self._keys.folder.glob("*.pub"))), *((path, False) for path in self._keys.more)]


def _is(path: Path, print_: str) -> bool:
    try:
        return fingerprint(read_kept(path)) == print_
    except PackageError:
        return False
