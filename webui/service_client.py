"""Service client: asks the service process one question per connection and says plainly when it does not answer."""

from __future__ import annotations

import time
from typing import TypeVar

from board.kit.errors import WireError
from board.kit.state import State
from board.kit.wire import Codec, connect
from board.kit.words import Text
from engine.messages import SERVICE_MESSAGES, Outcome

A = TypeVar("A")

ANSWER_TIMEOUT_S = 3.0


class Silent(WireError):
    """The service is there and does not answer in time."""


class ServiceClient:
    """Safe to use from several threads: nothing is kept between questions."""

    def __init__(self, state: State) -> None:
        self._path = state.service_socket
        self._codec = Codec(SERVICE_MESSAGES)

    def ask(self, question: object, answer: type[A], timeout_s: float = ANSWER_TIMEOUT_S) -> A:
        """The service's answer of type `answer`; WireError when it is not running, Silent when it is for `timeout_s`."""
        try:
            channel = connect(self._path, self._codec)
        except OSError as why:  # the run folder is not there yet
            raise WireError("service does not answer: {why}", why=why) from why
        try:
            channel.send(question)
            until = time.monotonic() + timeout_s
            while (left := until - time.monotonic()) > 0:
                message = channel.receive(left)
                if isinstance(message, answer):
                    return message
        finally:
            channel.close()
        raise Silent("service did not answer within {timeout_s:g} s", timeout_s=timeout_s)

    def outcome(self, question: object, timeout_s: float = ANSWER_TIMEOUT_S) -> Outcome:
        """The Outcome of a request; one that is not ok when the service does not answer."""
        try:
            return self.ask(question, Outcome, timeout_s)
        except WireError as why:
            return Outcome(
                False, Text("{why}. Look at Logs > Service, or start the ANPR package in Package Management.", {"why": why})
            )
