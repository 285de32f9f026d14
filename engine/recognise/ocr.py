"""Plate OCR: a plate's picture in, its characters out, each with what else the network saw there and how sure it is."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from board.kit.dataclass import dataclass
from board.kit.errors import ModelError
from engine.recognise.calibration import calibration_of
from engine.recognise.interpreter import Network
from engine.recognise.rectify import HEIGHT, WIDTH
from engine.recognise.steps import characters
from engine.recognise.writing import Writing
from engine.types import CharRead, SlotScores

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]

LEAST_SCORE = 0.02
MOST_SYMBOLS = 6
LEAST_COUNTRY = 0.002
"""Countries with a smaller probability are not named: of 100 they would change nothing."""


@dataclass(frozen=True, slots=True)
class OcrRead:
    """Characters in reading order, top row first. `slots`: for each what could stand there; `chars`: the best of each;
    `empty_confidence`: 0..1, how sure the network is that there is nothing else (1 when nothing speaks for more);
    `head`: {ISO alpha-2: probability} of the country as the look of the plate tells it, empty without a country head."""

    text: str
    chars: tuple[CharRead, ...]
    slots: tuple[SlotScores, ...]
    empty_confidence: float
    head: Mapping[str, float] = field(default_factory=dict)


class Ocr:
    """The OCR model at work. Not for two threads at once."""

    def __init__(self, network: Network, countries: Sequence[str] = ()) -> None:
        """`countries`: the chosen codes, none means the whole world; scripts that they do not write are not read.

        The card says how the model reads: with `rows` it goes along so many rows of text in steps (output `steps`), without it
        has a slot for each character (output `slots`). ModelError when the model's shapes do not fit its alphabet, its rows, its
        countries or this engine's pictures, or its calibration is none."""
        self._network = network
        card, path = network.card, network.path
        self.path = path
        alphabet = card.get("alphabet")
        if not isinstance(alphabet, list) or not alphabet or alphabet[0] != "" or not all(isinstance(s, str) for s in alphabet):
            raise ModelError("{path}: its card has no alphabet that starts with the empty slot", path=path)
        wrong = next((s for at, s in enumerate(alphabet) if len(s) != min(at, 1) or s in alphabet[:at]), None)
        if wrong is not None:
            raise ModelError(
                "{path}: the alphabet of its card holds {wrong!r}: each symbol must be one character, and stand once",
                path=path,
                wrong=wrong,
            )
        self._rows = _rows(network)
        self._characters = network.output("steps" if self._rows else "slots") if card.get("outputs") else 0
        shape = network.output_shape(self._characters)
        if network.input_shape != (HEIGHT, WIDTH) or len(shape) != 3 or shape[2] != len(alphabet):
            raise ModelError(
                "{path}: takes {input_shape} and gives {output_shape}, but this engine needs ({height}, {width}) and [1, "
                "slots, {symbols}]",
                path=path,
                input_shape=str(network.input_shape),
                output_shape=str(shape),
                height=HEIGHT,
                width=WIDTH,
                symbols=len(alphabet),
            )
        if self._rows and shape[1] % self._rows:
            raise ModelError(
                "{path}: its {steps} steps cannot be {rows} rows of one length", path=path, steps=shape[1], rows=self._rows
            )
        self.alphabet: tuple[str, ...] = tuple(alphabet)
        self.countries = _countries(network)
        self._country = network.output("country") if self.countries else 0
        self.calibration = calibration_of(card, str(path))
        self.left_out = left_out(card)
        self._writing = Writing(self.alphabet, countries)

    def slots(self, picture: U8) -> F32:
        """What the network gives a (64, 128) grey picture: probabilities (slots, symbols), symbol 0 an empty slot. Of one that goes
        along rows a slot for each character, and an empty one that says how sure it is that there are no more."""
        probabilities = self._network.values(self._network.run(picture), self._characters)
        if not self._rows:
            return probabilities
        seen, empty_confidence = characters(probabilities, self._rows)
        none = np.zeros((1, len(self.alphabet)), np.float32)
        none[0, 0] = empty_confidence
        return np.concatenate([seen, none])

    def read(self, picture: U8) -> OcrRead:
        """The text in a (64, 128) grey picture as `rectify` makes it."""
        raw = self._network.run(picture)
        logits = self._network.values(raw, self._country) if self.countries else None
        return self.decode(self._network.values(raw, self._characters), logits)

    def decode(self, probabilities: F32, logits: F32 | None = None) -> OcrRead:
        """Probabilities (slots or steps, symbols), symbol 0 nothing, as characters; `logits` (countries,) as the head's."""
        probabilities = self._writing.legible(np.minimum(probabilities, np.float32(1)))
        empty_confidence = 1.0
        if self._rows:
            probabilities, empty_confidence = characters(probabilities, self._rows)
        best = probabilities.argmax(axis=1).tolist()
        seen: list[list[tuple[float, int]]] = [[] for _ in best]
        rows, symbols = np.nonzero(probabilities >= LEAST_SCORE)
        for row, symbol, score in zip(rows.tolist(), symbols.tolist(), probabilities[rows, symbols].tolist(), strict=True):
            seen[row].append((score, symbol))
        slots: list[SlotScores] = []
        for row, symbol in enumerate(best):
            if symbol == 0:
                empty_confidence *= float(probabilities[row, 0])
                continue
            order = sorted(((s, n) for s, n in seen[row] if n), key=lambda one: -one[0])[:MOST_SYMBOLS]
            # a slot that allows nothing is filled with its best all the same
            order = order or [(float(probabilities[row, symbol]), symbol)]
            names, scores = tuple(self.alphabet[n] for _, n in order), tuple(round(s, 4) for s, _ in order)
            slots.append(SlotScores(names, scores, round(float(probabilities[row, 0]), 4)))
        chars = tuple(CharRead(slot.symbols[0], slot.scores[0]) for slot in slots)
        text = "".join(char.symbol for char in chars)
        return OcrRead(text, chars, tuple(slots), empty_confidence, self._head(logits) if logits is not None else {})

    def _head(self, logits: F32) -> dict[str, float]:
        """{ISO alpha-2: probability}, the probable ones only."""
        powers = np.exp(logits - logits.max())
        shares = powers / powers.sum()
        return {self.countries[at]: float(shares[at]) for at in np.flatnonzero(shares >= LEAST_COUNTRY).tolist()}


