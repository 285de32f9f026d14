"""Confusions: characters that are taken for one another on a plate, and the texts that are one such confusion away."""

from __future__ import annotations

PAIRS = (
    "0O", "0D", "0Q", "DO", "OQ", "DQ", "1I", "1L", "IL", "1T", "17", "7T", "2Z", "5S", "8B", "6G", "4A", "CG", "CL", "EF",
    "HM", "HN", "MN", "MW", "UV", "VY", "KX",
)  # fmt: skip
"""Measured on blurred, small and worn plates (models/ocr.json, weak spots; docs/training.md)."""

_OTHERS: dict[str, str] = {}
for _first, _second in PAIRS:
    _OTHERS[_first] = _OTHERS.get(_first, "") + _second
    _OTHERS[_second] = _OTHERS.get(_second, "") + _first


def variants(key: str) -> tuple[str, ...]:
    """Every text that differs from `key` in one confused character; `key` itself is none of them."""
    return tuple(
        f"{key[:place]}{other}{key[place + 1 :]}" for place, character in enumerate(key) for other in _OTHERS.get(character, "")
    )
