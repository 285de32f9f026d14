"""Confusions: characters that are taken for one another on a plate, and the texts that are one such confusion away."""

from __future__ import annotations

from collections.abc import Callable, Mapping

PAIRS = (
    "0O", "0D", "0Q", "DO", "OQ", "DQ", "1I", "1L", "IL", "1T", "17", "7T", "2Z", "5S", "8B", "6G", "4A", "CG", "CL", "EF",
    "HM", "HN", "MN", "MW", "UV", "VY", "KX",
)  # fmt: skip
"""Measured on blurred, small and worn plates (models/ocr.json, weak spots; docs/training.md)."""

_OTHERS = {one: "".join(pair.replace(one, "") for pair in PAIRS if one in pair) for one in "".join(PAIRS)}
"""Character -> those that it is confused with."""


def variants(key: str) -> tuple[str, ...]:
    """Every text that differs from `key` in one confused character; `key` itself is none of them."""
    return tuple(
        f"{key[:place]}{other}{key[place + 1 :]}" for place, character in enumerate(key) for other in _OTHERS.get(character, "")
    )


def newer_read(key: str, passage_id: str, newer: Mapping[str, str], are_one: Callable[[str, str], bool]) -> str:
    """Which key of `newer` is that of a newer read of the same car, "" for none. `key`, `passage_id`: a plate as `comparable` gives
    it, and its passage; `newer`: the same of newer ones; `are_one(passage, newer passage)`: whether two are of one car whose plates
    differ in one confused character."""
    if key in newer:
        return key
    return next((each for each in variants(key) if each in newer and are_one(passage_id, newer[each])), "")
