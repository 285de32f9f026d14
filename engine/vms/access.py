"""Access: who may see what this process serves by HTTP: people whom the host's proxy names, tokens, and device passwords."""

from __future__ import annotations

from collections.abc import Callable

from board.kit.loop import Loop
from board.kit.people import CheckToken, Nobody, People, Person
from engine.log_in import NEEDED, LogIn, Unchecked
from engine.vms.http import Reply, Request, text


class Access:
    """`check` calls `then` with None when the request is welcome, else with the reply that says what is missing."""

    def __init__(self, people: People, loop: Loop) -> None:
        self._log_in = LogIn(people, loop)
        self.start = self._log_in.start
        self.close = self._log_in.close

    def check(self, request: Request, then: Callable[[Reply | None], None]) -> None:
        if NEEDED in request.headers.get("x-gatewright-permissions", "").split(","):
            then(None)  # the host's proxy says so; it lets nobody else say it
            return
        authorization, address = request.headers.get("authorization", ""), request.headers.get("x-forwarded-for", "")
        question = self._log_in.question(authorization, request.method, address, request.target.__eq__)
        if question is None:
            then(self._challenge(authorization))
            return

        def answered(answer: Person | Nobody | Unchecked) -> None:
            then(self._reply(answer, isinstance(question, CheckToken)))

        self._log_in.ask(question, answered)

    def _reply(self, answer: Person | Nobody | Unchecked, of_a_token: bool) -> Reply | None:
        if isinstance(answer, Unchecked):
            return text(503, answer.why, ("Retry-After", "2"))
        if isinstance(answer, Person):
            if of_a_token and NEEDED not in answer.permissions:
                return text(403, f"this token lacks the permission {NEEDED}")
            return None
        if answer.wait_s:
            return text(429, "too many wrong log-ins", ("Retry-After", f"{answer.wait_s:.0f}"))
        return self._challenge()

    def _challenge(self, authorization: str = "") -> Reply:
        challenges = self._log_in.challenges(authorization)
        return text(
            401, "log in with a device password of the use onvif", *(("WWW-Authenticate", challenge) for challenge in challenges)
        )
