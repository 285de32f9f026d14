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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from board.kit.loop import Loop
from board.kit.people import (
    CheckDigest,
    CheckPassword,
    CheckToken,
    CheckUsernameToken,
    Nobody,
    People,
    PeopleUnreachable,
    Person,
)
from engine.vms.http import Reply, Request, text

log = logging.getLogger("vms.access")

REALM = "Gatewright"
USE = "onvif"
NEEDED = "review"
"""To see pictures of passages."""

DEVICE = ("view", NEEDED)
"""Permissions of every device password of the right use."""

NONCE_S = 300.0
MOST_NONCES = 1000
MOST_USES = 10_000
"""Of one nonce."""
MOST_QUESTIONS = 32
"""Questions that wait for the host at a time; further ones are answered with "come again"."""

Question = CheckPassword | CheckDigest | CheckToken | CheckUsernameToken

COUNT = re.compile(r"([0-9A-Fa-f]{8})?")
PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')


@dataclass(frozen=True, slots=True)
class Denied:
    """Why nobody is let in: a status of HTTP, in English, and the headers that go with it."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()


class Nonces:
    """The nonces of the last minutes: the newest MOST_NONCES of them."""

    def __init__(self) -> None:
        self._made: OrderedDict[str, tuple[float, set[str]]] = OrderedDict()
        """{nonce: (when it was made, counts that it was used with)}"""

    def new(self) -> str:
        nonce = os.urandom(16).hex()
        self._made[nonce] = time.monotonic(), set()
        if len(self._made) > MOST_NONCES:
            self._made.popitem(last=False)
        return nonce

    def fresh(self, nonce: str) -> bool:
        """Whether it is one of ours and young."""
        made, _ = self._made.get(nonce, (float("-inf"), set()))
        return time.monotonic() - made <= NONCE_S

    def good(self, nonce: str, count: str) -> bool:
        """Whether it is fresh and was not used with this count before. `count`: nc as sent, "" of clients that do not count."""
        return self.fresh(nonce) and count not in self._made[nonce][1]

    def use(self, nonce: str, count: str) -> bool:
        """Whether it is good, for the last time: what was overheard opens nothing. For a right answer only, so that strangers fill
        no memory."""
        if not self.good(nonce, count) or len(self._made[nonce][1]) >= MOST_USES:
            return False
        self._made[nonce][1].add(count)
        return True


class Access:
    """Who asks. `check` is for pictures: with a device password, or who may look at passages; `person` for anything else."""

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
        """Calls `then` with None when the request is welcome, else with the reply that says what is missing."""
        if NEEDED in request.headers.get("x-gatewright-permissions", "").split(","):
            then(None)  # the host's proxy says so; it lets nobody else say it
            return

        def known(found: Person | Denied) -> None:
            if isinstance(found, Person) and NEEDED not in found.permissions:
                found = Denied(403, f"this token lacks the permission {NEEDED}")
            then(text(found.status, found.reason, *found.headers) if isinstance(found, Denied) else None)

        self.person(request, (), known)

    def person(
        self, request: Request, more: Sequence[CheckPassword | CheckUsernameToken], then: Callable[[Person | Denied], None]
    ) -> None:
        """Calls `then` with who sent the request, by its Authorization header or by `more`, what it holds besides: all that is sent
        must be right. A browser's session does not count here: any page could ask with it."""
        questions: list[Question] = list(more)
        if request.headers.get("authorization"):
            question = self._question(request)
            if isinstance(question, Denied):
                then(question)
                return
            questions.append(question)
        if not questions:
            then(self._log_in())
            return

        def ask() -> None:
            found = self._answer(questions)
            self._loop.call(lambda: then(found))

        try:
            self._questions.put_nowait(ask)
        except queue.Full:
            then(Denied(503, "too many log-ins are being checked", (("Retry-After", "2"),)))

    def _question(self, request: Request) -> Question | Denied:
        """What to ask the host about the Authorization header."""
        scheme, _, rest = request.headers.get("authorization", "").partition(" ")
        address = address_of(request)
        if scheme.lower() == "bearer":
            return CheckToken(rest.strip(), address)
        if scheme.lower() == "basic":
            try:
                user, colon, password = base64.b64decode(rest, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                return self._log_in()
            return CheckPassword(USE, user, password, address) if colon else self._log_in()
        if scheme.lower() == "digest":
            return self._digest(parameters(rest), request, address)
        return self._log_in()

    def _digest(self, given: Mapping[str, str], request: Request, address: str) -> CheckDigest | Denied:
        count = given.get("nc", "")
        if given.get("uri") != request.target or given.get("realm") != REALM or not COUNT.fullmatch(count):
            return self._log_in()
        if not self._nonces.good(given.get("nonce", ""), count):
            return self._log_in(stale=True)
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

    def _answer(self, questions: Sequence[Question]) -> Person | Denied:
        """The person by the first of them, when all are right."""
        first: Person | None = None
        for question in questions:
            try:
                answer = self._people.who(question)
            except PeopleUnreachable as why:
                log.error("%s", why)
                return Denied(503, "log-ins cannot be checked just now", (("Retry-After", "2"),))
            if not isinstance(answer, Person):
                return self._wrong(question, answer)
            if isinstance(question, CheckDigest) and not self._nonces.use(question.nonce, question.nc):
                return self._log_in(stale=True)
            if not isinstance(question, CheckToken):
                answer = replace(answer, permissions=(*DEVICE, *answer.permissions))
            first = first or answer
        assert first is not None
        return first

    def _wrong(self, question: Question, answer: Nobody) -> Denied:
        if answer.wait_s:
            return Denied(429, "too many wrong log-ins", (("Retry-After", f"{answer.wait_s:.0f}"),))
        if isinstance(question, CheckUsernameToken):
            return Denied(
                400, "the token was used before, or its time is not the camera's" if answer.stale else "the log-in is wrong"
            )
        return self._log_in()

    def _log_in(self, stale: bool = False) -> Denied:
        digest = f'realm="{REALM}", qop="auth", nonce="{self._nonces.new()}"{", stale=true" if stale else ""}'
        return Denied(
            401,
            "log in with a device password of the use onvif",
            (
                ("WWW-Authenticate", f"Digest {digest}, algorithm=SHA-256"),
                ("WWW-Authenticate", f"Digest {digest}, algorithm=MD5"),
                ("WWW-Authenticate", f'Basic realm="{REALM}"'),
            ),
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


def address_of(request: Request) -> str:
    """Of who asks, as the host's proxy says; "" of who came past it."""
    return request.headers.get("x-forwarded-for", "")


def parameters(text: str) -> dict[str, str]:
    """name="value" pairs of an Authorization header."""
    found = {}
    for name, quoted, bare in PARAMETER.findall(text):
        found[name.lower()] = re.sub(r"\\(.)", r"\1", quoted) if quoted else bare
    return found
