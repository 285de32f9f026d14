"""Kinds: which type of plate a look and a text tell, by the styles of the country; silent where two types look alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from engine.countries._description import Shape, Style, plain_colour

_NEUTRAL = {"grey": "white"}
"""A light ground looks white or grey depending on the light: no camera can tell."""


def kind(styles: Iterable[Style], fitting: Collection[int], ground: str, ink: str) -> str:
    """The type (PLATE_KINDS) that all these looks share which agree with what was seen; "" when they tell different ones or
    the ordinary one. `fitting`: indices of the formats that the text fits; `ground`, `ink`: plain colours, "" when not known."""
    told = {
        style.kind
        for style in styles
        if _shows(style, ground, ink) and (not style.formats or not fitting or not set(style.formats).isdisjoint(fitting))
    }
    return next(iter(told)) if len(told) == 1 else ""


def fitting(ways: Sequence[Iterable[Shape]], text: str) -> frozenset[int]:
    """Which of the formats, each given by its shapes, take the text."""
    return frozenset(index for index, some in enumerate(ways) if any(_fits(shape, text) for shape in some))


def _shows(style: Style, ground: str, ink: str) -> bool:
    """Whether a plate of this style can look so. Dark characters look black: black shuts out none but the bright colours."""
    own = plain_colour(style.ground)
    if ground and _NEUTRAL.get(own, own) != _NEUTRAL.get(ground, ground):
        return False
    if ink == "black":
        return style.ink == "black" or style.ink.startswith("dark ")
    own = plain_colour(style.ink)
    return not ink or _NEUTRAL.get(own, own) == _NEUTRAL.get(ink, ink)


def _fits(shape: Shape, text: str) -> bool:
    return (
        len(shape.classes) == len(text)
        and all(char in allowed for char, allowed in zip(text, shape.classes, strict=True))
        and all(text[start : start + len(next(iter(words)))] in words for start, words in shape.words)
    )
