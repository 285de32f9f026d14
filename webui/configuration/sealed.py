"""Sealed: the passwords of a configuration file, encrypted with a passphrase and bound to the rest of that file.

AES-256-GCM with a key made by scrypt (RFC 7914). Whoever may change an address in the file, but does not know the passphrase, gets
no password sent there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import secrets as random
import unicodedata
from collections.abc import Mapping
from typing import Any

from board.kit.from_json import from_json
from board.kit.settings import unfit
from webui.configuration.contents import Secrets

SHORTEST, LONGEST = 8, 200
"""Characters of a passphrase."""

_N, _R, _P = 1 << 13, 8, 10  # 8 MiB at a time, as passwords of people take (firmware/people/passwords.py), ten times over
_SALT_BYTES, _NONCE_BYTES = 16, 12


def seal(document: Mapping[str, Any], secrets: Secrets, passphrase: str) -> dict[str, str]:
    """What goes into the file as "passwords"."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    salt, nonce = random.token_bytes(_SALT_BYTES), random.token_bytes(_NONCE_BYTES)
    key = _key(unicodedata.normalize("NFC", passphrase), salt)  # as another keyboard types it too
    sealed = AESGCM(key).encrypt(nonce, json.dumps(secrets).encode(), _bound_to(document))
    return {"salt": _text(salt), "nonce": _text(nonce), "sealed": _text(sealed)}


def unseal(document: Mapping[str, Any], sealed: object, passphrase: str) -> Secrets:
    """The passwords of a file. SettingsError: the passphrase is another, or the file was changed."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        salt, nonce, body = (base64.b64decode(sealed[name], validate=True) for name in ("salt", "nonce", "sealed"))  # type: ignore[index]
    except (LookupError, TypeError, ValueError, binascii.Error) as why:
        raise unfit("passphrase", "Passphrase", "the encrypted passwords of this file are damaged") from why
    if len(nonce) != _NONCE_BYTES or len(salt) != _SALT_BYTES:
        raise unfit("passphrase", "Passphrase", "the encrypted passwords of this file are damaged")
    bound = _bound_to(document)
    composed = unicodedata.normalize("NFC", passphrase)
    for typed in dict.fromkeys((composed, passphrase, composed.strip(), passphrase.strip())):  # as earlier releases took it
        try:
            found: Secrets = from_json(AESGCM(_key(typed, salt)).decrypt(nonce, body, bound))
        except InvalidTag:
            continue
        return found
    raise unfit("passphrase", "Passphrase", "is another one, or the file was changed after it was made")


def _key(passphrase: str, salt: bytes) -> bytes:
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt  # hashlib's is not there: the portal hashes without OpenSSL

    return Scrypt(salt=salt, length=32, n=_N, r=_R, p=_P).derive(passphrase.encode("utf-8", "surrogatepass"))


def _bound_to(document: Mapping[str, Any]) -> bytes:
    """The same for a file that was only written differently: a browser writes 10.0 as 10."""
    rest = {name: _plain(value) for name, value in document.items() if name != "passwords"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).digest()


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
