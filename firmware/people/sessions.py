"""Sessions: who is logged in by cookie. Sessions expire, and those of one user never push out another's."""

from __future__ import annotations

import hashlib
import secrets
import threading
from collections import OrderedDict

from board.kit.clock import Clock
from board.kit.dataclass import dataclass

IDLE_S = 3_600.0
LONGEST_S = 12 * 3_600.0
MAX_OF_USER = 100
"""A screen in the gatehouse, a tablet, a dozen browsers of one shared account, and scripts that never log out."""


MAX_AGENT = 200


@dataclass(slots=True)
class _Session:
    """One log-in; times are monotonic."""

    user: str
    started_s: float
    used_s: float
    address: str = ""
    agent: str = ""


@dataclass(frozen=True, slots=True)
class Shown:
    """A session without its secret. `id`: what it is ended by; `address`: where its log-in came from; `agent`: the browser's name
    for itself, a stranger's text; `started_s`, `used_s`: seconds ago."""

    id: str
    user: str
    address: str
    agent: str
    started_s: float
    used_s: float


class Sessions:
    """In memory only; a token is kept as its hash. A session ends after 1 h without a request and 12 h in any case."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._sessions: dict[str, OrderedDict[str, _Session]] = {}
        """{user: {hash of the token: session}}, the longest unused first."""
        self._users: dict[str, str] = {}
        """{hash of the token: user}"""

    def open(self, user: str, address: str = "", agent: str = "") -> str:
        """The new session's token, for the cookie. The user's own longest unused session gives way when there are too many."""
        token = secrets.token_urlsafe(32)
        now = self._now()
        with self._lock:
            mine = self._sessions.setdefault(user, OrderedDict())
            while len(mine) >= MAX_OF_USER:
                self._end(user, next(iter(mine)))
                mine = self._sessions.setdefault(user, mine)
            mine[_key(token)] = _Session(user, now, now, address[:64], agent[:MAX_AGENT])
            self._users[_key(token)] = user
        return token

    def user(self, token: str) -> str | None:
        """Whose session it is; renews it."""
        now, key = self._now(), _key(token)
        with self._lock:
            user = self._users.get(key)
            if user is None:
                return None
            session = self._sessions[user][key]
            if now - session.used_s > IDLE_S or now - session.started_s > LONGEST_S:
                self._end(user, key)
                return None
            session.used_s = now
            self._sessions[user].move_to_end(key)
            return user

    def all(self) -> list[Shown]:
        """Those that have not expired, the last used first."""
        now = self._now()
        with self._lock:
            found = [
                Shown(_id(key), each.user, each.address, each.agent, now - each.started_s, now - each.used_s)
                for mine in self._sessions.values()
                for key, each in mine.items()
                if now - each.used_s <= IDLE_S and now - each.started_s <= LONGEST_S
            ]
        return sorted(found, key=lambda each: each.used_s)

    def id_of(self, token: str) -> str:
        """As `all` names it."""
        return _id(_key(token)) if token else ""

    def end(self, session_id: str) -> None:
        """Ends one of `all`; nothing happens when it has ended."""
        with self._lock:
            for key in [key for key in self._users if _id(key) == session_id]:
                self._end(self._users[key], key)

    def close(self, token: str) -> None:
        key = _key(token)
        with self._lock:
            user = self._users.get(key)
            if user is not None:
                self._end(user, key)

    def close_all(self, user: str) -> None:
        """Ends every session of `user` (a new password, a removed account)."""
        with self._lock:
            for key in list(self._sessions.get(user, ())):
                self._end(user, key)

    def _end(self, user: str, key: str) -> None:
        del self._users[key]
        mine = self._sessions[user]
        del mine[key]
        if not mine:
            del self._sessions[user]

    def _now(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def _key(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def _id(key: str) -> str:
    """Of a session, from the hash of its token: nobody gets in by it."""
    return hashlib.sha256(f"session {key}".encode()).hexdigest()[:16]