def left_out(card: Mapping[str, Any]) -> frozenset[str]:
    """The countries that every stage of the model's training went without, by its card; none when it does not say so."""
    told = card.get("training")
    stages = told.get("stages") if isinstance(told, dict) else None
    if not isinstance(stages, list) or not stages:
        return frozenset()
    sets = [frozenset(map(str, stage.get("left_out") or ())) if isinstance(stage, dict) else frozenset[str]() for stage in stages]
    return frozenset.intersection(*sets)


def _rows(network: Network) -> int:
    """How many rows of text the network goes along; 0: it has a slot for each character. ModelError when the card tells neither."""
    told = network.card.get("rows", 0)
    if not isinstance(told, int) or isinstance(told, bool) or told < 0:
        raise ModelError("{path}: the rows of its card must be a whole number", path=network.path)
    return told


def _countries(network: Network) -> tuple[str, ...]:
    """The codes of the country head's outputs; none without a head. ModelError when card and head do not fit."""
    told = network.card.get("countries")
    has_head = any(output["name"] == "country" for output in network.card.get("outputs", ()))
    if told is None and not has_head:
        return ()
    if not isinstance(told, list) or not all(isinstance(code, str) and re.fullmatch("[A-Z]{2}", code) for code in told):
        raise ModelError("{path}: the countries of its card must be a list of codes of two capital letters", path=network.path)
    if len(set(told)) != len(told):
        raise ModelError("{path}: the countries of its card name one twice", path=network.path)
    shape = network.output_shape(network.output("country"))
    if shape != [1, len(told)]:
        raise ModelError(
            "{path}: its output country is {shape}, but its card names {count} countries",
            path=network.path,
            shape=str(shape),
            count=len(told),
        )
    return tuple(told)


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
