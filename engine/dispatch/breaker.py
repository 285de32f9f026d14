"""Breaker: tracks the health of each peer and says who may be tried now, so that dead peers cost the living ones nothing.

A peer is closed (it answered last), new (not tried yet) or open (it did not answer last). An open one is left alone for a pause
that doubles; then it is half open: one delivery tries it. The first answer, whatever it says, closes it again. Threads are
counted: only a few may wait for peers that did not answer last, so that the others always find one.

No clock and no threads of its own: the caller provides the time and the lock.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from board.kit.dataclass import dataclass
from engine.actions import Lane
from engine.dispatch.outbox import pause_s

TRIES = 5
"""A peer is tried at least this often before its waiting deliveries are too old."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How many of a lane's `threads` may be busy at once."""

    threads: int
    with_peers: int
    """With any named peer: the rest serves what needs none, the outputs of the board."""
    doubtful: int
    """With peers that are new or open."""
    silent: int
    """With open peers alone."""
    one_peer: int
    """With one and the same closed peer."""


LIMITS = {
    Lane.FAST: Limits(threads=4, with_peers=2, doubtful=1, silent=1, one_peer=1),
    Lane.SLOW: Limits(threads=8, with_peers=8, doubtful=4, silent=2, one_peer=2),
}


@dataclass(slots=True)
class _Peer:
    """How the last tries at one peer ended."""

    failures: int = 0
    """Failures in a row."""
    answered: bool = False
    again_ns: int = 0
    """An open peer is left alone until then."""
    away: bool = False
    """An open one was not there at all."""


class Breaker:
    """The peers of one lane. `pause_s`: first and longest pause after a try without an answer. The peer "" stands for "none
    needed": it is always available."""

    def __init__(self, limits: Limits, pause_s: tuple[float, float]) -> None:
        self._limits = limits
        self._pause_s = pause_s
        self._peers: dict[str, _Peer] = {}
        self._busy: Counter[str] = Counter()

    def remember(self, peer: str, answered: bool) -> None:
        """The last result of a peer before this process began."""
        if peer:
            self._peers[peer] = _Peer(failures=0 if answered else 1, answered=answered, away=not answered)

    def allows(self, peer: str, now_ns: int, unheard: bool = False) -> bool:
        """Whether one more delivery may go to this peer now. `unheard`: it is not of those that got no answer last, so that it need
        not wait for a peer that is there."""
        if sum(self._busy.values()) >= self._limits.threads:
            return False
        if not peer:
            return True
        known = self._peers.get(peer) or _Peer()
        if self._busy_with(lambda each: True) >= self._limits.with_peers or now_ns < self.again_ns(peer, unheard):
            return False
        if known.answered and not known.failures:
            return self._busy[peer] < self._limits.one_peer
        silent_full = bool(known.failures) and self._busy_with(lambda each: each.failures > 0) >= self._limits.silent
        doubtful = self._busy_with(lambda each: each.failures > 0 or not each.answered)
        return not self._busy[peer] and not silent_full and doubtful < self._limits.doubtful

    def again_ns(self, peer: str, unheard: bool = False) -> int:
        """When an open peer may be tried; 0 for others. `unheard` as for `allows`."""
        known = self._peers.get(peer)
        return known.again_ns if known and not (unheard and self.is_deaf(peer)) else 0

    def is_deaf(self, peer: str) -> bool:
        """An open one is there, and gave no answer."""
        known = self._peers.get(peer)
        return known is not None and known.failures > 0 and not known.away

    def failures(self, peer: str) -> int:
        """In a row, up to now."""
        known = self._peers.get(peer)
        return known.failures if known else 0

    def begin(self, peer: str) -> None:
        """A delivery goes to the peer; `end` must follow."""
        self._busy[peer] += 1
        if peer:
            self._peers.setdefault(peer, _Peer())

    def end(self, peer: str) -> None:
        self._busy[peer] -= 1
        if not self._busy[peer]:
            del self._busy[peer]

    def answered(self, peer: str) -> None:
        """Closes it."""
        if peer:
            self._peers[peer] = _Peer(answered=True)

    def silent(
        self,
        peer: str,
        now_ns: int,
        max_age_s: float,
        pauses_s: tuple[float, float] | None = None,
        again_s: float = 0.0,
        away: bool = True,
    ) -> None:
        """Opens it, for twice as long as last time, but for no longer than a fraction of `max_age_s`, the maximum age of its
        deliveries: a display that was plugged in again must not be left alone while cars come and go. `pauses_s`: the first and
        the longest pause; None: the lane's; `again_s`: how long the peer itself says to wait; `away`: whether it was not there at
        all."""
        if peer:
            known = self._peers.setdefault(peer, _Peer())
            known.failures += 1
            known.away = away
            first_s, longest_s = pauses_s or self._pause_s
            longest_s = max(0.1, min(longest_s, max_age_s / TRIES))
            known.again_ns = now_ns + round(max(pause_s(known.failures, first_s, longest_s), min(again_s, longest_s)) * 1e9)

    def _busy_with(self, is_meant: Callable[[_Peer], bool]) -> int:
        return sum(number for peer, number in self._busy.items() if peer and is_meant(self._peers.get(peer) or _Peer()))
