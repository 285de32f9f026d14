"""Log-in: whose request is this? The Authorization header of HTTP and RTSP, put as a question to the host.

The host answers for secrets (board/kit/people.py). It is asked by one thread beside the loop, which must not wait.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import os
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from board.kit.dataclass import dataclass
from board.kit.loop import Loop
from board.kit.people import (
    AskHa1,
    CheckDigest,
    CheckPassword,
    CheckToken,
    CheckUsernameToken,
    Nobody,
    People,
    PeopleUnreachable,
    Person,
)

log = logging.getLogger("log_in")

REALM = "Gatewright"
USE = "onvif"
"""Device passwords of this use log in to ONVIF, RTSP and the pictures."""
NEEDED = "review"
"""Permission of accounts and tokens; a device password of the right use has it by itself."""

NONCE_S = 300.0
MOST_QUESTIONS = 32
"""Questions that wait for the host at a time; further ones are answered with "come again"."""

ALGORITHMS = ("SHA-256", "MD5")
"""As challenges name them. MD5 is last: clients that take the last one know no other."""

PARAMETER = re.compile(r'(?<!\w)(\w{1,40})\s{0,40}=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
"""Of a stranger: a name is looked for where a word begins, and ends soon, or each character of 30,000 would be tried as one."""

Question = CheckPassword | CheckDigest | CheckToken | CheckUsernameToken


@dataclass(frozen=True, slots=True)
class Unchecked:
    """Nobody could look at it just now, for the reason `why`."""

    why: str


class Nonces:
    """Carry their own time and proof, so that nothing is kept and a flood of strangers pushes nobody's out."""

    def __init__(self) -> None:
        self._key = os.urandom(32)

    def new(self) -> str:
        made = f"{int(time.monotonic() * 1000):x}"
        return f"{made}.{self._proof(made)}"

    def fresh(self, nonce: str) -> bool:
        """Whether it is one of ours and young."""
        made, _, proof = nonce.partition(".")
        if not hmac.compare_digest(proof.encode("utf-8", "replace"), self._proof(made).encode()):
            return False
        return time.monotonic() - int(made, 16) / 1000 <= NONCE_S

    def _proof(self, made: str) -> str:
        return hashlib.blake2b(made.encode("utf-8", "replace"), key=self._key, digest_size=16).hexdigest()


class LogIn:
    """`ask` from the loop's thread; works from `start` to `close`."""

    def __init__(self, people: People, loop: Loop) -> None:
        self._people = people
        self._loop = loop
        self._nonces = Nonces()
        self._questions: queue.Queue[Callable[[], None] | None] = queue.Queue(MOST_QUESTIONS)
        self._thread = threading.Thread(target=self._run, name="log-in", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._questions.put(None)
        self._thread.join(5.0)

    def question(
        self, authorization: str, method: str, address: str, is_target: Callable[[str], bool]
    ) -> CheckPassword | CheckDigest | CheckToken | None:
        """What to ask about an Authorization header; None when it holds nothing usable. `is_target(uri)`: whether the uri that a
        digest was made of is that of the request."""
        scheme, _, rest = authorization.partition(" ")
        if scheme.lower() == "bearer":
            return CheckToken(rest.strip(), address)
        if scheme.lower() == "basic":
            user, colon, password = _plain(rest).partition(":")
            return CheckPassword(USE, user, password, address) if colon else None
        if scheme.lower() == "digest":
            return self._digest(parameters(rest), method, address, is_target)
        return None

    def challenges(self, authorization: str = "", used: bool = False, algorithms: Sequence[str] = ALGORITHMS) -> tuple[str, ...]:
        """Values of WWW-Authenticate for an answer to a request that brought `authorization`: a digest made of a nonce that has
        become old, or was `used`, is told so, and clients try again without asking their user."""
        scheme, _, rest = authorization.partition(" ")
        given = parameters(rest) if scheme.lower() == "digest" else {}
        stale = ", stale=true" if used or ("nonce" in given and not self._nonces.fresh(given["nonce"])) else ""
        # in this order: readers of one fixed form know realm and nonce (live555, which VLC and recorders are made of)
        digest = f'Digest realm="{REALM}", nonce="{self._nonces.new()}"{stale}, qop="auth"'
        return (*(f"{digest}, algorithm={name}" for name in algorithms), f'Basic realm="{REALM}"')

    def ask(self, question: Question, then: Callable[[Person | Nobody | Unchecked], None]) -> None:
        """Calls `then` in the loop's thread, later or at once."""

        def ask() -> None:
            answer = self._answer(question)
            self._loop.call(lambda: then(answer))

        try:
            self._questions.put_nowait(ask)
        except queue.Full:
            then(Unchecked("too many log-ins are being checked"))

    def still(self, whose: AskHa1 | CheckToken, then: Callable[[bool], None]) -> None:
        """Calls `then` in the loop's thread with whether that device password or token is still there; while nobody can say, it
        is."""

        def ask() -> None:
            try:
                if isinstance(whose, AskHa1):
                    there = bool(self._people.ha1(whose))
                else:
                    there = isinstance(self._people.who(whose), Person)
            except PeopleUnreachable as why:
                log.warning("%s", why)
                there = True
            self._loop.call(lambda: then(there))

        try:
            self._questions.put_nowait(ask)
        except queue.Full:
            then(True)

    def _digest(self, given: Mapping[str, str], method: str, address: str, is_target: Callable[[str], bool]) -> CheckDigest | None:
        if given.get("realm") != REALM or not self._nonces.fresh(given.get("nonce", "")) or not is_target(given.get("uri", "")):
            return None
        return CheckDigest(
            use=USE,
            user=given.get("username", ""),
            realm=REALM,
            nonce=given["nonce"],
            uri=given["uri"],
            response=given.get("response", ""),
            method=method,
            address=address,
            algorithm=given.get("algorithm", "MD5").upper(),
            qop=given.get("qop", ""),
            nc=given.get("nc", ""),
            cnonce=given.get("cnonce", ""),
        )

    def _answer(self, question: Question) -> Person | Nobody | Unchecked:
        try:
            answer = self._people.who(question)
        except PeopleUnreachable as why:
            log.error("%s", why)
            return Unchecked("log-ins cannot be checked just now")
        return answer

    def _run(self) -> None:
        while True:
            question = self._questions.get()
            if question is None:
                return
            try:
                question()
            except Exception:  # the thread's top
                log.exception("log-in")


def lasting(authorization: str, user: str = "") -> AskHa1 | CheckToken | None:
    """What is to be asked later (`LogIn.still`) of whoever logged in by this header, or as `user`; None: by neither."""
    scheme, _, rest = authorization.partition(" ")
    if not user and scheme.lower() == "bearer":
        return CheckToken(rest.strip(), "")  # of no address: it is no guess
    user = user or user_of(authorization)
    return AskHa1(USE, user, REALM) if user else None


def user_of(authorization: str) -> str:
    """The user of a device password in an Authorization header, right or wrong; "" for none, as with a token."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "basic":
        return _plain(rest).partition(":")[0]
    return parameters(rest).get("username", "") if scheme.lower() == "digest" else ""


def _plain(coded: str) -> str:
    """ "" for what is not base64, not ASCII or not UTF-8."""
    try:
        return base64.b64decode(coded, validate=True).decode()
    except (binascii.Error, ValueError):
        return ""


def parameters(text: str) -> dict[str, str]:
    """name="value" pairs of an Authorization header."""
    found = {}
    for name, quoted, bare in PARAMETER.findall(text):
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
    return found
