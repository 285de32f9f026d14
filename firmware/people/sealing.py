"""Sealing: small secrets encrypted with the camera's own key (AES-256-GCM), in a process of its own: the host never loads the
library (8 MB).

`python -P -m firmware.people.sealing` reads one JSON line {"do": "seal" or "unseal", "key", "each": [[what, bound to], …]}, all but
`do` in base64, and answers a list, in base64."""

from __future__ import annotations

import json
import logging
import secrets
import subprocess
import sys
from base64 import b64decode, b64encode
from collections.abc import Callable, Sequence

from board.kit.child import environment
from board.kit.from_json import from_json

LOG = logging.getLogger("people")

NONCE_BYTES = 12
MOST_S = 60.0
"""A small board takes some seconds to load the library."""
_COMMAND = (sys.executable, "-P", "-m", "firmware.people.sealing")

Pairs = Sequence[tuple[bytes, bytes]]
"""(what is to be sealed or unsealed, what it is bound to: it is unsealed for nothing else)."""


def seal(key: bytes, pairs: Pairs) -> list[bytes]:
    """A nonce and what is encrypted, for each pair; `key`: 32 bytes."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonces = [secrets.token_bytes(NONCE_BYTES) for _ in pairs]
    return [nonce + AESGCM(key).encrypt(nonce, what, bound_to) for nonce, (what, bound_to) in zip(nonces, pairs, strict=True)]


def unseal(key: bytes, pairs: Pairs) -> list[bytes]:
    """b"" for what was sealed with another key, is bound to something else, or is damaged."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    def one(sealed: bytes, bound_to: bytes) -> bytes:
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            return b""

    return [one(*pair) for pair in pairs]


def apart(do: Callable[[bytes, Pairs], list[bytes]], key: bytes, pairs: Pairs) -> list[bytes]:
    """What `seal` or `unseal` would answer, by a process of its own; by this one where none can be started."""
    order = {"do": do.__name__, "key": _plain(key), "each": [[_plain(what), _plain(bound_to)] for what, bound_to in pairs]}
    try:
        done = subprocess.run(
            _COMMAND, env=environment(), input=json.dumps(order).encode(), capture_output=True, check=True, timeout=MOST_S,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError) as why:
        LOG.warning("passwords are unsealed in the host itself, which takes memory: %s", why)
        return do(key, pairs)
    return [b64decode(each) for each in from_json(done.stdout)]


def _plain(data: bytes) -> str:
    return b64encode(data).decode()


def main() -> int:
    """The process that seals."""
    order = from_json(sys.stdin.buffer.read())
    do = {"seal": seal, "unseal": unseal}[order["do"]]
    answers = do(b64decode(order["key"]), [(b64decode(what), b64decode(bound_to)) for what, bound_to in order["each"]])
    print(json.dumps([_plain(each) for each in answers]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
