"""Keys: Ed25519 keys in PEM files; a key is known by its fingerprint, the SHA-256 of its 32 raw bytes.

Public keys are those bytes: only who makes or checks a signature loads the library (8 MB), which the host does without
(checker.py)."""

from __future__ import annotations

import base64
import hashlib
import logging
import os
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain, count
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from board.kit.errors import PackageError
from board.kit.kept import copy_of, keep_copy, write_both
from board.kit.state import State

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

LOG = logging.getLogger("keys")

PUBLIC_BYTES, SIGNATURE_BYTES = 32, 64
_SPKI = bytes.fromhex("302a300506032b6570032100")
"""What an Ed25519 key begins with in DER; its 32 bytes follow."""

Trust: TypeAlias = Mapping[str, bytes]
"""{fingerprint: public key} of whom this camera trusts."""


def fingerprint(public: bytes) -> str:
    """64 hex digits."""
    return hashlib.sha256(public).hexdigest()


def read_public(path: Path) -> bytes:
    """The public key in a PEM file; PackageError when it is none."""
    try:
        data = path.read_bytes()
    except OSError as why:
        raise PackageError("public key {path}: {reason}", path=path, reason=why.strerror) from why
    return parse_public(data, path.name)


def read_kept(path: Path) -> bytes:
    """As read_public; from its copy when the file is damaged, so that no gate stays shut for that."""
    try:
        return read_public(path)
    except PackageError:
        try:
            return read_public(copy_of(path))
        except PackageError:
            pass
        raise


def keep_copies(folder: Path) -> None:
    """Keeps a copy of each *.pub in `folder`, as keep_copy does. For the host, before anything reads the keys."""
    for path in sorted({*folder.glob("*.pub"), *(copy.with_suffix("") for copy in folder.glob("*.pub.copy"))}):
        keep_copy(path, lambda data, name=path.name: parse_public(data, name))  # type: ignore[misc]


def trust_key(folder: Path, path: Path) -> None:
    """Puts the public key in this file into the folder of trusted ones. PackageError when it is none."""
    pem = public_pem(read_public(path))
    write_both(beside_other_keys(folder / f"{path.stem}.pub", pem), pem)


def beside_other_keys(target: Path, pem: bytes, soon: Mapping[Path, bytes] = {}) -> Path:
    """Where a trusted key is put that would lie at `target`: another one there stays, as packages that its owner signed would not
    start; `vadp_package` calls each vendor's signing.pub. `soon`: {file: content} of those that are about to be written with it."""

    def is_free(file: Path) -> bool:
        return (soon[file] if file in soon else file.read_bytes() if file.exists() else pem) == pem

    return next(filter(is_free, chain((target,), (target.with_name(f"{target.stem}{number}.pub") for number in count(2)))))


def parse_public(pem: bytes, name: str) -> bytes:
    """As read_public, from memory (RFC 8410, 4)."""
    _, begun, rest = pem.partition(b"-----BEGIN PUBLIC KEY-----")
    body, ended, _ = rest.partition(b"-----END PUBLIC KEY-----")
    try:
        der = base64.b64decode(b"".join(body.split()), validate=True)
    except ValueError as why:
        raise PackageError("public key {name}: not a PEM public key", name=name) from why
    if not (begun and ended):
        raise PackageError("public key {name}: not a PEM public key", name=name)
    if len(der) != len(_SPKI) + PUBLIC_BYTES or not der.startswith(_SPKI):
        raise PackageError("public key {name}: not an Ed25519 key", name=name)
    return der[len(_SPKI) :]


def public_of(private: Ed25519PrivateKey) -> bytes:
    """The public key that belongs to it."""
    return private.public_key().public_bytes_raw()


def public_pem(public: bytes) -> bytes:
    """The public key as PEM."""
    return b"-----BEGIN PUBLIC KEY-----\n" + base64.b64encode(_SPKI + public) + b"\n-----END PUBLIC KEY-----\n"


def report_key(state: State) -> str:
    """Fingerprint of the key that signs this camera's bench reports (`./scripts/hil`); "" while there is none."""
    try:
        return fingerprint(read_public(state.host / "device.pub"))
    except PackageError:
        return ""


def read_private(path: Path) -> Ed25519PrivateKey:
    """The signing key in a PEM file; PackageError when it is none."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    try:
        data = path.read_bytes()
    except OSError as why:
        raise PackageError("signing key {path}: {reason}", path=path, reason=why.strerror) from why
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except (ValueError, TypeError) as why:
        raise PackageError("signing key {name}: not an unencrypted PEM private key", name=path.name) from why
    if not isinstance(key, Ed25519PrivateKey):
        raise PackageError("signing key {name}: not an Ed25519 key", name=path.name)
    return key


def public_beside(private: Path) -> Path:
    """Where the public key of the signing key in this file lies. PackageError: it would be the very same file."""
    public = private.with_suffix(".pub")
    if public == private:
        raise PackageError("signing key {path}: the name of a public key ends so", path=private)
    return public


def make_pair(private: Path) -> Path:
    """Makes a new pair: `private` (mode 0600) and, beside it with suffix .pub, the public key, whose path is returned.
    PackageError when `private` exists: a signing key is never overwritten."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    public = public_beside(private)
    private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as why:
        raise PackageError("{private} exists already; remove it first if you really want a new key", private=private) from why
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    public.write_bytes(public_pem(public_of(key)))
    return public


class TrustedKeys:
    """Every *.pub in `folder`, looked at anew each time, and the files of `more`, where a damaged one is a PackageError.

    For a damaged key in `folder` its copy counts. One that is damaged with its copy is left out: the camera goes on with the
    packages of the others. It is logged and told."""

    def __init__(self, folder: Path, more: Iterable[Path] = ()) -> None:
        self.folder = folder
        self.more = tuple(more)
        self._kept = {fingerprint(key): key for key in map(read_public, self.more)}
        self._damage: tuple[PackageError, ...] = ()

    def __call__(self) -> dict[str, bytes]:
        """The keys; what is damaged is logged, once."""
        keys, damage = self.look()
        self.tell(damage)
        return keys

    def look(self) -> tuple[dict[str, bytes], Sequence[PackageError]]:
        """(keys, what is damaged), without a word in the log."""
        keys = dict(self._kept)
        damage: list[PackageError] = []
        for path in sorted(self.folder.glob("*.pub")):
            try:
                key = read_kept(path)
            except PackageError as why:
                damage.append(why)
                continue
            keys[fingerprint(key)] = key
        return keys, damage

    def tell(self, damage: Sequence[PackageError]) -> None:
        """Logs what is wrong with key files when that is news."""
        if list(map(str, damage)) != list(map(str, self._damage)):
            for problem in damage:
                LOG.error("%s: it is left out, packages that it signed do not run; copy it to %s again", problem, self.folder)
        self._damage = tuple(damage)

    def damage(self) -> tuple[PackageError, ...]:
        """What was wrong with which key file, when they were last looked at."""
        return self._damage


def signed_by(trust: Trust, signature: bytes, message: bytes) -> str | None:
    """Fingerprint of the trusted key that made `signature` over `message`; None when none did."""
    return next((name for name, public in trust.items() if genuine(public, signature, message)), None)


def genuine(public: bytes, signature: bytes, message: bytes) -> bool:
    """Whether the owner of the key `public` made `signature` over `message`."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except InvalidSignature:
        return False
    return True
