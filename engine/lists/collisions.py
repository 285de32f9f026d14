"""Collisions: entries whose plates would send the same Wiegand number, so that one car opens for another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from board.kit.errors import BoardError
from board.wiegand.codes import PLATE_BITS, encode_plate64, plate_number
from engine.lists.matching import normalise
from engine.types import ListEntry


@dataclass(frozen=True, slots=True)
class Collision:
    """`number`: as text ("SHA-1 80CF15" or "11-12345"); `entries`: two or more that send it."""

    number: str
    entries: tuple[ListEntry, ...]


def wiegand_number(entry: ListEntry, bits: int) -> str:
    """The number that an entry sends, as text: its own or by the SHA-1 rule (26-bit frames: 24 bits of it), or the plate code of
    64 bits; "" when the plate is too long for that."""
    if bits == PLATE_BITS:
        try:
            return f"0x{encode_plate64(normalise(entry.plate)).value:X}"
        except BoardError:
            return ""
    if entry.wiegand_card is not None:
        return f"{entry.wiegand_facility or 0}-{entry.wiegand_card}"
    return f"SHA-1 {plate_number(normalise(entry.plate), bits - 2):0{(bits - 2) // 4}X}"


def find_collisions(entries: Iterable[ListEntry], bits: int) -> list[Collision]:
    """The same plate in several lists is no collision; two plates with one number are."""
    by_number: dict[str, list[ListEntry]] = {}
    for entry in entries:
        by_number.setdefault(wiegand_number(entry, bits), []).append(entry)
    return [
        Collision(number, tuple(found))
        for number, found in by_number.items()
        if number and len({normalise(entry.plate) for entry in found}) > 1
    ]
