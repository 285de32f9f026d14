"""Country descriptions: what plates of a country look like, as data, and the small grammar their formats are written in.

Format grammar, left to right; separators count for drawing only, never for reading:

    L          a letter this country uses (`Country.letters`)
    N          a digit 0-9
    [AB2-5]    one of these characters; ranges allowed: the very letters L and N are [L] and [N]
    <AB,CD,X>  one of these words
    @          one of the country's area codes (`Country.codes`)
    (...)      may be missing
    {2} {1,3}  so many of the item before it
    space - .  a gap, hyphen or dot as printed
    /          a new row

Every other capital, digit or letter of another script stands for itself.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import product

from board.kit.dataclass import dataclass
from board.kit.errors import ConfigError
from board.kit.words import mark

REGIONS = (
    mark("Europe"), mark("North America"), mark("South America"), mark("Asia"), mark("Africa"), mark("Middle East"),
    mark("Oceania"),
)  # fmt: skip
LATIN = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = frozenset("0123456789")
SEPARATORS = " -./"
MAX_LENGTH = 12
"""Longest plate text a format may describe, in characters without separators."""


PLATE_COLOURS = {
    mark("white"): (240, 240, 236),
    mark("light grey"): (196, 198, 200),
    mark("grey"): (140, 142, 145),
    mark("black"): (22, 22, 24),
    mark("light yellow"): (245, 228, 150),
    mark("yellow"): (246, 200, 40),
    mark("orange"): (236, 124, 32),
    mark("red"): (190, 32, 40),
    mark("dark red"): (118, 22, 32),
    mark("brown"): (104, 66, 40),
    mark("light green"): (150, 212, 150),
    mark("green"): (20, 130, 70),
    mark("dark green"): (10, 74, 48),
    mark("light blue"): (150, 196, 232),
    mark("blue"): (24, 72, 168),
    mark("dark blue"): (16, 36, 96),
    mark("purple"): (92, 44, 124),
}
"""Name: RGB in daylight. A name's last word is the plain colour that a camera can tell (`plain_colour`)."""

PLATE_KINDS = (
    mark("commercial"), mark("taxi"), mark("electric"), mark("diplomatic"), mark("rental"), mark("official"), mark("police"),
    mark("military"), mark("temporary"), mark("trailer"), mark("motorcycle"), mark("historic"), mark("agricultural"),
    mark("special"),
)  # fmt: skip
"""Types of plates that a look or a text tells; "" is the ordinary private car."""

PLATE_FONTS = ("fe", "din", "narrow", "wide", "uk", "us", "plate")
SEPARATOR_MARKS = ("", "dash", "dot", "bar", "seal", "hologram", "star", "emblem")


@dataclass(frozen=True, slots=True)
class Style:
    """How one kind of a country's plates looks.

    `ground`, `ink`, `band_colour`, `header_ground`: names of PLATE_COLOURS; `kind`: the type this look tells, of PLATE_KINDS;
    `weight`: how common; `band`: letters at the left edge, `band_colour`: of the band behind them, "" when they stand on the
    ground, alone a band without letters; `right_band`: a second band at the right edge, `right_colour` when not of the same
    colour; `header`, `footer`: text above and below the characters that is not read, choices with "|"; `header_beside`: the
    header stands at the left of the first row (Japan's region); `header_ground`: colour of the strip behind the header;
    `font`: family of the glyphs: FE-Schrift, DIN 1451, narrow (pressed grotesque), wide, UK (Charles Wright), US dies, plate
    (none of them); `formats`: indices of the country's formats that come with this look, none means all;
    `separator`: what is drawn where the format has a gap."""

    ground: str = "white"
    ink: str = "black"
    weight: float = 1.0
    kind: str = ""
    band: str = ""
    band_colour: str = ""
    right_band: bool = False
    right_colour: str = ""
    header: str = ""
    header_beside: bool = False
    header_ground: str = ""
    footer: str = ""
    font: str = "narrow"
    formats: tuple[int, ...] = ()
    separator: str = ""


@dataclass(frozen=True, slots=True)
class Format:
    """One way of writing plates. `weight`: how common among the country's cars: 1 the usual one, 0.05 or less rare or loose."""

    pattern: str
    weight: float = 1.0
    note: str = ""


@dataclass(frozen=True, slots=True)
class Country:
    """Plates of a country, or of one of its states.

    `code`: ISO 3166-1 alpha-2, or ISO 3166-2 for a state ("US-TX"); `letters`: what "L" stands for in its formats;
    `codes`: area codes with spaces between, what "@" stands for; `size_mm`: width and height of the usual car plate;
    `states`: those with formats of their own; `styles`: how the plates look, at least one."""

    code: str
    name: str
    region: str
    formats: tuple[Format, ...]
    letters: str = LATIN
    codes: str = ""
    size_mm: tuple[int, int] = (520, 110)
    states: tuple[Country, ...] = ()
    styles: tuple[Style, ...] = (Style(),)


