"""Auth: who sends a request (session cookie or HTTP Basic), and the cookie of a session."""

from __future__ import annotations

import base64
import binascii
import math

from board.kit.permissions import ROLES
from board.kit.web.origin import Front, cookie_name
from board.kit.web.people import BASIC, COOKIE, Visitor
from board.kit.web.routes import Call, Refused
from firmware.people.accounts import Account, Accounts
from firmware.people.sessions import LONGEST_S, Guesses, Sessions

SESSION = "gatewright_session"
"""Begins the name of the cookie; the port follows."""


class Auth:
    """Answers for one request."""

    challenge = (("WWW-Authenticate", 'Basic realm="Gatewright", charset="UTF-8"'),)
    """Asks a program for its password."""

    def __init__(self, accounts: Accounts, sessions: Sessions, guesses: Guesses, front: Front) -> None:
        self.accounts = accounts
        self.sessions = sessions
        self.guesses = guesses
        self._front = front

    def visitor(self, call: Call) -> Visitor | None:
        """By cookie, else by HTTP Basic; Refused 429 for an address that has to wait after wrong passwords."""
        return self.by_session(call) or self._by_password(call)

    def by_session(self, call: Call) -> Visitor | None:
        """By cookie alone."""
        token = call.cookie(self._cookie(call))
        name = self.sessions.user(token) if token else None
        account = self.accounts.get(name) if name else None
        return _visitor(account, COOKIE, token) if account is not None else None

    def _by_password(self, call: Call) -> Visitor | None:
        scheme, _, encoded = call.header("Authorization").partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            raw = base64.b64decode(encoded.strip(), validate=True)
        except (binascii.Error, ValueError):
            return None
        user, _, password = _text(raw).partition(":")
        account = self.check(call, user, password)
        return _visitor(account, BASIC) if account else None

    def check(self, call: Call, user: str, password: str) -> Account | None:
        """The account when the password is right; counts a wrong one against the sender's address. Refused 429: it must wait."""
        address = str(call.environ.get("REMOTE_ADDR", ""))
        wait_s = self.guesses.wait_s(address)
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            text = "Too many wrong passwords: try again in {seconds} s."
            raise Refused(429, text, headers=(("Retry-After", str(seconds)),), seconds=seconds)
        account = self.accounts.check(user, password)
        if account is None:
            self.guesses.wrong(address, user)
        else:
            self.guesses.right(address, user)
        return account

    def entering(self, call: Call, session: str, path: str) -> tuple[tuple[str, str], ...]:
        """Headers that give the browser its session and lead it to `path`."""
        return ("Location", path), ("Set-Cookie", self._set_cookie(call, session, int(LONGEST_S)))

    def leaving(self, call: Call, path: str) -> tuple[tuple[str, str], ...]:
        """Headers that take it away."""
        return ("Location", path), ("Set-Cookie", self._set_cookie(call, "", 0))

    def _set_cookie(self, call: Call, value: str, age_s: int) -> str:
        secure = "; Secure" if self._front.is_secure(call.environ) else ""
        return f"{self._cookie(call)}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=strict{secure}"

    def _cookie(self, call: Call) -> str:
        return cookie_name(SESSION, self._front.host(call.environ))


def _visitor(account: Account, by: str, session: str = "") -> Visitor:
    permissions = frozenset() if account.must_change and by == COOKIE else ROLES[account.role]
    return Visitor(account.name, account.role, permissions, by, account.must_change and by == COOKIE, session)


def _text(raw: bytes) -> str:
    """Programs that do not know the challenge's charset send Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
