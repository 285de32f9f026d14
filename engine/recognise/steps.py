"""Steps: what a reader that goes along the rows of a plate says at each step, as one distribution for each character it saw.

The steps are those of connectionist temporal classification (Graves and others 2006): symbol 0 is "nothing here", and steps in a
row that name the same symbol are one character.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]


def characters(steps: F32, rows: int) -> tuple[F32, float]:
    """Probabilities (steps, symbols), `rows` equal parts one after the other, as (characters, symbols): the surest step of each.
    And how sure it is, 0..1, that there are no more of them: from what else shows in the steps that name nothing, the fading of
    the characters beside them left out."""
    best = steps.argmax(axis=1)
    begins = np.empty(len(best), np.bool_)
    begins[0] = True
    begins[1:] = best[1:] != best[:-1]
    begins[:: len(best) // rows] = True
    starts = np.flatnonzero(begins)
    ends = np.append(starts[1:], len(best))
    symbols = best[starts]
    surest: list[int] = []
    none_missed = 1.0
    for at, (start, end, symbol) in enumerate(zip(starts.tolist(), ends.tolist(), symbols.tolist(), strict=True)):
        if symbol:
            surest.append(start + int(steps[start:end, symbol].argmax()))
            continue
        most = steps[start:end].max(axis=0)
        most[[0, *symbols[max(at - 1, 0) : at + 2].tolist()]] = 0
        none_missed *= 1.0 - float(most.max())
    return steps[surest], none_missed
