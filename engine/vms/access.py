"""Access: who may see what this process serves: people whom the host knows, tokens, and device passwords by Basic or Digest.

The host answers for secrets (board/kit/people.py). It is asked by one thread beside the loop, which must not wait.
"""

from __future__ import annotations

import base64
import binascii
import logging
import os
import queue
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping

from board.kit.loop import Loop
from board.kit.people import CheckDigest, CheckPassword, CheckToken, Nobody, People, PeopleUnreachable, Person
from engine.vms.http import Reply, Request, text

log = logging.getLogger("vms.access")

REALM = "Gatewright"
USE = "onvif"
NEEDED = "review"
"""Permission of accounts and tokens; a device password of the right use has it by itself."""

NONCE_S = 300.0
MOST_NONCES = 1000
MOST_QUESTIONS = 32
"""Questions that wait for the host at a time; further ones are answered with "come again"."""

PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


class Nonces:
    """The nonces of the last minutes: the newest MOST_NONCES of them."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, float] = OrderedDict()

    def new(self) -> str:
        nonce = os.urandom(16).hex()
        self._made[nonce] = time.monotonic()
        if len(self._made) > MOST_NONCES:
            self._made.popitem(last=False)
        return nonce

    def fresh(self, nonce: str) -> bool:
        """Whether it is one of ours and young."""
        made = self._made.get(nonce)
        return made is not None and time.monotonic() - made <= NONCE_S


class Access:
    """`check` calls `then` with None when the request is welcome, else with the reply that says what is missing."""

    def __init__(self, people: People, loop: Loop) -> None:
        self._people = people
        self._loop = loop
        self._nonces = Nonces()
        self._questions: queue.Queue[Callable[[], None] | None] = queue.Queue(MOST_QUESTIONS)
        self._thread = threading.Thread(target=self._ask, name="access", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        self._questions.put(None)
        self._thread.join(5.0)

    def check(self, request: Request, then: Callable[[Reply | None], None]) -> None:
        if NEEDED in request.headers.get("x-gatewright-permissions", "").split(","):
            then(None)  # the host's proxy says so; it lets nobody else say it
            return
        question = self._question(request)
        if question is None:
            then(self._log_in())
            return

        def ask() -> None:
            reply = self._answer(question)
            self._loop.call(lambda: then(reply))

        try:
            self._questions.put_nowait(ask)
        except queue.Full:
            then(text(503, "too many log-ins are being checked", ("Retry-After", "2")))

    def _question(self, request: Request) -> CheckPassword | CheckDigest | CheckToken | None:
        """What to ask the host; None when nothing usable was sent."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        address = request.headers.get("x-forwarded-for", "")
        if scheme.lower() == "bearer":
            return CheckToken(rest.strip(), address)
        if scheme.lower() == "basic":
            try:
                user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return None
            return CheckPassword(USE, user, password, address) if colon else None
        if scheme.lower() == "digest":
            return self._digest(parameters(rest), request, address)
        return None

    def _digest(self, given: Mapping[str, str], request: Request, address: str) -> CheckDigest | None:
        if given.get("uri") != request.target or given.get("realm") != REALM or not self._nonces.fresh(given.get("nonce", "")):
            return None
        return CheckDigest(
            use=USE,
            user=given.get("username", ""),
            realm=REALM,
            nonce=given["nonce"],
            uri=request.target,
            response=given.get("response", ""),
            method=request.method,
            address=address,
            algorithm=given.get("algorithm", "MD5"),
            qop=given.get("qop", ""),
            nc=given.get("nc", ""),
            cnonce=given.get("cnonce", ""),
        )

    def _answer(self, question: CheckPassword | CheckDigest | CheckToken) -> Reply | None:
        try:
            answer = self._people.who(question)
        except PeopleUnreachable as why:
            log.error("%s", why)
            return text(503, "log-ins cannot be checked just now", ("Retry-After", "2"))
        if isinstance(answer, Person):
            if isinstance(question, CheckToken) and NEEDED not in answer.permissions:
                return text(403, f"this token lacks the permission {NEEDED}")
            return None
        if isinstance(answer, Nobody) and answer.wait_s:
            return text(429, "too many wrong log-ins", ("Retry-After", f"{answer.wait_s:.0f}"))
        return self._log_in()

    def _log_in(self) -> Reply:
        digest = f'realm="{REALM}", qop="auth", nonce="{self._nonces.new()}"'
        return text(
            401,
            "log in with a device password of the use onvif",
            ("WWW-Authenticate", f"Digest {digest}, algorithm=SHA-256"),
            ("WWW-Authenticate", f"Digest {digest}, algorithm=MD5"),
            ("WWW-Authenticate", f'Basic realm="{REALM}"'),
        )

    def _ask(self) -> None:
        while True:
            question = self._questions.get()
            if question is None:
                return
            try:
                question()
            except Exception:  # the thread's top
                log.exception("log-in")


def parameters(text: str) -> dict[str, str]:
    """name="value" pairs of an Authorization header."""
    found = {}
    for name, quoted, bare in PARAMETER.findall(text):
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
    return found