@dataclass(frozen=True, slots=True)
class Shape:
    """One fixed-length way through a format: what each position may hold, and words (start, words) that must stand whole."""

    classes: tuple[frozenset[str], ...]
    words: tuple[tuple[int, frozenset[str]], ...] = ()

    @property
    def texts(self) -> float:
        """How many different texts fit."""
        inside = {start + offset for start, words in self.words for offset in range(len(next(iter(words))))}
        count = 1.0
        for position, allowed in enumerate(self.classes):
            count *= 1 if position in inside else len(allowed)
        for _, words in self.words:
            count *= len(words)
        return count


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of a pattern: a separator, words (a class is words of one character) or a group, `low` to `high` times."""

    words: tuple[str, ...] = ()
    separator: str = ""
    group: tuple[_Item, ...] = ()
    low: int = 1
    high: int = 1


def shapes(country: Country, fmt: Format) -> frozenset[Shape]:
    """Every shape of a format. ConfigError when the pattern is not written in the grammar."""
    found = set()
    for path in _paths(_parse(fmt.pattern, country)):
        for pieces in product(*(_by_length(words) for words in path)):
            classes: list[frozenset[str]] = []
            whole: list[tuple[int, frozenset[str]]] = []
            for words in pieces:
                length = len(next(iter(words)))
                if length > 1:
                    whole.append((len(classes), words))
                classes += [frozenset(word[at] for word in words) for at in range(length)]
            if not 0 < len(classes) <= MAX_LENGTH:
                raise ConfigError(
                    "format {pattern!r} gives {length} characters; it must give 1 to {longest}",
                    pattern=fmt.pattern,
                    length=len(classes),
                    longest=MAX_LENGTH,
                )
            found.add(Shape(tuple(classes), tuple(whole)))
    return frozenset(found)


def sample(country: Country, fmt: Format, rng: random.Random) -> str:
    """A made-up plate text as printed: with its gaps and hyphens, "\\n" between rows."""
    return next(samples(country, fmt, rng))


def samples(country: Country, fmt: Format, rng: random.Random) -> Iterator[str]:
    """Such texts without end."""
    items = _parse(fmt.pattern, country)
    while True:
        yield "".join(_draw(items, rng)).strip()


def plain(printed: str) -> str:
    """A printed text without what separates: as the reader gives it."""
    return "".join(char for char in printed if char not in SEPARATORS and char != "\n")


def plain_colour(name: str) -> str:
    """The colour without its shade: "dark blue" gives "blue", "" stays ""."""
    return name.rpartition(" ")[2]


def _draw(items: tuple[_Item, ...], rng: random.Random) -> Iterator[str]:
    for item in items:
        for _ in range(rng.randint(item.low, item.high)):
            if item.separator:
                yield "\n" if item.separator == "/" else item.separator
            elif item.group:
                yield from _draw(item.group, rng)
            else:
                yield rng.choice(item.words)


def _paths(items: tuple[_Item, ...]) -> Iterator[tuple[tuple[str, ...], ...]]:
    """Each way to choose how often every item stands, as the tuple of its word sets."""
    choices: list[list[tuple[tuple[str, ...], ...]]] = []
    for item in items:
        if item.separator:
            continue
        inner = list(dict.fromkeys(_paths(item.group))) if item.group else [(item.words,)]
        ways: list[tuple[tuple[str, ...], ...]] = []
        for times in range(item.low, item.high + 1):
            ways += [tuple(word for part in parts for word in part) for parts in product(inner, repeat=times)]
        choices.append(ways)
    for chosen in product(*choices):
        yield tuple(word for part in chosen for word in part)


def _by_length(words: tuple[str, ...]) -> list[frozenset[str]]:
    return [frozenset(word for word in words if len(word) == length) for length in sorted({len(word) for word in words})]


def _parse(pattern: str, country: Country) -> tuple[_Item, ...]:
    """The items of a pattern; ConfigError names the pattern and the place."""
    stack: list[list[_Item]] = [[]]
    at = 0
    while at < len(pattern):
        char = pattern[at]
        if char == "(":
            stack.append([])
        elif char == ")" and len(stack) > 1 and stack[-1]:
            group = tuple(stack.pop())
            stack[-1].append(_Item(group=group, low=0))
        elif char in SEPARATORS:
            stack[-1].append(_Item(separator=char))
        elif char == "L":
            stack[-1].append(_Item(words=tuple(country.letters)))
        elif char == "N":
            stack[-1].append(_Item(words=tuple(sorted(DIGITS))))
        elif char == "@" and country.codes:
            stack[-1].append(_Item(words=tuple(country.codes.split())))
        elif char in "[<" and (end := pattern.find("]" if char == "[" else ">", at)) > at + 1:
            inside = pattern[at + 1 : end]
            stack[-1].append(_Item(words=_characters(inside) if char == "[" else tuple(inside.split(","))))
            at = end
        elif char == "{" and (end := pattern.find("}", at)) > at and stack[-1] and stack[-1][-1].words:
            low, _, high = pattern[at + 1 : end].partition(",")
            if not (low.isdecimal() and (high or low).isdecimal() and int(low) <= int(high or low) <= MAX_LENGTH):
                raise ConfigError("format {pattern!r}: wrong count at {at}", pattern=pattern, at=at)
            stack[-1][-1] = _Item(words=stack[-1][-1].words, low=int(low), high=int(high or low))
            at = end
        elif char.isalnum() and char == char.upper():
            stack[-1].append(_Item(words=(char,)))
        else:
            raise ConfigError("format {pattern!r}: {char!r} at {at} is not understood", pattern=pattern, char=char, at=at)
        at += 1
    if len(stack) > 1:
        raise ConfigError("format {pattern!r}: a bracket is left open", pattern=pattern)
    return tuple(stack[0])


def _characters(inside: str) -> tuple[str, ...]:
    """The characters of a set such as "A-HJ2"."""
    found: list[str] = []
    at = 0
    while at < len(inside):
        if inside[at + 1 : at + 2] == "-" and at + 2 < len(inside):
            found += [chr(code) for code in range(ord(inside[at]), ord(inside[at + 2]) + 1)]
            at += 3
        else:
            found.append(inside[at])
            at += 1
    return tuple(dict.fromkeys(found))
