"""Sessions: who is logged in by cookie (bounded, they end), and how long an address that guesses passwords has to wait."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass

from board.kit.clock import Clock

IDLE_S = 3_600.0
LONGEST_S = 12 * 3_600.0
MAX_SESSIONS = 200
FREE_TRIES = 5
LONGEST_WAIT_S = 300.0
MAX_ADDRESSES = 1_000


@dataclass(slots=True)
class _Session:
    user: str
    started_s: float
    used_s: float


class Sessions:
    """In memory only; a token is kept as its hash. A session ends after 1 h without a request and 12 h in any case."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: OrderedDict[str, _Session] = OrderedDict()

    def open(self, user: str) -> str:
        """The new session's token, for the cookie. The longest unused session gives way when there are too many."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        with self._lock:
            while len(self._sessions) >= MAX_SESSIONS:
                self._sessions.popitem(last=False)
            self._sessions[_key(token)] = _Session(user, now, now)
        return token

    def user(self, token: str) -> str | None:
        """Whose session it is; renews it."""
        now = self._now()
        with self._lock:
            session = self._sessions.get(_key(token))
            if session is None:
                return None
            if now - session.used_s > IDLE_S or now - session.started_s > LONGEST_S:
                del self._sessions[_key(token)]
                return None
            session.used_s = now
            self._sessions.move_to_end(_key(token))
            return session.user

    def close(self, token: str) -> None:
        with self._lock:
            self._sessions.pop(_key(token), None)

    def close_all(self, user: str, but: str = "") -> None:
        """Ends every session of `user` (a new password, a removed account) but the one with token `but`."""
        kept = _key(but)
        with self._lock:
            for key in [key for key, session in self._sessions.items() if session.user == user and key != kept]:
                del self._sessions[key]

    def _now(self) -> float:
        return self._clock.monotonic_ns() / 1e9


class Guesses:
    """After 5 wrong passwords an address waits 1, 2, 4 ... at most 300 s before the next is even looked at.

    A right password forgets them only when all were of that user: an account of one's own must not help to guess another's."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, tuple[int, float, str | None]] = OrderedDict()
        """{address: (how many, when the last, user; None: several)}"""

    def wait_s(self, address: str) -> float:
        """0: it may try now."""
        with self._lock:
            count, last_s, _ = self._wrong.get(address, (0, 0.0, ""))
        if count < FREE_TRIES:
            return 0.0
        pause_s = min(LONGEST_WAIT_S, 2.0 ** min(count - FREE_TRIES, 20))
        return max(0.0, last_s + pause_s - self._clock.monotonic_ns() / 1e9)

    def wrong(self, address: str, user: str) -> None:
        now = self._clock.monotonic_ns() / 1e9
        name = user[:32]
        with self._lock:
            count, last_s, before = self._wrong.pop(address, (0, now, name))
            if now - last_s > 2 * LONGEST_WAIT_S:
                count, before = 0, name
            while len(self._wrong) >= MAX_ADDRESSES:
                self._wrong.popitem(last=False)
            self._wrong[address] = (count + 1, now, name if before == name else None)

    def right(self, address: str, user: str) -> None:
        with self._lock:
            if address in self._wrong and self._wrong[address][2] == user:
                del self._wrong[address]


def _key(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
