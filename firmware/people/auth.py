"""Auth: who sends this request (session, API token, HTTP Basic), what they may do, and whether it came from our own pages."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn
from urllib.parse import quote, urlsplit

from bottle import HTTPResponse, request

from board.kit.clock import Clock
from board.kit.errors import ConfigError
from board.kit.people import Nobody
from board.kit.permissions import ROLES
from board.kit.words import Text
from firmware.people.accounts import Account, Accounts
from firmware.people.addresses import Addresses
from firmware.people.changes import Changes
from firmware.people.device_passwords import DevicePasswords
from firmware.people.guesses import Guesses
from firmware.people.log_in import LogIn, MustWait
from firmware.people.sessions import Sessions
from firmware.people.tokens import Tokens
from firmware.people.who import Who

COOKIE = "gatewright_session"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")
BY_COOKIE, BY_BASIC, BY_TOKEN = "cookie", "basic", "token"
_CHALLENGE = {"WWW-Authenticate": 'Basic realm="Gatewright"'}


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is there. `role`: for people to read; `by`: BY_COOKIE, BY_BASIC or BY_TOKEN; `address`: from where, also behind a trusted
    proxy; `must_change`: only a new password may be chosen, and `permissions` are none; `session`: the session's token, "" without
    one; `seal`: what must stay as it is for the visitor to be let in again: the account's hash, or the API token's id."""

    name: str
    role: str
    permissions: frozenset[str]
    by: str
    address: str = ""
    must_change: bool = False
    session: str = ""
    seal: str = ""

    def may(self, permission: str) -> bool:
        """`permission`: a name of board/kit/permissions.py; "" for whoever is there."""
        return not permission or permission in self.permissions


