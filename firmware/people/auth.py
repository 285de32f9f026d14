"""Auth: who sends this request (session cookie or HTTP Basic), what they may do, and whether it came from our own pages."""

from __future__ import annotations

import base64
import binascii
import json
import math
from dataclasses import dataclass
from typing import NoReturn
from urllib.parse import quote, urlsplit

from bottle import HTTPResponse, request

from firmware.people.accounts import ROLES, Account, Accounts
from firmware.people.sessions import Guesses, Sessions

COOKIE = "gatewright_session"
_SAFE_METHODS = ("GET", "HEAD", "OPTIONS")


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is there. `token`: the session's, "" with HTTP Basic; `must_change`: only a new password may be chosen."""

    name: str
    role: str
    must_change: bool
    token: str


class Auth:
    """Answers for the current request of this thread. A refusal is raised as the response to send."""

    def __init__(self, accounts: Accounts, sessions: Sessions, guesses: Guesses) -> None:
        self.accounts = accounts
        self.sessions = sessions
        self.guesses = guesses

    def visitor(self) -> Visitor | None:
        """By cookie, else by HTTP Basic; 429 for an address that has to wait after wrong passwords."""
        token = request.get_cookie(COOKIE) or ""
        name = self.sessions.user(token) if token else None
        account = self.accounts.get(name) if name else None
        if account is not None:
            return Visitor(account.name, account.role, account.must_change, token)
        header = request.get_header("Authorization", "")
        scheme, _, encoded = header.partition(" ")
        if scheme.lower() != "basic":
            return None
        try:
            user, _, password = base64.b64decode(encoded.strip(), validate=True).decode("utf-8").partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        account = self.check(user, password)
        return Visitor(account.name, account.role, account.must_change, "") if account else None

    def still(self, visitor: Visitor) -> bool:
        """Whether a visitor of an earlier request, whose answer is still being sent, may still be here: the session lasts and the
        role is the same."""
        account = self.accounts.get(visitor.name)
        here = not visitor.token or self.sessions.user(visitor.token) == visitor.name
        return here and account is not None and account.role == visitor.role

    def check(self, user: str, password: str) -> Account | None:
        """The account when the password is right; counts a wrong one against the sender's address."""
        address = request.environ.get("REMOTE_ADDR", "")
        wait_s = self.guesses.wait_s(address)
        if wait_s > 0:
            seconds = math.ceil(wait_s)
            raise answer(429, f"too many wrong passwords: try again in {seconds} s", {"Retry-After": str(seconds)})
        account = self.accounts.check(user, password)
        if account is None:
            self.guesses.wrong(address, user)
        else:
            self.guesses.right(address, user)
        return account

    def page(self, role: str = "viewer") -> Visitor:
        """For pages: others are sent to log in, to choose a password, or are told that they may not."""
        visitor = self.visitor()
        if visitor is None:
            here = request.path + (f"?{request.query_string}" if request.query_string else "")
            _go("/login?next=" + quote(here, safe="/"))
        if visitor.must_change and visitor.token:
            _go("/password")
        if not may(visitor, role):
            raise answer(403, f"{visitor.name} is {visitor.role}: this page is for {role}s")
        self._own_request()
        return visitor

    def api(self, role: str = "admin", acts: bool = False) -> Visitor:
        """For CGIs and the API: 401 with a challenge, 403. `acts`: the request changes something although it is a GET."""
        visitor = self.visitor()
        if visitor is None:
            challenge = {} if request.get_header("X-Requested-With") else {"WWW-Authenticate": 'Basic realm="Gatewright"'}
            raise answer(401, "log in first", challenge)
        if visitor.must_change and visitor.token:
            raise answer(403, "choose a password of your own first")
        if not may(visitor, role):
            raise answer(403, f"{visitor.name} is {visitor.role}: this is for {role}s")
        self._own_request(acts)
        return visitor

    def _own_request(self, acts: bool = False) -> None:
        if acts or request.method not in _SAFE_METHODS:
            check_origin()


def may(visitor: Visitor, role: str) -> bool:
    """admin may all, operator what operators and viewers may."""
    return ROLES.index(visitor.role) <= ROLES.index(role)


def check_origin() -> None:
    """403 for a request that another web site made a browser send. Programs send none of these headers and pass."""
    host = request.get_header("Host", "")
    if request.get_header("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise answer(403, "the request came from another web site")
    for name in ("Origin", "Referer"):
        sent = request.get_header(name)
        if sent is not None and urlsplit(sent).netloc.lower() != host.lower():
            raise answer(403, "the request came from another web site")


def answer(status: int, error: str, headers: dict[str, str] | None = None) -> HTTPResponse:
    """An error for people and programs, as JSON."""
    return HTTPResponse(
        json.dumps({"error": error}), status=status, headers={"Content-Type": "application/json; charset=utf-8", **(headers or {})}
    )


def local_path(text: str) -> str:
    """`text` when it is a path on this camera, else "/": where to go after the log-in."""
    if text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and "\\" not in text:
        return text
    return "/"


def _go(path: str) -> NoReturn:
    raise HTTPResponse("", status=303, headers={"Location": path})
