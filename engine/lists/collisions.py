"""Collisions: entries whose plates would send the same Wiegand number, so that one car opens for another."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

from engine.lists.matching import normalise
from engine.types import ListEntry


@dataclass(frozen=True, slots=True)
class Collision:
    """`number`: as text ("SHA-1 80CF15" or "11-12345"); `entries`: two or more that send it."""

    number: str
    entries: tuple[ListEntry, ...]


def sha1_number(plate: str, bits: int) -> int:
    """The published rule of Nedap and Hikvision: SHA-1 of the normalised plate, its low 24 (26-bit frame) or 32 bits."""
    digest = hashlib.sha1(normalise(plate).encode(), usedforsecurity=False).digest()
    return int.from_bytes(digest, "big") & ((1 << (bits - 2)) - 1)


def wiegand_number(entry: ListEntry, bits: int) -> str:
    """The number that an entry sends, as text: its own or by the SHA-1 rule."""
    if entry.wiegand_card is not None:
        return f"{entry.wiegand_facility or 0}-{entry.wiegand_card}"
    return f"SHA-1 {sha1_number(entry.plate, bits):0{(bits - 2) // 4}X}"


def find_collisions(entries: Iterable[ListEntry], bits: int) -> list[Collision]:
    """The same plate in several lists is no collision; two plates with one number are."""
    by_number: dict[str, list[ListEntry]] = {}
    for entry in entries:
        by_number.setdefault(wiegand_number(entry, bits), []).append(entry)
    return [
        Collision(number, tuple(found))
        for number, found in by_number.items()
        if len({normalise(entry.plate) for entry in found}) > 1
    ]
