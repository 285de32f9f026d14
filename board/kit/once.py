"""Once: remembers what was used up (a nonce), so that whoever overheard it cannot use it again."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable


class Once:
    """`most`: so many are remembered together. Over that all that is old goes, then whoever has most of them makes room with the
    oldest of their own: nobody can have what another used forgotten."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._used: dict[str, OrderedDict[Hashable, float]] = {}
        """What each has used -> until when it is remembered, the oldest first."""
        self._count = 0

    def first(self, who: str, what: Hashable, now_s: float, until_s: float) -> bool:
        """Whether `who` uses that for the first time. It is remembered until then, by the clock of `now_s`."""
        used = self._used.setdefault(who, OrderedDict())
        self._forget_old(used, now_s)
        if what in used:
            return False
        used[what] = until_s
        self._count += 1
        if self._count > self._most:
            for each in self._used.values():
                self._forget_old(each, now_s)
        if self._count > self._most:
            self._forget(max(self._used.values(), key=len))
        return True

    def _forget_old(self, used: OrderedDict[Hashable, float], now_s: float) -> None:
        while used and next(iter(used.values())) < now_s:
            self._forget(used)

    def _forget(self, used: OrderedDict[Hashable, float]) -> None:
        used.popitem(last=False)
        self._count -= 1
