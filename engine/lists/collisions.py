"""Collisions: entries whose plates would send the same Wiegand number, so that one car opens for another."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from board.kit.errors import BoardError
from board.wiegand.codes import PLATE_BITS, encode_plate64, plate_number
from engine.lists.matching import normalise
from engine.types import ListEntry

STORED_BITS = (26, 34)
"""Lengths of frame whose numbers the store keeps with each entry (`numbers`)."""


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


def numbers(key: str, facility: int | None, card: int | None) -> tuple[int, int]:
    """What an entry sends in frames of 26 and of 34 bits, as numbers that are equal when the frames are: its own number, else that
    of its plate `key` (normalised) by the SHA-1 rule. An own number that fits no frame of 26 bits is negative."""
    if card is None:
        number = plate_number(key, 32)
        return number & 0xFFFFFF, number
    facility = facility or 0
    own = facility << 32 | card
    return facility << 16 | card if facility <= 0xFF and card <= 0xFFFF else -1 - own, own


def find_collisions(entries: Iterable[ListEntry], bits: int) -> list[Collision]:
    """The same plate in several lists is no collision; two plates with one number are. Where one has the number as its own and the
    other by the SHA-1 rule, it is given in both writings."""
    by_number: dict[object, list[ListEntry]] = {}
    for entry in entries:
        by_number.setdefault(_sent(entry, bits), []).append(entry)
    return [
        Collision(text, tuple(found))
        for number, found in by_number.items()
        if number != "" and len({normalise(entry.plate) for entry in found}) > 1
        for text in dict.fromkeys(wiegand_number(entry, bits) for entry in found)
    ]


def _sent(entry: ListEntry, bits: int) -> object:
    """What is the same for two entries that send the same; "" for one that sends nothing."""
    if bits not in STORED_BITS:
        return wiegand_number(entry, bits)
    return numbers(normalise(entry.plate), entry.wiegand_facility, entry.wiegand_card)[STORED_BITS.index(bits)]