class Auth:
    """Answers for the current request of this thread. A refusal is raised as the response to send."""

    def __init__(self, folder: Path, clock: Clock, trusted_proxies: tuple[str, ...] = ()) -> None:
        self.addresses = Addresses(trusted_proxies)
        self.accounts = Accounts(folder, clock=clock)
        self.tokens = Tokens(folder, self.accounts.get, clock)
        self.devices = DevicePasswords(folder, clock)
        self.changes = Changes(folder, clock)
        self.sessions = Sessions(clock)
        self._log_in = LogIn(self.accounts, Guesses(clock))
        self.who = Who(self.devices, self.tokens, Guesses(clock), clock)

    def damage(self) -> tuple[Text, ...]:
        """What was found damaged at the start, for the pages."""
        return tuple(each for each in (self.accounts.damage, self.tokens.damage, self.devices.damage) if each is not None)

    def visitor(self) -> Visitor | None:
        """By cookie, else by API token or HTTP Basic; 429 for an address that has to wait after wrong ones."""
        session = request.get_cookie(COOKIE) or ""
        name = self.sessions.user(session) if session else None
        account = self.accounts.get(name) if name else None
        if account is not None:
            return self._visitor(account, BY_COOKIE, session)
        scheme, _, said = request.get_header("Authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_token(said.strip())
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(said.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        try:
            account = self.check(user, password)
        except MustWait as why:
            raise must_wait(why) from why
        return self._visitor(account, BY_BASIC) if account else None

    def still(self, visitor: Visitor) -> bool:
        """Whether a visitor of an earlier request, whose answer is still being sent (a stream), may still be here: the session
        lasts, the account and its password are the same, the API token is in force."""
        if visitor.by == BY_TOKEN:
            return self.tokens.lasts(visitor.seal, visitor.permissions)
        account = self.accounts.get(visitor.name)
        here = visitor.by != BY_COOKIE or self.sessions.lasts(visitor.session)
        return here and account is not None and account.hash == visitor.seal and visitor.permissions <= account.permissions

    def check(self, user: str, password: str) -> Account | None:
        """The account when the password is right; a wrong one counts against the sender. MustWait: it was not looked at."""
        return self._log_in.check(self.share(), user, password)

    def address(self) -> str:
        """From where the current request really comes."""
        return self.addresses.of(request.environ)

    def share(self) -> str:
        """What limits count the current request by (addresses.share_of)."""
        return self.addresses.share(request.environ)

    def changed(self, visitor: Visitor, what: str, about: str = "") -> None:
        """Records what the visitor of the current request did."""
        self.changes.add(visitor.name, visitor.address, what, about)

    def add_account(self, visitor: Visitor, name: str, role: str, password: str) -> None:
        """ConfigError says what is wrong; nobody gives more than they have."""
        self._check_reach(visitor, role)
        self.accounts.add(name, role, password)
        self.changed(visitor, "account added", f"{name} ({role})")

    def set_role(self, visitor: Visitor, name: str, role: str) -> None:
        """ConfigError says what is wrong. The account's sessions end, so that no page shows what it may no longer see."""
        account = self._reached(visitor, name)
        self._check_reach(visitor, role)
        self.accounts.set_role(name, role)
        self.sessions.close_all(name)
        self.changed(visitor, "role changed", f"{name} ({account.role} to {role})")

    def remove_account(self, visitor: Visitor, name: str) -> None:
        """With its sessions and the tokens that it made. ConfigError says why not."""
        self._reached(visitor, name)
        self.accounts.remove(name)
        self.sessions.close_all(name)
        self.tokens.end_of_makers([name])
        self.changed(visitor, "account removed", name)

    def _reached(self, visitor: Visitor, name: str) -> Account:
        account = self.accounts.get(name)
        if account is None:
            raise ConfigError("there is no user {name}", name=name[:32])
        self._check_reach(visitor, account.role)
        return account

    def _check_reach(self, visitor: Visitor, role: str) -> None:
        beyond = sorted(ROLES.get(role, frozenset()) - visitor.permissions)
        if beyond:
            raise ConfigError("{visitor} does not have {beyond}", visitor=visitor.name, beyond=", ".join(beyond))

    def page(self, permission: str = "") -> Visitor:
        """For pages: others are sent to log in, to choose a password, or are told that they may not."""
        visitor = self.visitor()
        if visitor is None:
            here = request.path + (f"?{request.query_string}" if request.query_string else "")
            _go("/login?next=" + quote(here, safe="/"))
        if visitor.must_change:
            _go("/password")
        if not visitor.may(permission):
            raise answer(403, f"{visitor.name} may not see this page: it needs the permission {permission}")
        self._own_request()
        return visitor

    def api(self, permission: str = "", acts: bool = False) -> Visitor:
        """For CGIs and the API: 401 with a challenge, 403. `acts`: the request changes something although it is a GET."""
        visitor = self.visitor()
        if visitor is None:
            raise answer(401, "log in first", {} if request.get_header("X-Requested-With") else _CHALLENGE)
        if visitor.must_change:
            raise answer(403, "choose a password of your own first")
        if not visitor.may(permission):
            raise answer(403, f"{visitor.name} may not do this: it needs the permission {permission}")
        self._own_request(acts)
        return visitor

    def _by_token(self, secret: str) -> Visitor | None:
        found = self.tokens.find(secret)
        if found is None:
            wrong = self.who.token(secret, self.address())
            if isinstance(wrong, Nobody) and wrong.wait_s > 0:
                raise must_wait(MustWait(wrong.wait_s, busy=False))
            return None
        token, permissions = found
        held = [role for role, needed in ROLES.items() if needed <= permissions]
        role = max(held, key=lambda each: len(ROLES[each]), default="")
        return Visitor(f"{token.maker} ({token.name})", role, permissions, BY_TOKEN, self.address(), seal=token.id)

    def _visitor(self, account: Account, by: str, session: str = "") -> Visitor:
        may = frozenset[str]() if account.must_change else account.permissions
        return Visitor(account.name, account.role, may, by, self.address(), account.must_change, session, account.hash)

    def _own_request(self, acts: bool = False) -> None:
        if acts or request.method not in _SAFE_METHODS:
            check_origin(acts)


def check_origin(acts: bool = False) -> None:
    """403 for a request that another web site made a browser send. Programs send none of these headers and pass; a browser may send
    none with a GET. `acts`: it may be a GET and changes something, so that a browser has to say where it comes from."""
    host = request.get_header("Host", "").lower()
    fetched = request.get_header("Sec-Fetch-Site", "")
    if fetched not in ("", "none", "same-origin"):
        raise answer(403, "the request came from another web site")
    sent = [value for value in (request.get_header("Origin"), request.get_header("Referer")) if value is not None]
    if any(urlsplit(value).netloc.lower() != host for value in sent):
        raise answer(403, "the request came from another web site")
    is_browser = COOKIE in request.cookies or request.get_header("User-Agent", "").startswith("Mozilla/")
    if acts and request.method in _SAFE_METHODS and is_browser and not (fetched or sent):
        raise answer(403, "this address is for programs: in a browser use the page Package management")


def answer(status: int, error: str, headers: dict[str, str] | None = None) -> HTTPResponse:
    """An error for people and programs, as JSON."""
    return HTTPResponse(
        json.dumps({"error": error}), status=status, headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


def must_wait(why: MustWait) -> HTTPResponse:
    """429 after wrong passwords, 503 when too many log in at once."""
    return answer(503 if why.busy else 429, str(why), {"Retry-After": str(why.seconds)})


def local_path(text: str) -> str:
    """`text` when it is a path on this camera, else "/": where to go after the log-in."""
    if text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text:
        return text
    return "/"


def _go(path: str) -> NoReturn:
    raise HTTPResponse("", status=303, headers={"Location": path})
