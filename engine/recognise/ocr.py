"""Plate OCR: a plate's picture in, its characters out, each with what else the network saw there and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from board.kit.errors import ModelError
from engine.recognise.interpreter import Network
from engine.recognise.rectify import HEIGHT, WIDTH
from engine.types import CharRead, SlotScores

U8 = NDArray[np.uint8]

LEAST_SCORE = 0.02
MOST_SYMBOLS = 6


@dataclass(frozen=True, slots=True)
class OcrRead:
    """Characters in reading order, top row first. `slots`: for each what could stand there; `chars`: the best of each;
    `empty_confidence`: 0..1, how sure the network is that its empty slots are empty (1 when none is)."""

    text: str
    chars: tuple[CharRead, ...]
    slots: tuple[SlotScores, ...]
    empty_confidence: float


class Ocr:
    """The OCR model at work. Not for two threads at once."""

    def __init__(self, network: Network) -> None:
        """ModelError when the model's shapes do not fit its alphabet or this engine's pictures."""
        self._network = network
        alphabet = network.card.get("alphabet")
        if not isinstance(alphabet, list) or not alphabet or alphabet[0] != "" or not all(isinstance(s, str) for s in alphabet):
            raise ModelError(f"{network.path}: its card has no alphabet that starts with the empty slot")
        shape = (network.card.get("outputs") or [network.card.get("output")])[0]["shape"]
        if network.input_shape != (HEIGHT, WIDTH) or len(shape) != 3 or shape[2] != len(alphabet):
            raise ModelError(
                f"{network.path}: takes {network.input_shape} and gives {shape}, this engine needs ({HEIGHT}, {WIDTH}) and"
                f" [1, slots, {len(alphabet)}]"
            )
        self.alphabet: tuple[str, ...] = tuple(alphabet)

    def read(self, picture: U8) -> OcrRead:
        """The text in a (64, 128) grey picture as `rectify` makes it."""
        return self.decode(self._network.values(self._network.run(picture), 0))

    def decode(self, probabilities: NDArray[np.float32]) -> OcrRead:
        """Slot probabilities (slots, symbols), symbol 0 an empty slot, as characters."""
        probabilities = np.minimum(probabilities, 1.0)
        best = probabilities.argmax(axis=1)
        top = probabilities.max(axis=1)
        slots = []
        for row in probabilities[best > 0]:
            order = [int(i) for i in np.argsort(-row, kind="stable")[:MOST_SYMBOLS] if i and row[i] >= LEAST_SCORE]
            slots.append(SlotScores(tuple(self.alphabet[i] for i in order), tuple(round(float(row[i]), 4) for i in order)))
        chars = tuple(CharRead(slot.symbols[0], slot.scores[0]) for slot in slots)
        empties = top[best == 0]
        return OcrRead("".join(char.symbol for char in chars), chars, tuple(slots), float(empties.min()) if empties.size else 1.0)


def char_height(picture: U8) -> float:
    """The height of the characters as a share of the picture's height (0..1): the band of rows that upright strokes cross.

    Rows through characters change between ink and ground many times, rows above and below few; of two rows of text the
    taller counts. 0 where no such band stands out."""
    changes = np.abs(np.diff(picture.astype(np.int16), axis=1)).astype(np.float32)
    changes[changes < 24] = 0
    activity = changes[:, 2:-2].sum(axis=1)
    activity = np.convolve(activity, np.ones(3, np.float32) / 3, mode="same")
    strong = np.partition(activity, -8)[-8]
    if strong <= 0:
        return 0.0
    inside = np.concatenate([[False], activity >= 0.35 * strong, [False]])
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    return float((edges[1::2] - edges[::2]).max() / picture.shape[0])
