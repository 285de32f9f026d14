"""Sealed: a stream encrypted with a passphrase, written and read in constant memory; whatever is changed in it is noticed.

Version 1: `MAGIC`, a byte each for the version and scrypt's log2(N), r and p, 16 bytes of salt, 16 bytes by which a wrong
passphrase is told from damage. Then pieces of 64 KB (the last may be shorter), each sealed by AES-256-GCM (NIST SP 800-38D) with
all of the head as associated data and the nonce (its number, 1 for the last piece): no piece can be left out, moved or cut off
(STREAM: Hoang, Reyhanitabar, Rogaway and Vizár, 2015). Key and check come from scrypt (RFC 7914) over the passphrase in UTF-8,
normalised (NFC).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import unicodedata
from collections.abc import Callable
from typing import IO

from board.kit.errors import ConfigError

MAGIC = b"GATEWRIGHT BACKUP\n"
VERSION = 1
LOG_N, R, P = 15, 8, 1
"""32 MB and about half a second on a small board."""
MAX_LOG_N = 17
"""A file may ask for four times as much, no more: it may be a stranger's."""
PIECE_BYTES = 1 << 16
TAG_BYTES = 16
_SALT_BYTES, _KEY_BYTES, _CHECK_BYTES = 16, 32, 16
_HEAD_BYTES = len(MAGIC) + 4 + _SALT_BYTES + _CHECK_BYTES


class Seal:
    """Seals what is `put`; `out` takes the sealed bytes."""

    def __init__(self, passphrase: str, out: Callable[[bytes], object]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._out = out
        salt = secrets.token_bytes(_SALT_BYTES)
        begin = MAGIC + bytes((VERSION, LOG_N, R, P)) + salt
        key, check = _derived(passphrase, salt, LOG_N, R, P)
        self._head = begin + check
        self._cipher = AESGCM(key)
        self._number = 0
        self._waiting = bytearray()
        out(self._head)

    def put(self, data: bytes) -> None:
        self._waiting += data
        while len(self._waiting) > PIECE_BYTES:  # the last piece is known by its end, so that one always waits
            self._send(bytes(self._waiting[:PIECE_BYTES]), last=False)
            del self._waiting[:PIECE_BYTES]

    def end(self) -> None:
        self._send(bytes(self._waiting), last=True)

    def _send(self, piece: bytes, last: bool) -> None:
        self._out(self._cipher.encrypt(_nonce(self._number, last), piece, self._head))
        self._number += 1


class Unseal:
    """Reads what was sealed. ConfigError: it is no backup, of another version, the passphrase is wrong, or it is damaged."""

    def __init__(self, passphrase: str, file: IO[bytes]) -> None:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        self._file = file
        self._head = file.read(_HEAD_BYTES)
        if not self._head.startswith(MAGIC) or len(self._head) < _HEAD_BYTES:
            raise ConfigError("this is no backup of a camera")
        version, log_n, r, p = self._head[len(MAGIC) : len(MAGIC) + 4]
        if version != VERSION:
            raise ConfigError(
                "this backup has the form {version}, which this camera does not know: update it first", version=version
            )
        if not 10 <= log_n <= MAX_LOG_N or r != R or p != P:
            raise ConfigError("the backup is damaged")
        salt, check = self._head[-_SALT_BYTES - _CHECK_BYTES : -_CHECK_BYTES], self._head[-_CHECK_BYTES:]
        key, right = _derived(passphrase, salt, log_n, r, p)
        if not hmac.compare_digest(check, right):
            raise ConfigError("the passphrase is wrong", field="passphrase")
        self._cipher = AESGCM(key)
        self._number = 0
        self._next = file.read(PIECE_BYTES + TAG_BYTES)
        self._opened = b""
        self._is_over = False

    def read(self, most: int) -> bytes:
        """1 to `most` bytes, b"" at the end."""
        while not self._opened and not self._is_over:
            self._open()
        found, self._opened = self._opened[:most], self._opened[most:]
        return found

    def _open(self) -> None:
        from cryptography.exceptions import InvalidTag

        piece, self._next = self._next, self._file.read(PIECE_BYTES + TAG_BYTES)
        self._is_over = not self._next
        try:
            self._opened = self._cipher.decrypt(_nonce(self._number, self._is_over), piece, self._head)
        except (InvalidTag, ValueError) as why:
            done_kb = self._number * PIECE_BYTES >> 10
            raise ConfigError("the backup is damaged or cut off after {done_kb} KB", done_kb=done_kb) from why
        self._number += 1


def _nonce(number: int, last: bool) -> bytes:
    return number.to_bytes(11, "big") + bytes((last,))


def _derived(passphrase: str, salt: bytes, log_n: int, r: int, p: int) -> tuple[bytes, bytes]:
    secret = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogatepass")
    memory = 128 * r * (1 << log_n) + (1 << 20)
    both = hashlib.scrypt(secret, salt=salt, n=1 << log_n, r=r, p=p, maxmem=memory, dklen=_KEY_BYTES + _CHECK_BYTES)
    return both[:_KEY_BYTES], both[_KEY_BYTES:]
