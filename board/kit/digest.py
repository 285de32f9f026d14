"""Digest: the client's side of HTTP digest authentication (RFC 7616; RFC 2617 servers too)."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable, Iterable, Mapping

HASHES: Mapping[str, str] = {"SHA-512-256": "sha512_256", "SHA-256": "sha256", "MD5": "md5"}
"""Name in a challenge: name in hashlib; the strongest first."""
OPENSSL_ALONE = "sha512_256"
"""Python has no code of its own for it, and this process loads OpenSSL's hashes only when they are needed (board/kit/memory.py)."""

MOST_CHARACTERS = 8_192
"""Of one header's challenges; the rest is not looked at."""

PART = re.compile(
    r'(?<![\w-])(?:(?P<scheme>[A-Za-z][\w-]*)\s+)?(?P<name>[A-Za-z][\w-]*)\s*=\s*(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<plain>[^\s,]+))'
)

Hash = Callable[[bytes], str]


def answer(challenges: Iterable[str], method: str, target: str, body: bytes, user: str, password: str, cnonce: str = "") -> str:
    """The Authorization header for the strongest challenge among WWW-Authenticate headers; "" when there is none that we can meet.
    `target`: path and query as they are sent; `cnonce`: for tests. Headers are as http.client gives and takes them, each character
    a byte: a realm is hashed and given back as the bytes that came, user and password go as UTF-8."""
    for name in HASHES:
        for challenge in _digest_challenges(challenges):
            algorithm = challenge.get("algorithm", "MD5")
            if algorithm.upper().removesuffix("-SESS") == name and _available(HASHES[name]):
                return _answer(challenge, algorithm, method, target, body, user, password, cnonce or secrets.token_hex(16))
    return ""


def is_stale(challenges: Iterable[str]) -> bool:
    """The server knows user and password and wants a newer nonce."""
    return any(challenge.get("stale", "").lower() == "true" for challenge in _digest_challenges(challenges))


def _answer(
    challenge: Mapping[str, str], algorithm: str, method: str, target: str, body: bytes, user: str, password: str, cnonce: str
) -> str:
    name = HASHES[algorithm.upper().removesuffix("-SESS")]

    def hashed(text: str) -> str:
        return _hash(name, text.encode("latin-1"))

    user, password = (each.encode().decode("latin-1") for each in (user, password))
    realm, nonce = challenge.get("realm", ""), challenge.get("nonce", "")
    offered = [each.strip().lower() for each in challenge.get("qop", "").split(",") if each.strip()]
    qop = "auth" if "auth" in offered else next(iter(offered), "")
    first = hashed(f"{user}:{realm}:{password}")
    if algorithm.upper().endswith("-SESS"):
        first = hashed(f"{first}:{nonce}:{cnonce}")
    second = f"{method}:{target}"
    if qop == "auth-int":
        second += ":" + _hash(name, body)
    between = f"{nonce}:00000001:{cnonce}:{qop}" if qop else nonce
    parts = {
        "username": user,
        "realm": realm,
        "nonce": nonce,
        "uri": target,
        "response": hashed(f"{first}:{between}:{hashed(second)}"),
    }
    if "opaque" in challenge:
        parts["opaque"] = challenge["opaque"]
    said = [f'{name}="{_quoted(value)}"' for name, value in parts.items()]
    if "algorithm" in challenge:
        said.append(f"algorithm={algorithm}")
    if qop:
        said += [f"qop={qop}", "nc=00000001", f'cnonce="{cnonce}"']
    return "Digest " + ", ".join(said)


def _hash(name: str, data: bytes) -> str:
    if name == OPENSSL_ALONE:
        from _hashlib import new

        return new(name, data, usedforsecurity=False).hexdigest()
    return hashlib.new(name, data, usedforsecurity=False).hexdigest()


def _available(name: str) -> bool:
    try:
        _hash(name, b"")
    except (ImportError, ValueError):
        return False
    return True


def _quoted(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"')


def _digest_challenges(headers: Iterable[str]) -> list[dict[str, str]]:
    """The parameters of each Digest challenge; several may stand in one header."""
    found: list[dict[str, str]] = []
    for header in headers:
        current: dict[str, str] = {}
        for part in PART.finditer(header[:MOST_CHARACTERS]):
            if part["scheme"]:
                current = {}
                if part["scheme"].lower() == "digest":
                    found.append(current)
            value = part["plain"] if part["quoted"] is None else re.sub(r"\\(.)", r"\1", part["quoted"])
            current.setdefault(part["name"].lower(), value)
    return found
