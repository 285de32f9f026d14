"""Ranking: settles O or 0, B or 8 ... by the formats of the chosen countries and names the country, from what the pixels gave.

Rules, in order (all of them keep to characters that the pixels allow: see `_allowed`):

1. A text that fits a format of a chosen country stays. Only when all its formats are rare and an O/0 or I/1 twin of the
   text fits one at least RARE times as common, the twin is taken.
2. A text that fits none becomes the most probable text that does: per position a symbol that the reader itself gave at
   least FLOOR, or the twin of the symbol read; all changes together at least RATIO times as probable as the text read.
3. A text for which there is none stays as read, without a country.
4. With no country chosen only twins are settled, and only when every format of the world that fits says the same.

The country: with countries chosen, the one whose formats make the text most likely, if its share is at least SHARE (equal
chances for every chosen country); with none chosen only when no other country fits. Likewise the state within it.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from engine.countries._description import Country, Shape, shapes
from engine.types import CharRead, SlotScores

TWINS = {"O": "0", "0": "O", "I": "1", "1": "I"}
"""Printed alike on most plates: the pixels cannot tell them apart."""
LOOKALIKES = {"0": "OQD", "O": "0QD", "Q": "O0", "D": "0O", "1": "I", "I": "1", "B": "8", "8": "B", "S": "5", "5": "S",
              "Z": "2", "2": "Z", "G": "6", "6": "G"}  # fmt: skip
"""Whose probabilities are added when a format settles which of the two it is."""
FLOOR = 0.1
RATIO = 0.05
RARE = 20.0
SHARE = 0.8
MAX_CHARACTERS = 16

Cell = Mapping[str, float]
"""Symbols that may stand at a position, each with what the pixels gave it."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the grammar made of a read. `country`: ISO alpha-2 or ""; `region`: state ("TX") or "".

    `chars`: one for each character of `text`; empty when the read came without slots (nothing is known of its pixels)."""

    text: str
    country: str
    region: str
    chars: tuple[CharRead, ...]


@dataclass(frozen=True, slots=True)
class _Owner:
    """A country that has a shape, with the weight of its format. `chance`: of one text of this shape among all its plates."""

    code: str
    weight: float
    chance: float


@dataclass(frozen=True, slots=True)
class _Entry:
    """A shape with its owners. `mask`: a bit for each (position, symbol) it takes; `classes`: the class number of each position."""

    mask: int
    classes: tuple[int, ...]
    words: tuple[tuple[int, frozenset[str]], ...]
    owners: tuple[_Owner, ...]
    weight: float


class Grammar:
    """The formats of some countries, by length: built once, then asked for every plate (some 100 shapes a length for the world)."""

    def __init__(self, countries: Iterable[Country]) -> None:
        owners: dict[Shape, list[_Owner]] = defaultdict(list)
        self.codes: dict[str, int] = defaultdict(int)
        """ISO alpha-2: how many of its descriptions are here."""
        for country in countries:
            if not country.formats:
                continue
            self.codes[country.code[:2]] += 1
            total = sum(fmt.weight for fmt in country.formats)
            for fmt in country.formats:
                ways = shapes(country, fmt)
                for shape in ways:
                    chance = fmt.weight / total / len(ways) / shape.texts
                    owners[shape].append(_Owner(country.code, fmt.weight, chance))
        classes = {allowed: None for shape in owners for allowed in shape.classes}
        self._classes = tuple(classes)
        numbers = {allowed: number for number, allowed in enumerate(self._classes)}
        self._bits = {symbol: 1 << at for at, symbol in enumerate(sorted(frozenset().union(*self._classes)))}
        self._width = len(self._bits)
        self._by_length: dict[int, list[_Entry]] = defaultdict(list)
        for shape, found in owners.items():
            mask = self._mask(shape.classes)
            ids = tuple(numbers[allowed] for allowed in shape.classes)
            weight = max(owner.weight for owner in found)
            self._by_length[len(ids)].append(_Entry(mask, ids, shape.words, tuple(found), weight))

    def _mask(self, positions: Iterable[Iterable[str]]) -> int:
        """A bit for every symbol at every position; 0 when a symbol stands in no format at all."""
        mask = 0
        for at, symbols in enumerate(positions):
            for symbol in symbols:
                if symbol not in self._bits:
                    return 0
                mask |= self._bits[symbol] << at * self._width
        return mask

    def fits(self, text: str) -> list[_Owner]:
        """Whose formats the text fits."""
        entries = self._by_length.get(len(text), ())
        mask = self._mask(text) if entries else 0
        if not mask:
            return []
        return [o for e in entries if e.mask & mask == mask and (not e.words or _has_words(e.words, text)) for o in e.owners]

    def candidates(self, cells: Sequence[Cell]) -> dict[str, tuple[float, float]]:
        """{text: (its probability by the pixels, weight of its most common format)}: the best text for every shape."""
        found: dict[str, tuple[float, float]] = {}
        best: list[dict[int, str]] = [{} for _ in cells]
        for entry in self._by_length.get(len(cells), ()):
            text = ""
            for at, number in enumerate(entry.classes):
                symbol = best[at].get(number)
                if symbol is None:  # "" is known too: nothing fits here
                    cell, allowed = cells[at], self._classes[number]
                    symbol = best[at][number] = max((s for s in cell if s in allowed), key=cell.__getitem__, default="")
                if not symbol:
                    break
                text += symbol
            else:
                for start, words in entry.words:
                    text = _with_word(text, start, words, cells)
                known = found.get(text)
                if text and (known is None or known[1] < entry.weight):
                    found[text] = (_probability(text, cells), entry.weight)
        return found


def rank(slots: Sequence[SlotScores], text: str, grammar: Grammar, chosen: bool) -> Ranked:
    """The text settled by the grammar, its country and characters. `chosen`: False when the grammar is that of the whole world."""
    with_pixels = len(slots) == len(text)
    if not 0 < len(text) <= MAX_CHARACTERS:
        return Ranked(text, "", "", _chars(text, text, slots, set()) if with_pixels else ())
    scores = [_scores(slot) for slot in slots] if with_pixels else [{char: 1.0} for char in text]
    settled = _settle(text, scores, grammar) if chosen else _agreed(text, grammar)
    owners = grammar.fits(settled)
    country, region = _country(owners, grammar.codes, SHARE if chosen else 1.0)
    if not with_pixels:
        return Ranked(settled, country, region, ())
    sure = {
        at
        for at, char in enumerate(settled)
        if chosen and owners and char in TWINS and not grammar.fits(settled[:at] + TWINS[char] + settled[at + 1 :])
    }
    return Ranked(settled, country, region, _chars(text, settled, slots, sure))


def _settle(text: str, scores: list[dict[str, float]], grammar: Grammar) -> str:
    owners = grammar.fits(text)
    if owners:
        enough = max(owner.weight for owner in owners) * RARE
        # no format weighs more than 1
        if enough > 1 or not any(char in TWINS for char in text):
            return text
        twins = {t: weight for t, (_, weight) in grammar.candidates(_twin_cells(text)).items() if weight >= enough}
        return _first(twins, text)
    cells = [_allowed(char, score) for char, score in zip(text, scores, strict=True)]
    least = _probability(text, cells) * RATIO
    found = {t: probability * weight for t, (probability, weight) in grammar.candidates(cells).items() if probability >= least}
    return _first(found, text)


def _first(found: Mapping[str, float], text: str) -> str:
    """The best of `found`; of equals the one with fewest changes, then the first by letter; `text` when there is none."""
    return max(found, key=lambda t: (found[t], -sum(a != b for a, b in zip(t, text, strict=True)), t), default=text)


def _agreed(text: str, grammar: Grammar) -> str:
    if not any(char in TWINS for char in text):
        return text
    texts = grammar.candidates(_twin_cells(text))
    return next(iter(texts)) if len(texts) == 1 else text


def _country(owners: Sequence[_Owner], codes: Mapping[str, int], share: float) -> tuple[str, str]:
    """(country, state) of a text by the formats that it fits; "" where another is not unlikely enough."""
    by_code: dict[str, float] = defaultdict(float)
    by_country: dict[str, float] = defaultdict(float)
    for owner in owners:
        by_code[owner.code] += owner.chance
        by_country[owner.code[:2]] += owner.chance / codes[owner.code[:2]]
    country = _likeliest(by_country, share)
    state = _likeliest({code: chance for code, chance in by_code.items() if code[:2] == country}, share) if country else ""
    return country, state[3:]


def _likeliest(chances: Mapping[str, float], share: float) -> str:
    if len(chances) == 1:
        return next(iter(chances))
    best = max(chances, key=chances.__getitem__, default="")
    return best if share < 1 and best and chances[best] >= share * math.fsum(chances.values()) else ""


def _scores(slot: SlotScores) -> dict[str, float]:
    """Symbol: probability, kept between 0 and 1 (NaN counts as 0)."""
    return {symbol: min(score, 1.0) if score > 0 else 0.0 for symbol, score in zip(slot.symbols, slot.scores, strict=False)}


def _allowed(char: str, scores: Mapping[str, float]) -> dict[str, float]:
    """What may stand where `char` was read: itself, its twin, what the pixels gave at least FLOOR. Twins share one probability."""
    cell = {symbol: score for symbol, score in scores.items() if len(symbol) == 1 and score >= FLOOR}
    cell[char] = scores.get(char, 0.0)
    for symbol in tuple(cell):
        twin = TWINS.get(symbol)
        if twin is not None:
            cell[symbol] = cell[twin] = min(1.0, scores.get(symbol, 0.0) + scores.get(twin, 0.0))
    # the reader's own choice wins a draw between twins
    return {char: cell.pop(char), **cell}


def _twin_cells(text: str) -> list[Cell]:
    return [{char: 1.0, TWINS[char]: 1.0} if char in TWINS else {char: 1.0} for char in text]


def _probability(text: str, cells: Sequence[Cell]) -> float:
    return math.prod(cell[char] for char, cell in zip(text, cells, strict=True))


def _has_words(words: Sequence[tuple[int, frozenset[str]]], text: str) -> bool:
    return all(text[start : start + len(next(iter(allowed)))] in allowed for start, allowed in words)


def _with_word(text: str, start: int, words: frozenset[str], cells: Sequence[Cell]) -> str:
    """The text with its most probable word of `words` at `start`; "" when the pixels allow none of them."""
    end = start + len(next(iter(words)))
    if not text or text[start:end] in words:
        return text
    possible = [word for word in words if all(char in cell for char, cell in zip(word, cells[start:end], strict=True))]
    best = max(sorted(possible), key=lambda word: _probability(word, cells[start:end]), default="")
    return text[:start] + best + text[end:] if best else ""


def _chars(read: str, settled: str, slots: Sequence[SlotScores], sure: set[int]) -> tuple[CharRead, ...]:
    """Characters with confidences: what the pixels gave the symbol; for one that a format settled among look-alikes, what they
    gave the two together."""
    chars: list[CharRead] = []
    for at, (before, symbol, slot) in enumerate(zip(read, settled, slots, strict=True)):
        scores = _scores(slot)
        confidence = scores.get(symbol, 0.0)
        other = before if before != symbol and symbol in LOOKALIKES.get(before, "") else TWINS[symbol] if at in sure else ""
        chars.append(CharRead(symbol, min(1.0, confidence + (scores.get(other, 0.0) if other else 0.0))))
    return tuple(chars)
