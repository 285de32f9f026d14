"""Training batches of the reader: half freshly rendered plates, half real crops by the shares of their sets.

Rendered plates come in numbered chunks, each from a seed of its own, so that the same seed gives the same plates however many
processes draw them. A pool keeps the last ones; some are new in every batch, so that training never waits for the renderer.
"""

from __future__ import annotations

import multiprocessing
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from scripts.plates.families import draw_plate
from scripts.plates.fonts import FontSet, load_fonts
from scripts.plates.render import HEIGHT_PX, WIDTH_PX, DrawnPlate
from scripts.training.crops import possible_countries
from scripts.training.ocr import alphabet
from scripts.training.ocr.material import SHARES, Material

U8 = NDArray[np.uint8]

CHUNK = 64
POOL = 40_000
FIRST = 2048
"""Plates drawn before the first batch."""
NEW_SHARE = 0.4
"""So many of a batch's rendered plates are new."""
OFTEN = 200
"""A character seen less often than this in the real crops has its plates drawn more often, up to four times."""
STRIPS = 400
STRIP_PX = (24, 192)
DATES = ("2024", "31.12.26", "MAR 27", "EXP 08", "06-25", "JAN", "2019", "12/28", "VALID 2027")
_SYMBOLS = {symbol: number for number, symbol in enumerate(alphabet.ALPHABET)}


@dataclass(frozen=True, slots=True)
class Batch:
    """Stored plates (n, 96, 192) uint8, which of them are `rendered`, their symbols one after the other with their `lengths`, and
    the countries each may be of (n, countries)."""

    plates: U8
    rendered: NDArray[np.bool_]
    symbols: NDArray[np.int64]
    lengths: NDArray[np.int64]
    possible: NDArray[np.bool_]


def drawn_chunk(task: tuple[int, int, frozenset[str]]) -> list[DrawnPlate]:
    """Chunk `number` of the plates of `seed`, none of a country that is left out."""
    seed, number, left_out = task
    rng = random.Random(f"{seed} {number}")
    return [draw_plate(rng, _fonts(), left_out) for _ in range(CHUNK)]


@cache
def _fonts() -> FontSet:
    """Rasterising them takes seconds: once a process."""
    return load_fonts(with_shared=True)


def drawn_chunks(seed: int, first: int, processes: int, left_out: frozenset[str]) -> Iterator[list[DrawnPlate]]:
    """Chunks from number `first` on, without end, in their order; drawn here when `processes` is 0."""
    tasks = ((seed, number, left_out) for number in _from(first))
    if not processes:
        yield from map(drawn_chunk, tasks)
        return
    with multiprocessing.get_context("spawn").Pool(processes) as pool:
        # a bounded look-ahead: imap alone would draw without end
        waiting = [pool.apply_async(drawn_chunk, (next(tasks),)) for _ in range(4 * processes)]
        while True:
            yield waiting.pop(0).get()
            waiting.append(pool.apply_async(drawn_chunk, (next(tasks),)))


def _from(first: int) -> Iterator[int]:
    while True:
        yield first
        first += 1


class Feed:
    """An endless supply of batches from a seed; `seen`: batches already taken by the run that goes on."""

    def __init__(
        self,
        material: Material,
        seed: int,
        batch: int,
        *,
        processes: int = 0,
        left_out: frozenset[str] = frozenset(),
        seen: int = 0,
    ) -> None:
        self._real, self._batch = material.real, batch
        self._rng = np.random.default_rng((seed, seen))
        self._weights = weights(self._real.sets, self._real.texts, self._real.countries, left_out)
        self._rendered = batch - batch // 2 if len(self._weights) else batch
        done = int(seen * self._rendered * NEW_SHARE) // CHUNK
        self._chunks = drawn_chunks(seed, max(0, done), processes, left_out)
        self._pool = np.zeros((POOL, HEIGHT_PX, WIDTH_PX), np.uint8)
        self._drawn: list[DrawnPlate] = []
        self._filled = self._next = 0
        self._owed = 0.0
        self._masks = {code: possible_countries(code) for code in ("", "EU", *alphabet.COUNTRIES)}
        self._texts: list[str] = [""] * POOL
        self._countries: list[str] = [""] * POOL
        while self._filled < min(FIRST, POOL):
            self._take(CHUNK)

    def _take(self, plates: int) -> None:
        """So many more rendered plates into the pool, over the oldest."""
        while plates > 0:
            if not self._drawn:
                self._drawn = list(next(self._chunks))
            plate = self._drawn.pop(0)
            self._pool[self._next] = plate.grey
            self._texts[self._next], self._countries[self._next] = plate.text, plate.country
            self._next = (self._next + 1) % POOL
            self._filled = min(self._filled + 1, POOL)
            plates -= 1

    def next(self) -> Batch:
        """The next batch: rendered plates first, then real ones."""
        self._owed += self._rendered * NEW_SHARE
        self._take(int(self._owed))
        self._owed -= int(self._owed)
        drawn = self._rng.integers(self._filled, size=self._rendered)
        real = np.searchsorted(self._weights, self._rng.random(self._batch - self._rendered), side="right")
        plates = np.concatenate([self._pool[drawn], self._real.pictures[real]])
        texts = [self._texts[i] for i in drawn] + [self._real.texts[i] for i in real]
        countries = [self._countries[i] for i in drawn] + [self._real.countries[i] for i in real]
        return Batch(
            plates,
            np.arange(self._batch) < self._rendered,
            np.array([_SYMBOLS[c] for text in texts for c in text], np.int64),
            np.array([len(text) for text in texts], np.int64),
            np.stack([self._masks.get(code, self._masks[""]) for code in countries]),
        )


