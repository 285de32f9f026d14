"""Writing: takes symbols out of the slots of a read that cannot stand there: scripts that nobody chosen writes, or nobody mixes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.countries import LEAST_SYMBOL_CHANCE, mixes, script

F32 = NDArray[np.float32]

LEAST_SHARE = 0.02
"""Symbols of a script that is out with less than this in every slot change nothing."""


class Writing:
    """The scripts of an alphabet as the chosen countries write them (none: the whole world).

    With countries chosen a script that none of them writes is out; Latin letters and digits never are. And one plate is written
    in one of the mixes of scripts that some format holds: Korean syllables with digits, but no Arabic digits with Latin letters.
    Where each of the chosen countries has a script of its own, what may be that is not read as Latin."""

    def __init__(self, alphabet: Sequence[str], codes: Sequence[str]) -> None:
        kinds = [script(symbol) if symbol else "" for symbol in alphabet]
        bits = {kind: 1 << number for number, kind in enumerate(sorted(set(kinds) - {""}))}
        self._kinds = [bits.get(kind, 0) for kind in kinds]
        legal = {sum(bits.get(kind, 0) for kind in mix) for mix in mixes(tuple(codes))}
        self._mixes = sorted(mix for mix in legal if not any(mix & other == mix != other for other in legal))
        every = 0
        for mix in self._mixes:
            every |= mix
        self._out = ~self._taking(every) if codes else np.zeros(len(alphabet), np.bool_)
        self._any_out = bool(self._out.any())
        latin = bits.get("LATIN", 0) | bits.get("DIGIT", 0)
        own = all(any(bits.get(kind, 0) & ~latin for mix in mixes((code,)) for kind in mix) for code in codes)
        self._own = [mix for mix in self._mixes if mix & ~latin and latin & ~mix] if codes and own else []

    def _taking(self, mix: int) -> NDArray[np.bool_]:
        return np.array([kind & mix == kind for kind in self._kinds], np.bool_)

    def legible(self, slots: F32) -> F32:
        """Slot probabilities (slots, symbols) without what cannot stand there; the same array where nothing is to be done."""
        if self._any_out and slots[:, self._out].max() >= LEAST_SHARE:
            slots = without(slots, self._out)
        seen = 0
        for symbol in slots.argmax(axis=1).tolist():
            seen |= self._kinds[symbol]
        foreign = self._own and not any(seen & mix == seen for mix in self._own)
        if foreign and (best := self._most_probable(slots, self._own)) is not None:
            return best
        if any(seen & mix == seen for mix in self._mixes):
            return slots
        best = self._most_probable(slots, [mix for mix in self._mixes if seen & mix])
        return slots if best is None else best

    def _most_probable(self, slots: F32, among: Sequence[int]) -> F32 | None:
        """The slots in the most probable of these mixes; None where there is none. What the pixels exclude is not invented: every
        slot must allow the mix."""
        written = [without(slots, ~self._taking(mix)) for mix in among]
        written = [each for each in written if each.max(axis=1).min() >= LEAST_SYMBOL_CHANCE]
        return max(written, key=lambda each: float(each.max(axis=1).prod()), default=None)


def without(slots: F32, out: NDArray[np.bool_]) -> F32:
    """Slots with the symbols that are `out` at 0; their share goes to the best of the others if that has enough."""
    kept = np.where(out, np.float32(0), slots)
    best, rows = kept.argmax(axis=1), np.arange(len(slots))
    allowed = kept[rows, best] >= LEAST_SYMBOL_CHANCE
    kept[rows[allowed], best[allowed]] += slots[:, out].sum(axis=1)[allowed]
    return kept
