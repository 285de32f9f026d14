"""Log-in: is this password right? Guessing is slowed down before a hash is made, and equal questions at once are one. A
program that keeps sending an old password has others at the same address wait once, for a second."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from concurrent.futures import Future

from board.kit.errors import GatewrightError
from firmware.people.accounts import Account, Accounts
from firmware.people.guesses import Guesses
from firmware.people.passwords import Busy

MAX_JOINED = 64
"""Requests that wait for the answer to the same question: a viewer opens several connections at once."""

MAX_WRONG = 256
"""Wrong questions that are remembered."""


class MustWait(GatewrightError):
    """The password was not looked at. `seconds` to wait; `busy`: too many log in, else too many passwords were wrong."""

    def __init__(self, seconds: float, busy: bool) -> None:
        self.seconds = max(1, math.ceil(seconds))
        self.busy = busy
        if busy:
            super().__init__("too many people are logging in: try again in {seconds} s", seconds=self.seconds)
        else:
            super().__init__("too many wrong passwords: try again in {seconds} s", seconds=self.seconds)


class LogIn:
    """Thread-safe."""

    def __init__(self, accounts: Accounts, guesses: Guesses) -> None:
        self._accounts = accounts
        self._guesses = guesses
        self._lock = threading.Lock()
        self._asked: dict[tuple[str, bytes], Future[Account | None]] = {}
        self._joined = 0
        self._wrong: OrderedDict[tuple[str, bytes], None] = OrderedDict()
        """The newest last. A new password of the account makes another question of each."""

    def check(self, address: str, user: str, password: str) -> Account | None:
        """The account when the password is right; None counts against `address` (addresses.share_of). MustWait: not looked at."""
        question = (address, self._accounts.mark(self._accounts.get(user), password, user[:64]))
        with self._lock:
            again = question in self._wrong
            running = self._asked.get(question)
            if running is None:
                mine: Future[Account | None] = Future()
                self._asked[question] = mine
            elif self._joined >= MAX_JOINED:
                raise MustWait(1, busy=True)
            else:
                self._joined += 1
        if running is not None:
            try:
                return running.result()
            finally:
                with self._lock:
                    self._joined -= 1
        try:
            account = self._look(address, user, password, again)
        except BaseException as why:
            self._answered(question)
            mine.set_exception(why)
            raise
        self._answered(question, is_wrong=account is None)
        mine.set_result(account)
        return account

    def _answered(self, question: tuple[str, bytes], is_wrong: bool = False) -> None:
        with self._lock:
            del self._asked[question]
            if is_wrong:
                self._wrong[question] = None
                self._wrong.move_to_end(question)
                while len(self._wrong) > MAX_WRONG:
                    self._wrong.popitem(last=False)

    def _look(self, address: str, user: str, password: str, again: bool) -> Account | None:
        wait_s = self._guesses.begin(address, user, again)
        if wait_s > 0:
            raise MustWait(wait_s, busy=False)
        if again:
            return None
        account = self._accounts.remembered(user, password)
        if account is None:
            try:
                account = self._accounts.check(user, password, self._guesses.knows(address, user))
            except Busy as why:
                self._guesses.not_looked_at(address, user)
                raise MustWait(1, busy=True) from why
        if account is not None:
            self._guesses.right(address, user)
        return account
