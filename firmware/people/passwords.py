"""Passwords: which ones may be chosen, and their scrypt hashes, one at a time so that log-ins cannot use up a small board's
memory."""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import unicodedata
from concurrent.futures import ThreadPoolExecutor

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError, GatewrightError

MIN_PASSWORD = 8
MAX_PASSWORD = 200
MAX_WAITING = 12
"""Hashes that wait or run at once; a Zero 2 W takes 1 to 2 s for one."""
FOR_KNOWN = 6
"""Of these places so many are only for addresses that logged in before: a stranger's flood does not keep them out."""
_MOST_DECORATION = 4
_LEET = str.maketrans("013457@$!", "oleastasi")
_ROWS = ("abcdefghijklmnopqrstuvwxyz", "0123456789", "qwertyuiop", "qwertzuiop", "azertyuiop", "asdfghjkl", "zxcvbnm", "yxcvbnm")
_COMMON_WORDS = """
    123qweasd 1q2w3e4r 1q2w3e4r5t 1qaz2wsx 1qazxsw2 1qaz2wsx3edc 2wsx3edc a1b2c3d4 aa123456 abc12345 abcd1234 access adidas
    admin administrator alexander amanda america andrea andrew anpr anthony arsenal asdf1234 asdfasdf asdfqwer ashley
    austin bailey barcelona barrier baseball basketball batman beautiful benjamin blink182 bonjour brandon butterfly camera camaro
    changeme changeit charlie cheese chelsea chocolate christian christopher computer cookie corvette cowboys dallas danielle
    default diamond dolphin dragon elizabeth everton facebook ferrari fireball flower football freedom friends fuckyou gandalf
    gate gatewright george ginger gizmodo godzilla guest hannah harley heather hello hockey hunter iceman iloveyou infinity
    internet jackson jasmine jennifer jessica jordan jordan23 joshua justin killer letmein liverpool login london
    lovely loveme madison maggie manager marina marlboro master matrix matthew melissa mercedes merlin michael michelle microsoft
    midnight monkey monster mustang nascar nathan newyork nicholas nintendo nothing operator passw passwd password passwort
    patrick pepper phoenix pokemon pr1ncess princess purple qazwsx qazwsxedc q1w2e3r4 q1w2e3r4t5 qwer1234 qweasdzxc
    qwerasdf qwert qwerty qwertyqwerty qwertz rachel rainbow ranger raspberry richard robert rockyou samantha samsung scooter secret
    security service shadow silver slipknot snoopy soccer spiderman spongebob starwars steelers summer sunflower sunshine superman
    superuser support swordfish system tennis test testtest thomas thunder tigger trustno1 trustno user victoria viewer
    vivotek volkswagen wachtwoord welcome whatever william willkommen winter yankees yamaha zaq12wsx zxcvbnm1
    бисмиллях йцукен йцукенг любовь марина наташа пароль привет
"""
"""Words of which the most common passwords are made (public lists of leaked passwords; the device's own words added). With up to
4 digits or signs around them they count as the same password."""
_COMMON = frozenset(_COMMON_WORDS.split())


@dataclass(frozen=True, slots=True)
class Cost:
    """scrypt's work (RFC 7914): N is 2 to the power of `log_n`; a hash takes 128 * N * r bytes."""

    log_n: int
    r: int
    p: int

    @property
    def said(self) -> str:
        """What a hash begins with: a byte each, in hex; nothing for the cost of earlier releases."""
        return "" if self == EARLIER_COST else bytes((self.log_n, self.r, self.p)).hex()


COST = Cost(13, 8, 10)
"""The one of OWASP's least settings (Password Storage Cheat Sheet), which it calls equal, that takes the least memory: 8 MB."""
EARLIER_COST = Cost(14, 8, 1)
"""Of hashes that earlier releases made: 16 MB."""
_DIGEST = 64


class Busy(GatewrightError):
    """More passwords wait to be checked than the camera takes."""


def composed(password: str) -> str:
    """As it is hashed: "ü" is one character on one keyboard and two on another (NIST SP 800-63B, Password Verifiers)."""
    return unicodedata.normalize("NFC", password)


def check_new(password: str, user: str) -> None:
    """ConfigError when `password` is too short, too long or one that is tried first (NIST SP 800-63B, Password Verifiers)."""
    if len(password) < MIN_PASSWORD:
        raise ConfigError("the password needs at least {least} characters", field="new", least=MIN_PASSWORD)
    if len(password) > MAX_PASSWORD:
        raise ConfigError("the password may have at most {most} characters", field="new", most=MAX_PASSWORD)
    if is_common(password):
        raise ConfigError("this password is one of the first that are tried: choose another", field="new")
    if _bare(password) in {_bare(name) for name in (user, socket.gethostname(), "gatewright") if name}:
        raise ConfigError("the password must not be the name of the user or the camera", field="new")


def is_common(password: str) -> bool:
    """One of the most common passwords, one character or group again and again, or a row of the keyboard or the alphabet."""
    low = password.lower()
    plain = low.translate(_LEET)
    if not _COMMON.isdisjoint((low, plain, _bare(low), _bare(plain), _bare(low).translate(_LEET))):
        return True
    if any(low == (low[:size] * len(low))[: len(low)] for size in (1, 2, 3, 4)):
        return True
    return any(low in row * 2 or low in row[::-1] * 2 for row in _ROWS) or _bare_of_rows(low)


def _bare(password: str) -> str:
    """In small letters, without up to 4 digits and signs before and behind."""
    low = password.lower()
    found = re.fullmatch(r"([\W\d_]*)(.*?)([\W\d_]*)", low, re.DOTALL)
    if found is None or not found[2] or len(found[1]) + len(found[3]) > _MOST_DECORATION:
        return low
    return found[2]


def _bare_of_rows(low: str) -> bool:
    letters = _bare(low)
    return letters != low and len(letters) >= 4 and any(letters in row for row in _ROWS)


def cost_of(hashed: str) -> Cost:
    """What this hash was made with; ValueError when it is none that a Hasher makes."""
    said, digest = hashed[:-_DIGEST], hashed[-_DIGEST:]
    for cost in (COST, EARLIER_COST):  # no other: what a damaged file says must not take all memory
        if said == cost.said and len(digest) == _DIGEST:
            return cost
    raise ValueError("a hash is not right")


class Hasher:
    """Thread-safe. One thread makes the hashes, 8 MB each; whoever finds too many waiting is told Busy."""

    def __init__(self) -> None:
        self._worker = ThreadPoolExecutor(1, "hash")
        self._lock = threading.Lock()
        self._waiting = 0

    def hash(self, password: str, salt: str, known: bool = True, cost: Cost = COST) -> str:
        """What it cost (Cost.said), then 32 bytes of scrypt, in hex; `salt` in hex. `known`: for somebody who was here before, or
        is logged in."""
        with self._lock:
            if self._waiting >= (MAX_WAITING if known else MAX_WAITING - FOR_KNOWN):
                raise Busy("too many people are logging in: try again in a moment")
            self._waiting += 1
        try:
            secret = password.encode("utf-8", "surrogatepass")
            return cost.said + self._worker.submit(_scrypt, secret, bytes.fromhex(salt), cost).result()
        finally:
            with self._lock:
                self._waiting -= 1


def _scrypt(secret: bytes, salt: bytes, cost: Cost) -> str:
    return hashlib.scrypt(secret, salt=salt, n=1 << cost.log_n, r=cost.r, p=cost.p, dklen=_DIGEST // 2).hex()
