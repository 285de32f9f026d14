"""Access: identifies who asks this process by HTTP: people named by the host's proxy, tokens, and device passwords."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from board.kit.dataclass import dataclass
from board.kit.once import Once
from board.kit.people import AskHa1, CheckDigest, CheckToken, CheckUsernameToken, Nobody, Person
from board.kit.web.heads import origin_form
from board.kit.web.visitor import CAME, came_ns
from engine.log_in import NEEDED, NONCE_S, LogIn, Question, Unchecked
from engine.vms.http import Reply, Request, text

DEVICE = ("view", NEEDED, "open")
"""Permissions of a device password unless the host says less: a recorder's user opens the gate with it."""

ALGORITHMS = ("MD5", "SHA-256")
"""Many HTTP clients take the first challenge and know only MD5 (Python's urllib is one)."""

MOST_USES = 10_000


@dataclass(frozen=True, slots=True)
class Denied:
    """Why nobody is let in: an HTTP status, a reason in English, and the headers that go with it."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()


class Uses:
    """Remembers digests that were accepted, so that an overheard one opens nothing. Only accepted ones are kept, so that
    strangers fill no memory, and only while their nonces are valid."""

    def __init__(self) -> None:
        self._used = Once(MOST_USES)

    def first(self, digest: CheckDigest) -> bool:
        """Whether it is the first with its nonce and count. A client that does not count uses each nonce once."""
        now_s = time.monotonic()
        use = digest.nonce, digest.nc.lower() if digest.qop else ""
        return self._used.first(digest.user, use, now_s, now_s + NONCE_S)


class Access:
    """`check` is for pictures: device passwords, and people who may look at passages; `person` is for anything else."""

    def __init__(self, log_in: LogIn) -> None:
        self._log_in = log_in
        self._uses = Uses()

    def check(self, request: Request, then: Callable[[Reply | None], None], needed: str = NEEDED) -> None:
        """Calls `then` with None if the request is welcome, else with the reply that says what is missing."""
        if needed in request.headers.get("x-gatewright-permissions", "").split(","):
            then(None)  # set by the host's proxy, which removes it from what clients send
            return

        def known(found: Person | Denied) -> None:
            if isinstance(found, Person) and needed not in found.permissions:
                found = Denied(403, f"this token lacks the permission {needed}")
            then(text(found.status, found.reason, *found.headers) if isinstance(found, Denied) else None)

        self.person(request, (), known)

    def person(self, request: Request, more: Sequence[CheckUsernameToken], then: Callable[[Person | Denied], None]) -> None:
        """Calls `then` with the sender of the request, by its Authorization header and by `more`, its other credentials: all
        that is sent must be right. A browser's session does not count here: any page could ask with it."""
        questions: list[Question] = list(more)
        authorization = request.headers.get("authorization", "")
        if authorization or not questions:
            question = self._log_in.question(authorization, request.method, address_of(request), partial(_is_of, request))
            if question is None:
                then(self._challenge(authorization))
                return
            questions.insert(0, question)  # a digest that is asked for anew uses up no token: the same body comes again with it
        self._ask(questions, then)

    def still(self, whose: AskHa1 | CheckToken, then: Callable[[bool], None]) -> None:
        """Calls `then` with whether that device password or token is still there; while nobody can say, it is."""
        self._log_in.still(whose, then)

    def _ask(self, questions: Sequence[Question], then: Callable[[Person | Denied], None]) -> None:
        """Checks one after the other; the last one names the person."""
        question, *others = questions

        def answered(answer: Person | Nobody | Unchecked) -> None:
            found = self._judge(question, answer)
            if others and isinstance(found, Person):
                self._ask(others, then)
            else:
                then(found)

        self._log_in.ask(question, answered)

    def _judge(self, question: Question, answer: Person | Nobody | Unchecked) -> Person | Denied:
        if isinstance(answer, Unchecked):
            return Denied(503, answer.why, (("Retry-After", "2"),))
        if isinstance(answer, Person):
            if isinstance(question, CheckDigest) and not self._uses.first(question):
                return self._challenge(stale=True)
            return answer if isinstance(question, CheckToken) else replace(answer, permissions=answer.permissions or DEVICE)
        if answer.wait_s:
            return Denied(429, "too many wrong log-ins", (("Retry-After", f"{answer.wait_s:.0f}"),))
        if isinstance(question, CheckUsernameToken):
            reason = "the token was used before, or its time is not the camera's" if answer.stale else "the log-in is wrong"
            return Denied(400, reason)
        return self._challenge()

    def _challenge(self, authorization: str = "", stale: bool = False) -> Denied:
        challenges = self._log_in.challenges(authorization, stale, ALGORITHMS)
        headers = tuple(("WWW-Authenticate", challenge) for challenge in challenges)
        return Denied(401, "log in with a device password of the use onvif", headers)


def ordered_ns(request: Request) -> int:
    """When the camera had the request: what it orders is not done late."""
    return came_ns(request.headers.get(CAME.lower(), ""))


def address_of(request: Request) -> str:
    """The address of the client, as the host's proxy gives it; "" for one that bypassed the proxy."""
    return request.headers.get("x-forwarded-for", "")


def _is_of(request: Request, uri: str) -> bool:
    """Whether a digest's uri is that of the request: a client that asks in the absolute form has made it of that."""
    return origin_form(uri) == request.target
