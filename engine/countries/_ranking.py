"""Ranking: settles O or 0, B or 8 ... by the formats of the chosen countries and names the country, from what the pixels gave.

Rules, in order (all of them keep to characters that the pixels allow: see `_allowed`):

1. A text that fits a format of a chosen country stays. Only when all its formats are rare and an O/0 or I/1 twin of the
   text fits one at least RARE times as common, the twin is taken.
2. A text that fits none becomes the most probable text that does: per position a symbol that the reader itself gave at
   least LEAST_SYMBOL_CHANCE, or the twin of the symbol read; all changes together at least LEAST_TEXT_RATIO times as
   probable as the text read.
3. If there is no such text, one character is dropped when the reader gave "there is one fewer" at least PHANTOM and the rest
   fits: a screw or a frame at the end was read as a character, or a character was read twice. Nothing is ever added.
4. If that does not help either, the text stays as read, without a country.
5. With no country chosen, those that the reader's country head finds probable count as chosen, if it is sure of them together
   (LIKELY, LEAST_LIKELY_SUM). Where it is not, or there is no head, only twins are settled, and only when every format of the world
   that fits says the same.

With a head a format counts as common as its weight times the probability of its country.

The country is the most probable by both, the head and the formats (probability of the country times that of the text among
its plates), if its share is at least NAMED. Without a head and with countries chosen, it is the one whose formats make the text
most likely, if its share is at least LEAST_COUNTRY_SHARE (every chosen country is equally likely before); with none chosen, only
when no other country fits. The state within the country is named likewise.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field

from board.kit.dataclass import dataclass
from engine.countries._description import Country, Shape, shapes
from engine.types import CharRead, SlotScores

TWINS = {"O": "0", "0": "O", "I": "1", "1": "I"}
"""Printed alike on most plates: the pixels cannot tell them apart."""
LOOKALIKES = {"0": "OQD", "O": "0QD", "Q": "O0", "D": "0O", "1": "I", "I": "1", "B": "8", "8": "B", "S": "5", "5": "S",
              "Z": "2", "2": "Z", "G": "6", "6": "G"}  # fmt: skip
"""Whose probabilities are added when a format settles which of the two it is."""
LEAST_SYMBOL_CHANCE = 0.1
"""A symbol is put where another was read only when the pixels gave it at least this probability."""
LEAST_TEXT_RATIO = 0.05
"""A changed text is taken only when it is at least this times as probable as the text read."""
RARE = 20.0
LEAST_COUNTRY_SHARE = 0.8
"""Without a head, a country is named when at least this share of the probability is its own."""
PHANTOM = 0.4
"""Of 1,507 held-out plates with their countries chosen none is won or lost by any limit from 0.2 up: a text with a character too
many opens no gate, one that lacks a real character may open it for another car."""
LIKELY = 0.02
LEAST_LIKELY_SUM = 0.8
"""Countries above LIKELY count as chosen when their probabilities add up to at least this (docs/training.md, "Limits of the
country head")."""
NAMED = 0.5
"""A country is named when it is more probable than all others together."""
HEAD_WRONG = 0.05
"""How often the head is taken to be wrong altogether, whatever it says: then every country is as good as any other. It keeps
a sure head from outvoting a format that only one country has."""
OFF_FORMAT_SHARE = 0.02
"""Share of a country's plates that fit none of its formats here (custom, old and special series); any text is equally likely."""
FREE_SYMBOLS = 36
MAX_CHARACTERS = 16

Cell = Mapping[str, float]
"""Symbols that may stand at a position, each with what the pixels gave it."""
Head = Mapping[str, float]
"""ISO alpha-2: the probability that the reader's country head gave it; countries that it gave next to nothing may be missing."""


@dataclass(frozen=True, slots=True)
class Ranked:
    """What the grammar made of a read. `country`: ISO alpha-2 or ""; `region`: state ("TX") or "".

    `chars`: one for each character of `text`; empty when the read came without slots (nothing is known of its pixels);
    `end_confidence`: 0..1, how sure the reader was that a character which was dropped is none; 1 when none was; `off_format`: the
    country is told by the look of the plate alone, the text fits none of its formats."""

    text: str
    country: str
    region: str
    chars: tuple[CharRead, ...]
    end_confidence: float = 1.0
    off_format: bool = False


@dataclass(frozen=True, slots=True)
class _Owner:
    """A country that has a shape, with the weight of its format. `chance`: of one text of this shape among all its plates."""

    code: str
    weight: float
    chance: float


@dataclass(frozen=True, slots=True)
class _Entry:
    """A shape with its owners. `weights`, `chances`: the same by ISO alpha-2: the common weight, and the chance of one text of
    this shape among all plates of the country with its states; `weight`: the largest of the weights."""

    shape: Shape
    owners: tuple[_Owner, ...]
    weights: Mapping[str, float]
    chances: Mapping[str, float]
    weight: float


@dataclass(slots=True)
class _Length:
    """The entries of one length. A set of entries is an int with a bit for each: `places`: for every position the entries that
    take a symbol there; `countries`: ISO alpha-2 with its entries."""

    entries: list[_Entry] = field(default_factory=list)
    places: list[dict[str, int]] = field(default_factory=list)
    countries: dict[str, int] = field(default_factory=dict)

    def add(self, entry: _Entry) -> None:
        bit = 1 << len(self.entries)
        self.entries.append(entry)
        self.places = self.places or [{} for _ in entry.shape.classes]
        for place, symbols in zip(self.places, entry.shape.classes, strict=True):
            for symbol in symbols:
                place[symbol] = place.get(symbol, 0) | bit
        for code in entry.weights:
            self.countries[code] = self.countries.get(code, 0) | bit

    def taking(self, cells: Iterable[Iterable[str]], within: Iterable[str] | None) -> Iterator[_Entry]:
        """The entries (of these countries) that take at every position one of the symbols there."""
        bits = (1 << len(self.entries)) - 1
        if within is not None:
            bits = 0
            for code in within:
                bits |= self.countries.get(code, 0)
        for place, symbols in zip(self.places, cells, strict=True):
            here = 0
            for symbol in symbols:
                here |= place.get(symbol, 0)
            bits &= here
        while bits:
            low = bits & -bits
            yield self.entries[low.bit_length() - 1]
            bits ^= low


class Grammar:
    """The formats of some countries, by length: built once, then asked for every plate (some 150 shapes a length for the world)."""

    def __init__(self, countries: Iterable[Country]) -> None:
        owners: dict[Shape, list[_Owner]] = defaultdict(list)
        # each set of symbols once, however many shapes hold it: 1 MB for the world instead of 6
        once: dict[frozenset[str], frozenset[str]] = {}
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
                    slim = Shape(tuple(once.setdefault(allowed, allowed) for allowed in shape.classes), shape.words)
                    owners[slim].append(_Owner(country.code, fmt.weight, chance))
        self._lengths: dict[int, _Length] = defaultdict(_Length)
        for shape, found in owners.items():
            self._lengths[len(shape.classes)].add(self._entry(shape, found))

    def _entry(self, shape: Shape, owners: list[_Owner]) -> _Entry:
        weights: dict[str, float] = defaultdict(float)
        chances: dict[str, float] = defaultdict(float)
        for owner in owners:
            code = owner.code[:2]
            weights[code] = max(weights[code], owner.weight)
            chances[code] += owner.chance / self.codes[code]
        return _Entry(shape, tuple(owners), dict(weights), dict(chances), max(weights.values()))

    def shapes(self) -> Iterator[Shape]:
        """Every shape once."""
        for length in self._lengths.values():
            yield from (entry.shape for entry in length.entries)

    def fits(self, text: str, within: Iterable[str] | None = None) -> list[_Entry]:
        """The shapes (of these countries) that the text fits."""
        length = self._lengths.get(len(text))
        if length is None:
            return []
        return [e for e in length.taking(text, within) if not e.shape.words or _has_words(e.shape.words, text)]

    def candidates(self, cells: Sequence[Cell], within: Iterable[str] | None = None) -> Iterator[tuple[str, _Entry]]:
        """For every shape (of these countries) that can be filled from the cells its most probable text."""
        length = self._lengths.get(len(cells))
        if length is None:
            return
        best: list[dict[frozenset[str], str]] = [{} for _ in cells]
        for entry in length.taking(cells, within):
            text = ""
            for cell, known, allowed in zip(cells, best, entry.shape.classes, strict=True):
                symbol = known.get(allowed)
                if symbol is None:
                    symbol = known[allowed] = max((s for s in cell if s in allowed), key=cell.__getitem__)
                text += symbol
            for start, words in entry.shape.words:
                text = _with_word(text, start, words, cells)
            if text:
                yield text, entry


@dataclass(frozen=True, slots=True)
class _View:
    """A grammar as one read sees it: the countries that count (None: all of it) and what the head gave each."""

    grammar: Grammar
    head: Head
    within: frozenset[str] | None = None

    def trust(self, code: str) -> float:
        """The head's probability of a country, the chance that the head is wrong included."""
        return (1 - HEAD_WRONG) * self.head.get(code, 0.0) + HEAD_WRONG / len(self.grammar.codes)

    def weight(self, entry: _Entry) -> float:
        """How common the shape is in the country where it is most common."""
        if not self.head and self.within is None:
            return entry.weight
        codes = entry.weights if self.within is None else entry.weights.keys() & self.within
        return max(entry.weights[code] * self.trust(code) for code in codes)

    def fits(self, text: str) -> list[_Entry]:
        return self.grammar.fits(text, self.within)

    def candidates(self, cells: Sequence[Cell]) -> dict[str, tuple[float, float]]:
        """{text: (its probability by the pixels, weight of its most common shape)}: the best text for every shape."""
        found: dict[str, tuple[float, float]] = {}
        for text, entry in self.grammar.candidates(cells, self.within):
            weight = self.weight(entry)
            known = found.get(text)
            if known is None:
                found[text] = (_probability(text, cells), weight)
            elif known[1] < weight:
                found[text] = (known[0], weight)
        return found


def rank(slots: Sequence[SlotScores], text: str, grammar: Grammar, chosen: bool, head: Head | None = None) -> Ranked:
    """The text settled by the grammar, its country and characters. `chosen`: False when the grammar is that of the whole world;
    `head`: what the reader's country head gave, empty or None where it has none."""
    with_pixels = len(slots) == len(text)
    if not 0 < len(text) <= MAX_CHARACTERS:
        return Ranked(text, "", "", _chars(text, text, slots, set()) if with_pixels else ())
    everywhere = _View(grammar, head or {})
    view = everywhere if chosen else _probable(everywhere)
    scores = [_scores(slot) for slot in slots] if with_pixels else [{char: 1.0} for char in text]
    end_confidence = 1.0
    settled = _settle(text, scores, view) if view else _agreed(text, grammar)
    fits = view.fits(settled) if view else []
    if view and with_pixels and not fits:
        shorter = _without_phantom(text, slots[-1].empty, scores, view)
        if shorter:
            text, settled = shorter
            slots, end_confidence = slots[:-1], min(slots[-1].empty, 1.0)
            fits = view.fits(settled)
    country, region, off_format = _country(settled, everywhere, chosen)
    if not with_pixels:
        return Ranked(settled, country, region, (), off_format=off_format)
    sure = {
        at
        for at, char in enumerate(settled)
        if view and fits and char in TWINS and not view.fits(settled[:at] + TWINS[char] + settled[at + 1 :])
    }
    return Ranked(settled, country, region, _chars(text, settled, slots, sure), end_confidence, off_format)


def _probable(everywhere: _View) -> _View | None:
    """The view of the countries that the head finds probable; None where it is not sure of them together."""
    likely = {code: share for code, share in everywhere.head.items() if share >= LIKELY and code in everywhere.grammar.codes}
    if sum(likely.values()) < LEAST_LIKELY_SUM:
        return None
    return _View(everywhere.grammar, everywhere.head, frozenset(likely))


def _settle(text: str, scores: list[dict[str, float]], view: _View) -> str:
    entries = view.fits(text)
    if entries:
        if not any(char in TWINS for char in text):
            return text
        enough = max(view.weight(entry) for entry in entries) * RARE
        # no format weighs more than 1
        if enough > 1:
            return text
        twins = {t: weight for t, (_, weight) in view.candidates(_twin_cells(text)).items() if weight >= enough}
        return _first(twins, text)
    cells = [_allowed(char, score) for char, score in zip(text, scores, strict=True)]
    least = _probability(text, cells) * LEAST_TEXT_RATIO
    found = {t: probability * weight for t, (probability, weight) in view.candidates(cells).items() if probability >= least}
    return _first(found, text)


def _without_phantom(text: str, empty: float, scores: list[dict[str, float]], view: _View) -> tuple[str, str] | None:
    """(what is left as read, the same settled) without one character that may be none; None where all must stay.

    The reader fills its slots from the left: that the last slot may be empty says that there may be one character fewer. It is
    the last one, or any before it from which on every slot allows the character read one place further on."""
    if not empty >= PHANTOM:  # a NaN is none either
        return None
    rests: dict[str, float] = {}
    shifted = 1.0
    for at in range(len(text) - 2, -1, -1):
        if text[at] != text[at + 1]:
            shifted = min(shifted, scores[at].get(text[at + 1], 0.0))
            if shifted < LEAST_SYMBOL_CHANCE:
                break
            rests.setdefault(text[:at] + text[at + 1 :], min(shifted, empty))
    # what no shift accounts for speaks against the last character
    rests[text[:-1]] = empty - max(rests.values(), default=0.0)
    found: dict[tuple[str, str], float] = {}
    for rest, share in rests.items():
        fitting = (
            {t: weight for t, (_, weight) in view.candidates(_twin_cells(rest)).items()} if share >= LEAST_SYMBOL_CHANCE else {}
        )
        if fitting:
            found[rest, _first(fitting, rest)] = share
    return max(found, key=lambda both: (found[both], both), default=None)


def _first(found: Mapping[str, float], text: str) -> str:
    """The best of `found`; of equals the one with fewest changes, then the first by letter; `text` when there is none."""
    return max(found, key=lambda t: (found[t], -sum(a != b for a, b in zip(t, text, strict=True)), t), default=text)


def _agreed(text: str, grammar: Grammar) -> str:
    if not any(char in TWINS for char in text):
        return text
    texts = {text for text, _ in grammar.candidates(_twin_cells(text))}
    return texts.pop() if len(texts) == 1 else text


def _country(text: str, view: _View, chosen: bool) -> tuple[str, str, bool]:
    """(country, state) of a text by the formats that it fits and by the head, "" where another is not unlikely enough; and whether
    the country has no format that the text fits."""
    entries = view.fits(text)
    chances: dict[str, float] = defaultdict(float)
    for entry in entries:
        for code, chance in entry.chances.items():
            chances[code] += chance
    if view.head:
        share = NAMED
        country = _by_both(chances, OFF_FORMAT_SHARE * FREE_SYMBOLS ** -len(text), view, chosen)
    else:
        share = LEAST_COUNTRY_SHARE if chosen else 1.0
        country = _likeliest(chances, math.fsum(chances.values()), share)
    states: dict[str, float] = defaultdict(float)
    if country in chances:
        for entry in entries:
            for owner in entry.owners:
                if owner.code[:2] == country:
                    states[owner.code] += owner.chance
    return country, _likeliest(states, math.fsum(states.values()), share)[3:], bool(country) and country not in chances


def _by_both(chances: Mapping[str, float], free: float, view: _View, chosen: bool) -> str:
    """The country by the head and the formats. `free`: the chance of a text among the plates that fit no format.

    Countries that are not chosen compete only for a text that fits no format of the chosen ones."""
    joint = {code: view.trust(code) * ((1 - OFF_FORMAT_SHARE) * chance + free) for code, chance in chances.items()}
    others = {code: view.trust(code) for code in view.head if code in view.grammar.codes and code not in chances}
    rest = math.fsum(others.values()) if chosen and chances else max(0.0, 1.0 - math.fsum(map(view.trust, chances)))
    total = math.fsum(joint.values()) + rest * free
    if others:
        other = max(others, key=lambda code: (others[code], code))
        joint[other] = others[other] * free
    return _likeliest(joint, total, NAMED)


def _likeliest(chances: Mapping[str, float], total: float, share: float) -> str:
    """The key with at least this share of the total; a share of 1: the only key there is."""
    best = max(chances, key=lambda key: (chances[key], key), default="")
    return best if best and (len(chances) == 1 if share == 1 else chances[best] >= share * total) else ""


def _scores(slot: SlotScores) -> dict[str, float]:
    """Symbol: probability, kept between 0 and 1 (NaN counts as 0)."""
    return {symbol: min(score, 1.0) if score > 0 else 0.0 for symbol, score in zip(slot.symbols, slot.scores, strict=False)}


def _allowed(char: str, scores: Mapping[str, float]) -> dict[str, float]:
    """What may stand where `char` was read: itself, its twin, what the pixels gave enough. Twins share one probability."""
    cell = {symbol: score for symbol, score in scores.items() if len(symbol) == 1 and score >= LEAST_SYMBOL_CHANCE}
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
