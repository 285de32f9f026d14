"""Auth: who sends a request (session, API token, HTTP Basic), what they may do, and the cookie of a session."""

from __future__ import annotations

import base64
import binascii
from contextlib import suppress
from functools import partial
from threading import Thread
from typing import Any

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from board.kit.people import Nobody
from board.kit.state import State
from board.kit.web.origin import Front, cookie_name
from board.kit.web.routes import Call, Refused
from board.kit.web.visitor import BASIC, COOKIE, TOKEN, Visitor
from board.kit.words import Text
from firmware.people.accounts import Account, Accounts
from firmware.people.addresses import Addresses
from firmware.people.administration import Administration
from firmware.people.changes import Changes
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.log_in import LogIn, MustWait
from firmware.people.sessions import LONGEST_S, Sessions
from firmware.people.tokens import Tokens
from firmware.people.who import Who, is_counted

SESSION = "gatewright_session"
"""Begins the name of the cookie; the port follows."""


class Auth:
    """Thread-safe. `public`: addresses of a reverse proxy in front of the camera, such as https://gate.example."""

    challenge = (("WWW-Authenticate", 'Basic realm="Gatewright", charset="UTF-8"'),)
    """Asks a program for its password."""

    def __init__(self, state: State, clock: Clock, trusted_proxies: tuple[str, ...] = (), public: tuple[str, ...] = ()) -> None:
        self.addresses = Addresses(trusted_proxies)
        self.front = Front(public, self.addresses.trusts)
        self.accounts = Accounts(state.host, clock=clock)
        self.tokens = Tokens(state.host, self.accounts.get, clock)
        self._keeping = Thread()
        self.devices = DevicePasswords(state.host, clock)
        self.changes = Changes(state.host, clock)
        self.sessions = Sessions(clock)
        self.administration = Administration(self.accounts, self.sessions, self.tokens, self.devices, self.changes)
        self._guesses = Guesses(clock, state.guesses, lambda name: self.accounts.get(name) is not None)
        self._log_in = LogIn(self.accounts, self._guesses)
        self._device_guesses = Guesses(clock, state.device_guesses, partial(is_counted, self.devices))
        self.who = Who(self.devices, self.tokens, self._device_guesses, clock)

    def keep(self, last: bool = False) -> None:
        """Writes down what a restart should not forget; called about once a second, and as the `last` thing. Who calls it feeds the
        watchdogs, over which a card that stalls must not reset the board: what lies there is written by another thread."""
        self._guesses.keep()
        self._device_guesses.keep()
        if last:
            self.tokens.keep(at_once=True)
        elif self.tokens.due and not self._keeping.is_alive():
            self._keeping = Thread(target=self.tokens.keep, name="keep-tokens", daemon=True)
            with suppress(RuntimeError):  # no thread to be had: the next time
                self._keeping.start()

    def damage(self) -> tuple[Text, ...]:
        """What was found damaged at the start, for the pages."""
        return tuple(each for each in (self.accounts.damage, self.tokens.damage, self.devices.damage) if each is not None)

    def visitor(self, call: Call) -> Visitor | None:
        """By cookie, else by API token or HTTP Basic; Refused 429 for an address that has to wait after wrong ones."""
        found = self.by_session(call)
        if found is not None:
            return found
        scheme, _, said = call.header("Authorization").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_token(call, said.strip())
        return self._by_password(call, said.strip()) if scheme.lower() == "basic" else None

    def by_session(self, call: Call) -> Visitor | None:
        """By cookie alone."""
        session = call.cookie(self._cookie(call))
        name = self.sessions.user(session) if session else None
        account = self.accounts.get(name) if name else None
        return self._visitor(call, account, COOKIE, session) if account is not None else None

    def still(self, visitor: Visitor) -> bool:
        """Whether a visitor of an earlier request, whose answer is still being sent (a stream), may still be here: the session
        lasts, the account and its password are the same, the API token is in force. A stream that runs is use of the session: the
        screen in a gatehouse shows nothing else for hours."""
        if visitor.by == TOKEN:
            return self.tokens.lasts(visitor.seal, visitor.permissions)
        account = self.accounts.get(visitor.name)
        here = visitor.by != COOKIE or self.sessions.user(visitor.session) == visitor.name
        return here and account is not None and account.hash == visitor.seal and visitor.permissions <= account.permissions

    def check(self, call: Call[Any, Any], user: str, password: str) -> Account | None:
        """The account when the password is right; a wrong one counts against the sender. MustWait: it was not looked at."""
        return self._log_in.check(self.addresses.share(call.environ), user, password)

    def confirm(self, call: Call[Any, Any], password: str) -> None:
        """The visitor's own password once more, before what cannot be taken back. Refused 403 for a token, which has none, 429 or
        503 when it was not looked at; ConfigError when it is wrong, which counts as at the log-in."""
        if call.visitor.by == TOKEN:
            raise Refused(403, "A token cannot do this: log in with a password.")
        try:
            account = self.check(call, call.visitor.name, password)
        except MustWait as why:
            raise must_wait(why) from why
        if account is None:
            raise ConfigError("the password is wrong", field="password")

    def enter(self, call: Call, account: Account) -> str:
        """A new session of the account as it was found by its password; the session's token, "" when the account was removed or got
        another password meanwhile: whoever did that has ended all sessions, and this one must not be left."""
        session = self.sessions.open(account.name, self.addresses.of(call.environ), call.header("User-Agent"))
        now = self.accounts.get(account.name)
        if now is not None and now.salt == account.salt:  # each password has one of its own
            return session
        self.sessions.close(session)
        return ""

    def entering(self, call: Call, session: str, path: str) -> tuple[tuple[str, str], ...]:
        """Headers that give the browser its session and lead it to `path`."""
        return ("Location", path), ("Set-Cookie", self._set_cookie(call, session, int(LONGEST_S)))

    def leaving(self, call: Call, path: str) -> tuple[tuple[str, str], ...]:
        """Headers that take it away."""
        return ("Location", path), ("Set-Cookie", self._set_cookie(call, "", 0))

    def _by_password(self, call: Call, said: str) -> Visitor | None:
        try:
            raw = base64.b64decode(said, validate=True)
        except (binascii.Error, ValueError):
            return None
        user, _, password = _text(raw).partition(":")
        try:
            account = self.check(call, user, password)
        except MustWait as why:
            raise must_wait(why) from why
        return self._visitor(call, account, BASIC) if account else None

    def _by_token(self, call: Call, secret: str) -> Visitor | None:
        address = self.addresses.of(call.environ)
        found = self.tokens.find(secret)
        if found is None:
            wrong = self.who.token(secret, address)
            if isinstance(wrong, Nobody) and wrong.wait_s > 0:
                raise must_wait(MustWait(wrong.wait_s, busy=False))
            return None
        token, permissions = found
        return Visitor(f"{token.maker} ({token.name})", "", permissions, TOKEN, address, seal=token.id)

    def _visitor(self, call: Call, account: Account, by: str, session: str = "") -> Visitor:
        may = frozenset[str]() if account.must_change else account.permissions
        address = self.addresses.of(call.environ)
        return Visitor(account.name, account.role, may, by, address, account.must_change, session, account.hash)

    def _set_cookie(self, call: Call, value: str, age_s: int) -> str:
        secure = "; Secure" if self.front.is_secure(call.environ) else ""
        return f"{self._cookie(call)}={value}; Path=/; Max-Age={age_s}; HttpOnly; SameSite=strict{secure}"

    def _cookie(self, call: Call) -> str:
        return cookie_name(SESSION, self.front.host(call.environ), self.front.is_secure(call.environ))


def must_wait(why: MustWait) -> Refused:
    """429 after wrong passwords, 503 when too many log in at once."""
    return Refused(503 if why.busy else 429, why.text, headers=(("Retry-After", str(why.seconds)),))


def _text(raw: bytes) -> str:
    """Programs that do not know the challenge's charset send Latin-1."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")
