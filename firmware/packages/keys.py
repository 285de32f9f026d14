"""Keys: Ed25519 keys in PEM files; a key is known by its fingerprint, the SHA-256 of its 32 raw bytes."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterable, Mapping
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from board.kit.errors import PackageError
from board.kit.state import State

LOG = logging.getLogger("keys")

Trust = Mapping[str, Ed25519PublicKey]
"""{fingerprint: public key} of whom this camera trusts."""


def fingerprint(key: Ed25519PublicKey) -> str:
    """64 hex digits."""
    raw = key.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return hashlib.sha256(raw).hexdigest()


def read_public(path: Path) -> Ed25519PublicKey:
    """The public key in a PEM file; PackageError when it is none."""
    try:
        data = path.read_bytes()
    except OSError as why:
        raise PackageError("public key {path}: {reason}", path=path, reason=why.strerror) from why
    return parse_public(data, path.name)


def parse_public(data: bytes, name: str) -> Ed25519PublicKey:
    """As read_public, from memory."""
    try:
        key = serialization.load_pem_public_key(data)
    except ValueError as why:
        raise PackageError("public key {name}: not a PEM public key", name=name) from why
    if not isinstance(key, Ed25519PublicKey):
        raise PackageError("public key {name}: not an Ed25519 key", name=name)
    return key


def report_key(state: State) -> str:
    """Fingerprint of the key that signs this camera's bench reports (`./scripts/hil`); "" while there is none."""
    try:
        return fingerprint(read_public(state.host / "device.pub"))
    except PackageError:
        return ""


def read_private(path: Path) -> Ed25519PrivateKey:
    """The signing key in a PEM file; PackageError when it is none."""
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


def make_pair(private: Path) -> Path:
    """Makes a new pair: `private` (mode 0600) and, beside it with suffix .pub, the public key, whose path is returned.
    PackageError when `private` exists: a signing key is never overwritten."""
    private.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    try:
        handle = os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as why:
        raise PackageError("{private} exists already; remove it first if you really want a new key", private=private) from why
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    public = private.with_suffix(".pub")
    public.write_bytes(public_pem(key.public_key()))
    return public


def public_pem(key: Ed25519PublicKey) -> bytes:
    """The public key as PEM."""
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


class TrustedKeys:
    """Every *.pub in `folder`, looked at anew each time, and the files of `more`, where a damaged one is a PackageError.

    A damaged key in `folder` is left out: the camera goes on with the packages of the others. It is logged and told."""

    def __init__(self, folder: Path, more: Iterable[Path] = ()) -> None:
        self._folder = folder
        self._more = {fingerprint(key): key for key in map(read_public, more)}
        self._damage: tuple[PackageError, ...] = ()

    def __call__(self) -> dict[str, Ed25519PublicKey]:
        keys, damage = dict(self._more), []
        for path in sorted(self._folder.glob("*.pub")):
            try:
                key = read_public(path)
            except PackageError as why:
                damage.append(why)
                continue
            keys[fingerprint(key)] = key
        if list(map(str, damage)) != list(map(str, self._damage)):
            for problem in damage:
                LOG.error("%s: it is left out, packages that it signed do not run; copy it to %s again", problem, self._folder)
            self._damage = tuple(damage)
        return keys

    def damage(self) -> tuple[PackageError, ...]:
        """What was wrong with which key file, when they were last looked at."""
        return self._damage


def signed_by(trust: Trust, signature: bytes, message: bytes) -> str | None:
    """Fingerprint of the trusted key that made `signature` over `message`; None when none did."""
    for name, key in trust.items():
        try:
            key.verify(signature, message)
        except InvalidSignature:
            continue
        return name
    return None
