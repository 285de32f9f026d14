"""Barrier: the engine with a played camera: a file holds the plate of the car before the barrier, and nothing is recognised.

`python -m scripts.fault_tests.barrier --state DIR --car FILE`. All else is the camera's own: vote, repeat filter, link.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from board.kit.clock import Clock
from board.kit.process import Life, open_log
from board.kit.state import State
from board.kit.words import Text
from board.types import Frame
from engine.reading import begin
from engine.reading.run import Engine
from engine.types import CharRead, PlateRead, Roi

FRAME_S = 0.04
SURE_PCT = 99.0


class PlayedCamera:
    """25 grey pictures a second."""

    preset = ""
    notes: tuple[Text, ...] = ()

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._seq = 0
        self._rgb = np.zeros((48, 64, 3), np.uint8)

    def read(self, timeout_s: float) -> Frame | None:
        time.sleep(FRAME_S)
        self._seq += 1
        return Frame(self._seq, self._clock.now(), self._clock.monotonic_ns(), self._rgb)

    def close(self) -> None:
        pass


class PlayedReader:
    """Reads the plate in `car`; an empty file is an empty lane."""

    def __init__(self, car: Path) -> None:
        self._car = car

    def read(self, rgb: NDArray[np.uint8], roi: Roi | None, small: NDArray[np.uint8] | None) -> list[PlateRead]:
        plate = self._car.read_text("ascii")
        if not plate:
            return []
        chars = tuple(CharRead(symbol, SURE_PCT / 100) for symbol in plate)
        return [PlateRead(plate, chars, SURE_PCT, "", (10, 20, 30, 8), 30.0)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--state", type=Path, required=True)
    parser.add_argument("--car", type=Path, required=True)
    options = parser.parse_args()
    state, clock = State(options.state), Clock()
    open_log(state, "engine")
    first = begin.begin(state, clock)
    life = Life(state, "engine")
    engine = Engine(
        state, clock, first.lpr, first.general, "", lambda: PlayedCamera(clock), lambda: PlayedReader(options.car), lambda: True,
        first.known, first.running,
    )  # fmt: skip
    engine.run(life)


if __name__ == "__main__":
    main()
