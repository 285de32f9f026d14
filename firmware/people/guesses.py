"""Guesses: how long whoever guesses passwords has to wait: per address, per account and in total. Counted before a hash is made.

They outlive a restart of the host: one that crashes must not give five more tries.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from board.kit.clock import Clock, boot_id
from board.kit.dataclass import dataclass
from board.kit.files import write_unsynced
from board.kit.from_json import from_json

LOG = logging.getLogger("people")

FREE_TRIES = 5
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0
MAX_ADDRESSES = 1_000
ACCOUNT_TRIES, ACCOUNT_REFILL_S = 50, 30.0
"""Wrong passwords that strangers have for one account, and after how long they get one more."""
TOTAL_TRIES, TOTAL_REFILL_S = 200, 2.0
MAX_NAMES = 256
MAX_KNOWN = 16
TELL_EVERY_S = 60.0
MAX_KEPT_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class _Tries:
    """What an address got wrong. `before_s`: when it did so the time before; `user`: all were for that one; None: for several."""

    count: int
    last_s: float
    before_s: float
    user: str | None


@dataclass(slots=True)
class _Bucket:
    """Tries that were used up, and when that was counted; one comes back every `refill_s`."""

    size: int
    refill_s: float
    used: float
    at_s: float

    def wait_s(self, now_s: float) -> float:
        self.used = max(0.0, self.used - (now_s - self.at_s) / self.refill_s)
        self.at_s = now_s
        return max(0.0, (self.used + 1 - self.size) * self.refill_s)


class Guesses:
    """After 5 wrong passwords an address waits 1, 2, 4 ... at most 300 s before the next is even looked at.

    A try counts as wrong from `begin` on, so that many at once are not looked at either; `right` takes that back. A right password
    forgets the wrong ones only when all were of that user: an account of one's own must not help to guess another's.
    Many addresses together have 50 tries for one account and 200 for all, which come back slowly. That does not hold for an address
    that logged in to the account before: an attack from elsewhere does not lock its owner out.
    `kept`: a file in STATE/run; None keeps nothing. `exists`: there is somebody of that name; any other is neither kept nor logged:
    it may be a password that was typed in the wrong place."""

    def __init__(self, clock: Clock, kept: Path | None = None, exists: Callable[[str], bool] = lambda name: True) -> None:
        self._clock = clock
        self._exists = exists
        self._lock = threading.Lock()
        self._wrong: OrderedDict[str, _Tries] = OrderedDict()
        self._accounts: OrderedDict[str, _Bucket] = OrderedDict()
        self._total = _Bucket(TOTAL_TRIES, TOTAL_REFILL_S, 0.0, self._now_s())
        self._known: OrderedDict[str, OrderedDict[str, None]] = OrderedDict()
        self._untold = 0
        self._told_s = -TELL_EVERY_S
        self._kept = kept
        self._changed = False
        if kept is not None:
            self._restore(kept)

    def begin(self, address: str, user: str, again: bool = False) -> float:
        """0: the password may be looked at, and is counted; else the seconds to wait. `again`: it was wrong before. Such a one
        counts until the address has to wait, and no more after that: a program that keeps sending an old password would have
        everybody there wait for ever longer."""
        now_s, name = self._now_s(), user[:32]
        with self._lock:
            self._changed = True
            tries = self._wrong.get(address)
            if tries is None or now_s - tries.last_s > 2 * LONGEST_WAIT_S:
                tries = _Tries(0, now_s, now_s, name)
            wait_s = _pause_s(tries, now_s)
            counts = not again or tries.count < FREE_TRIES
            if wait_s <= 0 and counts and not self._is_known(address, name):
                wait_s = max(self._bucket(name, now_s).wait_s(now_s), self._total.wait_s(now_s))
                if wait_s <= 0:
                    self._bucket(name, now_s).used += 1
                    self._total.used += 1
            if wait_s <= 0 and counts:
                self._keep(address, _Tries(tries.count + 1, now_s, tries.last_s, name if tries.user == name else None))
            told = self._to_tell(now_s) if wait_s > 0 else 0
        if told:
            whom = repr(name) if self._exists(name) else "nobody that there is"
            LOG.warning("wrong passwords: %d more tries have to wait, the last from %s for %s", told, address, whom)
        return wait_s

    def right(self, address: str, user: str) -> None:
        """The password that `begin` counted was right."""
        name = user[:32]
        with self._lock:
            tries = self._wrong.get(address)
            if tries is not None and tries.user == name:
                del self._wrong[address]
            else:
                self._take_back(address)
            self._give_back(address, name)
            known = self._known.setdefault(name, OrderedDict())
            self._known.move_to_end(name)
            known[address] = None
            known.move_to_end(address)
            if len(known) > MAX_KNOWN:
                known.popitem(last=False)
            if len(self._known) > MAX_NAMES:
                self._known.popitem(last=False)

    def not_looked_at(self, address: str, user: str) -> None:
        """The password that `begin` counted was not looked at after all."""
        with self._lock:
            self._take_back(address)
            self._give_back(address, user[:32])

    def keep(self) -> None:
        """Writes them down when there is something new; called about once a second. A disk that is full is no reason to stop."""
        with self._lock:
            if self._kept is None or not self._changed:
                return
            self._changed = False
            document = {
                "boot": boot_id(),
                "wrong": {address: asdict(self._without_strangers(tries)) for address, tries in self._wrong.items()},
                "accounts": {name: (bucket.used, bucket.at_s) for name, bucket in self._accounts.items() if self._exists(name)},
                "total": (self._total.used, self._total.at_s),
                "known": {name: list(addresses) for name, addresses in self._known.items()},
            }
        try:  # not synced: after a power cut the clock that it counts by starts anew
            write_unsynced(self._kept, json.dumps(document).encode())
        except OSError as why:
            LOG.warning("%s: not written: %s", self._kept, why.strerror)

    def _without_strangers(self, tries: _Tries) -> _Tries:
        return tries if tries.user is None or self._exists(tries.user) else replace(tries, user=None)

    def _restore(self, kept: Path) -> None:
        try:
            with kept.open() as file:
                self._take(from_json(file.read(MAX_KEPT_BYTES)))
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError, LookupError, AttributeError) as why:
            LOG.warning("%s is not readable: wrong passwords are counted from the start (%s)", kept, why)

    def _take(self, document: dict[str, Any]) -> None:
        if document["boot"] != boot_id():
            return
        wrong = OrderedDict(
            (address, _Tries(int(tries["count"]), float(tries["last_s"]), float(tries["last_s"]), tries["user"]))
            for address, tries in document["wrong"].items()
        )
        accounts = OrderedDict(
            (name, _Bucket(ACCOUNT_TRIES, ACCOUNT_REFILL_S, float(used), float(at_s)))
            for name, (used, at_s) in document["accounts"].items()
        )
        known = OrderedDict((name, OrderedDict.fromkeys(map(str, addresses))) for name, addresses in document["known"].items())
        used, at_s = document["total"]
        self._total = _Bucket(TOTAL_TRIES, TOTAL_REFILL_S, float(used), float(at_s))
        self._wrong, self._accounts, self._known = wrong, accounts, known

    def knows(self, address: str, user: str) -> bool:
        """This address logged in as `user` since the start."""
        with self._lock:
            return self._is_known(address, user[:32])

    def _is_known(self, address: str, name: str) -> bool:
        return address in self._known.get(name, ())

    def _take_back(self, address: str) -> None:
        tries = self._wrong.get(address)
        if tries is not None and tries.count > 1:
            self._wrong[address] = replace(tries, count=tries.count - 1, last_s=tries.before_s)
        elif tries is not None:
            del self._wrong[address]

    def _give_back(self, address: str, name: str) -> None:
        if not self._is_known(address, name):
            for bucket in (self._accounts.get(name), self._total):
                if bucket is not None:
                    bucket.used = max(0.0, bucket.used - 1)

    def _bucket(self, name: str, now_s: float) -> _Bucket:
        """For names that do not exist too: otherwise the wait would tell which do."""
        bucket = self._accounts.setdefault(name, _Bucket(ACCOUNT_TRIES, ACCOUNT_REFILL_S, 0.0, now_s))
        self._accounts.move_to_end(name)
        if len(self._accounts) > MAX_NAMES:
            self._accounts.popitem(last=False)
        return bucket

    def _keep(self, address: str, tries: _Tries) -> None:
        self._wrong[address] = tries
        self._wrong.move_to_end(address)
        while len(self._wrong) > MAX_ADDRESSES:
            self._wrong.popitem(last=False)

    def _to_tell(self, now_s: float) -> int:
        self._untold += 1
        if now_s - self._told_s < TELL_EVERY_S:
            return 0
        told, self._untold, self._told_s = self._untold, 0, now_s
        return told

    def _now_s(self) -> float:
        return self._clock.monotonic_ns() / 1e9


def _pause_s(tries: _Tries, now_s: float) -> float:
    if tries.count < FREE_TRIES:
        return 0.0
    pause_s = min(LONGEST_WAIT_S, FIRST_WAIT_S * 2.0 ** min(tries.count - FREE_TRIES, 20))
    return max(0.0, tries.last_s + pause_s - now_s)