def weights(sets: Sequence[str], texts: Sequence[str], countries: Sequence[str], left_out: frozenset[str]) -> NDArray[np.float64]:
    """The cumulated chances of the real crops, up to 1: by the share of their set, within it rare characters more often.

    `left_out`: countries and sets whose crops are never drawn.
    """
    seen = Counter(c for text in texts for c in set(text))
    rare = np.array([min(4.0, max(1.0, OFTEN / min(seen[c] for c in text)) ** 0.5) for text in texts])
    rare *= [left_out.isdisjoint(names) for names in zip(sets, countries, strict=True)]
    totals: Counter[str] = Counter()
    for name, each in zip(sets, rare.tolist(), strict=True):
        totals[name] += each
    chances = np.array(
        [SHARES[name] * each / totals[name] if each else 0.0 for name, each in zip(sets, rare.tolist(), strict=True)]
    )
    cumulated: NDArray[np.float64] = np.cumsum(chances) / chances.sum() if len(chances) else chances
    return cumulated


def background_pieces(pictures: Sequence[U8], count: int, seed: int) -> U8:
    """Pieces (count, 64, 128) of plate-free pictures, of any part and scale; plain grey ones where there are none."""
    rng = random.Random(seed)
    pieces = np.full((count, alphabet.HEIGHT_PX, alphabet.WIDTH_PX), 114, np.uint8)
    for piece in pieces if pictures else ():
        whole = rng.choice(pictures)
        height = rng.randint(20, min(100, whole.shape[0]))
        width = min(whole.shape[1], height * 2)
        top, left = rng.randint(0, whole.shape[0] - height), rng.randint(0, whole.shape[1] - width)
        part = Image.fromarray(whole[top : top + height, left : left + width])
        piece[:] = np.asarray(part.resize((alphabet.WIDTH_PX, alphabet.HEIGHT_PX), Image.Resampling.BILINEAR))
    return pieces


def lettering_strips(count: int, seed: int) -> U8:
    """Masks (count, 24, 192) of small lines that stand on plates and are no part of their text: towns, dates, slogans."""
    from scripts.plates import layouts

    rng, fonts = random.Random(seed), _fonts()
    height, width = STRIP_PX
    strips = np.zeros((count, height, width), np.uint8)
    for strip in strips:
        words = rng.choice((layouts.CITIES, layouts.SLOGANS, layouts.STATES, layouts.DEALERS, DATES))
        text = rng.choice(words)
        font = ImageFont.truetype(rng.choice(fonts.lettering), 40)
        left, top, right, bottom = (int(v) for v in font.getbbox(text))
        image = Image.new("L", (max(8, right - left), max(8, bottom - top)), 0)
        ImageDraw.Draw(image).text((-left, -top), text, fill=255, font=font)
        high = rng.randint(12, height - 2)
        wide = min(width - 4, round(image.width * high / image.height * rng.uniform(0.8, 1.8)))
        x, y = rng.randint(2, width - wide - 2), rng.randint(0, height - high)
        strip[y : y + high, x : x + wide] = np.asarray(image.resize((wide, high), Image.Resampling.BILINEAR))
    return strips
